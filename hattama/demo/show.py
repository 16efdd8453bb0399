"""The demo's way: start the courtroom, hold a hearing, finish it, verify what is kept of it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from device_config.identity import trust_dir, trusted_keys
from device_config.settings import Settings
from hattama.demo.leaving import clear
from hattama.demo.processes import Processes
from hattama.demo.room import ACTS, CASE, PARTICIPANTS, SEATS, SECRETARY, Act, camera_socket
from hattama.demo.setting_up import Prepared
from hattama.errors import DemoFailed
from protocol.hearing import State
from protocol.record import DirectoryRecord
from protocol.verification import Report, Trust, verify
from recorder.client import RecorderClient, Unreachable
from recorder.status import Status

Say = Callable[[str], None]

START_S = 90.0  # for a process to answer, on a slow machine
PAPERS_S = 600.0  # for transcript, protocol and receipt
SETTLE_S = 60.0  # for the last lines after the receipt to be signed and sent


@dataclass(frozen=True)
class Kept:
    """What is left of the hearing."""

    hearing: str
    record: Path
    archive_record: Path
    view: dict[str, Any]
    report: Report
    words: int


def start(room: Prepared, processes: Processes, say: Say, workers: Sequence[str] = ("transcriber", "uploader")) -> None:
    """Start cameras, recorder, archive, console and the workers; each of the first four answers when this returns."""
    inner = room.settings
    cameras = [source for source in inner.sources if source.kind == "camera"]
    for source in cameras:
        view = source.name.removeprefix("cam-")
        at = str(camera_socket(inner.runtime, source.name))
        processes.start(source.name, "hattama.demo.camera", "--socket", at, "--view", view, "--court", inner.court)
    for source in cameras:
        at_path = camera_socket(inner.runtime, source.name)
        processes.wait_for(f"the camera {source.name}", lambda path=at_path: path.exists() or None, START_S)  # type: ignore[misc]
    for name in ("recorder", "archive", "console"):
        more = ("serve",) if name == "archive" else ()
        processes.start(name, "hattama", "--config", str(room.config), name, *more)
    with RecorderClient(inner.socket) as client:
        processes.wait_for("the recorder", lambda: _status(client), START_S)
    for name, url in urls(inner).items():
        processes.wait_for(f"the {name}", lambda url=url: _answers(url), START_S)  # type: ignore[misc]
        say(f"{name}: {url}")
    for name in workers:
        processes.start(name, "hattama", "--config", str(room.config), name)


def urls(inner: Settings) -> dict[str, str]:
    """Addresses of the two web apps."""
    return {"console": f"http://127.0.0.1:{inner.console.port}/", "archive": f"http://127.0.0.1:{inner.archive.port}/"}


def _status(client: RecorderClient) -> Status | None:
    with contextlib.suppress(Unreachable):
        return client.status()
    return None


def _answers(url: str) -> bool | None:
    with contextlib.suppress(httpx2.HTTPError):
        return httpx2.get(url, trust_env=False, timeout=5).status_code < 500 or None
    return None


def record(room: Prepared, processes: Processes, seconds: float, say: Say) -> str:
    """Hold the hearing: plan it, record for so long while stages are marked, stop. Returns its identifier."""
    with RecorderClient(room.settings.socket) as client:
        clear(client, say)
        hearing = client.plan(CASE, PARTICIPANTS, SEATS)
        say(f"hearing: {hearing}")
        processes.wait_for("every camera and microphone", lambda: _ready(client), START_S)
        _shown(client.start(hearing, SECRETARY), say)
        begin = time.monotonic()
        acts = list(ACTS)
        while (elapsed := time.monotonic() - begin) < seconds:
            processes.check()
            while acts and elapsed >= acts[0].at * seconds:
                _mark(client, hearing, acts.pop(0), say)
            time.sleep(min(0.2, max(0.0, seconds - elapsed)))
        _shown(client.status(), say)
        client.stop(hearing, SECRETARY)
        say("finished: the capture is sealed")
        return hearing


def _ready(client: RecorderClient) -> Status | None:
    status = client.status()
    return status if status.sources and all(item.state == "ready" for item in status.sources) else None


def _shown(status: Status, say: Say) -> None:
    """Say what the recorder says; a recording that it does not vouch for ends the demo."""
    if not status.recording:
        raise DemoFailed(f"the recorder does not record: {not_recording(status)}")
    levels = ", ".join(
        f"{item.name} {item.rms_cdb / 100:.0f} dB" for item in status.sources if item.rms_cdb is not None
    )
    say(f"recording: {len(status.sources)} sources; {levels}")


def not_recording(status: Status) -> str:
    """Why nothing is vouched for, in a sentence: the sources that give nothing, and what the recorder found."""
    silent = [f"{item.label or item.name} is {item.state}" for item in status.sources if item.state != "recording"]
    found = [
        " ".join(part for part in (item.code, item.source or "", item.detail, item.advice) if part)
        for item in status.findings
    ]
    state = f"the hearing is {status.state}" if status.state else "there is no hearing"
    return "; ".join([state, *silent, *found])


def _mark(client: RecorderClient, hearing: str, act: Act, say: Say) -> None:
    if act.stage is not None:
        client.stage(hearing, act.stage, SECRETARY, act.participant)
    else:
        client.remark(hearing, act.remark, SECRETARY)
    say(f"marked: {act.stage or act.remark}")


def keep(room: Prepared, processes: Processes, hearing: str, say: Say) -> Kept:
    """Wait for transcript, protocol and receipt, then verify the record here and the archive's copy."""
    inner = room.settings
    folder = inner.hearings / hearing
    with RecorderClient(inner.socket) as client:
        seen: list[str] = []

        def papers() -> dict[str, Any] | None:
            view = client.hearing(hearing)
            for what, there in (
                ("transcript", any(item["kind"] == "transcript" for item in view["revisions"])),
                ("brief protocol", view["state"] == State.DRAFTED),
                ("receipt of the archive", bool(view["receipts"])),
            ):
                if there and what not in seen:
                    seen.append(what)
                    say(f"there: {what}")
            return view if len(seen) == 3 else None

        view = processes.wait_for("transcript, protocol and receipt", papers, PAPERS_S, 0.5)
        words = _words(view, folder)
    copy = inner.state_dir / "archive" / "objects" / "records" / hearing
    trust = Trust.of(*trusted_keys(trust_dir(inner)))
    report = _good(processes, folder, trust, "the record")
    say(f"record: {report.integrity}, {report.completeness}, {report.provenance}: {folder}")
    theirs = _good(processes, copy, trust, "the archive's copy")
    say(f"archive's copy: {theirs.integrity}, {theirs.completeness}, {theirs.provenance}: {copy}")
    return Kept(hearing, folder, copy, view, report, words)


