"""Time stamps over the box's own seals: a real recorder, a real archive and an authority of openssl's, honest, silent or lying; then checked offline."""

from __future__ import annotations

import asyncio
import hashlib
import json
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from asn1crypto import tsp

from device_config.settings import Settings
from device_config.tsa import TsaSettings
from protocol import timestamps
from protocol.durable import write_once
from protocol.record import DirectoryRecord
from protocol.seal_stamp import LARGEST, path_of, sealing_note
from protocol.verification import Trust, verify
from recorder.daemon import _listening
from recorder.server import Server
from recorder.service import Daemon
from storage.archive.rebuild import rebuild
from storage.archive.records import StoredRecord
from storage.chunks import Tail
from storage.seal_stamps import SealStamps, seal_stamps_of
from storage.uploader import run, upload_record
from tests.hattama.test_timestamp import OPENSSL, Authority, make_authority
from tests.storage.conftest import ARCHIVE_SIGNER, SIGNER, Court
from tests.storage.servers import wait_for
from tests.support.command import Said, hattama
from tests.support.tsa_http import over_http

pytestmark = pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed (Debian: openssl)")
TRUST = ("--trust", SIGNER.key.text, "--trust", ARCHIVE_SIGNER.key.text)


@dataclass
class Tsa:
    """An authority at an address that does as ``how`` says; ``asked`` counts requests."""

    authority: Authority
    how: str = "good"
    asked: int = 0
    url: str = ""
    other: Authority | None = None
    refused: bytes = b""

    def answer(self, request: bytes) -> bytes | None:
        self.asked += 1
        if self.how == "silent":
            return None
        if self.refused and self.refused in request:
            return b""
        if self.how == "another digest":
            return self.authority.answer(timestamps.request(b"another content", _nonce(request)))
        if self.how == "another nonce":
            asked = tsp.TimeStampReq.load(request)
            asked["nonce"] = _nonce(request) ^ 1
            return self.authority.answer(asked.dump(force=True))
        if self.how == "a stranger's certificate":
            assert self.other is not None
            return self.other.answer(request)
        if self.how == "garbage":
            return b"\x30\x03\x02\x01\x00"
        if self.how == "a page":
            return b"<html>sign in to this network</html>"
        if self.how == "too much":
            return bytes(LARGEST + 1)
        return self.authority.answer(request)


def _nonce(request: bytes) -> int:
    return int(tsp.TimeStampReq.load(request)["nonce"].native)


@pytest.fixture
def tsa(tmp_path: Path) -> Iterator[Tsa]:
    made = Tsa(make_authority(tmp_path / "tsa"), other=make_authority(tmp_path / "stranger"))
    with over_http(made.answer) as made.url:
        yield made


@pytest.fixture
def box(served: Court, tsa: Tsa) -> Iterator[Settings]:
    """The settings of a box that has its seals stamped."""
    dated = TsaSettings(url=tsa.url, authorities=tsa.authority.folder / "issuer.pem")
    archive = served.settings.archive.model_copy(update={"tsa": dated})
    with tempfile.TemporaryDirectory(prefix="hattama-") as folder:  # a socket's path has at most 107 bytes
        yield served.settings.model_copy(update={"archive": archive, "run_dir": Path(folder)})


@contextmanager
def recorder(box: Settings) -> Iterator[Daemon]:
    """The recorder of the box over its socket; it has no devices."""
    ready, found = threading.Event(), list[tuple[Daemon, Server]]()

    async def body() -> None:
        daemon = Daemon(box, SIGNER)
        await daemon.start()
        with _listening(box.socket) as listener:
            found.append((daemon, server := Server.of(daemon)))
            ready.set()
            await server.serve(sockets=[listener])
        await daemon.stop()

    thread = threading.Thread(target=lambda: asyncio.run(body()))
    thread.start()
    assert ready.wait(60)
    try:
        yield found[0][0]
    finally:
        found[0][1].leave()
        thread.join(60)


def stamps(box: Settings) -> SealStamps:
    made = seal_stamps_of(box)
    assert made is not None
    return made


def stamped(folder: Path) -> dict[int, str]:
    """Number → path of the tokens that the journal names."""
    tail = Tail(folder)
    tail.read()
    return {item["number"]: str(item["path"]) for item in tail.view.timestamps}


