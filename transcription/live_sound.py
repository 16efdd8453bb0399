"""Sound of a microphone while its segments are still being written: each new fragment is decoded once, as soon as it is whole.

A segment is a fragmented MP4 file: a head, then pairs of ``moof`` and ``mdat``, each pair by one write. What is read here may be
younger than what is synced: it feeds a draft, nothing else. A segment is over when the next one is there.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
import structlog

from transcription.audio import Block, to_grid
from transcription.recognizer import SAMPLE_RATE, Samples

log = structlog.get_logger(__name__)

_START_MARK: Final = "start_us="
_MOST_BYTES: Final = 8 << 20  # of one read: a fragment has some 50 kB


class _OpenSegment:
    """One file: its head, its decoder, and how far it was read."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._rest = b""
        self._head = b""
        self._decoder: Any = None
        self._resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
        self.start_us: int | None = None
        self._pts_us: int | None = None
        self._given = 0

    def close(self) -> None:
        self._file.close()

    def read(self, origin_us: int, *, last: bool) -> Iterator[Block]:
        """Sound of every fragment that is whole and was not given yet; with `last` also what the resampler holds back."""
        self._rest += self._file.read(_MOST_BYTES)
        whole = self._whole_fragments()
        parts: list[Samples] = []
        if whole:
            with av.open(io.BytesIO(self._head + whole), mode="r", format="mp4", metadata_errors="replace") as container:
                parts = list(self._decoded(container))
        if last and self._decoder is not None:
            frames = [frame for rest in self._decoder.decode(None) for frame in self._resampler.resample(rest)]
            parts += [frame.to_ndarray()[0] for frame in [*frames, *self._resampler.resample(None)]]
            self._decoder = None
        if parts and self.start_us is not None and self._pts_us is not None:
            samples = np.nan_to_num(
                np.concatenate(parts).astype(np.float32, copy=False), nan=0.0, posinf=0.0, neginf=0.0
            )
            first = to_grid(self.start_us + self._pts_us, origin_us) + self._given
            self._given += len(samples)
            yield (
                Block(first, np.clip(samples, -1.0, 1.0)) if first >= 0 else Block(0, np.clip(samples[-first:], -1, 1))
            )

    def _decoded(self, container: Any) -> Iterator[Samples]:
        stream = container.streams.audio[0]
        if self.start_us is None:
            mark = container.metadata.get("comment", "")
            self.start_us = int(mark.removeprefix(_START_MARK)) if mark.startswith(_START_MARK) else None
        if self._decoder is None:
            self._decoder = av.CodecContext.create(stream.codec_context.name, "r")
            self._decoder.extradata = stream.codec_context.extradata
            self._decoder.sample_rate = stream.codec_context.sample_rate
            self._decoder.layout = stream.codec_context.layout
        for packet in container.demux(stream):
            if packet.size == 0:  # the end of these fragments is not the end of the sound
                continue
            if self._pts_us is None and packet.pts is not None:
                self._pts_us = int(packet.pts * packet.time_base * 1_000_000)
            for frame in self._decoder.decode(packet):
                for piece in self._resampler.resample(frame):
                    yield piece.to_ndarray()[0]

    def _whole_fragments(self) -> bytes:
        """Take whole pairs of boxes off what was read; the head is kept."""
        end = at = 0
        while at + 8 <= len(self._rest):
            size, kind = struct.unpack_from(">I4s", self._rest, at)
            if size < 8 or at + size > len(self._rest):
                break
            at += size
            if kind == b"mdat" or (not self._head and kind == b"moov"):
                if kind == b"moov":
                    self._head, self._rest, at = self._rest[:at], self._rest[at:], 0
                end = at
        whole, self._rest = self._rest[:end], self._rest[end:]
        return whole


class LiveTrack:
    """One microphone in the take that runs."""

    def __init__(self, folder: Path, take: str, source: str, origin_us: int) -> None:
        """Begin with the first segment.

        Args:
            folder: the record.
            take: the take.
            source: the microphone.
            origin_us: start of the take.
        """
        self._folder = folder / "media" / take / source
        self._origin_us = origin_us
        self._number = 1
        self._segment: _OpenSegment | None = None

    def skip_to_newest(self) -> None:
        """Begin with the segment before the newest one: what is older is not for a draft that comes late."""
        numbers = [int(path.stem) for path in self._folder.glob("[0-9]*.mp4") if path.stem.isdigit()]
        self._number = max(1, max(numbers, default=1) - 1)

    def read(self, *, over: bool = False) -> Iterator[Block]:
        """What came since the last time; with `over` the last segment is closed as well."""
        while True:
            segment, newer = self._current(), self._path(self._number + 1).exists()
            if segment is None:
                if not newer:
                    return
            else:
                try:
                    yield from segment.read(self._origin_us, last=newer or over)
                except (av.FFmpegError, OSError, ValueError, IndexError) as error:
                    log.warning(
                        "live sound unreadable",
                        action="live_unreadable",
                        path=str(self._path(self._number)),
                        reason=str(error),
                    )
                    if not newer:
                        return
                if not newer:
                    return
                segment.close()
                self._segment = None
            self._number += 1

    def close(self) -> None:
        """Let go of the file."""
        if self._segment is not None:
            self._segment.close()
            self._segment = None

    def _current(self) -> _OpenSegment | None:
        if self._segment is None:
            try:
                self._segment = _OpenSegment(self._path(self._number))
            except OSError:
                return None  # not there yet, or one that was lost
        return self._segment

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:04d}.mp4"
