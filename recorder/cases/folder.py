"""The watched folder: a file that appears in it is imported and moved to ``done/`` or ``refused/``, with a report beside it.

::

    <folder>/day.csv ─ read, stored ─► <folder>/done/20261123T081500Z-day.csv  + .report.txt       every row, or some of them
                     └ unreadable ───► <folder>/refused/…                      + .report.txt

A file is taken once its size and time have not changed between two looks (somebody may still be copying it) and its name neither begins with a point nor
ends in ``.part`` or ``.tmp``. The list is changed in one transaction before the file is moved; a crash in between imports the same file again, which changes nothing.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import structlog

from recorder.cases.decoding import MOST_BYTES
from recorder.cases.errors import CasesError, UnreadableFile
from recorder.cases.reading import read
from recorder.cases.report import told
from recorder.cases.store import CaseList, Report

LOOK_S = 2.0
_SUFFIXES = (".csv", ".json", ".txt", ".tsv")

log = structlog.get_logger("cases")


class WatchedFolder:
    """Looks into a folder when it is told to.

    Args:
        folder: where lists appear; made if it is not there.
        cases: the list.
        now_s: seconds since 1970, UTC.
    """

    def __init__(self, folder: Path, cases: CaseList, now_s: Callable[[], float]) -> None:
        self._folder = folder
        self._cases = cases
        self._now_s = now_s
        self._seen: dict[str, tuple[int, int]] = {}

    def look(self) -> list[Report]:
        """Import the files that are complete; what became of each that was a list.

        Raises:
            OSError: the folder cannot be read, or a file not be moved.
            ListDamaged: the list cannot be used; the file stays where it is.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        found = {}
        for entry in os.scandir(self._folder):
            if (
                entry.is_file(follow_symlinks=False)
                and entry.name.lower().endswith(_SUFFIXES)
                and not entry.name.startswith(".")
            ):
                facts = entry.stat(follow_symlinks=False)
                found[entry.name] = (facts.st_size, facts.st_mtime_ns)
        ready = sorted(name for name, facts in found.items() if self._seen.get(name) == facts)
        self._seen = found
        return [report for name in ready if (report := self._take(self._folder / name)) is not None]

    def _take(self, path: Path) -> Report | None:
        at_s = self._now_s()
        try:
            report = self._cases.take(
                read(_bytes(path)), name=path.name, way="folder", by="folder", at_us=int(at_s * 1e6)
            )
        except UnreadableFile as error:
            log.warning(
                "a list in the folder was refused",
                action="cases_refused",
                name=path.name,
                code=error.code,
                reason=error.why,
            )
            self._move(path, "refused", at_s, f"error[{error.code}]: {error}\n  {error.advice}\n")
            return None
        log.info(
            "imported from the folder",
            action="cases_imported",
            name=path.name,
            rows=report.rows,
            refused=report.refused,
        )
        self._move(path, "done", at_s, told(report))
        return report

    def _move(self, path: Path, to: str, at_s: float, text: str) -> None:
        """The report first: a file that was moved always has one beside it."""
        target = self._folder / to
        target.mkdir(exist_ok=True)
        stamp = datetime.fromtimestamp(at_s, UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        name = f"{stamp}-{path.name}"
        partial = target / f".{name}.report.part"
        partial.write_text(text, encoding="utf-8")
        partial.replace(target / f"{name}.report.txt")
        path.replace(target / name)
        self._seen.pop(path.name, None)


def _bytes(path: Path) -> bytes:
    """The file, never more than a list may have, and only if it is a plain one."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise UnreadableFile("empty", "not a plain file")
        return file.read(MOST_BYTES + 1)


def describe(error: Exception) -> dict[str, str]:
    """An error as a log line has it."""
    return {"code": error.code if isinstance(error, CasesError) else type(error).__name__, "message": str(error)}
