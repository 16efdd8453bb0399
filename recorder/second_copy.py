"""The second copy: every record on another disk too, half a second behind, each of the two good without the other.

A thread of its own copies what grew (recorder.mirror): it never waits for capture, journal or event loop, and they never for it. A disk
that refuses is a finding while it lasts; everything that is missing is added when it is back. A disk that is not mounted shows by its place:
then the folder lies on the records' own disk, and nothing is written.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import structlog

from protocol.errors import DiskFailed, ProtocolError
from protocol.writer import JOURNAL
from recorder.findings import Findings
from recorder.mirror import drop, mirror
from recorder.mirror_ends import CopyDiffers, NotRead
from recorder.session import Session

_log = structlog.get_logger(__name__)
CODE = "second-copy-failed"
PERIOD_S = 0.5
#: After a failure, and between two looks at the records that are not open.
_PAUSE_S = 3.0
_ALL_S = 10.0
_PRIORITY = 10


class SecondCopy:
    """Keeps the second copy.

    Args:
        records: folder of the records.
        folder: of the copies, on another disk; None keeps none.
        other_disk: whether it must be one.
    """

    def __init__(self, records: Path, folder: Path | None, *, other_disk: bool = True) -> None:
        self._records, self._folder, self._other_disk = records, folder, other_disk
        self._leaving = threading.Event()
        self._thread: threading.Thread | None = None
        self._open: str | None = None
        self._sizes: dict[str, tuple[int, int]] = {}
        self._whole: str | None = None  # the open record that was compared in full
        self._filled = False  # whether the last record was one that is not open, and something of it was missing
        #: Why it cannot be written at present; None when it can.
        self.failed: str | None = None

    def start(self) -> None:
        """Begin."""
        if self._folder is not None:
            self._thread = threading.Thread(target=self._run, name="second-copy", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Copy once more what there is, and end."""
        self._leaving.set()
        if self._thread is not None:
            self._thread.join()

    def look(self, session: Session | None, findings: Findings, at_us: int) -> None:
        """Once a second: which record is open, and whether the copy is a finding."""
        self._open = session.ledger.view.hearing if session is not None else None
        if self.failed is not None:
            findings.set(CODE, "error", None, at_us, self.failed)  # journalled with the others (recorder.health.watch)
            return
        told = findings.told(CODE, None)
        found = findings.clear(CODE, None, at_us)
        if (
            found is not None
            and told
            and session is not None
            and session.take is not None
            and session.take.start_us is not None
        ):
            session.ledger.post(("finding", found.line_data()), keep=True)

    def _run(self) -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _PRIORITY)
        all_at = float("-inf")
        while not self._leaving.is_set():
            everything = time.monotonic() - all_at >= _ALL_S
            if self._pass(everything=everything) and everything:
                all_at = time.monotonic()
            self._leaving.wait(PERIOD_S if self.failed is None else _PAUSE_S)
        self._pass(everything=True)

    def _pass(self, *, everything: bool) -> bool:
        """Copy the open record, or all that changed; whether nothing is left. What is wrong with one record stops no other."""
        open_record = self._open
        whys, done = [], True
        try:
            self._need_other_disk()
            others = {path.parent.name for path in self._records.glob(f"*/{JOURNAL}")} if everything else set()
            for name in [*([open_record] if open_record is not None else []), *sorted(others - {open_record})]:
                why = self._one(name, is_open=name == open_record)
                done = done and why is None
                whys += [why] if why else []
                if self._filled and open_record is not None:  # first what was recorded meanwhile
                    done = False
                    break
        except (DiskFailed, OSError) as error:
            self._forget()  # what the disk took before is not relied on: everything is compared anew
            return self._fail(str(error))
        if whys:
            return self._fail(whys[0])
        if done or self._filled:
            if self.failed is not None:
                _log.warning("second_copy_back", action="go_on", after=self.failed)
            self.failed = None
        return done

    def _one(self, name: str, *, is_open: bool) -> str | None:
        """Copy one record; what is wrong with it, empty if only its own disk does not give it.

        Raises:
            DiskFailed, OSError: the copies' disk refuses.
        """
        self._filled = False
        try:
            if is_open:
                self._copy(name, whole=name != self._whole)
                self._whole = name
            elif self._changed(name):
                self._copy(name, whole=True)
                drop(self._records / name, self._copy_of(name))
                self._filled = True
        except NotRead as error:  # the first disk: its own alarms tell that, and what the copy has is good
            _log.warning("record_not_read", action="retry", error=str(error))
            why = ""
        except (DiskFailed, OSError):
            raise
        except (ProtocolError, CopyDiffers) as error:
            why = str(error)
        except Exception as error:  # noqa: BLE001 - a copy that stops for whatever reason is told, and tried again
            why = f"{name}: {type(error).__name__}: {error}"
        else:
            return None
        self._sizes.pop(name, None)
        if is_open:
            self._whole = None
        return why

    def _forget(self) -> None:
        self._whole = None
        self._sizes.clear()

    def _copy(self, name: str, *, whole: bool = False) -> None:
        mirror(self._records / name, self._copy_of(name), whole=whole)

    def _copy_of(self, name: str) -> Path:
        assert self._folder is not None  # noqa: S101 - the thread runs only with one
        return self._folder / name

    def _changed(self, name: str) -> bool:
        """Whether a record's journal changed since it was copied; every file of a record is named there."""
        try:
            facts = (self._records / name / JOURNAL).stat()
        except OSError as error:  # its disk is away, or it was deleted a moment ago
            raise NotRead(str(error)) from error
        mark = facts.st_mtime_ns, facts.st_size
        if self._sizes.get(name) == mark:
            return False
        self._sizes[name] = mark
        return True

    def _need_other_disk(self) -> None:
        assert self._folder is not None  # noqa: S101
        if not self._folder.is_dir():
            raise DiskFailed(f"{self._folder}: is not there")
        if self._other_disk and self._folder.stat().st_dev == self._records.stat().st_dev:
            raise DiskFailed(f"{self._folder}: lies on the records' own disk; is the second disk mounted?")

    def _fail(self, why: str) -> bool:
        if self.failed is None:
            _log.error("second_copy_failed", action="retry", error=why)
        self.failed = why
        return False
