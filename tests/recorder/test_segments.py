"""Segments: exact joins, true digests, whole files, and what a kill leaves."""

from __future__ import annotations

import base64
import gc
import hashlib
import itertools
import time
from pathlib import Path

import av
import numpy as np
import pytest
from av.container import OutputContainer

from protocol.errors import DiskFailed, RecordExists
from recorder.boxes import BoxSplitter, boxes, layout
from recorder.errors import SegmentUnreadable
from recorder.levels import SILENCE_CDB, LevelMeter
from recorder.segment_recovery import recover_segment
from recorder.segments import ClosedSegment, PacketWriter, Place, SoundWriter, Syncer
from tests.support.clips import make_clip, numbers_in, samples_in

START = 1_790_000_000_000_007


def digest(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def check_facts(record: Path, segments: list[ClosedSegment]) -> None:
    for number, segment in enumerate(segments, 1):
        data = (record / segment.path).read_bytes()
        assert (segment.bytes, segment.sha256, segment.number) == (len(data), digest(data), number)
        with (record / segment.path).open("rb") as file:
            found = layout(file)
        assert (found.fragments, found.whole) == (segment.fragments, segment.bytes)
    for one, two in itertools.pairwise(segments):
        assert one.end_us == two.start_us


@pytest.mark.parametrize(("rate", "bits"), [(48000, 16), (44100, 16), (22050, 16), (8000, 16), (48000, 24)])
def test_sound_joins_are_exact_to_the_sample(tmp_path: Path, rate: int, bits: int) -> None:
    random = np.random.default_rng(rate)
    count = rate * 11 + 777
    if bits == 16:
        sound = (random.standard_normal(count) * 3000).astype(np.int16)
    else:
        sound = random.integers(-(2**23), 2**23, count, np.int32) * 256
    writer = SoundWriter(Place(tmp_path, "T01", "mic", 1_000_000), rate=rate, start_us=START, bits=bits)
    closed: list[ClosedSegment] = []
    at = 0
    while at < count:
        step = int(random.integers(1, rate // 10))
        closed += writer.write(sound[at : at + step])
        at += step
    assert writer.end_us == START + count * 1_000_000 // rate
    closed += writer.close()
    assert len(closed) >= 11
    check_facts(tmp_path, closed)
    heard = [samples_in(tmp_path / segment.path) for segment in closed]
    assert [part.size for part in heard] == [segment.units for segment in closed]
    assert np.array_equal(np.concatenate(heard), sound)
    before = 0
    for segment in closed:  # from one anchor: no rounding adds up
        assert segment.start_us == START + before * 1_000_000 // rate
        before += segment.units
    assert closed[-1].end_us == START + count * 1_000_000 // rate
    assert [segment.closed for segment in closed] == ["roll"] * (len(closed) - 1) + ["stop"]


def test_sound_levels_are_those_of_the_segment(tmp_path: Path) -> None:
    writer = SoundWriter(Place(tmp_path, "T01", "mic", 1_000_000), rate=8000, start_us=START)
    half = np.full(8000, 16384, np.int16)
    closed = writer.write(half) + writer.write(np.zeros(8000, np.int16)) + writer.close()
    assert [(segment.peak_cdb, segment.rms_cdb) for segment in closed] == [(-602, -602), (SILENCE_CDB, SILENCE_CDB)]


def test_full_scale_is_zero() -> None:
    meter = LevelMeter()
    meter.add(np.full(10, -32768, np.int16))
    assert meter.pair == [0, 0]
    meter.reset()
    meter.add(np.full(10, -(2**31), np.int32))
    assert meter.pair == [0, 0]


def test_nothing_written_makes_no_file(tmp_path: Path) -> None:
    writer = SoundWriter(Place(tmp_path, "T01", "mic"), rate=48000, start_us=START)
    assert writer.close() == []
    assert not list(tmp_path.rglob("*.mp4"))


def test_few_samples_make_one_fragment(tmp_path: Path) -> None:
    writer = SoundWriter(Place(tmp_path, "T01", "mic"), rate=48000, start_us=START)
    writer.write(np.arange(7, dtype=np.int16))
    (segment,) = writer.close()
    assert (segment.units, segment.fragments, segment.end_us - segment.start_us) == (7, 1, 7 * 1_000_000 // 48000)
    assert list(samples_in(tmp_path / segment.path)) == list(range(7))


def test_lost_samples_move_what_follows(tmp_path: Path) -> None:
    writer = SoundWriter(Place(tmp_path, "T01", "mic"), rate=8000, start_us=START)
    first = writer.write(np.zeros(8000, np.int16)) + writer.close("lost")
    writer.shift(250_000)
    second = writer.write(np.zeros(4000, np.int16)) + writer.close()
    assert [(s.start_us - START, s.end_us - START, s.closed) for s in first + second] == [
        (0, 1_000_000, "lost"),
        (1_250_000, 1_750_000, "stop"),
    ]


def test_a_writer_goes_on_after_the_files_that_are_there(tmp_path: Path) -> None:
    for _ in range(2):
        writer = SoundWriter(Place(tmp_path, "T01", "mic"), rate=8000, start_us=START)
        writer.write(np.zeros(800, np.int16))
        (segment,) = writer.close()
    assert segment.path == "media/T01/mic/0002.mp4"


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    writer = SoundWriter(Place(tmp_path, "T01", "mic"), rate=8000, start_us=START)
    taken = tmp_path / "media/T01/mic/0001.mp4"
    taken.parent.mkdir(parents=True)
    taken.write_bytes(b"evidence")
    with pytest.raises(RecordExists):
        writer.write(np.zeros(8000, np.int16))
    writer.abandon()
    assert taken.read_bytes() == b"evidence"


def test_a_disk_that_refuses_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "media").write_bytes(b"no folder")
    writer = SoundWriter(Place(tmp_path, "T01", "mic"), rate=8000, start_us=START)
    with pytest.raises(DiskFailed):
        writer.write(np.zeros(8000, np.int16))
    writer.abandon()


def test_progress_is_a_true_prefix_and_first_is_told_once(tmp_path: Path) -> None:
    told: list[int] = []
    syncer = Syncer()
    place = Place(tmp_path, "T01", "mic", 2_000_000)
    writer = SoundWriter(place, rate=8000, start_us=START, syncer=syncer, on_first=told.append)
    random = np.random.default_rng(3)
    seen, closed = [], []
    for number in range(60):
        closed += writer.write((random.standard_normal(800) * 1000).astype(np.int16))
        deadline = time.monotonic() + 60
        # In the middle of a segment the syncer is given the time it needs, on however busy a machine.
        while number == 55 and writer.progress() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        if progress := writer.progress():
            seen.append(progress)
    closed += writer.close()
    syncer.close()
    assert told == [START]
    assert seen
    for progress in seen:
        data = (tmp_path / progress.path).read_bytes()[: progress.bytes]
        assert digest(data) == progress.sha256
        assert progress.start_us < progress.end_us <= progress.start_us + 2_000_000


class Xor:
    """A transform whose work is easily undone."""

    suffix = ".enc"

    def head(self) -> bytes:
        return b"HEAD"

    def chunk(self, fragment: bytes) -> bytes:
        return len(fragment).to_bytes(4, "big") + bytes(byte ^ 0x55 for byte in fragment)

    def finish(self) -> bytes:
        return b"END"


def test_a_transform_sees_whole_fragments(tmp_path: Path) -> None:
    writer = SoundWriter(Place(tmp_path, "T01", "mic", transform=lambda _path: Xor()), rate=8000, start_us=START)
    writer.write(np.arange(8000, dtype=np.int16))
    (segment,) = writer.close()
    data = (tmp_path / segment.path).read_bytes()
    assert segment.path.endswith("0001.mp4.enc")
    assert (segment.bytes, segment.sha256) == (len(data), digest(data))
    assert (data[:4], data[-3:]) == (b"HEAD", b"END")
    plain, at, chunks = b"", 4, 0
    while at < len(data) - 3:
        size = int.from_bytes(data[at : at + 4], "big")
        plain += bytes(byte ^ 0x55 for byte in data[at + 4 : at + 4 + size])
        at, chunks = at + 4 + size, chunks + 1
    assert (segment.plain_bytes, segment.plain_sha256) == (len(plain), digest(plain))
    assert chunks == segment.fragments
    found = segment.data()
    assert {"plain_bytes", "plain_sha256"} <= found.keys()


def copy_clip(clip: Path, record: Path, segment_us: int) -> list[ClosedSegment]:
    closed: list[ClosedSegment] = []
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        writer = PacketWriter(Place(record, "T01", "cam", segment_us), template=stream, start_us=START)
        for packet in container.demux(stream):
            if packet.dts is not None:
                closed += writer.write(packet)
        closed += writer.close()
    return closed


@pytest.mark.parametrize(("group", "starts"), [(25, [0, 2, 4, 6]), (60, [0, 2.4, 4.8]), (1000, [0])])
def test_video_is_cut_at_key_frames(tmp_path: Path, group: int, starts: list[float]) -> None:
    clip = make_clip(tmp_path / "clip.mp4", 7, group=group)
    closed = copy_clip(clip, tmp_path / "record", 2_000_000)
    check_facts(tmp_path / "record", closed)
    assert [segment.start_us - START for segment in closed] == [round(start * 1_000_000) for start in starts]
    assert closed[-1].end_us == START + 7_000_000
    numbers = [numbers_in(tmp_path / "record" / segment.path) for segment in closed]
    assert [number for part in numbers for number in part] == list(range(7 * 25))
    assert [len(part) for part in numbers] == [segment.units for segment in closed]
    assert {(s.media, s.codec, s.rate, s.peak_cdb, s.rms_cdb) for s in closed} == {("video", "h264", 90000, None, None)}


def test_a_segment_ends_before_twenty_seconds_where_key_frames_allow(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", 40, size=(256, 64), group=7 * 25)
    closed = copy_clip(clip, tmp_path / "record", 15_000_000)
    assert [(segment.end_us - segment.start_us) // 1_000_000 for segment in closed] == [14, 14, 12]


def test_video_begins_with_a_key_frame(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", 2)
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        writer = PacketWriter(Place(tmp_path, "T01", "cam"), template=stream, start_us=START)
        for packet in [packet for packet in container.demux(stream) if packet.dts is not None][3:]:
            writer.write(packet)
        (segment,) = writer.close()
    assert numbers_in(tmp_path / segment.path) == list(range(25, 50))


def cut_points(path: Path) -> list[int]:
    """Every kind of place where a file may end: at, just after and just before each box, in headers, in data."""
    length = path.stat().st_size
    points = {0, 1, 7, 8, length - 1, length}
    with path.open("rb") as file:
        for box in boxes(file, length):
            points |= {box.start, box.start + 4, box.start + 8, (box.start + box.end) // 2, box.end - 1}
    return sorted(points)


@pytest.mark.parametrize("kind", ["mic", "cam"])
def test_recovery_at_every_kind_of_cut(tmp_path: Path, kind: str) -> None:
    if kind == "cam":
        (whole,) = copy_clip(make_clip(tmp_path / "clip.mp4", 1.4), tmp_path, 10_000_000)
    else:
        writer = SoundWriter(Place(tmp_path, "T01", "mic"), rate=8000, start_us=START)
        writer.write(np.random.default_rng(1).integers(-9000, 9000, 11_000).astype(np.int16))
        (whole,) = writer.close()
    source = tmp_path / whole.path
    data = source.read_bytes()
    ends = fragment_ends(source)
    torn = tmp_path / "torn.mp4"
    for point in cut_points(source):
        torn.write_bytes(data[:point])
        found = recover_segment(torn)
        kept = max((end for end in ends if end <= point), default=0)
        assert found.empty == (kept == 0), point
        if found.empty:
            assert torn.stat().st_size == point
            continue
        assert torn.read_bytes() == data[:kept]
        assert (found.bytes, found.sha256, found.cut_bytes) == (kept, digest(data[:kept]), point - kept)
        assert (found.start_us, found.media, found.codec, found.rate) == (START, whole.media, whole.codec, whole.rate)
        assert found.fragments == ends.index(kept) + 1
        units = len(numbers_in(torn)) if kind == "cam" else samples_in(torn).size
        assert found.units == units
        assert found.duration_us == (units * 40_000 if kind == "cam" else units * 125)
        assert recover_segment(torn).bytes == kept  # once more changes nothing
    torn.write_bytes(data)
    found = recover_segment(torn)
    assert (found.units, found.end_us, found.sha256) == (whole.units, whole.end_us, whole.sha256)
    assert (found.peak_cdb, found.rms_cdb) == (whole.peak_cdb, whole.rms_cdb)


@pytest.mark.parametrize("kind", ["mic", "cam"])
@pytest.mark.parametrize("unwritten", ["all", "payload", "end"])
def test_a_fragment_that_was_given_room_and_never_written_is_cut(tmp_path: Path, kind: str, unwritten: str) -> None:
    """After a power cut a file may have its length and not its bytes: no such fragment may cost the ones before it."""
    if kind == "cam":
        (whole,) = copy_clip(make_clip(tmp_path / "clip.mp4", 1.4), tmp_path, 10_000_000)
    else:
        writer = SoundWriter(Place(tmp_path, "T01", "mic"), rate=48_000, start_us=START)
        writer.write(np.random.default_rng(1).integers(-9000, 9000, 66_000).astype(np.int16))
        (whole,) = writer.close()
    path = tmp_path / whole.path
    data = path.read_bytes()
    with path.open("rb") as file:
        *kept, (start, end) = layout(file).spans
        (payload,) = [box.start + 8 for box in boxes(file, len(data)) if box.kind == b"mdat" and box.end == end]
    first = {"all": payload - 8, "payload": payload, "end": (payload + end) // 2}[unwritten]
    path.write_bytes(data[:first] + bytes(end - first) if unwritten != "all" else data[:payload] + bytes(end - payload))
    found = recover_segment(path)
    assert found.bytes == kept[-1][1] == start
    assert path.read_bytes() == data[:start]
    assert (found.fragments, found.cut_bytes) == (len(kept), end - start)
    assert found.units == (len(numbers_in(path)) if kind == "cam" else samples_in(path).size)
    assert recover_segment(path).sha256 == found.sha256


def test_a_closed_segment_holds_on_to_nothing(tmp_path: Path) -> None:
    """Its encoder and buffers go with it at once, not when Python next collects cycles: hearings are long."""
    syncer = Syncer()
    writer = SoundWriter(Place(tmp_path, "T01", "mic", 100_000), rate=8000, start_us=START, syncer=syncer)
    gc.collect()
    gc.disable()
    try:
        before = containers()
        assert len(writer.write(np.arange(16_000, dtype=np.int16))) == 20
        writer.close()
        assert containers() == before
    finally:
        gc.enable()
        syncer.close()


def containers() -> int:
    """Containers that live. By type(): isinstance() asks an object, and what torch left behind answers with a warning."""
    return sum(issubclass(type(item), OutputContainer) for item in gc.get_objects())


def fragment_ends(path: Path) -> list[int]:
    with path.open("rb") as file:
        return [box.end for box in boxes(file, path.stat().st_size) if box.kind == b"mdat"]


def test_whole_boxes_without_media_are_named(tmp_path: Path) -> None:
    path = tmp_path / "empty-moov.mp4"
    path.write_bytes(b"".join((8).to_bytes(4, "big") + kind for kind in (b"moov", b"moof", b"mdat")))
    with pytest.raises(SegmentUnreadable, match=r"empty-moov\.mp4"):
        recover_segment(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DiskFailed, match=r"0001\.mp4"):
        recover_segment(tmp_path / "0001.mp4")


def test_splitter_in_pieces_of_any_size(tmp_path: Path) -> None:
    (segment,) = copy_clip(make_clip(tmp_path / "clip.mp4", 1), tmp_path, 10_000_000)
    data = (tmp_path / segment.path).read_bytes()
    for step in (1000, 4096, 33, len(data)):
        splitter = BoxSplitter()
        parts = [part for at in range(0, len(data), step) for part in splitter.feed(data[at : at + step])]
        assert b"".join(parts) == data
        assert (len(parts), splitter.pending) == (segment.fragments, 0)
    with pytest.raises(ValueError, match="length"):
        BoxSplitter().feed(b"\x00\x00\x00\x00mdat")
