"""Utterances of a microphone that several share, or that nobody's seat has, divided by voice.

What the channels tell comes first: a diarizer is given nothing but the channel's own utterances, so that a voice that another
microphone hears louder is no voice here. A voice is called ``voice/MICROPHONE/NUMBER`` (docs/transcript-format.md) until a
person says whose it is. Where telling apart fails, the utterances stay as they were, without names.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any, Final

import structlog

from protocol.transcript import Passage
from protocol.view import HearingView
from protocol.voice import voice_name
from transcription.activity import Interval
from transcription.diarization_pieces import Heard, Stretch, VoiceTurn, diarize
from transcription.diarizer import Diarizer
from transcription.errors import SpeechError
from transcription.finding import FoundTake, Utterance, length_of, with_surroundings
from transcription.recognizer import SAMPLE_RATE, Samples
from transcription.working import Memory

log = structlog.get_logger(__name__)

#: A turn shorter than this between two others is theirs: no word fits into it, and engines need some sound.
SHORT: Final = SAMPLE_RATE * 400 // 1000
#: Two at once for so long is marked.
OVERLAP: Final = SAMPLE_RATE * 500 // 1000
OVERLAP_REASON: Final = "overlap"


def forbidden(view: HearingView) -> bool:
    """Whether no voice of this hearing may be measured: a protected witness (УПК 98) takes part.

    Which microphones hear that person cannot be told from the record, so it holds for all of them.
    """
    return any(person.protected for person in view.participants.values())


def divided(takes: Sequence[FoundTake], view: HearingView, diarizer: Diarizer, memory: Memory) -> list[FoundTake]:
    """The takes with the utterances of shared microphones divided by voice, and passages where two spoke at once.

    Args:
        takes: as found.
        view: the hearing: who sits where.
        diarizer: the engine.
        memory: what was worked out before.
    """
    out = list(takes)
    if forbidden(view):
        log.info("voices not told apart", action="voices_protected", hearing=view.hearing)
        return out
    for source in sorted({one.source for take in takes for one in take.utterances if one.speaker is None}):
        try:
            heard = _heard(takes, source, view, diarizer, memory)
        except SpeechError as error:
            log.warning("voices not told apart", action="voices_failed", source=source, reason=str(error))
            continue
        voices = len({turn.voice for turn in heard.turns})
        log.info("voices told apart", action="voices", hearing=view.hearing, source=source, voices=voices)
        out = [_with_voices(take, number, source, heard) for number, take in enumerate(out)]
    return out


def _heard(takes: Sequence[FoundTake], source: str, view: HearingView, diarizer: Diarizer, memory: Memory) -> Heard:
    stretches = [
        Stretch(number, one.own.start, one.own.end)
        for number, take in enumerate(takes)
        for one in take.utterances
        if one.source == source
    ]

    def sound(one: Stretch) -> Samples:
        return takes[one.take].tracks[source].span(one.start, one.end)

    def compute() -> dict[str, Any]:
        return asdict(diarize(stretches, sound, diarizer, most=_most(view, source)))

    files = [
        [s.path, s.sha256, s.start_us] for take in takes if source in take.tracks for s in take.tracks[source].segments
    ]
    spans = [[one.take, one.start, one.end] for one in stretches]
    parts = ["voices", asdict(diarizer.identity), files, spans, _most(view, source)]
    found = memory.remember(json.loads(json.dumps(parts)), compute)
    for take in takes:
        if source in take.tracks:
            take.tracks[source].forget()
    return Heard(*(tuple(VoiceTurn(**turn) for turn in found[name]) for name in ("turns", "single")))


def _most(view: HearingView, source: str) -> int | None:
    """Who sits at a microphone, and one more who was asked to it; unknown where nobody's seat has it."""
    seated = {seat.participant for seat in view.seats.values() if seat.source == source and seat.participant}
    return len(seated) + 1 if seated else None


def _with_voices(take: FoundTake, number: int, source: str, heard: Heard) -> FoundTake:
    """One take with one source's utterances divided."""
    single = [turn for turn in heard.single if turn.take == number]
    turns = [turn for turn in heard.turns if turn.take == number]
    mine = [one for one in take.utterances if one.source == source]
    if not mine:
        return take
    pieces = [(one, piece, voice) for one in mine for piece, voice in parted(one.own, single)]
    given = with_surroundings([piece for _, piece, _ in pieces], length_of(take.span))
    made = [
        replace(
            one,
            own=piece,
            given=around,
            others=tuple(_cut(one.others, around)),
            speaker=None if voice is None else voice_name(source, voice + 1),
        )
        for (one, piece, voice), around in zip(pieces, given, strict=True)
    ]
    under = [
        _under(one, Interval(start, end), voice_name(source, voice + 1))
        for one, piece, own in pieces
        for start, end, voice in beside(piece, own, turns)
    ]
    utterances = [one for one in take.utterances if one.source != source] + made
    utterances.sort(key=lambda one: (one.own.start, one.source, one.own.end))
    return replace(take, utterances=utterances, gaps=[*take.gaps, *under])


def _cut(intervals: Sequence[Interval], inside: Interval) -> Iterator[Interval]:
    for one in intervals:
        start, end = max(one.start, inside.start), min(one.end, inside.end)
        if start < end:
            yield Interval(start, end)


def parted(own: Interval, single: Sequence[VoiceTurn]) -> list[tuple[Interval, int | None]]:
    """An utterance cut where another voice begins; nothing of it is left out.

    Args:
        own: the utterance.
        single: turns of the take, one voice at a time.

    Returns:
        pieces that fill the utterance, with their voice; one piece and None where no voice was found in it.
    """
    inside = [(max(t.start, own.start), min(t.end, own.end), t.voice) for t in single]
    inside = sorted(one for one in inside if one[0] < one[1])
    joined: list[tuple[int, int, int]] = _joined(inside)
    if any(end - start >= SHORT for start, end, _ in joined):
        joined = _joined([one for one in joined if one[1] - one[0] >= SHORT])
    if not joined:
        return [(own, None)]
    cuts = [own.start, *((a[1] + b[0]) // 2 for a, b in itertools.pairwise(joined)), own.end]
    return [
        (Interval(first, last), voice)
        for (_, _, voice), first, last in zip(joined, cuts, cuts[1:], strict=False)
        if first < last
    ]


def _joined(turns: Sequence[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Turns of one voice that follow each other, as one."""
    out: list[tuple[int, int, int]] = []
    for start, end, voice in turns:
        if out and out[-1][2] == voice:
            out[-1] = (out[-1][0], max(end, out[-1][1]), voice)
        else:
            out.append((start, end, voice))
    return out


def beside(piece: Interval, own: int | None, turns: Sequence[VoiceTurn]) -> list[tuple[int, int, int]]:
    """Where another voice speaks at the same time: start, end, voice.

    Args:
        piece: a stretch that was given to one voice.
        own: that voice.
        turns: of the take, overlapping ones among them.
    """
    mine = [t for t in turns if t.voice == own]
    found = []
    for other in turns:
        if own is None or other.voice == own:
            continue
        for turn in mine:
            start, end = max(piece.start, other.start, turn.start), min(piece.end, other.end, turn.end)
            if end - start >= OVERLAP:
                found.append((start, end, other.voice))
    return sorted(found)


def _under(one: Utterance, where: Interval, speaker: str) -> Passage:
    at = replace(one, own=where)
    return Passage("refused", one.take, one.source, at.start_us, at.end_us, None, speaker, (), OVERLAP_REASON)
