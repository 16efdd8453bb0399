"""Errors of the command itself; those of other packages keep their own codes.

::

    HattamaError                code, exit_status, advice
    ├── NoOpenHearing           no hearing was named and none is open
    ├── BadArgument             an argument cannot be understood
    └── DemoFailed              the demo courtroom did not come to its end
        └── ChildEnded          one of its processes ended by itself
"""

from __future__ import annotations

from typing import ClassVar


class HattamaError(Exception):
    """The command cannot do what it was asked."""

    code: ClassVar[str] = "hattama"
    exit_status: ClassVar[int] = 70  # EX_SOFTWARE of sysexits.h
    advice: ClassVar[str] = ""


class NoOpenHearing(HattamaError):
    """No hearing was named and none is open."""

    code = "no-open-hearing"
    exit_status = 66  # EX_NOINPUT
    advice = "Plan one with `hattama record new`, or name a hearing; `hattama record status --all` lists them."


class BadArgument(HattamaError):
    """An argument cannot be understood."""

    code = "bad-argument"
    exit_status = 64  # EX_USAGE
    advice = "See --help."


class DemoFailed(HattamaError):
    """The demo courtroom did not come to its end."""

    code = "demo"
    advice = "The logs of its processes are named above; every process was ended."


class ChildEnded(DemoFailed):
    """A process of the demo courtroom ended by itself."""

    code = "demo-process-ended"
