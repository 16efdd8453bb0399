"""Steps 8 to 10: is the device's key trusted, what does the archive's receipt prove, and are the time stamps over the seals they are for."""

from __future__ import annotations

import hashlib

from protocol.checkpoint import split_notes
from protocol.encoding import b64
from protocol.receipt import BadReceipt, Receipt
from protocol.record import UnreadableRecord
from protocol.seal_stamp import BadStamp, imprint
from protocol.verification.context import Context, line_subject

RECEIPT = "receipt.json"


def check_key(context: Context) -> None:
    """(8): the key of line 0 is on the reader's list."""
    if context.key not in context.trust.keys:
        context.fail("unlisted-key", line_subject(0), context.device)


def check_receipt(context: Context) -> None:
    """(9): the archive's log holds this record, if there is a receipt by an archive the reader trusts."""
    if RECEIPT not in context.paths or RECEIPT in context.too_large:
        return
    try:
        receipt = Receipt.from_bytes(context.record.read(RECEIPT))
        if receipt.archive not in context.trust.keys:
            context.note("receipt-unchecked", RECEIPT, receipt.archive.text)
            return
        receipt.check(context.hearing, context.origin, context.root_at)
    except (BadReceipt, UnreadableRecord) as error:
        context.fail("bad-receipt", RECEIPT, str(error))


def check_stamps(context: Context) -> None:
    """(10): each time stamp is over the seal that it is for. Who gave it is asked elsewhere (:mod:`protocol.dated`): here it is only told that it is there."""
    raw = split_notes(context.checkpoint_bytes or b"")[0]
    sealed = {line.data["number"]: line.seq for line in reversed(context.of_type("manifest"))}
    seen = set[str]()
    for line in context.of_type("timestamp"):
        path, number = line.data["path"], line.data["number"]
        if path in seen or (token := _read(context, path, line.data["sha256"])) is None:
            continue  # step 6 has said so
        seen.add(path)
        if number not in sealed:
            if context.withheld:
                context.note("timestamp-unchecked", path)
            else:
                context.fail("bad-timestamp", path, f"there is no manifest {number}")
            continue
        places = (place for place, point in context.notes if point.size > sealed[number])
        place = next(places, None)
        try:
            if place is None or imprint(token) != hashlib.sha256(raw[place - 1]).digest():
                context.fail("bad-timestamp", path, f"it is not over the seal of manifest {number}")
            else:
                context.note("timestamp-unchecked", path)
        except BadStamp as error:
            context.fail("bad-timestamp", path, str(error))


def _read(context: Context, path: str, sha256: str) -> bytes | None:
    """The file, if it is the one of its line."""
    if path not in context.paths or path in context.too_large:
        return None
    try:
        data = context.record.read(path)
    except UnreadableRecord:
        return None
    return data if b64(hashlib.sha256(data).digest()) == sha256 else None
