"""Legal holds as they are written down: what was cut off, and what an older program wrote."""

from __future__ import annotations

import hashlib

import pytest

from protocol import canonical
from storage.archive.holds import Holds
from storage.archive.service import Archive
from storage.errors import DatabaseUnavailable
from storage.uploader import upload_record
from tests.storage.conftest import Court


@pytest.fixture
def archive(served: Court) -> Archive:
    upload_record(served.record().folder, served.settings)
    return served.archive


def test_a_hold_that_the_log_did_not_get_is_logged_when_it_is_laid_again(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    holds = Holds(archive)

    def away(*_: object) -> None:
        raise DatabaseUnavailable("away")

    with monkeypatch.context() as cut:
        cut.setattr(archive.log, "add", away)
        with pytest.raises(DatabaseUnavailable):
            holds.lay("h1", "судья", "жалоба")
    for _ in range(2):
        assert holds.lay("h1", "судья", "жалоба").number == 1
    kinds = [canonical.loads(text)["type"] for text in archive.log.entries()]
    assert kinds.count("held") == 1


def test_a_lifting_from_before_holds_had_numbers_lifts_all(archive: Archive) -> None:
    holds = Holds(archive)
    holds.lay("h1", "судья", "жалоба")
    text = canonical.dumps(
        {"at": archive.now(), "by": "судья", "hearing": "h1", "held": False, "reason": "рассмотрена", "salt": ""}
    )
    archive.store.put_once("holds/h1/0002.json", [text], hashlib.sha256(text).digest())
    assert holds.standing("h1") == ()
    assert holds.lay("h1", "судья", "жалоба").number == 3
