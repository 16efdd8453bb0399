"""``hattama uploader``: sends records to the archive."""

from __future__ import annotations

import typer

from hattama.context import settings_of


def uploader(context: typer.Context) -> None:
    """Run the uploader: sends closed segments, journal and protocols to the archive, and asks for the receipt.

    Needs archive.url in the settings; requests are signed with the device's key. Ends on SIGTERM or Ctrl-C.
    """
    settings = settings_of(context)
    from hattama.signing import request_signer_of
    from storage.uploader import run

    run(settings, lambda: request_signer_of(settings))
