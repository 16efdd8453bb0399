"""A signer that did not answer is asked again; while it is silent that is a finding."""

from __future__ import annotations

from recorder.findings import Findings
from recorder.session import Session

NOT_SIGNED = "not-signed"


def look(session: Session | None, findings: Findings, at_us: int) -> None:
    """Once a second: sign again what stands unsigned.

    What begins or ends during a take is journalled. The recording goes on meanwhile; the next checkpoint covers every line.
    """
    unsigned = session.ledger.unsigned if session is not None else None
    if unsigned is not None and session is not None:
        found = findings.set(NOT_SIGNED, "error", None, at_us, unsigned)
        session.ledger.sign_again()
    else:
        found = findings.clear(NOT_SIGNED, None, at_us)
    if found is not None and session is not None and session.take is not None and session.take.start_us is not None:
        session.ledger.post(("finding", found.line_data()), keep=True)
