"""From a record on disk to a transcript.

::

    finding    each take: where is speech, whose voice is it, what was not recorded   → utterances, gaps
    voices     shared microphones: utterances divided by voice                        → utterances
    packing    utterances of a microphone that fill a window → recognised together, where the engine pays by the window
    scribe     each utterance: language → recognition → guards → doubt, witness → words in their places → passages

The takes are gone through first, so that it is known how much there is to recognise. Holes of the recording and segments that
cannot be read become passages of kind ``gap``. Nothing here fails for want of a model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import structlog

from device_config.settings import SpeechSettings
from protocol.record import RecordSource
from protocol.transcript import Missing, Passage, Publicity, Transcript
from protocol.view import HearingView
from transcription.activity import Detector, LevelDetector, SileroDetector
from transcription.advice import missing
from transcription.case_words import CaseWords
from transcription.diarization_process import opened
from transcription.diarizer import Diarizer
from transcription.errors import ModelUnusable
from transcription.finding import FoundTake, Utterance, find, sound_of, span_of
from transcription.guards import SURE_OF_SPEECH
from transcription.language import Languages
from transcription.models import Engines
from transcription.packing import gathered
from transcription.progress import Step, Told
from transcription.scribe import Scribe
from transcription.voices import divided, forbidden
from transcription.working import Forgetful, Memory

log = structlog.get_logger(__name__)

_LANGUAGE = re.compile(r"[a-z]{2,3}\Z")
UNKNOWN_LANGUAGE = "und"  # ISO 639-2: undetermined


def default_detector() -> Detector:
    """Silero; where the extra asr is not installed, the level gate, and the log says so."""
    try:
        return SileroDetector()
    except ModelUnusable as error:
        log.warning("speech activity falls back to levels", action="activity_fallback", reason=str(error))
        return LevelDetector()


def transcribe(
    view: HearingView,
    record: RecordSource,
    speech: SpeechSettings,
    *,
    engines: Engines | None = None,
    detector: Detector | None = None,
    progress: Told | None = None,
    publicity: Publicity = "open",
    memory: Memory | None = None,
    diarizer: Diarizer | None = None,
) -> Transcript:
    """Make the transcript of a hearing.

    Args:
        view: the hearing as its journal tells it.
        record: the files it names.
        speech: models and their settings.
        engines: default: those of `speech`; kept by the caller from hearing to hearing, so that models load once.
        detector: default: :func:`default_detector`.
        progress: told after each step.
        publicity: which takes; closed ones are encrypted, and come out as gaps unless `view` and `record` open them (transcription.closed_takes).
        memory: what was worked out before; default: nothing, and nothing is kept.
        diarizer: tells voices of a shared microphone apart; default: that of `speech`, for as long as it is needed.

    Returns:
        the transcript, numbered after the last one in the journal. The same record and models give the same transcript.
    """
    scribe = scribe_of(view, (engines or Engines(speech)).of("full", memory))
    tell = progress or (lambda _step: None)
    takes = _found(view, record, publicity, detector or default_detector(), memory or Forgetful(), tell)
    takes = _told_apart(takes, view, speech, diarizer, memory or Forgetful())
    passages = [gap for take in takes for gap in take.gaps] + list(_written(takes, scribe, tell))
    if scribe.engines.for_language(scribe.language) is None:
        scribe.missing.add(scribe.language)
    numbers = [revision.number for revision in view.revisions if revision.kind == "transcript"]
    return Transcript(
        hearing=view.hearing,
        number=max(numbers, default=0) + 1,
        publicity=publicity,
        language=None if scribe.language == UNKNOWN_LANGUAGE else scribe.language,
        takes=tuple(take.span for take in takes),
        models=tuple(scribe.models),
        missing=_missing(scribe),
        passages=tuple(sorted(passages, key=lambda p: (p.start_us, p.end_us, p.source))),
    )


def scribe_of(view: HearingView, engines: Engines) -> Scribe:
    """Who writes this hearing down: its language, and the engines."""
    language = view.case.language if _LANGUAGE.match(view.case.language) else UNKNOWN_LANGUAGE
    own = {
        one.id: spoken
        for one in view.participants.values()
        if _LANGUAGE.match(spoken := one.identity.get("language", ""))
    }
    return Scribe(
        engines,
        language,
        Languages(language, sorted(engines.languages), own),
        CaseWords.of(view),
        divides=engines.use == "full",
        examiner=engines.examiner,
    )


def _missing(scribe: Scribe) -> tuple[Missing, ...]:
    return tuple(missing(language, scribe.engines.trouble(language)) for language in sorted(scribe.missing))


def _found(
    view: HearingView, record: RecordSource, publicity: Publicity, detector: Detector, memory: Memory, tell: Told
) -> list[FoundTake]:
    """Every take's utterances; one that has no length is there without any."""
    spans = [
        span_of(view, take)
        for take in sorted(view.takes.values(), key=lambda one: one.id)
        if take.publicity == publicity
    ]
    wanted = {span.take for span in spans}
    total = sum(s.end_us - s.start_us for s in view.segments if s.take in wanted and s.media == "audio")
    done = 0
    takes = []
    for span in spans:
        if span.start_us == span.end_us:
            takes.append(FoundTake(span, {}, [], []))
            continue

        def heard(us: int, before: int = done) -> None:
            tell(Step("activity", min(total, before + us), total))

        takes.append(find(view, record, span, detector, memory, heard))
        done += sum(s.end_us - s.start_us for s in view.segments if s.take == span.take and s.media == "audio")
        for track in takes[-1].tracks.values():
            track.forget()
    return takes


def _told_apart(
    takes: list[FoundTake], view: HearingView, speech: SpeechSettings, diarizer: Diarizer | None, memory: Memory
) -> list[FoundTake]:
    """Utterances without a speaker, by voice; a process of ours for that is ended when it is done."""
    if all(one.speaker is not None for take in takes for one in take.utterances):
        return takes
    if diarizer is not None:
        return divided(takes, view, diarizer, memory)
    own = None if forbidden(view) else opened(speech)
    if own is None:
        return takes
    try:
        return divided(takes, view, own, memory)
    finally:
        own.close()


def _written(takes: Iterable[FoundTake], scribe: Scribe, tell: Told) -> Iterable[Passage]:
    """Every utterance's passages; the sound of those that are recognised together is in memory at a time."""
    total = sum(one.end_us - one.start_us for take in takes for one in take.utterances)
    done = 0
    tell(Step("recognition", 0, total))
    for take in takes:
        unsure = [one for one in take.utterances if one.peak < SURE_OF_SPEECH]
        for one in unsure:
            yield _unsure(one)
            done += one.end_us - one.start_us
            tell(Step("recognition", done, total))
        sure = [one for one in take.utterances if one.peak >= SURE_OF_SPEECH]
        for some in gathered(sure, scribe.windows if sure else 0):
            sounds = [sound_of(one, take.tracks[one.source]) for one in some]
            yield from scribe.write_together(list(zip(some, sounds, strict=True)))
            done += sum(one.end_us - one.start_us for one in some)
            tell(Step("recognition", done, total))
        for track in take.tracks.values():
            track.forget()


def _unsure(one: Utterance) -> Passage:
    log.info("not sure of speech", action="text_refused", take=one.take, source=one.source, reason="unsure")
    return Passage("refused", one.take, one.source, one.start_us, one.end_us, speaker=one.speaker, reason="unsure")
