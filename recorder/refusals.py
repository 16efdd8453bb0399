"""What the recorder daemon refuses, and why (a branch of the tree in recorder.errors).

::

    RecorderError
    └── Refusal                 the daemon did not do what a client asked; http_status, detail
        ├── NoHearing           404  there is no hearing of that name
        ├── NoSource            404  there is no source of that name, or no picture from it yet
        ├── NoFile              404  there is no such file in the record, or none for a page
        ├── PartInCamera        403  what is asked for is of a part in camera
        ├── IllegalAction       409  the hearing's state does not allow it
        ├── HearingRuns         409  another hearing is being recorded
        ├── NoClosedKeys        409  the settings do not name whose keys open a closed part
        ├── KeysForgotten       410  the keys of a closed part are not on this box (any more)
        ├── BadRequest          422  what was sent does not fit
        ├── SignatureRefused    422  a person's signature is not good; its findings say why
        ├── NoTrustList         503  nobody's signature can be checked: the court's trust list is missing
        ├── NothingRecorded     503  no source gave a byte; nothing is being recorded
        ├── SourceSilent        503  a source that somebody adds gave nothing; it is not added
        ├── DiskRefused         507  evidence could not be written
        ├── Unsigned            503  it stands in the record and is not signed yet
        ├── NotDrafted          500  the brief protocol could not be made
        ├── NotMeasured         500  the report on the recording's quality could not be made
        └── AlreadyRunning      (no HTTP) another daemon holds the run folder

Every refusal has a stable ``code``, an ``exit_status`` for commands and ``advice`` that a secretary or an administrator can follow.
"""

from __future__ import annotations

from typing import Any, ClassVar

from protocol.journal import Line
from protocol.signatures.report import Finding
from recorder.errors import RecorderError


class Refusal(RecorderError):
    """The daemon did not do what was asked."""

    code: ClassVar[str] = "refused"
    exit_status: ClassVar[int] = 1
    advice: ClassVar[str] = "See the recorder's log."
    http_status: ClassVar[int] = 500

    def to_json(self) -> dict[str, Any]:
        """Body of the answer."""
        return {"code": self.code, "message": str(self), "advice": self.advice}


class NoHearing(Refusal):
    """There is no hearing of that name on this box."""

    code = "no-hearing"
    exit_status = 66  # EX_NOINPUT
    advice = "List the hearings and use an identifier from the list."
    http_status = 404


class NoSource(Refusal):
    """There is no such source, or it has given no picture yet."""

    code = "no-source"
    exit_status = 66
    advice = "Look at the list of sources; a camera shows its picture a second or two after it is opened."
    http_status = 404


class NoFile(Refusal):
    """The journal names no such file, or it is none for a page."""

    code = "no-file"
    exit_status = 66
    advice = "Load the hearing again: its files may have changed."
    http_status = 404


class PartInCamera(Refusal):
    """What is asked for is of a part in camera."""

    code = "in-camera"
    exit_status = 77  # EX_NOPERM
    advice = "A part in camera is opened in the archive, by a judge, with its key; every opening is logged."
    http_status = 403


class IllegalAction(Refusal):
    """The hearing's state does not allow it."""

    code = "illegal-move"
    exit_status = 65
    advice = "Look at the hearing's present state; another person may have acted a moment ago."
    http_status = 409


class HearingRuns(Refusal):
    """Another hearing is being recorded in this room."""

    code = "hearing-runs"
    exit_status = 75  # EX_TEMPFAIL
    advice = "Pause or stop the hearing that is being recorded first."
    http_status = 409


class NoClosedKeys(Refusal):
    """Nothing is recorded in camera on a box that does not know to whom the keys are to be wrapped."""

    code = "no-closed-keys"
    exit_status = 78  # EX_CONFIG
    advice = (
        "Ask the administrator to set closed.archive_key and closed.escrow_key (`hattama keys archive`, `hattama keys new`). "
        "Until then pause the recording for the part in camera and keep a written protocol of it."
    )
    http_status = 409


