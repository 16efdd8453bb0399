"""Whether this box has its seals time stamped (:mod:`storage.seal_stamps`, which is loaded only where it has: the check of certificates is large)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from device_config.settings import Settings


def stamp_now(settings: Settings, folder: Path) -> bool:
    """Ask once for the tokens that one record's seals lack, if the settings name an authority; whether any came. Trouble is logged: nothing waits for a token."""
    if settings.archive.tsa.url is None or folder.parent != settings.hearings:
        return False  # the recorder, which keeps tokens, knows only records of this box
    from storage.seal_stamps import seal_stamps_of

    stamps = seal_stamps_of(settings)
    if stamps is None:
        return False
    try:
        return stamps.stamp(folder) > 0
    finally:
        stamps.stop()


@contextmanager
def stamping(settings: Settings) -> Iterator[None]:
    """Ask for tokens for as long as the block runs, if the settings name an authority."""
    if settings.archive.tsa.url is None:
        yield
        return
    from storage.seal_stamps import seal_stamps_of

    stamps = seal_stamps_of(settings)
    if stamps is None:
        yield
        return
    stamps.start()
    try:
        yield
    finally:
        stamps.stop()
