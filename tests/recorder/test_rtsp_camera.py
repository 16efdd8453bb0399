"""Cameras by RTSP as they differ: signing in, addresses, sessions, orders of pictures; and what is left to FFmpeg."""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from recorder.errors import CaptureError, SourceFormat, SourceLost, SourceRefused, SourceUnavailable
from recorder.sources.rtsp.session import Session
from recorder.sources.video import StreamVideo
from tests.support.clips import make_clip
from tests.support.rtsp_camera import FRAME, Asked, Camera, basic, camera
from tests.support.rtsp_watched import Watched


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clips") / "camera.mp4", 4)


def methods(one: Camera) -> list[str]:
    return [asked.method for asked in one.asked]


def test_pictures_come_as_they_were_sent_and_the_camera_is_told_of_the_end(clip: Path) -> None:
    with camera(clip, reports=True, pictures=1000) as one:
        seen = Watched(one.url(), until=lambda: b"$\1\0\x20" in one.heard)
        for _ in range(100):
            if b"TEARDOWN" in one.heard:
                break
            threading.Event().wait(0.05)
    assert seen.error is None
    assert seen.own
    assert methods(one) == ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"]
    assert [asked.url.rpartition("/")[2] for asked in one.asked] == ["one", "one", "track1", ""]
    assert one.asked[-1].headers["Session"] == "77"
    assert f"TEARDOWN {one.url()}/ RTSP/1.0".encode() in one.heard
    assert [picture.dts for picture in seen.pictures] == [number * FRAME for number in range(len(seen.pictures))]
    assert {picture.duration for picture in seen.pictures} == {FRAME}
    assert [picture.key for picture in seen.pictures][:26] == [True, *[False] * 24, True]
    sent = [picture.sent_us for picture in seen.pictures if picture.sent_us is not None]
    assert len(sent) == len(seen.pictures)
    assert {round((after - before) / 10_000) for before, after in pairwise(sent[:20])} == {4}
    at = one.heard.find(b"$\1\0\x20") + 4
    assert struct.unpack_from(">BBH", one.heard, at) == (0x81, 201, 7)  # a receiver's report


@pytest.mark.parametrize("kind", ["MD5", "SHA-256"])
@pytest.mark.parametrize("nonces", [1000, 2])
def test_signing_in_by_digest(clip: Path, kind: str, nonces: int) -> None:
    with camera(clip, password="se:cr@t", hash=kind, nonces=nonces) as one:
        assert Watched(one.url("court:se%3Acr%40t@"), 3).error is None
        refused = Watched(one.url("court:other99@"), 3)
    assert isinstance(refused.error, SourceRefused)
    assert "other99" not in str(refused.error)
    assert "other99" not in str(refused.logs)
    assert all("secr@t" not in asked.url and "court" not in asked.url for asked in one.asked)


def test_signing_in_by_basic(clip: Path) -> None:
    def answer(asked: Asked) -> tuple[str, list[str], str] | None:
        right = asked.headers.get("Authorization") == basic("court", "pass")
        return None if right else ("401 Unauthorized", ['WWW-Authenticate: Basic realm="x"'], "")

    with camera(clip, answer=answer) as one:
        assert Watched(one.url("court:pass@"), 3).error is None
        assert isinstance(Watched(one.url("court:word@"), 3).error, SourceRefused)
        assert isinstance(Watched(one.url(), 3).error, SourceRefused)


def sdp(change: Callable[[str], str], clip: Path) -> Callable[[Asked], tuple[str, list[str], str] | None]:
    from bench.rtsp_source import Clip

    text = change(Clip(clip).sdp())
    return lambda asked: ("200 OK", [], text) if asked.method == "DESCRIBE" else None


@pytest.mark.parametrize(
    ("control", "wanted"),
    [
        ("track1", "live/one/track1"),
        ("/track1", "live/one/track1"),
        ("rtsp://127.0.0.1:1/x/y?a=b", "rtsp://127.0.0.1:1/x/y?a=b"),
    ],
)
def test_addresses_of_tracks(clip: Path, control: str, wanted: str) -> None:
    with camera(clip, answer=sdp(lambda text: text.replace("control:track1", f"control:{control}"), clip)) as one:
        assert Watched(one.url(), 3).error is None
    assert next(asked.url for asked in one.asked if asked.method == "SETUP").endswith(wanted)


def test_a_camera_that_sends_us_on_is_followed_on_its_own_machine_only(clip: Path) -> None:
    def here(asked: Asked) -> tuple[str, list[str], str] | None:
        moved = asked.method == "DESCRIBE" and not asked.url.endswith("/two")
        return ("302 Found", [f"Location: rtsp://127.0.0.1:{one.port}/two"], "") if moved else None

    with camera(clip, answer=here) as one:
        assert Watched(one.url(), 3).error is None
    for place in ("rtsp://192.0.2.1/x", "http://127.0.0.1/x", "rtsp://[", "", "rtsp://127.0.0.1:99999/"):
        with camera(clip, answer=lambda _asked, place=place: ("302 Found", [f"Location: {place}"], "")) as one:
            found = Watched(one.url(), 3)
        assert isinstance(found.error, SourceUnavailable), place
    with camera(clip, answer=lambda asked: ("301 Moved", [f"Location: {asked.url}"], "")) as one:
        assert isinstance(Watched(one.url(), 3).error, SourceUnavailable)
    assert methods(one).count("DESCRIBE") == 4


