"""A recorder daemon without devices: the API of docs/architecture.md over a Unix socket, in memory.

It keeps the contract's shapes (the status and the hearing come from the daemon's and the protocol's own models where there are any), moves
levels, draws pictures, and can be told to fail: ``POST /test/...`` routes switch faults on. Nothing here writes evidence.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import json
import math
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from PIL import Image, ImageDraw

from protocol.hearing import State, check_move
from protocol.journal import Line, make_line
from protocol.stages import stages
from protocol.view import HearingView
from recorder.hearings import summary

SOURCES = (
    ("cam-judge", "camera", "video", "Камера судьи"),
    ("cam-hall", "camera", "video", "Камера зала"),
    ("mic-bench", "microphone", "audio", "Стол судьи"),
    ("mic-plaintiff", "microphone", "audio", "Стол истца"),
    ("mic-defendant", "microphone", "audio", "Стол ответчика"),
    ("mic-witness", "microphone", "audio", "Трибуна свидетеля"),
)


class Refused(Exception):
    """What the daemon refuses."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


@dataclass
class Hearing:
    """One hearing: its lines, from which the real view is folded."""

    name: str
    lines: list[Line] = field(default_factory=list)

    @property
    def view(self) -> HearingView:
        return HearingView.of(self.lines)


@dataclass
class FakeRecorder:
    """The daemon's state.

    Attributes:
        deaf: "recording" turns false although the hearing runs, as when no bytes reach the disk.
        lost: names of sources that give nothing.
        found: what a check finds besides: code, and source or None.
        silent: events stop, as when the daemon hangs.
        speech: live words and progress, as a page that is opened late asks for them.
        refuse_people: who joins or leaves is not taken.
        sending: how far each hearing is on its way to the archive.
    """

    hearings: dict[str, Hearing] = field(default_factory=dict)
    current: str | None = None
    deaf: bool = False
    lost: set[str] = field(default_factory=set)
    found: list[tuple[str, str | None]] = field(default_factory=list)
    silent: bool = False
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    speech: dict[str, Any] = field(default_factory=lambda: {"live": None, "progress": None})
    refuse_people: bool = False
    sending: dict[str, dict[str, Any]] = field(default_factory=dict)
    queues: list[asyncio.Queue[str]] = field(default_factory=list)
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)

    def hearing(self, name: str) -> Hearing:
        if name not in self.hearings:
            raise Refused(404, "no-hearing", f"there is no hearing {name}")
        return self.hearings[name]

    def append(self, to: Hearing, line_type: str, /, **data: Any) -> Line:
        now = now_us()
        line = make_line(len(to.lines), line_type, data, at_us=now, mono_us=now, salt=b"\0" * 16)
        to.lines.append(line)
        shown = {"seq": line.seq, "at": line.at, "mono": now, "type": line_type, "data": data}
        self.publish("line", shown)
        return line

    def mark(self, name: str, line_type: str, data: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        """Write a mark; a token once."""
        token = body.get("token")
        if token in self.tokens:
            return self.tokens[token]
        self.calls.append((line_type, {key: value for key, value in body.items() if key not in ("token", "ago_ms")}))
        told = {key: value for key, value in data.items() if key not in ("token", "ago_ms")}
        line = self.append(self.hearing(name), line_type, **told, at_us=now_us() - 1000 * int(body.get("ago_ms", 0)))
        answer = {"seq": line.seq, "at_us": line.data["at_us"]}
        if token:
            self.tokens[token] = answer
        return answer

    def publish(self, name: str, value: object) -> None:
        text = f"event: {name}\ndata: {json.dumps(value, ensure_ascii=False)}\n\n"
        for queue in self.queues:
            queue.put_nowait(text)

    def words(self, *passages: dict[str, Any], behind_ms: int = 1400) -> None:
        """Live words of the current hearing; each with at least an id, a revision, a source and a text."""
        given = {"settled": True, "take": "T01", "speaker": None, "language": "ru", "kind": "speech", "demonstration": True}
        told = [{**given, "start_us": now_us(), "end_us": now_us(), **passage} for passage in passages]
        news = {"publicity": "open", "up_to_us": now_us(), "behind_ms": behind_ms, "passages": told}
        self.publish("live", {"hearing": self.current, **news})

    def move(self, hearing: Hearing, to: State, by: str) -> None:
        old = hearing.view.state
        try:
            check_move(old, to)
        except Exception as error:
            raise Refused(409, "illegal-move", str(error)) from error
        self.append(hearing, "state", **{"from": old.value, "to": to.value, "by": by, "reason": "person"})

    def status(self) -> dict[str, Any]:
        view = self.hearings[self.current].view if self.current else None
        state = view.state if view else None
        live = state is State.RECORDING and not self.deaf
        take = view.current_take if view else None
        return {
            "state": state,
            "hearing": self.current,
            "take": take.id if take else None,
            "recording": live and not any(name in self.lost for name, _kind, media, _label in SOURCES if media == "audio"),
            "sources": [self._source(*row, live=live) for row in SOURCES] if view else [],
            "findings": self._findings(state),
            "clock": {"boot": "b", "offset_us": 0, "synchronized": True, "ntp_offset_us": 120, "now_us": now_us()},
            "since_us": take.start_us if take else None,
            "missing_models": ["kk"],
            "sending": self.sending,
        }

    def _source(self, name: str, kind: str, media: str, label: str, *, live: bool) -> dict[str, Any]:
        state = "lost" if name in self.lost else "recording" if live else "ready"
        peak, rms = levels(name) if media == "audio" else (None, None)
        row = {"name": name, "kind": kind, "media": media, "label": label, "state": state}
        return {**row, "peak_cdb": peak, "rms_cdb": rms, "bytes": 0, "last_us": now_us() if live else None}

    def _findings(self, state: State | None) -> list[dict[str, Any]]:
        rows = [
            {"code": "source-lost", "severity": "error", "source": name, "start_us": now_us()}
            for name in sorted(self.lost)
        ]
        if self.deaf and state is State.RECORDING:
            rows.insert(0, {"code": "nothing-recorded", "severity": "error", "source": None, "start_us": now_us()})
        return rows


def now_us() -> int:
    """UTC microseconds."""
    return time.time_ns() // 1000


def levels(name: str) -> tuple[int, int]:
    """Levels that move, different for each microphone; hundredths of dBFS."""
    wave = math.sin(time.monotonic() * 2.3 + hash(name) % 7)
    if name.endswith("witness"):
        return -6400, -7000
    return int(-1400 + 900 * wave), int(-2600 + 1200 * wave)


def picture(name: str) -> bytes:
    """A JPEG with the camera's name and the time."""
    image = Image.new("RGB", (640, 360), "#35576b" if name.endswith("judge") else "#4d4f3f")
    draw = ImageDraw.Draw(image)
    for x in range(0, 640, 80):
        draw.rectangle((x, 230, x + 60, 330), fill="#6b4d33")
    draw.text((24, 24), f"{name} {time.strftime('%H:%M:%S')}", fill="white", font_size=36)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=80)
    return out.getvalue()


