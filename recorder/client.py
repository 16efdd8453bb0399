"""Client of the recorder daemon: HTTP over its Unix socket, for commands and other programs on this box.

::

    RecorderError (recorder.errors)
    └── Refused            the daemon answered with an error; its code, advice and exit status are the daemon's
        └── Unreachable    nobody answers on the socket
"""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx2

from device_config.sources import SourceSettings
from protocol.hearing import Case, Participant, Seat, State
from recorder import refusals
from recorder.check_result import CheckResult
from recorder.errors import RecorderError
from recorder.refusals import Refusal
from recorder.status import Status

_BASE = "http://recorder"
_ASK_S = 15.0
#: A start waits for slow cameras, a stop for the read-back and the seal, a draft for two PDF files.
_ACT_S = 600.0
_QUIET_S = 30.0


class Refused(RecorderError):
    """The daemon did not do what it was asked.

    Attributes:
        http_status: of the answer; 0 when there was none.
    """

    def __init__(self, code: str, message: str, advice: str, http_status: int) -> None:
        super().__init__(message)
        self.code = code  # type: ignore[misc]  # the daemon's, not this class's
        self.advice = advice  # type: ignore[misc]
        self.http_status = http_status
        self.exit_status = _EXIT.get(code, 1)  # type: ignore[misc]


class Unreachable(Refused):
    """Nobody answers on the socket."""

    def __init__(self, path: Path, detail: str) -> None:
        advice = "Start the recorder (systemctl start hattama-recorder, or `hattama recorder`)."
        super().__init__("recorder-gone", f"{path}: the recorder does not answer: {detail}", advice, 0)
        self.exit_status = 69  # type: ignore[misc]  # EX_UNAVAILABLE


def _exits(kind: type[Refusal]) -> dict[str, int]:
    found = {kind.code: kind.exit_status}
    for child in kind.__subclasses__():
        found |= _exits(child)
    return found


_EXIT = _exits(refusals.Refusal)


@dataclass(frozen=True)
class Event:
    """One server-sent event: ``status``, ``levels`` or ``line``, and its data."""

    name: str
    data: dict[str, Any]


