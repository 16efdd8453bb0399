"""``hattama signatures``: are the signatures of a file good, by a court's trust list?"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hattama.errors import BadArgument
from hattama.files import there
from protocol.signatures.person import PROTOCOL_ROLES, Role

if TYPE_CHECKING:
    from protocol.signatures.report import Report

#: Exit status when a signature is missing or cannot be relied on.
BAD = 1


def signatures(
    file: Annotated[
        Path,
        typer.Argument(callback=there, metavar="PDF", help="The signed PDF, or the file beside which the .p7s lies."),
    ],
    trust: Annotated[Path, typer.Option(callback=there, metavar="FOLDER", help="The court's trust list.")],
    role: Annotated[
        list[Role] | None, typer.Option(help="Who must have signed; may be repeated.", show_default="both")
    ] = None,
    p7s: Annotated[
        Path | None,
        typer.Option(callback=there, metavar="FILE", help="A detached signature; one --role says whose it must be."),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="When the signatures are proved to have existed (UTC, 2026-11-22T10:00:00.000Z).",
            show_default="now",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Check the signatures of a PDF, or a detached one, offline.

    Nothing is fetched: issuers, revocation lists and who may sign as what come from the trust list, revocation lists from the PDF too.
    """
    from protocol.signatures.checking import check_detached, check_pdf
    from protocol.signatures.trust import read_trust

    listed, content = read_trust(trust), file.read_bytes()
    at_us = time.time_ns() // 1000 if at is None else _time_us(at)
    if p7s is None:
        report = check_pdf(content, listed, at_us, role or PROTOCOL_ROLES)
    elif role is None or len(role) != 1:
        raise BadArgument("--p7s needs one --role: whose signature it must be")
    else:
        report = check_detached(content, p7s.read_bytes(), role[0], listed, at_us)
    typer.echo(json.dumps(report.to_json(), ensure_ascii=False, indent=2) if as_json else _told(report))
    if not report.good:
        raise typer.Exit(BAD)


def _time_us(text: str) -> int:
    from protocol.encoding import utc_us
    from protocol.errors import BadEncoding

    try:
        return utc_us(text)
    except BadEncoding as error:
        raise BadArgument(
            f"--at {text[:40]!r}: write it as 2026-11-22T10:00:00.000Z, in UTC with milliseconds"
        ) from error


def _told(report: Report) -> str:
    from protocol.encoding import utc_text

    lines = [
        f"{item.role}: {_shown(item.name)} ({_shown(item.serial_number) or 'no number'}), {'time unknown' if item.at_us is None else utc_text(item.at_us)}"
        for item in report.signatures
    ]
    lines += [
        f"{'refused' if item.fails else 'note'}[{item.code}] {_shown(item.role)}: {_shown(item.text)}"
        for item in report.findings
    ]
    return "\n".join([*lines, "The signatures are good." if report.good else "The signatures cannot be relied on."])


def _shown(text: str) -> str:
    """What a certificate says, without the characters that could fool a terminal."""
    return "".join(c if c.isprintable() else "�" for c in text)
