"""``hattama export``: a copy of a record for a person who has nothing of ours, with the verifier beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hattama.commands.verify import THREADS, exit_status, told
from hattama.context import settings_of
from hattama.errors import BadArgument
from hattama.files import there


def export(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(callback=there, metavar="DIR", help="Folder of the record.")],
    destination: Annotated[Path, typer.Argument(metavar="DEST", help="Folder to copy it into, for instance a USB stick's.")],
    without_closed: Annotated[
        bool, typer.Option("--without-closed", help="Leave out what was said in camera, the encrypted files too; the copy verifies as redacted.")
    ] = False,
) -> None:
    """Copy a record, and put the verifier beside it: one HTML file that works without a network.

    The copy is read back and verified; the report is printed and the exit status is that of `hattama verify`.
    """
    from hattama.trust import trusted
    from protocol import durable
    from protocol.record import DirectoryRecord
    from protocol.verification import Trust
    from protocol.verification import verify as check
    from web.offline import NAME, verifier

    page, record = verifier(), DirectoryRecord(folder)
    name = folder.resolve().name
    copy = destination / name
    if copy.exists():
        raise BadArgument(f"{copy} is there already: a copy is never mixed with another")
    if without_closed:
        from protocol.redaction import without_closed_parts

        for path, data in without_closed_parts(record).items():
            durable.write_once(copy / path, data)
    else:
        for path in record.paths():
            durable.write_once(copy / path, record.chunks(path))
    durable.write_once(_beside(destination, NAME, page), page)
    keys = trusted(settings_of(context), ())
    report = check(DirectoryRecord(copy), Trust.of(*keys), threads=THREADS)
    typer.echo(told(report))
    raise typer.Exit(exit_status(report))


def _beside(destination: Path, name: str, page: bytes) -> Path:
    """Where the verifier goes; one of another version that lies there stays, the new one gets a number."""
    stem, _, suffix = name.partition(".")
    names = [name, *(f"{stem}-{number}.{suffix}" for number in range(2, 100))]
    free = (destination / item for item in names)
    return next(path for path in free if not path.exists() or path.read_bytes() == page)
