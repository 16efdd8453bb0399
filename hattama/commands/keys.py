"""``hattama keys``: the key pairs that open parts in camera, and opening a record with one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hattama.context import settings_of
from hattama.errors import BadArgument
from hattama.files import there, to_write

app = typer.Typer(
    help="Keys of parts in camera: the archive's, the escrow's; opening a record with one.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("archive")
def archive(context: typer.Context) -> None:
    """Print the archive's public key for closed parts, as `closed.archive_key` of the boxes takes it. Run it on the archive; the pair is made on first use."""
    from device_config.closed_keys import archive_key_path, make_or_read, public_text

    typer.echo(public_text(make_or_read(archive_key_path(settings_of(context)))))


@app.command("new")
def new(
    file: Annotated[
        Path, typer.Argument(callback=to_write, metavar="FILE", help="Where the secret half goes; it must not exist.")
    ],
) -> None:
    """Make a key pair for the escrow, and print its public key, as `closed.escrow_key` of the boxes takes it.

    Keep FILE away from the boxes and the archive, for instance on two sticks in two safes: it opens every part in camera that was wrapped to it.
    """
    from device_config.closed_keys import make, public_text

    if file.exists():
        raise BadArgument(f"{file} is there already; `hattama keys public` prints its public key")
    typer.echo(public_text(make(file)))


@app.command("public")
def public(
    file: Annotated[Path, typer.Argument(callback=there, metavar="FILE", help="File of the secret half.")],
) -> None:
    """Print the public key of a pair."""
    from device_config.closed_keys import public_text, read

    typer.echo(public_text(read(file)))


@app.command("open")
def open_(
    folder: Annotated[Path, typer.Argument(callback=there, metavar="DIR", help="Folder of the record.")],
    destination: Annotated[Path, typer.Argument(metavar="DEST", help="New folder for what is opened.")],
    key: Annotated[
        Path,
        typer.Option(
            "--key", callback=there, metavar="FILE", help="File of the escrow's (or the archive's) secret half."
        ),
    ],
) -> None:
    """Open the closed parts of a record: plain files under their names, and `lines.jsonl` with the lines that were sealed.

    What is written is not encrypted any more. The record itself is not touched.
    """
    from device_config.closed_keys import read
    from protocol import durable
    from protocol.opening import opened_files
    from protocol.record import DirectoryRecord

    if destination.exists():
        raise BadArgument(f"{destination} is there already")
    count = 0
    for path, data in opened_files(DirectoryRecord(folder), bytes(read(key))):
        durable.write_once(destination / path, data)
        count += 1
    typer.echo(f"opened: {count} files in {destination}")
