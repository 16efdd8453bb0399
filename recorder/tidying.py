"""Files that a crash left and that nothing acknowledged."""

from __future__ import annotations

from pathlib import Path

import structlog

from protocol.durable import sync_dir
from protocol.view import HearingView

_log = structlog.get_logger(__name__)
_MADE_ONCE = ("transcript/", "protocol/", "manifest-", "signatures/brief-", "signatures/manifest-", "remarks/", "amendments/", "timestamps/")


def tidy(folder: Path, view: HearingView) -> None:
    """Delete what a crash left of files that no line ever named: temporary files, documents without a ``revision`` line.

    They were never acknowledged and can be made again; left there, they would make the record fail its verification.
    """
    named = view.added
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder).as_posix()
        made_once = relative.startswith(_MADE_ONCE)
        temporary = path.name.startswith(".") and path.name.endswith(".tmp")
        if path.is_file() and (temporary or (made_once and relative not in named)):
            _log.warning("unacknowledged_file", action="delete", hearing=view.hearing, path=relative)
            path.unlink()
            sync_dir(path.parent)
