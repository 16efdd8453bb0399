"""Verification of a record: a pure function of its bytes and a trust list (record format, section 10).

Never one yes or no: three questions are answered apart. *Integrity*: was anything changed? *Completeness*: is anything
missing? *Provenance*: which key signed it, and do you trust that key?

The way through: bytes → journal lines (:mod:`.journal_steps`) → signed roots → manifests and files
(:mod:`.file_steps`) → timeline (:mod:`.timeline_steps`) → key, receipt and time stamps (:mod:`.trust_steps`).
"""

from __future__ import annotations

from protocol.record import RecordSource
from protocol.verification.context import Context, Ended
from protocol.verification.file_steps import check_files, check_manifests
from protocol.verification.journal_steps import check_roots, read_checkpoints, read_lines, read_record
from protocol.verification.report import CODES, Finding, Question, Report, Severity, Trust
from protocol.verification.timeline_steps import check_timeline
from protocol.verification.trust_steps import check_key, check_receipt, check_stamps

STEPS = (
    (1, "read", read_record),
    (2, "journal lines", read_lines),
    (3, "checkpoints", read_checkpoints),
    (4, "roots", check_roots),
    (5, "manifests", check_manifests),
    (6, "files", check_files),
    (7, "timeline", check_timeline),
    (8, "key", check_key),
    (9, "receipt", check_receipt),
    (10, "time stamps", check_stamps),
)


def verify(record: RecordSource, trust: Trust, *, threads: int = 0) -> Report:
    """Check a record in the numbered steps of the record format.

    Args:
        record: its files.
        trust: verifier keys of devices and archives that the reader trusts.
        threads: so many files are read and hashed at once, by threads of their own; ``record`` must allow it. 0: by this one.

    Returns:
        Every finding, and the three verdicts. A malformed record never raises: it is reported.
    """
    context = Context(record, trust, threads)
    try:
        for _, _, step in STEPS:
            step(context)
    except Ended:
        return Report(context.hearing, context.device, tuple(context.findings), ended=True, signed=False)
    return Report(context.hearing, context.device, tuple(context.findings), signed=bool(context.notes))


__all__ = ["CODES", "STEPS", "Finding", "Question", "Report", "Severity", "Trust", "verify"]
