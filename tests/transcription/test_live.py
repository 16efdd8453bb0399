"""Live words: told while they are said, revised, settled, by the right microphone; and what happens when time runs short."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.transcription.courtroom import RATE, SECOND, START_US, Courtroom
from tests.transcription.growing import Growing
from tests.transcription.test_pipeline import MODEL, engines_of, voices
from transcription.activity import Detector, LevelDetector
from transcription.audio import Track
from transcription.client import FakeRecorder, Room
from transcription.live import Live
from transcription.live_passages import LivePassage
from transcription.live_sound import LiveTrack
from transcription.models import Engines
from transcription.recognizer import FakeRecognizer, Recognition, Samples, spread

TICK_S = 0.25


def counting(samples: Samples, _language: str) -> Recognition:
    """A word for each half second of sound."""
    count = max(1, len(samples) // 8000)
    return Recognition(spread([f"w{number}" for number in range(count)], 0, len(samples) * 1_000_000 // 16_000))


class Hall:
    """A hearing that is recorded in time of its own, and a transcriber that follows it."""

    def __init__(self, tmp_path: Path, room: Courtroom, engines: Engines | None = None) -> None:
        self.growing = Growing(room, tmp_path / "live" / "h1")
        self.fake = FakeRecorder(now=Room("recording", "h1", START_US))
        self.engines = engines or engines_of(FakeRecognizer(MODEL, frozenset({"kk"}), counting))
        self.detector: Callable[[], Detector] = LevelDetector
        self.clock = 0.0
        self.arrived: list[tuple[float, LivePassage]] = []
        self.live = self.start()

    def start(self) -> Live:
        hearings = self.growing.folder.parent
        return Live(self.fake, hearings, self.engines, self.detector, now=lambda: self.clock)

    def run(self, until: float) -> None:
        """Let time go on, a step each tick, more where more can be done."""
        while self.clock < until:
            self.clock = round(self.clock + TICK_S, 3)
            self.growing.until(self.clock)
            self.fake.now = Room("recording", "h1", START_US + int(self.clock * SECOND))
            known, before = len(self.fake.live), self.clock
            while self.live.step() and self.clock - before < TICK_S:
                pass
            self.arrived += [(self.clock, one) for _, news in self.fake.live[known:] for one in news.passages]

    def settled(self) -> list[tuple[float, LivePassage]]:
        return [(at, one) for at, one in self.arrived if one.settled and one.text]


Follow = Callable[..., Hall]


@pytest.fixture
def follow(tmp_path: Path) -> Iterator[Follow]:
    halls: list[Hall] = []

    def make(room: Courtroom, engines: Engines | None = None) -> Hall:
        halls.append(Hall(tmp_path, room, engines))
        return halls[-1]

    yield make
    for hall in halls:
        hall.live.close()


@pytest.fixture
def room(tmp_path: Path) -> Courtroom:
    made = Courtroom(tmp_path / "whole", hearing="h1")
    made.seat("mic-bench", "judge")
    made.line("source", {"name": "mic-bench", "kind": "microphone", "media": "audio"})
    made.line("source", {"name": "mic-table", "kind": "microphone", "media": "audio"})
    return made


def told_well(arrived: list[tuple[float, LivePassage]]) -> None:
    """Revisions of a passage grow one by one, and after it is settled nothing more is said of it."""
    last: dict[str, LivePassage] = {}
    for _, one in arrived:
        before = last.get(one.id)
        assert one.revision == (1 if before is None else before.revision + 1)
        assert before is None or not before.settled
        last[one.id] = one
    assert all(one.settled for one in last.values())


def test_a_growing_file_sounds_like_the_whole(tmp_path: Path, room: Courtroom) -> None:
    room.take({"mic-bench": voices(("loud", 1.3), ("quiet", 0.7), ("loud", 3.1))})
    whole = np.zeros(5 * 16_000 + 1600, np.float32)
    for block in Track(room.record, START_US, room.view.track("T01", "mic-bench")).blocks():
        whole[block.start : block.end] = block.samples
    growing, track = Growing(room, tmp_path / "live"), LiveTrack(tmp_path / "live", "T01", "mic-bench", START_US)
    heard, reached = np.zeros_like(whole), 0
    for tick in range(1, 22):
        growing.until(tick * TICK_S)
        for block in track.read(over=tick == 21):
            assert block.start == reached
            heard[block.start : block.end], reached = block.samples, block.end
    track.close()
    assert np.array_equal(heard, whole)


def test_words_come_while_they_are_said(follow: Follow, room: Courtroom) -> None:
    room.take(
        {
            "mic-bench": voices(("quiet", 1), ("loud", 6), ("quiet", 5)),
            "mic-table": voices(("quiet", 8), ("loud", 1), ("quiet", 3)),
        },
        segment_s=4,
    )
    hall = follow(room)
    hall.run(14)
    told_well(hall.arrived)
    first = next(at for at, one in hall.arrived if one.text)
    assert first <= 1 + 2.5, "words before the sentence is over"
    assert [(one.source, one.speaker) for _, one in hall.settled()] == [("mic-bench", "judge"), ("mic-table", None)]
    for (at, one), end in zip(hall.settled(), (7, 9), strict=True):
        assert one.end_us == pytest.approx(START_US + end * SECOND, abs=SECOND // 4)
        assert at - end <= 2
    assert hall.settled()[0][1].demonstration
    assert max(news.behind_ms for _, news in hall.fake.live) <= 2500
    assert hall.fake.live[-1][1].up_to_us == START_US + 12 * SECOND


def test_the_loudest_microphone_s_voice_only(follow: Follow, room: Courtroom) -> None:
    loud = voices(("quiet", 1), ("loud", 3), ("quiet", 3))
    room.take({"mic-bench": loud, "mic-table": (loud * 0.12).astype(np.float32)})
    hall = follow(room)
    hall.run(9)
    told_well(hall.arrived)
    assert {one.source for _, one in hall.arrived if one.text} == {"mic-bench"}


class Doubting(LevelDetector):
    """Takes everything loud for speech, and is sure of it where it is very loud."""

    def __call__(self, windows: Samples) -> npt.NDArray[np.float32]:
        sure = np.sqrt(np.mean(windows**2, axis=1)) > 0.035
        return np.asarray(np.where(sure, 1.0, 0.6) * super().__call__(windows), np.float32)


def test_what_the_detector_is_never_sure_of_gets_no_words(follow: Follow, room: Courtroom) -> None:
    parts = voices(("quiet", 1), ("loud", 3), ("quiet", 3), ("loud", 3), ("quiet", 3))
    parts[: 6 * RATE] *= 0.3
    room.take({"mic-bench": parts}, segment_s=4)
    asked: list[int] = []

    def listening(samples: Samples, language: str) -> Recognition:
        asked.append(len(samples))
        return counting(samples, language)

    hall = follow(room, engines_of(FakeRecognizer(MODEL, frozenset({"kk"}), listening)))
    hall.detector = Doubting
    hall.live = hall.start()
    hall.run(5.5)
    assert asked == []
    hall.run(15)
    told_well(hall.arrived)
    assert [(one.kind, one.start_us < START_US + 6 * SECOND) for _, one in hall.arrived if one.settled] == [
        ("refused", True),
        ("speech", False),
    ]
    assert max(news.behind_ms for _, news in hall.fake.live) <= 2500


def test_long_talk_is_settled_in_pieces(follow: Follow, room: Courtroom) -> None:
    room.take({"mic-bench": voices(("loud", 50), ("quiet", 2))}, segment_s=10)
    hall = follow(room)
    hall.run(54)
    told_well(hall.arrived)
    pieces = [one for _, one in hall.settled()]
    assert len(pieces) >= 2
    assert max(one.end_us - one.start_us for one in pieces) <= 28 * SECOND
    assert sum(one.end_us - one.start_us for one in pieces) == pytest.approx(50 * SECOND, rel=0.03)
    assert max(news.behind_ms for _, news in hall.fake.live) <= 3000


def test_an_engine_too_slow_skips_what_is_old(follow: Follow, room: Courtroom) -> None:
    room.take({"mic-bench": voices(*[("loud", 1.5), ("quiet", 1.5)] * 40)}, segment_s=10)
    hall = follow(room)

    def slow(samples: Samples, language: str) -> Recognition:
        hall.clock += 7
        return counting(samples, language)

    hall.engines = engines_of(FakeRecognizer(MODEL, frozenset({"kk"}), slow))
    hall.live = hall.start()
    hall.run(135)
    told_well(hall.arrived)
    assert any(one.kind == "skipped" for _, one in hall.arrived)
    assert len(hall.settled()) >= 5, "the newest are written"
    assert max(news.behind_ms for _, news in hall.fake.live) <= 45_000


def test_started_again_it_goes_on_where_it_was(follow: Follow, room: Courtroom) -> None:
    room.take({"mic-bench": voices(*[("loud", 4), ("quiet", 2)] * 8)}, segment_s=4)
    hall = follow(room)
    hall.run(38)  # in the middle of the seventh
    assert any(not one.settled for _, one in hall.arrived[-1:])
    hall.live.close()
    hall.live = hall.start()
    before = len(hall.arrived)
    hall.run(50)
    assert not [one for _, one in hall.arrived[before + 1 :] if one.start_us < START_US + 36 * SECOND - SECOND]
    last = {one.id: one for _, one in hall.arrived}
    assert all(one.settled for one in last.values())
    written = sorted(one.start_us for one in last.values() if one.text)
    assert len(written) == 8
    assert all(b - a > 5 * SECOND for a, b in itertools.pairwise(written)), "nothing twice"


def test_takes_follow_each_other(follow: Follow, room: Courtroom) -> None:
    room.take({"mic-bench": voices(("loud", 2), ("quiet", 1))})
    room.take({"mic-bench": voices(("quiet", 1), ("loud", 2))}, take="T02", at=6)
    hall = follow(room)
    hall.run(12)
    told_well(hall.arrived)
    assert [one.take for _, one in hall.settled()] == ["T01", "T02"]


def test_one_hearing_after_another(follow: Follow, room: Courtroom, tmp_path: Path) -> None:
    room.take({"mic-bench": voices(("loud", 2), ("quiet", 1))})
    hall = follow(room)
    hall.run(5)
    other = Courtroom(tmp_path / "other", hearing="h2")
    other.line("source", {"name": "mic-bench", "kind": "microphone", "media": "audio"})
    other.take({"mic-bench": voices(("loud", 2), ("quiet", 1))}, at=7)
    growing = Growing(other, hall.growing.folder.parent / "h2")
    for tick in range(50):
        hall.clock = 5 + tick * TICK_S
        growing.until(hall.clock)
        state, hearing = ("finished", "h1") if tick < 4 else ("planned", "h2") if tick < 8 else ("recording", "h2")
        hall.fake.now = Room(state, hearing, START_US + int(hall.clock * SECOND))
        hall.live.step()
    told = {
        hearing: [one for of, news in hall.fake.live if of == hearing for one in news.passages]
        for hearing in ("h1", "h2")
    }
    assert [sum(one.settled and bool(one.text) for one in passages) for passages in told.values()] == [1, 1]


def test_nothing_of_a_hearing_that_is_not_recorded(follow: Follow, room: Courtroom) -> None:
    room.take({"mic-bench": voices(("loud", 2))})
    hall = follow(room)
    hall.growing.until(5)
    for state, hearing in (("finished", "h1"), ("planned", "h1"), (None, None)):
        hall.fake.now = Room(state, hearing, START_US)
        hall.clock += 2
        assert not hall.live.step()
        assert not hall.live.following
    assert hall.fake.live == []


@pytest.mark.parametrize("spoil", [lambda path: path.unlink(), lambda path: path.write_bytes(b"{}\n")])
def test_trouble_costs_live_words_and_nothing_else(
    follow: Follow, room: Courtroom, spoil: Callable[[Path], None]
) -> None:
    room.take({"mic-bench": voices(("loud", 2))})
    hall = follow(room)
    hall.growing.until(0.5)
    spoil(hall.growing.folder / "journal.jsonl")
    hall.clock = 1.0
    assert not hall.live.step()
    assert hall.fake.live == []


def test_an_engine_that_fails_costs_one_utterance(follow: Follow, room: Courtroom) -> None:
    def failing(samples: Samples, language: str) -> Recognition:
        if len(samples) < 2 * 16_000:
            raise RuntimeError("out of memory")
        return counting(samples, language)

    room.take({"mic-bench": voices(("loud", 0.9), ("quiet", 2), ("loud", 3), ("quiet", 2))})
    hall = follow(room, engines_of(FakeRecognizer(MODEL, frozenset({"kk"}), failing)))
    hall.run(11)
    told_well(hall.arrived)
    assert [(one.kind, bool(one.text)) for _, one in hall.arrived if one.settled] == [
        ("refused", False),
        ("speech", True),
    ]
