"""``hattama settings``: what is in force, and whether it is right."""

from __future__ import annotations

import json
import re

import typer

from hattama.context import settings_of

#: From the name of an address's user to the last ``@`` before its path: a password may hold one, too.
_PASSWORD = re.compile(r"^(\w[\w+.-]*://[^:/@]*:)[^/]*@")

app = typer.Typer(help="Show or check the settings.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def show(context: typer.Context) -> None:
    """Print the settings in force as JSON; a token, a secret key, and a password in an address, is shown as ***."""
    settings = settings_of(context)
    value = settings.model_dump(mode="json")
    for place, name in ((value["archive"], "token"), (value["archive"]["s3"], "secret_key")):
        if place[name]:
            place[name] = "*" * 3
    addresses = [(value["archive"], "url"), (value["archive"], "database"), *((source, "url") for source in value["sources"])]
    for place, name in addresses:
        if place.get(name):
            place[name] = _PASSWORD.sub(r"\1***@", place[name])
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


@app.command()
def check(context: typer.Context) -> None:
    """Read the settings and say whether they are right; a wrong one is named with its line or variable."""
    settings = settings_of(context)
    tracks = sum(len(source.channels) or 1 for source in settings.sources)
    typer.echo(f"settings are right: {len(settings.sources)} devices, {tracks} tracks, state in {settings.state_dir}")
