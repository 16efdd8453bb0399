"""Key pairs to which the keys of closed takes are wrapped (record format, section 9): the archive's and the escrow's.

A pair is X25519; its secret half is 32 random bytes in a file that its owner only may read, its public half is written as base64, which is how the
settings ``closed.archive_key`` and ``closed.escrow_key`` of a box name it. A box never has the secret half.
"""

from __future__ import annotations

import os
from pathlib import Path

from nacl.public import PrivateKey

from device_config.errors import ClosedKeyUnusable, SeedExposed, SeedUnusable
from device_config.identity import load_or_create_seed
from device_config.settings import Settings
from protocol.durable import sync_dir
from protocol.encoding import b64
from protocol.errors import DiskFailed


def archive_key_path(settings: Settings) -> Path:
    """Where the archive keeps its secret half."""
    return settings.state_dir / "archive" / "keys" / "closed.key"


def make_or_read(path: Path) -> PrivateKey:
    """The pair in ``path``, made there if there is none.

    Raises:
        ClosedKeyUnusable: it cannot be read or made, is not 32 bytes, or others may read it.
    """
    try:
        return PrivateKey(load_or_create_seed(path))
    except (SeedUnusable, SeedExposed) as error:
        raise ClosedKeyUnusable(str(error).replace("the device's key", "the key")) from error


def make(path: Path) -> PrivateKey:
    """A new pair in ``path``, which must not exist; its folder is left as it is.

    Raises:
        ClosedKeyUnusable: it is there, or cannot be written.
    """
    pair = PrivateKey.generate()
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(fd, bytes(pair))
            os.fsync(fd)
        finally:
            os.close(fd)
        sync_dir(path.parent)
    except (OSError, DiskFailed) as error:
        raise ClosedKeyUnusable(f"{path}: the key cannot be made: {error}") from error
    return pair


def read(path: Path) -> PrivateKey:
    """The pair in ``path``.

    Raises:
        ClosedKeyUnusable: there is none, or see :func:`make_or_read`.
    """
    if not path.is_file():
        raise ClosedKeyUnusable(f"{path}: there is no such file")
    return make_or_read(path)


def public_text(pair: PrivateKey) -> str:
    """The public half, as settings name it."""
    return b64(bytes(pair.public_key))
