"""What the child does with what comes in, without a process around it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from protocol.errors import DiskFailed
from recorder.capture_core import Capture, run
from recorder.errors import BadCaptureConfig, CaptureBehind, CaptureError, SourceLost
from recorder.inbox import MOST_WAITING_BYTES, Begin, CaptureConfig, End, Inbox, Quit, parse_command, parse_config
from recorder.packets import Picture
from recorder.segments import Syncer
from recorder.sources.base import Failure, Opened, PictureItem, SoundBlock, Track
from recorder.sources.scripted import ScriptedSource
from tests.support.clips import counter, make_clip, numbers_in, samples_in

OFFSET = 1_790_000_000_000_000
RATE = 8000
BLOCK = 80


class Reports:
    """Collects reports, from any thread."""

    def __init__(self) -> None:
        self.all: list[dict[str, Any]] = []

    def __call__(self, report: str, **fields: Any) -> None:
        self.all.append({"report": report, **fields})

    def of(self, report: str) -> list[dict[str, Any]]:
        return [item for item in self.all if item["report"] == report]


@pytest.fixture
def reports() -> Reports:
    return Reports()


@pytest.fixture
def syncer() -> Iterator[Syncer]:
    made = Syncer()
    yield made
    made.close()


def config(media: str, **more: Any) -> CaptureConfig:
    source = {"name": "device", "kind": "microphone", "media": media, "device": "any"}
    return CaptureConfig.model_validate({"source": source, "offset_us": OFFSET, "segment_s": 1.0, **more})


def sound(count: int, first: int = 0) -> Iterator[SoundBlock]:
    """Blocks of 10 ms, each there when its last sample is; sample 0 at 1 s."""
    samples = counter(count, (1, 7))
    for at in range(first, count, BLOCK):
        yield SoundBlock(samples[at : at + BLOCK], 1_000_000 + (at + BLOCK) * 1_000_000 // RATE)


SOUND = Opened((Track("mic-a", "audio", "flac", RATE), Track("mic-b", "audio", "flac", RATE)))


def begin(folder: Path, take: str = "T01") -> Begin:
    return Begin(do="begin", take=take, folder=folder)


def test_sound_is_written_from_begin_to_end_and_placed(tmp_path: Path, reports: Reports, syncer: Syncer) -> None:
    capture = Capture(config("audio"), reports, syncer)
    blocks = list(sound(RATE * 4))
    capture.handle(SOUND)
    for block in blocks[:150]:
        capture.handle(block)
    assert [item["tracks"][0]["source"] for item in reports.of("ready")] == ["mic-a"]
    capture.handle(begin(tmp_path))
    for block in blocks[150:380]:
        capture.handle(block)
    capture.tick()
    capture.handle(End(do="end"))
    for block in blocks[380:]:
        capture.handle(block)
    closed = [item for item in reports.of("closed") if item["source"] == "mic-b"]
    heard = np.concatenate([samples_in(tmp_path / item["path"]) for item in closed])
    assert np.array_equal(heard, counter(RATE * 4, (1, 7))[150 * BLOCK : 380 * BLOCK, 1])
    assert [item["number"] for item in closed] == [1, 2, 3]
    assert closed[0]["start_us"] == OFFSET + 1_000_000 + 1_500_000
    assert closed[-1]["end_us"] == OFFSET + 1_000_000 + 3_800_000
    assert {item["source"]: item["start_us"] for item in reports.of("first")} == {
        "mic-a": closed[0]["start_us"],
        "mic-b": closed[0]["start_us"],
    }
    assert len(reports.of("ended")) == 1
    assert reports.of("alive")[0]["bytes"] == 380 * BLOCK * 4
    assert len(reports.of("level")) == 40
    assert reports.of("level")[0]["levels"].keys() == {"mic-a", "mic-b"}


def test_begin_before_the_device_is_ready_waits_for_it(tmp_path: Path, reports: Reports, syncer: Syncer) -> None:
    capture = Capture(config("audio"), reports, syncer)
    capture.handle(begin(tmp_path))
    capture.handle(SOUND)
    for block in sound(RATE):
        capture.handle(block)
    capture.handle(End(do="end"))
    (closed, _) = reports.of("closed")
    assert closed["start_us"] >= OFFSET + 1_500_000


def test_lost_samples_cut_the_segment_and_leave_a_hole(tmp_path: Path, reports: Reports, syncer: Syncer) -> None:
    capture = Capture(config("audio", segment_s=20), reports, syncer)
    capture.handle(SOUND)
    for number, block in enumerate(sound(RATE * 20)):
        if number == 100:
            capture.handle(begin(tmp_path))
        late_us = 200_000 if number >= 1000 else 0  # 200 ms were never delivered
        capture.handle(SoundBlock(block.samples, block.arrival_us + late_us))
    capture.handle(End(do="end"))
    one, two = [item for item in reports.of("closed") if item["source"] == "mic-a"]
    assert (one["closed"], two["closed"]) == ("lost", "stop")
    assert abs(two["start_us"] - one["end_us"] - 200_000) < 1_000
    assert two["end_us"] == pytest.approx(OFFSET + 21_200_000, abs=1_000)


@pytest.fixture
def camera(tmp_path: Path) -> tuple[Opened, list[PictureItem]]:
    """Six seconds of a camera with a key frame a second; picture n is decoded at n/25 s and is there then."""
    container = av.open(str(make_clip(tmp_path / "clip.mp4", 6)))
    stream = container.streams.video[0]
    ticks = round(1 / (25 * (stream.time_base or 1)))
    items = [
        PictureItem(Picture(bytes(p), p.dts, p.pts, ticks, p.is_keyframe, 1_000_000 + p.dts * 40_000 // ticks))
        for p in container.demux(stream)
        if p.dts is not None and p.pts is not None
    ]
    return Opened((Track("cam", "video", "h264", 90_000),), template=stream), items


def test_video_begins_with_the_last_key_frame(
    tmp_path: Path, reports: Reports, syncer: Syncer, camera: tuple[Opened, list[PictureItem]]
) -> None:
    opened, items = camera
    capture = Capture(
        config("video", preview=str(tmp_path / "run/cam.mp4"), record=str(tmp_path / "record")), reports, syncer
    )
    capture.handle(opened)
    for item in items[:40]:
        capture.handle(item)
    capture.handle(Begin(do="begin", take="T01"))
    for item in items[40:70]:
        capture.handle(item)
    capture.handle(End(do="end"))
    for item in items[70:73]:
        capture.handle(item)
    capture.handle(Begin(do="begin", take="T02"))  # no key frame since the end: waits for the next
    for item in items[73:]:
        capture.handle(item)
    capture.handle(End(do="end"))
    first, *rest = reports.of("closed")
    numbers = [numbers_in(tmp_path / "record" / item["path"]) for item in (first, *rest)]
    assert [first["take"], *(item["take"] for item in rest)] == ["T01", "T01", "T02", "T02", "T02"]
    assert [part[0] for part in numbers] == [25, 50, 75, 100, 125]
    assert [part[-1] for part in numbers] == [49, 69, 99, 124, 149]
    assert first["start_us"] == OFFSET + 2_000_000
    assert rest[-1]["end_us"] == OFFSET + 7_000_000
    assert numbers_in(tmp_path / "run/cam.mp4") == [125]


def test_a_hole_in_the_pictures_ends_the_segment(
    tmp_path: Path, reports: Reports, syncer: Syncer, camera: tuple[Opened, list[PictureItem]]
) -> None:
    opened, items = camera
    capture = Capture(config("video", segment_s=20), reports, syncer)
    capture.handle(opened)
    for item in items[:20]:
        capture.handle(item)
    capture.handle(begin(tmp_path))
    for item in items[20:60]:
        capture.handle(item)
    broken = items[90].picture
    capture.handle(PictureItem(broken._replace(after_hole=True)))
    for item in items[91:]:
        capture.handle(item)
    capture.handle(End(do="end"))
    one, two = reports.of("closed")
    assert (one["closed"], two["closed"]) == ("lost", "stop")
    assert numbers_in(tmp_path / one["path"]) == list(range(60))
    assert numbers_in(tmp_path / two["path"]) == list(range(100, 150))  # from the next key frame
    assert two["start_us"] - one["end_us"] == 1_600_000


def in_thread(source: ScriptedSource, capture: Capture, inbox: Inbox, reports: Reports) -> list[int]:
    status: list[int] = []
    thread = threading.Thread(target=lambda: status.append(run(source, capture, inbox, reports)))
    thread.start()
    thread.join(60)
    return status


def test_a_source_that_fails_closes_what_it_has(tmp_path: Path, reports: Reports, syncer: Syncer) -> None:
    capture, inbox = Capture(config("audio"), reports, syncer), Inbox()
    inbox.put(begin(tmp_path))
    source = ScriptedSource([SOUND, *sound(RATE * 2)], SourceLost("unplugged"))
    assert in_thread(source, capture, inbox, reports) == [SourceLost.exit_status]
    assert [item["closed"] for item in reports.of("closed")].count("lost") == 2
    assert reports.all[-1] == {
        "report": "failed",
        "code": "source-lost",
        "cause": "unplugged",
        "advice": SourceLost.advice,
    }


def test_an_unknown_error_is_reported_too(reports: Reports, syncer: Syncer) -> None:
    source = ScriptedSource([], RuntimeError("a driver's surprise"))
    assert in_thread(source, Capture(config("audio"), reports, syncer), Inbox(), reports) == [CaptureError.exit_status]
    assert (reports.all[-1]["code"], reports.all[-1]["cause"]) == ("capture", "RuntimeError: a driver's surprise")


def test_a_disk_that_refuses_ends_the_child(tmp_path: Path, reports: Reports, syncer: Syncer) -> None:
    (tmp_path / "media").write_bytes(b"no folder")
    capture, inbox = Capture(config("audio"), reports, syncer), Inbox()
    inbox.put(begin(tmp_path))
    assert in_thread(ScriptedSource([SOUND, *sound(RATE * 2)]), capture, inbox, reports) == [DiskFailed.exit_status]
    assert reports.all[-1]["code"] == "disk-failed"


def test_quit_closes_and_leaves_with_0(tmp_path: Path, reports: Reports, syncer: Syncer) -> None:
    capture, inbox = Capture(config("audio"), reports, syncer), Inbox()
    inbox.put(SOUND)
    for item in sound(RATE):
        inbox.put(item)
    inbox.put(begin(tmp_path))
    for item in sound(RATE * 2, RATE):
        inbox.put(item)
    inbox.put(Quit(do="quit"))
    assert in_thread(ScriptedSource([]), capture, inbox, reports) == [0]
    assert [item["units"] for item in reports.of("closed")] == [RATE, RATE]


def test_a_take_within_a_take_is_refused(tmp_path: Path, reports: Reports, syncer: Syncer) -> None:
    capture = Capture(config("audio"), reports, syncer)
    capture.handle(SOUND)
    for block in sound(RATE):
        capture.handle(block)
    with pytest.raises(BadCaptureConfig, match="no folder"):
        capture.handle(Begin(do="begin", take="T01"))
    capture.handle(begin(tmp_path))
    with pytest.raises(BadCaptureConfig, match="T02"):
        capture.handle(begin(tmp_path, "T02"))
    capture.close("stop")
    with pytest.raises(SourceLost):
        capture.handle(Failure(SourceLost("gone")))


def test_memory_is_bounded_when_the_disk_hangs() -> None:
    inbox = Inbox()
    block = SoundBlock(np.zeros((2**20, 8), np.int16), 0)
    put = MOST_WAITING_BYTES // block.samples.nbytes
    for _ in range(put + 3):
        inbox.put(block)
    found = [inbox.get(0) for _ in range(put + 2)]
    assert [type(item) for item in found] == [SoundBlock] * put + [CaptureBehind, type(None)]


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"[]",
        b'{"source":{"name":"cam","kind":"camera","media":"video","url":"rtsp://court:secret@host/"}}',
        b'{"source":{"name":"CAM!","kind":"camera","media":"video"},"offset_us":0}',
    ],
)
def test_a_wrong_configuration_is_named_without_its_values(line: bytes) -> None:
    with pytest.raises(BadCaptureConfig) as caught:
        parse_config(line)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        b"begin",
        b'{"do":"dance"}',
        b'{"do":"begin"}',
        b'{"do":"begin","take":"../T1"}',
        b'{"do":"begin","take":"T01","publicity":"closed"}',
    ],
)
def test_a_wrong_command_is_refused(line: bytes) -> None:
    with pytest.raises(BadCaptureConfig):
        parse_command(line)
