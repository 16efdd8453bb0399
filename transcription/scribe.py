"""From one utterance to the passages that stand for it: language, recognition, guards, doubt, words in their places.

The second half of the pipeline, and all of the live draft's. One step after another, each a function of its own: a step that
fails costs one utterance, which the transcript marks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import structlog

from protocol.passage import BadTranscript, Kind, Model, Passage, Word
from transcription import switching
from transcription.activity import Interval
from transcription.audio import to_us
from transcription.case_words import CaseWords, quiet
from transcription.examining import Examined, Examiner
from transcription.finding import Utterance
from transcription.guards import Judged, judge
from transcription.language import Languages
from transcription.models import Engines
from transcription.recognizer import Recognition, RecognizedWord, Recognizer, Samples, Spoken
from transcription.written_forms import written

log = structlog.get_logger(__name__)

_NOTHING: Final = Judged(())
_UNKNOWN: Final = Examined()
#: A page shows a word while it sounds: a syllable's length at least.
_SHORTEST_WORD_US: Final = 20_000


@dataclass(frozen=True)
class _Heard:
    """An utterance or a part of one, in one language.

    Attributes:
        utterance, language: what was listened to.
        engine: None where no model knows the language.
        recognition: None where the engine failed.
        judged: what is believed.
        examined: what is thought of that.
    """

    utterance: Utterance
    language: str
    engine: Recognizer | None = None
    recognition: Recognition | None = None
    judged: Judged = _NOTHING
    examined: Examined = _UNKNOWN


@dataclass
class Scribe:
    """Writes down utterances, and remembers what its choices depend on.

    Attributes:
        engines: the installed models.
        language: of the hearing.
        languages: decides what an utterance is spoken in.
        case_words: names of the case.
        divides: whether it looks for a change of language inside an utterance, which takes time that a live draft has not.
        examiner: tells how doubtful words are.
        models: those that wrote words or were witnesses so far, in order; words name them by their place here.
        missing: languages that were spoken and have no model.
    """

    engines: Engines
    language: str
    languages: Languages
    case_words: CaseWords = field(default_factory=CaseWords)
    divides: bool = True
    examiner: Examiner = field(default_factory=Examiner)
    models: list[Model] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)

    def write(self, utterance: Utterance, samples: Samples) -> list[Passage]:
        """One utterance: recognised, marked as refused, or marked as missing its model; in parts where its language changes.

        Args:
            utterance: where, when and by whom.
            samples: the sound of ``utterance.given``.
        """
        shares = self._look(samples)
        language = self._spoken_in(utterance, shares)
        return self._finished(self._heard(utterance, language, samples), samples, shares)

    @property
    def windows(self) -> int:
        """How many windows the engine of the hearing's language works on at once; 0: utterances come one at a time."""
        engine = self.engines.for_language(self.language)
        return 0 if engine is None else engine.windows

    def write_together(self, items: Sequence[tuple[Utterance, Samples]]) -> list[Passage]:
        """As :meth:`write` for each of several utterances of one microphone, in order, recognised together where the engine can.

        What is not believed together is recognised alone, so an utterance has the same guards either way. All the languages are decided
        before anything is recognised.
        """
        sounds = [_spoken(utterance, samples) for utterance, samples in items]
        seen = self._look_together(sounds)
        languages = [self._spoken_in(utterance, shares) for (utterance, _), shares in zip(items, seen, strict=True)]
        found = self._recognized_together(sounds, languages)
        written: list[Passage] = []
        for (utterance, samples), shares, language, heard in zip(items, seen, languages, found, strict=True):
            written += self._finished(self._heard(utterance, language, samples, heard), samples, shares)
        return written

    def _spoken_in(self, utterance: Utterance, shares: Mapping[str, float] | None) -> str:
        return self.language if shares is None else self.languages.decide(_who(utterance), shares)

    def _finished(self, whole: _Heard, samples: Samples, shares: Mapping[str, float] | None) -> list[Passage]:
        """The passages of an utterance that was recognised."""
        parts = self._parts(whole, samples, shares or {})
        if parts[0] is whole:
            parts = [self._examined(whole, samples, shares or {})]
        else:
            first = whole.utterance.given.start
            parts = [self._examined(one, samples[_slice(one.utterance, first)], {}) for one in parts]
        return [passage for one in parts for passage in self._set_down(one)]

    def _set_down(self, one: _Heard) -> list[Passage]:
        """As :meth:`_written`; an engine's words that no transcript may hold (control characters, none at all) are refused."""
        try:
            return self._written(one)
        except BadTranscript:
            engine = None if one.engine is None else one.engine.identity.engine
            log.warning("words of no form", action="engine_failed", engine=engine)
            utterance = one.utterance
            start, end = utterance.start_us, utterance.end_us
            return _passages(utterance, one.language, "refused", start, end, reason="failed")

    def _look(self, samples: Samples, *, piece: bool = False) -> Mapping[str, float] | None:
        """What it (a `piece` of an utterance) is spoken in by the sound; nothing where that cannot be heard, None where there is no choice."""
        engine = self.engines.for_language(self.language)
        if engine is None or not self.languages.open:
            return None
        try:
            return engine.languages_of(samples, piece=piece)
        except Exception as error:
            # As in _heard: an engine's fault costs no more than this.
            log.exception("engine failed", action="engine_failed", engine=engine.identity.engine, reason=str(error))
            return {}

    def _look_together(self, sounds: Sequence[Spoken]) -> list[Mapping[str, float] | None]:
        """As :meth:`_look` for each; who cannot be told together is asked alone."""
        engine = self.engines.for_language(self.language)
        found: Sequence[Mapping[str, float] | None] = [None] * len(sounds)
        if engine is not None and self.languages.open:
            try:
                found = engine.languages_together(sounds)
            except Exception as error:
                log.exception("engine failed", action="engine_failed", engine=engine.identity.engine, reason=str(error))
        return [self._look(sound.samples) if one is None else one for sound, one in zip(sounds, found, strict=True)]

    def _recognized_together(self, sounds: Sequence[Spoken], languages: Sequence[str]) -> list[Recognition | None]:
        """What the engine of each language makes of its utterances together; None for one that is to be recognised alone."""
        found: list[Recognition | None] = [None] * len(sounds)
        for language in dict.fromkeys(languages):
            places = [place for place, one in enumerate(languages) if one == language]
            engine = self.engines.for_language(language)
            if engine is None:
                continue
            prompt = self.case_words.prompt if engine.prompted else ""
            try:
                heard = engine.recognize_together([sounds[place] for place in places], language, prompt=prompt)
            except Exception as error:
                log.exception("engine failed", action="engine_failed", engine=engine.identity.engine, reason=str(error))
                continue
            for place, one in zip(places, heard, strict=True):
                found[place] = one
        return found

    def _heard(
        self, utterance: Utterance, language: str, samples: Samples, together: Recognition | None = None
    ) -> _Heard:
        """What the engine of a language makes of an utterance, alone or with others (`together`), and what of it is believed."""
        engine = self.engines.for_language(language)
        if engine is None:
            return _Heard(utterance, language)
        length = to_us(utterance.given.end, 0) - to_us(utterance.given.start, 0)
        try:
            prompt = self.case_words.prompt if engine.prompted else ""
            heard = together or engine.recognize(samples, language, prompt=prompt)
            if prompt and self.case_words.nothing_but(heard):
                # It may repeat what it was given. Without it, it says what it hears.
                if quiet(samples):
                    return _Heard(utterance, language, engine, heard, Judged((), "case_words"))
                heard = engine.recognize(samples, language)
        except Exception as error:
            # The edge to foreign code: whatever an engine raises costs one utterance, which the transcript marks, and no more.
            log.exception("engine failed", action="engine_failed", engine=engine.identity.engine, reason=str(error))
            return _Heard(utterance, language, engine, None, Judged((), "failed"))
        return _Heard(utterance, language, engine, heard, judge(heard, length))

    def _parts(self, whole: _Heard, samples: Samples, shares: Mapping[str, float]) -> list[_Heard]:
        """The utterance by language, where it changes and every part of it is believed; else the whole."""
        utterance, heard = whole.utterance, whole.recognition
        origin = to_us(utterance.given.start, utterance.origin_us)
        voice = (utterance.start_us - origin, utterance.end_us - origin)
        if (
            heard is None
            or not self.divides
            or not switching.doubtful(heard, shares, whole.language, len(samples), voice)
        ):
            return [whole]
        weights = self.languages.weights(_who(utterance))
        found = switching.parts(samples, lambda sound: self._look(sound, piece=True) or {}, weights)
        if len(found) < 2:
            return [whole]
        made = [
            self._heard(_part(utterance, one), one.language, samples[one.start : one.end])
            for one in found
            if _part(utterance, one).own.start < _part(utterance, one).own.end
        ]
        if not all(one.judged.words and one.judged.reason is None for one in made):
            return [whole]
        for one in made:
            self.languages.note(_who(utterance), one.language)
        return made

    def _examined(self, one: _Heard, samples: Samples, shares: Mapping[str, float]) -> _Heard:
        """With the doubt about its words; without them where a witness takes them away."""
        if one.engine is None or not one.judged.words:
            return one
        length = to_us(one.utterance.given.end, 0) - to_us(one.utterance.given.start, 0)
        found = self.examiner.examine(one.judged.words, one.engine, one.language, samples, length, shares)
        return replace(one, examined=found, judged=Judged((), "witness") if found.refused else one.judged)

    def _written(self, one: _Heard) -> list[Passage]:
        """What is believed, as words in their places; what is not, as a marked passage."""
        utterance, language, judged = one.utterance, one.language, one.judged
        start, end = utterance.start_us, utterance.end_us
        if one.engine is None:
            self.missing.add(language)
            return _passages(utterance, language, "missing_model", start, end)
        if one.recognition is None:
            return _passages(utterance, language, "refused", start, end, reason=judged.reason)
        origin = to_us(utterance.given.start, utterance.origin_us)
        model = self._model_index(one.engine.identity) if judged.words else 0
        words = tuple(_placed(word, origin, start, end, model) for word in judged.words)
        witness = None if one.examined.witness is None else self._model_index(one.examined.witness)
        cut = end if judged.reason is None else _between(origin + judged.refused_from_us, start, end)
        out: list[Passage] = []
        if words:
            cut = max(cut, words[-1].end_us)
            spoken = _passages(
                utterance, language, "speech", start, max(cut, start + 1), self._as_written(words, language)
            )
            out += [replace(passage, doubt_pm=one.examined.doubt_pm, witness=witness) for passage in spoken]
        if judged.reason is not None:
            log.info(
                "text refused",
                action="text_refused",
                take=utterance.take,
                source=utterance.source,
                start_us=cut,
                reason=judged.reason,
            )
            refused = _passages(utterance, language, "refused", cut, end, reason=judged.reason)
            out += [replace(passage, witness=witness) for passage in refused] if one.examined.refused else refused
        return out

    def _as_written(self, words: tuple[Word, ...], language: str) -> tuple[Word, ...]:
        """As a court writes them: names of the case, then numbers."""
        return written(self.case_words.corrected(words), language)

    def _model_index(self, model: Model) -> int:
        if model not in self.models:
            self.models.append(model)
        return self.models.index(model)


