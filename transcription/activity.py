"""Who makes a sound like speech, and when: Silero VAD on each channel, in bounded memory.

The model is Silero VAD v6 (MIT licence), an ONNX file inside the faster-whisper package, run by ONNX Runtime. It gives the
probability of speech for each window of 512 samples (32 ms) and carries its state from window to window, so any cutting of
the stream into blocks gives the same result.
"""

from __future__ import annotations

import importlib.util
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from transcription.audio import Block
from transcription.errors import ModelUnusable
from transcription.recognizer import SAMPLE_RATE, Samples

WINDOW: Final = 512
_CONTEXT: Final = 64
_STATE: Final = (1, 1, 128)
_ASSET: Final = "assets/silero_vad_v6.onnx"


@dataclass(frozen=True)
class ActivitySettings:
    """How probabilities become intervals. Times in samples of 16 kHz.

    Attributes:
        threshold, release: speech begins at or above `threshold` and ends below `release`.
        min_speech: shorter ones are dropped: clicks, coughs.
        min_silence: a pause shorter than this does not end an utterance.
        padding: kept before and after, because soft consonants fall below the threshold.
        max_speech: longer utterances are cut at their last pause, else here; an engine's window is 30 s.
    """

    threshold: float = 0.5
    release: float = 0.35
    min_speech: int = SAMPLE_RATE * 250 // 1000
    min_silence: int = SAMPLE_RATE * 600 // 1000
    padding: int = SAMPLE_RATE * 200 // 1000
    max_speech: int = SAMPLE_RATE * 28


@dataclass(frozen=True)
class Interval:
    """Samples ``start … end`` of the grid.

    Attributes:
        start, end: the first sample, and the one after the last.
        peak: the greatest probability of speech in it, where a detector found it.
    """

    start: int
    end: int
    peak: float = field(default=1.0, compare=False)


def reaching(intervals: Sequence[Interval], start: int, end: int) -> Sequence[Interval]:
    """Those that have a sample in ``start … end``, found without looking at all of a long hearing.

    Args:
        intervals: in order, none over another.
        start: first sample of the grid.
        end: the one after the last.
    """
    first = bisect_right(intervals, start, key=attrgetter("end"))
    return intervals[first : bisect_left(intervals, end, first, key=attrgetter("start"))]


class Detector(Protocol):
    """Gives the probability of speech for consecutive windows of one channel.

    Attributes:
        name: what its answers depend on, besides the sound.
    """

    name: str

    def __call__(self, windows: Samples) -> npt.NDArray[np.float32]:
        """Probabilities, shape (n,), of windows of shape (n, 512)."""

    def reset(self) -> None:
        """Forget what was before: the next window follows a hole or begins another channel."""


class SileroDetector:
    """Silero VAD v6 through ONNX Runtime, on one thread."""

    def __init__(self, path: Path | None = None) -> None:
        """Load the model.

        Args:
            path: the ONNX file; default: the one inside the installed faster-whisper package.

        Raises:
            ModelUnusable: ONNX Runtime or the file is not installed.
        """
        try:
            import onnxruntime
        except ImportError as error:
            raise ModelUnusable(f"speech activity needs the extra asr (pip install 'hattama[asr]'): {error}") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        file = path or silero_path()
        self.name = file.name
        try:
            self._session: Any = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's errors share no public base class
            raise ModelUnusable(f"{file}: {error}") from error
        self.reset()

    def reset(self) -> None:
        """Forget the state."""
        self._h = np.zeros(_STATE, np.float32)
        self._c = np.zeros(_STATE, np.float32)
        self._tail = np.zeros(_CONTEXT, np.float32)

    def __call__(self, windows: Samples) -> npt.NDArray[np.float32]:
        """Probabilities of the next windows; each is given with the last 64 samples before it, as the model wants."""
        if not len(windows):
            return np.zeros(0, np.float32)
        before = np.vstack([self._tail, windows[:-1, -_CONTEXT:]])
        self._tail = windows[-1, -_CONTEXT:].copy()
        given = {"input": np.hstack([before, windows]).astype(np.float32), "h": self._h, "c": self._c}
        found, self._h, self._c = self._session.run(None, given)
        return np.asarray(found, np.float32).reshape(-1)


def silero_path() -> Path:
    """The ONNX file inside the faster-whisper package, found without importing the package.

    Raises:
        ModelUnusable: the package is not installed, or does not carry the file.
    """
    spec = importlib.util.find_spec("faster_whisper")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (file := Path(folder) / _ASSET).is_file():
            return file
    raise ModelUnusable(
        f"speech activity needs the extra asr (pip install 'hattama[asr]'): faster_whisper/{_ASSET} is not there"
    )


class LevelDetector:
    """Speech is what is loud: the shipped fake, and the gate that is used where the extra asr is not installed.

    It takes any noise for speech, which does no harm without an engine: it marks where somebody may have spoken.
    """

    def __init__(self, floor_db: float = -45.0) -> None:
        self.name = f"level {floor_db}"
        self._floor = 10 ** (floor_db / 20)

    def reset(self) -> None:
        """Nothing is kept."""

    def __call__(self, windows: Samples) -> npt.NDArray[np.float32]:
        """1 where a window's level is above the floor, else 0."""
        loud = np.sqrt(np.mean(windows**2, axis=1)) > self._floor
        return np.asarray(loud, np.float32)


