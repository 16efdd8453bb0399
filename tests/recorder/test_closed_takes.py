"""A part in camera from beginning to end: encrypted from the first write, closed after a kill, forgotten at certification.

What is searched is the raw image of the disk, blocks that were freed included.
"""

from __future__ import annotations

import base64
import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from nacl.public import PrivateKey

from bench import loss_disk
from device_config.settings import ClosedSettings, Settings, SourceSettings, SpeechSettings
from protocol.closed import key_id
from protocol.encoding import b64
from protocol.journal import Entry, Line, read_journal
from protocol.opening import encrypted_files, opened_entries, plain_file, take_keys
from protocol.record import DirectoryRecord, MemoryRecord
from protocol.redaction import redact
from protocol.transcript import Model, Passage, Word
from protocol.verification import Trust, verify
from protocol.view import HearingView
from recorder.client import RecorderClient, Refused
from tests.support import canaries
from tests.support.recorder import CASE, SIGNER, Box, check, codes, settings, wait_for
from tests.support.signed_record import certify
from transcription.activity import LevelDetector
from transcription.client import SocketClient
from transcription.closed_takes import InMemory, OpenedRecord, of_take
from transcription.pipeline import transcribe

ARCHIVE, ESCROW = PrivateKey(b"\x11" * 32), PrivateKey(b"\x22" * 32)
KEYS = ClosedSettings(archive_key=b64(bytes(ARCHIVE.public_key)), escrow_key=b64(bytes(ESCROW.public_key)))
IMAGE_BYTES = 48 << 20
SECONDS = 240.0


@dataclass
class Room:
    """A box on a disk of its own, and what its disk looked like at some moments."""

    disk: loss_disk.Disk
    box: Box
    images: dict[str, Path] = field(default_factory=dict)
    folder: Path = Path()

    @property
    def record(self) -> Path:
        """The one record."""
        return next((self.box.settings.hearings).iterdir())

    def snapshot(self, name: str) -> None:
        """Keep the disk as it is now."""
        canaries.flush(self.disk.folder)
        image = self.folder / f"{name}.image"
        if self.disk.kind == loss_disk.PLAIN:  # no freed blocks then, but every file
            with image.open("wb") as out:
                for path in sorted(
                    path for path in self.disk.folder.rglob("*") if path.is_file() and not path.is_socket()
                ):
                    try:
                        out.write(path.read_bytes())
                    except FileNotFoundError:  # a temporary file
                        continue
        else:
            shutil.copyfile(self.folder / "disk" / "image", image)
        self.images[name] = image

    def view(self, *, opened: bool = False) -> tuple[list[Entry], HearingView]:
        """The journal on the disk."""
        entries, _ = read_journal((self.record / "journal.jsonl").read_bytes())
        entries = opened_entries(entries, bytes(ARCHIVE)) if opened else entries
        return entries, HearingView.of(entries)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    (tmp_path / "disk").mkdir()
    disk = (
        loss_disk.Disk(tmp_path / "disk")
        if loss_disk.why_not()
        else loss_disk.LoopDisk(tmp_path / "disk", "ext4", IMAGE_BYTES)
    )
    sources = (
        SourceSettings(name="mic-bench", kind="file", media="audio", path=tmp_path / "room.wav", loop=True),
        SourceSettings(name="cam-judge", kind="file", media="video", path=tmp_path / "room.mp4", loop=True),
    )
    _play(tmp_path, 1)
    box = settings(disk.folder, *sources, segment_s=3.0, closed=KEYS)
    found = Room(disk, Box(box, disk.folder / "recorder.log"), folder=tmp_path)
    try:
        yield found
    finally:
        if found.box.process is not None and found.box.process.poll() is None:
            found.box.kill_all()
        disk.close()


