"""Legal hold: a record on which one lies is not destroyed, whatever an act says, until it is lifted.

A hold is written three times: as an object of its own (``holds/<hearing>/NNNN.json``, the last of which counts), as an entry in the log, and as the
store's own hold on every object that the record has at that moment, which on a bucket binds whoever has the archive's credentials too.
"""

from __future__ import annotations

import hashlib
import secrets

import structlog

from protocol import canonical
from protocol.canonical import Json
from protocol.encoding import b64
from storage.archive.service import Archive
from storage.errors import BadAct, ObjectMissing
from storage.objects import read

log = structlog.get_logger("storage.archive")
PREFIX = "holds"


class Holds:
    """Legal holds of an archive."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def is_held(self, hearing: str) -> bool:
        """Whether a hold lies on a record, by the last word about it or by the store's hold on any of its objects."""
        said = self._said(hearing)
        if said and canonical.loads(read(self._archive.store, said[-1]))["held"]:
            return True
        return any(self._archive.store.protection(key).held for key in self._archive.store.list(f"records/{hearing}"))

    def lay(self, hearing: str, by: str, reason: str) -> int:
        """Lay a hold. Returns the number of objects that are held now.

        Raises:
            ObjectMissing: there is no such hearing.
            BadAct: no name, or no reason.
        """
        return self._change(hearing, by, reason, held=True)

    def lift(self, hearing: str, by: str, reason: str) -> int:
        """Lift it. Arguments and errors as of :meth:`lay`."""
        return self._change(hearing, by, reason, held=False)

    def _said(self, hearing: str) -> list[str]:
        return list(self._archive.store.list(f"{PREFIX}/{hearing}"))

    def _change(self, hearing: str, by: str, reason: str, *, held: bool) -> int:
        if not by.strip() or not reason.strip():
            raise BadAct("legal hold: who, and why, must be said")
        if self._archive.summary(hearing) is None:
            raise ObjectMissing(f"{hearing}: there is no such hearing")
        number = len(self._said(hearing)) + 1
        value: dict[str, Json] = {
            "at": self._archive.now(),
            "by": by,
            "hearing": hearing,
            "held": held,
            "reason": reason,
            "salt": b64(secrets.token_bytes(16)),
        }
        text = canonical.dumps(value)
        sha256 = hashlib.sha256(text).digest()
        # Who and why are private: the log, which anybody may read, has the digest.
        entry: dict[str, Json] = {"at": value["at"], "hearing": hearing, "sha256": b64(sha256), "type": "held" if held else "released"}
        if not held:  # lifted only after everybody can see it
            self._archive.log.add(f"held {hearing} {number}", entry)
        self._archive.store.put_once(f"{PREFIX}/{hearing}/{number:04d}.json", [text], sha256)
        if held:
            self._archive.log.add(f"held {hearing} {number}", entry)
        keys = [*self._archive.store.list(f"records/{hearing}"), *self._archive.store.list(f"receipts/{hearing}")]
        for key in keys:
            self._archive.store.hold(key, on=held)
        log.warning("legal hold", action="held" if held else "released", hearing=hearing, by=by, objects=len(keys))
        return len(keys)
