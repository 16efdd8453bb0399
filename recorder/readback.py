"""Read-back: each closed segment is decoded again and compared with what was measured at capture.

Sound is decoded in full, pictures at their key frames.

The decoder runs in a process of its own (``python -m recorder.readback``) at the lowest priority: it must neither slow the
capture nor take the daemon with it when a file makes it crash. ``{"file", "path", "key"}`` goes in, ``{"path", "units", "rms_cdb"}`` or
``{"path", "error"}`` comes out, one JSON object a line. What is encrypted is opened in its memory only.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from protocol.closed import open_file
from protocol.encoding import b64, unb64
from protocol.errors import ProtocolError

if TYPE_CHECKING:
    from av.container import InputContainer

READBACK: tuple[str, ...] = (sys.executable, "-m", "recorder.readback")
#: FLAC is exact, so only the last digit may differ by rounding.
TOLERANCE_CDB = 2
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Measured:
    """A segment as the capture child measured it: samples or pictures, and RMS in hundredths of dBFS (None for pictures).

    ``key``: of one that is encrypted.
    """

    folder: Path
    path: str
    source: str
    start_us: int
    end_us: int
    units: int
    rms_cdb: int | None
    key: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Difference:
    """A segment that did not read back as it was measured; ``code`` is that of a finding."""

    code: str
    segment: Measured
    detail: str


class ReadBack:
    """A queue of closed segments and the process that reads them.

    Args:
        tell: called in the event loop for each segment that is not what it should be.
        command: the decoder program.
        patience_s: how long one segment may take.
    """

    def __init__(
        self, tell: Callable[[Difference], None], command: Sequence[str] = READBACK, patience_s: float = 120.0
    ) -> None:
        self._tell = tell
        self._command = command
        self._patience = patience_s
        self._queue: asyncio.Queue[Measured] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._process: Process | None = None
        self.done = 0

    def add(self, segment: Measured) -> None:
        """Have a segment read back some time soon."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="readback")
        self._queue.put_nowait(segment)

    async def drain(self, timeout_s: float) -> bool:
        """Wait until everything is read back; False when time ran out (the rest is read back later)."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._queue.join()
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """End the process."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        await self._stop()

    async def _run(self) -> None:
        while True:
            segment = await self._queue.get()
            try:
                try:
                    difference = await self._check(segment)
                except Exception as error:  # noqa: BLE001 - a decoder that cannot be started or talks nonsense ends no read-back
                    await self._stop()
                    difference = Difference("readback-failed", segment, f"{type(error).__name__}: {error}"[:300])
                self.done += 1
                if difference is not None:
                    _log.error("readback", action="journal", path=segment.path, detail=difference.detail)
                    self._tell(difference)
            finally:
                self._queue.task_done()

    async def _check(self, segment: Measured) -> Difference | None:
        try:
            async with asyncio.timeout(self._patience):
                answer = await self._ask(segment)
        except TimeoutError:
            await self._stop()
            return Difference("readback-failed", segment, f"not read within {self._patience:g} s")
        if answer is None:
            await self._stop()
            return Difference("readback-failed", segment, "the decoder ended")
        if "error" in answer:
            return Difference("readback-failed", segment, str(answer["error"]))
        units, rms, captured = int(answer["units"]), answer["rms_cdb"], segment.rms_cdb
        same = rms == captured if rms is None or captured is None else abs(int(rms) - captured) <= TOLERANCE_CDB
        if units != segment.units or not same:
            detail = f"read {units} units at {rms} cdB, captured {segment.units} at {captured} cdB"
            return Difference("readback-differs", segment, detail)
        return None

    async def _ask(self, segment: Measured) -> dict[str, Any] | None:
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(*self._command, stdin=PIPE, stdout=PIPE)
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None  # noqa: S101 - opened with pipes
        assert stdout is not None  # noqa: S101
        key = b64(segment.key) if segment.key is not None else None
        asked = {"file": str(segment.folder / segment.path), "path": segment.path, "key": key}
        stdin.write(json.dumps(asked).encode() + b"\n")
        line = await stdout.readline()
        return json.loads(line) if line else None

    async def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
        if process is not None:
            await process.wait()


def plain_of(file: Path, path: str, key: str | None) -> Path | io.BytesIO:
    """What to decode: the file, or what an encrypted one holds.

    Raises:
        Closed: it does not open.
    """
    return file if key is None else io.BytesIO(open_file(file.read_bytes(), unb64(key, 32), path).plain)


def measure(media: Path | io.BytesIO) -> tuple[int, int | None]:
    """Samples and RMS (hundredths of dBFS) of a sound file with one track; of a file of pictures their number, and None.

    Every packet of a picture is read, every key frame is decoded.

    Raises:
        av.FFmpegError: it cannot be decoded.
    """
    import av
    import numpy as np
    from av.audio.resampler import AudioResampler

    from recorder.levels import LevelMeter

    samples, meter = 0, LevelMeter()
    packed = AudioResampler(format="s32")  # packed: PyAV 18 crashes on planar frames of eight channels
    with av.open(str(media) if isinstance(media, Path) else media, "r") as container:
        if container.streams.video:
            return pictures(container), None
        for frame in container.decode(container.streams.audio[0]):
            samples += frame.samples
            for part in packed.resample(frame):
                meter.add(part.to_ndarray().reshape(-1).astype(np.int32, copy=False))
    return samples, meter.rms_cdb


def pictures(container: InputContainer) -> int:
    """Pictures of a file; each key frame of it can be decoded.

    Raises:
        av.FFmpegError: one cannot.
        ValueError: there is none.
    """
    stream = container.streams.video[0]
    stream.codec_context.thread_count = 1
    count = keys = decoded = 0
    for packet in container.demux(stream):
        count += packet.size > 0
        if packet.is_keyframe and packet.size:
            keys += 1
            decoded += len(packet.decode())
        elif not packet.size:
            decoded += len(packet.decode())  # the end: what the decoder still holds
    if not keys or decoded < keys:
        raise ValueError(f"{decoded} of {keys} key frames can be decoded")
    return count


def main() -> int:
    """Read back what standard input names, until it ends."""
    import av

    os.nice(19)
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            units, rms = measure(plain_of(Path(asked["file"]), asked["path"], asked["key"]))
            answer: dict[str, Any] = {"path": asked["path"], "units": units, "rms_cdb": rms}
        except (av.FFmpegError, OSError, IndexError, ValueError, ProtocolError) as error:
            answer = {"path": asked["path"], "error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