class KeysForgotten(Refusal):
    """A closed part cannot be opened here: its keys were forgotten at certification, or were never on this box."""

    code = "keys-forgotten"
    exit_status = 66
    advice = "Ask the archive to open the part; its keys are wrapped to the archive and to the escrow."
    http_status = 410


class BadRequest(Refusal):
    """What was sent does not fit."""

    code = "bad-request"
    exit_status = 65
    advice = "Correct what the message names and send it again."
    http_status = 422


class SignatureRefused(Refusal):
    """A person's signature is not good, or not over what the record holds.

    Attributes:
        findings: what is wrong (protocol.signatures.report; docs/signing.md).
    """

    code = "signature-refused"
    exit_status = 65
    advice = "Nothing was taken. Read the findings; sign again what the record holds, with your own key."
    http_status = 422

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("; ".join(f"{item.code}{f' ({item.role})' if item.role else ''}: {item.text}" for item in findings))
        self.findings = findings

    def to_json(self) -> dict[str, Any]:
        """Body of the answer, with the findings."""
        return {**super().to_json(), "findings": [{"code": item.code, "role": item.role, "text": item.text} for item in self.findings]}


class NoTrustList(Refusal):
    """The court's trust list is missing, or cannot be used."""

    code = "no-trust-list"
    exit_status = 78  # EX_CONFIG
    advice = "The administrator sets signing.trust to the court's trust list (docs/signing.md)."
    http_status = 503


class NothingRecorded(Refusal):
    """No source gave a byte."""

    code = "nothing-recorded"
    exit_status = 69  # EX_UNAVAILABLE
    advice = "Check that microphones and cameras are switched on and connected; start again, or keep a written protocol."
    http_status = 503


class SourceSilent(Refusal):
    """A source that somebody adds to a running take gave nothing."""

    code = "source-silent"
    exit_status = 69  # EX_UNAVAILABLE
    advice = "Check its address, its power and its cable, or whether the participant sends; then add it again. The others were not disturbed."
    http_status = 503


class DiskRefused(Refusal):
    """Evidence could not be written or synced."""

    lines: tuple[Line, ...] = ()  # what did reach the disk before it refused
    code = "disk-failed"
    exit_status = 74  # EX_IOERR
    advice = "Check the disk: free space, cable, health. Keep a written protocol until the recorder shows that it records."
    http_status = 507


class Unsigned(Refusal):
    """It stands in the record, and the signer gave no signature yet."""

    code = "not-signed"
    exit_status = 69  # EX_UNAVAILABLE
    advice = "What was recorded is safe. It is signed as soon as the signer answers; if this stays, call the administrator."
    http_status = 503

    def __init__(self, message: str, lines: tuple[Line, ...] = ()) -> None:
        super().__init__(message)
        self.lines = lines


class NotDrafted(Refusal):
    """The brief protocol could not be made."""

    code = "not-drafted"
    exit_status = 70  # EX_SOFTWARE
    advice = "The recording is safe. Ask again; if it fails again, give the recorder's log to the administrator."
    http_status = 500


class ProtocolIncomplete(Refusal):
    """Points of the law are missing from the protocol, and nobody recorded why."""

    code = "brief-incomplete"
    exit_status = 65
    advice = "Enter what is named, or record for each point the reason why it is missing, have the protocol drafted again, then confirm it."
    http_status = 422


class NotMeasured(Refusal):
    """The report on the recording's quality could not be made."""

    code = "not-measured"
    exit_status = 70  # EX_SOFTWARE
    advice = "The recording is safe. Ask again; if it fails again, give the recorder's log to the administrator."
    http_status = 500


class AlreadyRunning(Refusal):
    """Another daemon, or a capture child of one, uses the run folder."""

    code = "already-running"
    exit_status = 75
    advice = "Stop the other recorder first (systemctl stop hattama-recorder), or set another run_dir."
    http_status = 409
