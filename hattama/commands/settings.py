"""``hattama settings``: what is in force, and whether it is right."""

from __future__ import annotations

import json
import re
from typing import Any

import typer

from hattama.context import settings_of

#: From the name of an address's user to the last ``@`` before its path: a password may hold one, too.
_PASSWORD = re.compile(r"^(\w[\w+.-]*://[^:/@]*:)[^/]*@")

_SECRET = frozenset({"token", "secret_key"})

app = typer.Typer(help="Show or check the settings.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def show(context: typer.Context) -> None:
    """Print the settings in force as JSON; a token, a secret key, and a password in an address, is shown as ***."""
    value = _shown(settings_of(context).model_dump(mode="json"))
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def _shown(value: Any, name: str = "") -> Any:
    """Settings as they may be shown: by what a value is called, and by what it looks like, so that a new setting needs no place here."""
    if isinstance(value, dict):
        return {key: _shown(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_shown(item, name) for item in value]
    if not isinstance(value, str) or not value:
        return value
    return "***" if name in _SECRET else _PASSWORD.sub(r"\1***@", value)


@app.command()
def check(context: typer.Context) -> None:
    """Read the settings and say whether they are right; a wrong one is named with its line or variable.

    What a service refuses at its start by its settings, or by a file that they name, is refused here with the same words; a speech model that is not there is told. Nothing is started or connected to.
    """
    settings = settings_of(context)
    from hattama.cli import tell
    from hattama.settings_checks import problems

    statuses = [tell(error) for error in problems(settings)]
    if statuses:
        raise typer.Exit(statuses[0] or 78)
    folders = [model.path for model in settings.speech.models]
    folders += [settings.speech.diarization.path] if settings.speech.diarization.path is not None else []
    for folder in folders:
        # No service refuses it: a hearing is recorded without, and its transcript says what is missing.
        if not folder.is_dir():
            typer.echo(f"speech: {folder}: no such folder; transcripts are made without this model", err=True)
    tracks = sum(len(source.channels) or 1 for source in settings.sources)
    typer.echo(f"settings are right: {len(settings.sources)} devices, {tracks} tracks, state in {settings.state_dir}")
