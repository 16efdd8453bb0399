"""What the options before the subcommand say."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from device_config.settings import Settings


@dataclass(frozen=True)
class Options:
    """Options that stand before the subcommand."""

    config: Path | None = None


def settings_of(context: typer.Context) -> Settings:
    """The settings in force; raises SettingsError, which names what is wrong."""
    from device_config.settings import load

    options = context.obj
    return load(options.config if isinstance(options, Options) else None)


def _whoever(given: str) -> str:
    return given or getpass.getuser()


#: Who does it, as the journal names them; without it the user of this machine. Its default in a signature is "".
By = Annotated[str, typer.Option(help="Who does it, as the journal names them.", callback=_whoever, show_default="you")]