def _spoken(utterance: Utterance, samples: Samples) -> Spoken:
    first = utterance.given.start
    return Spoken(samples, (utterance.own.start - first, utterance.own.end - first))


def _who(utterance: Utterance) -> str:
    return utterance.speaker or utterance.source


def _part(utterance: Utterance, part: switching.Part) -> Utterance:
    """The stretch of an utterance that is in one language."""
    given = Interval(utterance.given.start + part.start, utterance.given.start + part.end)
    own = Interval(max(utterance.own.start, given.start), min(utterance.own.end, given.end))
    return replace(utterance, own=own, given=given)


def _slice(utterance: Utterance, first: int) -> slice:
    """Its sound in that of an utterance that begins at sample `first` of the take."""
    return slice(utterance.given.start - first, utterance.given.end - first)


def _passages(
    utterance: Utterance,
    language: str,
    kind: Kind,
    first: int,
    last: int,
    words: tuple[Word, ...] = (),
    reason: str | None = None,
) -> list[Passage]:
    """A passage of the utterance from `first` to `last`; none without length."""
    if first >= last:
        return []
    return [Passage(kind, utterance.take, utterance.source, first, last, language, utterance.speaker, words, reason)]


def _between(at_us: int, first_us: int, last_us: int) -> int:
    return min(max(at_us, first_us), last_us)


def _placed(word: RecognizedWord, origin_us: int, first_us: int, last_us: int, model: int) -> Word:
    """A word in its utterance: what the engine heard in the quiet around it goes to its border, and stays long enough to be pointed at."""
    least = min(_SHORTEST_WORD_US, last_us - first_us)
    start = _between(origin_us + word.start_us, first_us, last_us - least)
    end = _between(origin_us + word.end_us, start + least, last_us)
    return Word(word.text, start, end, word.probability_pm, model, word.timing)
