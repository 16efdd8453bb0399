"""The seam to diarization: sound of one channel in, turns of nameless voices out.

A diarizer knows no names, seats and takes. What it cannot do costs names only: whoever calls it goes on without.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from protocol.transcript import Model
from transcription.recognizer import Samples


@dataclass(frozen=True, slots=True)
class Turn:
    """A voice speaks.

    Attributes:
        start, end: samples of the sound that was given; ``start`` < ``end``.
        voice: 0, 1, …: index into :attr:`Diarization.voices`.
    """

    start: int
    end: int
    voice: int


@dataclass(frozen=True, slots=True)
class Diarization:
    """What a diarizer made of one piece of sound.

    Attributes:
        turns: who speaks when, in order of start; two may speak at once.
        single: the same with one voice at a time, the one that is heard best: what words are given to.
        voices: for each voice a vector that is near to that of the same voice in another piece.
    """

    turns: tuple[Turn, ...] = ()
    single: tuple[Turn, ...] = ()
    voices: tuple[tuple[float, ...], ...] = ()


class Diarizer(Protocol):
    """A diarization engine with one model."""

    @property
    def identity(self) -> Model:
        """Which engine and weights."""

    def diarize(self, samples: Samples, most: int | None = None) -> Diarization:
        """Turns of one channel.

        Args:
            samples: mono, 16 kHz, float32 in −1 … 1, shape (n,).
            most: there are not more voices than this, where that is known.

        Raises:
            DiarizationFailed: the engine stopped, hung, or answered what is no answer.
        """


@dataclass
class FakeDiarizer:
    """A diarizer for tests and rehearsals: answers what its script says.

    Attributes:
        identity: as of any diarizer.
        script: the n-th answer, or a function of the sound; after the last answer nobody speaks.
        heard: number of samples, and `most`, of every call.
    """

    identity: Model
    script: Sequence[Diarization] | Callable[[Samples], Diarization]
    heard: list[tuple[int, int | None]] = field(default_factory=list)

    def diarize(self, samples: Samples, most: int | None = None) -> Diarization:
        """The script's next answer."""
        self.heard.append((len(samples), most))
        if callable(self.script):
            return self.script(samples)
        return self.script[len(self.heard) - 1] if len(self.heard) <= len(self.script) else Diarization()
