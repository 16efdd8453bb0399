"""Records are destroyed only by an act that two officers signed apart, after the time of waiting, and never under a hold; the tombstone stays."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from protocol import canonical
from protocol.signatures.detached import sign_detached
from protocol.signatures.pkcs12 import FileKey
from protocol.signatures.trust import read_trust
from storage.archive.act_errors import BadHold, NoOfficers, NotHeld, SeveralHolds
from storage.archive.destruction import Destruction, Stage
from storage.archive.holds import Holds
from storage.archive.rebuild import rebuild
from storage.archive.scrub import Scrub
from storage.archive.service import Archive
from storage.errors import BadAct, Destroyed, NotDestroyable, ObjectMissing
from storage.folder_store import FolderStore
from storage.uploader import upload_record
from tests.storage.conftest import ARCHIVE_SIGNER, Court, open_court
from tests.storage.servers import serve
from tests.support.ceph import Ceph
from tests.support.people import PASSWORD, SIGNED, Authority, Human, trust_folder

DAY_S = 86_400.0
KEEP_DAYS = 90


@dataclass
class Office:
    """An archive whose clock stands where the test says, and its officers."""

    court: Court
    officers: Path
    first: Human
    second: Human
    clerk: Human
    now_s: list[float] = field(default_factory=lambda: [SIGNED.timestamp()])

    def __post_init__(self) -> None:
        self.court.archive.close()
        self.archive = self.reopened()

    def reopened(self) -> Archive:
        inner = self.court.archive
        return Archive(
            FolderStore(self.court.root / "archive" / "objects", lambda: self.now_s[0]),
            type(inner.log)(self.court.root / "archive" / "log.sqlite", ARCHIVE_SIGNER),
            type(inner.catalogue)(inner.catalogue.database.at(self.court.root / "archive" / "catalogue.sqlite")),
            clock=lambda: self.now_s[0],
        )

    @property
    def destruction(self) -> Destruction:
        return Destruction(self.archive, {"default": KEEP_DAYS}, 30, read_trust(self.officers))

    def propose(self, *hearings: str) -> str:
        act = self.destruction.propose(
            list(hearings or ["h1"]), "Ким", "срок истёк", "перечень № 129", ["Ким", "Оспан"]
        )
        return act.id

    def signature(self, act: str, human: Human) -> bytes:
        return sign_detached(self.destruction.text(act), FileKey(human.file, PASSWORD))

    def signed(self) -> str:
        act = self.propose()
        for human in (self.first, self.second):
            self.destruction.sign(act, self.signature(act, human))
        return act

    def later(self, days: float) -> None:
        self.now_s[0] += days * DAY_S

    def objects(self, hearing: str = "h1") -> list[str]:
        return list(self.archive.store.list(f"records/{hearing}"))


@pytest.fixture(scope="module")
def officers(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Human, Human, Human]:
    authority = Authority()
    people = [authority.person(name, f"IIN{n}") for n, name in enumerate(("Ахметов А.", "Сергеева О.", "Хатшы Х."))]
    folder = trust_folder(
        tmp_path_factory.mktemp("officers"),
        authority,
        dict(zip(people, ("officer", "officer", "secretary"), strict=True)),
    )
    first, second, clerk = people
    return folder, first, second, clerk


@pytest.fixture
def office(served: Court, officers: tuple[Path, Human, Human, Human]) -> Iterator[Office]:
    upload_record(served.record().folder, served.settings)
    made = Office(served, *officers)
    yield made
    made.archive.close()


def test_the_way_of_an_act(office: Office) -> None:
    with pytest.raises(NotDestroyable, match="must be kept until"):
        office.propose()
    office.later(KEEP_DAYS + 60)
    act = office.propose()
    assert office.destruction.standing(act).stage is Stage.PROPOSED
    assert office.destruction.sign(act, office.signature(act, office.first)).stage is Stage.SIGNED
    with pytest.raises(BadAct, match="two officers must sign"):
        office.destruction.sign(act, office.signature(act, office.first))
    with pytest.raises(BadAct, match="signed"):
        office.destruction.carry_out(act)
    assert office.destruction.sign(act, office.signature(act, office.second)).stage is Stage.WAITING
    with pytest.raises(BadAct, match="waiting until"):
        office.destruction.carry_out(act)
    with pytest.raises(BadAct, match="takes no signature"):
        office.destruction.sign(act, office.signature(act, office.second))
    receipts = list(office.archive.store.list("receipts/h1"))
    office.later(30)
    assert office.destruction.carry_out(act).stage is Stage.DONE
    assert office.objects() == []
    assert list(office.archive.store.list("receipts/h1")) == receipts
    tombstone = office.archive.destroyed("h1")
    assert tombstone is not None
    said = canonical.loads(tombstone.text)
    assert (said["act"], said["act_sha256"]) == (act, hashlib.sha256(office.destruction.text(act)).hexdigest())
    assert office.destruction.carry_out(act).stage is Stage.DONE  # again: nothing more happens
    with pytest.raises(BadAct, match="was carried out"):
        office.destruction.withdraw(act, "Ким", "ошибка")
    with pytest.raises(NotDestroyable, match="was destroyed"):
        office.propose()


def test_what_remains_of_a_destroyed_record(office: Office) -> None:
    office.later(KEEP_DAYS + 60)
    act = office.signed()
    office.later(31)
    assert office.archive.search("") != []
    office.destruction.carry_out(act)
    assert office.archive.search("") == []
    with pytest.raises(Destroyed):
        office.archive.view("h1")
    with pytest.raises(Destroyed):  # a box that still has the record does not bring it back
        office.archive.put(office.court.device, "h1", "manifest-0001.json", [b"{}"], hashlib.sha256(b"{}").digest())
    with pytest.raises(Destroyed):
        office.archive.receipt(office.court.device, "h1")
    assert Scrub(office.archive, lambda: office.now_s[0]).run().findings == []
    assert rebuild(office.archive) == 0
    assert office.archive.summary("h1") is None


def test_no_word_of_it_stays_in_the_catalogues_file(office: Office) -> None:
    office.later(KEEP_DAYS + 60)
    files = [office.court.root / "archive" / f"catalogue.sqlite{end}" for end in ("", "-wal")]

    def there(text: str) -> bool:
        return any(text.encode() in path.read_bytes() for path in files if path.exists())

    office.archive.refresh()
    with office.archive.catalogue.database.begin() as db:
        words = [str(row[0]) for row in db.exec_driver_sql("SELECT text FROM passage WHERE kind = 'remark'")]
    word = max((word for text in words for word in text.split()), key=len)
    assert len(word) > 5
    assert there(word)
    act = office.signed()
    office.later(31)
    office.destruction.carry_out(act)
    assert not there(word)
    assert not there(word.lower())


def test_a_hold_stops_it_until_it_is_lifted(office: Office) -> None:
    office.later(KEEP_DAYS + 60)
    holds = Holds(office.archive)
    act = office.signed()
    office.later(31)
    with pytest.raises(BadHold):
        holds.lay("h1", "судья", " ")
    with pytest.raises(ObjectMissing):
        holds.lay("h9", "судья", "жалоба")
    assert holds.lay("h1", "судья", "жалоба").objects > 5
    with pytest.raises(NotDestroyable, match="legal hold"):
        office.destruction.carry_out(act)
    with pytest.raises(NotDestroyable, match="legal hold"):
        office.propose()
    holds.lift("h1", "судья", "жалоба рассмотрена")
    assert office.destruction.carry_out(act).stage is Stage.DONE
    kinds = [canonical.loads(text)["type"] for text in office.archive.log.entries()]
    assert kinds.count("held") == kinds.count("released") == kinds.count("destroyed") == 1


def test_several_holds_lie_on_a_record_until_the_last_is_lifted(office: Office) -> None:
    office.later(KEEP_DAYS + 60)
    holds = Holds(office.archive)
    with pytest.raises(NotHeld, match="no hold lies"):
        holds.lift("h1", "судья", "жалоба рассмотрена")
    first, second = holds.lay("h1", "судья", "жалоба"), holds.lay("h1", "прокурор", "проверка")
    assert (first.number, second.number, [item.by for item in second.standing]) == (1, 2, ["судья", "прокурор"])
    assert holds.lay("h1", "судья", "жалоба").standing == second.standing, "said again it is the same hold"
    with pytest.raises(SeveralHolds, match=r"1 by судья \(жалоба\); 2 by прокурор \(проверка\)"):
        holds.lift("h1", "судья", "жалоба рассмотрена")
    with pytest.raises(NotHeld, match="no hold 3"):
        holds.lift("h1", "судья", "жалоба рассмотрена", 3)
    assert [item.number for item in holds.lift("h1", "судья", "жалоба рассмотрена", 1).standing] == [2]
    with pytest.raises(NotDestroyable, match="legal hold"):
        office.propose()
    done = holds.lift("h1", "прокурор", "проверка окончена")
    assert (done.number, done.standing, done.objects == first.objects) == (2, (), True)
    with pytest.raises(NotHeld):
        holds.lift("h1", "прокурор", "проверка окончена")
    assert not holds.is_held("h1")


def test_what_is_locked_goes_when_the_lock_ends(office: Office) -> None:
    office.later(KEEP_DAYS + 60)
    locked = office.objects()[0]
    office.archive.store.retain(locked, int((office.now_s[0] + 50 * DAY_S) * 1e6))
    act = office.signed()
    office.later(31)
    standing = office.destruction.carry_out(act)
    assert standing.stage is Stage.PARTLY
    assert standing.locked_until
    assert office.objects() == [locked]
    office.later(20)
    assert office.destruction.carry_out(act).stage is Stage.DONE
    assert office.objects() == []


def test_signatures_that_do_not_count(office: Office, tmp_path: Path) -> None:
    office.later(KEEP_DAYS + 60)
    act = office.propose()
    with pytest.raises(BadAct, match="wrong-role"):
        office.destruction.sign(act, office.signature(act, office.clerk))
    other = office.propose()
    with pytest.raises(BadAct, match="altered"):
        office.destruction.sign(act, office.signature(other, office.first))
    with pytest.raises(BadAct, match="malformed"):
        office.destruction.sign(act, b"no signature")
    with pytest.raises(NoOfficers, match="officers is not set"):
        Destruction(office.archive, {}, 30).sign(act, b"")
    for name in ("", "../x", "20261123-zzzzzzzz"):
        with pytest.raises(BadAct, match="not an identifier"):
            office.destruction.standing(name)
    assert office.destruction.standing(act).stage is Stage.PROPOSED


def test_what_an_act_must_say(office: Office) -> None:
    office.later(KEEP_DAYS + 60)
    propose = office.destruction.propose
    for hearings, by, reason, grounds, people in (
        ([], "Ким", "r", "g", ["a", "b"]),
        (["h1", "h1"], "Ким", "r", "g", ["a", "b"]),
        (["h1"], "", "r", "g", ["a", "b"]),
        (["h1"], "Ким", " ", "g", ["a", "b"]),
        (["h1"], "Ким", "r", "g", ["a", "A "]),
    ):
        with pytest.raises(BadAct):
            propose(hearings, by, reason, grounds, people)
    with pytest.raises(NotDestroyable, match=r"(?s)h7: there is no such.*h8: there is no such"):
        propose(["h1", "h7", "h8"], "Ким", "r", "g", ["a", "b"])
    with pytest.raises(NotDestroyable, match="no class"):
        Destruction(office.archive, {"upk": 1}, 30).propose(["h1"], "Ким", "r", "g", ["a", "b"])
    assert list(office.destruction.acts()) == []


def test_an_act_that_was_withdrawn_or_altered(office: Office) -> None:
    office.later(KEEP_DAYS + 60)
    act = office.signed()
    office.later(31)
    path = office.court.root / "archive" / "objects" / "acts" / act / "act.json"
    good = path.read_bytes()
    path.write_bytes(good.replace(b'"wait_days":30', b'"wait_days":10'))
    with pytest.raises(BadAct, match="altered"):
        office.destruction.carry_out(act)
    path.write_bytes(good)
    assert office.destruction.withdraw(act, "Ким", "новые обстоятельства").stage is Stage.WITHDRAWN
    with pytest.raises(BadAct, match="withdrawn"):
        office.destruction.carry_out(act)
    assert office.objects() != []
    assert list(office.destruction.acts()) == [act]


def test_killed_in_the_middle_it_goes_on(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.later(KEEP_DAYS + 60)
    act = office.signed()
    office.later(31)
    store, left = office.archive.store, [3]

    class Dying(FolderStore):
        def remove(self, key: str) -> None:
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
            super().remove(key)

    assert isinstance(store, FolderStore)
    office.archive.store = Dying(store.root, lambda: office.now_s[0])
    with pytest.raises(KeyboardInterrupt):
        office.destruction.carry_out(act)
    office.archive.store = store
    assert office.objects() != []
    assert office.destruction.carry_out(act).stage is Stage.DONE
    assert office.objects() == []
    assert [canonical.loads(text)["type"] for text in office.archive.log.entries()].count("destroyed") == 1


def test_an_act_that_was_begun_is_ended_and_not_withdrawn(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left of a record whose tombstone stands can be removed by this act only."""
    office.later(KEEP_DAYS + 60)
    act = office.signed()
    office.later(31)
    monkeypatch.setattr(office.archive.catalogue, "forget", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        office.destruction.carry_out(act)
    monkeypatch.undo()
    with pytest.raises(BadAct, match="carried out"):
        office.destruction.withdraw(act, "Ким", "передумал")
    assert office.destruction.carry_out(act).stage is Stage.DONE
    assert office.objects() == []


@pytest.mark.parametrize("moment", ["while its body comes", "between two questions"])
def test_a_box_that_sends_while_a_record_is_destroyed_brings_nothing_back(
    office: Office, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.later(KEEP_DAYS + 60)
    act = office.signed()
    office.later(31)
    device, text = office.archive.catalogue.devices()[0], b"late"
    asked = office.archive.catalogue.claim

    def carried_out() -> bytes:
        office.destruction.carry_out(act)
        return text

    def late(hearing: str, key: str) -> bool:
        office.destruction.carry_out(act)
        return asked(hearing, key)

    parts: list[bytes] | Iterator[bytes] = [text]
    if moment == "while its body comes":
        parts = (carried_out() for _ in range(1))
    else:  # asked and not destroyed yet, then destroyed, then claimed
        monkeypatch.setattr(office.archive.catalogue, "owner", lambda _: None)
        monkeypatch.setattr(office.archive.catalogue, "claim", late)
    with pytest.raises(Destroyed):
        office.archive.put(device, "h1", "media/T09/a/0001.mp4", parts, hashlib.sha256(text).digest())
    monkeypatch.undo()
    assert office.objects() == []
    assert office.destruction.standing(act).stage is Stage.DONE
    assert office.archive.catalogue.owner("h1") is None
    with pytest.raises(Destroyed):
        office.archive.put(device, "h1", "media/T09/a/0001.mp4", [text], hashlib.sha256(text).digest())


@pytest.mark.ceph
def test_in_a_bucket_the_stores_own_lock_and_hold_bind(
    ceph: Ceph, tmp_path: Path, officers: tuple[Path, Human, Human, Human]
) -> None:
    store, _ = ceph.new_store()
    with open_court(tmp_path, store) as court, serve(court.app) as court.url:
        upload_record(court.record().folder, court.settings)
        late_s = SIGNED.timestamp() + (KEEP_DAYS + 60) * DAY_S
        now_s = [late_s]
        archive = Archive(store, court.archive.log, court.archive.catalogue, clock=lambda: now_s[0])
        destruction = Destruction(archive, {"default": KEEP_DAYS}, 1, read_trust(officers[0]))
        act = destruction.propose(["h1"], "Ким", "срок истёк", "перечень № 129", ["Ким", "Оспан"]).id
        for human in officers[1:3]:
            destruction.sign(act, sign_detached(destruction.text(act), FileKey(human.file, PASSWORD)))
        now_s[0] += 2 * DAY_S
        locked = next(key for key in store.list("records/h1") if key.endswith(".mp4"))
        store.hold(locked, on=True)  # by somebody at the store itself
        with pytest.raises(NotDestroyable, match="legal hold"):
            destruction.carry_out(act)
        store.hold(locked, on=False)
        store.retain(locked, int((time.time() + 4) * 1e6))
        assert destruction.carry_out(act).stage is Stage.PARTLY
        assert list(store.list("records/h1")) == [locked]
        deadline = time.monotonic() + 30
        while destruction.carry_out(act).stage is not Stage.DONE and time.monotonic() < deadline:
            time.sleep(0.5)
        assert list(store.list("records/h1")) == []
        assert Scrub(archive).run().findings == []