def _play(folder: Path, seed: int) -> None:
    """What is said and seen in the room from the next opening of the devices on; never the same again."""
    canaries.write_noise(folder / "room.wav", SECONDS, seed)
    canaries.write_pictures(folder / "room.mp4", SECONDS / 2, seed)


def ready(client: RecorderClient) -> bool:
    sources = client.status().sources
    return bool(sources) and all(item.state == "ready" for item in sources)


def recorded(client: RecorderClient, seconds: float) -> None:
    """So much of the running take is on the disk."""
    start = wait_for(lambda: client.status().since_us) or 0
    wait_for(lambda: all((item.last_us or 0) - start >= seconds * 1e6 for item in client.status().sources))


def mark(client: RecorderClient, hearing: str, code: str) -> None:
    client.stage(hearing, code, "secretary")


@pytest.mark.timeout(600)
def test_nothing_of_a_closed_take_is_ever_on_the_disk_in_the_clear(room: Room) -> None:
    typed, typed_open = (f"{word}{secrets.token_hex(6)}" for word in ("Құпиясөз", "Ашықсөз"))
    box = room.box
    box.start()
    with box.client() as client:
        hearing = client.plan(CASE)
        wait_for(lambda: ready(client))
        client.start(hearing, "secretary")
        recorded(client, 2)
        client.remark(hearing, typed_open, "secretary")
        mark(client, hearing, "CLOSED_START")
        assert client.status().publicity == "closed"
        assert client.status().recording
        recorded(client, 4)
        client.remark(hearing, typed, "secretary")
        assert client.hearing(hearing)["remarks"][-1]["text"] == typed  # whoever is in the room reads it
        assert client.picture("cam-judge")[:3] == b"\xff\xd8\xff"
        assert all(path.read_bytes()[:8] == b"HTMENC01" for path in (box.settings.runtime / "pictures").glob("*.key"))
        room.snapshot("recording")
        box.kill_all()
    room.snapshot("killed")
    _play(room.folder, 2)
    box.start()
    with box.client() as client:
        assert client.status().publicity == "closed"  # nobody opened it
        recorded(client, 2)
        client.remark(hearing, f"{typed}2", "secretary")
        room.snapshot("recovered")
        mark(client, hearing, "CLOSED_END")
        assert client.status().publicity == "open"
        recorded(client, 2)
        client.stop(hearing, "secretary")
        _transcribed(room, client, hearing, typed)
        client.draft(hearing)
        room.snapshot("finished")
    _right_record(room, typed)
    vault = {path.name: path.read_bytes() for path in (box.settings.state_dir / "keys" / "closed" / hearing).iterdir()}
    assert set(vault) == {"K01.box", "K02.box", "pair.key"}
    _certified(room, hearing)
    vault |= _remarked(room, hearing, f"{typed}3")
    _no_canary(room, typed, typed_open, vault)


def _transcribed(room: Room, client: RecorderClient, hearing: str, typed: str) -> None:
    """The full pass of a closed take reads its sound through the recorder; what it writes is encrypted, and can be corrected."""
    view = room.view()[1]
    with SocketClient(room.box.settings.socket) as transcriber:
        assert [(item.take, item.opens, item.transcript) for item in transcriber.closed_takes(hearing)] == [("T02", True, None), ("T03", True, None)]
        record = OpenedRecord(DirectoryRecord(room.record), hearing, transcriber.closed_file)
        made = transcribe(of_take(view, "T02"), record, SpeechSettings(), detector=LevelDetector(), publicity="closed", memory=InMemory())
        assert [item.take for item in made.takes] == ["T02"]
        assert not [item for item in made.passages if item.reason in ("closed", "unreadable")]
        word = Word(typed, made.takes[0].start_us, made.takes[0].end_us, 900, 0)
        said = Passage("speech", "T02", "mic-bench", word.start_us, word.end_us, language="kk", words=(word,))
        transcriber.post_transcript(replace(made, passages=(said,), models=(Model("fake", "fake", "1", "A" * 43 + "="),)))
        assert transcriber.closed_takes(hearing)[0].transcript == "transcript/0001.json.enc"
    assert typed in client._send("GET", f"/v1/hearings/{hearing}/transcripts/1").text
    assert (room.record / "transcript" / "0001.json.enc").read_bytes()[:8] == b"HTMENC01"