def create_app(fake: FakeRecorder | None = None) -> FastAPI:
    """The daemon's routes over one :class:`FakeRecorder`."""
    fake = fake or FakeRecorder()
    app = FastAPI()
    app.state.fake = fake

    @app.exception_handler(Refused)
    async def refused(_request: Request, error: Refused) -> Response:
        return JSONResponse({"code": error.code, "message": str(error), "advice": "See the log."}, error.status)

    _reading(app, fake)
    _acting(app, fake)
    _people(app, fake)
    _checking(app, fake)
    return app


def _reading(app: FastAPI, fake: FakeRecorder) -> None:
    @app.get("/v1/status")
    async def status() -> Any:
        return fake.status()

    @app.get("/v1/stages")
    async def stage_codes(code: str) -> Any:
        return [asdict(stage) for stage in stages(code)]

    @app.get("/v1/hearings")
    async def hearings() -> Any:
        return [summary(hearing.view).to_json() for hearing in fake.hearings.values()]

    @app.get("/v1/hearings/{name}")
    async def hearing(name: str) -> Any:
        return fake.hearing(name).view.to_json()

    @app.get("/v1/hearings/{name}/speech")
    async def speech(name: str) -> Any:
        fake.hearing(name)
        return fake.speech

    @app.get("/v1/sources/{name}/picture.jpg")
    async def source_picture(name: str) -> Response:
        if name in fake.lost:
            raise Refused(404, "no-source", "no picture")
        return Response(picture(name), media_type="image/jpeg")

    @app.get("/v1/events")
    async def events() -> Response:
        return StreamingResponse(_stream(fake), media_type="text/event-stream")


async def _stream(fake: FakeRecorder) -> AsyncIterator[str]:
    queue: asyncio.Queue[str] = asyncio.Queue()
    fake.queues.append(queue)
    try:
        for tick in itertools.count():
            if fake.silent:
                await asyncio.sleep(0.1)
                continue
            if tick % 5 == 0:
                yield f"event: status\ndata: {json.dumps(fake.status())}\n\n"
            shown = {name: levels(name) for name, _, media, _ in SOURCES if media == "audio"}
            yield f"event: levels\ndata: {json.dumps(shown)}\n\n"
            while not queue.empty():
                yield queue.get_nowait()
            await asyncio.sleep(0.1)
    finally:
        fake.queues.remove(queue)


