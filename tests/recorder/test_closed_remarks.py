"""Remarks on a part in camera, filed when the keys of its takes are forgotten: encrypted, readable until they are reviewed, then for archive and escrow only."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from nacl.public import PrivateKey

from device_config.settings import ClosedSettings
from protocol.encoding import b64
from protocol.journal import read_journal
from protocol.opening import opened_files
from protocol.record import DirectoryRecord, MemoryRecord
from protocol.redaction import without_closed_parts
from protocol.remarks import BadRemarks, Kind, Remarks, read_remarks
from protocol.verification import Trust, verify
from protocol.view import HearingView
from recorder.closed_remarks import speaks_in_camera
from recorder.vault import Vault
from tests.recorder.test_api import serving
from tests.support.recorder import SIGNER, check, codes, settings
from tests.support.records import HEARING, START_US
from tests.support.signed_record import IN_CAMERA_US, make_with_closed_part

ARCHIVE, ESCROW = PrivateKey(b"\x11" * 32), PrivateKey(b"\x22" * 32)
KEYS = ClosedSettings(archive_key=b64(bytes(ARCHIVE.public_key)), escrow_key=b64(bytes(ESCROW.public_key)))
RECIPIENTS = {"archive": bytes(ARCHIVE.public_key), "escrow": bytes(ESCROW.public_key)}
BASE = f"/v1/hearings/{HEARING}/protocol-remarks"
WORD, REASON = "Құпиясөз-ескерту", "Құпиясөз-уәж"


@dataclass(frozen=True)
class Room:
    """A box with a certified hearing that had a part in camera."""

    http: httpx2.Client
    state: Path

    @property
    def record(self) -> Path:
        return self.state / "hearings" / HEARING

    @property
    def keys(self) -> list[str]:
        """Files of keys that this box has."""
        return sorted(path.name for path in self.state.glob(f"keys/closed/{HEARING}/*"))

    def enter(self, status: int = 201, **body: Any) -> dict[str, Any]:
        now = int(datetime.now(UTC).timestamp() * 1e6)
        answer = self.http.post(
            BASE, json={"by": "secretary", "at_us": now, "person": "Истец И.", "kind": "filed", **body}
        )
        assert answer.status_code == status, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def shown(self) -> list[dict[str, Any]]:
        answer = self.http.get(BASE)
        assert answer.status_code == 200, answer.text
        told: list[dict[str, Any]] = answer.json()
        return told

    def view(self) -> HearingView:
        return HearingView.of(read_journal((self.record / "journal.jsonl").read_bytes())[0])

    def plain(self, *words: str) -> list[str]:
        """Which of the words stand in a file of the box."""
        files = [path.read_bytes() for path in self.state.rglob("*") if path.is_file() and not path.is_socket()]
        return [word for word in words if any(word.encode() in data for data in files)]


@contextmanager
def room(folder: Path, *, wholly: bool = False, keys: ClosedSettings = KEYS) -> Iterator[Room]:
    box = settings(folder, closed=keys)
    if not (box.hearings / HEARING).exists():
        box.hearings.mkdir(parents=True)
        vault = Vault(box.state_dir / "keys" / "closed", RECIPIENTS)
        make_with_closed_part(box.hearings, vault, SIGNER, wholly=wholly)
    with (
        serving(box),
        httpx2.Client(
            transport=httpx2.HTTPTransport(uds=str(box.socket)), base_url="http://recorder", timeout=60
        ) as http,
    ):
        found = Room(http, box.state_dir)
        assert (
            http.post(f"/v1/hearings/{HEARING}/forget-keys").status_code == 200
        )  # it does so by itself, a moment later
        assert "K01.box" not in found.keys
        yield found


def test_what_is_remarked_on_a_closed_part_is_read_until_it_was_reviewed(tmp_path: Path) -> None:
    file = {"name": f"{WORD}.pdf", "data": base64.b64encode(f"%PDF {WORD}".encode()).decode()}
    with room(tmp_path) as box:
        filed = box.enter(text=WORD, moments=[IN_CAMERA_US], attachments=[file])
        assert (filed["in_camera"], box.keys) == (True, ["K02.box", "pair.key"])
    with room(tmp_path) as box:  # the recorder was started again: what waits for its review is still read
        (entry,) = box.shown()
        assert (entry["text"], entry["person"], entry["readable"]) == (WORD, "Истец И.", True)
        assert entry["attachments"][0]["path"] == "remarks/0001-1.pdf.enc"
        opened = box.http.get(f"/v1/hearings/{HEARING}/closed/files/remarks/0001-1.pdf.enc")
        assert opened.content == f"%PDF {WORD}".encode()
        assert box.view().publicity == "closed"  # as the last take left it
        judged: dict[str, Any] = {"kind": "reviewed", "of": entry["path"], "person": "А. Судья", "by": "judge"}
        box.enter(decision="rejected", text=REASON, in_camera=False, **judged)
        assert box.keys == []
        told = [
            (item["kind"], item["person"], item["text"], item["decision"], item["readable"]) for item in box.shown()
        ]
        assert told == [("filed", "Истец И.", "", None, False), ("reviewed", "А. Судья", "", "rejected", False)]
        assert box.http.get(f"/v1/hearings/{HEARING}/closed/files/remarks/0001-1.pdf.enc").status_code == 410
        rows = [row for row in box.http.get("/v1/terms").json()["rows"] if row["kind"] == "review"]
        assert [(row["person"], row["done_us"] is not None) for row in rows] == [("Истец И.", True)]
        assert box.plain(WORD, REASON) == []
        _right(box.record)


def _right(record: Path) -> None:
    """It verifies in full and without its closed parts, and opens for archive and escrow alone."""
    report = check(record)
    assert report.good, codes(report)
    copy = MemoryRecord(without_closed_parts(DirectoryRecord(record)))
    redacted = verify(copy, Trust(frozenset({SIGNER.key})))
    assert (redacted.good, redacted.completeness) == (True, "redacted"), codes(redacted)
    assert [path for path in copy.paths() if path.startswith("remarks/")] == ["remarks/0001.json", "remarks/0002.json"]
    for holder in (ARCHIVE, ESCROW):
        found = dict(opened_files(DirectoryRecord(record), bytes(holder)))
        assert read_remarks(found["remarks/0001-0.json"]).text == WORD
        assert read_remarks(found["remarks/0002-0.json"]).text == REASON
        assert found["remarks/0001-1.pdf"] == f"%PDF {WORD}".encode()


def test_only_what_is_said_to_speak_of_the_open_part_stands_in_the_clear(tmp_path: Path) -> None:
    with room(tmp_path) as box:
        told = box.enter(422, text=WORD, moments=[IN_CAMERA_US], in_camera=False)
        assert told["message"].startswith("moments")
        assert box.enter(text="ашық-ескерту", moments=[START_US + 2_000_000], in_camera=False)["in_camera"] is False
        box.enter(
            kind="reviewed",
            of="remarks/0001.json",
            decision="certified",
            text="ашық-уәж",
            person="А. Судья",
            by="judge",
        )
        assert box.enter(kind="familiarised", text=WORD, person="Бейтаныс Б.")["in_camera"] is True
        assert box.keys == []  # nobody reviews that somebody has read
        assert box.plain(WORD, "Бейтаныс", "ашық-ескерту", "ашық-уәж") == ["ашық-ескерту", "ашық-уәж"]
        cover = box.shown()[-1]
        assert (cover["person"], cover["closed"], cover["readable"]) == ("", "remarks/0003-0.json.enc", False)
        assert check(box.record).good


def test_of_a_hearing_that_was_wholly_in_camera_nobody_is_named(tmp_path: Path) -> None:
    with room(tmp_path, wholly=True) as box:
        assert box.enter(422, text=WORD, in_camera=False)["message"].startswith("in_camera")
        box.enter(text=WORD)
        assert (box.shown()[0]["person"], box.plain(WORD, "Истец")) == ("Истец И.", [])
        old = _in_the_clear()  # of a time when they stood in the clear
        assert speaks_in_camera(None, box.view(), (), old)


def _in_the_clear() -> Remarks:
    return Remarks(HEARING, 1, Kind.FILED, START_US, START_US, "secretary", "Истец И.", "plaintiff", "p", text="ашық")


def test_a_review_follows_what_it_reviews_but_for_times_in_camera(tmp_path: Path) -> None:
    filed = _in_the_clear()
    with room(tmp_path) as box:
        view = box.view()
        assert not speaks_in_camera(None, view, (START_US + 2_000_000,), filed)
        assert speaks_in_camera(None, view, (IN_CAMERA_US,), filed)


def test_without_the_keys_of_archive_and_escrow_such_remarks_are_refused(tmp_path: Path) -> None:
    with room(tmp_path):
        pass
    with room(tmp_path, keys=ClosedSettings()) as box:
        told = box.enter(409, text=WORD)
        assert (told["code"], "hattama keys" in told["advice"]) == ("no-closed-keys", True)
        assert (box.shown(), box.plain(WORD)) == ([], [])


@pytest.mark.parametrize(
    "wrong",
    [
        b'{"closed":"","format":"hattama-remarks/2"}',
        b'{"closed":"remarks/0001-0.json.enc","format":"hattama-remarks/1"}',
        b"{}",
    ],
)
def test_a_cover_of_another_format_is_refused(wrong: bytes) -> None:
    with pytest.raises(BadRemarks):
        read_remarks(wrong)