def _right_record(room: Room, typed: str) -> None:
    """It verifies without keys, in full and redacted, and opens with the archive's and the escrow's."""
    report = check(room.record)
    assert report.good, codes(report)
    entries, view = room.view()
    assert [take.publicity for take in view.takes.values()] == ["open", "closed", "closed", "open"]
    assert [take.reason for take in view.takes.values()] == ["publicity", "interrupted", "publicity", "finish"]
    assert (view.sealed, len(view.remarks)) == (2, 1)
    assert {s.path.endswith(".enc") for s in view.segments if view.takes[s.take].publicity == "closed"} == {True}
    assert {s.path.endswith(".enc") for s in view.segments if view.takes[s.take].publicity == "open"} == {False}
    assert any(s.closed == "recovered" and s.key for s in view.segments)
    assert {item["key_id"] for key in view.keys.values() for item in key.wrapped} == {
        key_id(bytes(pair.public_key)) for pair in (ARCHIVE, ESCROW)
    }
    assert "readback-differs" not in {item.code for item in view.findings}
    assert [remark.text for remark in room.view(opened=True)[1].remarks[1:]] == [typed, f"{typed}2"]
    keys = take_keys(view, bytes(ESCROW))
    for path in encrypted_files(view):
        assert plain_file(DirectoryRecord(room.record), view, path, keys)
    hidden = [entry.seq for entry in entries if isinstance(entry, Line) and "sealed" in entry.data]
    copy = MemoryRecord(redact(DirectoryRecord(room.record), lines=hidden, paths=list(encrypted_files(view))))
    redacted = verify(copy, Trust(frozenset({SIGNER.key})))
    assert (redacted.good, redacted.completeness, redacted.integrity) == (True, "redacted", "intact"), codes(redacted)


def _certified(room: Room, hearing: str) -> None:
    """Its keys are forgotten; here by a box that finds it certified when it starts."""
    with room.box.client() as client, pytest.raises(Refused) as refused:
        client._send("POST", f"/v1/hearings/{hearing}/forget-keys")
    assert refused.value.code == "illegal-move"
    room.box.stop()
    certify(room.record, SIGNER)
    room.box.start()
    vault = room.box.settings.state_dir / "keys" / "closed" / hearing
    wait_for(lambda: not vault.exists())
    with room.box.client() as client:
        assert client._get(f"/v1/hearings/{hearing}/closed")["takes"][0]["opens"] is False
        assert len(client.hearing(hearing)["remarks"]) == 1
    room.snapshot("certified")


