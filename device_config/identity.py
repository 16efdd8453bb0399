"""Who this box is: its secret key, and the keys it trusts.

``<state_dir>/keys/device.seed`` holds 32 random bytes, the Ed25519 seed (RFC 8032). It is made once, readable by its owner
only, and on the disk before it is used: a box that signed with a key it then forgot would leave records nobody can trace.
``<state_dir>/trust/*.vkey`` holds one verifier key a file (C2SP signed-note form): whose records count as trusted.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from pathlib import Path

from device_config.errors import SeedExposed, SeedUnusable, TrustUnusable
from device_config.settings import Settings
from protocol.durable import make_dirs, sync_dir, write_once
from protocol.errors import BadNote, ProtocolError
from protocol.note import Ed25519Signer, VerifierKey

SEED_BYTES = 32
_EXPOSED = stat.S_IRWXG | stat.S_IRWXO


def seed_path(settings: Settings) -> Path:
    """Where the device's secret seed lies."""
    return settings.state_dir / "keys" / "device.seed"


def trust_dir(settings: Settings) -> Path:
    """Where the trusted verifier keys lie."""
    return settings.state_dir / "trust"


def device_signer(settings: Settings) -> Ed25519Signer:
    """The box's signer; its key is made on first use.

    Raises:
        SeedUnusable: the seed cannot be read or made, or has another length.
        SeedExposed: others than its owner may read it.
    """
    return Ed25519Signer(settings.device_name, load_or_create_seed(seed_path(settings)))


def load_or_create_seed(path: Path) -> bytes:
    """The 32 secret bytes in ``path``, made there if there is no such file.

    Two processes may ask at once: both get the seed of the one that came first.
    """
    try:
        return _read_seed(path)
    except FileNotFoundError:
        pass
    try:
        make_dirs(path.parent)
        path.parent.chmod(0o700)
        _create_seed(path)
        return _read_seed(path)
    except (OSError, ProtocolError) as error:
        raise SeedUnusable(f"{path}: the device's key cannot be made: {error}") from error


def _create_seed(path: Path) -> None:
    """The seed appears under its name with all its bytes, or not at all: it is written aside, then linked."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    fd = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, secrets.token_bytes(SEED_BYTES))
        os.fsync(fd)
        path.hardlink_to(aside)
    except FileExistsError:
        pass  # another process was first; its seed counts
    finally:
        os.close(fd)
        aside.unlink()
    sync_dir(path.parent)


def _read_seed(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            seed = file.read(SEED_BYTES + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise SeedUnusable(f"{path}: the device's key cannot be read: {error.strerror}") from error
    if mode & _EXPOSED:
        raise SeedExposed(f"{path}: the device's key may be read by others (mode {stat.S_IMODE(mode):04o})")
    if len(seed) != SEED_BYTES:
        raise SeedUnusable(f"{path}: the device's key has to be {SEED_BYTES} bytes long")
    return seed


def trusted_keys(folder: Path) -> tuple[VerifierKey, ...]:
    """The keys in ``folder``, by file name; none if there is no such folder.

    Raises:
        TrustUnusable: a file cannot be read or is not one verifier key. A list that cannot be read in full is no list.
    """
    if not folder.is_dir():
        return ()
    return tuple(read_key(path) for path in sorted(folder.glob("*.vkey")))


def read_key(path: Path) -> VerifierKey:
    """The one verifier key in ``path``.

    Raises:
        TrustUnusable: the file cannot be read or is not one verifier key.
    """
    try:
        return VerifierKey.from_text(path.read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError) as error:
        raise TrustUnusable(f"{path}: cannot be read: {error}") from error
    except BadNote as error:
        raise TrustUnusable(f"{path}: {error}") from error


def add_trust(folder: Path, key: VerifierKey) -> Path:
    """Put ``key`` on the trust list; putting it there again does nothing. Returns its file.

    Raises:
        TrustUnusable: the folder cannot be written.
    """
    name = re.sub(r"[^A-Za-z0-9._-]", "_", key.name)
    path = folder / f"{name}+{key.key_id.hex()}.vkey"
    try:
        write_once(path, f"{key.text}\n".encode())
    except ProtocolError as error:
        raise TrustUnusable(f"{path}: cannot be written: {error}") from error
    return path