class RecorderClient:
    """What the daemon offers. Every method raises :class:`Refused` or :class:`Unreachable`.

    Args:
        path: Unix socket of the daemon (``Settings.socket``).
    """

    def __init__(self, path: Path) -> None:
        self._socket = path
        self._reached = False
        # The environment's proxies have no say about a socket on this machine.
        self._http = httpx2.Client(
            transport=httpx2.HTTPTransport(uds=str(path)), base_url=_BASE, timeout=_ASK_S, trust_env=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def remove(self, hearing: str, receipt: bytes, lines: int, by: str) -> dict[str, Any]:
        """Delete a record that the archive has, and its second copy (recorder.removal); what was deleted."""
        query = {"by": by, "lines": lines}
        return dict(self._send("POST", f"{_at(hearing)}/removal", params=query, content=receipt, timeout=_ACT_S).json())

    def status(self) -> Status:
        """What is true at this moment."""
        return Status.model_validate(self._get("/v1/status"))

    def hearings(self, state: State | str | None = None) -> list[dict[str, Any]]:
        """Hearings on the box (keys of recorder.hearings.Summary), all or those of a state."""
        query = f"?state={State(state).value}" if state else ""
        return list(self._get(f"/v1/hearings{query}"))

    def speech(self, hearing: str) -> dict[str, Any]:
        """What the transcriber told of a hearing (recorder.live_text): ``live`` and ``progress``, each None where nothing was."""
        return dict(self._get(_at(hearing, "speech")))

    def hearing(self, hearing: str) -> dict[str, Any]:
        """What the journal of a hearing says (protocol.view.HearingView as JSON)."""
        return dict(self._get(_at(hearing)))

    def stages(self, code: str) -> list[dict[str, Any]]:
        """Stages that can be marked in a case of this procedural code."""
        return list(self._get(f"/v1/stages?code={quote(code)}"))

    def picture(self, source: str) -> bytes:
        """A camera's last key frame, JPEG."""
        return self._send("GET", f"/v1/sources/{quote(source, safe='')}/picture.jpg").content

    def sources(self) -> list[dict[str, Any]]:
        """The devices (keys of recorder.sourcing.SourceInfo), with those that somebody took out of the hearing."""
        return list(self._get("/v1/sources"))

    def add_source(self, source: SourceSettings | str, by: str) -> list[dict[str, Any]]:
        """Add a device to the hearing that has the room, or take one of the settings back by its name; all devices."""
        body = {"by": by, "source": source if isinstance(source, str) else source.model_dump(mode="json")}
        return list(self._post("/v1/sources", body))

    def remove_source(self, name: str, by: str) -> list[dict[str, Any]]:
        """Take a device out of the hearing that has the room; all devices."""
        path = f"/v1/sources/{quote(name, safe='')}"
        return list(self._send("DELETE", path, params={"by": by}, timeout=_ACT_S).json())

    def plan(self, case: Case, participants: Sequence[Participant] = (), seats: Sequence[Seat] = ()) -> str:
        """A new hearing; its identifier."""
        body = {
            "case": asdict(case),
            "participants": [asdict(item) for item in participants],
            "seats": [asdict(item) for item in seats],
        }
        return str(self._post("/v1/hearings", body)["hearing"])

    def check(self, seconds: int) -> CheckResult:
        """Try the whole way with every source; takes as long as it captures, and some seconds more."""
        return CheckResult.model_validate(self._post("/v1/check", {"seconds": seconds}))

    def start(self, hearing: str, by: str) -> Status:
        """Start recording; true on disk when it returns."""
        return self._move(hearing, "start", by)

    def pause(self, hearing: str, by: str) -> Status:
        """Pause: devices are closed."""
        return self._move(hearing, "pause", by)

    def resume(self, hearing: str, by: str) -> Status:
        """Go on after a pause."""
        return self._move(hearing, "resume", by)

    def stop(self, hearing: str, by: str) -> Status:
        """Finish and seal."""
        return self._move(hearing, "stop", by)

    def stage(self, hearing: str, code: str, by: str, participant: str | None = None, note: str = "") -> int:
        """Mark a stage; its line's number."""
        body = {"code": code, "by": by, "participant": participant, "note": note}
        return int(self._post(_at(hearing, "stages"), body)["seq"])

    def remark(self, hearing: str, text: str, by: str) -> int:
        """Note a remark; its line's number."""
        return int(self._post(_at(hearing, "remarks"), {"text": text, "by": by})["seq"])

    def transcript(self, hearing: str, data: bytes, by: str = "transcriber") -> int:
        """Hand a transcript (canonical JSON) over; its revision number."""
        answer = self._send("POST", _at(hearing, "transcripts"), content=data, params={"by": by}, timeout=_ACT_S)
        return int(answer.json()["number"])

    def edit_transcript(self, hearing: str, based_on: int, edits: Sequence[Mapping[str, Any]], by: str) -> int:
        """Apply a list of edits (docs/transcript-format.md, section 7.1) to the newest revision; the number of the one they give."""
        body = {"by": by, "based_on": based_on, "edits": [dict(item) for item in edits]}
        return int(self._post(_at(hearing, "transcripts", "edits"), body)["number"])

    def transcript_json(self, hearing: str, number: int = 0) -> bytes:
        """A revision of the transcript as it stands in the record; 0 is the newest."""
        return self._send("GET", _at(hearing, "transcripts", str(number))).content

    def doubts(self, hearing: str, number: int = 0) -> dict[str, Any]:
        """What a person should check first in a revision, 0 the newest: its ``number``, and its ``passages`` by doubt."""
        found: dict[str, Any] = self._send("GET", _at(hearing, "transcripts", str(number), "doubts")).json()
        return found

    def draft(self, hearing: str, by: str = "recorder", *, reasons: Mapping[str, str] | None = None, rejected: str | None = None, full: bool | None = None) -> list[str]:
        """Have the protocol drafted, with what people declare (:class:`protocol.brief.Declared`; None: as before); its files' paths in the record."""
        body = {"by": by, "reasons": None if reasons is None else dict(reasons), "rejected": rejected, "full": full}
        return list(self._post(_at(hearing, "draft"), body)["files"])

    def sections(self, hearing: str, language: str) -> list[str]:
        """Titles of the newest protocol's sections, in the language of the proceedings (ru or kk)."""
        found: list[str] = self._send("GET", _at(hearing, "protocol", language, "sections"), timeout=_ACT_S).json()
        return found

    def confirm(self, hearing: str, number: int, sections: Sequence[str], by: str) -> list[str]:
        """Confirm a draft by the titles of all its sections; paths of the protocol that there is to sign."""
        body = {"by": by, "number": number, "sections": list(sections)}
        return list(self._post(_at(hearing, "confirmation"), body)["files"])

    def receipt(self, hearing: str, data: bytes) -> None:
        """Hand the archive's receipt over."""
        self._send("POST", _at(hearing, "receipt"), content=data, timeout=_ACT_S)

    @contextmanager
    def events(self) -> Iterator[Iterator[Event]]:
        """Events for as long as the block runs."""
        with self._reaching(), self._http.stream("GET", "/v1/events", timeout=httpx2.Timeout(_ASK_S, read=_QUIET_S)) as answer:
            parser = _Parser()
            yield (event for line in answer.iter_lines() if (event := parser.line(line)) is not None)

    def _move(self, hearing: str, action: str, by: str) -> Status:
        return Status.model_validate(self._post(_at(hearing, action), {"by": by}))

    def _get(self, path: str) -> Any:
        return self._send("GET", path).json()

    def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._send("POST", path, json=dict(body), timeout=_ACT_S).json()

    def _send(self, method: str, path: str, **more: Any) -> httpx2.Response:
        with self._reaching():
            answer = self._http.request(method, path, **more)
        return _good(answer)

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        if not self._reached:
            _probe(self._socket)
        try:
            yield
            self._reached = True
        except httpx2.HTTPError as error:
            self._reached = False
            raise Unreachable(self._socket, str(error) or type(error).__name__) from error


@asynccontextmanager
async def listen(path: Path) -> AsyncIterator[AsyncIterator[Event]]:
    """The daemon's events, for asyncio programs.

    Raises:
        Unreachable: nobody answers, or the daemon ended.
    """
    _probe(path)
    transport = httpx2.AsyncHTTPTransport(uds=str(path))
    timeout = httpx2.Timeout(_ASK_S, read=_QUIET_S)
    try:
        async with (
            httpx2.AsyncClient(transport=transport, base_url=_BASE, timeout=timeout, trust_env=False) as client,
            client.stream("GET", "/v1/events") as answer,
        ):
            yield _events(answer)
    except httpx2.HTTPError as error:
        raise Unreachable(path, str(error) or type(error).__name__) from error


async def _events(answer: httpx2.Response) -> AsyncIterator[Event]:
    parser = _Parser()
    async for line in answer.aiter_lines():
        if (event := parser.line(line)) is not None:
            yield event


class _Parser:
    """Lines of an event stream to events (HTML standard, section 9.2.6)."""

    def __init__(self) -> None:
        self._name, self._data = "message", list[str]()

    def line(self, line: str) -> Event | None:
        """The event that this line ends, if it does."""
        if line.startswith("event:"):
            self._name = line[6:].strip()
        elif line.startswith("data:"):
            self._data.append(line[5:].removeprefix(" "))
        elif not line and self._data:
            event = Event(self._name, json.loads("\n".join(self._data)))
            self._name, self._data = "message", []
            return event
        return None


def _probe(path: Path) -> None:
    """Find out that nobody listens, before httpx2 does: it leaves a socket open when it cannot connect."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError as error:
            raise Unreachable(path, error.strerror or str(error)) from error


def _at(hearing: str, *rest: str) -> str:
    return "/".join(["/v1/hearings", quote(hearing, safe=""), *rest])


def _good(answer: httpx2.Response) -> httpx2.Response:
    if answer.is_success:
        return answer
    try:
        body = answer.json()
        raise Refused(str(body["code"]), str(body["message"]), str(body.get("advice", "")), answer.status_code)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused("recorder-answer", f"status {answer.status_code}: {answer.text:.200}", "", answer.status_code) from error
