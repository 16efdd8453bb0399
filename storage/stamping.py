"""Whether this box has its seals time stamped (:mod:`storage.seal_stamps`, which is loaded only where it has: the check of certificates is large)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from device_config.settings import Settings


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
