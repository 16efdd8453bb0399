"""``hattama device``: this box's key, and the keys it trusts."""

from __future__ import annotations

from typing import Annotated

import typer

from hattama.context import settings_of
from hattama.signing import signer_of
from hattama.trust import key_of

app = typer.Typer(help="This box's key, and the keys it trusts.", no_args_is_help=True, rich_markup_mode=None)
trust = typer.Typer(help="The verifier keys whose records count as trusted here.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(trust, name="trust")


@app.command("key")
def show_key(context: typer.Context) -> None:
    """Print this box's verifier key (public; made on first use), as trust lists and the archive take it."""
    settings = settings_of(context)
    typer.echo(signer_of(settings).key.text)


@trust.command("add")
def add(
    context: typer.Context,
    key: Annotated[str, typer.Argument(metavar="FILE|VKEY", help="A verifier key, or a file that holds one.")],
) -> None:
    """Trust a key. Compare it first with its owner, over another way than it came by."""
    settings = settings_of(context)
    from device_config.identity import add_trust, trust_dir

    typer.echo(add_trust(trust_dir(settings), key_of(key)))


@trust.command("list")
def list_(context: typer.Context) -> None:
    """Print the trusted keys, one a line."""
    settings = settings_of(context)
    from device_config.identity import trust_dir, trusted_keys

    for key in trusted_keys(trust_dir(settings)):
        typer.echo(key.text)