def checked(record: Path, authority: Authority, *more: str) -> Said:
    return hattama("verify", str(record), *TRUST, "--authorities", str(authority.folder / "issuer.pem"), *more)


def test_silent_for_days_restarted_stamped_sent_rebuilt_exported(
    served: Court, box: Settings, tsa: Tsa, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = served.record()
    record.certify()
    before = (record.folder / "checkpoints").read_bytes()
    tsa.how = "silent"
    with recorder(box):
        first = stamps(box)
        assert [first.step(), first.step()] == [False, False]
        assert ("status 503" in first.trouble, stamped(record.folder)) == (True, {})
        first.stop()
        tsa.how = "good"
        second = stamps(box)  # nothing was remembered but the record itself
        assert second.step()
        asked = tsa.asked
        assert stamped(record.folder) == {1: "timestamps/0001.tst", 2: "timestamps/0002.tst"}
        assert second.step()
        third = stamps(box)
        assert third.step()
        assert tsa.asked == asked, "what is stamped is not asked for again, also after a restart"
        for one in (second, third):
            one.stop()
        upload_record(record.folder, box)
    assert (record.folder / "checkpoints").read_bytes().startswith(before), "nothing that was signed was written anew"
    assert StoredRecord(served.archive.store, "h1").read(path_of(1)) == (record.folder / path_of(1)).read_bytes()

    good = checked(record.folder, tsa.authority)
    assert good.status == 0, good
    assert "seal 1: time stamped at " in good.out
    assert "seal 2: time stamped at " in good.out
    told = json.loads(checked(record.folder, tsa.authority, "--json").out)["timestamps"]
    assert [(item["seal_number"], item["over"], item["problem"]) for item in told] == [(1, "seal", ""), (2, "seal", "")]
    assert checked(served.root / "archive" / "objects" / "records" / "h1", tsa.authority).status == 0, (
        "as the archive has it"
    )
    assert tsa.other is not None
    assert checked(record.folder, tsa.other).status == 65

    assert rebuild(served.archive) == 1
    assert path_of(2) in served.archive.catalogue.stored("h1")
    monkeypatch.setenv("HATTAMA_STATE_DIR", str(box.state_dir))
    copied = hattama("export", str(record.folder), str(served.root / "stick"))
    assert (served.root / "stick" / "h1" / path_of(2)).is_file(), copied
    assert checked(served.root / "stick" / "h1", tsa.authority).status == 0


LIES = {
    "another digest": "for another content",
    "another nonce": "another nonce than was asked with",
    "a stranger's certificate": "no authority of the list",
    "garbage": "not an answer of an authority",
    "a page": "not an answer of an authority",
    "too much": "the answer is longer than",
}


def test_whatever_an_authority_says_nothing_false_is_kept(served: Court, box: Settings, tsa: Tsa) -> None:
    record = served.record(drafted=False)
    whole = {path: path.read_bytes() for path in record.folder.rglob("*") if path.is_file()}
    with recorder(box):
        asking = stamps(box)
        for lie, found in LIES.items():
            tsa.how = lie
            assert not asking.step(), lie
            assert found in asking.trouble, lie
            assert {path: path.read_bytes() for path in record.folder.rglob("*") if path.is_file()} == whole, lie
        tsa.how = "good"
        assert asking.step()
        asking.stop()
    assert stamped(record.folder) == {1: path_of(1)}
    assert checked(record.folder, tsa.authority).status == 0


def test_an_authority_that_never_answers(served: Court, box: Settings) -> None:
    """A connection that is taken and then silent is given up."""
    import socket

    from storage.errors import AuthoritySilent
    from storage.tsa_client import ask

    assert served.record().folder.is_dir()
    with socket.create_server(("127.0.0.1", 0)) as deaf, pytest.raises(AuthoritySilent):
        ask(f"http://127.0.0.1:{deaf.getsockname()[1]}/", b"", seconds=0.2)
    assert box.archive.tsa.url is not None


def test_one_seal_that_is_refused_holds_up_no_other(served: Court, box: Settings, tsa: Tsa) -> None:
    first, second = served.record("h1", drafted=False), served.record("h2", drafted=False)
    notes = (first.folder / "checkpoints").read_bytes()
    seal = sealing_note(notes, first.writer.size - 1)
    assert seal is not None
    tsa.refused = hashlib.sha256(seal).digest()
    with recorder(box):
        asking = stamps(box)
        assert not asking.step()
        assert not asking.step()
        asking.stop()
    assert (stamped(first.folder), stamped(second.folder)) == ({}, {1: path_of(1)})


def test_without_a_recorder_nobody_is_asked(served: Court, box: Settings, tsa: Tsa) -> None:
    record = served.record(drafted=False)
    asking = stamps(box)
    assert not asking.step()
    assert ("no recorder runs" in asking.trouble, tsa.asked) == (True, 0)
    with recorder(box):
        assert asking.step()
    asking.stop()
    assert (stamped(record.folder), tsa.asked) == ({1: path_of(1)}, 1)


def test_what_the_recorder_keeps(served: Court, box: Settings, tsa: Tsa) -> None:
    """Only a token over the very seal; the first; what a crash left without its line is made anew."""
    record = served.record()
    record.certify()
    notes = (record.folder / "checkpoints").read_bytes()
    tail = Tail(record.folder)
    tail.read()
    tokens = []
    for number, seal in enumerate(tail.view.manifests, 1):
        note = sealing_note(notes, seal.seq) or b""
        tokens.append(timestamps.token_of(tsa.authority.answer(timestamps.request(note, number)), note, number))
    write_once(record.folder / path_of(1), b"left by a crash")
    transport = httpx2.HTTPTransport(uds=str(box.socket))
    with (
        recorder(box),
        httpx2.Client(
            transport=transport, base_url="http://recorder/v1/hearings/", trust_env=False, timeout=60
        ) as http,
    ):
        for number, token in (
            (1, tokens[1]),
            (2, tokens[0]),
            (3, tokens[0]),
            (1, b""),
            (1, b"no token"),
            (1, bytes(LARGEST + 1)),
        ):
            said = http.post(f"h1/timestamps/{number}", content=token)
            assert (said.status_code, said.json()["code"]) == (422, "bad-request"), said.text
        assert http.post("h9/timestamps/1", content=tokens[0]).status_code == 404
        assert stamped(record.folder) == {}
        assert http.post("h1/timestamps/1", content=tokens[0]).json()["new"] is True
        assert http.post("h1/timestamps/1", content=tokens[1]).json()["new"] is False
    assert (record.folder / path_of(1)).read_bytes() == tokens[0]
    assert verify(DirectoryRecord(record.folder), Trust.of(SIGNER.key)).good


def test_the_uploader_asks_by_itself(served: Court, box: Settings, tsa: Tsa) -> None:
    """Beside the upload; the token follows the record to the archive."""
    record, stop = served.record(), threading.Event()
    with recorder(box):
        thread = threading.Thread(target=lambda: run(box, stop=stop))
        thread.start()
        try:
            wait_for(lambda: served.archive.store.exists(f"records/h1/{path_of(2)}"))
        finally:
            stop.set()
            thread.join(60)
    assert served.archive.verify("h1").good
    assert checked(record.folder, tsa.authority).status == 0


def test_one_record_that_is_sent_is_stamped_on_the_way(served: Court, box: Settings, tsa: Tsa) -> None:
    """And a silent authority holds up neither record nor receipt."""
    record = served.record()
    tsa.how = "silent"
    with recorder(box):
        upload_record(record.folder, box)
        assert (tsa.asked, stamped(record.folder)) == (1, {})
        tsa.how = "good"
        upload_record(record.folder, box)
    assert set(stamped(record.folder)) == {1, 2}
    assert served.archive.store.exists(f"records/h1/{path_of(2)}")
    assert served.archive.verify("h1").good
    assert checked(record.folder, tsa.authority).status == 0


def test_a_list_of_authorities_that_cannot_be_read_stops_no_upload(box: Settings, tmp_path: Path) -> None:
    broken = TsaSettings(url=box.archive.tsa.url, authorities=tmp_path / "none.pem")
    archive = box.archive.model_copy(update={"tsa": broken})
    assert seal_stamps_of(box.model_copy(update={"archive": archive})) is None
    (box.state_dir / "stamps.sqlite").write_bytes(b"no database" * 100)
    assert seal_stamps_of(box) is None