class Intervals:
    """Turns probabilities of consecutive windows into intervals; pure, fed piece by piece."""

    def __init__(self, settings: ActivitySettings, start: int) -> None:
        """Windows begin at grid position `start`."""
        self._set = settings
        self._at = self._first = start
        self._begin: int | None = None  # where the speech that is on began
        self._quiet: int | None = None  # where the silence that is on began
        self._pause: int | None = None  # where the last silence of 100 ms inside this speech began
        self._peak = 0.0

    @property
    def begun(self) -> int | None:
        """Where the speech that is on began; None in silence."""
        return self._begin

    @property
    def peak(self) -> float:
        """The greatest probability in the speech that is on, or was last."""
        return self._peak

    def push(self, probabilities: Iterable[float]) -> Iterator[Interval]:
        """Speech that is over, without padding."""
        for probability in probabilities:
            if probability >= self._set.threshold:
                if self._begin is None:
                    self._begin, self._peak = self._at, 0.0
                self._quiet = None
                self._peak = max(self._peak, float(probability))
            elif probability < self._set.release and self._begin is not None:
                self._quiet = self._at if self._quiet is None else self._quiet
                if self._at - self._quiet >= SAMPLE_RATE // 10:
                    self._pause = self._quiet
            self._at += WINDOW
            yield from self._cut()

    def _cut(self) -> Iterator[Interval]:
        if self._begin is None:
            return
        if self._quiet is not None and self._at - self._quiet >= self._set.min_silence:
            yield from self.flush()
        elif self._at - self._begin >= self._set.max_speech - 2 * self._set.padding:
            quiet = self._at if self._quiet is None else self._quiet
            cut = quiet if self._pause is None else self._pause
            yield Interval(self._begin, cut, self._peak)
            self._begin, self._pause = cut, None
            if (
                self._quiet == cut
            ):  # the speech that goes on begins after this silence; what lies between an older one and it is speech
                self._begin = self._quiet = None

    def flush(self) -> Iterator[Interval]:
        """The speech that is on, ended here."""
        if self._begin is not None:
            end = self._at if self._quiet is None else self._quiet
            if end - self._begin >= self._set.min_speech:
                yield Interval(self._begin, end, self._peak)
        self._begin = self._quiet = self._pause = None


def padded(found: list[Interval], settings: ActivitySettings, first: int, last: int) -> list[Interval]:
    """Intervals with padding, inside ``first … last``; two neighbours share the pause between them."""
    out: list[Interval] = []
    for index, item in enumerate(found):
        low = found[index - 1].end if index else first
        high = found[index + 1].start if index + 1 < len(found) else last
        start = max(item.start - settings.padding, low if not index else (low + item.start + 1) // 2)
        end = min(item.end + settings.padding, high if index + 1 == len(found) else (item.end + high) // 2)
        out.append(Interval(max(start, first), min(end, last), item.peak))
    return [item for item in out if item.start < item.end]


def speech_in(blocks: Iterable[Block], detector: Detector, settings: ActivitySettings | None = None) -> list[Interval]:
    """Intervals of speech of one track.

    Args:
        blocks: the track's sound, in order; one is held in memory at a time.
        detector: is reset at the start and after each hole.
        settings: default :class:`ActivitySettings`.

    Returns:
        intervals in order, with padding, never across a hole, never outside the blocks.
    """
    chosen = settings or ActivitySettings()
    out: list[Interval] = []
    for run in _runs(blocks):
        found: list[Interval] = []
        detector.reset()
        machine: Intervals | None = None
        first = last = 0
        rest = np.zeros(0, np.float32)
        for block in run:
            if machine is None:
                machine, first = Intervals(chosen, block.start), block.start
            last = block.end
            joined = np.concatenate([rest, block.samples])
            count = len(joined) // WINDOW
            rest = joined[count * WINDOW :]
            found += machine.push(detector(joined[: count * WINDOW].reshape(count, WINDOW)))
        if machine is not None:
            if len(rest):
                found += machine.push(detector(np.pad(rest, (0, WINDOW - len(rest)))[None, :]))
            found += machine.flush()
            out += padded([Interval(item.start, min(item.end, last), item.peak) for item in found], chosen, first, last)
    return out


#: A step between two segments that is shorter than this is put right silently (record format 7.1 allows 20 ms).
_STEP: Final = SAMPLE_RATE * 40 // 1000


def _runs(blocks: Iterable[Block]) -> Iterator[Iterator[Block]]:
    """Blocks without a hole between them, holes of up to 40 ms filled with zeros."""
    source = iter(blocks)
    waiting = next(source, None)

    def run() -> Iterator[Block]:
        nonlocal waiting
        while waiting is not None:
            block, waiting = waiting, next(source, None)
            if waiting is None:
                yield block
                return
            hole = waiting.start - block.end
            if hole > _STEP:
                yield block
                return
            yield Block(block.start, np.pad(block.samples, (0, hole))) if hole else block

    while waiting is not None:
        yield run()
