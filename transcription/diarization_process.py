"""pyannote.audio as a :class:`~transcription.diarizer.Diarizer`: a child process that is fed, bounded in time, and killed when it hangs.

The child (``transcription.diarization``) is started when it is first needed and kept. One that fails is ended; the next question
starts another. It gets sound through a pipe and no path but that of its model.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from typing import Any, Final

import structlog

from device_config.settings import SpeechSettings
from protocol.transcript import Model
from transcription import diarization
from transcription.diarization import QUIET, RATE
from transcription.diarizer import Diarization, Turn
from transcription.errors import DiarizationFailed, ModelUnusable, SpeechError
from transcription.models import describe
from transcription.recognizer import Samples

log = structlog.get_logger(__name__)

#: Loading torch takes seconds; on a crowded box with a slow disk it took two minutes.
START_S: Final = 600.0
#: An answer is waited for so long, and so many times the sound's own length.
ANSWER_S: Final = 60.0
ANSWER_TIMES: Final = 10.0
_ENGINE: Final = "pyannote"


class PyannoteDiarizer:
    """One model folder of pyannote.audio (docs/models.md), in a child process."""

    def __init__(self, speech: SpeechSettings, *, start_s: float = START_S, answer_s: float = ANSWER_S) -> None:
        """Start the child and wait until its model is loaded.

        Args:
            speech: ``diarization`` (folder, interpreter, step), ``threads`` and ``device``.
            start_s: seconds that loading may take.
            answer_s: seconds that an answer may take, besides what the sound's length allows.

        Raises:
            ModelUnusable: no folder, a configuration that is refused, or pyannote.audio is not installed.
            DiarizationFailed: the child died or hung.
        """
        self._speech, self._start_s, self._answer_s = speech, start_s, answer_s
        if speech.diarization.path is None:
            raise ModelUnusable("no folder is named in [speech.diarization]")
        self._child: subprocess.Popen[bytes] | None = None
        self._rest = b""
        describe(speech.diarization.path, _ENGINE, "0")  # a folder that cannot be used is said before torch is loaded
        self._version = str(self._start()["version"])

    @property
    def identity(self) -> Model:
        """Engine, folder, version and digest."""
        assert self._speech.diarization.path is not None  # noqa: S101 - __init__ refused it
        return describe(self._speech.diarization.path, _ENGINE, self._version)

    @property
    def pid(self) -> int | None:
        """The child's process id, while it runs."""
        return self._child.pid if self._child is not None else None

    def diarize(self, samples: Samples, most: int | None = None) -> Diarization:
        """As the seam says."""
        if self._child is None or self._child.poll() is not None:
            self._start()
        head = json.dumps({"samples": len(samples), "most": most}).encode() + b"\n"
        limit_s = self._answer_s + ANSWER_TIMES * len(samples) / RATE
        found = self._ask(head + samples.astype("<f4", copy=False).tobytes(), limit_s)
        if "failed" in found:
            raise DiarizationFailed(str(found["failed"]))
        try:
            return _read(found, len(samples))
        except (KeyError, TypeError, ValueError) as error:
            self.close()
            raise DiarizationFailed(f"an answer of another form: {error!r}") from error

    def close(self) -> None:
        """End the child now."""
        child, self._child = self._child, None
        self._rest = b""
        if child is not None:
            child.kill()
            child.communicate()
            self._log.close()

    def _start(self) -> dict[str, Any]:
        self.close()
        chosen = self._speech.diarization
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - the child's, as long as it lives
        self._child = subprocess.Popen(
            [
                str(chosen.python or sys.executable),
                "-P",
                diarization.__file__,
            ],  # by path: another interpreter knows no package of ours
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env={**os.environ, **QUIET},
        )
        for pipe in (self._child.stdin, self._child.stdout):
            os.set_blocking(pipe.fileno(), False)  # type: ignore[union-attr]
        said = {
            "folder": str(chosen.path),
            "step": chosen.step,
            "threads": self._speech.threads,
            "device": self._speech.device,
        }
        found = self._ask(json.dumps(said).encode() + b"\n", self._start_s)
        if "ready" not in found:
            self.close()
            raise ModelUnusable(f"{chosen.path}: {found.get('unusable', found)}")
        if found["ready"].get("telemetry") is not False:
            self.close()
            raise ModelUnusable("pyannote.audio's telemetry is on, and a court's box tells nobody anything")
        log.info(
            "diarizer started",
            action="diarizer_started",
            pid=self._child.pid,
            model=str(chosen.path),
            alone=found["ready"].get("alone"),
        )
        return dict(found["ready"])

    def _ask(self, data: bytes, limit_s: float) -> dict[str, Any]:
        """Write, and read one line, both before the time is over; else the child is killed."""
        try:
            return dict(json.loads(self._exchanged(data, time.monotonic() + limit_s)))
        except (OSError, ValueError, TypeError, TimeoutError) as error:
            ended = self._child.poll() if self._child is not None else None
            self._log.seek(0)
            last = self._log.read()[-400:].decode(errors="replace").strip()
            self.close()
            state = f"ended with {ended}" if ended is not None else "killed"
            log.warning("diarizer failed", action="diarizer_failed", reason=repr(error), said=last, state=state)
            raise DiarizationFailed(f"{error!r}; {state}") from error

    def _exchanged(self, data: bytes, until: float) -> bytes:
        assert self._child is not None  # noqa: S101 - callers started it
        given, taken = self._child.stdin, self._child.stdout
        assert given is not None  # noqa: S101
        assert taken is not None  # noqa: S101
        left = memoryview(data)
        while b"\n" not in self._rest:
            wait = until - time.monotonic()
            if wait <= 0:
                raise TimeoutError("no answer in time")
            readable, writable, _ = select.select([taken], [given] if left else [], [], min(wait, 1.0))
            if writable:
                left = left[os.write(given.fileno(), left[:65536]) :]
            if readable:
                part = os.read(taken.fileno(), 1 << 20)
                if not part:
                    raise OSError("the diarizer ended")
                self._rest += part
        line, _, self._rest = self._rest.partition(b"\n")
        return line


def opened(speech: SpeechSettings) -> PyannoteDiarizer | None:
    """The diarizer of the settings; None where none is set, or it cannot be used, which the log says."""
    if speech.diarization.path is None:
        return None
    try:
        return PyannoteDiarizer(speech)
    except SpeechError as error:
        log.warning("voices are not told apart", action="diarizer_unusable", reason=str(error))
        return None


def _read(found: dict[str, Any], length: int) -> Diarization:
    voices = tuple(tuple(float(x) for x in vector) for vector in found["voices"])

    def turns(rows: Any) -> tuple[Turn, ...]:
        made = tuple(Turn(int(start), int(end), int(voice)) for start, end, voice in rows)
        if any(not (0 <= t.start < t.end <= length and 0 <= t.voice < len(voices)) for t in made):
            raise ValueError("a turn outside the sound, or of no voice")
        return made

    return Diarization(turns(found["turns"]), turns(found["single"]), voices)
