"""A segment whose writer was killed: cut after its last whole fragment, and measured.

Nothing is repaired and nothing is thrown away that could be shown: only bytes after the last whole ``mdat`` go, which no
player could decode and no ``progress`` line covers. A power cut may leave a file its length without the bytes: zeros, or what
lay there. So a fragment counts as whole when it was written, not when its box says how long it is.
"""

from __future__ import annotations

import hashlib
import io
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
from recorder.closed_segments import OpenedSegment, opened_segment
from recorder.errors import SegmentUnreadable
from recorder.levels import LevelMeter
from recorder.segment_file import START_MARK
from recorder.segments import VIDEO_RATE

#: No codec of a segment writes so many zero bytes in a row; a block of a disk that was never written is nothing else.
_UNWRITTEN = bytes(512)
#: What is not on the disk yet is younger than the last ``progress`` line (at most 2 s), so at most so many fragments are given up.
_YOUNG = 10


@dataclass(frozen=True)
class RecoveredSegment:
    """What is left of a segment. Keys as in a ``segment`` line; times in µs.

    Attributes:
        start_us: as the writer noted it in the file; None when the file does not say (it was not made by a recorder).
        duration_us: length of the media.
        cut_bytes: bytes that were cut off.
        plain_bytes, plain_sha256: of what is encrypted; None of a plain file.
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
    plain_bytes: int | None = None
    plain_sha256: str | None = None

    @property
    def empty(self) -> bool:
        """No whole fragment: there is nothing to keep (the caller deletes the file and names it in the gap)."""
        return self.fragments == 0

    @property
    def end_us(self) -> int | None:
        """End of the media on the hearing's clock, if :attr:`start_us` is known."""
        return None if self.start_us is None else self.start_us + self.duration_us


def recover_segment(path: Path, closed: tuple[bytes, str] | None = None) -> RecoveredSegment:
    """Cut the file after its last whole fragment (durably) and measure what is left.

    A file that is whole already keeps all its bytes, so recovering twice changes nothing. A file without any whole
    fragment is left as it is and reported as :attr:`RecoveredSegment.empty`.

    Args:
        path: a segment.
        closed: of an encrypted one its key and its path in the record; it is cut after the chunk of its last whole fragment.

    Raises:
        DiskFailed: it cannot be read or cut.
        SegmentUnreadable: its boxes are whole, but what is in them is no media.
    """
    try:
        data = path.read_bytes()
        opened = _opened(path, data, closed) if closed else None
        plain = data if opened is None else b"".join(opened.plain)
        found = layout(io.BytesIO(plain))
        if not found.fragments:
            return _empty(len(data))
        fragments, media = _written(path, plain, found)
        length = found.spans[fragments - 1][1]
        whole = length if opened is None else opened.end_of(fragments)
        # The kill may have come before the last sync, or after one that failed: what is journalled now must be on the disk.
        settle(path, whole)
    except OSError as error:
        raise DiskFailed(f"{path}: cannot be read: {error.strerror}") from error
    return RecoveredSegment(
        bytes=whole,
        sha256=b64(hashlib.sha256(memoryview(data)[:whole]).digest()),
        fragments=fragments,
        cut_bytes=len(data) - whole,
        plain_bytes=None if opened is None else length,
        plain_sha256=None if opened is None else b64(hashlib.sha256(memoryview(plain)[:length]).digest()),
        **asdict(media),
    )


def _opened(path: Path, data: bytes, closed: tuple[bytes, str]) -> OpenedSegment:
    """As far as it opens; see :func:`_written` for how much may be given up.

    Raises:
        SegmentUnreadable: more than that does not open, so that the key is another or old bytes were changed.
    """
    opened = opened_segment(data, *closed)
    if opened.shut > _YOUNG:
        raise SegmentUnreadable(f"{path}: {opened.shut} chunks do not open")
    return opened


def _written(path: Path, data: bytes, found: Layout) -> tuple[int, _Media]:
    """How many fragments of the file were written, not only given room, and what is in them.

    Raises:
        SegmentUnreadable: there is no media in it, however much of its end is given up.
    """
    fragments = found.fragments
    while (
        fragments > 1
        and found.fragments - fragments < _YOUNG
        and _UNWRITTEN in data[slice(*found.spans[fragments - 1])]
    ):
        fragments -= 1
    fault: Exception | None = None
    for count in range(fragments, max(0, found.fragments - _YOUNG - 1), -1):
        try:
            with av.open(io.BytesIO(data[: found.spans[count - 1][1]]), mode="r") as container:
                return count, _measure(container)
        except (av.FFmpegError, ValueError, IndexError) as error:
            fault = fault or error
    raise SegmentUnreadable(f"{path}: {fault}")


def _empty(length: int) -> RecoveredSegment:
    return RecoveredSegment(
        bytes=length,
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
        cut_bytes=length,
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
