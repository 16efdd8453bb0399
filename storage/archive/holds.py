"""Legal holds: a record on which one lies is not destroyed, whatever an act says, until the last is lifted.

A hold is written three times: as an object of its own (``holds/<hearing>/NNNN.json``), as an entry in the log, and as the store's own hold on every
object that the record has at that moment, which on a bucket binds whoever has the archive's credentials too. Several may lie on one record, each with its own
who and why: NNNN is the number of what is said about holds of this hearing, and a hold's own. A lifting names the hold that it lifts; one from the time before
that names none and lifts all that lie there. The store's hold goes with the last.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import structlog

from protocol import canonical
from protocol.canonical import Json
from protocol.encoding import b64
from storage.archive.act_errors import BadHold, NotHeld, SeveralHolds
from storage.archive.service import Archive
from storage.errors import ObjectMissing
from storage.objects import read

log = structlog.get_logger("storage.archive")
PREFIX = "holds"


@dataclass(frozen=True)
class Hold:
    """A hold that lies on a record: its number, who laid it, why, and when (UTC text)."""

    number: int
    by: str
    reason: str
    at: str


@dataclass(frozen=True)
class Changed:
    """What a call did: number of the hold (0: the store's alone, which no word of ours is about), objects that it laid a hold on or freed, and the holds that lie on the record now."""

    number: int
    objects: int
    standing: tuple[Hold, ...]


class Holds:
    """Legal holds of an archive."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def standing(self, hearing: str) -> tuple[Hold, ...]:
        """The holds that lie on a record by what was said, the oldest first."""
        found: dict[int, Hold] = {}
        for key in self._said(hearing):
            value = canonical.loads(read(self._archive.store, key))
            if value["held"]:
                number = int(key.rpartition("/")[2].removesuffix(".json"))
                found[number] = Hold(number, value["by"], value["reason"], value["at"])
            elif "lifts" in value:
                found.pop(value["lifts"], None)
            else:
                found.clear()
        return tuple(found.values())

    def is_held(self, hearing: str) -> bool:
        """Whether a hold lies on a record, by what was said or by the store's hold on any of its objects."""
        return bool(self.standing(hearing)) or self._is_held_by_store(hearing)

    def lay(self, hearing: str, by: str, reason: str) -> Changed:
        """Lay a hold. The same by the same person for the same reason is one: it is laid on what came since, too.

        Raises:
            ObjectMissing: there is no such hearing.
            BadHold: no name, or no reason.
        """
        self._check(hearing, by, reason)
        same = [item.number for item in self.standing(hearing) if (item.by, item.reason) == (by, reason)]
        number = same[0] if same else self._say(hearing, by, reason, held=True)
        if same:  # the log may have been away when it was laid; an entry of that name is added once
            text = read(self._archive.store, _key(hearing, number))
            self._archive.log.add(_entry_name(hearing, number), _entry(canonical.loads(text), text))
        return Changed(number, self._in_store(hearing, on=True), self.standing(hearing))

    def lift(self, hearing: str, by: str, reason: str, number: int | None = None) -> Changed:
        """Lift a hold; without a number the only one.

        Raises:
            ObjectMissing, BadHold: as of :meth:`lay`.
            NotHeld: there is none, or not this one.
            SeveralHolds: several lie there, and none was named.
        """
        self._check(hearing, by, reason)
        there = self.standing(hearing)
        if number is not None and number not in [item.number for item in there]:
            raise NotHeld(f"{hearing}: there is no hold {number}; {_told(there)}")
        if number is None and len(there) > 1:
            raise SeveralHolds(f"{hearing}: {_told(there)}")
        if not there and not self._is_held_by_store(hearing):
            raise NotHeld(f"{hearing}: no hold lies on it")
        lifted = number or (there[0].number if there else 0)
        self._say(hearing, by, reason, held=False, lifts=lifted)
        left = self.standing(hearing)
        return Changed(lifted, 0 if left else self._in_store(hearing, on=False), left)

    def _said(self, hearing: str) -> list[str]:
        return sorted(self._archive.store.list(f"{PREFIX}/{hearing}"))

    def _is_held_by_store(self, hearing: str) -> bool:
        return any(self._archive.store.protection(key).held for key in self._objects(hearing))

    def _check(self, hearing: str, by: str, reason: str) -> None:
        if not by.strip() or not reason.strip():
            raise BadHold("legal hold: who, and why, must be said")
        if self._archive.summary(hearing) is None:
            raise ObjectMissing(f"{hearing}: there is no such hearing")

    def _say(self, hearing: str, by: str, reason: str, *, held: bool, lifts: int | None = None) -> int:
        """Write it down and log it; its number."""
        number = len(self._said(hearing)) + 1
        value: dict[str, Json] = {
            "at": self._archive.now(),
            "by": by,
            "hearing": hearing,
            "held": held,
            "reason": reason,
            "salt": b64(secrets.token_bytes(16)),
        }
        if lifts is not None:
            value["lifts"] = lifts
        text = canonical.dumps(value)
        name, entry = _entry_name(hearing, number), _entry(value, text)
        if not held:  # lifted only after everybody can see it
            self._archive.log.add(name, entry)
        self._archive.store.put_once(_key(hearing, number), [text], hashlib.sha256(text).digest())
        if held:
            self._archive.log.add(name, entry)
        log.warning(
            "legal hold",
            action="held" if held else "released",
            hearing=hearing,
            by=by,
            number=number if held else lifts,
        )
        return number

    def _objects(self, hearing: str) -> Iterator[str]:
        yield from self._archive.store.list(f"records/{hearing}")
        yield from self._archive.store.list(f"receipts/{hearing}")

    def _in_store(self, hearing: str, *, on: bool) -> int:
        """The store's own hold on every object of a record and its receipts; how many there are."""
        keys = list(self._objects(hearing))
        for key in keys:
            self._archive.store.hold(key, on=on)
        return len(keys)


def _key(hearing: str, number: int) -> str:
    return f"{PREFIX}/{hearing}/{number:04d}.json"


def _entry_name(hearing: str, number: int) -> str:
    return f"held {hearing} {number}"


def _entry(value: Mapping[str, Json], text: bytes) -> dict[str, Json]:
    """What the log says of it: who and why are private, so it has the digest."""
    return {
        "at": value["at"],
        "hearing": value["hearing"],
        "sha256": b64(hashlib.sha256(text).digest()),
        "type": "held" if value["held"] else "released",
    }


def _told(there: tuple[Hold, ...]) -> str:
    if not there:
        return "none lies on it"
    return "on it: " + "; ".join(f"{item.number} by {item.by} ({item.reason})" for item in there)
