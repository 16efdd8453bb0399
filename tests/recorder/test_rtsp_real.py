"""Cameras by RTSP of GStreamer, with real encoders: what the recorder's own reader gives of them, and what FFmpeg gives."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.support import rtsp_server
from tests.support.rtsp_camera import FRAME
from tests.support.rtsp_watched import Watched

CODED = {
    "h264": ("libx264", {"tune": "zerolatency", "g": "25", "x264-params": "threads=1"}, "h264"),
    "reordered": (
        "libx264",
        {"g": "25", "bf": "3", "x264-params": "threads=1:b-adapt=0:b-pyramid=normal:bframes=3"},
        "h264",
    ),
    "h265": ("libx265", {"preset": "ultrafast", "g": "25", "x265-params": "bframes=0:log-level=none"}, "h265"),
}


def coded(path: Path, kind: str) -> str:
    """A clip, and the pipeline that gives it by RTSP."""
    encoder, options, name = CODED[kind]
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(encoder, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 320, 192, "yuv420p"
        for number in range(150):
            shade = np.full((192, 320), 16 + number, np.uint8)
            shade[:, : 2 * number] = np.arange(192, dtype=np.uint8)[:, None]
            frame = av.VideoFrame.from_ndarray(shade, format="gray").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return f'( filesrc location="{path}" ! qtdemux ! queue ! {name}parse ! rtp{name}pay name=pay0 pt=96 config-interval=-1 )'


@pytest.mark.rtsp
@pytest.mark.skipif(rtsp_server.why_not() is not None, reason=str(rtsp_server.why_not()))
@pytest.mark.parametrize("kind", CODED)
def test_a_real_camera_gives_what_ffmpeg_reads_of_it(tmp_path: Path, kind: str) -> None:
    launch = coded(tmp_path / "clip.mp4", kind)
    found: dict[str, Watched] = {}
    for reader in ("auto", "ffmpeg"):
        with rtsp_server.rtsp_server(launch) as real:
            found[reader] = Watched(real.url, 60, reader)
    own, ffmpeg = found["auto"], found["ffmpeg"]
    assert own.own
    assert own.error is None
    if kind != "reordered":  # of which FFmpeg, by RTSP, does not tell the times
        both = list(zip(own.pictures, ffmpeg.pictures, strict=False))
        first = [item.pictures[0].dts for item in (own, ffmpeg)]
        assert [p.data for p, _ in both] == [p.data for _, p in both]
        assert [p.dts - first[0] for p, _ in both] == [p.dts - first[1] for _, p in both]
    _plays(own, tmp_path / "own.mp4")


def _plays(seen: Watched, path: Path) -> None:
    """What was read can be written as it is, and every picture is shown once, at its time."""
    assert seen.opened is not None
    assert seen.opened.template is not None
    pictures = seen.pictures
    with av.open(str(path), "w") as container:
        stream = container.add_stream_from_template(seen.opened.template)
        for picture in pictures:
            packet = picture.packet(Fraction(1, 90_000))
            packet.stream = stream
            container.mux(packet)
    assert all(two.dts > one.dts and two.pts >= two.dts for one, two in pairwise(pictures))
    with av.open(str(path)) as container:
        times = [frame.pts or 0 for frame in container.decode(video=0)]
    # All that were read; of a group that was cut in its middle, what is shown last may wait for what was not read.
    assert len(times) >= len(pictures) - 4
    assert {after - before for before, after in pairwise(times[: len(pictures) - 4])} == {FRAME}
