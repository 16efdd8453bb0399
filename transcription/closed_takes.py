"""Closed takes for the full pass: their sound comes from the recorder, which has the key until the hearing is certified.

Each closed take has a transcript of its own, which the recorder encrypts with that take's key before it reaches the disk. Nothing of it is written here: what was worked out is kept
in memory only, so that a transcriber that was killed begins such a take anew, and log lines carry no text. Live words are not written in a closed take: its segments cannot be read
while they grow.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from protocol.hearing import Take
from protocol.record import RecordSource, UnreadableRecord
from protocol.view import HearingView
from transcription.errors import RecorderRefused


@dataclass(frozen=True)
class ClosedTake:
    """A closed take as the recorder tells of it.

    Attributes:
        take: its name.
        opens: its key is on this box.
        transcript: path of its newest transcript; None where there is none.
    """

    take: str
    opens: bool
    transcript: str | None


@dataclass
class OpenedRecord:
    """A record whose encrypted files are read through the recorder.

    Attributes:
        record: the files on the disk.
        hearing: its identifier.
        open_file: asks the recorder for an encrypted file by hearing and path.
    """

    record: RecordSource
    hearing: str
    open_file: Callable[[str, str], bytes]

    def paths(self) -> list[str]:
        """As on the disk."""
        return self.record.paths()

    def size(self, path: str) -> int:
        """As on the disk."""
        return self.record.size(path)

    def read(self, path: str) -> bytes:
        """The plain bytes.

        Raises:
            UnreadableRecord: the recorder cannot open this file; the others are read, and the transcript marks the gap.
            RecorderUnreachable: it does not answer, so nobody knows.
        """
        if not path.endswith(".enc"):
            return self.record.read(path)
        try:
            return self.open_file(self.hearing, path)
        except RecorderRefused as error:
            raise UnreadableRecord(str(error)) from error

    def chunks(self, path: str) -> Iterator[bytes]:
        """The plain bytes, in one piece."""
        yield self.read(path)


@dataclass
class InMemory:
    """Results kept as long as the process lives (transcription.working.Memory)."""

    kept: dict[str, str] = field(default_factory=dict)

    def remember(self, parts: object, compute: Callable[[], Any]) -> Any:
        """The kept result, or what `compute` gives; as read back from JSON, as a working file gives it."""
        key = json.dumps(parts, ensure_ascii=False, sort_keys=True, default=str)
        if key not in self.kept:
            self.kept[key] = json.dumps(compute(), ensure_ascii=False, default=float)
        return json.loads(self.kept[key])


def of_take(view: HearingView, take: str) -> HearingView:
    """The hearing as if it had this closed take only, and its segments were plain: they are, as :class:`OpenedRecord` gives them."""
    segments = [
        replace(segment, key=None, plain_bytes=None, plain_sha256=None)
        for segment in view.segments
        if segment.take == take
    ]
    takes: dict[str, Take] = {take: view.takes[take]}
    return replace(view, takes=takes, segments=segments)


def open_takes(view: HearingView) -> bool:
    """Whether anything was recorded in the open."""
    return not view.takes or any(take.publicity == "open" for take in view.takes.values())