def _remarked(room: Room, hearing: str, typed: str) -> dict[str, bytes]:
    """Remarks on the closed part are filed and reviewed after that; the keys that the box had meanwhile."""
    vault, at = room.box.settings.state_dir / "keys" / "closed" / hearing, f"/v1/hearings/{hearing}/protocol-remarks"
    said = {"by": "secretary", "person": typed, "at_us": time.time_ns() // 1000, "text": typed, "kind": "filed"}
    file = {"name": f"{typed}.txt", "data": base64.b64encode(typed.encode()).decode()}
    with room.box.client() as client:
        path = client._send("POST", at, json={**said, "attachments": [file]}).json()["path"]
        keys = {item.name: item.read_bytes() for item in vault.iterdir()}
        assert set(keys) == {"K03.box", "pair.key"}
        assert client._get(at)[0]["text"] == typed  # who reviews it, reads it
        room.snapshot("remarked")
        client._send("POST", at, json={**said, "kind": "reviewed", "of": path, "decision": "rejected"})
        assert not vault.exists()
        assert [item["readable"] for item in client._get(at)] == [False, False]
    room.box.stop()
    assert check(room.record).good, codes(check(room.record))
    room.snapshot("reviewed")
    return {f"{name} of remarks": data for name, data in keys.items()}


def _no_canary(room: Room, typed: str, typed_open: str, vault: dict[str, bytes]) -> None:
    """No image has a word, a sample, a picture or a key; the search finds what was said in the open."""
    _, view = room.view()
    keys, record = take_keys(view, bytes(ARCHIVE)), DirectoryRecord(room.record)
    closed = (
        canaries.of_text(typed)
        | canaries.of_text(f"{typed}2")
        | canaries.of_text(f"{typed}3")
        | set(keys.values())
        | {b64(key).encode() for key in keys.values()}
    )
    in_the_open = canaries.of_text(typed_open)
    for segment in view.segments:
        if segment.key is None:
            in_the_open |= canaries.of_media(record.read(segment.path))
        else:
            closed |= canaries.of_media(plain_file(record, view, segment.path, keys))
    closed -= in_the_open
    assert len(closed) > 100
    for name, image in room.images.items():
        assert canaries.found_in(image, closed) == set(), name
    last = room.images["reviewed"]
    found = canaries.found_in(last, in_the_open)
    assert len(found) > len(in_the_open) // 3
    assert typed_open.encode() in found
    secrets_of_box = set(vault.values())
    assert secrets_of_box == canaries.found_in(room.images["finished"], secrets_of_box) | canaries.found_in(room.images["remarked"], secrets_of_box)
    assert not canaries.found_in(room.images["certified"], canaries.found_in(room.images["finished"], secrets_of_box))
    assert canaries.found_in(last, secrets_of_box) == set()


@pytest.mark.timeout(300)
def test_a_hearing_closed_from_its_beginning_shows_neither_title_nor_names(room: Room) -> None:
    from protocol.hearing import Participant

    box = room.box
    box.start()
    title, name = f"Құпия{secrets.token_hex(6)}", f"Тұлға{secrets.token_hex(6)}"
    with box.client() as client:
        hearing = client.plan(replace(CASE, publicity="closed", title=title), [Participant("p1", "plaintiff", name)])
        wait_for(lambda: ready(client))
        client.start(hearing, "secretary")
        recorded(client, 1)
        client.pause(hearing, "secretary")
        client.resume(hearing, "secretary")
        assert client.status().publicity == "closed"  # a pause opens nothing
        with pytest.raises(Refused, match="in camera already"):
            mark(client, hearing, "CLOSED_START")
        client.stop(hearing, "secretary")
        seen = client.hearing(hearing)
        assert (seen["case"]["title"], seen["participants"][0]["name"]) == (title, name)
    room.snapshot("finished")
    assert check(room.record).good, codes(check(room.record))
    _, view = room.view()
    assert (view.case.publicity, view.case.title, view.participants, view.publicity) == ("closed", "", {}, "closed")
    assert [take.publicity for take in view.takes.values()] == ["closed", "closed"]
    assert canaries.found_in(room.images["finished"], canaries.of_text(title) | canaries.of_text(name)) == set()


def test_without_keys_in_the_settings_nothing_is_closed_and_the_hearing_goes_on(room: Room) -> None:
    room.box.settings = Settings.model_validate({**room.box.settings.model_dump(), "closed": {}})
    room.box.start()
    with room.box.client() as client:
        hearing = client.plan(CASE)
        wait_for(lambda: ready(client))
        client.start(hearing, "secretary")
        with pytest.raises(Refused) as refused:
            mark(client, hearing, "CLOSED_START")
        assert refused.value.code == "no-closed-keys"
        assert "hattama keys" in refused.value.advice
        assert client.status().publicity == "open"
        assert client.status().recording
        client.stop(hearing, "secretary")
    assert len(room.view()[1].takes) == 1
