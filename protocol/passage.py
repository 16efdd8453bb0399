"""Models, words and passages: what a transcript is made of (docs/transcript-format.md, section 3).

Every class checks itself when it is built, so that a transcript which breaks a rule of its format cannot be made.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, get_args

from protocol.encoding import SOURCE, TAKE, unb64
from protocol.errors import BadEncoding, ProtocolError

MAX_INT: Final = 2**53 - 1

Kind = Literal["speech", "gap", "missing_model", "refused"]
Timing = Literal["measured", "spread"]

LANGUAGE: Final = re.compile(r"[a-z]{2,3}\Z")
CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
REASON: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}\Z")


class BadTranscript(ProtocolError):
    """A transcript breaks a rule of its format; the message names the place, for instance ``passages[3].words[0]``."""

    code = "bad-transcript"
    advice = "Have the transcript made again: the recording itself is not touched by this."


def need(ok: bool, rule: str) -> None:
    """Raise :class:`BadTranscript` naming the rule, unless it is kept."""
    if not ok:
        raise BadTranscript(rule)


def need_text(value: str | None, name: str, pattern: re.Pattern[str] | None = None) -> None:
    """Null, or a text that is not empty and, where one is given, matches the pattern."""
    if value is not None:
        need(bool(value.strip()), f"{name}: empty")
        need(
            pattern is None or bool(pattern.match(value)),
            f"{name}: {value!r} is not of the form {pattern and pattern.pattern}",
        )


@dataclass(frozen=True, slots=True)
class Model:
    """A speech model that wrote words.

    Attributes:
        engine: the program that ran it (``faster-whisper``, ``moonshine``).
        name: name of its folder.
        version: version of the engine.
        sha256: digest of the model folder, base64 (docs/models.md says how it is taken).
        demonstration: it is a demonstration model; every page, transcript and protocol must say so beside its words.
    """

    engine: str
    name: str
    version: str
    sha256: str
    demonstration: bool = False

    def __post_init__(self) -> None:
        for name in ("engine", "name", "version"):
            need_text(getattr(self, name), name)
        try:
            unb64(self.sha256, 32)
        except BadEncoding as error:
            raise BadTranscript(f"sha256: {error}") from error


@dataclass(frozen=True, slots=True)
class Word:
    """One word.

    Attributes:
        text: as it is to be read, without white space around it.
        start_us, end_us: on the hearing's clock, UTC µs.
        probability_pm: the engine's probability, per mille; None where it gives none.
        model: index into :attr:`Transcript.models`; None for a word that a person typed.
        timing: ``measured`` by the engine, or ``spread`` evenly over the passage because it measures none.
        spoken: the spoken form, where `text` is written otherwise (numbers, dates); else None.
        edited_by, edited_us: who changed it last, and when (UTC µs); both None for an untouched word.
    """

    text: str
    start_us: int
    end_us: int
    probability_pm: int | None
    model: int | None
    timing: Timing = "measured"
    spoken: str | None = None
    edited_by: str | None = None
    edited_us: int | None = None

    def __post_init__(self) -> None:
        need(
            bool(self.text) and self.text == self.text.strip(),
            f"text: {self.text!r} is empty or has white space around it",
        )
        need(not CONTROL.search(self.text), f"text: {self.text!r} has control characters")
        need(0 <= self.start_us <= self.end_us <= MAX_INT, f"word {self.text!r}: ends before it starts")
        need(self.probability_pm is None or 0 <= self.probability_pm <= 1000, "probability_pm: not 0 to 1000")
        need(self.model is None or self.model >= 0, "model: negative")
        need(self.timing in get_args(Timing), f"timing: {self.timing!r} is unknown")
        need_text(self.spoken, "spoken")
        need_text(self.edited_by, "edited_by")
        need((self.edited_by is None) == (self.edited_us is None), "edited_by and edited_us: one without the other")
        need(self.edited_us is None or 0 <= self.edited_us <= MAX_INT, "edited_us: out of range")
        need(
            self.model is not None or self.edited_by is not None,
            f"word {self.text!r}: neither a model nor a person wrote it",
        )


@dataclass(frozen=True, slots=True)
class Passage:
    """An unbroken piece of one channel of one take: speech, or the marked absence of it.

    Attributes:
        kind: ``speech`` has words; ``gap``: the recording has a hole here; ``missing_model``: somebody spoke, and no model
            for the language is installed; ``refused``: an engine gave text that the guards did not believe.
        take, source: where it was heard.
        start_us, end_us: on the hearing's clock; inside the take.
        language: ISO 639 code, or None where it is not known.
        speaker: id of a participant, or None where it is not known.
        words: in time order, inside the passage; empty unless `kind` is ``speech``.
        reason: code of the cause (``lost``, ``repetition``, …) for ``gap`` and ``refused``; else None.
        doubt_pm: estimated probability that one of its words, whichever, is wrong, per mille; None where there is nothing to
            estimate it from, or a person corrected the words. Only for ``speech``.
        witness: index into :attr:`Transcript.models` of the second model that listened to it; None where none did.
    """

    kind: Kind
    take: str
    source: str
    start_us: int
    end_us: int
    language: str | None = None
    speaker: str | None = None
    words: tuple[Word, ...] = ()
    reason: str | None = None
    doubt_pm: int | None = None
    witness: int | None = None

    def __post_init__(self) -> None:
        need(self.kind in get_args(Kind), f"kind: {self.kind!r} is unknown")
        need_text(self.take, "take", TAKE)
        need_text(self.source, "source", SOURCE)
        need_text(self.language, "language", LANGUAGE)
        need_text(self.speaker, "speaker")
        need_text(self.reason, "reason", REASON)
        need(0 <= self.start_us < self.end_us <= MAX_INT, "start_us, end_us: the passage has no length")
        need(
            bool(self.words) == (self.kind == "speech"),
            f"words: a passage of kind {self.kind} with {len(self.words)} words",
        )
        need(
            (self.reason is not None) == (self.kind in ("gap", "refused")),
            f"reason: {self.reason!r} for kind {self.kind}",
        )
        need(self.kind != "missing_model" or self.language is not None, "language: a missing model needs one")
        need(self.doubt_pm is None or 0 <= self.doubt_pm <= 1000, "doubt_pm: not 0 to 1000")
        need(self.doubt_pm is None or self.kind == "speech", f"doubt_pm: a passage of kind {self.kind} has none")
        need(self.witness is None or self.witness >= 0, "witness: negative")
        need(self.witness is None or self.kind in ("speech", "refused"), f"witness: for kind {self.kind}")
        before = self.start_us
        for word in self.words:
            need(before <= word.start_us, f"word {word.text!r}: starts before its passage or before the word before it")
            need(word.end_us <= self.end_us, f"word {word.text!r}: ends after its passage")
            before = word.start_us

    @property
    def text(self) -> str:
        """The words, separated by spaces."""
        return " ".join(word.text for word in self.words)
