"""How fast, when and in which order the uploader sends: by clocks that are told, to a real archive."""

from __future__ import annotations

import datetime as dt
import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from device_config.settings import Settings
from storage.archive.catalogue import Device
from storage.bodies import Between
from storage.client import ArchiveClient
from storage.errors import NoArchive
from storage.pacing import Cap, Hours
from storage.uploader import Uploader
from tests.storage.conftest import SIGNER, Court
from tests.storage.records import START_US, Builder

RUNS = "a-running"
RATE_KIB = 32


def test_a_cap_keeps_the_average_and_saves_nothing_up() -> None:
    cap = Cap(1000)
    assert cap.reserve(500, 0.0) == 0.0
    assert cap.reserve(500, 0.0) == 0.5
    assert cap.reserve(500, 0.75) == 0.25
    assert cap.reserve(2000, 100.0) == 0.0
    assert cap.reserve(1, 100.0) == 2.0, "the quiet minute before is not made up for"
    free = Cap(None)
    assert [free.reserve(10**12, 0.0) for _ in range(2)] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("spans", "inside", "outside"),
    [
        ([], ["00:00", "12:00"], []),
        (["18:30-08:00"], ["18:30", "23:59", "00:00", "07:59"], ["08:00", "12:00", "18:29"]),
        (["12:00-13:00", "20:00-21:00"], ["12:30", "20:00"], ["13:00", "11:59", "21:00"]),
        (["00:00-00:00"], ["00:00", "15:00"], []),
    ],
)
def test_hours(spans: list[str], inside: list[str], outside: list[str]) -> None:
    hours = Hours.of(spans)
    assert all(hours.allow(dt.time.fromisoformat(text)) for text in inside)
    assert not any(hours.allow(dt.time.fromisoformat(text)) for text in outside)


def test_an_hour_that_is_none_is_told() -> None:
    with pytest.raises(NoArchive, match=r"archive\.hours"):
        Hours.of(["8-18"])
    with pytest.raises(ValueError, match="hours"):
        Settings.model_validate({"archive": {"hours": ["25:00-08:00"]}})


@dataclass
class World:
    """A clock that passes while the uploader waits, and what it sent when.

    Attributes:
        now: seconds.
        sent: when, hearing, path.
        while_waiting: what happens in the room meanwhile.
    """

    now: float = 0.0
    sent: list[tuple[float, str, str]] = field(default_factory=list)
    while_waiting: Callable[[], None] = lambda: None

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.while_waiting()

    def of(self, hearing: str, beginning: str) -> list[float]:
        """When files of a hearing arrived."""
        return [at for at, name, path in self.sent if name == hearing and path.startswith(beginning)]


class Noting(ArchiveClient):
    """Notes what arrived, and when."""

    world: World

    def put(
        self, hearing: str, path: str, file: Path, span: tuple[int, int], sha256: bytes, between: Between | None = None
    ) -> bool:
        new = super().put(hearing, path, file, span, sha256, between)
        self.world.sent.append((self.world.now, hearing, path))
        return new


@contextmanager
def uploader(
    court: Court, world: World, wall: Callable[[], float] | None = None, **archive: object
) -> Iterator[Uploader]:
    client = Noting(court.url, SIGNER)
    client.world = world
    settings = court.settings.model_copy(update={"archive": court.settings.archive.model_copy(update=archive)})
    made = Uploader(
        settings, client, now=True, clock=lambda: world.now, wall=wall or (lambda: START_US / 1e6), sleep=world.sleep, lanes=1,
    )  # fmt: skip
    try:
        yield made
    finally:
        made.close()


def running(court: Court) -> Builder:
    record = Builder(court.settings.hearings / RUNS, RUNS, SIGNER)
    record.open()
    record.start()
    return record


