"""What is refused about acts of destruction and legal holds, each with advice of its own.

::

    BadAct                      (storage.errors) an act says too little, or is none
    ├── ActNotReady             it is not signed by two, or its time has not come
    ├── ActOver                 it was carried out, begun or withdrawn
    └── SignatureNotTaken       a signature does not count
    NoSuchAct (ObjectMissing)   there is no such act
    NoOfficers (SettingUnfit)   no list of officers is set
    BadHold                     a hold says too little
    ├── NotHeld                 no hold lies on the record, or not that one
    └── SeveralHolds            several lie on it, and none was named
"""

from __future__ import annotations

from storage.errors import BadAct, ObjectMissing, StorageError
from storage.setting_errors import SettingUnfit


class ActNotReady(BadAct):
    """An act is not signed by two, or its time has not come."""

    code = "act-not-ready"
    advice = "Nothing was destroyed. `hattama destruction list` says how far each act is: two officers sign it, then its time of waiting must pass."


class ActOver(BadAct):
    """An act was carried out, begun or withdrawn, and takes this step no more."""

    code = "act-over"
    advice = "`hattama destruction list` says how far each act is. One that was begun is carried out to its end; in place of one that was withdrawn another is written."


class SignatureNotTaken(BadAct):
    """A signature over an act does not count."""

    code = "act-signature"
    advice = (
        "Sign the bytes that `hattama destruction show ACT` prints (`hattama sign --detached --role officer`), with a key that the trust list of "
        "archive.officers names as officer's; the second by another person than the first."
    )


class NoSuchAct(ObjectMissing):
    """There is no such act."""

    code = "no-act"
    advice = "`hattama destruction list` names the acts."


class NoOfficers(SettingUnfit):
    """No list of those who may sign acts is set."""

    code = "no-officers"
    advice = "Set archive.officers to the folder of a trust list that names officers (docs/destruction.md)."


class BadHold(StorageError):
    """A hold, or its lifting, says too little."""

    code = "bad-hold"
    exit_status = 65
    status = 409
    advice = "Say who lays or lifts the hold (--by), and why (--reason)."


class NotHeld(BadHold):
    """No hold lies on the record, or not the one that was named."""

    code = "not-held"
    advice = "Nothing was changed. Check the hearing, and the number that `hattama destruction hold` printed when the hold was laid."


class SeveralHolds(BadHold):
    """Several holds lie on the record, and none was named."""

    code = "several-holds"
    advice = "Nothing was changed. Each hold is lifted by itself: add --number with the one that is to be lifted."
