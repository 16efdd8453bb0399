"""The keys a verification trusts: this machine's own, those of ``<state_dir>/trust`` and those named on the command line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from hattama.files import there
from hattama.signing import public_key_path

if TYPE_CHECKING:
    from device_config.settings import Settings
    from protocol.note import VerifierKey


def key_of(text: str) -> VerifierKey:
    """A verifier key written out, or the one in the file of that name.

    Raises:
        NoInput: there is no such file.
        TrustUnusable: neither.
    """
    from device_config.errors import TrustUnusable
    from device_config.identity import read_key
    from protocol.errors import BadNote
    from protocol.note import VerifierKey

    if "+" not in text and ("/" in text or text.endswith(".vkey")):  # every verifier key has two +
        there(Path(text))
    if Path(text).is_file():
        return read_key(Path(text))
    try:
        return VerifierKey.from_text(text.strip())
    except BadNote as error:
        raise TrustUnusable(f"{text}: neither a file nor a verifier key ({error})") from error


def trusted(settings: Settings, more: Iterable[str]) -> tuple[VerifierKey, ...]:
    """Every trusted key, each once.

    A box trusts its own key: whoever could put another key in its place could as well change its trust list, which lies beside it.
    """
    from device_config.identity import trust_dir, trusted_keys

    listed = trusted_keys(trust_dir(settings))
    return tuple(dict.fromkeys([*_own(settings), *listed, *(key_of(text) for text in more)]))


def _own(settings: Settings) -> list[VerifierKey]:
    """This machine's key if there is one and the caller may read it; verifying makes none."""
    import os

    from device_config.identity import device_signer, read_key, seed_path

    if (public := public_key_path(settings)).exists():  # the signer service holds the key
        return [read_key(public)]
    return [device_signer(settings).key] if os.access(seed_path(settings), os.R_OK) else []