def test_a_cap_is_kept_and_what_is_urgent_goes_through(served: Court) -> None:
    """An old record trickles to the archive; a hearing begins meanwhile, and its checkpoints do not wait for it."""
    old = served.record("z-old", segments=12)
    size = sum(path.stat().st_size for path in old.folder.rglob("*.mp4"))
    world, room = World(), dict[str, Builder]()

    def live() -> None:
        if world.now < 2.0:
            return
        if not room:
            room["hearing"] = running(served)
        room["hearing"].line("remark", text=f"{world.now}", at_us=START_US, by="secretary")
        room["hearing"].writer.checkpoint()

    world.while_waiting = live
    with uploader(served, world, rate_kib=RATE_KIB) as sending:
        sending.tick()
    least = size / (RATE_KIB * 1024)
    assert 0.8 * least < world.now < 1.5 * least + 2, f"{world.now} s for {size} bytes"
    assert len(world.of("z-old", "media/")) == 24
    chunks = world.of(RUNS, "checkpoints.chunks/")
    assert chunks[0] < 5.0, "in the middle of the old record"
    assert max(later - sooner for sooner, later in itertools.pairwise(chunks)) <= 8.0


def test_a_hearing_that_runs_goes_before_older_records(served: Court) -> None:
    served.record("z-old", segments=12)
    world, room = World(), dict[str, Builder]()

    def live() -> None:
        if world.now >= 2.0 and not room:
            room["hearing"] = running(served)
            room["hearing"].segment("mic-bench", 1, START_US)
            room["hearing"].writer.checkpoint()

    world.while_waiting = live
    with uploader(served, world, rate_kib=RATE_KIB) as sending:
        sending.tick()
    (at,) = world.of(RUNS, "media/")
    later = [moment for moment in world.of("z-old", "media/") if moment > at]
    assert len(later) > 12, "most of the old record gave way"


def test_outside_the_hours_only_what_is_urgent_is_sent(served: Court) -> None:
    old, record = served.record("z-old"), running(served)
    record.segment("mic-bench", 1, START_US)
    record.writer.checkpoint()
    world, day = World(), dt.datetime(2026, 11, 23, tzinfo=dt.timezone(dt.timedelta(hours=5)))
    hour = [12.0]
    with uploader(served, world, lambda: day.timestamp() + hour[0] * 3600, hours=("18:30-08:00",)) as sending:
        for _ in range(3):
            sending.tick()
            world.now += 10.0
        assert world.of(RUNS, "journal.chunks/")
        assert world.of(RUNS, "checkpoints.chunks/")
        assert not world.of(RUNS, "media/")
        assert not world.of("z-old", "media/")
        hour[0] = 19.0
        sending.tick()
    assert len(world.of("z-old", "media/")) == 6
    assert len(world.of(RUNS, "media/")) == 1
    assert (old.folder / "receipt.json").exists()


def test_what_is_left_and_how_far_behind_it_is(served: Court) -> None:
    from storage.sender import Left, Sender

    record = running(served)
    record.segment("mic-bench", 1, START_US)
    record.segment("mic-bench", 2, START_US + 2_000_000)
    record.writer.checkpoint()
    media = sum(path.stat().st_size for path in record.folder.rglob("*.mp4"))
    with ArchiveClient(served.url, SIGNER) as client:
        sender = Sender(record.folder, client)
        sender.tail.read()
        before = sender.left(START_US + 12_000_000)
        assert (
            before.bytes
            == media + (record.folder / "journal.jsonl").stat().st_size + (record.folder / "checkpoints").stat().st_size
        )
        assert before.lag_s == 10.0
        sender.step()
        assert sender.left(START_US + 12_000_000) == Left(0, 0.0)


def test_a_hearing_that_runs_goes_on_while_the_archive_verifies_another_record(served: Court) -> None:
    finished = served.record("h1")
    runs = Builder(served.settings.hearings / "h2", "h2", SIGNER)
    runs.open()
    runs.start()
    verified, came = served.archive.receipt, list[bool]()

    def receipt(device: Device, hearing: str) -> bytes:
        runs.segment("mic-bench", 1, START_US)
        runs.writer.checkpoint()
        wanted = {"media/T01/mic-bench/0001.mp4", "checkpoints.chunks/000002", "journal.chunks/000002"}
        end = time.monotonic() + 60
        while not (there := wanted <= set(served.archive.held(device, "h2"))) and time.monotonic() < end:
            time.sleep(0.05)
        came.append(there)
        return verified(device, hearing)

    served.archive.receipt = receipt  # type: ignore[method-assign]
    uploader = Uploader(served.settings, served.client(), now=True, clock=lambda: time.monotonic() * 20)
    try:
        uploader.tick()
    finally:
        uploader.close()
    assert came == [True]
    assert (finished.folder / "receipt.json").exists()
