"""``hattama sign``: a person's signature into a protocol's PDF, or beside any other file."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from hattama.errors import BadArgument
from hattama.files import there, to_write
from protocol.signatures.person import PersonalSigner, Role


def sign(
    file: Annotated[
        Path,
        typer.Argument(
            callback=there, metavar="PDF", help="What to sign: the protocol's PDF, or another file with --detached."
        ),
    ],
    role: Annotated[Role, typer.Option(help="In what capacity.")],
    key: Annotated[
        Path | None,
        typer.Option(callback=there, metavar="FILE.p12", help="The person's key (PKCS#12).", show_default=False),
    ] = None,
    pkcs11: Annotated[
        Path | None,
        typer.Option(
            callback=there,
            metavar="LIBRARY.so",
            help="The person's key on a token, by its vendor's library.",
            show_default=False,
        ),
    ] = None,
    token: Annotated[
        str | None, typer.Option(help="Label of the token, where there are several.", show_default=False)
    ] = None,
    key_label: Annotated[
        str | None, typer.Option(help="Label of the key, where the token holds several.", show_default=False)
    ] = None,
    password_file: Annotated[
        Path | None,
        typer.Option(
            callback=there,
            metavar="FILE",
            help="The key's password, or the token's PIN, in the first line of this file.",
            show_default="it is asked for",
        ),
    ] = None,
    trust: Annotated[
        Path | None,
        typer.Option(
            callback=there, metavar="FOLDER", help="The court's trust list: its revocation lists are embedded."
        ),
    ] = None,
    detached: Annotated[bool, typer.Option("--detached", help="Write the signature beside the file (.p7s).")] = False,
    output: Annotated[
        Path | None,
        typer.Option(callback=to_write, metavar="FILE", help="Where to write.", show_default="beside the file"),
    ] = None,
) -> None:
    """Sign the PDF of a protocol (PAdES), or any file beside it (CMS).

    What was there is not changed: the signed PDF is a new file, and nothing is ever overwritten. The password is asked for, or read from standard input where that is no terminal.
    """
    from protocol import durable
    from protocol.signatures.detached import sign_detached
    from protocol.signatures.pdf import sign_pdf
    from protocol.signatures.trust import read_trust

    if detached and trust is not None:
        raise BadArgument("--trust: a detached signature embeds nothing")
    if (key is None) == (pkcs11 is None):
        raise BadArgument("--key FILE.p12 or --pkcs11 LIBRARY.so: one of them says where the key is")
    if key is not None and (token or key_label):
        raise BadArgument("--token and --key-label are of a token: use them with --pkcs11")
    content = file.read_bytes()
    listed = None if trust is None else read_trust(trust)
    with _key(key, pkcs11, password_file, token, key_label) as signer:
        now_us = time.time_ns() // 1000
        if detached:
            signed, path = sign_detached(content, signer, now_us), file.with_name(f"{file.name}.{role}.p7s")
        else:
            signed, path = sign_pdf(content, signer, role, now_us, listed), file.with_suffix(f".{role}.pdf")
    durable.write_once(output or path, signed)
    typer.echo(str(output or path))


@contextmanager
def _key(
    file: Path | None, library: Path | None, password_file: Path | None, token: str | None, label: str | None
) -> Iterator[PersonalSigner]:
    from protocol.signatures.pkcs11 import TokenKey
    from protocol.signatures.pkcs12 import FileKey

    if file is not None:
        yield FileKey(file.read_bytes(), _password(password_file))
    elif library is not None:
        with TokenKey(library, _password(password_file), token, label) as signer:
            yield signer


def _password(file: Path | None) -> str:
    if file is not None:
        text = file.read_text(encoding="utf-8")
    elif sys.stdin.isatty():
        text = typer.prompt("Password of the key (PIN of the token)", hide_input=True, default="", show_default=False)
    else:
        text = sys.stdin.readline()
    return text.partition("\n")[0].rstrip("\r")
