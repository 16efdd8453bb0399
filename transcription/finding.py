"""The utterances of a take: activity on each microphone, whose voice it is, who sits there; and the holes of the recording.

This is the first half of the pipeline. It knows sound and times, and nothing of languages, engines and words.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import structlog

from protocol.hearing import Take
from protocol.passage import REASON
from protocol.record import RecordSource
from protocol.transcript import Passage, TakeSpan
from protocol.view import HearingView
from transcription.activity import Detector, Interval, reaching, speech_in
from transcription.audio import Block, Track, to_us
from transcription.crosstalk import Levels, own_voices
from transcription.recognizer import SAMPLE_RATE, Samples
from transcription.working import Memory

log = structlog.get_logger(__name__)

#: Given to the engine before and after an utterance: soft consonants lie below any threshold, and engines that were taught with
#: whole clips hear the first and last word worse without the quiet around them.
SURROUNDINGS = SAMPLE_RATE * 525 // 1000
#: How long a room goes on sounding after somebody stopped (as in ``crosstalk``).
_ECHO = SAMPLE_RATE * 400 // 1000
_FADE = SAMPLE_RATE * 10 // 1000


@dataclass(frozen=True)
class Utterance:
    """A stretch of one voice on one microphone, to be recognised.

    Attributes:
        take, source: where it was said.
        speaker: participant, or None where the seat does not tell.
        origin_us: start of the take, from which `own` and `given` count samples.
        own: from the voice's first sound to its last; words are drawn inside.
        given: what the engine gets: `own` and a little around it.
        peak: how sure the detector was of speech where it was surest, 0 … 1.
        others: stretches of `given` around `own` in which another microphone's voice is heard; the engine gets silence there.
    """

    take: str
    source: str
    speaker: str | None
    origin_us: int
    own: Interval
    given: Interval
    others: tuple[Interval, ...] = ()
    peak: float = 1.0

    @property
    def start_us(self) -> int:
        """First sound, on the hearing's clock."""
        return to_us(self.own.start, self.origin_us)

    @property
    def end_us(self) -> int:
        """Last sound, on the hearing's clock."""
        return to_us(self.own.end, self.origin_us)


@dataclass(frozen=True)
class FoundTake:
    """What was found in one take.

    Attributes:
        span: the take's bounds.
        tracks: its sound by microphone.
        utterances: in order of time.
        gaps: passages that mark holes.
    """

    span: TakeSpan
    tracks: dict[str, Track]
    utterances: list[Utterance]
    gaps: list[Passage]


def find(
    view: HearingView,
    record: RecordSource,
    span: TakeSpan,
    detector: Detector,
    memory: Memory,
    heard: Callable[[int], None],
) -> FoundTake:
    """Find who speaks when in a take.

    Args:
        view: the hearing.
        record: its files.
        span: the take.
        detector: speech activity.
        memory: what was found on a microphone before.
        heard: told how much sound of this take was gone through so far, µs over all microphones.
    """
    tracks: dict[str, Track] = {}
    found: dict[str, list[Interval]] = {}
    levels: dict[str, Levels] = {}
    gaps: list[Passage] = []
    done = 0
    for source in sorted({s.source for s in view.segments if s.take == span.take and s.media == "audio"}):
        readable = [s for s in view.track(span.take, source) if s.key is None]
        closed = [s for s in view.track(span.take, source) if s.key is not None]
        tracks[source] = Track(record, span.start_us, readable)
        speech, levels[source] = _listened(tracks[source], detector, memory, lambda us, before=done: heard(before + us))  # type: ignore[misc]
        found[source] = _inside(speech, span)
        done += sum(s.end_us - s.start_us for s in readable + closed)
        heard(done)
        gaps += _gaps(span, source, [(s.start_us, s.end_us, "closed") for s in closed])
        gaps += _gaps(span, source, [(s.start_us, s.end_us, "unreadable") for s in tracks[source].unreadable])
        gaps += _gaps(span, source, _journalled(view, source))
    for source in sorted(one.name for one in view.sources.values() if one.media == "audio" and one.name not in tracks):
        gaps += _gaps(span, source, _journalled(view, source))  # lost for the whole take
    own, others = own_voices(found, levels)
    log.info(
        "speech found",
        action="activity",
        hearing=view.hearing,
        take=span.take,
        utterances=sum(map(len, own.values())),
        crosstalk=sum(map(len, others.values())),
    )
    length = length_of(span)
    utterances = [
        Utterance(
            span.take,
            source,
            speaker_of(view, source),
            span.start_us,
            item,
            given,
            others=_around(source, item, given, own),
            peak=_peak(item, found[source]),
        )
        for source, items in own.items()
        for item, given in zip(items, with_surroundings(items, length), strict=True)
    ]
    utterances.sort(key=lambda one: (one.own.start, one.source, one.own.end))
    return FoundTake(span, tracks, utterances, gaps)


