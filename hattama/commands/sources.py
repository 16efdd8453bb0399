"""``hattama sources``: cameras, microphones and remote participants of the hearing that has the room; they come and go while it is recorded."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from hattama.context import By, settings_of
from hattama.errors import BadArgument
from hattama.files import there

if TYPE_CHECKING:
    from device_config.sources import SourceSettings

app = typer.Typer(help="Cameras and microphones of the open hearing: list, add, remove.", no_args_is_help=True, rich_markup_mode=None)

_JSON = Annotated[bool, typer.Option("--json", help="Print the list as JSON.")]


@app.command("list")
def list_(context: typer.Context, as_json: _JSON = False) -> None:
    """List the sources, with those that somebody took out of this hearing."""
    from recorder.client import RecorderClient

    with RecorderClient(settings_of(context).socket) as client:
        _tell(client.sources(), as_json=as_json)


@app.command()
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Its name: small letters, digits, hyphens. Alone: takes back a source of the settings.")],
    kind: Annotated[str, typer.Option(help="What it is: camera, microphone, remote or file.")] = "remote",
    media: Annotated[str, typer.Option(help="What is recorded from it: video or audio.")] = "audio",
    label: Annotated[str, typer.Option(help="What people call it.")] = "",
    url: Annotated[str, typer.Option(help="Address of a stream; `-` reads it from standard input.", show_default=False)] = "",
    device: Annotated[str, typer.Option(help="Device of this machine, as in the settings.", show_default=False)] = "",
    path: Annotated[Path | None, typer.Option(callback=there, help="A media file, played at its own pace.", show_default=False)] = None,
    channel: Annotated[list[str] | None, typer.Option(metavar="TRACK", help="Track of each channel; may be repeated.")] = None,
    as_json: _JSON = False,
    by: By = "",
) -> None:
    """Add a source to the open hearing; while it is recorded, this returns when the source is being recorded.

    It stays for this hearing only. An address with a password is read from standard input (`--url -`), for other users of
    this machine can read a command's arguments.
    """
    from recorder.client import RecorderClient

    given = {"url": _address(url), "device": device or None, "path": path}
    source: SourceSettings | str = name
    if any(given.values()):
        source = _settings(name=name, kind=kind, media=media, label=label, channels=tuple(channel or ()), **given)
    with RecorderClient(settings_of(context).socket) as client:
        _tell(client.add_source(source, by), as_json=as_json)


@app.command()
def remove(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the device; all its channels leave with it.")],
    as_json: _JSON = False,
    by: By = "",
) -> None:
    """Take a source out of the open hearing; what it gave is closed and journalled when this returns."""
    from recorder.client import RecorderClient

    with RecorderClient(settings_of(context).socket) as client:
        _tell(client.remove_source(name, by), as_json=as_json)


def _address(url: str) -> str | None:
    """The address that was given, or that stands on standard input."""
    if url == "-":
        url = sys.stdin.readline().strip()
        if not url:
            raise BadArgument("--url -: standard input is empty")
    elif "@" in urlsplit(url).netloc:
        raise BadArgument("--url: other users of this machine can read a password that stands in a command: give --url - and the address on standard input")
    return url or None


def _settings(**values: Any) -> SourceSettings:
    from pydantic import ValidationError

    from device_config.sources import SourceSettings

    try:
        return SourceSettings(**values)
    except ValidationError as error:  # its own text repeats the input, which may hold a password
        told = [f"{'.'.join(str(part) for part in item['loc']) or 'source'}: {item['msg'].removeprefix('Value error, ')}" for item in error.errors()]
        raise BadArgument("\n".join(told)) from None


def _tell(found: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for item in found:
        state = "there" if item["present"] else "taken out"
        who = f" by {item['by']}" if item["by"] else ""
        tracks = "" if item["tracks"] == [item["name"]] else f" ({', '.join(item['tracks'])})"
        typer.echo(f"{item['name']:<20} {item['kind']:<10} {state}{who}{tracks}".rstrip())
