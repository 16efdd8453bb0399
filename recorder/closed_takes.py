"""The closed takes of one hearing: whether it is closed now, with which key a take is encrypted, and lines that are sealed.

A hearing that becomes closed: the key of the next take is made and on the disk → its ``key`` line → the running take ends → the closed take begins. So a
recorder that is killed anywhere in between comes back closed (protocol.view, ``publicity``), and only a person opens it again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from protocol.closed import seal_line_data
from protocol.view import CLOSED_END, CLOSED_START, HearingView
from recorder.closed_segments import SUFFIX
from recorder.refusals import KeysForgotten
from recorder.vault import Vault

CLOSED: Final = "closed"
OPEN: Final = "open"
#: What people say; sealed while the hearing is closed.
SEALED_TYPES: Final = frozenset({"case", "participant", "stage", "remark", "withdrawn"})
_SWITCHES: Final = (CLOSED_START, CLOSED_END)


@dataclass(frozen=True)
class TakeKey:
    """The key of a closed take; ``secret`` is 32 bytes, None where this box does not have it any more."""

    name: str
    secret: bytes | None

    def __repr__(self) -> str:
        return f"TakeKey({self.name})"


class Sealed(dict[str, Any]):
    """Data of a line that is to be sealed when its number is known."""

    def __init__(self, data: Mapping[str, Any], key: TakeKey) -> None:
        super().__init__(data)
        self.key = key

    def sealed(self, line_type: str, seq: int, salt: bytes) -> dict[str, Any]:
        """As the line carries it.

        Raises:
            KeysForgotten: its key is not on this box.
        """
        if self.key.secret is None:
            raise KeysForgotten(f"key {self.key.name} is not on this box")
        return seal_line_data(self, self.key.secret, self.key.name, line_type=line_type, seq=seq, salt=salt)


class ClosedTakes:
    """What is closed of a hearing.

    Args:
        vault: the box's keys.
        view: the hearing; must know its identifier.
    """

    def __init__(self, vault: Vault, view: HearingView) -> None:
        self._vault, self._view = vault, view

    def anew(self, view: HearingView) -> ClosedTakes:
        """The same of a view that was read again."""
        return ClosedTakes(self._vault, view)

    @property
    def publicity(self) -> str:
        """Of the hearing now, and of the next take."""
        return self._view.publicity

    def was_closed(self, at_us: int, since_us: int | None = None) -> bool:
        """Whether the hearing was closed at a moment, UTC µs: what is said of it later is sealed too, whatever the hearing is by then.

        Args:
            at_us: the moment.
            since_us: the moment is known only to lie between this and ``at_us``: whether it was closed at any time between.
        """
        if since_us is not None and since_us < at_us:
            turned = any(since_us < stage.at_us < at_us for stage in self._view.stages if stage.code in _SWITCHES)
            if turned or self.was_closed(since_us):
                return True
        if any(
            take.publicity == CLOSED and take.start_us <= at_us <= (take.end_us or at_us)
            for take in self._view.takes.values()
        ):
            return True
        switches = [stage for stage in self._view.stages if stage.code in _SWITCHES]
        if not switches:
            return self.publicity == CLOSED
        last = next((stage for stage in reversed(switches) if stage.at_us <= at_us), None)
        return last.code == CLOSED_START if last is not None else switches[0].code == CLOSED_END

    def of(self, take: str) -> TakeKey | None:
        """The key of a take; None for an open one."""
        name = self._view.key_of(take)
        return None if name is None else TakeKey(name, self._vault.keys(self._view.hearing).get(name))

    def publicity_of(self, take: str) -> str:
        """Of a take that began, or that files were found of."""
        known = self._view.takes.get(take)
        if known is not None:
            return known.publicity
        return CLOSED if self._view.key_of(take) is not None and self.publicity == CLOSED else OPEN

    def secret(self, path: str) -> bytes | None:
        """The key of an encrypted segment, if it is on this box; None of a plain one."""
        key = self.of(path.split("/")[1]) if path.endswith(SUFFIX) else None
        return None if key is None else key.secret

    def sealed(self, line_type: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Data of a line: what a person says while the hearing is closed is to be sealed with the newest key.

        Raises:
            KeysForgotten: that key is not on this box.
        """
        if isinstance(data, Sealed) or self.publicity == OPEN or line_type not in SEALED_TYPES:
            return data
        return data if line_type == "stage" and data.get("code") in _SWITCHES else self.with_key(data)

    def with_key(self, data: Mapping[str, Any]) -> Sealed:
        """Data of a line that is to be sealed with the newest key.

        Raises:
            KeysForgotten: that key is not on this box.
        """
        newest = next((key.key for key in reversed(self._view.keys.values()) if not key.of), None)
        secret = self._vault.keys(self._view.hearing).get(newest or "")
        if newest is None or secret is None:
            raise KeysForgotten(f"key {newest} of the closed part is not on this box")
        return Sealed(data, TakeKey(newest, secret))

    async def prepare(self, take: str) -> tuple[str, Mapping[str, Any]] | None:
        """Have a key for a take that is about to begin; its ``key`` line, None when the one that was journalled can be used.

        Raises:
            NoClosedKeys: the settings do not name whose keys open it later.
            DiskRefused: the box's own copy could not be written.
        """
        known = self.of(take)
        if known is not None and known.secret is not None:
            return None
        name = f"K{len(self._view.keys) + 1:02d}"
        wrapped = await asyncio.to_thread(self._vault.make, self._view.hearing, name)
        return "key", {"key": name, "take": take, "wrapped": wrapped}
