"""Errors of storage: upload, object stores, the archive and its log.

::

    StorageError                code, exit_status, advice
    ├── BadKey                  a name is not one that a store or a record allows
    ├── ObjectMissing           there is no such object
    ├── ObjectLocked            an object is locked or held, and is not removed
    ├── StoreUnavailable        the store does not answer, or has no room; a later try may change that
    ├── StoreUnfit              the store's settings or the bucket itself do not keep the promise
    ├── DatabaseUnavailable     the catalogue's database does not answer
    ├── DatabaseUnfit           the catalogue's database cannot be used by this program
    ├── SettingUnfit            a setting cannot be used (storage.setting_errors)
    ├── ObjectConflict          the name is taken by other bytes; nothing was overwritten
    ├── DigestMismatch          the bytes that came are not the bytes that were announced
    ├── StalledBody             the sender went away, or nothing came for too long
    ├── TooLarge                more bytes than a file of a record may have
    ├── BadRange                bytes that are not inside an object
    ├── LogBroken               the archive's log contradicts its own signed checkpoint
    ├── AuthoritySilent         a time stamp authority does not answer
    ├── LogSilent               a log that is read from outside does not answer, or not as a log
    ├── MonitorUnfit            the monitor's memory cannot be used
    ├── WitnessSilent           a witness does not answer, or not as a witness
    ├── WitnessConflict         a witness refuses: it cosigned another history of the log
    ├── WitnessUnfit            a witness cannot be one: its memory is missing, damaged or in use
    ├── NotVerified             a record did not pass verification; carries the report
    ├── StillComing             of a record that was received something later is on its way
    ├── BadReceipt              a receipt does not prove what it should
    ├── NotEnrolled             a device or its token is unknown to the archive, or the record belongs to another device
    ├── BadSignature            a request's signature is not over this request, or was used before
    │   ├── StaleSignature      its time is not the archive's
    │   └── OtherArchive        it was signed for another archive
    ├── BadAct                  an act of destruction says too little, or is not signed as it must be
    ├── NotDestroyable          a record may not be destroyed
    ├── Destroyed               a record was destroyed by an act
    ├── ForeignHearing          a hearing of a court that is not among the person's
    ├── ClosedPart              a closed part of a hearing, which this person may not see (storage.archive.closed_errors)
    │   └── NotOpened           … who did not say yet for what
    ├── NoPurpose               a closed part was asked for without saying for what
    ├── ClosedKeyMissing        the archive cannot open a closed part
    ├── BadContainer            a media file is not the MP4 it should be
    └── UploadError             a record did not get to the archive
        ├── NoArchive           no archive is set on this box
        ├── Unreachable         no answer, or an answer that a later try may change
        │   └── RecorderBusy    … of the recorder of this box, not of the archive
        ├── FileAltered         a file on this box is not the one that the journal names
        ├── Refused             the archive said no, and will say no again
        └── Diverged            the archive holds other bytes than this box

Every error has a stable ``code``, the ``exit_status`` a command ends with, the HTTP ``status`` the archive answers with,
and ``advice`` for the person who reads it.
"""

from __future__ import annotations

from typing import Any, ClassVar


class StorageError(Exception):
    """Something about keeping or sending records went wrong."""

    code: ClassVar[str] = "storage"
    exit_status: ClassVar[int] = 70  # EX_SOFTWARE of sysexits.h
    status: ClassVar[int] = 500
    advice: ClassVar[str] = "Look at the log of the archive or of the uploader for the action that is named."


class BadKey(StorageError):
    """A name is not one that a store or a record allows."""

    code = "bad-key"
    exit_status = 65  # EX_DATAERR
    status = 400
    advice = "Names of files follow docs/record-format.md, section 1."


class ObjectMissing(StorageError):
    """There is no such object."""

    code = "missing"
    exit_status = 66  # EX_NOINPUT
    status = 404
    advice = "Check the name; if the file should be there, run the verification of the record."


class ObjectLocked(StorageError):
    """An object is locked or held, and is not removed."""

    code = "locked"
    exit_status = 77  # EX_NOPERM
    status = 403
    advice = "Wait until the lock ends; a legal hold is lifted by the officer who laid it."


class StoreUnavailable(StorageError):
    """The object store does not answer, or has no room; a later try may change that."""

    code = "store-unavailable"
    exit_status = 75  # EX_TEMPFAIL
    status = 503
    advice = "Check the object store, its quota and the network to it; boxes keep their records and send again by themselves."


