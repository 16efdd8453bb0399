"""What a camera says, read by the recorder's own reader of RTSP: answers, sign-in, description, reports; as it should be, and not."""

from __future__ import annotations

import base64
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.errors import NotUnderstood, SourceFormat
from recorder.sources.rtsp.messages import MOST_BODY, MOST_HEAD, Message, message_at, refusal, request
from recorder.sources.rtsp.order import DecodeTimes, depth_of
from recorder.sources.rtsp.rtcp import SenderReports, receiver_report
from recorder.sources.rtsp.sdp import pictures_of
from recorder.sources.rtsp.sign_in import SignIn, challenge

FRAME = 3600
START = b"\x00\x00\x00\x01"


def message(data: bytes) -> Message:
    found = message_at(data, 0, len(data))
    assert found is not None
    assert found[1] == len(data)
    return found[0]


def test_an_answer_is_read_whole_and_a_part_of_it_waited_for() -> None:
    data = b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length:  3\r\nX-Long: one\r\n two\r\n\r\nabc"
    found = message(data)
    assert (found.status, found.word, found.body) == (200, "OK", b"abc")
    assert (found.get("cseq"), found.get("x-long"), found.get("none")) == ("2", "one two", "")
    assert all(message_at(data[:end], 0, end) is None for end in range(len(data)))


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", NotUnderstood),
        (b"RTSP/1.0 2 OK\r\n\r\n", NotUnderstood),
        (b"\r\n\r\n", NotUnderstood),
        (b"RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n", NotUnderstood),
        (b"RTSP/1.0 200 OK\r\nContent-Length: \xb2\r\n\r\n", NotUnderstood),
        (f"RTSP/1.0 200 OK\r\nContent-Length: {MOST_BODY + 1}\r\n\r\n".encode(), SourceFormat),
        (b"RTSP/1.0 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", SourceFormat),
        (b"RTSP/1.0 200 OK\r\n" + b"A: b\r\n" * 65 + b"\r\n", SourceFormat),
        (b"RTSP/1.0 200 " + b"A" * MOST_HEAD, SourceFormat),
        (b"RTSP/1.0 200 " + b"A" * MOST_HEAD + b"\r\n\r\n", SourceFormat),
    ],
)
def test_an_answer_that_is_none_is_refused(data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        message_at(data, 0, len(data))


def test_what_is_sent_cannot_be_made_two_requests() -> None:
    assert request("PLAY", "rtsp://cam/1", 4, {"Session": "7"}) == (
        b"PLAY rtsp://cam/1 RTSP/1.0\r\nCSeq: 4\r\nUser-Agent: Hattama\r\nSession: 7\r\n\r\n"
    )
    for url, headers in (("rtsp://cam/a b", {}), ("rtsp://cam/ä", {}), ("rtsp://cam/1", {"Session": "7\r\nX: y"})):
        with pytest.raises(NotUnderstood):
            request("PLAY", url, 4, headers)


def test_a_request_of_the_camera_s_is_answered() -> None:
    asked = message(b"SET_PARAMETER rtsp://cam/1 RTSP/1.0\r\nCSeq: 31\r\n\r\n")
    assert (asked.status, asked.word) == (0, "SET_PARAMETER")
    assert refusal(asked) == b"RTSP/1.0 501 Not Implemented\r\nCSeq: 31\r\n\r\n"


# The examples of RFC 2617, 3.5 (without the qop it was computed with, by RFC 2069's errata) and RFC 7616, 3.9.1.
RFC_7616 = 'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
OWN = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_digest_is_that_of_the_standard(algorithm: str, response: str) -> None:
    asked = challenge([RFC_7616.format(algorithm)])
    assert asked is not None
    login = SignIn("Mufasa", "Circle of Life", lambda: OWN)
    login.ask(asked)
    [(name, value)] = login.header("GET", "/dir/index.html").items()
    assert name == "Authorization"
    assert f'response="{response}"' in value
    assert "nc=00000001" in value
    assert "nc=00000002" in login.header("GET", "/dir/index.html")["Authorization"]


def test_digest_without_qop_and_basic() -> None:
    login = SignIn("Mufasa", "Circle Of Life")
    assert login.header("DESCRIBE", "rtsp://cam/1") == {}
    asked = challenge(['Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'])
    assert asked is not None
    login.ask(asked)
    value = login.header("GET", "/dir/index.html")["Authorization"]
    assert 'response="670fd8c2df070c60b045671b8b24ff02"' in value
    assert "qop" not in value
    assert "algorithm" not in value
    basic = challenge(['Basic realm="cam"'])
    assert basic is not None
    login.ask(basic)
    assert login.header("GET", "x") == {"Authorization": "Basic " + base64.b64encode(b"Mufasa:Circle Of Life").decode()}


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (['Basic realm="a"', 'Digest realm="a", nonce="n"'], "md5"),
        (['Digest realm="a", nonce="n", algorithm=MD5', 'Digest realm="a", nonce="n", algorithm=SHA-256'], "sha256"),
        (['Digest realm="a", nonce="n", algorithm=SHA-512-256', "Basic"], ""),
        (['Digest realm="a\\"b, nonce=x", nonce="n", stale=TRUE'], "md5"),
        (['Digest realm="a", nonce="n", qop="auth-int"'], None),
        (['Basic realm="a", Digest realm="a", nonce="n"'], "md5"),
        (['Digest realm="a"' + " " * 16_000 + "!"], None),
        (['Digest realm="a", nonce="n", x="' + "a=" * 8_000], "md5"),
        (['Digest realm="a"'], None),
        (["Negotiate", "", "=,=", 'Digest "'], None),
        ([], None),
    ],
)
def test_the_strongest_known_way_of_signing_in_is_taken(values: list[str], found: str | None) -> None:
    asked = challenge(values)
    assert (asked.hash if asked else None) == found
    assert asked is None or asked.stale == any("stale" in value for value in values)


