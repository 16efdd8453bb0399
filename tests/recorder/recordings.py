"""Recordings as other devices make them, for tests of the import. All are made here, with PyAV."""

from __future__ import annotations

import wave
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.stream import VideoStream
from numpy.typing import NDArray

RATE = 44_100
FPS = 25
CREATED = "2026-11-20T04:30:00.000000Z"
CREATED_US = 1_795_149_000_000_000


def noise(seconds: float, channels: int, rate: int = RATE, seed: int = 1) -> NDArray[np.int16]:
    """Speech-like noise, shape (samples, channels), int16: every sample differs, so that a shift cannot hide."""
    rng = np.random.default_rng(seed)
    samples = round(seconds * rate)
    swell = (np.sin(np.arange(samples) / rate * 9)[:, None] + 1.2) * 4000
    return (rng.standard_normal((samples, channels)) * swell).clip(-32768, 32767).astype(np.int16)


def write_wav(path: Path, samples: NDArray[Any], rate: int = RATE, width: int = 2) -> Path:
    """PCM of 16 bits, or of 24 bits from int32 samples with the 24 bits in the upper bytes."""
    data = (
        samples.astype("<i2").tobytes()
        if width == 2
        else samples.astype("<i4").view(np.uint8).reshape(-1, 4)[:, 1:].tobytes()
    )
    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(data)
    return path


def _sound_frames(samples: NDArray[np.int16], rate: int, size: int) -> list[av.AudioFrame]:
    layout = {1: "mono", 2: "stereo", 8: "7.1"}[samples.shape[1]]
    frames = []
    for at in range(0, len(samples), size):
        part: Any = np.ascontiguousarray(samples[at : at + size]).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(part, format="s16", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, at, Fraction(1, rate)
        frames.append(frame)
    return frames


def pictures(seconds: float, width: int = 160, height: int = 120) -> list[av.VideoFrame]:
    """A moving bar, 25 pictures a second."""
    found = []
    for number in range(round(seconds * FPS)):
        image: Any = np.full((height, width, 3), 60, np.uint8)
        image[:, (number * 3) % width : (number * 3) % width + 20] = 200
        frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p")
        frame.pts, frame.time_base = number, Fraction(1, FPS)
        found.append(frame)
    return found


def write(
    path: Path,
    *,
    sound: tuple[tuple[str, NDArray[np.int16]], ...] = (),
    video: str | None = None,
    seconds: float = 0.0,
    created: str | None = None,
    rate: int = RATE,
    options: dict[str, str] | None = None,
) -> Path:
    """A file with any number of sound streams (codec, samples) and perhaps one of pictures."""
    with av.open(str(path), "w", options=options or {}) as container:
        if created:
            container.metadata["creation_time"] = created
        tasks: list[tuple[Any, list[Any]]] = []
        if video:
            stream = cast("VideoStream", container.add_stream(video, rate=FPS))
            stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
            stream.codec_context.gop_size = 2 * FPS
            if video == "libx264":
                stream.codec_context.options = {"bf": "2", "preset": "ultrafast", "b_strategy": "0"}
            tasks.append((stream, pictures(seconds)))
        for codec, samples in sound:
            layout = {1: "mono", 2: "stereo", 8: "7.1"}[samples.shape[1]]
            heard = cast("AudioStream", container.add_stream(codec, rate=rate, layout=layout))
            tasks.append((heard, _sound_frames(samples, rate, 1152)))
        _interleave(container, tasks)
    return path


def _interleave(container: Any, tasks: list[tuple[Any, list[Any]]]) -> None:
    """Encode all streams side by side, as a camera does."""
    order = sorted(
        ((frame.pts * frame.time_base, number, frame) for number, (_, frames) in enumerate(tasks) for frame in frames),
        key=lambda row: row[:2],
    )
    for _, number, frame in order:
        for packet in tasks[number][0].encode(frame):
            container.mux(packet)
    for stream, _ in tasks:
        for packet in stream.encode(None):
            container.mux(packet)


def cut(path: Path, to: Path, share: float) -> Path:
    """The first part of a file, as a device leaves it whose battery died."""
    data = path.read_bytes()
    to.write_bytes(data[: int(len(data) * share)])
    return to


def decode_sound(paths: list[Path]) -> NDArray[Any]:
    """Samples of mono files in a row: int16, or int32 for 24 bits."""
    parts: list[NDArray[Any]] = []
    for path in paths:
        with av.open(str(path)) as container:
            parts += [frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]
    return np.concatenate(parts)


def decode_floats(path: Path) -> NDArray[Any]:
    """Sound of a file with a lossy codec, as its decoder gives it: floats, shape (channels, samples)."""
    with av.open(str(path)) as container:
        return np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)


def decode_pictures(paths: list[Path]) -> list[NDArray[Any]]:
    """Luma of every picture of video files in a row."""
    found: list[NDArray[Any]] = []
    for path in paths:
        with av.open(str(path)) as container:
            found += [frame.reformat(format="gray").to_ndarray() for frame in container.decode(video=0)]
    return found
