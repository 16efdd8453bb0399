"""``hattama console``: the web app in the courtroom."""

from __future__ import annotations

import typer

from hattama.context import settings_of


def console(context: typer.Context) -> None:
    """Run the courtroom's web app: the secretary's and the presiding judge's pages.

    It talks to the recording daemon and listens on console.host and console.port of the settings. Ends on SIGTERM or Ctrl-C.
    """
    settings = settings_of(context)
    from hattama.listening import check_free
    from recorder.console.app import run

    check_free(settings.console.host, settings.console.port, "console")
    run(settings)
