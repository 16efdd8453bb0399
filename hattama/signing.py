"""Who signs for this box: the signer service where there is one, else this process with the key itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from device_config.settings import Settings
    from protocol.note import Signer
    from storage.signed_requests import RequestSigner


def public_key_path(settings: Settings) -> Path:
    """Where the signer service's public key is kept by those who use it."""
    return settings.state_dir / "device.vkey"


def signer_of(settings: Settings, socket: Path | None = None) -> Signer:
    """The box's signer.

    Args:
        settings: of this machine.
        socket: of the signer service; default ``signer_socket`` of the settings.

    Raises:
        NotSigned: the service does not answer, and its key is not known yet.
        SeedUnusable, SeedExposed: the key on this machine cannot be used.
    """
    if at := socket or settings.signer_socket:
        from device_config.signer_client import SignerClient

        return SignerClient(at, known=public_key_path(settings))
    from device_config.identity import device_signer

    return device_signer(settings)


def request_signer_of(settings: Settings) -> RequestSigner:
    """Who signs this box's requests to the archive.

    Raises:
        NotSigned, SeedUnusable, SeedExposed: as :func:`signer_of`.
    """
    return signer_of(settings)  # type: ignore[return-value]