def _acting(app: FastAPI, fake: FakeRecorder) -> None:
    @app.post("/v1/hearings")
    async def new(body: dict[str, Any]) -> Any:
        fake.calls.append(("new", body))
        name = f"2026-11-23_{len(fake.hearings) + 1:04}"
        hearing = fake.hearings[name] = Hearing(name)
        fake.append(hearing, "opened", format="hattama-record/1", hearing=name, device="d", origin="o", software="fake")
        fake.append(hearing, "case", **{"kind": "", **body["case"]})
        for person in body["participants"]:
            fake.append(hearing, "participant", **person)
        for seat in body["seats"]:
            fake.append(hearing, "seat", **seat)
        fake.current = name
        return {"hearing": name}

    @app.post("/v1/hearings/{name}/start")
    @app.post("/v1/hearings/{name}/resume")
    async def start(name: str, body: dict[str, Any]) -> Any:
        hearing = fake.hearing(name)
        fake.move(hearing, State.RECORDING, body["by"])
        take = f"T{len(hearing.view.takes) + 1:02}"
        names = sorted(row[0] for row in SOURCES)
        fake.append(hearing, "take_started", take=take, publicity="open", start_us=now_us(), sources=names)
        return fake.status()

    @app.post("/v1/hearings/{name}/pause")
    async def pause(name: str, body: dict[str, Any]) -> Any:
        hearing = fake.hearing(name)
        fake.move(hearing, State.PAUSED, body["by"])
        end_take(fake, hearing, "pause")
        return fake.status()

    @app.post("/v1/hearings/{name}/stop")
    async def stop(name: str, body: dict[str, Any]) -> Any:
        hearing = fake.hearing(name)
        fake.move(hearing, State.FINISHED, body["by"])
        end_take(fake, hearing, "finish")
        fake.append(hearing, "manifest", number=1, path="manifest-0001.json", head_sha256="", root="", size=0)
        fake.current = None
        return fake.status()

    @app.post("/v1/hearings/{name}/stages")
    async def stage(name: str, body: dict[str, Any]) -> Any:
        return fake.mark(name, "stage", {"participant": None, "note": "", **body}, body)

    @app.post("/v1/hearings/{name}/remarks")
    async def remark(name: str, body: dict[str, Any]) -> Any:
        return fake.mark(name, "remark", body, body)

    @app.post("/v1/hearings/{name}/withdrawals")
    async def withdrawal(name: str, body: dict[str, Any]) -> Any:
        return fake.mark(name, "withdrawn", body, body)


def _people(app: FastAPI, fake: FakeRecorder) -> None:
    @app.post("/v1/hearings/{name}/participants")
    async def person(name: str, body: dict[str, Any]) -> Any:
        hearing = fake.hearing(name)
        if fake.refuse_people:
            raise Refused(422, "bad-request", "refused")
        fake.calls.append(("participant", body))
        who = body.get("id") or f"p{len(hearing.view.participants) + 1}"
        if body["attendance"] != "left":
            told = {key: body[key] for key in ("role", "name", "attendance", "protected")}
            fake.append(hearing, "participant", id=who, note="", identity={}, **told)
        line = fake.append(hearing, "remark", text=body["said"], by=body["by"], at_us=now_us())
        return {"id": who, "seq": line.seq, "at_us": line.data["at_us"]}


def _checking(app: FastAPI, fake: FakeRecorder) -> None:
    @app.post("/v1/check")
    async def check() -> Any:
        fake.calls.append(("check", {}))
        if fake.current and fake.hearing(fake.current).view.state in (State.RECORDING, State.PAUSED, State.FAULTY):
            raise Refused(409, "hearing-runs", "a hearing is being recorded")
        rows = [{"name": name, "media": media, "label": label, "ready": name not in fake.lost} for name, _, media, label in SOURCES]
        found: list[tuple[str, str | None]] = [*(("source-lost", name) for name in sorted(fake.lost)), *fake.found]
        problems = [{"code": code, "source": source, "advice": "", "detail": ""} for code, source in found]
        return {"at_us": now_us(), "seconds": 10, "ready": not fake.lost, "verified": True, "sources": rows, "problems": problems}


def end_take(fake: FakeRecorder, hearing: Hearing, reason: str) -> None:
    """End the running take, if one runs."""
    take = hearing.view.current_take
    if take:
        fake.append(hearing, "take_ended", take=take.id, end_us=now_us(), reason=reason)