@pytest.mark.parametrize(
    ("method", "status", "error"),
    [
        ("DESCRIBE", "404 Not Found", SourceUnavailable),
        ("DESCRIBE", "403 Forbidden", SourceRefused),
        ("SETUP", "500 Oh no", SourceUnavailable),
        ("PLAY", "455 Not now", SourceUnavailable),
        ("OPTIONS", "501 What", None),
    ],
)
def test_a_camera_that_refuses(clip: Path, method: str, status: str, error: type[CaptureError] | None) -> None:
    with camera(clip, answer=lambda asked: (status, [], "") if asked.method == method else None) as one:
        found = Watched(one.url("court:t0ken99@"), 3)
    assert (type(found.error) if found.error else None) == error
    assert error is None or (status in str(found.error) and "t0ken99" not in str(found.error))


def test_other_channels_messages_and_garbage_in_between(clip: Path) -> None:
    def answer(asked: Asked) -> tuple[str, list[str], str] | None:
        return (
            ("200 OK", ["Session: 77", "Transport: RTP/AVP/TCP;interleaved=0-1"], "")
            if asked.method == "SETUP"
            else None
        )

    between = {
        3: b"OPTIONS rtsp://client RTSP/1.0\r\nCSeq: 5\r\n\r\n",
        5: b"\0garbage",
        7: b"RTSP/1.0 200 OK\r\nCSeq: 99\r\n\r\n",
        9: b"$\7\0\3abc",
    }
    with camera(clip, answer=answer, between=between) as one:
        seen = Watched(one.url())
    assert seen.error is None
    assert [picture.dts for picture in seen.pictures] == [number * FRAME for number in range(len(seen.pictures))]
    assert b"RTSP/1.0 501 Not Implemented\r\nCSeq: 5\r\n" in one.heard


