"""From a record on disk to a transcript: activity, own voices, recognition, guards.

Each take is worked through by itself. On each microphone: where is speech (``activity``), whose is it (``crosstalk``, then
the seat), which language, which engine, what did it hear, is that to be believed (``guards``). Holes of the recording and
segments that cannot be read become passages of kind ``gap``. Nothing here fails for want of a model.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import structlog

from device_config.settings import SpeechSettings
from protocol.hearing import Take
from protocol.passage import REASON
from protocol.record import RecordSource
from protocol.transcript import Kind, Missing, Model, Passage, Publicity, TakeSpan, Transcript, Word
from protocol.view import HearingView
from transcription.activity import Detector, Interval, LevelDetector, SileroDetector, speech_in
from transcription.advice import missing
from transcription.audio import Track, to_us
from transcription.crosstalk import Levels, own_voices
from transcription.errors import ModelUnusable
from transcription.guards import judge
from transcription.language import Languages
from transcription.models import Engines
from transcription.recognizer import SAMPLE_RATE, Recognition, Recognizer

log = structlog.get_logger(__name__)

_LANGUAGE = re.compile(r"[a-z]{2,3}\Z")
#: Given to the engine before and after an utterance: soft consonants lie below any threshold.
SURROUNDINGS = SAMPLE_RATE * 200 // 1000
UNKNOWN_LANGUAGE = "und"  # ISO 639-2: undetermined

Progress = Callable[[int, int], None]


def default_detector() -> Detector:
    """Silero; where the extra asr is not installed, the level gate, and the log says so."""
    try:
        return SileroDetector()
    except ModelUnusable as error:
        log.warning("speech activity falls back to levels", action="activity_fallback", reason=str(error))
        return LevelDetector()


@dataclass
class _Work:
    """What is collected while the takes are worked through."""

    engines: Engines
    view: HearingView
    language: str
    languages: Languages
    passages: list[Passage] = field(default_factory=list)
    models: list[Model] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)

    def model_index(self, model: Model) -> int:
        if model not in self.models:
            self.models.append(model)
        return self.models.index(model)


def transcribe(
    view: HearingView,
    record: RecordSource,
    speech: SpeechSettings,
    *,
    engines: Engines | None = None,
    detector: Detector | None = None,
    progress: Progress | None = None,
    publicity: Publicity = "open",
) -> Transcript:
    """Make the transcript of a hearing.

    Args:
        view: the hearing as its journal tells it.
        record: the files it names.
        speech: models and their settings.
        engines: default: those of `speech`; kept by the caller from hearing to hearing, so that models load once.
        detector: default: :func:`default_detector`.
        progress: called with (utterances done, utterances found so far).
        publicity: which takes; closed ones are encrypted and cannot be read here, so they come out as gaps.

    Returns:
        the transcript, numbered after the last one in the journal. The same record and models give the same transcript.
    """
    kept = engines or Engines(speech)
    work = _Work(kept, view, _hearing_language(view), Languages(_hearing_language(view), sorted(kept.languages)))
    heard_by = detector or default_detector()
    spans = []
    for take in sorted(view.takes.values(), key=lambda item: item.id):
        if take.publicity != publicity:
            continue
        span = _span(view, take)
        spans.append(span)
        if span.start_us < span.end_us:
            _transcribe_take(work, record, span, heard_by, progress)
    if work.engines.for_language(work.language) is None:
        work.missing.add(work.language)
    numbers = [revision.number for revision in view.revisions if revision.kind == "transcript"]
    return Transcript(
        hearing=view.hearing,
        number=max(numbers, default=0) + 1,
        publicity=publicity,
        language=None if work.language == UNKNOWN_LANGUAGE else work.language,
        takes=tuple(spans),
        models=tuple(work.models),
        missing=_missing(work),
        passages=tuple(sorted(work.passages, key=lambda p: (p.start_us, p.end_us, p.source))),
    )


def _missing(work: _Work) -> tuple[Missing, ...]:
    return tuple(missing(language, work.engines.trouble(language)) for language in sorted(work.missing))


def _hearing_language(view: HearingView) -> str:
    return view.case.language if _LANGUAGE.match(view.case.language) else UNKNOWN_LANGUAGE


def _span(view: HearingView, take: Take) -> TakeSpan:
    """Bounds of a take; one that was never ended reaches as far as its segments."""
    end = take.end_us
    if end is None:
        end = max((s.end_us for s in view.segments if s.take == take.id), default=take.start_us)
    return TakeSpan(take.id, take.start_us, max(end, take.start_us))


def _transcribe_take(
    work: _Work, record: RecordSource, span: TakeSpan, detector: Detector, progress: Progress | None
) -> None:
    tracks: dict[str, Track] = {}
    found: dict[str, list[Interval]] = {}
    levels: dict[str, Levels] = {}
    for source in sorted({s.source for s in work.view.segments if s.take == span.take and s.media == "audio"}):
        readable = [s for s in work.view.track(span.take, source) if s.key is None]
        closed = [s for s in work.view.track(span.take, source) if s.key is not None]
        tracks[source], levels[source] = Track(record, span.start_us, readable), Levels()
        speech = speech_in(levels[source].metered(tracks[source].blocks()), detector)
        found[source] = _inside(speech, span)
        _gaps(work, span, source, [(s.start_us, s.end_us, "closed") for s in closed])
        _gaps(work, span, source, [(s.start_us, s.end_us, "unreadable") for s in tracks[source].unreadable])
        _gaps(work, span, source, _journalled(work.view, source))
    own, others = own_voices(found, levels)
    log.info(
        "speech found",
        action="activity",
        hearing=work.view.hearing,
        take=span.take,
        utterances=sum(map(len, own.values())),
        crosstalk=sum(map(len, others.values())),
    )
    queue = sorted(
        (item.start, source, item.end, given.start, given.end)
        for source, items in own.items()
        for item, given in zip(items, with_surroundings(items, _length(span)), strict=True)
    )
    for done, (start, source, end, first, last) in enumerate(queue):
        if progress:
            progress(done, len(queue))
        _utterance(work, span, source, Interval(start, end), Interval(first, last), tracks[source])
    if progress:
        progress(len(queue), len(queue))


def _length(span: TakeSpan) -> int:
    """Samples of a take's grid."""
    return (span.end_us - span.start_us) * SAMPLE_RATE // 1_000_000


