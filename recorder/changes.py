"""What a hearing has changed of the courtroom's sources, kept beside the records so that a restart takes the same ones.

``<state_dir>/sources/<hearing>.json``, readable for the recorder only: an address may hold a password. It is no evidence (the journal says who
came and went); a file that is lost or torn costs the changes, never the recording.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from device_config.sources import SourceSettings
from recorder.refusals import DiskRefused

_log = structlog.get_logger(__name__)


class Added(BaseModel):
    """A device that somebody added."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: SourceSettings
    by: str


class Changes(BaseModel):
    """Of one hearing: what was added to the settings' sources, and whom of these somebody took out, by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    added: tuple[Added, ...] = ()
    removed: dict[str, str] = {}

    def applied(self, configured: Sequence[SourceSettings]) -> list[SourceSettings]:
        """The hearing's sources; one that was added gives way where the settings have its name meanwhile."""
        found = [source for source in configured if source.name not in self.removed]
        for item in self.added:
            if names_of(item.source) & {name for source in found for name in names_of(source)}:
                _log.warning("source_name_taken", action="leave_out", device=item.source.name)
            else:
                found.append(item.source)
        return found

    def with_added(self, source: SourceSettings, by: str, configured: Sequence[SourceSettings]) -> Changes:
        """After somebody added a device, or took one of the settings back."""
        rest = {name: who for name, who in self.removed.items() if name != source.name or source not in configured}
        added = tuple(item for item in self.added if item.source.name != source.name)
        return Changes(added=added if source in configured else (*added, Added(source=source, by=by)), removed=rest)

    def with_removed(self, name: str, by: str, configured: Sequence[SourceSettings]) -> Changes:
        """After somebody took a device out."""
        added = tuple(item for item in self.added if item.source.name != name)
        mine = any(source.name == name for source in configured)
        return Changes(added=added, removed={**self.removed, name: by} if mine else self.removed)


def names_of(source: SourceSettings) -> set[str]:
    """Its name and those of its tracks."""
    return {source.name, *source.tracks}


@dataclass(frozen=True)
class ChangesStore:
    """The folder of changes, a file a hearing."""

    folder: Path

    def read(self, hearing: str | None) -> Changes:
        """What a hearing has changed; nothing for a file that cannot be read."""
        if hearing is None:
            return Changes()
        try:
            return Changes.model_validate_json(self._path(hearing).read_bytes())
        except FileNotFoundError:
            return Changes()
        except (OSError, ValidationError) as error:
            kind = type(error).__name__  # not its text, which repeats the input
            _log.error("changes_unreadable", action="take_the_settings", hearing=hearing, error=kind)
            return Changes()

    def write(self, hearing: str, changes: Changes) -> None:
        """Keep what a hearing has changed; synced when this returns.

        Raises:
            DiskRefused: the disk refused.
        """
        path = self._path(hearing)
        temporary = path.with_suffix(".new")
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                file.write(changes.model_dump_json())
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError as error:
            raise DiskRefused(f"{path}: {error.strerror}") from error

    def forget(self, hearing: str) -> None:
        """Forget the changes of one hearing."""
        self._path(hearing).unlink(missing_ok=True)

    def drop(self, *, keep: Collection[str]) -> None:
        """Forget the changes of all hearings but these."""
        for path in self.folder.glob("*.json"):
            if path.stem not in keep:
                path.unlink(missing_ok=True)

    def _path(self, hearing: str) -> Path:
        return self.folder / f"{hearing}.json"
