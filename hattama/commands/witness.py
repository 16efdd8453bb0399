"""``hattama witness``: cosigns logs of archives, for an organisation that is not the archive's."""

from __future__ import annotations

from typing import Annotated

import typer

from hattama.context import settings_of


def witness(
    context: typer.Context,
    key: Annotated[bool, typer.Option("--key", help="Print the witness's key and end.")] = False,
) -> None:
    """Run a witness: cosigns a log's checkpoint when it was proved that the log goes on from the last one.

    The logs are named in witness.logs of the settings. Key and memory lie in <state_dir>/witness, are made on the first start, and
    belong together: with the memory missing, it refuses to start. Ends on SIGTERM or Ctrl-C.
    """
    settings = settings_of(context)
    from hattama.listening import check_free
    from storage.witness import Memory
    from storage.witness_service import run

    folder = settings.state_dir / "witness"
    if key:
        memory = Memory(folder, settings.witness.name)
        typer.echo(memory.cosigner.key.text)
        memory.close()
        return
    check_free(settings.witness.host, settings.witness.port, "witness")
    run(folder, settings.witness.name, settings.witness.logs, settings.witness.host, settings.witness.port)
