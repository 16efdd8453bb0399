"""What the judge's page gets: description, files by ranges, playlists; to whom, and with what trace."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import httpx2
import pytest

from protocol.hearing import Take
from storage.archive import hls
from storage.archive.hls import Part
from storage.errors import BadContainer
from storage.sender import Sender
from storage.uploader import upload_record
from tests.storage.conftest import SIGNER, Court
from tests.storage.records import SOURCES, START_US, Builder, sound, video
from web.accounts import Role

FILE = "/hearings/h1/files/media/T01/mic-bench/0001.mp4"


@pytest.fixture
def sent(served: Court) -> Court:
    upload_record(served.record().folder, served.settings)
    return served


@pytest.fixture
def judge(sent: Court) -> Iterator[httpx2.Client]:
    with sent.browser() as client:
        yield client


def test_the_description_of_a_hearing(sent: Court, judge: httpx2.Client) -> None:
    value = judge.get("/hearings/h1/replay.json").json()
    assert value["case"]["number"] == "7512-26-00-2/1234"
    assert [(take["id"], take["start_us"], take["end_us"]) for take in value["takes"]] == [
        ("T01", START_US, START_US + 6_000_000)
    ]
    assert [(track["source"], track["media"], track["label"]) for track in value["tracks"]] == [
        ("cam-judge", "video", "Judge's camera"), ("mic-bench", "audio", "Bench"),
    ]  # fmt: skip
    segments = value["tracks"][1]["segments"]
    assert [(item["start_us"] - START_US, item["bytes"]) for item in segments] == [
        (number * 2_000_000, len(sound(number + 1))) for number in range(3)
    ]
    assert value["tracks"][1]["participant"]["name"] == "Истец Әлия"
    assert [stage["code"] for stage in value["stages"]] == ["opening"]
    assert [remark["text"] for remark in value["remarks"]] == ["Замечание"]
    assert [word["text"] for word in value["transcript"]["passages"][0]["words"]] == ["суд", "идёт"]
    assert [document["path"] for document in value["documents"]] == ["protocol/brief-0001.ru.pdf"]
    assert value["verification"]["good"]
    assert {value["verification"][key]["verdict"] for key in ("integrity", "completeness", "provenance")} == {
        "intact", "complete", "trusted",
    }  # fmt: skip
    assert value["receipt"]["seal_number"] == 2


@pytest.mark.parametrize(
    ("header", "status", "span"),
    [
        (None, 200, (0, None)),
        ("bytes=0-99", 206, (0, 100)),
        ("bytes=100-", 206, (100, None)),
        ("bytes=-50", 206, (-50, None)),
        ("bytes=0-1,3-4", 416, None),
        ("bytes=99999999-", 416, None),
        ("bytes=x", 400, None),
        ("bytes=" + "0-0," * 1000, 400, None),
    ],
)
def test_files_by_ranges(
    judge: httpx2.Client, header: str | None, status: int, span: tuple[int, int | None] | None
) -> None:
    answer = judge.get(FILE, headers={} if header is None else {"Range": header})
    assert answer.status_code == status
    whole = sound(1)
    if span is None:
        assert "content-range" not in answer.headers or answer.headers["content-range"] == f"bytes */{len(whole)}"
        return
    assert answer.content == whole[span[0] : span[1]]
    assert answer.headers["content-type"] == "audio/mp4"
    assert answer.headers["accept-ranges"] == "bytes"
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.headers["x-content-type-options"] == "nosniff"
    if status == 206:
        start = span[0] % len(whole)
        assert answer.headers["content-range"] == f"bytes {start}-{start + len(answer.content) - 1}/{len(whole)}"


def test_head_and_if_range(judge: httpx2.Client) -> None:
    head = judge.head(FILE)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(sound(1))))
    same = judge.get(FILE, headers={"Range": "bytes=0-9", "If-Range": head.headers["etag"]})
    assert same.status_code == 206
    other = judge.get(FILE, headers={"Range": "bytes=0-9", "If-Range": '"other"'})
    assert (other.status_code, len(other.content)) == (200, len(sound(1)))


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("media/T01/cam-judge/0001.mp4", "video/mp4"),
        ("transcript/0001.json", "application/json"),
        ("protocol/brief-0001.ru.pdf", "application/pdf"),
        ("journal.chunks/000001", "application/jsonl; charset=utf-8"),
        ("checkpoints.chunks/000001", "text/plain; charset=utf-8"),
        ("receipt.json", "application/json"),
    ],
)
def test_content_types(judge: httpx2.Client, path: str, kind: str) -> None:
    answer = judge.get(f"/hearings/h1/files/{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, kind)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/hearings/h1/files/media/T01/none/0001.mp4", 404),
        ("/hearings/h1/files/..%2f..%2flog.sqlite", 400),
        ("/hearings/h1/files/media", 404),
        ("/hearings/none/files/receipt.json", 404),
        ("/hearings/none/replay.json", 404),
        ("/hearings/..%2fh1/replay.json", 404),
        ("/hearings/UPPER/replay.json", 400),
        ("/hearings/h1/tracks/T01/none.m3u8", 404),
        ("/hearings/h1/tracks/T99/mic-bench.m3u8", 404),
        ("/hearings/h1/tracks/x/mic-bench.m3u8", 400),
    ],
)
def test_what_is_not_there(judge: httpx2.Client, path: str, status: int) -> None:
    assert judge.get(path).status_code == status


ROUTES = ("/hearings/h1/replay.json", FILE, "/hearings/h1/tracks/T01/mic-bench.m3u8")


@pytest.mark.parametrize("path", ROUTES)
def test_nobody_sees_anything_without_signing_in(sent: Court, path: str) -> None:
    with httpx2.Client(base_url=sent.url, trust_env=False) as stranger:
        answer = stranger.get(path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in")
        token = {"Authorization": "Bearer " + "t" * 43}
        assert stranger.get(path, headers=token).status_code == 303  # a box's token opens no hearing
    assert not sent.logged("viewed")


def test_a_look_is_logged_once_for_each_session(sent: Court) -> None:
    for _ in range(2):
        with sent.browser() as client:
            for path in (*ROUTES, *ROUTES):
                assert client.get(path).status_code == 200
    looks = sent.logged("viewed")
    assert len(looks) == 2
    assert {key for look in looks for key in look} == {"at", "subject", "type", "user_sha256"}
    assert looks[0]["user_sha256"] != looks[1]["user_sha256"], "the same person, and nobody sees it"
    known = [sent.archive.log.opening(number) for number in range(sent.archive.log.size)]
    assert [item["user"] for item in known if item] == ["judge", "judge"]
    assert all(sent.archive.log.hearing_of(look["subject"]) == "h1" for look in looks)
    assert not any(b'"h1"' in text or b"judge" in text for text in sent.archive.log.entries())


def test_verifying_again_finds_what_was_changed_since(sent: Court, judge: httpx2.Client) -> None:
    headers = {"Sec-Fetch-Site": "same-origin"}
    assert judge.post("/hearings/h1/verify", headers=headers).json()["good"]
    path = sent.root / "archive/objects/records/h1/media/T01/cam-judge/0003.mp4"
    path.write_bytes(path.read_bytes()[:-1])
    report = judge.post("/hearings/h1/verify", headers=headers).json()
    assert [(item["code"], item["subject"]) for item in report["integrity"]["findings"]] == [
        ("file-size", "media/T01/cam-judge/0003.mp4")
    ]
    assert not judge.get("/hearings/h1/replay.json").json()["verification"]["good"]
    assert judge.post("/hearings/h1/verify").status_code == 403  # from another site


def test_closed_takes_are_for_judges(served: Court) -> None:
    record = Builder(served.settings.hearings / "h1", "h1", SIGNER)
    record.open(publicity="closed")
    record.start(publicity="closed")
    for source in SOURCES:
        record.segment(source, 1, START_US, publicity="closed")
    record.end(START_US + 2_000_000)
    record.seal()
    with served.client() as client:
        Sender(record.folder, client).step()
        for source in SOURCES:  # by hand: a box never sends a closed take's files in the clear
            path = f"media/T01/{source}/0001.mp4"
            data = (record.folder / path).read_bytes()
            client.put("h1", path, record.folder / path, (0, len(data)), hashlib.sha256(data).digest())
    upload_record(record.folder, served.settings)
    for role, status, tracks in ((Role.JUDGE, 200, 2), (Role.SECRETARY, 403, 0), (Role.ADMIN, 403, 0)):
        with served.browser(role) as client:
            assert client.get(FILE).status_code == status
            assert client.get(FILE, headers={"Range": "bytes=0-1"}).status_code == (206 if status == 200 else 403)
            assert client.head(FILE).status_code == status
            assert client.get("/hearings/h1/tracks/T01/mic-bench.m3u8").status_code == status
            assert len(client.get("/hearings/h1/replay.json").json()["tracks"]) == tracks


def test_media_of_a_closed_take_is_closed_before_the_journal_names_the_file(served: Court) -> None:
    """A file may come before its journal line does."""
    record = Builder(served.settings.hearings / "h1", "h1", SIGNER)
    record.open(publicity="closed")
    record.start(publicity="closed")
    data = b"words said in camera"
    (record.folder / "early").write_bytes(data)
    early = ["media/T01/cam-judge/0009.mp4", "media/T02/cam-judge/0001.mp4"]
    with served.client() as client:
        Sender(record.folder, client).step()
        for path in early:
            client.put("h1", path, record.folder / "early", (0, len(data)), hashlib.sha256(data).digest())
    for role, status in ((Role.JUDGE, 200), (Role.SECRETARY, 403), (Role.ADMIN, 403)):
        with served.browser(role) as browser:
            assert [browser.get(f"/hearings/h1/files/{path}").status_code for path in early] == [status, status]


def test_a_playlist_names_every_segment_with_its_own_header(judge: httpx2.Client) -> None:
    answer = judge.get("/hearings/h1/tracks/T01/mic-bench.m3u8")
    assert answer.headers["content-type"] == "application/vnd.apple.mpegurl"
    init = hls.init_length(sound(1))
    assert answer.text.splitlines()[:11] == [
        "#EXTM3U", "#EXT-X-VERSION:8", "#EXT-X-TARGETDURATION:2", "#EXT-X-MEDIA-SEQUENCE:0", "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-DISCONTINUITY",
        f'#EXT-X-MAP:URI="../../files/media/T01/mic-bench/0001.mp4",BYTERANGE="{init}@0"',
        "#EXT-X-PROGRAM-DATE-TIME:2026-09-21T14:13:20.000Z",
        "#EXTINF:2.000000,",
        f"#EXT-X-BYTERANGE:{len(sound(1)) - init}@{init}",
        "../../files/media/T01/mic-bench/0001.mp4",
    ]  # fmt: skip
    assert answer.text.count("#EXTINF") == 3
    assert answer.text.endswith("#EXT-X-ENDLIST\n")


def _lengths(text: str) -> list[tuple[bool, float]]:
    lines = text.splitlines()
    return [
        ("#EXT-X-GAP" in lines[at - 1], float(line[8:-1]))
        for at, line in enumerate(lines)
        if line.startswith("#EXTINF")
    ]


def test_time_in_a_playlist_is_time_in_the_room() -> None:
    take = Take("T01", "open", 0, ("a",), 9_000_000)
    times = [(100_000, 2_100_000), (2_110_000, 4_100_000), (6_000_000, 8_000_000)]
    parts = [Part("x", start, end, 100, 10) for start, end in times]
    text = hls.playlist(parts, take, "audio")
    # 10 ms between the first two belong to the first; a real hole is a gap of its length; so is the lost end.
    assert _lengths(text) == [(False, 2.01), (False, 1.99), (True, 1.9), (False, 2.0), (True, 1.0)]
    assert "EXT-X-ENDLIST" not in hls.playlist(parts, take, "audio", ended=False)


def test_where_the_media_begins() -> None:
    for data in (video(1), sound(1)):
        at = hls.init_length(data)
        assert data[at + 4 : at + 8] == b"moof"
        assert hls.init_length(data[: at + 8]) == at
    for broken in (
        b"",
        b"\0" * 64,
        b"not an mp4 at all",
        video(1)[: hls.init_length(video(1))],
        sound(1)[hls.init_length(sound(1)) :],
    ):
        with pytest.raises(BadContainer):
            hls.init_length(broken)
