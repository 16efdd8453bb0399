"""The check before hearings: a real capture through every source, written, read back, sealed and verified; then thrown away.

It goes the whole way that a hearing goes (recorder.session), in a record of its own under ``<state_dir>/checks``, on the disk of the
records. Ready is what came out of it, not what the devices promised. The last result is kept in ``<state_dir>/check.json``
and stands as a ``check`` line in the journal of the next hearing, if that is planned within a day.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterable
from concurrent.futures import Executor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from pydantic import ValidationError

from protocol.errors import ProtocolError
from protocol.hearing import State
from protocol.note import VerifierKey
from protocol.record import DirectoryRecord
from protocol.view import HearingView
from protocol.writer import JournalWriter
from recorder.check_result import CheckResult, Problem, SourceCheck
from recorder.findings import ADVICE, Findings
from recorder.hearings import new_name, new_suffix
from recorder.ledger import Entry, Ledger, new_salt
from recorder.refusals import DiskRefused, HearingRuns, NothingRecorded
from recorder.session import Session
from recorder.supervisor import DeviceState

if TYPE_CHECKING:
    from recorder.service import Daemon

#: Of what was to be captured, this much must be there: devices do not all begin in one moment.
_ENOUGH = 0.7
_LATE_US = 2_000_000
_LOOK_S = 0.5
_DAY_US = 24 * 3600 * 1_000_000
#: What a source may not have if it is to be called ready; the other findings are told and leave it ready.
_SPOILS = frozenset(
    {
        "source-lost", "check-short", "readback-differs", "readback-failed", "digital-silence",
        "picture-black", "picture-frozen", "picture-blurred", "disk-full-soon", "check-unverified", "check-disk",
    }
)  # fmt: skip
_ADVICE = {
    **ADVICE,
    "check-short": "Part of what this source should have given is missing. Check its cable; tell the administrator.",
    "check-unverified": "The record of the check does not verify. Tell the administrator; keep a written protocol.",
    "check-disk": "The disk refuses to store. Check free space; tell the administrator.",
}
_log = structlog.get_logger(__name__)


async def check(daemon: Daemon, thread: Executor, seconds: int) -> CheckResult:
    """Do it; the room must be free, and belongs to the check until this returns.

    Args:
        daemon: whose devices are tried; its hearing keeps its place.
        thread: the journal's writer thread.
        seconds: how long to capture.

    Raises:
        HearingRuns: a hearing is being recorded or paused: devices stay as they are.
    """
    current = daemon.session
    if current is not None and current.state in (State.RECORDING, State.FAULTY, State.PAUSED):
        raise HearingRuns(f"hearing {current.ledger.view.hearing} is {current.state}")
    checks = daemon.settings.state_dir / "checks"
    was_open = daemon.room.is_open
    try:
        await asyncio.to_thread(shutil.rmtree, checks, ignore_errors=True)
        result = await _try(daemon, thread, checks, seconds)
    finally:
        daemon.checking = None
        await daemon.room.close()
        daemon.health.devices_closed()
        daemon.pictures.clear()
        await asyncio.to_thread(shutil.rmtree, checks, ignore_errors=True)
        if was_open:
            await _open_again(daemon)
    _log.info("checked", action="keep", ready=result.ready, problems=[(item.code, item.source) for item in result.problems])
    await asyncio.to_thread(_keep, daemon.settings.state_dir / "check.json", result)
    if current is not None and current.state is State.PLANNED:  # it is the next hearing
        with suppress(DiskRefused):
            await current.ledger.post(("check", result.line_data()), checkpoint=True)
            told(daemon.settings.state_dir)
    return result


async def _open_again(daemon: Daemon) -> None:
    """The planned hearing gets its devices back; a start that comes next finds them ready, as far as they are there."""
    daemon.room.open()
    loop = asyncio.get_running_loop()
    end = loop.time() + daemon.limits.resume
    while loop.time() < end and any(daemon.room.state(name) is DeviceState.ABSENT for name in daemon.room.tracks):  # noqa: ASYNC110 - of a state, no event
        await asyncio.sleep(_LOOK_S)


async def _try(daemon: Daemon, thread: Executor, checks: Path, seconds: int) -> CheckResult:
    began_us, mono_us = daemon.clock.now()
    hearing = new_name(began_us, "check", new_suffix())
    folder = checks / hearing
    seen: dict[tuple[str, str | None], str] = {}
    view, verified = HearingView(), False
    try:
        session = await _session(daemon, thread, folder, hearing, (began_us, mono_us))
        daemon.checking = session
        try:
            await _capture(daemon, session, seconds, seen)
        finally:
            view = session.ledger.view
            await session.close()
        verified = await asyncio.to_thread(_verified, folder, daemon.signer.key)
    except NothingRecorded:
        _log.warning("nothing_recorded", action="report")
    except (ProtocolError, DiskRefused, OSError) as error:
        seen["check-disk", None] = str(error)
    if view.takes and not verified:
        seen.setdefault(("check-unverified", None), "")
    return judge(daemon.room.tracks.values(), view, seen, began_us, seconds, verified=verified)


def _verified(folder: Path, key: VerifierKey) -> bool:
    from protocol.verification import Trust, verify  # here: the daemon must not pay for it when it starts

    return verify(DirectoryRecord(folder), Trust(frozenset({key}))).good


async def _session(daemon: Daemon, thread: Executor, folder: Path, hearing: str, at: tuple[int, int]) -> Session:
    """A session in a record of its own, of whose lines nobody is told."""

    def create() -> JournalWriter:
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return JournalWriter.create(
            folder, daemon.signer, hearing, software="hattama check", at_us=at[0], mono_us=at[1], salt=new_salt()
        )

    writer = await asyncio.get_running_loop().run_in_executor(thread, create)
    ledger = Ledger(writer, daemon.signer, daemon.clock, thread, lambda _line: None)
    entries: list[Entry] = [("clock", daemon.clock.line_data())]
    entries += [("source", track.line_data()) for track in daemon.room.tracks.values()]
    await ledger.post(*entries, checkpoint=True)
    return Session(folder, ledger, daemon.room, daemon.clock, Findings(), daemon.limits)


async def _capture(daemon: Daemon, session: Session, seconds: int, seen: dict[tuple[str, str | None], str]) -> None:
    daemon.room.open()
    await session.start("check")
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while loop.time() < end:
        await asyncio.sleep(min(_LOOK_S, max(0.0, end - loop.time())))
        found = daemon.findings.to_json()
        seen.update({(item["code"], item["source"]): item["detail"] for item in found if item["code"] in _ABOUT})
    await session.stop("check")


#: Findings of the room and the machine; others are of the hearing that had the room before.
_ABOUT = frozenset(ADVICE) - {"nothing-recorded", "journal-failed", "readback-differs", "readback-failed", "segment-unreadable"}


def judge(
    tracks: Iterable[Any], view: HearingView, seen: dict[tuple[str, str | None], str], at_us: int, seconds: int, *, verified: bool
) -> CheckResult:
    """What a finished check means.

    Args:
        tracks: the room's (recorder.tracks.Track).
        view: the check's journal.
        seen: findings while it captured: code and source, detail.
        at_us: when it began.
        seconds: how long it was to capture.
        verified: whether its record is good in all three questions.
    """
    problems = {**seen, **{(item.code, item.source): "" for item in view.findings if item.code.startswith("readback")}}
    sources: list[SourceCheck] = []
    for track in tracks:
        mine = [item for item in view.segments if item.source == track.name]
        captured = sum(item.end_us - item.start_us for item in mine)
        if not mine or not any(item.bytes for item in mine):
            problems.setdefault(("source-lost", track.name), "")
        elif captured < seconds * 1_000_000 * _ENOUGH - _LATE_US:
            problems["check-short", track.name] = f"{captured / 1e6:.1f} of {seconds} s"
        spoilt = any(source == track.name and code in _SPOILS for code, source in problems)
        sources.append(
            SourceCheck(
                name=track.name,
                media=track.media,
                label=track.label,
                ready=not spoilt,
                bytes=sum(item.bytes for item in mine),
                units=sum(item.units for item in mine),
                captured_us=captured,
                peak_cdb=max((item.peak_cdb for item in mine if item.peak_cdb is not None), default=None),
                rms_cdb=max((item.rms_cdb for item in mine if item.rms_cdb is not None), default=None),
            )
        )
    listed = tuple(
        Problem(code=code, source=source, advice=_ADVICE.get(code, ""), detail=detail) for (code, source), detail in sorted(problems.items(), key=str)
    )
    ready = verified and bool(sources) and all(item.ready for item in sources) and not any(code in _SPOILS for code, source in problems if source is None)
    return CheckResult(at_us=at_us, seconds=seconds, ready=ready, verified=verified, sources=tuple(sources), problems=listed)


def _keep(path: Path, result: CheckResult) -> None:
    try:
        temporary = path.with_suffix(".new")
        temporary.write_text(result.model_dump_json(), encoding="utf-8")
        temporary.replace(path)
    except OSError as error:  # the answer has it; only the next journal will lack it
        _log.warning("check_not_kept", action="go_on", error=str(error))


def told(state_dir: Path) -> None:
    """A hearing was planned whose journal names the last check: the one after it needs a check of its own."""
    with suppress(OSError):  # then the next journal names it once more, with its time
        (state_dir / "check.json").unlink(missing_ok=True)


def last_entries(state_dir: Path, now_us: int) -> list[Entry]:
    """The ``check`` line for a hearing that is planned now: the last result, if it is not older than a day."""
    try:
        found = CheckResult.model_validate_json((state_dir / "check.json").read_text(encoding="utf-8"))
    except (OSError, ValidationError, ValueError):
        return []  # never checked, or torn by a power cut: a hearing is planned all the same
    return [("check", found.line_data())] if 0 <= now_us - found.at_us <= _DAY_US else []
