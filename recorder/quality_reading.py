"""Measures the sound of a finished hearing, for the report on its quality, in a process of its own (``python -m recorder.quality_reading``).

One JSON object comes in (:class:`Task`), one goes out: the report, or ``{"error"}``. Every microphone's files are decoded once, at the
lowest priority; pictures are not decoded, their facts stand in the journal and in what was read back. Nothing is written.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import structlog

from protocol.errors import ProtocolError
from protocol.hearing import Segment
from protocol.journal import read_journal
from protocol.view import HearingView
from protocol.writer import JOURNAL
from recorder.quality import SHIPPED, BadProfile, Sound, SoundMeter, read_profile, report
from recorder.refusals import NotMeasured

READING: tuple[str, ...] = (sys.executable, "-m", "recorder.quality_reading")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Task:
    """What to measure: folder of the record, and the profile's file (None: the shipped one)."""

    record: str
    profile: str | None = None


async def measure_apart(task: Task, command: Sequence[str] = READING, patience_s: float = 1800.0) -> dict[str, Any]:
    """The report as JSON values.

    Raises:
        NotMeasured: it could not be made, or took too long; the message says why.
    """
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    try:
        async with asyncio.timeout(patience_s):
            output, _ = await process.communicate(json.dumps(asdict(task)).encode())
        answer: dict[str, Any] = json.loads(output)
    except TimeoutError as error:
        raise NotMeasured(f"the sound was not measured within {patience_s:g} s") from error
    except ValueError as error:
        raise NotMeasured(f"the process that measures ended with status {process.returncode}") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if "error" in answer:
        raise NotMeasured(str(answer["error"]))
    return answer


def measure(task: Task) -> dict[str, Any]:
    """The report as JSON values.

    Raises:
        BadProfile, ProtocolError, OSError: the profile or the journal cannot be read.
    """
    record = Path(task.record)
    profile = read_profile(Path(task.profile) if task.profile else SHIPPED)
    entries, _ = read_journal((record / JOURNAL).read_bytes())
    view = HearingView.of(entries)
    names = dict.fromkeys(s.source for s in view.segments if s.media == "audio")
    sounds = {name: sound for name in names if (sound := sound_of(record, _plain(view, name))) is not None}
    return report(view, sounds, profile).to_json()


def _plain(view: HearingView, source: str) -> list[Segment]:
    """Segments that can be decoded here: a part in camera is encrypted."""
    return [segment for segment in view.segments if segment.source == source and segment.key is None]


def sound_of(record: Path, segments: Iterable[Segment]) -> Sound | None:
    """One microphone over these files; None where nothing of it can be decoded."""
    import av
    import numpy as np
    from av.audio.resampler import AudioResampler

    meter: SoundMeter | None = None
    for segment in segments:
        meter = meter or SoundMeter(segment.rate)
        mono = AudioResampler(format="flt", layout="mono", rate=segment.rate)
        try:
            with av.open(str(record / segment.path)) as container:
                for frame in container.decode(container.streams.audio[0]):
                    for part in mono.resample(frame):
                        meter.add(part.to_ndarray().reshape(-1).astype(np.float32, copy=False))
        except (av.FFmpegError, OSError, IndexError, ValueError) as error:
            # Named by its read-back finding and by the verification; the rest is measured all the same.
            _log.warning("segment_undecoded", action="leave_out", path=segment.path, error=str(error))
    found = meter.sound if meter is not None else None
    return found if found is not None and found.seconds > 0 else None


def main() -> int:
    """Measure what standard input asks for."""
    os.nice(19)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        answer = measure(Task(**json.load(sys.stdin)))
    except (BadProfile, ProtocolError, OSError) as error:
        answer = {"error": str(error)}
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
