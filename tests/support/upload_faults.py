"""Upload through faults: what is done to the way to the archive, and what must be true after it.

A trial is a sealed record that an uploader sends through a :mod:`tests.support.lying_proxy`, by a clock of its own that skips
the pauses. At every step the box's own rule for deleting (:mod:`storage.retention`, a thousand years later, through the same
proxy) is asked: where it says yes, the archive must hold every byte.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import sqlalchemy as sa

from protocol.encoding import b64
from protocol.receipt import Receipt
from protocol.record import DirectoryRecord
from protocol.verification import Trust, verify
from storage.archive.records import StoredRecord, key_of
from storage.archive.tables import hearing as hearing_table
from storage.archive.tables import receipt as receipt_table
from storage.archive.tables import stored as stored_table
from storage.client import ArchiveClient
from storage.handover import trusted
from storage.objects import ObjectStore, digest, read
from storage.retention import Answer, Rules, judge
from storage.uploader import Uploader
from tests.storage.conftest import ARCHIVE_SIGNER, SIGNER, Court, open_court
from tests.storage.records import START_US, Builder, make_record
from tests.storage.servers import serve
from tests.support.ceph import Ceph
from tests.support.lying_proxy import Cut, Deed, Plan, Proxy, Request, flipped, lying_proxy, says, yes

PATIENCE_S = 0.5  # of the box in trials that stall
LATER_US = START_US + 1000 * 365 * 86_400_000_000
STEPS = 60


@dataclass
class Clock:
    """Seconds that pass by being told."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def check(court: Court, folder: Path, name: str) -> None:
    """Each object exactly once, digests read back equal, no row twice; the receipt lies with the record."""
    store = court.archive.store
    there = StoredRecord(store, name)
    for file, chunks in (("journal.jsonl", "journal.chunks/"), ("checkpoints", "checkpoints.chunks/")):
        joined = b"".join(there.read(path) for path in there.paths() if path.startswith(chunks))
        whole = (folder / file).read_bytes()
        assert joined
        assert whole.startswith(joined), f"{file}: pieces twice, or not one after the other"
    ours = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    ours = {path: file for path, file in ours.items() if path not in ("journal.jsonl", "checkpoints")}
    theirs = {path for path in there.paths() if not path.startswith(("journal.chunks/", "checkpoints.chunks/"))}
    assert theirs == set(ours)
    assert "receipt.json" in ours
    for path, here in ours.items():
        assert there.read(path) == here.read_bytes(), path
    assert list(store.strays(f"records/{name}")) == []
    assert court.archive.verify(name).good
    assert verify(DirectoryRecord(folder), Trust.of(SIGNER.key, ARCHIVE_SIGNER.key)).good
    _check_rows(court, name, {*there.paths()} - {"receipt.json"})


def _check_rows(court: Court, name: str, objects: set[str]) -> None:
    store = court.archive.store
    with court.archive.catalogue.database.begin() as db:
        rows = db.execute(sa.select(stored_table).where(stored_table.c.hearing == name)).all()
        hearings = db.execute(sa.select(hearing_table.c.hearing).where(hearing_table.c.hearing == name)).all()
        receipts = db.execute(sa.select(receipt_table).where(receipt_table.c.hearing == name)).all()
    assert Counter(row.path for row in rows) == dict.fromkeys(objects, 1), "a row for each object, and no row twice"
    assert all(digest(store, key_of(name, row.path)) == row.sha256 for row in rows), "read back, each is what was noted"
    assert len(hearings) == 1
    assert Counter(row.seal_number for row in receipts).most_common(1)[0][1] == 1
    roots = {Receipt.from_bytes(row.text).received["journal_root"] for row in receipts}
    logged = [entry for text in _entries(court) if (entry := json.loads(text)).get("journal_root") in roots]
    assert len(logged) == len(receipts) == len(roots), "one entry for each seal"


