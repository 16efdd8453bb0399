"""``hattama recorder``: the recording daemon of a courtroom."""

from __future__ import annotations

import typer

from hattama.context import settings_of


def recorder(context: typer.Context) -> None:
    """Run the recording daemon: opens cameras and microphones, writes and signs the record.

    It listens on the Unix socket RUN_DIR/recorder.sock and ends on SIGTERM or Ctrl-C. If a hearing was being recorded when
    it last ended, the same hearing goes on, and the gap is journalled.
    """
    settings = settings_of(context)
    from device_config.identity import device_signer
    from recorder.daemon import run

    run(settings, device_signer(settings))
