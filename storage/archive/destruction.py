"""Destroying records: never by itself, only by an act that two officers signed apart, and after a time in which it can be stopped.

::

    propose ──► acts/<id>/act.json ──► officer 1 signs ──► officer 2 signs ──► wait_days ──► carry out
       │                                                        │                                │
       └ each record: received, its time over, no hold          └ the log's time begins it       ├ everything is asked again
                                                                                                 ├ entry `destroyed` in the log: the tombstone
                                                                                                 ├ the catalogue forgets it
                                                                                                 └ objects are removed as their locks end

The log is what remains: the entry ``destroyed`` names the hearing, the root under its last seal and the act's digest, so whoever still has a copy can
be shown to have one, and nobody can say that the record never was. The record's receipts stay, too. An act that was interrupted is carried out again
from the beginning; what is done is not done twice.

Sources: the court's order on technical use, storage and destruction of recordings (docs/destruction.md); NIST SP 800-88 for what "destroyed" means.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import structlog

from protocol import canonical
from protocol.canonical import Json
from protocol.encoding import b64, utc_text, utc_us
from protocol.signatures.checking import check_detached
from protocol.signatures.person import Role
from protocol.signatures.report import Signed
from protocol.signatures.trust import TrustList
from storage.archive.act_errors import ActNotReady, ActOver, NoOfficers, NoSuchAct, SignatureNotTaken
from storage.archive.acts import OFFICERS, PREFIX, Act, Item, digest_of, name_of
from storage.archive.holds import Holds
from storage.archive.locks import DAY_US, DEFAULT
from storage.archive.records import StoredRecord, seal_of
from storage.archive.service import Archive
from storage.errors import BadAct, NotDestroyable, ObjectLocked, ObjectMissing
from storage.objects import read

log = structlog.get_logger("storage.archive")


class Stage(StrEnum):
    """How far an act has come."""

    PROPOSED = "proposed"
    SIGNED = "signed"  # by one
    WAITING = "waiting"  # signed by both
    DUE = "due"
    PARTLY = "partly"  # carried out; objects under a lock remain
    DONE = "done"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Standing:
    """An act and how far it is.

    Attributes:
        act: what it says.
        stage: see :class:`Stage`.
        due_at: when it may be carried out, UTC; empty before both have signed.
        locked_until: when the last lock of its objects ends, UTC; empty where none is left.
    """

    act: Act
    stage: Stage
    due_at: str = ""
    locked_until: str = ""


class Destruction:
    """Acts of one archive.

    Args:
        archive: whose records.
        keep_days: days from a hearing's end for which its record must be kept, by code of the case, ``default`` for the rest. What no class says
            is never destroyed.
        wait_days: from the second signature.
        officers: the court's trust list; needed to sign and to carry out.
    """

    def __init__(
        self, archive: Archive, keep_days: Mapping[str, int], wait_days: int, officers: TrustList | None = None
    ) -> None:
        self._archive, self._keep_days, self._wait_days, self._officers = archive, keep_days, wait_days, officers
        self._holds = Holds(archive)

    # An act and its signatures

    def propose(self, hearings: list[str], made_by: str, reason: str, grounds: str, commission: list[str]) -> Act:
        """Write an act.

        Raises:
            NotDestroyable: a record may not be destroyed; every one that may not is named.
            BadAct: the act says too little.
        """
        problems, items = [], []
        for hearing in hearings:
            try:
                items.append(self._item(hearing))
            except NotDestroyable as error:
                problems.append(str(error))
        if problems:
            raise NotDestroyable("\n".join(problems))
        now = self._archive.now()
        act = Act(
            f"{now[:10].replace('-', '')}-{secrets.token_hex(4)}", now, made_by, reason, grounds, tuple(commission),
            self._wait_days, tuple(items), b64(secrets.token_bytes(16)),
        )  # fmt: skip
        text = act.to_bytes()
        self._put(name_of(act.id, "act.json"), text)
        self._note(act, text, "proposed")
        return act

    def text(self, act_id: str) -> bytes:
        """The bytes that the officers sign.

        Raises:
            NoSuchAct: there is none.
        """
        try:
            return read(self._archive.store, name_of(act_id, "act.json"))
        except ObjectMissing as error:
            raise NoSuchAct(f"{act_id}: there is no such act") from error

    def sign(self, act_id: str, signature: bytes) -> Standing:
        """Take an officer's signature: a detached CMS signature over the act's bytes.

        Raises:
            BadAct: the signature is not good by the trust list, or the same person's as the other one, or not needed any more.
        """
        text = self.text(act_id)
        act = Act.from_bytes(text)
        standing = self.standing(act_id)
        if standing.stage not in (Stage.PROPOSED, Stage.SIGNED):
            raise _ended(standing.stage)(f"act {act_id} is {standing.stage}: it takes no signature")
        now_us = self._archive.now_us()
        signer = self._check(text, signature, now_us)
        number = 1 if standing.stage is Stage.PROPOSED else 2
        if number == 2:
            first = self._check(text, self._signature(act_id, 1), self._signed_us(act_id, 1))
            if _same(first, signer):
                raise SignatureNotTaken(f"act {act_id}: both signatures are of {signer.name}: two officers must sign")
        sha256 = hashlib.sha256(signature).hexdigest()
        self._put(_signature_name(act_id, sha256), signature)
        noted = self._note(act, text, f"signed-{number}", signature_sha256=sha256)
        if noted["signature_sha256"] != sha256:
            raise SignatureNotTaken(f"act {act_id}: somebody else signed it at the same moment: sign again")
        log.warning("act signed", action="destruction_signed", act=act_id, number=number, officer=signer.name)
        return self.standing(act_id)

    def withdraw(self, act_id: str, by: str, reason: str) -> Standing:
        """Give an act up, before it is carried out.

        Raises:
            BadAct: it was carried out, or who and why are not said.
        """
        standing = self.standing(act_id)
        if standing.stage in (Stage.PARTLY, Stage.DONE):
            raise ActOver(f"act {act_id} was carried out")
        if self._begun(standing.act):  # what is left of a record whose tombstone stands would lie there for ever
            raise ActOver(f"act {act_id} was carried out in part: carry it out again, it goes on where it stopped")
        if not by.strip() or not reason.strip():
            raise BadAct("who withdraws it, and why, must be said")
        if standing.stage is not Stage.WITHDRAWN:
            at = self._archive.now()
            self._put(
                name_of(act_id, f"withdrawn-{at.replace(':', '')}.json"),
                canonical.dumps({"at": at, "by": by, "reason": reason}),
            )
            self._note(standing.act, self.text(act_id), "withdrawn")
        return self.standing(act_id)

    def standing(self, act_id: str) -> Standing:
        """How far an act is.

        Raises:
            NoSuchAct, BadAct: there is no such act, or it is malformed.
        """
        act = Act.from_bytes(self.text(act_id))
        if self._noted(act_id, "withdrawn"):
            return Standing(act, Stage.WITHDRAWN)
        signed = sum(self._noted(act_id, f"signed-{number}") is not None for number in OFFICERS)
        if signed < 2:
            return Standing(act, (Stage.PROPOSED, Stage.SIGNED)[signed])
        due_us = self._signed_us(act_id, 2) + act.wait_days * DAY_US
        due_at = utc_text(due_us)
        if all(self._archive.destroyed(item.hearing) for item in act.items):
            left = self._locked_us(act)
            return Standing(
                act, Stage.PARTLY if left is not None else Stage.DONE, due_at, utc_text(left) if left else ""
            )
        return Standing(act, Stage.DUE if self._archive.now_us() >= due_us else Stage.WAITING, due_at)

    def acts(self) -> Iterator[str]:
        """Identifiers of all acts, oldest first."""
        for key in self._archive.store.list(PREFIX):
            _, act_id, file = key.split("/")
            if file == "act.json":
                yield act_id

    # Carrying out

    def carry_out(self, act_id: str) -> Standing:
        """Destroy what an act names, or go on with it.

        Everything is asked again before the first record is touched: both signatures, the time, and each record.

        Raises:
            BadAct: it is not signed by two, was withdrawn, or its time has not come.
            NotDestroyable: a record is held, or changed since the act was written. Nothing was destroyed by this call.
        """
        text, standing = self.text(act_id), self.standing(act_id)
        act = standing.act
        if standing.stage in (Stage.PROPOSED, Stage.SIGNED, Stage.WAITING, Stage.WITHDRAWN):
            raise _ended(standing.stage)(
                f"act {act_id} is {standing.stage}" + (f" until {standing.due_at}" if standing.due_at else "")
            )
        signers = [self._check(text, self._signature(act_id, n), self._signed_us(act_id, n)) for n in OFFICERS]
        if _same(*signers):
            raise SignatureNotTaken(f"act {act_id}: both signatures are of {signers[0].name}: two officers must sign")
        open_items = [item for item in act.items if not self._archive.destroyed(item.hearing)]
        problems = [problem for item in open_items if (problem := self._changed(item))]
        if problems:
            raise NotDestroyable("\n".join(problems))
        for item in act.items:
            self._destroy(act, text, item)
        return self.standing(act_id)

    def _destroy(self, act: Act, text: bytes, item: Item) -> None:
        entry: dict[str, Json] = {
            "act": act.id, "act_sha256": digest_of(text), "at": self._archive.now(), "hearing": item.hearing,
            "journal_size": item.journal_size, "root": item.root, "seal_number": item.seal_number, "type": "destroyed",
        }  # fmt: skip
        self._archive.log.add(f"destroyed {item.hearing}", entry)
        self._archive.catalogue.forget(item.hearing)
        removed = locked = 0
        for key in list(self._archive.store.list(f"records/{item.hearing}")):
            try:
                self._archive.store.remove(key)
                removed += 1
            except ObjectLocked:
                locked += 1
        log.warning(
            "record destroyed", action="destroyed", act=act.id, hearing=item.hearing, objects=removed, locked=locked
        )

    def _begun(self, act: Act) -> bool:
        """Whether a tombstone is this act's."""
        found = [self._archive.destroyed(item.hearing) for item in act.items]
        return any(canonical.loads(entry.text)["act"] == act.id for entry in found if entry is not None)

    def _locked_us(self, act: Act) -> int | None:
        """When the last lock on what is left of the act's records ends; None where nothing is left."""
        left = [
            self._archive.store.protection(key).until_us or self._archive.now_us()
            for item in act.items
            for key in self._archive.store.list(f"records/{item.hearing}")
        ]
        return max(left, default=None)

    # Records

    def _item(self, hearing: str) -> Item:
        """What the act says of a record, or :class:`NotDestroyable`."""
        if self._archive.destroyed(hearing):
            raise NotDestroyable(f"{hearing}: was destroyed")
        summary = self._archive.summary(hearing)
        if summary is None:
            raise NotDestroyable(f"{hearing}: there is no such hearing")
        seal = seal_of(StoredRecord(self._archive.store, hearing))
        if seal is None or seal.number not in self._archive.catalogue.receipts(hearing):
            raise NotDestroyable(f"{hearing}: its newest seal has no receipt: the record has not come whole")
        days = self._keep_days.get(summary.code, self._keep_days.get(DEFAULT))
        if days is None:
            raise NotDestroyable(f"{hearing}: archive.keep_days has no class for {summary.code!r} and no default")
        end_us = summary.end_us if summary.end_us is not None else utc_us(summary.opened_at)
        until_us = end_us + days * DAY_US
        if self._archive.now_us() < until_us:
            raise NotDestroyable(f"{hearing}: must be kept until {utc_text(until_us)}")
        if self._holds.is_held(hearing):
            raise NotDestroyable(f"{hearing}: a legal hold lies on it")
        return Item(hearing, summary.code, utc_text(until_us), seal.number, seal.size, b64(seal.root))

    def _changed(self, item: Item) -> str:
        """Why a record may not be destroyed by the act any more; empty if it may."""
        try:
            now = self._item(item.hearing)
        except NotDestroyable as error:
            return str(error)
        if (now.seal_number, now.root) != (item.seal_number, item.root):
            return f"{item.hearing}: a later seal came after the act was written; write a new act"
        return ""

    # Signatures and the log

    def _check(self, text: bytes, signature: bytes, at_us: int) -> Signed:
        if self._officers is None:
            raise NoOfficers("archive.officers is not set: there is no list of those who may sign acts")
        report = check_detached(text, signature, Role.OFFICER, self._officers, at_us)
        if not report.good:
            raise SignatureNotTaken("; ".join(f"{item.code}: {item.text}" for item in report.findings if item.fails))
        return report.signatures[0]

    def _signature(self, act_id: str, number: int) -> bytes:
        return read(self._archive.store, _signature_name(act_id, str(self._signed(act_id, number)["signature_sha256"])))

    def _signed_us(self, act_id: str, number: int) -> int:
        """When a signature came, by the log."""
        return utc_us(str(self._signed(act_id, number)["at"]))

    def _signed(self, act_id: str, number: int) -> dict[str, Json]:
        if (entry := self._noted(act_id, f"signed-{number}")) is None:
            raise BadAct(f"act {act_id}: the log knows nothing of signature {number}")
        return entry

    def _noted(self, act_id: str, step: str) -> dict[str, Json] | None:
        """The log's entry of a step of an act."""
        entry = self._archive.log.find(f"destruction {act_id} {step}")
        return None if entry is None else canonical.loads(entry.text)

    def _note(self, act: Act, text: bytes, step: str, **more: Json) -> dict[str, Json]:
        """Log a step once; what the log has of it."""
        entry: dict[str, Json] = {
            "act": act.id, "act_sha256": digest_of(text), "at": self._archive.now(), "step": step, "type": "destruction", **more,
        }  # fmt: skip
        return canonical.loads(self._archive.log.add(f"destruction {act.id} {step}", entry).text)

    def _put(self, key: str, text: bytes) -> None:
        self._archive.store.put_once(key, [text], hashlib.sha256(text).digest())


def _ended(stage: Stage) -> type[BadAct]:
    """Which error says that an act of this stage does not take a step."""
    return ActNotReady if stage in (Stage.PROPOSED, Stage.SIGNED, Stage.WAITING) else ActOver


def _same(one: Signed, other: Signed) -> bool:
    """Whether two signatures are one person's: a renewed certificate keeps the subject's serial number."""
    if one.certificate_sha256 == other.certificate_sha256:
        return True
    return bool(one.serial_number) and one.serial_number == other.serial_number


def _signature_name(act_id: str, sha256: str) -> str:
    """By its digest: what was stored by a call that died before the log knew of it is in nobody's way."""
    return name_of(act_id, f"officer-{sha256[:16]}.p7s")
