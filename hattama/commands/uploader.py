"""``hattama uploader``: sends records to the archive."""

from __future__ import annotations

import typer

from hattama.context import settings_of


def uploader(context: typer.Context) -> None:
    """Run the uploader: sends closed segments, journal and protocols to the archive, and asks for the receipt.

    Needs archive.url and archive.token in the settings. Ends on SIGTERM or Ctrl-C.
    """
    settings = settings_of(context)
    from storage.uploader import run

    run(settings)
