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
    sender: Annotated[
        list[str] | None,
        typer.Option(metavar="USER", help="A user for whom requests to the archive are signed, too; may be given again."),
    ] = None,
    begin: Annotated[
        bool, typer.Option("--begin", help="Begin with an empty memory although there is a key already.")
    ] = False,
) -> None:
    """Run the signer: holds the box's key and signs checkpoints of this box's journals and requests to its archive, and nothing else.

    It never signs a second history of a hearing, and checkpoints for one user only, on signer_socket of the settings or on
    the socket that systemd hands over. Ends on SIGTERM or Ctrl-C.
    """
    settings = settings_of(context)
    from device_config.identity import device_signer, seed_path
    from device_config.signer import CheckpointSigner, Memory
    from device_config.signer_service import serve, uid_of

    new = not seed_path(settings).exists()
    memory = Memory(settings.state_dir / "keys" / "signer.sqlite", begin=begin or new)
    key = device_signer(settings)
    try:
        senders = frozenset(uid_of(user) for user in sender or ())
        serve(CheckpointSigner(key, memory), settings.signer_socket, uid_of(peer) if peer else os.getuid(), senders)
    finally:
        memory.close()