SETS = base64.b64encode(b"\x67sps").decode() + "," + base64.b64encode(b"\x68pps").decode()
H264 = f"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1; sprop-parameter-sets={SETS};x\r\n"


def test_a_description_is_read() -> None:
    text = f"v=0\r\na=control:*\r\nm=audio 0 RTP/AVP 0\r\na=control:sound\r\n{H264}a=control:track1\r\na=framerate:12.5\r\n"
    found = pictures_of(text.encode())
    assert (found.codec, found.payload_type, found.control, found.all_control, found.fps) == (
        "h264",
        96,
        "track1",
        "",
        12.5,
    )
    assert found.sets == START + b"\x67sps" + START + b"\x68pps"
    hevc = "a=control:rtsp://cam/all\nm=video 0 RTP/AVP 98\na=rtpmap:98 h265/90000\na=fmtp:98 sprop-vps=QAE=;sprop-sps=QgE;sprop-pps=RAE=\n"
    found = pictures_of(hevc.encode())
    assert (found.codec, found.all_control, found.fps) == ("hevc", "rtsp://cam/all", 0.0)
    assert found.sets == START + b"\x40\x01" + START + b"\x42\x01" + START + b"\x44\x01"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "m=audio 0 RTP/AVP 0\r\n",
        H264 + H264,
        "m=video\r\n",
        H264.replace("RTP/AVP", "RTP/SAVP"),
        H264.replace("RTP/AVP 96", "RTP/AVP 26"),
        H264.replace("H264", "JPEG"),
        H264.replace("90000", "48000"),
        H264.replace("mode=1", "mode=2"),
        H264.replace("packetization-mode=1", "sprop-max-don-diff=2"),
        "m=video 0 RTP/AVP 96\r\n" * 100,
    ],
)
def test_a_description_that_is_not_understood_is_left_to_ffmpeg(text: str) -> None:
    with pytest.raises(NotUnderstood):
        pictures_of(text.encode())


