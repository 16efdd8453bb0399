"""The take that runs: its microphones, what is to be recognised, and what comes first.

Settled stretches come before open ones, older before newer. Where the engine is slower than the talk, the oldest are skipped.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from protocol.hearing import Take
from protocol.view import HearingView
from transcription.activity import Detector, Interval
from transcription.audio import to_grid, to_us
from transcription.finding import Utterance, speaker_of
from transcription.guards import SURE_OF_SPEECH
from transcription.live_passages import LivePassage, Open
from transcription.live_sound import LiveTrack
from transcription.live_voices import Ear, Stretch, Voices
from transcription.recognizer import SAMPLE_RATE
from transcription.scribe import Scribe

#: Given to the engine around a stretch; less than in the full pass, which knows when somebody else spoke there.
_SURROUNDINGS: Final = SAMPLE_RATE // 5
#: An open stretch is recognised when it is so long, and again whenever it grew by so much.
_FIRST: Final = SAMPLE_RATE
_GROWN: Final = SAMPLE_RATE * 3 // 2
#: Where the oldest is so late, all that are later than `_LATEST` are skipped.
_TOO_LATE: Final = SAMPLE_RATE * 30
_LATEST: Final = SAMPLE_RATE * 10


class LiveTake:
    """One take while it is recorded, and a moment longer."""

    def __init__(
        self, folder: Path, view: HearingView, take: Take, ear: Callable[[int], Detector], since_us: int | None = None
    ) -> None:
        """Listen from the take's first segment.

        Args:
            folder: the record.
            view: the hearing; it goes on growing.
            take: the take.
            ear: the detector for the n-th microphone.
            since_us: where the take has run for a while: from its newest segments, and nothing that ended before this.
        """
        self.take = take
        self._folder, self._view, self._detector, self._late = folder, view, ear, since_us is not None
        since = to_grid(since_us, take.start_us) if since_us is not None else 0
        self._tracks: dict[str, LiveTrack] = {}
        self.voices = Voices({}, max(0, since))
        self._waiting: deque[tuple[Utterance, Open]] = deque()
        self._open: dict[str, tuple[Utterance, Open]] = {}
        self._ended: dict[str, int] = {}
        self._over = False

    @property
    def busy(self) -> bool:
        """Whether something waits to be recognised."""
        return bool(self._waiting) or self._next_open() is not None

    @property
    def up_to_us(self) -> int:
        """Every voice before it was dealt with."""
        if self._over and not self._waiting and self.take.end_us is not None:
            return self.take.end_us
        upto = self.voices.upto
        if self._waiting:
            upto = min(upto, self._waiting[0][0].own.start)
        for utterance, one in self._open.values():
            if utterance.peak >= SURE_OF_SPEECH:  # what is no voice so far is not waited for
                upto = min(upto, max(one.written, utterance.own.start))
        return to_us(max(0, upto), self.take.start_us)

    def listen(self, take: Take) -> list[LivePassage]:
        """Take in the sound that came; what must be told without recognising anything.

        Args:
            take: as the journal tells it now; once it has ended its files are whole.
        """
        if self._over:
            return []
        self.take, over = take, take.end_us is not None
        self._over = over
        self._meet()
        for source, track in self._tracks.items():
            for block in track.read(over=over):
                self.voices.ears[source].hear(block)
            if over:
                self.voices.ears[source].pause()
        return self._sort(self.voices.stretches(over=over))

    def write(self, scribe: Scribe) -> list[LivePassage]:
        """Recognise what comes first, if anything waits; or skip what is too late."""
        if self._waiting and self._behind(self._waiting[0][0]) > _TOO_LATE:
            late = [item for item in self._waiting if self._behind(item[0]) > _LATEST]
            self._waiting = deque(item for item in self._waiting if self._behind(item[0]) <= _LATEST)
            return [one.skipped(utterance) for utterance, one in late]
        if self._waiting:
            utterance, one = self._waiting.popleft()
            if utterance.peak < SURE_OF_SPEECH:  # as in the full pass: no engine is asked
                return [one.unsure(utterance)]
            # Said no more since it was recognised last.
            if one.written >= utterance.own.end and (told := one.settled_as_told()) is not None:
                return [told]
            return [self._written(scribe, utterance, one, settled=True)]
        if (found := self._next_open()) is not None:
            # What is heard of an open stretch says nothing yet about what its speaker speaks.
            trial = replace(scribe, languages=copy.deepcopy(scribe.languages))
            return [self._written(trial, *found, settled=False)]
        return []

    def close(self) -> None:
        """Let go of the files."""
        for track in self._tracks.values():
            track.close()

    def _meet(self) -> None:
        """Listen to every microphone that has begun to write, those that join later too."""
        known = self._view.sources
        for folder in sorted((self._folder / "media" / self.take.id).glob("*/")):
            name = folder.name
            if name in self._tracks or name not in known or known[name].media != "audio":
                continue
            self._tracks[name] = LiveTrack(self._folder, self.take.id, name, self.take.start_us)
            if self._late:
                self._tracks[name].skip_to_newest()
            self.voices.add(name, Ear(self._detector(len(self._tracks) - 1)))

    def _sort(self, stretches: list[Stretch]) -> list[LivePassage]:
        """Put stretches where they belong; an open passage whose voice is another's by now is withdrawn."""
        before, self._open = self._open, {}
        for stretch in stretches:
            utterance = self._utterance(stretch)
            _, one = before.pop(stretch.source, None) or (
                None,
                Open(f"{self.take.id}/{stretch.source}/{stretch.own.start}"),
            )
            if stretch.settled:
                self._ended[stretch.source] = stretch.own.end
                self._waiting.append((utterance, one))
            else:
                self._open[stretch.source] = (utterance, one)
        return [told for _, one in before.values() if (told := one.withdrawn()) is not None]

    def _utterance(self, stretch: Stretch) -> Utterance:
        own, source = stretch.own, stretch.source
        ear = self.voices.ears[source]
        first = max(own.start - _SURROUNDINGS, self._ended.get(source, 0), 0)
        given = Interval(min(first, own.start), max(own.end, min(own.end + _SURROUNDINGS, ear.reached)))
        speaker = speaker_of(self._view, source)
        return Utterance(self.take.id, source, speaker, self.take.start_us, own, given, peak=own.peak)

    def _written(self, scribe: Scribe, utterance: Utterance, one: Open, *, settled: bool) -> LivePassage:
        samples = self.voices.ears[utterance.source].span(utterance.given.start, utterance.given.end)
        return one.revised(utterance, scribe.write(utterance, samples), scribe.models, settled=settled)

    def _next_open(self) -> tuple[Utterance, Open] | None:
        """The open stretch that grew most since it was recognised, if one grew enough."""
        grown = [
            (utterance.own.end - max(one.written, utterance.own.start), utterance.source)
            for utterance, one in self._open.values()
            if utterance.own.end - utterance.own.start >= _FIRST and utterance.peak >= SURE_OF_SPEECH
        ]
        most, source = max(grown, default=(0, ""))
        return self._open[source] if most >= _GROWN or (most >= _FIRST and self._open[source][1].told is None) else None

    def _behind(self, utterance: Utterance) -> int:
        return self.voices.upto - utterance.own.end
