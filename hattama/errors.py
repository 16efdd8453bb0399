"""Errors of the command itself; those of other packages keep their own codes.

::

    HattamaError                code, exit_status, advice
    ├── NoOpenHearing           no hearing was named and none is open
    ├── NoTranscript            the record holds no such transcript that can be read
    ├── NoBrief                 the record holds no such protocol
    ├── BadArgument             an argument cannot be understood
    ├── NoInput                 a file that was given as an argument is not there
    ├── NoFolder                the folder of a file to write is not there
    ├── CannotListen            a service's address is taken or not of this machine
    ├── SystemRefused           the operating system refused: a folder, a permission, a full disk
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


class NoTranscript(HattamaError):
    """The record holds no transcript, or not the revision that was asked for."""

    code = "no-transcript"
    exit_status = 66  # EX_NOINPUT
    advice = "Its folder transcript/ lists the revisions; one that ends in .enc is closed."


class NoBrief(HattamaError):
    """The record holds no brief protocol, or not the revision that was asked for."""

    code = "no-brief"
    exit_status = 66  # EX_NOINPUT
    advice = "Its folder protocol/ lists the revisions; the console drafts one when the hearing is finished."


class BadArgument(HattamaError):
    """An argument cannot be understood."""

    code = "bad-argument"
    exit_status = 64  # EX_USAGE
    advice = "See --help."


class NoInput(HattamaError):
    """A file or folder that was given as an argument is not there, or may not be read."""

    code = "no-input"
    exit_status = 66  # EX_NOINPUT
    advice = "Check the name that was given; one that does not begin with / counts from the folder in which you are. Nothing was done."


class NoFolder(HattamaError):
    """A file cannot be written where an argument says, for its folder is not there."""

    code = "no-folder"
    exit_status = 73  # EX_CANTCREAT
    advice = "Check the name that was given, or make the folder first. Nothing was written."


class CannotListen(HattamaError):
    """A service cannot listen where its settings say."""

    code = "cannot-listen"
    exit_status = 69  # EX_UNAVAILABLE
    advice = "Another program may use this port: end it, or set another port."


class SystemRefused(HattamaError):
    """The operating system refused something that every command needs."""

    code = "system"
    exit_status = 74  # EX_IOERR
    advice = "Check that the folder (state_dir of the settings) exists, is yours to write, and that its disk has room."


class DemoFailed(HattamaError):
    """The demo courtroom did not come to its end."""

    code = "demo"
    advice = "The logs of its processes are named above; every process was ended."


class ChildEnded(DemoFailed):
    """A process of the demo courtroom ended by itself."""

    code = "demo-process-ended"
