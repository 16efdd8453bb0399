"""The box's own copies of the keys of closed takes: in memory, and wrapped on its disk until the hearing is certified.

::

    make      32 random bytes → wrapped to archive and escrow (for the journal) and to the hearing's own pair → on the disk → in use
              (a name that no `key` line bears is the trace of a try that was cut short: its key is taken, which has encrypted nothing yet)
    keys      of a hearing: from memory, after a restart from the disk
    forget    the files are overwritten in place, synced and unlinked; memory is let go. Keys of remarks that wait for their review are kept (recorder.closed_remarks)

``<state_dir>/keys/closed/<hearing>/`` holds ``pair.key``, the secret half of an X25519 pair of this hearing alone, and a sealed box ``K01.box`` for each take. Every file is
written once, so that no block that was freed holds an older copy, and overwritten before it is unlinked, so that the block that is freed holds nothing. What this
cannot reach: a disk that remaps blocks by itself, and a file system that journals data; there the disk's own encryption has to do it (docs/recorder.md).

A key goes to a child process over its standard input only: never as an argument, in the environment, into a log or a file.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import structlog
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox

from protocol.closed import open_entry, wrap_key
from protocol.durable import sync_dir, write_once
from protocol.encoding import HEARING
from protocol.errors import Closed, DiskFailed, ProtocolError
from protocol.journal import Entry
from recorder.refusals import DiskRefused, NoClosedKeys

_log = structlog.get_logger(__name__)
KEY_BYTES = 32
_PAIR = "pair.key"
_BOX = ".box"


class Vault:
    """Keys of closed takes on this box. Its methods that write block; they may be called from any thread, one at a time for a hearing.

    Args:
        folder: where the files lie; None: there are none, and none are made.
        recipients: public keys of archive and escrow by name; None: not set, so no closed take can be recorded.
    """

    def __init__(self, folder: Path | None, recipients: Mapping[str, bytes] | None) -> None:
        self._folder = folder
        self._recipients = recipients
        self._kept: dict[str, dict[str, bytes]] = {}

    def check(self) -> None:
        """Whether a closed take could be recorded.

        Raises:
            NoClosedKeys: the settings do not name whose keys open it later.
        """
        if self._recipients is None:
            raise NoClosedKeys("closed.archive_key and closed.escrow_key are not both set")

    def make(self, hearing: str, name: str) -> list[dict[str, str]]:
        """The key for a name that no ``key`` line bears yet, on the disk before it is used.

        Returns:
            What its ``key`` line lists as ``wrapped``.

        Raises:
            NoClosedKeys: see :meth:`check`.
            DiskRefused: the box's own copy could not be written.
        """
        self.check()
        assert self._recipients is not None  # noqa: S101 - checked
        if (left := self._read(hearing).get(name)) is not None:
            return wrap_key(left, self._recipients)
        key = secrets.token_bytes(KEY_BYTES)
        folder = self._of(hearing)
        box = folder / f"{name}{_BOX}"
        try:
            pair = self._pair(folder)
            if box.exists():  # left by a try that was cut short, and cannot be read
                _wipe(box)
            _write(box, SealedBox(pair.public_key).encrypt(key))
        except (ProtocolError, OSError, CryptoError, ValueError, TypeError) as error:
            raise DiskRefused(f"the key of a closed take cannot be kept: {error}") from error
        self._read(hearing)[name] = key
        return wrap_key(key, self._recipients)

    def keys(self, hearing: str) -> Mapping[str, bytes]:
        """Keys of a hearing that this box has, by name."""
        return self._read(hearing)

    def opener(self, hearing: str) -> Callable[[Entry], Entry]:
        """Opens journal lines of a hearing as far as its keys are here; others stay as they are."""

        def open_one(entry: Entry) -> Entry:
            try:
                return open_entry(entry, self._read(hearing))
            except Closed as error:  # verification finds what was changed; a reader passes it over
                _log.error("line_not_opened", action="skip", hearing=hearing, error=str(error))
                return entry

        return open_one

    def forget(self, hearing: str, keep: Collection[str] = ()) -> int:
        """Leave nothing on this box that opens the closed takes of a hearing.

        Args:
            hearing: its identifier.
            keep: names of keys that are needed yet.

        Returns:
            How many keys were forgotten.

        Raises:
            DiskRefused: a file could not be overwritten; asked again, it goes on.
        """
        folder = self._of(hearing)
        boxes = list(folder.glob(f"*{_BOX}"))
        kept = {path for path in boxes if path.name.removesuffix(_BOX) in keep}
        if kept:
            kept.add(folder / _PAIR)
            known = self._read(hearing)
        else:
            known = {}
        count = len(set(boxes) - kept)
        try:
            # The boxes first: a pair without boxes opens nothing, and says nothing of what it opened.
            for path in sorted(set(folder.glob("*")) - kept, key=lambda path: path.name == _PAIR):
                _wipe(path)
            if not kept and folder.exists():
                folder.rmdir()
                sync_dir(folder.parent)
        except (OSError, ProtocolError) as error:
            raise DiskRefused(f"{folder}: the keys cannot be wiped: {error}") from error
        self._kept[hearing] = {name: key for name, key in known.items() if name in keep}
        if count or not kept:
            _log.info("closed_keys_forgotten", action="forget", hearing=hearing, keys=count)
        return count

    def hearings(self) -> list[str]:
        """Hearings of which keys lie here."""
        return (
            sorted(path.name for path in self._folder.iterdir() if path.is_dir())
            if self._folder and self._folder.is_dir()
            else []
        )

    def _of(self, hearing: str) -> Path:
        if self._folder is None or not HEARING.match(hearing):
            raise DiskRefused("not an identifier of a hearing")
        return self._folder / hearing

    def _read(self, hearing: str) -> dict[str, bytes]:
        known = self._kept.get(hearing)
        if known is None:
            known = self._kept[hearing] = self._from_disk(hearing) if self._folder is not None else {}
        return known

    def _from_disk(self, hearing: str) -> dict[str, bytes]:
        folder, found = self._of(hearing), dict[str, bytes]()
        try:
            boxes = sorted(folder.glob(f"*{_BOX}"))
            if not boxes:
                return found
            pair = SealedBox(PrivateKey((folder / _PAIR).read_bytes()))
        except (OSError, CryptoError, ValueError, TypeError) as error:
            _log.error("closed_keys_unreadable", action="go_on_without", hearing=hearing, error=str(error))
            return found
        for path in boxes:
            try:
                found[path.name.removesuffix(_BOX)] = pair.decrypt(path.read_bytes())
            except (OSError, CryptoError, ValueError, TypeError) as error:
                _log.error(
                    "closed_key_unreadable", action="go_on_without", hearing=hearing, key=path.name, error=str(error)
                )
        return found

    def _pair(self, folder: Path) -> PrivateKey:
        path = folder / _PAIR
        if path.is_file():
            return PrivateKey(path.read_bytes())
        made = PrivateKey.generate()
        _write(path, bytes(made))
        return made


NO_KEYS = Vault(None, None)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.parent.chmod(0o700)
    write_once(path, data)
    path.chmod(0o600)
    sync_dir(path.parent.parent)


def _wipe(path: Path) -> None:
    """Overwrite a file where it lies, then unlink it."""
    fd = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        size = os.fstat(fd).st_size
        if os.pwrite(fd, secrets.token_bytes(size), 0) != size:
            raise DiskFailed(f"{path}: not overwritten in full")
        os.fsync(fd)
    finally:
        os.close(fd)
    path.unlink()
    sync_dir(path.parent)
