"""``hattama recorder``: the recording daemon of a courtroom."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hattama.context import settings_of
from hattama.signing import signer_of


def recorder(
    context: typer.Context,
    signer: Annotated[
        Path | None,
        typer.Option(metavar="SOCKET", help="Socket of the signer service.", show_default="signer_socket of the settings"),
    ] = None,
) -> None:
    """Run the recording daemon: opens cameras and microphones, writes and signs the record.

    It listens on the Unix socket RUN_DIR/recorder.sock and ends on SIGTERM or Ctrl-C. If a hearing was being recorded when
    it last ended, the same hearing goes on, and the gap is journalled.
    """
    settings = settings_of(context)
    from recorder.daemon import run

    run(settings, signer_of(settings, signer))
