"""From one utterance to the passages that stand for it: language, recognition, guards, words in their places.

The second half of the pipeline, and all of the live draft's. One step after another, each a function of its own: a step that
fails costs one utterance, which the transcript marks.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import structlog

from protocol.passage import Kind, Model, Passage, Word
from transcription.audio import to_us
from transcription.finding import Utterance
from transcription.guards import Judged, judge
from transcription.language import Languages
from transcription.models import Engines
from transcription.recognizer import Recognition, Recognizer, Samples
from transcription.written_forms import written

log = structlog.get_logger(__name__)


@dataclass
class Scribe:
    """Writes down utterances, and remembers what its choices depend on.

    Attributes:
        engines: the installed models.
        language: of the hearing.
        languages: decides what an utterance is spoken in.
        models: those that wrote words so far, in order; words name them by their place here.
        missing: languages that were spoken and have no model.
    """

    engines: Engines
    language: str
    languages: Languages
    models: list[Model] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)

    def write(self, utterance: Utterance, samples: Samples) -> list[Passage]:
        """One utterance: recognised, marked as refused, or marked as missing its model.

        Args:
            utterance: where, when and by whom.
            samples: the sound of ``utterance.given``.
        """
        language = self._language_of(utterance, samples)
        engine = self.engines.for_language(language)
        if engine is None:
            self.missing.add(language)
            return _passages(utterance, language, "missing_model", utterance.start_us, utterance.end_us)
        heard = _recognized(engine, samples, language)
        if heard is None:
            return _passages(utterance, language, "refused", utterance.start_us, utterance.end_us, reason="failed")
        length = to_us(utterance.given.end, 0) - to_us(utterance.given.start, 0)
        return self._written(utterance, language, engine, judge(heard, length))

    def _language_of(self, utterance: Utterance, samples: Samples) -> str:
        """What the utterance is spoken in; the hearing's language where that cannot be heard."""
        engine = self.engines.for_language(self.language)
        if engine is None or not self.languages.open:
            return self.language
        try:
            heard = engine.languages_of(samples)
        except Exception as error:
            # As in _recognized: an engine's fault costs no more than this.
            log.exception("engine failed", action="engine_failed", engine=engine.identity.engine, reason=str(error))
            heard = {}
        return self.languages.decide(utterance.speaker or utterance.source, heard)

    def _written(self, utterance: Utterance, language: str, engine: Recognizer, judged: Judged) -> list[Passage]:
        """What is believed, as words in their places; what is not, as a marked passage."""
        start, end = utterance.start_us, utterance.end_us
        origin = to_us(utterance.given.start, utterance.origin_us)
        model = self._model_index(engine.identity) if judged.words else 0
        words = tuple(
            Word(
                w.text,
                _between(origin + w.start_us, start, end),
                _between(origin + w.end_us, start, end),
                w.probability_pm,
                model,
                w.timing,
            )
            for w in judged.words
        )
        cut = end if judged.reason is None else _between(origin + judged.refused_from_us, start, end)
        out: list[Passage] = []
        if words:
            cut = max(cut, words[-1].end_us)
            out += _passages(utterance, language, "speech", start, max(cut, start + 1), written(words, language))
        if judged.reason is not None:
            log.info(
                "text refused",
                action="text_refused",
                take=utterance.take,
                source=utterance.source,
                start_us=cut,
                reason=judged.reason,
            )
            out += _passages(utterance, language, "refused", cut, end, reason=judged.reason)
        return out

    def _model_index(self, model: Model) -> int:
        if model not in self.models:
            self.models.append(model)
        return self.models.index(model)


def _recognized(engine: Recognizer, samples: Samples, language: str) -> Recognition | None:
    try:
        return engine.recognize(samples, language)
    except Exception as error:
        # The edge to foreign code: whatever an engine raises costs one utterance, which the transcript marks, and no more.
        log.exception("engine failed", action="engine_failed", engine=engine.identity.engine, reason=str(error))
        return None


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
