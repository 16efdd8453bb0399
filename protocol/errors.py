"""Errors of the protocol package.

::

    ProtocolError               code, exit_status, advice
    ├── NotCanonical            a JSON text is not in the one form section 2 of the record format allows
    ├── BadEncoding             base64, a path or a time is not in its one form
    ├── BadLine                 a journal line lacks a key or has one of the wrong kind
    ├── BadNote                 a signed note or a key is malformed
    ├── BadManifest             a manifest is malformed
    ├── BadTranscript           a transcript is malformed (protocol.transcript)
    ├── BadCalendar             the table of holidays is malformed (protocol.working_days)
    ├── UnknownYear             the holidays of a year were not entered (protocol.working_days)
    ├── NoTerm                  the law states no term for this (protocol.deadlines)
    ├── BriefIncomplete         a protocol lacks points of the law without a recorded reason (protocol.brief_rules)
    ├── BadBrief                the JSON of a protocol is malformed (protocol.brief_reading)
    ├── DocumentError           a document cannot be made: template, fonts, addresses (protocol.paper.errors)
    ├── SignatureError          a person's signature cannot be made, or a trust list is malformed (protocol.signatures.errors)
    ├── EditRefused             an edit does not fit the transcript it was meant for (protocol.editing)
    ├── BadExport               a WebVTT, RTTM or CTM text cannot be read (protocol.transcript_imports)
    ├── IllegalMove             the hearing cannot go from this state to that one
    ├── RecordExists            a file that is written once is there already
    ├── DiskFailed              writing or syncing evidence failed; what was written is not to be called good
    ├── NotSigned               whoever holds the key gave no signature
    └── Closed                  a closed part cannot be opened: wrong key, or changed bytes

Every error has a stable ``code``, the ``exit_status`` a command ends with and ``advice`` for the person who reads it.
"""

from __future__ import annotations

from typing import ClassVar


class ProtocolError(Exception):
    """Something about the electronic protocol is wrong."""

    code: ClassVar[str] = "protocol"
    exit_status: ClassVar[int] = 65  # EX_DATAERR of sysexits.h
    advice: ClassVar[str] = "Check the file that is named against docs/record-format.md."


class NotCanonical(ProtocolError):
    """A JSON text is not in canonical form (record format, section 2)."""

    code = "not-canonical"


class BadEncoding(ProtocolError):
    """Base64, a path or a time is not written in its one allowed form."""

    code = "bad-encoding"


class BadLine(ProtocolError):
    """A journal line lacks a key, or one has a value of the wrong kind."""

    code = "bad-line"


class BadNote(ProtocolError):
    """A signed note, a checkpoint or a verifier key is malformed."""

    code = "bad-note"


class BadManifest(ProtocolError):
    """A manifest is malformed."""

    code = "bad-manifest"


class IllegalMove(ProtocolError):
    """The hearing cannot go from this state to that one."""

    code = "illegal-move"
    advice = "Look at the hearing's present state; another person may have acted a moment ago."


class RecordExists(ProtocolError):
    """A file that is written once is there already with other content."""

    code = "record-exists"
    exit_status = 73  # EX_CANTCREAT
    advice = "Nothing was overwritten. Use another name, or look at why the file is already there."


class DiskFailed(ProtocolError):
    """Writing or syncing evidence failed."""

    code = "disk-failed"
    exit_status = 74  # EX_IOERR
    advice = (
        "Check the disk: free space, cable, health. What was synced before is safe; this file is not to be relied on."
    )


class NotSigned(ProtocolError):
    """Whoever holds the key gave no signature; what should be signed stands unsigned until the next try."""

    code = "not-signed"
    exit_status = 69  # EX_UNAVAILABLE
    advice = "Check that the signer runs (systemctl status hattama-signer); its log says what it refused. What was recorded is kept."


class Closed(ProtocolError):
    """A closed part cannot be opened: wrong key, or changed bytes."""

    code = "closed"
    advice = "Ask the archive to release the key of this take; if it has, the bytes were changed."
