"""What the options before the subcommand say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

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
