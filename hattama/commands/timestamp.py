"""``hattama timestamp``: a time stamp authority's word (RFC 3161) for when a file existed."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated

import typer

from hattama.errors import BadArgument
from hattama.files import there, to_write


def timestamp(
    file: Annotated[
        Path,
        typer.Argument(callback=there, metavar="FILE", help="What is stamped: a receipt, a manifest, a signed PDF."),
    ],
    authorities: Annotated[
        Path,
        typer.Option(
            callback=there,
            metavar="FILE.pem",
            help="Certificates of the authorities that are trusted, or of their issuers.",
        ),
    ],
    token: Annotated[
        Path | None, typer.Option(callback=to_write, metavar="FILE.tst", help="The token.", show_default="FILE.tst")
    ] = None,
    tsa: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Ask this authority for a token; without it, one that is there is checked."),
    ] = None,
) -> None:
    """Have a file stamped by an authority, or check a token offline, and print the time.

    A token is checked before it is kept, and never overwritten; one that is there already is only checked. Exit status 65 if it
    proves nothing, 75 if the authority does not answer: to be run again.
    """
    from protocol import durable, timestamps
    from protocol.encoding import utc_text

    if tsa is None:
        there(token or file.with_name(f"{file.name}.tst"))
    content, trusted = file.read_bytes(), timestamps.certificates(authorities.read_bytes())
    path = token or file.with_name(f"{file.name}.tst")
    if tsa is not None and not path.exists():
        from storage.tsa_client import ask

        if any((path.parent / name).exists() for name in ("journal.jsonl", "journal.chunks")):
            raise BadArgument(
                f"--token: {path.parent} is a record, which takes no file from outside; choose another folder"
            )
        nonce = secrets.randbits(timestamps.NONCE_BITS)
        made = timestamps.token_of(ask(tsa, timestamps.request(content, nonce)), content, nonce)
        stamped = timestamps.check(made, content, trusted)
        durable.write_once(path, made)
    else:
        stamped = timestamps.check(path.read_bytes(), content, trusted)
    typer.echo(f"{utc_text(stamped.at_us)}  {stamped.authority}  {stamped.serial:x}")
