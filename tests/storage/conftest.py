"""An archive, a box that is enrolled at it, and people who may look."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from device_config.identity import add_trust, trust_dir
from device_config.settings import ArchiveSettings, Settings
from protocol.note import Ed25519Signer
from storage.archive.app import create_app
from storage.archive.catalogue import Device
from storage.archive.enrolment import enrol_device
from storage.archive.locks import LockDays
from storage.archive.service import Archive
from storage.client import ArchiveClient
from storage.objects import ObjectStore
from tests.storage.records import Builder, make_record
from tests.storage.servers import serve
from tests.support import ceph as ceph_support
from tests.support import postgres as postgres_support
from web.accounts import WEAKEST, Accounts, Role
from web.security import cookie_name

TOKEN = "t" * 43
SIGNER = Ed25519Signer("box.test", bytes(range(32)))
ARCHIVE_SIGNER = Ed25519Signer("archive.test", bytes(range(1, 33)))


@dataclass
class Court:
    """A box and its archive.

    ``settings`` are the box's; records go to ``settings.hearings``.
    """

    root: Path
    accounts: Accounts
    url: str = "http://127.0.0.1:9"
    store: ObjectStore | None = None
    locks: LockDays | None = None
    database: str | None = None
    archive: Archive = field(init=False)
    app: FastAPI = field(init=False)

    def __post_init__(self) -> None:
        self.open()

    def open(self) -> None:
        """Start the archive; also a restart."""
        self.archive = Archive.open(
            self.root / "archive", ARCHIVE_SIGNER, database=self.database, store=self.store, locks=self.locks
        )
        enrol_device(self.archive, SIGNER.key.text, TOKEN)
        self.app = create_app(self.settings, archive=self.archive, accounts=self.accounts)

    @property
    def settings(self) -> Settings:
        archive = ArchiveSettings(url=self.url, token=TOKEN, accept_tokens=True, name="archive.test")
        return Settings(state_dir=self.root / "box", archive=archive, device_name="box.test")

    @property
    def device(self) -> Device:
        return Device(SIGNER.key.name, SIGNER.key.text)

    def record(self, hearing: str = "h1", *, segments: int = 3, drafted: bool = True) -> Builder:
        return make_record(self.settings.hearings / hearing, hearing, SIGNER, segments=segments, drafted=drafted)

    def logged(self, *kinds: str) -> list[dict[str, Any]]:
        """The log's entries of these types."""
        entries = (json.loads(text) for text in self.archive.log.entries())
        return [entry for entry in entries if entry["type"] in kinds]

    def client(self) -> ArchiveClient:
        return ArchiveClient(self.url, TOKEN)

    def browser(self, role: Role = Role.JUDGE) -> httpx2.Client:
        """A person who is signed in."""
        token = self.app.state.sessions.open(self.accounts.get(role.value))
        return httpx2.Client(base_url=self.url, cookies={cookie_name("archive", "http"): token}, trust_env=False)


@pytest.fixture(scope="session")
def ceph() -> Iterator[ceph_support.Ceph]:
    """A real S3 service with Object Lock; a test that uses it carries the marker ``ceph``."""
    if reason := ceph_support.why_not():
        pytest.skip(reason)
    with ceph_support.run_ceph() as service:
        yield service


@pytest.fixture(scope="session")
def postgres() -> Iterator[postgres_support.Postgres]:
    """A real PostgreSQL server; a test that uses it carries the marker ``postgres``."""
    if reason := postgres_support.why_not():
        pytest.skip(reason)
    with postgres_support.run_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of an empty database, of each kind in turn."""
    if request.param == "postgres":
        server: postgres_support.Postgres = request.getfixturevalue("postgres")
        return server.new_database()
    return f"sqlite:///{tmp_path / 'catalogue.sqlite'}"


@contextmanager
def open_court(
    root: Path, store: ObjectStore | None = None, locks: LockDays | None = None, database: str | None = None
) -> Iterator[Court]:
    """A court in a folder; its archive is closed at the end."""
    accounts = Accounts(root / "accounts.sqlite", WEAKEST)
    for role in Role:
        accounts.add(role.value, f"A {role.value}", role, "a long password")
    made = Court(root, accounts, store=store, locks=locks, database=database)
    add_trust(trust_dir(made.settings), ARCHIVE_SIGNER.key)
    try:
        yield made
    finally:
        made.archive.close()


@pytest.fixture
def court(tmp_path: Path) -> Iterator[Court]:
    """The archive without a server."""
    with open_court(tmp_path) as made:
        yield made


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def any_court(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Court]:
    """The archive on a loopback port, with each kind of database in turn."""
    url = request.getfixturevalue("postgres").new_database() if request.param == "postgres" else None
    with open_court(tmp_path, database=url) as made, serve(made.app) as address:
        made.url = address
        yield made


@pytest.fixture
def served(court: Court) -> Iterator[Court]:
    """The archive on a loopback port."""
    with serve(court.app) as url:
        court.url = url
        yield court
