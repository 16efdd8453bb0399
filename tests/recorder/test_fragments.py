"""Fragments end where it was foretold, and a reader that rests between them loses no time and no picture."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from recorder.boxes import boxes
from recorder.fragments import FragmentStarts
from recorder.packets import Picture, ticks_us
from recorder.pictures import first_picture
from recorder.preview import Preview
from recorder.segments import PacketWriter, Place
from recorder.sources.base import Item, PictureGroup
from recorder.sources.rests import LONGEST_US, SHARE, Rests
from tests.support.clips import make_clip

BASE = Fraction(1, 90_000)


def pictures(count: int, fps: float, group: int, jitter: int = 0, first: int = 7) -> list[Picture]:
    """Pictures at about ``fps`` with a key frame every ``group``; times are off by up to ``jitter`` ticks."""
    noise = np.random.default_rng(1)
    times = [first + round(number * 90_000 / fps) + int(noise.integers(-jitter, jitter + 1)) for number in range(count)]
    return [Picture(b"\x00\x00\x00\x01\x65\x80", dts, dts, 1, at % group == 0, 0) for at, dts in enumerate(times)]


@pytest.mark.parametrize(
    ("fps", "group", "jitter"),
    [
        (25, 25, 0),
        (25, 25, 100),
        (30, 60, 50),
        (29.97, 12, 0),
        (24, 24, 0),
        (12.5, 50, 300),
        (4, 8, 0),
        (60, 7, 10),
        (25, 1, 0),
    ],
)
def test_the_muxer_cuts_where_it_was_foretold(tmp_path: Path, fps: float, group: int, jitter: int) -> None:
    clip = make_clip(tmp_path / "clip.mp4", 0.2)
    made = pictures(round(fps * 7), fps, group, jitter)
    with av.open(str(clip)) as container:
        # A segment begins at each key frame from 2 s on: where the reader does not see that.
        writer = PacketWriter(Place(tmp_path, "T01", "cam", 2_000_000), template=container.streams.video[0], start_us=0)
        writer._base = BASE  # the clip's own time base is coarser than a camera's
        closed = [segment for picture in made for segment in writer.write(picture.packet(BASE))] + writer.close()
    starts = FragmentStarts(BASE)
    wanted = [picture.dts for picture in made if starts.begins(picture)]
    assert len(closed) > 1
    assert sum(segment.fragments for segment in closed) == len(wanted)
    lengths = [segment.fragments for segment in closed]
    ends = [made[sum(s.units for s in closed[:at])].dts for at in range(len(closed))]
    assert [wanted[at] for at in itertools.accumulate([0, *lengths[:-1]])] == ends
    for segment in closed:
        path = tmp_path / segment.path
        with path.open("rb") as file:
            assert sum(box.kind == b"moof" for box in boxes(file, path.stat().st_size)) == segment.fragments


class Camera:
    """A camera and a clock: a picture can be read from when it was taken; reading one costs ``read_us``, waits are ``late_us`` too long."""

    def __init__(self, made: list[Picture], read_us: int = 200, late_us: int = 0) -> None:
        self.made, self.read_us, self.late_us = made, read_us, late_us
        self.now_us = 5_000_000
        self.rests: list[float] = []
        self.handed: list[tuple[int, int]] = []  # number, when

    def rest(self, seconds: float) -> None:
        self.rests.append(seconds)
        self.now_us += round(seconds * 1e6) + self.late_us

    def play(self) -> list[int]:
        """How late each picture was read, µs."""
        late = []
        rests = Rests(self._put, BASE, self.rest, lambda: self.now_us)
        for picture in self.made:
            there_us = 5_000_000 + ticks_us(picture.dts, BASE)
            self.now_us = max(self.now_us, there_us) + self.read_us
            late.append(self.now_us - there_us)
            rests.take(picture)
        rests.flush()
        return late

    def _put(self, item: Item) -> None:
        assert isinstance(item, PictureGroup)
        self.handed += [(picture.dts, self.now_us) for picture in item.pictures]


def test_a_reader_that_keeps_up_rests_and_hands_over_each_fragment_when_it_is_whole() -> None:
    camera = Camera(pictures(250, 25, 25))
    late = camera.play()
    assert [dts for dts, _ in camera.handed] == [picture.dts for picture in camera.made]
    assert len(camera.rests) >= 48
    assert max(camera.rests) <= SHARE * 0.2
    # The last picture of each group was waited for: its arrival is true, and no fragment goes to the disk later than it could.
    assert late[10::5] == [camera.read_us] * 48
    assert max(late) <= LONGEST_US
    for picture in camera.made[5::5]:
        (when,) = [when for dts, when in camera.handed if dts == picture.dts]
        assert when == 5_000_000 + ticks_us(picture.dts, BASE) + camera.read_us


@pytest.mark.parametrize(("read_us", "late_us"), [(9_000, 0), (30_000, 0), (200, 35_000), (20_000, 60_000)])
def test_a_reader_on_a_busy_machine_does_not_fall_behind(read_us: int, late_us: int) -> None:
    late = Camera(pictures(2500, 25, 25), read_us, late_us).play()
    assert max(late) <= 2 * LONGEST_US + late_us
    assert max(late[-500:]) <= max(late[1000:1500])


def test_a_reader_that_stood_still_catches_up_without_a_rest() -> None:
    camera = Camera(pictures(1000, 25, 25))
    made, camera.made = camera.made, camera.made[:500]
    rests = Rests(camera._put, BASE, camera.rest, lambda: camera.now_us)
    for number, picture in enumerate(made):
        there_us = 5_000_000 + ticks_us(picture.dts, BASE)
        camera.now_us = max(camera.now_us, there_us) + 200
        if number == 250:
            camera.now_us += 3_000_000
            camera.rests.clear()
        rests.take(picture)
        if camera.now_us - there_us > 400_000:
            assert not camera.rests
    assert len(camera.rests) > 100


def test_a_camera_whose_clock_is_slow_is_still_rested_for() -> None:
    slow = [Picture(p.data, round(p.dts * 0.9995), p.pts, 1, p.key, 0) for p in pictures(5000, 25, 25)]
    camera = Camera(pictures(5000, 25, 25))
    rests = Rests(camera._put, BASE, camera.rest, lambda: camera.now_us)
    for picture, told in zip(camera.made, slow, strict=True):
        camera.now_us = max(camera.now_us, 5_000_000 + ticks_us(picture.dts, BASE)) + 200
        rests.take(told)
    assert len(camera.rests) >= 970


@pytest.mark.parametrize("container", ["mp4", "mpegts"])
def test_the_last_key_frame_can_be_looked_at(tmp_path: Path, container: str) -> None:
    """As an MP4 where the stream has lengths, as a byte stream where it has start codes."""
    clip = make_clip(tmp_path / "clip.mp4", 1, size=(320, 192))
    source = tmp_path / f"clip.{container}"
    if container == "mpegts":
        with av.open(str(clip)) as read, av.open(str(source), "w", format="mpegts") as write:
            stream = write.add_stream_from_template(read.streams.video[0])
            for packet in read.demux(video=0):
                if packet.dts is not None:
                    packet.stream = stream
                    write.mux(packet)
    else:
        source = clip
    path = tmp_path / "run/cam.key"
    with av.open(str(source)) as read:
        stream = read.streams.video[0]
        preview = Preview(path, stream)
        for packet in read.demux(stream):
            if packet.size and packet.dts is not None:
                preview.show(Picture(bytes(packet), packet.dts, packet.pts or 0, 1, packet.is_keyframe, 0))
    assert first_picture(path.read_bytes()).size == (320, 192)
    assert (b"ftyp" in path.read_bytes()[:16]) == (container == "mp4")
