"""What each source gives and what is made of it, into the journal: once, and again when it changes (record format, section 4.3)."""

from __future__ import annotations

from collections.abc import Iterable

from recorder import reports
from recorder.clock import HearingClock
from recorder.ledger import Ledger


class OpenedSources:
    """Writes the ``source_opened`` lines of one hearing.

    Args:
        ledger: its journal.
        clock: the hearing's clock.
    """

    def __init__(self, ledger: Ledger, clock: HearingClock) -> None:
        self._ledger, self._clock = ledger, clock
        self._told: dict[str, reports.ReadyTrack] = {}

    def note(self, tracks: Iterable[reports.ReadyTrack]) -> None:
        """These tracks were opened; those of which this was said already need no line."""
        at_us = self._clock.now()[0]
        for track in tracks:
            if self._told.get(track.source) != track:
                self._told[track.source] = track
                self._ledger.post(("source_opened", {**track.model_dump(), "at_us": at_us}), keep=True)
