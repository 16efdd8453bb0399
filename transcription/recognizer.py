"""The seam to speech engines: sound of one utterance in, words with times out.

An engine gets arrays, never paths, and a language that it said it knows. It may raise anything; the pipeline marks the
passage as failed and goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from protocol.transcript import Model, Timing

SAMPLE_RATE: Final = 16_000
Samples: TypeAlias = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class RecognizedWord:
    """A word as an engine heard it.

    Attributes:
        text: the word with its punctuation.
        start_us, end_us: µs from the first sample of the utterance; the pipeline checks them.
        probability_pm: per mille, or None where the engine gives none.
        timing: ``measured``, or ``spread`` when the engine measures no word times.
    """

    text: str
    start_us: int
    end_us: int
    probability_pm: int | None = None
    timing: Timing = "measured"


@dataclass(frozen=True, slots=True)
class Recognition:
    """What an engine made of one utterance.

    Attributes:
        words: in time order.
        log_probability: mean log probability of a token in the worst part, where the engine tells; the guards read it.
        no_speech: the engine's own probability that nobody speaks, 0 … 1, in the likeliest part, where the engine tells.
    """

    words: tuple[RecognizedWord, ...]
    log_probability: float | None = None
    no_speech: float | None = None

    @property
    def text(self) -> str:
        """The words, separated by spaces."""
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True, slots=True)
class Spoken:
    """The sound of an utterance that is given together with others.

    Attributes:
        samples: as for :meth:`Recognizer.recognize`.
        voice: first sample of the voice in it, and the one after the last.
    """

    samples: Samples
    voice: tuple[int, int]


class Recognizer(Protocol):
    """A speech engine with one model loaded."""

    @property
    def identity(self) -> Model:
        """What stands in the provenance of each word."""

    @property
    def languages(self) -> frozenset[str]:
        """ISO 639 codes it is used for."""

    @property
    def prompted(self) -> bool:
        """Whether it takes words beforehand; one that does not passes them over."""

    def recognize(self, samples: Samples, language: str, *, prompt: str = "") -> Recognition:
        """Words of one utterance.

        Args:
            samples: mono, 16 kHz, float32 in −1 … 1, shape (n,), at most 30 s.
            language: one of :attr:`languages`.
            prompt: words that may be said, separated by commas.
        """

    def languages_of(self, samples: Samples, *, piece: bool = False) -> Mapping[str, float]:
        """How probable each of :attr:`languages` is for this sound, 0 … 1; empty when the engine cannot tell.

        Args:
            samples: as for :meth:`recognize`.
            piece: it is a piece of an utterance, of which many are asked for and none is recognised; the answer may be a cheaper one.
        """

    @property
    def windows(self) -> int:
        """How many of its windows it works on at once, each with several utterances in it; 0: it gets one utterance at a time."""

    def recognize_together(
        self, sounds: Sequence[Spoken], language: str, *, prompt: str = ""
    ) -> Sequence[Recognition | None]:
        """Words of each of several utterances; None for one that must be recognised alone.

        Args:
            sounds: utterances of one microphone, in order, that go into :attr:`windows` windows (``packing.packs``).
            language: as for :meth:`recognize`.
            prompt: as for :meth:`recognize`.
        """

    def languages_together(self, sounds: Sequence[Spoken]) -> Sequence[Mapping[str, float] | None]:
        """As :meth:`languages_of` for each of several utterances; None for one that must be asked for alone."""


class LoadedModel:
    """What every engine has in common once its model is loaded; one that can tell languages says so itself."""

    def __init__(self, identity: Model, languages: Iterable[str]) -> None:
        self._identity, self._languages = identity, frozenset(languages)

    @property
    def identity(self) -> Model:
        """Engine, folder, version and digest."""
        return self._identity

    @property
    def languages(self) -> frozenset[str]:
        """As in the settings."""
        return self._languages

    @property
    def prompted(self) -> bool:
        """It takes no words beforehand."""
        return False

    def languages_of(self, samples: Samples, *, piece: bool = False) -> Mapping[str, float]:  # noqa: ARG002 - the seam gives it
        """It cannot tell."""
        return {}

    @property
    def windows(self) -> int:
        """It pays by the second and not by the window, so nothing is gained by more than an utterance at a time."""
        return 0

    def recognize_together(
        self,
        sounds: Sequence[Spoken],
        language: str,  # noqa: ARG002 - the seam gives it
        *,
        prompt: str = "",  # noqa: ARG002 - the seam gives it
    ) -> Sequence[Recognition | None]:
        """Each alone."""
        return [None] * len(sounds)

    def languages_together(self, sounds: Sequence[Spoken]) -> Sequence[Mapping[str, float] | None]:
        """Each alone."""
        return [None] * len(sounds)


@dataclass
class FakeRecognizer:
    """An engine for tests and rehearsals: says what its script says, evenly over the utterance.

    Attributes:
        identity, languages: as of any recognizer.
        script: words for the n-th call, or a function of samples and language; the last text is said again and again.
        heard: (number of samples, language) of every call.
        detected: what :meth:`languages_of` answers, call by call; empty when there is no more.
        prompted: whether it is given words beforehand.
        prompts: those that it was given, call by call.
        windows: how many it works on at once.
        together: answers to :meth:`recognize_together`, where it has windows.
    """

    identity: Model
    languages: frozenset[str]
    script: Sequence[str] | Callable[[Samples, str], Recognition]
    heard: list[tuple[int, str]] = field(default_factory=list)
    detected: list[Mapping[str, float]] = field(default_factory=list)
    prompted: bool = False
    prompts: list[str] = field(default_factory=list)
    windows: int = 0
    together: Callable[[Sequence[Spoken], str], Sequence[Recognition | None]] | None = None

    def recognize_together(
        self,
        sounds: Sequence[Spoken],
        language: str,
        *,
        prompt: str = "",  # noqa: ARG002 - the seam gives it
    ) -> Sequence[Recognition | None]:
        """What :attr:`together` says; each alone without it."""
        return [None] * len(sounds) if self.together is None else self.together(sounds, language)

    def languages_together(self, sounds: Sequence[Spoken]) -> Sequence[Mapping[str, float] | None]:
        """Each alone."""
        return [None] * len(sounds)

    def languages_of(self, samples: Samples, *, piece: bool = False) -> Mapping[str, float]:  # noqa: ARG002 - the seam gives it
        """The next of :attr:`detected`."""
        return self.detected.pop(0) if self.detected else {}

    def recognize(self, samples: Samples, language: str, *, prompt: str = "") -> Recognition:
        """The script's next text."""
        self.heard.append((len(samples), language))
        self.prompts.append(prompt)
        if callable(self.script):
            return self.script(samples, language)
        if not self.script:
            return Recognition(())
        text = self.script[min(len(self.heard), len(self.script)) - 1]
        return Recognition(spread(text.split(), 0, len(samples) * 1_000_000 // SAMPLE_RATE))


def spread(words: Sequence[str], start_us: int, end_us: int) -> tuple[RecognizedWord, ...]:
    """Words over a stretch of time, each as long as its share of the letters, for engines that measure no word times.

    The words touch each other, fill the stretch exactly, and are flagged as ``spread``.
    """
    letters = [max(1, len(word)) for word in words]
    total = sum(letters)
    length = max(0, end_us - start_us)
    bounds = [start_us + length * sum(letters[:index]) // total for index in range(len(words) + 1)] if words else []
    return tuple(
        RecognizedWord(word, bounds[index], bounds[index + 1], timing="spread") for index, word in enumerate(words)
    )
