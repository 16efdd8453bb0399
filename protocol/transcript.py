"""The transcript: who said what, on which channel, when, and which model or person wrote each word.

Values only: no file, clock or model is touched here. The bytes are specified in docs/transcript-format.md. A transcript
is one revision of one hearing (``transcript/NNNN.json``); a later revision is a new file and never changes an old one.

What :meth:`Transcript.to_json` writes, :meth:`Transcript.from_json` reads, and nothing else.
"""

from __future__ import annotations

import itertools
import types
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from protocol.canonical import dumps, loads
from protocol.encoding import HEARING, SOURCE, TAKE
from protocol.errors import NotCanonical
from protocol.passage import LANGUAGE, MAX_INT, BadTranscript, Kind, Model, Passage, Timing, Word, need, need_text

__all__ = [
    "FORMAT",
    "BadTranscript",
    "Edit",
    "EditKind",
    "Kind",
    "Missing",
    "Model",
    "Passage",
    "Publicity",
    "TakeSpan",
    "Timing",
    "Transcript",
    "Word",
]

FORMAT: Final = "hattama-transcript/1"
#: Keys of a passage that are absent where they would be null: transcripts from before they were thought of have none.
_OPTIONAL: Final = ("doubt_pm", "witness")

Publicity = Literal["open", "closed"]
EditKind = Literal["correct", "merge", "split", "move", "delete"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TakeSpan:
    """A take that was transcribed: its id and its bounds on the hearing's clock."""

    take: str
    start_us: int
    end_us: int

    def __post_init__(self) -> None:
        need_text(self.take, "take", TAKE)
        need(0 <= self.start_us <= self.end_us <= MAX_INT, f"take {self.take}: ends before it starts")


@dataclass(frozen=True, slots=True)
class Missing:
    """A language that was expected and has no model: what to do about it, in the three languages of the readers.

    Attributes:
        language: ISO 639 code of the speech.
        advice_en, advice_kk, advice_ru: which model is missing and how to install it.
    """

    language: str
    advice_en: str
    advice_kk: str
    advice_ru: str

    def __post_init__(self) -> None:
        need_text(self.language, "language", LANGUAGE)
        for name in ("advice_en", "advice_kk", "advice_ru"):
            need_text(getattr(self, name), name)

    def advice(self, language: str) -> str:
        """The advice for a reader of `language` (kk, ru, en; English for any other)."""
        return {"kk": self.advice_kk, "ru": self.advice_ru}.get(language, self.advice_en)


@dataclass(frozen=True, slots=True)
class Edit:
    """One change that a person made (docs/transcript-format.md, section 7); :mod:`protocol.editing` makes it.

    Attributes:
        kind: what was done.
        by, at_us: who did it, and when (UTC µs).
        take, source, start_us, end_us: the stretch it was done to, as it stood before: one passage, or two that were merged.
    """

    kind: EditKind
    by: str
    at_us: int
    take: str
    source: str
    start_us: int
    end_us: int

    def __post_init__(self) -> None:
        need(self.kind in get_args(EditKind), f"kind: {self.kind!r} is unknown")
        need_text(self.by, "by")
        need(0 <= self.at_us <= MAX_INT, "at_us: out of range")
        need_text(self.take, "take", TAKE)
        need_text(self.source, "source", SOURCE)
        need(0 <= self.start_us < self.end_us <= MAX_INT, "start_us, end_us: the edit has no length")


@dataclass(frozen=True, slots=True)
class Transcript:
    """One revision of a hearing's transcript.

    Attributes:
        hearing: the hearing's identifier.
        number: 1, 2, …: the revision, given by the recorder when it takes the transcript.
        publicity: the takes it holds; words of closed takes stand in a transcript of their own, which is encrypted.
        language: the hearing's language, or None.
        takes: what was transcribed, by id.
        models: what wrote the words, and what was heard as a witness.
        missing: languages without a model, by code.
        passages: ordered by start, end, source.
        based_on: number of the revision that the edits were made to; None where no person edited.
        edits: what persons did to that revision, in their order; empty where `based_on` is None.
    """

    hearing: str
    number: int
    publicity: Publicity
    language: str | None
    takes: tuple[TakeSpan, ...]
    models: tuple[Model, ...]
    missing: tuple[Missing, ...]
    passages: tuple[Passage, ...]
    based_on: int | None = None
    edits: tuple[Edit, ...] = ()

    def __post_init__(self) -> None:
        need_text(self.hearing, "hearing", HEARING)
        need(1 <= self.number <= 9999, f"number: {self.number} is not 1 to 9999")
        need(self.publicity in get_args(Publicity), f"publicity: {self.publicity!r} is unknown")
        need_text(self.language, "language", LANGUAGE)
        _need_rising([span.take for span in self.takes], "takes")
        _need_rising([item.language for item in self.missing], "missing")
        need(len(set(self.models)) == len(self.models), "models: one stands there twice")
        keys = [(p.start_us, p.end_us, p.source) for p in self.passages]
        need(keys == sorted(keys), "passages: not ordered by start_us, end_us, source")
        spans = {span.take: span for span in self.takes}
        for index, passage in enumerate(self.passages):
            self._check(passage, f"passages[{index}]", spans)
        need((self.based_on is None) == (not self.edits), "based_on and edits: one without the other")
        need(self.based_on is None or 1 <= self.based_on < self.number, "based_on: not an earlier revision")
        for index, edit in enumerate(self.edits):
            take = spans.get(edit.take)
            inside = take is not None and take.start_us <= edit.start_us and edit.end_us <= take.end_us
            need(inside, f"edits[{index}]: outside the takes")

    def _check(self, passage: Passage, where: str, spans: dict[str, TakeSpan]) -> None:
        span = spans.get(passage.take)
        if span is None:
            raise BadTranscript(f"{where}: take {passage.take} is not among the takes")
        need(
            span.start_us <= passage.start_us and passage.end_us <= span.end_us, f"{where}: outside take {passage.take}"
        )
        used = {word.model for word in passage.words if word.model is not None}
        need(
            passage.witness is None or passage.witness < len(self.models),
            f"{where}: witness {passage.witness} is not a listed model",
        )
        need(
            not used or max(used) < len(self.models),
            f"{where}: a word names model {max(used, default=0)}, which is not listed",
        )

    def numbered(self, number: int) -> Transcript:
        """The same transcript as revision `number`."""
        return replace(self, number=number)

    @property
    def word_count(self) -> int:
        """Number of words."""
        return sum(len(passage.words) for passage in self.passages)

    @property
    def demonstration(self) -> bool:
        """Whether a demonstration model wrote any of the words."""
        used = {word.model for passage in self.passages for word in passage.words}
        return any(self.models[index].demonstration for index in used if index is not None)

    def to_json(self) -> bytes:
        """Canonical bytes of the file (docs/record-format.md, section 2)."""
        value = {"format": FORMAT, **asdict(self)}
        # A machine's transcript has one form, and readers that know of no edits read it.
        if self.based_on is None:
            del value["based_on"], value["edits"]
        for passage in value["passages"]:
            for name in _OPTIONAL:
                if passage[name] is None:
                    del passage[name]
        return dumps(value)

    @classmethod
    def from_json(cls, data: bytes) -> Transcript:
        """Read the file.

        Raises:
            BadTranscript: not canonical JSON, another format, a key missing, unknown or ill-typed, or a rule broken.
        """
        try:
            value = loads(data)
        except NotCanonical as error:
            raise BadTranscript(f"not canonical JSON: {error}") from error
        need(value.pop("format", None) == FORMAT, f"format: not {FORMAT}")
        if value.keys() & {"based_on", "edits"}:
            need(bool(value.get("edits")), "edits: empty where there should be one")
        else:
            value |= {"based_on": None, "edits": []}
        return _build(cls, value, "transcript")


def _need_rising(values: Sequence[str], name: str) -> None:
    rising = all(a < b for a, b in itertools.pairwise(values))
    need(rising, f"{name}: not in order, or one stands there twice")


def _build(cls: type[T], value: Any, where: str) -> T:
    """An instance of the dataclass from its JSON object, which must have exactly its keys."""
    need(isinstance(value, dict), f"{where}: not an object")
    hints = get_type_hints(cls)
    names = [item.name for item in fields(cls)]  # type: ignore[arg-type]
    if cls is Passage:
        need(all(value.get(name, 0) is not None for name in _OPTIONAL), f"{where}: null where the key is left out")
        value = dict.fromkeys(_OPTIONAL) | value
    if missing := [name for name in names if name not in value]:
        raise BadTranscript(f"{where}: {missing[0]} is missing")
    if unknown := sorted(value.keys() - set(names)):
        raise BadTranscript(f"{where}: {unknown[0]} is unknown")
    made = {name: _read(hints[name], value[name], f"{where}.{name}") for name in names}
    try:
        return cls(**made)
    except BadTranscript as error:
        raise BadTranscript(f"{where}: {error}") from error


def _read(hint: Any, value: Any, where: str) -> Any:
    """The value as the annotation wants it: int, str, bool, one of these or null, a choice, or a tuple of a dataclass."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        inner = next(part for part in get_args(hint) if part is not type(None))
        return None if value is None else _read(inner, value, where)
    if origin is tuple:
        need(isinstance(value, list), f"{where}: not a list")
        inner = get_args(hint)[0]
        return tuple(_build(inner, item, f"{where}[{index}]") for index, item in enumerate(value))
    if origin is Literal:
        need(
            isinstance(value, str) and value in get_args(hint),
            f"{where}: {value!r} is none of {', '.join(get_args(hint))}",
        )
        return value
    need(type(value) is hint, f"{where}: {value!r} is not {'a whole number' if hint is int else hint.__name__}")
    return value
