"""Words while the hearing is recorded, and how far its transcript is: what the transcriber tells, passed on to the pages.

Nothing of it is evidence. It is kept in memory, bounded, and never written: the transcript that counts is made after the end,
from the same sound (docs/speech.md). Text of a closed take is shown in the courtroom while it lasts, and forgotten with it.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Annotated, Any, Final, Literal

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field

from protocol.hearing import State
from recorder.refusals import IllegalAction
from recorder.service import Daemon
from recorder.status import SpeechStatus

#: Passages kept of a hearing: what a page that is opened late shows, some twenty minutes of talk.
MOST_PASSAGES: Final = 400
_MOST_HEARINGS: Final = 50
_TAKES_TEXT: Final = (State.RECORDING, State.PAUSED, State.FAULTY, State.FINISHED)

_Name = Annotated[str, Field(min_length=1, max_length=80)]
_Moment = Annotated[int, Field(ge=0, le=2**53 - 1)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LivePassage(_Model):
    """What one voice said, so far.

    Attributes:
        id: the same for every revision of the passage.
        revision: grows; an older one never replaces a newer one.
        settled: the draft says no more about it; before that, words may still change. Settled without text: there was none.
        kind: ``speech``; ``refused`` (not believed), ``missing_model``, ``skipped`` (the draft was too far behind).
        demonstration: a demonstration model wrote it.
    """

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._/-]{1,120}$")]
    revision: Annotated[int, Field(ge=1, le=10_000)]
    settled: bool
    take: _Name
    source: _Name
    speaker: _Name | None = None
    start_us: _Moment
    end_us: _Moment
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")] | None = None
    kind: Literal["speech", "refused", "missing_model", "skipped"] = "speech"
    text: Annotated[str, Field(max_length=10_000)] = ""
    demonstration: bool = False


class LiveBody(_Model):
    """Passages that are new or were revised, and how far the draft is.

    Attributes:
        publicity: of the take they belong to.
        up_to_us: every voice before it was dealt with, UTC µs.
        behind_ms: how long ago that was.
        passages: new ones and revisions.
    """

    publicity: Literal["open", "closed"]
    up_to_us: _Moment
    behind_ms: Annotated[int, Field(ge=0)]
    passages: Annotated[list[LivePassage], Field(max_length=200)] = []


class ProgressBody(_Model):
    """How far the transcript is: per mille, and seconds left where that is known."""

    done_pm: Annotated[int, Field(ge=0, le=1000)]
    left_s: Annotated[int, Field(ge=0)] | None = None


class LiveText:
    """What was told of the current hearing's words, and of every transcript that is being made."""

    def __init__(self) -> None:
        self._hearing: str | None = None
        self._told: LiveBody | None = None
        self._passages: OrderedDict[str, tuple[str, LivePassage]] = OrderedDict()  # id → publicity, passage
        self._progress: OrderedDict[str, ProgressBody] = OrderedDict()

    def add(self, hearing: str, body: LiveBody) -> list[LivePassage]:
        """Take in what is told; those of the passages that are news."""
        if hearing != self._hearing:
            self._hearing = hearing
            self._passages.clear()
        self._told = body
        news = []
        for passage in body.passages:
            known = self._passages.get(passage.id)
            if known is None or known[1].revision < passage.revision:
                self._passages[passage.id] = (body.publicity, passage)
                news.append(passage)
        while len(self._passages) > MOST_PASSAGES:
            self._passages.popitem(last=False)
        return news

    def progress(self, hearing: str, body: ProgressBody) -> None:
        """Take in how far a transcript is."""
        self._progress[hearing] = body
        self._progress.move_to_end(hearing)
        while len(self._progress) > _MOST_HEARINGS:
            self._progress.popitem(last=False)

    def of(self, hearing: str, open_take: str | None) -> dict[str, Any]:
        """Everything there is of a hearing, for a page that was just opened.

        Args:
            hearing: its identifier.
            open_take: the take that runs; text of closed takes that are over is forgotten here.
        """
        if hearing == self._hearing:
            for key, (publicity, passage) in list(self._passages.items()):
                if publicity == "closed" and passage.take != open_take:
                    del self._passages[key]
        mine = hearing == self._hearing and self._told is not None
        live = None
        if mine and self._told is not None:
            passages = [passage.model_dump() for _, passage in self._passages.values()]
            live = {**self._told.model_dump(exclude={"passages"}), "passages": passages}
        progress = self._progress.get(hearing)
        return {"live": live, "progress": progress.model_dump() if progress else None}

    def status(self, hearing: str | None) -> SpeechStatus | None:
        """For the status of the current hearing."""
        if hearing is None or hearing != self._hearing or self._told is None:
            return None
        return SpeechStatus(behind_ms=self._told.behind_ms, up_to_us=self._told.up_to_us)


def add_routes(app: FastAPI, daemon: Daemon, live: LiveText) -> None:
    """The transcriber tells, the pages ask; ``live`` and ``progress`` are server-sent events too."""

    @app.post("/v1/hearings/{hearing}/live")
    async def tell_live(hearing: str, body: LiveBody) -> dict[str, int]:
        """Words of the hearing that is recorded; kept in memory only."""
        session = daemon.session
        if session is None or session.ledger.view.hearing != hearing or session.state not in _TAKES_TEXT:
            raise IllegalAction(f"hearing {hearing[:80]} is not the one in this room, or is over")
        news = live.add(hearing, body)
        told = {**body.model_dump(exclude={"passages"}), "passages": [passage.model_dump() for passage in news]}
        daemon.hub.publish("live", {"hearing": hearing, **told})
        return {"news": len(news)}

    @app.post("/v1/hearings/{hearing}/progress")
    async def tell_progress(hearing: str, body: ProgressBody) -> dict[str, int]:
        """How far the transcript is."""
        daemon.store.path(hearing)
        live.progress(hearing, body)
        daemon.hub.publish("progress", {"hearing": hearing, **body.model_dump()})
        return {"done_pm": body.done_pm}

    @app.get("/v1/hearings/{hearing}/speech")
    async def speech(hearing: str) -> dict[str, Any]:
        """What was told of the hearing's words so far: ``live`` and ``progress``, each null where nothing was."""
        daemon.store.path(hearing)
        session = daemon.session
        take = session.take if session is not None and session.ledger.view.hearing == hearing else None
        return live.of(hearing, take.id if take is not None else None)
