"""``hattama signer``: holds the device's key apart from the recorder."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from hattama.context import settings_of


def signer(
    context: typer.Context,
    peer: Annotated[
        str, typer.Option(metavar="USER", help="The user that is answered, by name or number.", show_default="you")
    ] = "",
    begin: Annotated[
        bool, typer.Option("--begin", help="Begin with an empty memory although there is a key already.")
    ] = False,
) -> None:
    """Run the signer: holds the box's key and signs checkpoints of this box's journals, and nothing else.

    It never signs a second history of a hearing, and answers one user only, on signer_socket of the settings or on the
    socket that systemd hands over. Ends on SIGTERM or Ctrl-C.
    """
    settings = settings_of(context)
    from device_config.identity import device_signer, seed_path
    from device_config.signer import CheckpointSigner, Memory
    from device_config.signer_service import serve, uid_of

    new = not seed_path(settings).exists()
    memory = Memory(settings.state_dir / "keys" / "signer.sqlite", begin=begin or new)
    key = device_signer(settings)
    try:
        serve(CheckpointSigner(key, memory), settings.signer_socket, uid_of(peer) if peer else os.getuid())
    finally:
        memory.close()
