"""Live words as they are told to the recorder (docs/architecture.md): passages with revisions, and how far behind they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from protocol.transcript import Model, Passage, Publicity
from transcription.finding import Utterance

LiveKind = Literal["speech", "refused", "missing_model", "skipped"]


@dataclass(frozen=True)
class LivePassage:
    """What one voice said, so far.

    Attributes:
        id: the same for every revision of the passage.
        revision: 1, 2, …
        settled: no more is said about it before the full pass. Settled without text: there was none.
        take, source, speaker: where it was said, and by whom where the seat tells.
        start_us, end_us: on the hearing's clock.
        language: as it was heard.
        kind: ``skipped``: the engine was too far behind to write it.
        text: the words that are believed.
        demonstration: a demonstration model wrote it.
    """

    id: str
    revision: int
    settled: bool
    take: str
    source: str
    speaker: str | None
    start_us: int
    end_us: int
    language: str | None = None
    kind: LiveKind = "speech"
    text: str = ""
    demonstration: bool = False

    def withdrawn(self) -> LivePassage:
        """The next revision: settled, without words."""
        return replace(self, revision=self.revision + 1, settled=True, kind="speech", text="")


def left_open(up_to_us: int, told: Sequence[LivePassage]) -> tuple[int, tuple[LivePassage, ...]]:
    """What another transcriber goes on with: from when on, and what is withdrawn because it will be written anew."""
    still = [passage for passage in told if not passage.settled]
    return min([up_to_us, *(one.start_us for one in still)]), tuple(one.withdrawn() for one in still)


@dataclass(frozen=True)
class LiveNews:
    """What is new.

    Attributes:
        publicity: of the take.
        up_to_us: every voice before it was dealt with.
        behind_ms: how long ago that is.
        passages: new ones and revisions.
    """

    publicity: Publicity
    up_to_us: int
    behind_ms: int
    passages: tuple[LivePassage, ...] = ()


@dataclass
class Open:
    """A passage in the making, on one microphone.

    Attributes:
        id: of its passage.
        told: its last revision; None before the first.
        written: up to which sample of the grid that one reaches.
    """

    id: str
    told: LivePassage | None = None
    written: int = 0

    def revised(
        self, utterance: Utterance, passages: Sequence[Passage], models: Sequence[Model], *, settled: bool
    ) -> LivePassage:
        """The next revision, from what the scribe wrote; what was refused gives no text."""
        spoken = [passage for passage in passages if passage.kind == "speech"]
        words = [word for passage in spoken for word in passage.words]
        kind: LiveKind = "speech" if words else "refused"
        if any(passage.kind == "missing_model" for passage in passages):
            kind = "missing_model"
        return self._next(
            utterance,
            settled=settled,
            speaker=spoken[0].speaker if spoken else utterance.speaker,
            language=passages[0].language if passages else None,
            kind=kind,
            text=" ".join(word.text for word in words),
            demonstration=any(word.model is not None and models[word.model].demonstration for word in words),
        )

    def settled_as_told(self) -> LivePassage | None:
        """The last revision once more, settled; None where nothing was told."""
        if self.told is None:
            return None
        self.told = replace(self.told, revision=self.told.revision + 1, settled=True)
        return self.told

    def withdrawn(self) -> LivePassage | None:
        """Settled without words: what was told of it turned out to be somebody else's voice."""
        if self.told is not None:
            self.told = self.told.withdrawn()
        return self.told

    def skipped(self, utterance: Utterance) -> LivePassage:
        """Settled without its words, because they come too late."""
        return self._next(utterance, settled=True, speaker=utterance.speaker, kind="skipped")

    def unsure(self, utterance: Utterance) -> LivePassage:
        """Settled without words, because the detector was never sure that somebody speaks."""
        return self._next(utterance, settled=True, speaker=utterance.speaker, kind="refused")

    def _next(
        self,
        utterance: Utterance,
        *,
        settled: bool,
        speaker: str | None,
        language: str | None = None,
        kind: LiveKind = "speech",
        text: str = "",
        demonstration: bool = False,
    ) -> LivePassage:
        self.written = utterance.own.end
        self.told = LivePassage(
            id=self.id,
            revision=1 if self.told is None else self.told.revision + 1,
            settled=settled,
            take=utterance.take,
            source=utterance.source,
            speaker=speaker,
            start_us=utterance.start_us,
            end_us=max(utterance.end_us, utterance.start_us + 1),
            language=language,
            kind=kind,
            text=text,
            demonstration=demonstration,
        )
        return self.told