class StoreUnfit(StorageError):
    """The store's settings, or the bucket itself, do not keep the promise of an archive."""

    code = "store-unfit"
    exit_status = 78  # EX_CONFIG
    advice = "Check archive.s3 of the settings; `hattama archive bucket` makes a bucket with versions and Object Lock."


class DatabaseUnavailable(StorageError):
    """The catalogue's database does not answer."""

    code = "database-unavailable"
    exit_status = 75  # EX_TEMPFAIL
    status = 503
    advice = "Check that PostgreSQL runs and archive.database of the settings; boxes keep their records and send again by themselves."


class DatabaseUnfit(StorageError):
    """The catalogue's database cannot be used by this program."""

    code = "database-unfit"
    exit_status = 78  # EX_CONFIG
    advice = "Check archive.database of the settings, and that the program is not older than the catalogue."


class ObjectConflict(StorageError):
    """The name is taken by other bytes; nothing was overwritten."""

    code = "conflict"
    exit_status = 73  # EX_CANTCREAT
    status = 409
    advice = "Two versions of one file exist. Keep both copies and verify the record on the box."


class DigestMismatch(StorageError):
    """The bytes that came are not the bytes that were announced."""

    code = "digest-mismatch"
    exit_status = 65
    status = 400
    advice = "Send the file again; if it fails again, the file on the box was changed: verify the record there."


class StalledBody(StorageError):
    """The sender went away, or nothing, or next to nothing, came for too long."""

    code = "stalled"
    exit_status = 75  # EX_TEMPFAIL
    status = 408
    advice = "Check the network between the box and the archive; the box sends again by itself."


class TooLarge(StorageError):
    """More bytes than a file of a record may have."""

    code = "too-large"
    exit_status = 65
    status = 413
    advice = "No file of a record is longer than 268435456 bytes (docs/record-format.md, section 1)."


class BadRange(StorageError):
    """Bytes that are not inside an object."""

    code = "bad-range"
    exit_status = 65
    status = 416
    advice = "Ask for one range of bytes inside the file."


class LogBroken(StorageError):
    """The archive's log contradicts its own signed checkpoint."""

    code = "log-broken"
    exit_status = 65
    advice = "Do not go on with this log. Keep a copy of its files, and compare with receipts that were given out."


class AuthoritySilent(StorageError):
    """A time stamp authority does not answer, or not as one."""

    code = "tsa-silent"
    exit_status = 75  # EX_TEMPFAIL
    advice = "Check the authority's address and the network to it, and ask again later: nothing was written."


class LogSilent(StorageError):
    """A log that is read from outside does not answer, or not as a log does."""

    code = "log-silent"
    exit_status = 75  # EX_TEMPFAIL
    advice = "Check the log's address and the network to it; nothing was decided about the log."


class MonitorUnfit(StorageError):
    """The monitor's memory cannot be used."""

    code = "monitor-unfit"
    exit_status = 78  # EX_CONFIG
    advice = "Put the monitor's folder back from its backup; a monitor that begins again knows nothing of what it saw before."


class WitnessSilent(StorageError):
    """A witness does not answer, or not as a witness does."""

    code = "witness-silent"
    exit_status = 75  # EX_TEMPFAIL
    advice = "Tell the organisation that runs the witness; the archive goes on and asks again."


class WitnessConflict(StorageError):
    """A witness refuses: it cosigned another history of the log than the one it was shown."""

    code = "witness-conflict"
    exit_status = 65  # EX_DATAERR
    advice = "This database is not the log that was shown before (an old copy?). Stop the archive, keep its files, compare with the witness's head and with receipts."


class WitnessUnfit(StorageError):
    """A witness cannot be one: its memory is missing, damaged, another key's, or in use by another process."""

    code = "witness-unfit"
    exit_status = 78  # EX_CONFIG
    advice = "Put heads.sqlite back from its newest copy. Without it this key must not cosign again: begin in a new folder, and give the new key to the logs."


class NotVerified(StorageError):
    """A record did not pass verification.

    Args:
        message: what failed, for people.
        report: the verification report as JSON.
    """

    code = "not-verified"
    exit_status = 65
    status = 422
    advice = "Read the findings; verify the record on the box (hattama verify) and compare."

    def __init__(self, message: str, report: dict[str, Any]) -> None:
        super().__init__(message)
        self.report = report


class StillComing(StorageError):
    """Of a record that was received something later is on its way."""

    code = "still-coming"
    exit_status = 75  # EX_TEMPFAIL
    status = 409
    advice = "Ask for the copy again when the box has sent the rest and the archive has received it."


