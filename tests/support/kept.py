"""A box whose record an archive received years ago, for the tests of retention: real archive on a loopback port, real receipt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from device_config.settings import Settings
from storage.archive.app import create_app
from storage.archive.service import Archive
from storage.client import ArchiveClient
from storage.uploader import upload_record
from tests.storage.conftest import SIGNER, Court
from tests.storage.records import Builder, make_record
from tests.storage.servers import serve

HEARING = "2020-09-13_7512-20-00-2-1_aaaa"
MADE_US = 1_600_000_000_000_000
RECEIVED_US = MADE_US + 3_600_000_000
DAY_US = 86_400_000_000


@dataclass
class Kept:
    """The box: ``record`` lies in ``settings.hearings``; ``objects`` is the archive's folder of it."""

    court: Court
    record: Builder
    objects: Path

    @property
    def settings(self) -> Settings:
        """Of the box."""
        return self.court.settings

    @property
    def receipt(self) -> bytes:
        """As it lies in the record."""
        return (self.record.folder / "receipt.json").read_bytes()

    def send(self) -> None:
        """What is new of the record goes to the archive."""
        with self.court.client() as client:
            upload_record(self.record.folder, self.settings, client)

    def client(self) -> ArchiveClient:
        """Of the archive."""
        return self.court.client()


@contextmanager
def kept_box(court: Court) -> Iterator[Kept]:
    """A drafted and certified record, received in 2020."""
    parts = court.archive
    old = Archive(parts.store, parts.log, parts.catalogue, clock=lambda: RECEIVED_US / 1e6)
    with serve(create_app(court.settings, archive=old, accounts=court.accounts)) as url:
        court.url = url
        record = make_record(court.settings.hearings / HEARING, HEARING, SIGNER, at_us=MADE_US)
        record.certify()
        kept = Kept(court, record, court.root / "archive/objects/records" / HEARING)
        kept.send()
        yield kept
