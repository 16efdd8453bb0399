"""``hattama sign``: a person's signature into a protocol's PDF, or beside any other file."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from hattama.errors import BadArgument
from protocol.signatures.person import Role


def sign(
    file: Annotated[
        Path, typer.Argument(metavar="PDF", help="What to sign: the protocol's PDF, or another file with --detached.")
    ],
    key: Annotated[Path, typer.Option(metavar="FILE.p12", help="The person's key (PKCS#12).")],
    role: Annotated[Role, typer.Option(help="In what capacity.")],
    password_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The key's password, in the first line of this file.", show_default="it is asked for"
        ),
    ] = None,
    trust: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="The court's trust list: its revocation lists are embedded.")
    ] = None,
    detached: Annotated[bool, typer.Option("--detached", help="Write the signature beside the file (.p7s).")] = False,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write.", show_default="beside the file")
    ] = None,
) -> None:
    """Sign the PDF of a protocol (PAdES), or any file beside it (CMS).

    What was there is not changed: the signed PDF is a new file, and nothing is ever overwritten. The password is asked for, or read from standard input where that is no terminal.
    """
    from protocol import durable
    from protocol.signatures.detached import sign_detached
    from protocol.signatures.pdf import sign_pdf
    from protocol.signatures.pkcs12 import FileKey
    from protocol.signatures.trust import read_trust

    if detached and trust is not None:
        raise BadArgument("--trust: a detached signature embeds nothing")
    content, key_file = file.read_bytes(), key.read_bytes()
    listed = None if trust is None else read_trust(trust)
    signer = FileKey(key_file, _password(password_file))
    if detached:
        signed, path = sign_detached(content, signer), file.with_name(f"{file.name}.{role}.p7s")
    else:
        now_us = time.time_ns() // 1000
        signed, path = sign_pdf(content, signer, role, now_us, listed), file.with_suffix(f".{role}.pdf")
    durable.write_once(output or path, signed)
    typer.echo(str(output or path))


def _password(file: Path | None) -> str:
    if file is not None:
        text = file.read_text(encoding="utf-8")
    elif sys.stdin.isatty():
        text = typer.prompt("Password of the key", hide_input=True, default="", show_default=False)
    else:
        text = sys.stdin.readline()
    return text.partition("\n")[0].rstrip("\r")
