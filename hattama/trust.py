"""The keys a verification trusts: those of ``<state_dir>/trust`` and those named on the command line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from device_config.settings import Settings
    from protocol.note import VerifierKey


def key_of(text: str) -> VerifierKey:
    """A verifier key written out, or the one in the file of that name.

    Raises:
        TrustUnusable: neither.
    """
    from device_config.errors import TrustUnusable
    from device_config.identity import read_key
    from protocol.errors import BadNote
    from protocol.note import VerifierKey

    if Path(text).is_file():
        return read_key(Path(text))
    try:
        return VerifierKey.from_text(text.strip())
    except BadNote as error:
        raise TrustUnusable(f"{text}: neither a file nor a verifier key ({error})") from error


def trusted(settings: Settings, more: Iterable[str]) -> tuple[VerifierKey, ...]:
    """Every trusted key, each once."""
    from device_config.identity import trust_dir, trusted_keys

    return tuple(dict.fromkeys([*trusted_keys(trust_dir(settings)), *(key_of(text) for text in more)]))