@pytest.mark.parametrize("broken", ["framerate:nan", "framerate:-1", "framerate:1e99", "framerate:x"])
def test_a_rate_that_is_none_is_not_believed(broken: str) -> None:
    assert pictures_of(f"{H264}a={broken}\r\n".encode()).fps == 0.0


def sender_report(ntp_us: int, stamp: int, source: int = 7) -> bytes:
    seconds, part = divmod(ntp_us, 1_000_000)
    return struct.pack(
        ">BBHIIIIII", 0x80, 200, 6, source, seconds + 2_208_988_800, (part << 32) // 1_000_000 + 1, stamp, 0, 0
    )


def test_a_sender_s_report_tells_when_a_picture_was_taken() -> None:
    reports = SenderReports()
    assert reports.sent_us(0) is None
    utc_us = 1_790_000_000_250_000
    assert reports.take(sender_report(utc_us, 2**32 - 1800) + b"\x81\xca\0\1" + bytes(4), 7, FRAME, 10 * FRAME)
    # A time stamp before the wrap, 1.5 pictures before the last packet's.
    assert reports.sent_us(10 * FRAME) == utc_us + 60_000
    assert reports.sent_us(10 * FRAME + 90_000) == utc_us + 1_060_000
    assert not reports.take(sender_report(0, 5, source=8), 7, FRAME, 10 * FRAME)
    assert reports.take(struct.pack(">BBHIIIIII", 0x80, 200, 6, 7, 0, 0, 5, 0, 0), 7, FRAME, 0)
    assert reports.sent_us(0) is None  # a camera that does not know the time
    assert reports.take(sender_report(utc_us, 0), 7, 0, 0, 1)
    assert (reports.sent_us(0, 1), reports.sent_us(0, 2)) == (utc_us, None)  # of another time line it says nothing
    assert not reports.ended
    reports.take(struct.pack(">BBHI", 0x81, 203, 1, 7), 7, 0, 0)
    assert reports.ended


def test_the_answer_to_it_says_what_came() -> None:
    packet = receiver_report(1, 7, 0x1_0005, 3, 0xABCD)
    assert struct.unpack(">BBHIIIIIII", packet) == (0x81, 201, 7, 1, 7, 3, 0x1_0005, 0, 0xABCD, 0)


def test_decode_times_follow_the_order_of_showing() -> None:
    shown = [0, 4, 2, 1, 3, 8, 6, 5, 7, 9]
    assert depth_of(shown) == 2
    times = DecodeTimes(2, 1, 1000)
    decoded = [times.next(pts) for pts in shown]
    assert decoded == [-2, -1, 0, 1, 2, 3, 4, 5, 6, 7]
    plain = DecodeTimes(0, 1, 1000)
    assert [plain.next(pts) for pts in (0, 5, 5, 10, 5000, 5010, 0, 10)] == [0, 5, 5, 10, 5000, 5010, 0, 10]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([(1,), (3, 1, 2), (2, 1), (4, 2, 1, 3)]), min_size=1, max_size=40))
def test_an_order_that_becomes_deeper_is_followed(groups: list[tuple[int, ...]]) -> None:
    shown = [0]
    for group in groups:
        begin = max(shown)
        shown += [begin + step for step in group]
    times = DecodeTimes(0, 1, 1000)
    decoded = [times.next(pts) for pts in shown]
    exact = DecodeTimes(depth_of(shown), 1, 1000)
    known = [exact.next(pts) for pts in shown]
    assert all(dts <= pts for dts, pts in zip(known, shown, strict=True))
    assert known == sorted(set(known))
    wrong = [
        at
        for at, (dts, pts) in enumerate(zip(decoded, shown, strict=True))
        if dts > pts or (at and dts <= decoded[at - 1])
    ]
    assert len(wrong) <= 4  # until the depth is found