def _entries(court: Court) -> Iterator[bytes]:
    """Every entry of the archive's log."""
    start = 0
    while texts := court.archive.log.entries(start):
        yield from texts
        start += len(texts)


@dataclass
class Box:
    """A box behind the proxy.

    Attributes:
        court: with the archive's own address.
        proxy: what lies between them.
        clock: of the uploader.
        made: records so far.
        patience_s: of the box with an answer; short where answers stall.
        lanes: files that are sent at once; with more than one, what a cut hits is another each time.
    """

    court: Court
    proxy: Proxy
    clock: Clock = field(default_factory=Clock)
    made: int = 0
    lanes: int = 1
    patience_s: float = 20.0

    def record(self, segments: int = 1) -> Builder:
        """A sealed and certified record, of a hearing of its own."""
        self.made += 1
        name = f"2026-09-21_fault-{self.made:03d}"
        made = make_record(self.court.settings.hearings / name, name, SIGNER, segments=segments)
        made.certify()
        return made

    def client(self) -> ArchiveClient:
        """Through the proxy."""
        return ArchiveClient(self.proxy.url, SIGNER, patience_s=self.patience_s)

    @contextmanager
    def uploader(self) -> Iterator[Uploader]:
        """Of this box, through the proxy."""
        made = Uploader(self.court.settings, self.client(), now=True, clock=self.clock, sleep=lambda _seconds: None, lanes=self.lanes)
        try:
            yield made
        finally:
            made.close()

    def deliver(self, record: Builder, plan: Plan | None, *, honest_after: int = 2) -> int:
        """Send one record through a plan that ends after some steps; the number of steps it took.

        At each step nothing may be deleted that the archive does not hold.
        """
        self.proxy.plan = plan
        with self.uploader() as uploader:
            for step in range(STEPS):
                if step >= honest_after and not isinstance(plan, Cut):
                    self.proxy.plan = None
                uploader.tick()
                self.may_it_go(record)
                if (record.folder / "receipt.json").exists() and (self.proxy.plan is None or isinstance(plan, Cut)):
                    self.proxy.plan = None
                    uploader.tick()
                    check(self.court, record.folder, record.hearing)
                    assert self.may_it_go(record), "with everything there and read back, it may"
                    return step
                self.clock.now += 400.0  # longer than any pause
        raise AssertionError(f"{record.hearing}: not delivered after {STEPS} steps")

    def may_it_go(self, record: Builder) -> bool:
        """What the box would do with its own copy now; asserts that the archive holds every byte if it is deleted."""
        trust = trusted(self.court.settings.state_dir / "trust")
        with self.client() as client:
            found = judge(record.folder, client, Rules(trust, 1, uncertified=True, now_us=LATER_US))
        if found.answer is not Answer.REMOVABLE:
            return False
        for path in sorted(record.folder.rglob("*")):
            name = path.relative_to(record.folder).as_posix()
            if path.is_file() and name not in ("journal.jsonl", "checkpoints"):
                assert read(self.court.archive.store, key_of(record.hearing, name)) == path.read_bytes(), name
        return True


def once(deed: Deed, method: str = "PUT", number: int = 3) -> Plan:
    """The deed done to the nth request of a kind."""
    seen = 0

    def plan(request: Request) -> Deed | None:
        nonlocal seen
        seen += request.method == method
        return deed if request.method == method and seen == number else None

    return plan


def always(deed: Deed, method: str = "PUT") -> Plan:
    """The deed done to every request of a kind."""
    return lambda request: deed if request.method == method else None


def claims(request: Request) -> Deed | None:
    """An archive that says yes to everything, and keeps nothing."""
    if request.method == "PUT":
        return Deed(unasked=True, answer=yes(request))
    return Deed(answer=says(200, {})) if request.method == "GET" else None


