"""Closed parts at the archive: opened by a judge who says for what, logged before a byte goes out, and nowhere in the clear."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx2
import pytest
from nacl.public import PrivateKey

from device_config.closed_keys import archive_key_path, make_or_read
from protocol import durable
from protocol.closed import encrypt_file, seal_line_data, wrap_key
from protocol.encoding import b64
from protocol.transcript import Transcript
from storage.uploader import upload_record
from tests.storage.conftest import SIGNER, Court
from tests.storage.records import START_US, Builder, sound, transcript, video
from tests.support import canaries
from web.accounts import Role

PURPOSE = "Апелляционная жалоба по делу 7512-26-00-2/1234"
CLOSED_US = START_US + 2_000_000
SAME = {"Sec-Fetch-Site": "same-origin"}


@dataclass
class Kept:
    """A court whose archive has a record with a closed take; the words that were said in it."""

    court: Court
    word: str
    key: bytes

    @property
    def file(self) -> str:
        return "media/T02/mic-bench/0001.mp4.enc"


def closed_record(court: Court, word: str) -> bytes:
    """T01 open, T02 closed with sound, picture, remark and transcript."""
    pair = make_or_read(archive_key_path(court.settings))
    key = secrets.token_bytes(32)
    made = Builder(court.settings.hearings / "h1", "h1", SIGNER)
    made.open()
    made.start()
    for source in ("cam-judge", "mic-bench"):
        made.segment(source, 1, START_US)
    made.line("remark", text="Ашық", at_us=START_US, by="secretary")
    made.line("take_ended", take="T01", end_us=CLOSED_US, reason="publicity")
    recipients = {"archive": bytes(pair.public_key), "escrow": bytes(PrivateKey.generate().public_key)}
    made.line("key", key="K01", take="T02", wrapped=wrap_key(key, recipients))
    made.line("take_started", take="T02", publicity="closed", start_us=CLOSED_US, sources=["cam-judge", "mic-bench"])
    for source, data, media in (("cam-judge", video(2), "video"), ("mic-bench", sound(2), "audio")):
        _closed_segment(made, source, data, media, key)
    remark = {"text": word, "at_us": CLOSED_US, "by": "secretary"}
    made.line("remark", **seal_line_data(remark, key, "K01", line_type="remark", seq=made.writer.size, salt=bytes(16)))
    made.end(CLOSED_US + 2_000_000, "T02")
    made.seal()
    _closed_transcript(made, word, key)
    made.draft()
    return key


def _closed_segment(made: Builder, source: str, data: bytes, media: str, key: bytes) -> None:
    path = f"media/T02/{source}/0001.mp4.enc"
    cipher, stream = encrypt_file(data, key, path)
    durable.write_once(made.folder / path, cipher)
    made.line(
        "segment", path=path, take="T02", source=source, number=1, bytes=len(cipher), sha256=b64(hashlib.sha256(cipher).digest()),
        start_us=CLOSED_US, end_us=CLOSED_US + 2_000_000, media=media, codec="h264" if media == "video" else "flac",
        rate=90_000 if media == "video" else 48_000, units=50 if media == "video" else 96_000, fragments=10, closed="stop", publicity="closed",
        peak_cdb=None, rms_cdb=None, key="K01", plain_bytes=stream.plain_bytes, plain_sha256=stream.plain_sha256,
    )  # fmt: skip


def _closed_transcript(made: Builder, word: str, key: bytes) -> None:
    shown = Transcript.from_json(transcript("h1"))
    words = (replace(shown.passages[0].words[0], text=word, start_us=CLOSED_US, end_us=CLOSED_US + 1_000),)
    said = replace(shown.passages[0], take="T02", start_us=CLOSED_US, end_us=CLOSED_US + 1_000_000, words=words)
    span = replace(shown.takes[0], take="T02", start_us=CLOSED_US, end_us=CLOSED_US + 2_000_000)
    path = "transcript/0002.json.enc"
    cipher, stream = encrypt_file(replace(shown, number=2, publicity="closed", takes=(span,), passages=(said,)).to_json(), key, path)
    durable.write_once(made.folder / path, cipher)
    made.line(
        "revision", kind="transcript", number=2, path=path, bytes=len(cipher), sha256=b64(hashlib.sha256(cipher).digest()), by="test",
        key="K01", plain_bytes=stream.plain_bytes, plain_sha256=stream.plain_sha256,
    )  # fmt: skip


@pytest.fixture
def kept(served: Court) -> Kept:
    word = f"Құпия{secrets.token_hex(6)}"
    key = closed_record(served, word)
    upload_record(served.settings.hearings / "h1", served.settings)
    return Kept(served, word, key)


@pytest.fixture
def judge(kept: Kept) -> Iterator[httpx2.Client]:
    with kept.court.browser() as client:
        yield client


def test_a_judge_says_for_what_and_then_sees_hears_and_reads(kept: Kept, judge: httpx2.Client) -> None:
    address = f"/hearings/h1/closed/{kept.file}"
    shut = judge.get("/hearings/h1/replay.json")
    assert kept.word not in shut.text
    assert [track["segments"][0]["playable"] for track in shut.json()["tracks"]] == [True, True, False, False]
    assert 'name="purpose"' in judge.get("/hearings/h1").text
    before = judge.get(address)
    assert (before.status_code, before.json()["code"]) == (403, "closed-not-opened")
    short = judge.post("/hearings/h1/closed", data={"purpose": " так "}, headers=SAME)
    assert (short.status_code, short.json()["code"]) == (422, "no-purpose")
    assert kept.court.logged("closed_opened") == []
    assert judge.post("/hearings/h1/closed", data={"purpose": PURPOSE}, headers=SAME).status_code == 303
    entry = kept.court.logged("closed_opened")[0]
    assert {"reason_sha256", "user_sha256"} <= entry.keys()
    assert PURPOSE not in str(entry)
    whole = judge.get(address)
    assert (whole.content, whole.headers["cache-control"], whole.headers["content-type"]) == (sound(2), "no-store", "audio/mp4")
    part = judge.get(address, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, sound(2)[10:20])
    assert (judge.head(address).content, judge.head(address).headers["content-length"]) == (b"", str(len(sound(2))))
    assert judge.get("/hearings/h1/closed/media/T01/mic-bench/0001.mp4").status_code == 404
    opened = judge.get("/hearings/h1/replay.json").json()
    assert [remark["text"] for remark in opened["remarks"]] == ["Ашық", kept.word]
    assert [word["text"] for passage in opened["transcript"]["passages"] for word in passage["words"]] == ["суд", "идёт", kept.word]
    playing = opened["tracks"][-1]["segments"][0]
    assert (playing["playable"], playing["bytes"], playing["sha256"]) == (True, len(sound(2)), b64(hashlib.sha256(sound(2)).digest()))
    with kept.court.browser() as another_session:
        assert another_session.get(address).status_code == 403
        assert kept.word not in another_session.get("/hearings/h1/replay.json").text


@pytest.mark.parametrize("role", [Role.SECRETARY, Role.ADMIN])
def test_nobody_else_opens_anything_and_who_tries_is_logged(kept: Kept, role: Role) -> None:
    with kept.court.browser(role) as client:
        for method, address in (("POST", "/hearings/h1/closed"), ("GET", f"/hearings/h1/closed/{kept.file}"), ("HEAD", f"/hearings/h1/closed/{kept.file}"),
                                ("GET", f"/hearings/h1/files/{kept.file}"), ("GET", "/hearings/h1/tracks/T02/mic-bench.m3u8")):  # fmt: skip
            answer = client.request(method, address, headers=SAME, data={"purpose": PURPOSE} if method == "POST" else None)
            assert answer.status_code == 403, (method, address)
        shown = client.get("/hearings/h1/replay.json").json()
        assert {track["take"] for track in shown["tracks"]} == {"T01"}
        assert 'name="purpose"' not in client.get("/hearings/h1").text
    assert kept.court.logged("closed_opened") == []
    assert len(kept.court.logged("refused")) == 1


def test_an_opening_is_of_one_hearing(kept: Kept, judge: httpx2.Client) -> None:
    judge.post("/hearings/h1/closed", data={"purpose": PURPOSE}, headers=SAME)
    assert judge.get(f"/hearings/h9/closed/{kept.file}").status_code in (403, 404)
    assert judge.post("/hearings/h9/closed", data={"purpose": PURPOSE}, headers=SAME).status_code == 404


def test_an_archive_without_its_key_says_so(kept: Kept, judge: httpx2.Client) -> None:
    archive_key_path(kept.court.settings).unlink()
    answer = judge.post("/hearings/h1/closed", data={"purpose": PURPOSE}, headers=SAME)
    assert (answer.status_code, answer.json()["code"]) == (409, "closed-key-missing")
    assert kept.court.logged("closed_opened") == []


def test_nothing_of_it_is_on_the_archives_disk_in_its_databases_or_its_log(kept: Kept, judge: httpx2.Client, capfd: pytest.CaptureFixture[str]) -> None:
    judge.post("/hearings/h1/closed", data={"purpose": PURPOSE}, headers=SAME)
    assert kept.word in judge.get("/hearings/h1/replay.json").text
    judge.get(f"/hearings/h1/closed/{kept.file}")
    judge.get("/hearings/h1/closed/media/T02/cam-judge/0001.mp4.enc")
    assert judge.get("/search.json", params={"q": kept.word}).json()["hits"] == []
    assert judge.get("/search.json", params={"q": "идёт"}).json()["hits"] != []
    in_the_open = video(1) + sound(1)
    spoken = {piece for piece in canaries.of_media(video(2)) | canaries.of_media(sound(2)) if piece not in in_the_open}
    hidden = spoken | canaries.of_text(kept.word) | {kept.key, b64(kept.key).encode()}
    assert len(spoken) > 20
    files = [path for folder in ("archive", "box/hearings") for path in (kept.court.root / folder).rglob("*") if path.is_file()]
    for path in files:
        assert canaries.found_in(path, hidden) == set(), path
    assert any(canaries.found_in(path, canaries.of_media(sound(1))) for path in files)
    assert any(canaries.found_in(path, canaries.of_text("идёт")) for path in files)
    said = "".join(capfd.readouterr())
    assert kept.word not in said
    assert PURPOSE not in said


def test_the_purpose_is_kept_where_the_log_can_be_opened(kept: Kept, judge: httpx2.Client, tmp_path: Path) -> None:
    judge.post("/hearings/h1/closed", data={"purpose": PURPOSE}, headers=SAME)
    judge.post("/hearings/h1/closed", data={"purpose": f"{PURPOSE}, ещё раз"}, headers=SAME)
    assert len(kept.court.logged("closed_opened")) == 2
    assert any(canaries.found_in(path, {PURPOSE.encode()}) for path in (tmp_path / "archive").glob("log.sqlite*"))