def _listened(
    track: Track, detector: Detector, memory: Memory, heard: Callable[[int], None]
) -> tuple[list[Interval], Levels]:
    """Activity and levels of one microphone, remembered."""

    def compute() -> dict[str, Any]:
        levels, reached = Levels(), 0

        def told() -> Iterator[Block]:
            nonlocal reached
            for block in levels.metered(track.blocks()):
                yield block
                reached += to_us(block.end, 0) - to_us(block.start, 0)
                heard(reached)

        speech = [[item.start, item.end, round(item.peak, 3)] for item in speech_in(told(), detector)]
        return {"speech": speech, "levels": levels.to_text(), "unreadable": [s.path for s in track.unreadable]}

    segments = [[s.path, s.sha256, s.start_us, s.end_us] for s in track.segments]
    found = memory.remember(["activity", detector.name, track.start_us, segments], compute)
    track.unreadable[:] = [s for s in track.segments if s.path in found["unreadable"]]
    return [Interval(start, end, peak) for start, end, peak in found["speech"]], Levels.of_text(found["levels"])


def span_of(view: HearingView, take: Take) -> TakeSpan:
    """Bounds of a take; one that was never ended reaches as far as its segments."""
    end = take.end_us
    if end is None:
        end = max((s.end_us for s in view.segments if s.take == take.id), default=take.start_us)
    return TakeSpan(take.id, take.start_us, max(end, take.start_us))


def length_of(span: TakeSpan) -> int:
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


def _peak(item: Interval, active: Sequence[Interval]) -> float:
    """How sure the detector was of the activity that an utterance is part of."""
    return max((one.peak for one in reaching(active, item.start, item.end)), default=1.0)


def _around(
    source: str, item: Interval, given: Interval, own: Mapping[str, Sequence[Interval]]
) -> tuple[Interval, ...]:
    """Where in the surroundings of an utterance somebody at another microphone speaks, or still sounds."""
    found = []
    near = (reaching(items, given.start - _ECHO, given.end + _FADE) for name, items in own.items() if name != source)
    for other in itertools.chain.from_iterable(near):
        for low, high in ((given.start, item.start), (item.end, given.end)):
            first, last = max(low, other.start - _FADE), min(high, other.end + _ECHO)
            if first < last:
                found.append(Interval(first, last))
    return tuple(sorted(found, key=lambda one: (one.start, one.end)))


def sound_of(utterance: Utterance, track: Track) -> Samples:
    """What the engine gets: the sound of ``given``, without other people's voices around the utterance."""
    samples = track.span(utterance.given.start, utterance.given.end)
    for other in utterance.others:
        shape = np.pad(np.zeros(other.end - other.start, np.float32), _FADE, mode="linear_ramp", end_values=1.0)
        first, last = other.start - _FADE - utterance.given.start, other.end + _FADE - utterance.given.start
        low, high = max(0, first), min(len(samples), last)
        samples[low:high] *= shape[low - first : high - first]
    return samples


def speaker_of(view: HearingView, source: str) -> str | None:
    """The one participant whose seat has this microphone; None where several share it, or nobody is seated."""
    seated = {seat.participant for seat in view.seats.values() if seat.source == source and seat.participant}
    return seated.pop() if len(seated) == 1 else None


def _inside(speech: Iterable[Interval], span: TakeSpan) -> list[Interval]:
    """A segment may reach beyond the take by a fragment; a passage may not."""
    last = length_of(span)
    cut = (Interval(item.start, min(item.end, last), item.peak) for item in speech)
    return [item for item in cut if item.end - item.start >= SAMPLE_RATE // 10]


def _journalled(view: HearingView, source: str) -> list[tuple[int, int, str]]:
    return [(i.from_us, i.to_us, gap.cause) for gap in view.gaps for i in gap.intervals if i.source == source]


def _gaps(span: TakeSpan, source: str, holes: Iterable[tuple[int, int, str]]) -> Iterator[Passage]:
    for from_us, to_us_, cause in holes:
        start, end = max(from_us, span.start_us), min(to_us_, span.end_us)
        if start < end:
            reason = cause if REASON.match(cause) else "unknown"
            yield Passage("gap", span.take, source, start, end, reason=reason)