def with_surroundings(items: Sequence[Interval], length: int) -> list[Interval]:
    """What the engine is given for each utterance of a channel: a little more than it, never into the next one."""
    given = []
    for index, item in enumerate(items):
        low = (items[index - 1].end + item.start + 1) // 2 if index else 0
        high = (item.end + items[index + 1].start) // 2 if index + 1 < len(items) else length
        given.append(
            Interval(
                max(min(low, item.start), item.start - SURROUNDINGS), min(max(high, item.end), item.end + SURROUNDINGS)
            )
        )
    return given


def _inside(speech: Iterable[Interval], span: TakeSpan) -> list[Interval]:
    """A segment may reach beyond the take by a fragment; a passage may not."""
    last = _length(span)
    cut = (Interval(item.start, min(item.end, last)) for item in speech)
    return [item for item in cut if item.end - item.start >= SAMPLE_RATE // 10]


def _journalled(view: HearingView, source: str) -> list[tuple[int, int, str]]:
    return [(i.from_us, i.to_us, gap.cause) for gap in view.gaps for i in gap.intervals if i.source == source]


def _gaps(work: _Work, span: TakeSpan, source: str, holes: Iterable[tuple[int, int, str]]) -> None:
    for from_us, to_us_, cause in holes:
        start, end = max(from_us, span.start_us), min(to_us_, span.end_us)
        if start < end:
            reason = cause if REASON.match(cause) else "unknown"
            work.passages.append(Passage("gap", span.take, source, start, end, reason=reason))


def _utterance(work: _Work, span: TakeSpan, source: str, item: Interval, given: Interval, track: Track) -> None:
    """One utterance: recognised, marked as refused, or marked as missing its model.

    Args:
        work: what is collected.
        span: its take.
        source: its microphone.
        item: the utterance; its words are drawn inside.
        given: what the engine gets: the utterance and a little around it.
        track: its sound.
    """
    start, end = to_us(item.start, span.start_us), to_us(item.end, span.start_us)
    origin, length = to_us(given.start, span.start_us), to_us(given.end, 0) - to_us(given.start, 0)
    speaker = _speaker(work.view, source)
    language = _language(work, speaker or source, track, given)

    def add(kind: Kind, first: int, last: int, words: tuple[Word, ...] = (), reason: str | None = None) -> None:
        if first < last:
            passage = Passage(kind, span.take, source, first, last, language, speaker, words, reason)
            work.passages.append(passage)

    engine = work.engines.for_language(language)
    if engine is None:
        work.missing.add(language)
        add("missing_model", start, end)
        return
    heard = _recognize(engine, track, given, language)
    if heard is None:
        add("refused", start, end, reason="failed")
        return
    judged = judge(heard, length)
    index = work.model_index(engine.identity) if judged.words else 0
    words = tuple(
        Word(
            w.text,
            _between(origin + w.start_us, start, end),
            _between(origin + w.end_us, start, end),
            w.probability_pm,
            index,
            w.timing,
        )
        for w in judged.words
    )
    cut = end if judged.reason is None else _between(origin + judged.refused_from_us, start, end)
    if words:
        cut = max(cut, words[-1].end_us)
        add("speech", start, max(cut, start + 1), words)
    if judged.reason is not None:
        log.info(
            "text refused", action="text_refused", take=span.take, source=source, start_us=cut, reason=judged.reason
        )
        add("refused", cut, end, reason=judged.reason)


def _between(at_us: int, first_us: int, last_us: int) -> int:
    return min(max(at_us, first_us), last_us)


def _language(work: _Work, speaker: str, track: Track, item: Interval) -> str:
    """What the utterance is spoken in; the hearing's language where that cannot be heard."""
    engine = work.engines.for_language(work.language)
    if engine is None or not work.languages.open:
        return work.language
    try:
        heard = engine.languages_of(track.span(item.start, item.end))
    except Exception as error:
        # As in _recognize: an engine's fault costs no more than this.
        log.exception("engine failed", action="engine_failed", engine=engine.identity.engine, reason=str(error))
        heard = {}
    return work.languages.decide(speaker, heard)


def _recognize(engine: Recognizer, track: Track, item: Interval, language: str) -> Recognition | None:
    try:
        return engine.recognize(track.span(item.start, item.end), language)
    except Exception as error:
        # The edge to foreign code: whatever an engine raises costs one utterance, which the transcript marks, and no more.
        log.exception("engine failed", action="engine_failed", engine=engine.identity.engine, reason=str(error))
        return None


def _speaker(view: HearingView, source: str) -> str | None:
    """The one participant whose seat has this microphone; None where several share it, or nobody is seated."""
    seated = {seat.participant for seat in view.seats.values() if seat.source == source and seat.participant}
    return seated.pop() if len(seated) == 1 else None
