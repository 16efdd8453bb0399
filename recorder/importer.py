"""`hattama import`: a record made of recordings that exist already (docs/import.md).

::

    files ─► checked ─► import_worker (own process) ─► segments in <state_dir>/importing/<name>/
                              └─ reports ─► journal, seal ─► verified ─► renamed to <state_dir>/hearings/<hearing>/

The record appears under its name when it is whole, sealed and verified, and not before. Whatever goes wrong earlier leaves
nothing behind but the error; what a kill leaves in ``importing`` the next import removes.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from protocol import durable
from protocol.hearing import Case
from protocol.note import Signer
from protocol.record import DirectoryRecord
from protocol.verification import Report, Trust, verify
from recorder.clock import Clock, SystemClock, fix_clock
from recorder.hearings import new_name, new_suffix
from recorder.import_errors import (
    ImportFailed,
    ImportNoSpace,
    ImportUnverified,
    InputCutOff,
    InputEmpty,
    InputForbidden,
    InputMissing,
    InputNotFile,
    InputRefused,
)
from recorder.import_journal import Contents, Origin, write_record
from recorder.import_plan import Arrangement, arrange, space_needed
from recorder.import_reader import Outcome, Reader
from recorder.segments import SEGMENT_US

_log = structlog.get_logger(__name__)

#: Free space that must remain beside the record, bytes.
RESERVE_BYTES = 512 * 2**20


@dataclass(frozen=True)
class ImportRequest:
    """What is imported and how.

    Attributes:
        files: the recordings, in any order.
        case: case data for the journal.
        by: who imports.
        start_us: when the earliest of the files begins, UTC µs; None: what the files say (docs/import.md).
        segment_us: wanted length of a segment.
        whole: refuse a recording whose end is missing.
    """

    files: tuple[Path, ...]
    case: Case = field(default_factory=Case)
    by: str = "import"
    start_us: int | None = None
    segment_us: int = SEGMENT_US
    whole: bool = False


@dataclass(frozen=True)
class Imported:
    """A record that was made.

    Attributes:
        hearing: its identifier; `folder`: where it is.
        tracks: sources with at least one segment; `segments`: files.
        findings: what the recordings lack or spoil, as the journal has it: (code, source, detail).
        report: the verification, with the device's key trusted.
    """

    hearing: str
    folder: Path
    tracks: tuple[str, ...]
    segments: int
    findings: tuple[tuple[str, str, str], ...]
    report: Report


def import_files(
    request: ImportRequest,
    *,
    state_dir: Path,
    signer: Signer,
    clock: Clock | None = None,
    software: str = "hattama",
    on_progress: Callable[[float], None] | None = None,
    worker: Sequence[str] | None = None,
    patience_s: float = 300.0,
) -> Imported:
    """Make a record of recordings.

    Args:
        request: what and how.
        state_dir: the box's state folder; the record comes to ``hearings`` below it.
        signer: the device's key.
        clock: the machine's clocks; a test may give its own.
        software: name and version for line 0.
        on_progress: told how far it is, 0 to 1.
        worker: the reading program; tests put a shipped fake in its place.
        patience_s: longest silence of the reading process.

    Raises:
        ImportFailed: see :mod:`recorder.import_errors`.
        DiskFailed: the disk refused.
    """
    if request.case.publicity != "open":
        raise InputRefused("a closed hearing cannot be imported yet: its parts must be encrypted from the first write")
    origins = [check_input(path) for path in request.files]
    if not origins:
        raise InputMissing("no file was named")
    with _workplace(state_dir) as folder, Reader(origins, folder, request.segment_us, worker, patience_s) as reader:
        arrangement = arrange(reader.plan(), origins, request.start_us)
        _check_space(folder, space_needed(arrangement, origins))
        outcome = reader.read(arrangement, on_progress)
        hearing_clock = fix_clock(clock or SystemClock(), state_dir / "clock.json")
        hearing = new_name(arrangement.start_us, request.case.number or "import", new_suffix())
        identified = [origin.identify() for origin in origins]
        contents = Contents(request.case, request.by, identified, arrangement, outcome)
        findings = write_record(folder, signer, hearing_clock, hearing, software, contents)
        if request.whole and (lacks := [f"{source}: {detail}" for code, source, detail in findings if code == "source-cut-off"]):
            raise InputCutOff(f"{', '.join(map(str, request.files))}: {'; '.join(lacks)}")
        report = _verified(folder, signer)
        home = _move_in(folder, state_dir / "hearings" / hearing)
    _log.info("imported", action="import", hearing=hearing, segments=len(outcome.segments), findings=len(findings))
    return Imported(hearing, home, _tracks(arrangement, outcome), len(outcome.segments), findings, report)


def check_input(path: Path) -> Origin:
    """The file, if it is one that may be read and has bytes.

    Raises:
        ImportFailed: it is not.
    """
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            kind = "a folder" if stat.S_ISDIR(facts.st_mode) else "no ordinary file"
            raise InputNotFile(f"{path}: is {kind}")
        with path.open("rb"):
            pass
    except FileNotFoundError as error:
        raise InputMissing(f"{path}: there is no such file") from error
    except PermissionError as error:
        raise InputForbidden(f"{path}: may not be read") from error
    except OSError as error:
        raise ImportFailed(f"{path}: cannot be read: {error.strerror}") from error
    if not facts.st_size:
        raise InputEmpty(f"{path}: is empty")
    return Origin(path, facts.st_size, facts.st_mtime_ns // 1000)


@contextmanager
def _workplace(state_dir: Path) -> Iterator[Path]:
    """A folder of our own beside the records, removed at the end unless it moved; leftovers of killed imports go first."""
    base = state_dir / "importing"
    durable.make_dirs(base)
    turn = _claim(base, wait=True)  # one import at a time cleans up and makes its folder
    try:
        for leftover in base.iterdir():
            if leftover.is_dir() and (claim := _claim(leftover)) is not None:
                shutil.rmtree(leftover, ignore_errors=True)
                os.close(claim)
        folder = base / f"{os.getpid()}-{new_suffix()}"
        folder.mkdir(mode=durable.DIR_MODE)
        claim = _claim(folder)
    finally:
        if turn is not None:
            os.close(turn)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if claim is not None:
            os.close(claim)


def _claim(folder: Path, *, wait: bool = False) -> int | None:
    """A descriptor that holds the folder until it is closed or the process dies (flock(2)); None if another holds it."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        os.close(fd)
        return None
    return fd


def _check_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed + RESERVE_BYTES:
        raise ImportNoSpace(f"about {needed >> 20} MiB are needed, and {free >> 20} MiB are free")


def _verified(folder: Path, signer: Signer) -> Report:
    report = verify(DirectoryRecord(folder), Trust.of(signer.key))
    if not report.good:
        failures = "; ".join(f"{item.code} {item.subject}" for item in report.failures[:5])
        raise ImportUnverified(f"the record failed verification: {failures}")
    return report


def _move_in(folder: Path, home: Path) -> Path:
    """Give the record its name, durably."""
    durable.make_dirs(home.parent)
    os.rename(folder, home)  # noqa: PTH104 - refuses a folder that is not empty, as Path.rename does; named for the system call
    durable.sync_dir(home.parent)
    durable.sync_dir(folder.parent)
    return home


def _tracks(arrangement: Arrangement, outcome: Outcome) -> tuple[str, ...]:
    written = {segment["source"] for segment in outcome.segments}
    return tuple(name for name in arrangement.sources if name in written)
