"""Steps 8 and 9: is the device's key trusted, and what does the archive's receipt prove."""

from __future__ import annotations

from protocol.receipt import BadReceipt, Receipt
from protocol.record import UnreadableRecord
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