def half(request: Request) -> Deed | None:
    """It takes half of a body, and says that all is stored."""
    if request.method != "PUT" or not request.path.startswith("media/"):
        return None
    return Deed(up=(request.body_at + len(request.raw)) // 2, answer=yes(request))


def faults(statuses: Sequence[int] = (500, 502, 503, 504, 429, 408, 403, 404)) -> dict[str, Plan]:
    """Everything but cuts and kills, by name; each HTTP status without and with the archive being asked."""
    found: dict[str, Plan] = {
        "reset before the archive is asked": once(Deed(unasked=True, down=0, reset=True)),
        "reset after the archive has it": once(Deed(down=0, reset=True)),
        "body changed on the way": once(Deed(change=flipped), number=4),
        "every body changed on the way": always(Deed(change=flipped)),
        "stalls before it asks": once(Deed(unasked=True, stall_s=3 * PATIENCE_S)),
        "stalls after the archive has it": once(Deed(stall_s=3 * PATIENCE_S)),
        "stalls when asked for the receipt": once(Deed(stall_s=0.0, down=0), "POST", 1),
        "a gate's page instead of an answer": always(Deed(unasked=True, answer=says(200, b"<html>Sign in</html>"))),
        "yes to everything, keeping nothing": claims,
        "half of each file, and yes": half,
        "a list of nothing": always(Deed(unasked=True, answer=says(200, {})), "GET"),
        "a list that is none": always(Deed(unasked=True, answer=says(200, ["media"])), "GET"),
        "chunks that nobody sent": always(
            Deed(unasked=True, answer=says(200, {"journal.chunks/000001": b64(bytes(32))})), "GET"
        ),
        "another file under each name": always(Deed(answer=says(409, {"code": "conflict", "message": "taken"}))),
        "an answer cut in two": always(Deed(down=40), "POST"),
        "a receipt that is none": always(Deed(answer=says(200, {"receipt": True})), "POST"),
    }
    for status in statuses:
        found[f"{status}, not asked"] = always(Deed(unasked=True, answer=says(status, {})))
        found[f"{status}, and it is stored"] = always(Deed(answer=says(status, {})))
    return found


def cut_points(total: int, count: int, chance: random.Random) -> list[int]:
    """Places in a session of so many bytes: both ends, and one by chance out of each of equal parts."""
    inner = [chance.randrange(total * number // count, total * (number + 1) // count) for number in range(count - 2)]
    return sorted({1, total - 1, *inner})


class Parted(httpx2.BaseTransport):
    """A network that is not there for as long as it is told.

    Attributes:
        away: whether it is.
        tried: connections that were tried meanwhile.
    """

    def __init__(self) -> None:
        self.away, self.tried = True, 0
        self._real = httpx2.HTTPTransport()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Pass on, or not."""
        if self.away:
            self.tried += 1
            raise httpx2.ConnectError("no route to host")
        return self._real.handle_request(request)

    def close(self) -> None:
        """Close the real one."""
        self._real.close()


HOURS_AWAY = 72
STEP_S = 20.0
BACK_S = 240.0  # three times the longest pause: a machine may be busy


def part(court: Court, hours: int = HOURS_AWAY) -> tuple[int, float]:
    """No network for so many hours, by the clock; hearings go on meanwhile. Connections tried, seconds until all had arrived."""
    clock, network, records = Clock(), Parted(), list[Builder]()
    client = ArchiveClient(court.url, SIGNER, network)
    uploader = Uploader(court.settings, client, now=True, clock=clock, sleep=lambda _seconds: None)
    try:
        while clock.now < hours * 3600:
            if clock.now % (8 * 3600) == 0:  # three hearings a day
                name = f"2026-09-21_parted-{len(records):03d}"
                records.append(make_record(court.settings.hearings / name, name, SIGNER, segments=1))
            uploader.tick()
            clock.now += STEP_S
        assert all(len(list(made.folder.rglob("*.mp4"))) == 2 for made in records)
        network.away, back_at = False, clock.now
        while not all((made.folder / "receipt.json").exists() for made in records):
            uploader.tick()
            clock.now += 1.0
            assert clock.now - back_at < BACK_S, "longer than three pauses"
        uploader.tick()
    finally:
        uploader.close()
    for made in records:
        check(court, made.folder, made.hearing)
    return network.tried, clock.now - back_at


def cut_everywhere(box: Box, count: int, chance: random.Random, tell: Callable[[str], None] = lambda _text: None) -> int:
    """A session cut in both directions, at ``count`` places of each; the number of sessions that were cut."""
    before = box.proxy.up, box.proxy.down
    box.deliver(box.record(), None)
    totals, done = (box.proxy.up - before[0], box.proxy.down - before[1]), 0
    for upwards, total in zip((True, False), totals, strict=True):
        for number, after in enumerate(cut_points(total // 2, count, chance)):
            cut = Cut(after, upwards, reset=number % 2 == 1)
            box.deliver(box.record(), cut)
            assert cut.done, f"never cut: {cut}"
            done += 1
            tell(f"cut {done}")
    return done


def all_faults(box: Box, plans: Mapping[str, Plan], tell: Callable[[str], None] = lambda _text: None) -> int:
    """A record through each of the plans; their number."""
    for name, plan in plans.items():
        box.patience_s = PATIENCE_S if name.startswith("stalls") else 20.0
        try:
            box.deliver(box.record(), plan)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error
        box.clock.now += 1000.0
        tell(name)
    return len(plans)


@contextmanager
def boxed(root: Path, store: ObjectStore | None = None) -> Iterator[Box]:
    """A box behind the proxy."""
    with open_court(root, store) as court, serve(court.app) as url, lying_proxy(url) as proxy:
        court.url = proxy.url
        yield Box(court, proxy)


@dataclass
class TicketBox(Box):
    """A box that puts files straight into a bucket; the proxy lies between the two, the way to the archive is good."""

    archive_url: str = ""

    def client(self) -> ArchiveClient:
        """To the archive itself."""
        return ArchiveClient(self.archive_url, SIGNER, patience_s=self.patience_s)


def store_faults() -> dict[str, Plan]:
    """Everything that can happen to a body on its way to a bucket, by name; what a bucket says to a box counts for nothing."""
    nothing_kept = Deed(unasked=True, answer=says(200, {}))
    return {
        "reset before the bucket has it": always(Deed(unasked=True, down=0, reset=True)),
        "reset after the bucket has it": always(Deed(down=0, reset=True)),
        "body changed on the way": once(Deed(change=flipped), number=2),
        "every body changed on the way": always(Deed(change=flipped)),
        "yes to everything, keeping nothing": always(nothing_kept),
        "yes to one, and it is not there": once(nothing_kept, number=2),
        "half of each file, and yes": lambda request: Deed(up=(request.body_at + len(request.raw)) // 2, answer=says(200, {})),
        "stalls before the bucket has it": always(Deed(unasked=True, stall_s=3 * PATIENCE_S)),
        "stalls after the bucket has it": once(Deed(stall_s=3 * PATIENCE_S), number=1),
        "a gate's page": always(Deed(unasked=True, answer=says(302, b"<html>Sign in</html>"))),
        **{f"{status}, not asked": always(Deed(unasked=True, answer=says(status, {}))) for status in (403, 500, 503)},
        **{f"{status}, and it is stored": always(Deed(answer=says(status, {}))) for status in (412, 500)},
    }


@contextmanager
def ticketed(root: Path, ceph: Ceph) -> Iterator[TicketBox]:
    """A box that gets tickets for a bucket behind the proxy."""
    with lying_proxy(ceph.endpoint) as proxy:
        store, _ = ceph.new_store(boxes_endpoint=proxy.url)
        with open_court(root, store) as court, serve(court.app) as url:
            court.url = url
            yield TicketBox(court, proxy, archive_url=url)
