"""A segment whose writer was killed: cut after its last whole fragment, and measured.

Nothing is repaired and nothing is thrown away that could be shown: only bytes after the last whole ``mdat`` go, which no
player could decode and no ``progress`` line covers.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer

from protocol.durable import settle
from protocol.encoding import b64
from protocol.errors import DiskFailed
from recorder.boxes import Layout, layout
from recorder.errors import SegmentUnreadable
from recorder.levels import LevelMeter
from recorder.segment_file import START_MARK
from recorder.segments import VIDEO_RATE


@dataclass(frozen=True)
class RecoveredSegment:
    """What is left of a segment. Keys as in a ``segment`` line; times in µs.

    Attributes:
        start_us: as the writer noted it in the file; None when the file does not say (it was not made by a recorder).
        duration_us: length of the media.
        cut_bytes: bytes that were cut off.
    """

    bytes: int
    sha256: str
    start_us: int | None
    duration_us: int
    media: str
    codec: str
    rate: int
    units: int
    fragments: int
    peak_cdb: int | None
    rms_cdb: int | None
    cut_bytes: int

    @property
    def empty(self) -> bool:
        """No whole fragment: there is nothing to keep (the caller deletes the file and names it in the gap)."""
        return self.fragments == 0

    @property
    def end_us(self) -> int | None:
        """End of the media on the hearing's clock, if :attr:`start_us` is known."""
        return None if self.start_us is None else self.start_us + self.duration_us


def recover_segment(path: Path) -> RecoveredSegment:
    """Cut the file after its last whole fragment (durably) and measure what is left.

    A file that is whole already keeps all its bytes, so recovering twice changes nothing. A file without any whole
    fragment is left as it is and reported as :attr:`RecoveredSegment.empty`.

    Args:
        path: a plain segment (closed parts are recovered by their chunks, section 9).

    Raises:
        DiskFailed: it cannot be read or cut.
        SegmentUnreadable: its boxes are whole, but what is in them is no media.
    """
    try:
        with path.open("rb") as file:
            found = layout(file)
        if not found.fragments:
            return _empty(found)
        # The kill may have come before the last sync, or after one that failed: what is journalled now must be on the disk.
        settle(path, found.whole)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise DiskFailed(f"{path}: cannot be read: {error.strerror}") from error
    try:
        with av.open(str(path)) as container:
            media = _measure(container)
    except (av.FFmpegError, ValueError, IndexError) as error:
        raise SegmentUnreadable(f"{path}: {error}") from error
    return RecoveredSegment(
        bytes=found.whole,
        sha256=b64(digest),
        fragments=found.fragments,
        cut_bytes=found.length - found.whole,
        **asdict(media),
    )


def _empty(found: Layout) -> RecoveredSegment:
    return RecoveredSegment(
        bytes=found.length,
        sha256="",
        start_us=None,
        duration_us=0,
        media="",
        codec="",
        rate=0,
        units=0,
        fragments=0,
        peak_cdb=None,
        rms_cdb=None,
        cut_bytes=found.length,
    )


@dataclass(frozen=True)
class _Media:
    start_us: int | None
    duration_us: int
    media: str
    codec: str
    rate: int
    units: int
    peak_cdb: int | None
    rms_cdb: int | None


def _measure(container: InputContainer) -> _Media:
    stream = container.streams[0]
    comment = container.metadata.get("comment", "")
    start_us = int(comment.removeprefix(START_MARK)) if comment.startswith(START_MARK) else None
    codec = stream.codec_context.codec.canonical_name
    if isinstance(stream, AudioStream):
        samples, meter = _listen(container, stream)
        duration_us = samples * 1_000_000 // stream.rate
        return _Media(start_us, duration_us, "audio", codec, stream.rate, samples, meter.peak_cdb, meter.rms_cdb)
    frames = end = 0
    for packet in container.demux(stream):
        if packet.dts is not None:
            frames, end = frames + 1, packet.dts + (packet.duration or 0)
    duration_us = int(end * (stream.time_base or 0) * 1_000_000)
    return _Media(start_us, duration_us, "video", codec, VIDEO_RATE, frames, None, None)


def _listen(container: InputContainer, stream: AudioStream) -> tuple[int, LevelMeter]:
    """Count and measure the samples by decoding them, which also shows that they can be decoded."""
    samples, meter = 0, LevelMeter()
    packed = AudioResampler(format="s32")  # PyAV 18 crashes on planar frames of eight channels
    for frame in container.decode(stream):
        samples += frame.samples
        for part in packed.resample(frame):
            meter.add(part.to_ndarray().reshape(-1).astype(np.int32, copy=False))
    return samples, meter
