"""Uploader and archive killed with SIGKILL at moments by chance: real processes, forked from one that has everything loaded."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Self

import structlog

from storage.client import ArchiveClient
from storage.objects import ObjectStore
from storage.s3_heads import S3Heads
from storage.s3_store import Bucket, S3Store, connect
from storage.s3_tickets import S3Tickets
from storage.uploader import Uploader
from tests.storage.conftest import SIGNER, Court, open_court
from tests.storage.records import Builder, make_record
from tests.support.upload_faults import check


@dataclass(frozen=True)
class Place:
    """Where a process finds its archive."""

    root: Path
    port: int
    bucket: Bucket | None = None

    def store(self) -> ObjectStore | None:
        """The bucket's, with tickets for it, or None for the folder."""
        if self.bucket is None:
            return None
        tickets = S3Tickets(self.bucket, str(self.bucket.endpoint))
        return S3Store(connect(self.bucket), self.bucket.name, tickets=tickets, heads=S3Heads(self.bucket))


def _quiet() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))


def serve_archive(place: Place) -> None:
    """The archive's process."""
    import uvicorn

    from storage.archive.app import create_app
    from web.accounts import WEAKEST, Accounts

    _quiet()
    accounts = Accounts(place.root / "accounts.sqlite", WEAKEST)
    court = Court(place.root, accounts, url=f"http://127.0.0.1:{place.port}", store=place.store())
    app = create_app(court.settings, archive=court.archive, accounts=accounts)
    uvicorn.run(app, host="127.0.0.1", port=place.port, log_config=None, access_log=False)


def send_all(place: Place) -> None:
    """The uploader's process."""
    from device_config.settings import ArchiveSettings, Settings

    _quiet()
    archive = ArchiveSettings(url=f"http://127.0.0.1:{place.port}", name="archive.test")
    settings = Settings(state_dir=place.root / "box", archive=archive, device_name="box.test")
    uploader = Uploader(settings, ArchiveClient(str(archive.url), SIGNER, patience_s=10.0), now=True)
    uploader.run(threading.Event())


_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.support.upload_kills", "storage.archive.app", "uvicorn"])


def free_port() -> int:
    """A port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


@dataclass
class Killing:
    """An archive and an uploader that are killed and started again.

    Attributes:
        place: where.
        chance: which, and when.
    """

    place: Place
    chance: random.Random
    running: dict[Callable[[Place], None], BaseProcess] = field(default_factory=dict)

    def start(self, what: Callable[[Place], None]) -> None:
        """Start one of the two."""
        made = _FORKS.Process(target=what, args=(self.place,), daemon=True)
        made.start()
        self.running[what] = made

    def kill(self, what: Callable[[Place], None]) -> None:
        """SIGKILL, and wait until it is gone."""
        made = self.running.pop(what)
        assert made.pid is not None
        with suppress(ProcessLookupError):
            os.kill(made.pid, signal.SIGKILL)
        made.join(60)
        made.close()

    def __enter__(self) -> Self:
        self.start(serve_archive)
        self.start(send_all)
        return self

    def __exit__(self, *_: object) -> None:
        for what in list(self.running):
            self.kill(what)

    def once(self) -> None:
        """Kill one of the two at a moment by chance, and start it again."""
        time.sleep(self.chance.uniform(0.02, 0.5))
        what = self.chance.choice((serve_archive, send_all))
        self.kill(what)
        self.start(what)


def kill_through(court: Court, place: Place, kills: int, chance: random.Random, seconds: float = 300.0) -> list[Builder]:
    """Records that are written and sent while archive and uploader are killed again and again; all must have arrived at the end.

    ``court`` is the archive as this process sees it; nothing of it may be used until this returns.
    """
    records: list[Builder] = []
    with Killing(place, chance) as killing:
        for number in range(kills):
            if number % 2 == 0:
                name = f"2026-09-21_kill-{number:03d}"
                made = make_record(court.settings.hearings / name, name, SIGNER, segments=4)
                made.certify()
                records.append(made)
            killing.once()
            assert all(len(list(made.folder.rglob("*.mp4"))) == 8 for made in records), "nothing is deleted here"
        deadline = time.monotonic() + seconds
        while not all((made.folder / "receipt.json").exists() for made in records):
            assert time.monotonic() < deadline, "not everything arrived"
            time.sleep(0.1)
    return records


def killed(place: Place, kills: int, chance: random.Random) -> int:
    """:func:`kill_through` in an empty folder, and everything looked at afterwards; the number of records."""
    with open_court(place.root, place.store()) as court:
        court.url = f"http://127.0.0.1:{place.port}"
        court.archive.close()
        records = kill_through(court, place, kills, chance)
        court.store = place.store()
        court.open()
        for record in records:
            check(court, record.folder, record.hearing)
    return len(records)
