"""The transcriber's side of the recorder daemon's API (docs/architecture.md), HTTP over its Unix socket."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self
from urllib.parse import quote

import httpx2

from protocol.transcript import Transcript
from transcription.closed_takes import ClosedTake
from transcription.errors import RecorderRefused, RecorderUnreachable
from transcription.live_passages import LiveNews, LivePassage, left_open
from transcription.progress import Progress

_ASK_S: Final = 15.0
_ACT_S: Final = 600.0  # the draft renders two PDF files and seals them
BY: Final = "transcriber"


@dataclass(frozen=True)
class Room:
    """What the transcriber asks of the recorder's status.

    Attributes:
        state, hearing: of the current hearing; None where there is none.
        now_us: the hearing's clock, UTC µs.
    """

    state: str | None
    hearing: str | None
    now_us: int


class RecorderClient(Protocol):
    """What the transcriber asks of the recorder. All raise :class:`RecorderUnreachable`."""

    def finished(self) -> list[str]:
        """Identifiers of hearings that are finished and have no draft yet."""

    def post_transcript(self, transcript: Transcript) -> None:
        """Hand a revision over; the recorder writes and journals it."""

    def post_progress(self, hearing: str, progress: Progress) -> None:
        """Tell how far its transcript is."""

    def room(self) -> Room:
        """Which hearing is in the room now."""

    def post_live(self, hearing: str, news: LiveNews) -> None:
        """Tell live words; the recorder shows them and keeps them in memory only."""

    def live_known(self, hearing: str) -> tuple[int | None, tuple[LivePassage, ...]]:
        """What an earlier transcriber told: up to when it had settled, and what it left open, withdrawn."""

    def closed_takes(self, hearing: str) -> list[ClosedTake]:
        """What was recorded in camera of a hearing."""

    def closed_file(self, hearing: str, path: str) -> bytes:
        """An encrypted file, opened.

        Raises:
            RecorderRefused: the recorder cannot open it: damaged, missing, or its key is forgotten.
        """

    def post_draft(self, hearing: str) -> None:
        """Ask for the brief protocol from the journal and the last transcript."""


class SocketClient:
    """The daemon behind its socket."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        transport = httpx2.HTTPTransport(uds=str(socket))
        # Proxies and certificates of the environment have no say about a socket on this machine.
        self._http = httpx2.Client(transport=transport, base_url="http://recorder", timeout=_ASK_S, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def finished(self) -> list[str]:
        """``GET /v1/hearings?state=finished``."""
        answer = self._send("GET", "/v1/hearings", params={"state": "finished"})
        rows = answer.get("hearings", []) if isinstance(answer, dict) else answer
        try:
            return [str(row if isinstance(row, str) else row["hearing"]) for row in rows]
        except (KeyError, TypeError) as error:
            raise RecorderUnreachable(f"GET /v1/hearings: an answer of another form: {answer!r:.200}") from error

    def post_transcript(self, transcript: Transcript) -> None:
        """``POST /v1/hearings/{id}/transcripts``."""
        path = f"/v1/hearings/{quote(transcript.hearing, safe='')}/transcripts"
        headers = {"Content-Type": "application/json"}
        self._send("POST", path, content=transcript.to_json(), headers=headers, timeout=_ACT_S)

    def post_progress(self, hearing: str, progress: Progress) -> None:
        """``POST /v1/hearings/{id}/progress``."""
        self._send("POST", f"/v1/hearings/{quote(hearing, safe='')}/progress", json=asdict(progress))

    def room(self) -> Room:
        """``GET /v1/status``."""
        answer = self._send("GET", "/v1/status")
        try:
            return Room(answer["state"], answer["hearing"], int(answer["clock"]["now_us"]))
        except (KeyError, TypeError, ValueError) as error:
            raise RecorderUnreachable(f"GET /v1/status: an answer of another form: {answer!r:.200}") from error

    def post_live(self, hearing: str, news: LiveNews) -> None:
        """``POST /v1/hearings/{id}/live``."""
        self._send("POST", f"/v1/hearings/{quote(hearing, safe='')}/live", json=asdict(news))

    def live_known(self, hearing: str) -> tuple[int | None, tuple[LivePassage, ...]]:
        """``GET /v1/hearings/{id}/speech``."""
        answer = self._send("GET", f"/v1/hearings/{quote(hearing, safe='')}/speech")
        try:
            if answer["live"] is None:
                return None, ()
            told = [LivePassage(**passage) for passage in answer["live"]["passages"]]
            return left_open(int(answer["live"]["up_to_us"]), told)
        except (KeyError, TypeError, ValueError) as error:
            raise RecorderUnreachable(f"GET …/speech: an answer of another form: {answer!r:.200}") from error

    def closed_takes(self, hearing: str) -> list[ClosedTake]:
        """``GET /v1/hearings/{id}/closed``."""
        answer = self._send("GET", f"/v1/hearings/{quote(hearing, safe='')}/closed")
        try:
            return [ClosedTake(item["take"], bool(item["opens"]), item["transcript"]) for item in answer["takes"]]
        except (KeyError, TypeError) as error:
            raise RecorderUnreachable(f"GET …/closed: an answer of another form: {answer!r:.200}") from error

    def closed_file(self, hearing: str, path: str) -> bytes:
        """``GET /v1/hearings/{id}/closed/files/{path}``."""
        return self._ask("GET", f"/v1/hearings/{quote(hearing, safe='')}/closed/files/{quote(path)}").content

    def post_draft(self, hearing: str) -> None:
        """``POST /v1/hearings/{id}/draft``."""
        self._send("POST", f"/v1/hearings/{quote(hearing, safe='')}/draft", json={"by": BY}, timeout=_ACT_S)

    def _send(self, method: str, path: str, **more: Any) -> Any:
        answer = self._ask(method, path, **more)
        try:
            return answer.json() if answer.content else None
        except ValueError as error:
            raise RecorderUnreachable(f"{method} {path}: not JSON: {answer.text:.200}") from error

    def _ask(self, method: str, path: str, **more: Any) -> httpx2.Response:
        if not self._socket.exists():  # the library leaves a socket open when there is nothing to connect to
            raise RecorderUnreachable(f"{self._socket}: no recorder has made this socket")
        try:
            answer = self._http.request(method, path, **more)
        except httpx2.HTTPError as error:
            raise RecorderUnreachable(f"{method} {path}: {error!r}") from error
        if answer.is_error:
            raise RecorderRefused(f"{method} {path}: {answer.status_code} {answer.text:.500}")
        return answer


@dataclass
class FakeRecorder:
    """A recorder in memory, for tests and rehearsals.

    Attributes:
        waiting: hearings that are finished; a draft takes one off.
        transcripts, drafts, progress: what was handed over, asked for and told, in order.
        refuses: hearings whose transcript it refuses.
        now: the hearing in the room.
        live: live words, in order.
    """

    waiting: list[str] = field(default_factory=list)
    transcripts: list[Transcript] = field(default_factory=list)
    drafts: list[str] = field(default_factory=list)
    progress: list[tuple[str, Progress]] = field(default_factory=list)
    refuses: frozenset[str] = frozenset()
    closed: dict[str, list[ClosedTake]] = field(default_factory=dict)
    now: Room = Room(None, None, 0)
    live: list[tuple[str, LiveNews]] = field(default_factory=list)

    def finished(self) -> list[str]:
        """Those that wait."""
        return list(self.waiting)

    def post_transcript(self, transcript: Transcript) -> None:
        """Keep it."""
        if transcript.hearing in self.refuses:
            raise RecorderUnreachable(f"{transcript.hearing}: refused")
        self.transcripts.append(transcript)

    def post_progress(self, hearing: str, progress: Progress) -> None:
        """Keep it."""
        self.progress.append((hearing, progress))

    def room(self) -> Room:
        """As it was set."""
        return self.now

    def post_live(self, hearing: str, news: LiveNews) -> None:
        """Keep it."""
        self.live.append((hearing, news))

    def live_known(self, hearing: str) -> tuple[int | None, tuple[LivePassage, ...]]:
        """From what was told."""
        told = [news for of, news in self.live if of == hearing]
        last = {passage.id: passage for news in told for passage in news.passages}
        return left_open(told[-1].up_to_us, list(last.values())) if told else (None, ())

    def closed_takes(self, hearing: str) -> list[ClosedTake]:
        """As they were set."""
        return self.closed.get(hearing, [])

    def closed_file(self, hearing: str, path: str) -> bytes:
        """It has none."""
        raise RecorderRefused(f"{hearing}: {path} does not open")

    def post_draft(self, hearing: str) -> None:
        """Note it; the hearing waits no longer."""
        self.drafts.append(hearing)
        self.waiting.remove(hearing)
