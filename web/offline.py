"""The verifier as one HTML file, which every copy of a record carries: opened from a disk it needs no network and no program of ours."""

from __future__ import annotations

from web.errors import NotBuilt
from web.pages import STATIC

NAME = "verify.html"


def verifier() -> bytes:
    """The file's bytes (web/ui/src/verify-page, built).

    Raises:
        NotBuilt: the front end was not built.
    """
    try:
        return (STATIC / "build" / NAME).read_bytes()
    except FileNotFoundError as error:
        raise NotBuilt(f"{STATIC / 'build' / NAME} is not there") from error
