"""The parent's side of :mod:`recorder.import_worker`: starts it, speaks with it, ends it."""

from __future__ import annotations

import json
import select
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from protocol.errors import DiskFailed
from recorder.import_errors import BY_CODE, ImportCrashed, ImportFailed, ImportStuck
from recorder.import_plan import Arrangement, InputFacts
from recorder.import_probe import FilePlan

WORKER = (sys.executable, "-m", "recorder.import_worker")
_CHUNK = 1 << 16
_END_S = 10.0


@dataclass
class Outcome:
    """What reading gave.

    Attributes:
        segments: data of ``segment`` lines, without publicity, in the order in which they were closed.
        faults: by file, source → reason → count.
        broken: by file, why reading ended before the end.
    """

    segments: list[dict[str, Any]] = field(default_factory=list)
    faults: dict[int, dict[str, dict[str, int]]] = field(default_factory=dict)
    broken: dict[int, str] = field(default_factory=dict)


class Reader:
    """The reading process; a context manager, no process lives after it.

    Args:
        files: the recordings.
        folder: where the segments go.
        segment_us: wanted length of a segment.
        command: the program; None: the real one.
        patience_s: longest silence.
    """

    def __init__(
        self,
        files: Sequence[InputFacts],
        folder: Path,
        segment_us: int,
        command: Sequence[str] | None,
        patience_s: float,
    ) -> None:
        self._task = {
            "files": [str(file.path.absolute()) for file in files],
            "folder": str(folder),
            "segment_us": segment_us,
        }
        self._patience_s = patience_s
        self._buffer = b""
        self._process = subprocess.Popen(
            list(command or WORKER), stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True, bufsize=0
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def plan(self) -> list[FilePlan]:
        """What the files hold.

        Raises:
            ImportFailed: a file cannot be read.
        """
        self._send(self._task)
        return [FilePlan.from_json(value) for value in self._expect("plan")["files"]]

    def read(self, arrangement: Arrangement, on_progress: Callable[[float], None] | None) -> Outcome:
        """Have all files read into segments.

        Raises:
            ImportFailed: reading failed.
            DiskFailed: the disk refused.
        """
        self._send({"files": [file.order() for file in arrangement.files]})
        outcome = Outcome()
        while True:
            report = self._next()
            match report["report"]:
                case "done":
                    return outcome
                case "closed":
                    outcome.segments.append(report["segment"])
                case "read":
                    outcome.faults[report["file"]] = report["faults"]
                    if report["broken"]:
                        outcome.broken[report["file"]] = report["broken"]
                case "progress" if on_progress is not None:
                    on_progress(_fraction(arrangement, report))

    def _send(self, value: Mapping[str, Any]) -> None:
        pipe = self._process.stdin
        assert pipe is not None  # noqa: S101 - opened with a pipe
        try:
            pipe.write(json.dumps(value).encode() + b"\n")
        except BrokenPipeError as error:
            raise self._died() from error

    def _expect(self, kind: str) -> dict[str, Any]:
        report = self._next()
        if report["report"] != kind:
            raise ImportCrashed(f"the reading process said {report['report']!r} where {kind!r} was due")
        return report

    def _next(self) -> dict[str, Any]:
        """The next report; a failure is raised."""
        while b"\n" not in self._buffer:
            self._buffer += self._more()
        line, _, self._buffer = self._buffer.partition(b"\n")
        try:
            report: dict[str, Any] = json.loads(line)
        except ValueError as error:
            raise ImportCrashed(f"the reading process said {line[:80]!r}") from error
        if report["report"] == "failed":
            if report["code"] == DiskFailed.code:
                raise DiskFailed(report["message"])
            raise BY_CODE.get(report["code"], ImportFailed)(report["message"])
        return report

    def _more(self) -> bytes:
        pipe = self._process.stdout
        assert pipe is not None  # noqa: S101 - opened with a pipe
        until = time.monotonic() + self._patience_s
        ready, _, _ = select.select([pipe], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            raise ImportStuck(f"no headway in {self._patience_s:.0f} s")
        data = pipe.read(_CHUNK)
        if not data:
            raise self._died()
        return bytes(data)

    def _died(self) -> ImportCrashed:
        try:
            status = self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            return ImportCrashed("the reading process closed its output")
        return ImportCrashed(f"the reading process ended with status {status}")


def _fraction(arrangement: Arrangement, report: Mapping[str, Any]) -> float:
    """How far all files together are, 0 to 1, by length."""
    lengths = [file.plan.length_us or 1 for file in arrangement.files]
    number = int(report["file"])
    inside = min(max(0, int(report["at_us"]) - arrangement.files[number].plan.begin_us), lengths[number])
    return (sum(lengths[:number]) + inside) / sum(lengths)
