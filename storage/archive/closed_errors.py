"""Errors of closed parts (a branch of the tree in storage.errors)."""

from __future__ import annotations

from storage.errors import StorageError


class ClosedPart(StorageError):
    """A closed part of a hearing, which this person may not see."""

    code = "closed-part"
    exit_status = 77  # EX_NOPERM
    status = 403
    advice = "Ask a judge; closed parts are shown to judges only."


class NotOpened(ClosedPart):
    """A closed part that this person may see, once they have said for what."""

    code = "closed-not-opened"
    advice = (
        "Open the hearing's page and say for what you need the closed part; that is written into the archive's log."
    )


class NoPurpose(StorageError):
    """A closed part was asked for without saying for what."""

    code = "no-purpose"
    exit_status = 64
    status = 422
    advice = (
        "Say in a sentence for what you need the closed part, for instance the case and the question that is examined."
    )


class ClosedKeyMissing(StorageError):
    """The archive cannot open a closed part."""

    code = "closed-key-missing"
    exit_status = 78
    status = 409
    advice = "Restore the archive's key for closed parts (archive/keys/closed.key) from its backup, or have the escrow open the record: `hattama keys open`."
