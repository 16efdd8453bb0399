"""Errors of the day's list.

::

    CasesError                 code, exit_status, advice
    ├── UnreadableFile         a file is no list of hearings as a whole; a wrong row is a Problem, not an error
    ├── NotListed              no hearing of that identifier is in the list
    ├── NoFolder               nothing says which folder is watched
    └── ListDamaged            cases.sqlite cannot be used
"""

from __future__ import annotations

from typing import ClassVar


class CasesError(Exception):
    """The day's list cannot do what it was asked."""

    code: ClassVar[str] = "cases"
    exit_status: ClassVar[int] = 70  # EX_SOFTWARE
    advice: ClassVar[str] = ""


class UnreadableFile(CasesError):
    """A file is no list of hearings as a whole.

    Attributes:
        why: message id of the reason, for pages (recorder.cases.problems).
        values: what the message is filled with.
    """

    code = "unreadable-list"
    exit_status = 65  # EX_DATAERR
    advice = "docs/case-import.md describes the two forms, CSV and JSON."

    def __init__(self, why: str, message: str, **values: str) -> None:
        super().__init__(message)
        self.why = why
        self.values = values


class NotListed(CasesError):
    """No hearing of that identifier is in the list."""

    code = "not-listed"
    exit_status = 66  # EX_NOINPUT
    advice = "`hattama cases list` shows what is listed."


class NoFolder(CasesError):
    """Nothing says which folder is watched."""

    code = "no-folder"
    exit_status = 78  # EX_CONFIG
    advice = "Set cases.folder in settings.toml."


class ListDamaged(CasesError):
    """``cases.sqlite`` cannot be used."""

    code = "list-damaged"
    exit_status = 74  # EX_IOERR
    advice = "Move cases.sqlite aside and import the list again: records are not touched by this."