class BadReceipt(StorageError):
    """A receipt does not prove what it should."""

    code = "bad-receipt"
    exit_status = 65
    status = 422
    advice = "Keep the local copy. Check that the archive's key on this box (state_dir/trust) is the archive's."


class NotEnrolled(StorageError):
    """A device or its token is unknown to the archive, or the record belongs to another device."""

    code = "not-enrolled"
    exit_status = 77  # EX_NOPERM
    status = 403
    advice = "Enrol the device at the archive: `hattama archive enrol KEY` there, with what `hattama device key` says on the box."


class BadSignature(StorageError):
    """A request's signature is not over this request, or was used before."""

    code = "bad-signature"
    exit_status = 77  # EX_NOPERM
    status = 401
    advice = "Check that archive.url of the box names the archive as it names itself, and that nothing in between changes requests."


class StaleSignature(BadSignature):
    """A request was signed at a time that is not the archive's."""

    code = "stale-signature"
    exit_status = 75  # EX_TEMPFAIL
    advice = "Set the clocks of box and archive right (NTP); the box goes on by the archive's time meanwhile."


class OtherArchive(BadSignature):
    """A request was signed for a name that is not one of this archive's."""

    code = "other-archive"
    status = 421  # Misdirected Request (RFC 9110, section 15.5.20)
    advice = "Set archive.addresses at the archive to the names under which its boxes reach it, or archive.url at the box."


class BadAct(StorageError):
    """An act of destruction, or of legal hold, says too little, or is not signed as it must be."""

    code = "bad-act"
    exit_status = 65
    status = 409
    advice = "Nothing was destroyed. Give what is named (docs/destruction.md); an act that is wrong is withdrawn, and another one written."


class NotDestroyable(StorageError):
    """A record may not be destroyed: its time is not over, a hold lies on it, or it changed since the act was written."""

    code = "not-destroyable"
    exit_status = 77  # EX_NOPERM
    status = 409
    advice = "Nothing was destroyed. Leave out the records that are named, or wait until what keeps them is over; a class that is missing stands in archive.keep_days."


class Destroyed(StorageError):
    """A record was destroyed by an act."""

    code = "destroyed"
    exit_status = 66
    status = 410
    advice = "The archive's log says when, and by which act. A copy on a box goes by its own retention."


class ForeignHearing(StorageError):
    """A hearing of a court that is not among those whose hearings the person may see."""

    code = "foreign-hearing"
    exit_status = 77  # EX_NOPERM
    status = 403
    advice = "The attempt was logged. An administrator says whose hearings an account may see: `hattama user courts`."


class BadContainer(StorageError):
    """A media file is not the fragmented MP4 it should be."""

    code = "bad-container"
    exit_status = 65
    status = 422
    advice = "The file cannot be played; verify the record."


class UploadError(StorageError):
    """A record did not get to the archive."""

    code = "upload"
    exit_status = 69  # EX_UNAVAILABLE


class Unreachable(UploadError):
    """No answer from the archive, or an answer that a later try may change."""

    code = "archive-unreachable"
    exit_status = 75  # EX_TEMPFAIL
    advice = "Nothing is lost: the record is on this box. Check the network and archive.url; sending goes on by itself."


class RecorderBusy(Unreachable):
    """The recorder of this box is there and could not take the archive's receipt now."""

    code = "recorder-busy"
    advice = "Nothing is lost: the archive has the record. The receipt is handed over again by itself."


class FileAltered(UploadError):
    """A file on this box is not the one that the journal names."""

    code = "file-altered"
    exit_status = 65
    advice = "Keep the disk as it is. Verify the record on this box (hattama verify); a second copy may have the file."


class NoArchive(UploadError):
    """No archive is set on this box: there is nobody to send to, and to try again changes nothing."""

    code = "no-archive"
    exit_status = 78  # EX_CONFIG: systemd does not start the uploader again
    advice = "Set archive.url (docs/settings.md), and archive.token where this box cannot sign; then start the uploader."


class Refused(UploadError):
    """The archive said no, and will say no again."""

    code = "archive-refused"
    advice = "Read what the archive said; check the token and that this device is enrolled."


class Diverged(UploadError):
    """The archive holds other bytes than this box."""

    code = "archive-diverged"
    exit_status = 65
    advice = "Keep the local copy. Verify the record here and at the archive, and compare the two reports."
