"""What the demo lays out before it starts: accounts, keys, trust, settings. Everything below ``<state_dir>/demo``."""

from __future__ import annotations

import fcntl
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from device_config.closed_keys import archive_key_path, make_or_read, public_text
from device_config.identity import add_trust, device_signer, trust_dir
from device_config.settings import ClosedSettings, Settings
from hattama.demo.room import JUDGE, SECRETARY, demonstration_speech, settings, write_toml
from hattama.errors import DemoFailed
from storage.archive.enrolment import enrol_device, open_archive
from web.accounts import Accounts, Role

LEFT_S = 60.0  # what a killed demo's processes may take to close their files
_RUN = "hattama-demo-"


@dataclass(frozen=True)
class Prepared:
    """A courtroom that can be started.

    Attributes:
        settings: of the demo's box and archive.
        config: the same as a file.
        passwords: of the demo's accounts, by name; new at each start.
        lock: descriptor that the demo's processes hold while they live.
    """

    settings: Settings
    config: Path
    passwords: dict[str, str]
    lock: int | None = None


@contextmanager
def prepared(outer: Settings) -> Iterator[Prepared]:
    """Lay the demo out below the caller's state folder; its sockets and settings are gone at the end, its records stay.

    Raises:
        DemoFailed: another demo runs on this state folder, or processes of one that was killed do not end.
    """
    state = outer.state_dir / "demo"
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (state / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DemoFailed(f"another demo runs on {state}") from error
        # Not below state: the path of a Unix socket has at most 107 bytes.
        with _last_of(state) as left, tempfile.TemporaryDirectory(prefix=_RUN) as run:
            _forget(state / "run", Path(run))
            inner = settings(state, Path(run), outer.speech if outer.speech.models else demonstration_speech())
            inner = inner.model_copy(update={"closed": _closed(inner)})
            config = Path(run) / "settings.toml"
            write_toml(inner, config)
            _enrol(outer, inner)
            yield Prepared(inner, config, _accounts(inner), left.fileno())


@contextmanager
def _last_of(state: Path) -> Iterator[IO[str]]:
    """The lock that a demo's processes inherit: while one of a killed demo still closes its files, nobody else writes there."""
    with (state / "processes.lock").open("w") as lock:
        until = time.monotonic() + LEFT_S
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if time.monotonic() > until:
                    raise DemoFailed(
                        f"processes of an earlier demo on {state} do not end; end them, or use another state_dir"
                    ) from error
            time.sleep(0.1)
        yield lock


def _forget(noted: Path, run: Path) -> None:
    """Remove the folder of sockets that a killed demo left, and note this one's."""
    old = Path(noted.read_text(encoding="utf-8")) if noted.exists() else run
    if old != run and old.parent == run.parent and old.name.startswith(_RUN):
        shutil.rmtree(old, ignore_errors=True)
    noted.write_text(str(run), encoding="utf-8")


def _enrol(outer: Settings, inner: Settings) -> None:
    """The archive knows the box, the box knows the archive, and `hattama verify` of this machine knows both."""
    device = device_signer(inner).key
    with open_archive(inner) as archive:
        key = enrol_device(archive, device.text)
    for folder in (trust_dir(inner), trust_dir(outer)):
        add_trust(folder, device)
        add_trust(folder, key)


def _closed(inner: Settings) -> ClosedSettings:
    """Keys for parts in camera. A real escrow's lies in a safe and not beside the archive."""
    escrow = make_or_read(inner.state_dir / "escrow" / "escrow.key")
    return ClosedSettings(
        archive_key=public_text(make_or_read(archive_key_path(inner))), escrow_key=public_text(escrow)
    )


def _accounts(inner: Settings) -> dict[str, str]:
    accounts = Accounts(inner.state_dir / "accounts.sqlite")
    known = {account.name for account in accounts.all()}
    passwords = {}
    for name, display, role in (("secretary", SECRETARY, Role.SECRETARY), ("judge", JUDGE, Role.JUDGE)):
        passwords[name] = secrets.token_urlsafe(9)
        if name in known:
            accounts.set_password(name, passwords[name])
        else:
            accounts.add(name, display, role, passwords[name])
    return passwords
