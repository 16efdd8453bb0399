"""Words while a hearing is recorded, a few seconds after they were said, revised as they settle.

::

    live_sound     new fragments of every microphone's open segment, decoded
    live_voices    whose voice it is: settled, or going on
    live_take      what is recognised first; what comes too late is skipped
    scribe         language → recognition → guards → words, as in the full pass
    live_passages  passages with revisions → the recorder, which shows them and keeps them in memory only

One step recognises one utterance at most, so that it can be taken in between the full pass of another hearing. Sound and
recording never wait for it. Nothing is kept on disk: a start after ``kill -9`` begins with the newest sound. The full pass
after the end replaces all of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog

from protocol.errors import ProtocolError
from protocol.journal import parse_line, split_lines
from protocol.record import JOURNAL
from protocol.view import HearingView
from transcription.activity import Detector
from transcription.client import RecorderClient
from transcription.errors import RecorderUnreachable
from transcription.live_passages import LiveNews, LivePassage
from transcription.live_take import LiveTake
from transcription.models import Engines
from transcription.pipeline import scribe_of
from transcription.scribe import Scribe

log = structlog.get_logger(__name__)

STEP_S: Final = 0.3
_ASK_S: Final = 1.0
_TELL_S: Final = 1.0
_AGAIN_S: Final = 10.0
#: A take that has run for longer when it is met is not followed from its beginning.
_FROM_START_US: Final = 20_000_000
_RECORDED: Final = ("recording", "paused", "faulty")


class Tail:
    """A journal that grows, folded as it comes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = self._lines = 0
        self.view = HearingView()

    def read(self) -> HearingView:
        """The hearing with every whole line there is now.

        Raises:
            OSError: it cannot be read.
            ProtocolError: it is no journal.
        """
        with self._path.open("rb") as file:
            file.seek(self._at)
            lines, torn = split_lines(file.read())
            self._at = file.tell() - len(torn)
        for raw in lines:
            self.view.add(parse_line(raw, self._lines))
            self._lines += 1
        return self.view


@dataclass
class _Followed:
    """The hearing that is followed."""

    hearing: str
    folder: Path
    tail: Tail
    scribe: Scribe
    take: LiveTake | None = None
    done: set[str] = field(default_factory=set)


class Live:
    """Follows the hearing that is recorded. Trouble here is logged and costs live words, nothing else."""

    def __init__(
        self,
        client: RecorderClient,
        hearings: Path,
        engines: Engines,
        detector: Callable[[], Detector],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Follow nothing yet.

        Args:
            client: the recorder.
            hearings: folder of the records.
            engines: their models of the use ``live`` are taken.
            detector: makes one for each microphone; they are kept.
            now: monotonic seconds.
        """
        self._client, self._hearings, self._engines, self._now = client, hearings, engines.of("live"), now
        self._make, self._detectors = detector, list[Detector]()
        self._followed: _Followed | None = None
        self._ask_s = self._told_s = 0.0
        self._offset_us = 0

    @property
    def wanted(self) -> bool:
        """Whether there is a model at all: without one there are no words to show."""
        return bool(self._engines.languages)

    @property
    def following(self) -> bool:
        """Whether a hearing is being recorded."""
        return self._followed is not None

    def close(self) -> None:
        """Let go of what is followed; the next step begins anew."""
        self._leave()

    def step(self) -> bool:
        """Go one step on.

        Returns:
            whether more can be done at once.
        """
        if not self.wanted:
            return False
        try:
            self._ask()
            return self._followed is not None and self._step(self._followed)
        except RecorderUnreachable as error:
            log.info("live words wait", action="live_waits", reason=str(error))
        except (OSError, ProtocolError) as error:
            log.warning("live words stop for a while", action="live_failed", reason=str(error))
        except Exception:
            # Whatever it is, it must cost neither the full pass nor the next hearing's live words.
            log.exception("live words stop for a while", action="live_failed")
        self._leave()
        self._ask_s = self._now() + _AGAIN_S
        return False

    def _ask(self) -> None:
        """Which hearing is recorded, and what time it is there."""
        now = self._now()
        if now < self._ask_s:
            return
        self._ask_s = now + _ASK_S
        room = self._client.room()
        self._offset_us = room.now_us - int(self._now() * 1_000_000)
        if self._followed is not None and room.hearing == self._followed.hearing:
            return
        self._leave()
        if room.hearing is not None and room.state in _RECORDED:
            folder = self._hearings / room.hearing
            tail = Tail(folder / JOURNAL)
            self._followed = _Followed(room.hearing, folder, tail, scribe_of(tail.read(), self._engines))
            log.info("live words begin", action="live_begins", hearing=room.hearing)

    def _leave(self) -> None:
        if self._followed is not None and self._followed.take is not None:
            self._followed.take.close()
        self._followed = None

    def _step(self, one: _Followed) -> bool:
        view = one.tail.read()
        news: list[LivePassage] = []
        if one.take is None:
            news += self._begin(one, view)
        if one.take is None:
            return False
        take = view.takes[one.take.take.id]
        ended = take.end_us is not None
        news += one.take.listen(take)
        news += one.take.write(one.scribe)
        busy = one.take.busy
        self._tell(one, one.take, news, last=ended and not busy)
        if ended and not busy:
            one.done.add(take.id)
            one.take.close()
            one.take = None
        return busy

    def _begin(self, one: _Followed, view: HearingView) -> list[LivePassage]:
        """Listen to the take that runs, or ran when it was last looked; what a dead transcriber left open is withdrawn."""
        takes = [take for take in view.takes.values() if take.id not in one.done]
        one.done.update(take.id for take in takes[:-1])
        if not takes:
            return []
        take, at_us = takes[-1], int(self._now() * 1_000_000) + self._offset_us
        late = (take.end_us or at_us) - take.start_us > _FROM_START_US
        if take.end_us is not None and late:
            one.done.add(take.id)  # over, and too long ago
            return []
        known_us, open_still = self._client.live_known(one.hearing) if late else (None, ())
        since = max(known_us or 0, at_us - _FROM_START_US) if late else None
        one.take = LiveTake(one.folder, view, take, self._detector, since)
        return list(open_still)

    def _detector(self, number: int) -> Detector:
        while len(self._detectors) <= number:
            self._detectors.append(self._make())
        self._detectors[number].reset()
        return self._detectors[number]

    def _tell(self, one: _Followed, take: LiveTake, news: list[LivePassage], *, last: bool) -> None:
        now = self._now()
        if not news and not last and now - self._told_s < _TELL_S:
            return
        self._told_s = now
        upto = take.up_to_us
        end = one.tail.view.takes[take.take.id].end_us
        at_us = int(now * 1_000_000) + self._offset_us
        behind = max(0, (at_us if end is None else min(at_us, end)) - upto)
        told = LiveNews(take.take.publicity, upto, behind // 1000, tuple(news))  # type: ignore[arg-type]
        self._client.post_live(one.hearing, told)
        for passage in news:
            if passage.settled:
                log.info(
                    "live words",
                    action="live_settled",
                    passage=passage.id,
                    kind=passage.kind,
                    after_ms=(at_us - passage.end_us) // 1000,
                )
