"""A real PostgreSQL server for tests: an empty cluster in a temporary folder, on a Unix socket, as a user without rights.

A child of the test process, ended by process id, and by the kernel should the test process die. It does not sync: for tests only.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa

UP_S = 120.0
USERS = ("postgres", "nobody")
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}


def programs() -> Path | None:
    """The folder of the newest installed server's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if found:
        return found[-1].parent
    other = shutil.which("initdb")
    return Path(other).parent if other else None


def why_not() -> str | None:
    """Why there can be no such server here; None when there can. For ``pytest.skip``."""
    if programs() is None:
        return "PostgreSQL is not installed (Debian: postgresql)"
    return None if shutil.which("setpriv") else "setpriv is not installed (Debian: util-linux)"


@dataclass
class Postgres:
    """The running server."""

    folder: Path
    options: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it must not run."""
        bin_folder, (rights, _) = _programs(), _as_nobody()
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                ["setpriv", *rights, "--pdeathsig", "QUIT", str(bin_folder / "postgres"), "-D", str(self.folder / "data"), "-k", str(self.folder),
                 "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=60",
                 *(part for option in self.options for part in ("-c", option))],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=ENVIRONMENT, cwd=self.folder,
            )  # fmt: skip
        _wait(self.process, bin_folder, self.folder)

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """End it: SIGQUIT at once, for nothing in it is kept; SIGINT in order."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(UP_S)
            self.process = None

    def url(self, database: str) -> str:
        return f"postgresql://tests@/{database}?host={self.folder}"

    def new_database(self) -> str:
        """Address of an empty database of its own."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        engine = sa.create_engine(
            self.url("postgres").replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT"
        )
        with engine.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return self.url(name)


def _as_nobody() -> tuple[list[str], int]:
    """The server refuses to run as root: what to put before its commands, and the user's number."""
    if os.getuid() != 0:
        return [], os.getuid()
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = next(known[name] for name in USERS if name in known)
    return ["--reuid", str(user.pw_uid), "--regid", str(user.pw_gid), "--clear-groups"], user.pw_uid


@contextmanager
def run_postgres(*options: str) -> Iterator[Postgres]:
    """Start a server and end it.

    Args:
        options: settings of the server, ``name=value``.
    """
    bin_folder, (rights, uid) = _programs(), _as_nobody()
    with TemporaryDirectory(prefix="pg-", dir="/tmp") as name:
        server = Postgres(Path(name), options)
        os.chown(server.folder, uid, -1)
        made = subprocess.run(
            ["setpriv", *rights, str(bin_folder / "initdb"), "-D", str(server.folder / "data"), "-A", "trust", "-U", "tests", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
            capture_output=True, text=True, timeout=UP_S, check=False, env=ENVIRONMENT, cwd=server.folder,
        )  # fmt: skip
        if made.returncode:
            raise RuntimeError(f"initdb: {made.stderr[-2000:]}")
        try:
            server.start()
            yield server
        finally:
            server.stop()


def _programs() -> Path:
    found = programs()
    assert found is not None
    return found


def _wait(process: subprocess.Popen[bytes], bin_folder: Path, folder: Path) -> None:
    deadline = time.monotonic() + UP_S
    command = [str(bin_folder / "pg_isready"), "-q", "-h", str(folder), "-t", "5"]
    while subprocess.run(command, check=False, timeout=UP_S).returncode:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(
                f"PostgreSQL does not come up: {(folder / 'server.log').read_text(errors='replace')[-2000:]}"
            )
        time.sleep(0.1)
