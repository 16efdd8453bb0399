"""The ``--help`` of every subcommand as its page of docs/commands/ carries it (written by `make docs`, compared by a test)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from hattama.cli import app

MARKERS = ("<!-- help: begin -->", "<!-- help: end -->")
EMPTY = f"{MARKERS[0]}\n{MARKERS[1]}\n"


def _command() -> Any:
    return typer.main.get_command(app)


def commands() -> list[str]:
    """Names of the subcommands, in the order of ``hattama --help``."""
    return list(_command().commands)


def block(name: str) -> str:
    """The subcommand's help, and that of each of its own subcommands, as fenced text."""
    texts = list(_texts(_command().commands[name], f"hattama {name}"))
    return "".join(f"```\n$ {path} --help\n{text}\n```\n\n" for path, text in texts).rstrip("\n") + "\n"


def _texts(command: Any, path: str) -> Iterator[tuple[str, str]]:
    yield path, _help(command, path)
    for name, child in getattr(command, "commands", {}).items():
        yield from _texts(child, f"{path} {name}")


def _help(command: Any, path: str) -> str:
    """What ``PATH --help`` prints."""
    with command.make_context(path, [], resilient_parsing=True, **_command().context_settings) as context:
        return "\n".join(line.rstrip() for line in command.get_help(context).strip().splitlines())