def _words(view: dict[str, Any], folder: Path) -> int:
    from protocol.transcript import Transcript

    newest = max(
        (item for item in view["revisions"] if item["kind"] == "transcript"), key=lambda item: int(item["number"])
    )
    return Transcript.from_json((folder / newest["path"]).read_bytes()).word_count


def _good(processes: Processes, folder: Path, trust: Trust, what: str) -> Report:
    """The report once it is good: the journal's line on the receipt is signed, and its copy sent, a moment after it is there."""
    until = time.monotonic() + SETTLE_S
    while True:
        processes.check()
        report = verify(DirectoryRecord(folder), trust)
        if report.good:
            return report
        if time.monotonic() > until:
            said = "; ".join(f"step {item.step} {item.code} {item.subject} {item.detail}" for item in report.failures)
            raise DemoFailed(f"{what} ({folder}) does not verify: {said}")
        time.sleep(1)


def summary(kept: Kept, inner: Settings) -> dict[str, Any]:
    """What ``--json`` prints."""
    value = kept.report.to_json()
    segments = kept.view["segments"]
    return {
        "hearing": kept.hearing,
        "record": str(kept.record),
        "archive_record": str(kept.archive_record),
        "verified": {question: value[question] for question in ("integrity", "completeness", "provenance")},
        "tracks": len({(item["take"], item["source"]) for item in segments}),
        "segments": len(segments),
        "words": kept.words,
        "protocol_files": sorted(item["path"] for item in kept.view["revisions"] if item["kind"].startswith("brief")),
        "urls": urls(inner),
    }
