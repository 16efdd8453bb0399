"""``hattama verify``: check a record offline and answer three questions apart."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hattama.context import settings_of
from hattama.files import there

if TYPE_CHECKING:
    from protocol.verification import Report

#: The exit status of a record that is not good is 16 plus these (docs/commands/verify.md).
NOT_GOOD = 16
#: … of a good record with a time stamp that proves nothing (EX_DATAERR).
BAD_STAMP = 65
#: Files read and hashed at once: one disk seldom feeds more.
THREADS = min(4, os.cpu_count() or 1)
WEIGHTS = {"integrity": 1, "completeness": 2, "provenance": 4}
ASKED = {
    "integrity": "was anything changed?",
    "completeness": "is anything missing?",
    "provenance": "whose key signed it?",
}


def verify(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(callback=there, metavar="DIR", help="Folder of the record.")],
    trust: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE|VKEY", help="Trust this key, too; may be repeated. This machine's own key and STATE_DIR/trust/*.vkey always count."),
    ] = None,
    timestamps: Annotated[
        Path | None,
        typer.Option(callback=there, metavar="FOLDER", help="Also check the time stamps (*.tst) in this folder; the receipts (*.json) that they are over may lie beside them. Needs --authorities."),
    ] = None,
    authorities: Annotated[
        Path | None, typer.Option(callback=there, metavar="FILE.pem", help="Certificates of the time stamp authorities that are believed, or of their issuers: checks the time stamps in the record against them.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON object.")] = False,
) -> None:
    """Verify a record: integrity, completeness and provenance, each on its own.

    Needs no network and no service. Exit status 0 only if all three are good; else 16 plus 1 (integrity), 2 (completeness),
    4 (provenance). With --authorities it is 65 where the record is good and a time stamp proves nothing.
    """
    from hattama.stamped import stamps_of, told_of
    from hattama.trust import trusted
    from protocol.record import DirectoryRecord
    from protocol.verification import Trust
    from protocol.verification import verify as check

    keys = trusted(settings_of(context), trust or ())
    stamps = stamps_of(folder, timestamps, authorities, keys)
    report = check(DirectoryRecord(folder), Trust.of(*keys), threads=THREADS)
    if as_json:
        more = {} if stamps is None else {"timestamps": [item.to_json() for item in stamps]}
        typer.echo(json.dumps({**report.to_json(), **more}, ensure_ascii=False, indent=2))
    else:
        typer.echo(told(report) + closed_parts(folder) + told_of(stamps))
    unproven = stamps is not None and any(item.stamped is None for item in stamps)
    raise typer.Exit(exit_status(report) or (BAD_STAMP if unproven else 0))


def closed_parts(folder: Path) -> str:
    """What of the record is encrypted, as a person reads it; nothing where nothing is, or the journal cannot be read."""
    from protocol.errors import ProtocolError
    from protocol.journal import read_journal
    from protocol.opening import encrypted_files
    from protocol.record import JOURNAL, DirectoryRecord, read_chunked
    from protocol.view import HearingView

    try:
        view = HearingView.of(read_journal(read_chunked(DirectoryRecord(folder), JOURNAL) or b"")[0])
    except (ProtocolError, OSError):
        return ""
    files = len(encrypted_files(view))
    if not files and not view.sealed:
        return ""
    return f"\n\nin camera     {files} files and {view.sealed} lines are encrypted: checked as they are, opened only with the archive's or the escrow's key"


def exit_status(report: Report) -> int:
    """0 if all is good, else 16 and the weight of each question whose answer is not."""
    value = report.to_json()
    return sum(weight for question, weight in WEIGHTS.items() if not value[question]["good"]) + NOT_GOOD * (not report.good)


def told(report: Report) -> str:
    """The report as a person reads it."""
    value = report.to_json()
    lines = [f"hearing       {report.hearing or '-'}", f"device        {report.device or '-'}"]
    for question, asked in ASKED.items():
        answer = value[question]
        lines += ["", f"{question:<13} {answer['verdict'].upper()}  ({asked})"]
        for finding in answer["findings"]:
            mark = "FAILED" if finding["severity"] == "fail" else "note"
            lines.append(f"  step {finding['step']}  {mark:<6}  {finding['code']}  {finding['subject']}")
            lines.append(f"          {finding['meaning']}" + (f" ({finding['detail']})" if finding["detail"] else ""))
    return "\n".join(lines)