def test_a_session_is_kept_alive_without_a_waking_of_its_own(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recorder.sources.rtsp.session._LEAST_LIFE_S", 1)
    short = ["Session: 77; timeout=1", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"]
    stale = b'RTSP/1.0 401 No\r\nCSeq: 6\r\nWWW-Authenticate: Digest realm="cam", nonce="later", qop="auth", stale=true\r\n\r\n'
    with camera(
        clip,
        answer=lambda asked: ("200 OK", short, "") if asked.method == "SETUP" else None,
        password="x",
        pictures=2000,
        between={50: stale},
    ) as one:
        seen = Watched(one.url("court:x@"), until=lambda: b'nonce="later"' in one.heard)
    assert seen.error is None
    alive = [part for part in one.heard.split(b"\r\n\r\n") if part.startswith(b"GET_PARAMETER")]
    assert len(alive) >= 2
    assert b"Session: 77" in alive[0]
    assert b'nonce="n0"' in alive[0]
    assert any(b'nonce="later"' in part for part in alive)


def test_a_nonce_that_changes_without_being_called_stale_is_followed_once(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recorder.sources.rtsp.session._LEAST_LIFE_S", 1)
    short = ["Session: 77; timeout=1", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"]
    refused = b'RTSP/1.0 401 No\r\nCSeq: 6\r\nWWW-Authenticate: Digest realm="cam", nonce="b%d"\r\n\r\n'
    with camera(
        clip,
        answer=lambda asked: ("200 OK", short, "") if asked.method == "SETUP" else None,
        password="x",
        between={number: refused % number for number in range(15, 45)},
    ) as one:
        seen = Watched(one.url("court:x@"), 40)
    assert seen.error is None
    alive = [part for part in one.heard.split(b"\r\n\r\n") if part.startswith(b"GET_PARAMETER")]
    assert any(b'nonce="b' in part for part in alive)
    assert len(alive) <= 10  # two in each half second, however often it is refused


def test_a_camera_that_counts_requests_its_own_way_is_heard(clip: Path) -> None:
    answer = ("100 Continue", ["Content-Length: 0", "", "RTSP/1.0 200 OK", "CSeq: 900"], "")
    with camera(clip, answer=lambda asked: answer if asked.method == "OPTIONS" else None) as one:
        seen = Watched(one.url(), 3)
    assert seen.error is None
    assert seen.own


def test_without_marks_pictures_came_when_they_came_and_a_new_sender_has_no_time_yet(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recorder.sources.rtsp.reading.monotonic_us", lambda: 1_000_000_000)
    with camera(clip, reports=True, marks=False, new_sender_at=15, pictures=30) as one:
        seen = Watched(one.url(), 25)
    # Complete when the next one began, one picture's 40 ms later.
    assert {picture.arrival_us for picture in seen.pictures} == {1_000_000_000 - 40_000}
    assert [picture.sent_us is None for picture in seen.pictures[:25]] == [False] * 15 + [True] * 10
    with camera(clip, pictures=10) as one:
        assert {picture.arrival_us for picture in Watched(one.url(), 5).pictures} == {1_000_000_000}


def test_a_form_that_changes_before_the_order_is_known_is_a_loss(tmp_path: Path, clip: Path) -> None:
    """It is open then, and who waits for a camera that was not there would open it twice."""
    from bench.rtsp_source import Clip

    other = Clip(make_clip(tmp_path / "big.mp4", 1, size=(640, 384)))
    with camera(clip) as one:
        one.clip.pictures = one.clip.pictures[:1] + other.pictures[:2]
        one.pictures = 3
        seen = Watched(one.url(), 60)
    assert seen.opened is not None
    assert isinstance(seen.error, SourceLost)


def test_a_source_that_is_stopped_before_it_runs_opens_nothing(clip: Path) -> None:
    with camera(clip) as one:
        source = StreamVideo("cam", one.url())
        source.stop()
        source.run(lambda _item: None)
    assert not one.asked


def test_a_camera_that_says_goodbye_or_goes_is_lost(clip: Path) -> None:
    bye = struct.pack(">cBHBBHI", b"$", 1, 8, 0x81, 203, 1, 7)
    for between in ({10: bye}, {}):
        with camera(clip, between=between, pictures=12) as one:
            seen = Watched(one.url("court:s3cr3t@"))
        assert isinstance(seen.error, SourceLost)
        assert "the stream ended" in str(seen.error)
        assert "s3cr3t" not in str(seen.error)
        assert len(seen.pictures) >= 9


def test_without_a_key_frame_nothing_is_recorded_and_with_sets_it_opens(
    tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recorder.sources.rtsp.reading._KEY_US", 300_000)
    monkeypatch.setattr("recorder.sources.rtsp.reading._OPEN_US", 600_000)
    for sets in (True, False):
        change = (lambda text: text) if sets else (lambda text: text.replace("sprop-parameter-sets=", "x="))
        with camera(clip, answer=sdp(change, clip), pictures=40) as one:
            one.clip.pictures = [item for item in one.clip.pictures if not item[1]]
            seen = Watched(one.url(), 5)
        if sets:
            assert seen.opened is not None
            assert seen.opened.template is not None
            assert seen.opened.template.codec_context.width == 320
            assert not any(picture.key for picture in seen.pictures)
        else:
            assert isinstance(seen.error, SourceFormat)
            assert "no key frame" in str(seen.error)


def test_a_stream_in_another_form_is_opened_anew(tmp_path: Path, clip: Path) -> None:
    from bench.rtsp_source import Clip

    other = Clip(make_clip(tmp_path / "big.mp4", 1, size=(640, 384)))
    with camera(clip) as one:
        one.clip.pictures = one.clip.pictures[:25] + other.pictures[:10]
        seen = Watched(one.url(), 60)
    assert isinstance(seen.error, SourceLost)
    assert "changed the form" in str(seen.error)
    assert 24 <= len(seen.pictures) <= 25


def test_an_answer_that_does_not_come_is_given_up(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recorder.sources.rtsp.session.OPEN_TIMEOUT_S", 0.5)

    def silent(_asked: Asked) -> tuple[str, list[str], str]:
        threading.Event().wait(1.0)
        return "200 OK", [], ""

    with camera(clip, answer=silent) as one:
        assert isinstance(Watched(one.url(), 3).error, SourceUnavailable)


def test_what_is_not_understood_is_read_by_ffmpeg(clip: Path) -> None:
    def other(text: str) -> str:  # as if the camera gave two tracks of pictures, one of which is off
        return text + "m=video 0 RTP/AVP 97\r\na=rtpmap:97 H264/90000\r\na=control:track2\r\n"

    with camera(clip, answer=sdp(other, clip), pictures=100) as one:
        seen = Watched(one.url("court:s3cr3t@"), 20)
    [line] = [line for line in seen.logs if line["action"] == "reader_ffmpeg"]
    assert "2 tracks of pictures" in line["reason"]
    assert "s3cr3t" not in str(seen.logs)
    with camera(clip, pictures=100) as one:
        asked = Watched(one.url(), 20, "ffmpeg")
    assert asked.error is None
    assert len(asked.pictures) >= 20
    assert any("Lavf" in asked.headers.get("User-Agent", "") for asked in one.asked)


@pytest.mark.parametrize("url", ["rtsp://[::1]:8554/x?y=z#f", "rtsp://u:p%40@host/x", "rtsp://HOST"])
def test_requests_never_carry_the_login(url: str) -> None:
    session = Session(url)
    assert "@" not in session._url
    assert "#" not in session._url
