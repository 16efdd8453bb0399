"""Closed parts: what a key opens, and what changed, torn and removed chunks look like."""

from __future__ import annotations

import pytest
from nacl.public import PrivateKey

from protocol import closed
from protocol.errors import Closed

KEY = bytes(range(32))
PATH = "media/T02/mic-judge/0001.mp4.enc"


def stream(*chunks: bytes, final: bool = True) -> bytes:
    encryptor = closed.StreamEncryptor(KEY, PATH)
    data = encryptor.head
    for number, chunk in enumerate(chunks, 1):
        data += encryptor.chunk(chunk, final=final and number == len(chunks))
    return data


def test_round_trip_chunk_for_fragment() -> None:
    opened = closed.open_file(stream(b"first", b"", b"third"), KEY, PATH)
    assert (opened.plain, opened.final, opened.torn) == (b"firstthird", True, 0)


def test_torn_last_chunk_is_not_a_removed_one() -> None:
    whole = stream(b"a" * 100, b"b" * 100, final=False)
    torn = closed.open_file(whole[:-1], KEY, PATH)
    assert (torn.plain, torn.final, torn.torn) == (b"a" * 100, False, 120)
    removed = closed.open_file(whole[:-121], KEY, PATH)
    assert (removed.plain, removed.final, removed.torn) == (b"a" * 100, False, 0)
    for kept in (1, 2, 3):
        assert closed.split_frame(whole[: -121 + kept]).torn == kept


def test_wrong_key_path_order_and_bits() -> None:
    data = stream(b"a" * 50, b"b" * 50)
    with pytest.raises(Closed):
        closed.open_file(data, bytes(32), PATH)
    with pytest.raises(Closed):
        closed.open_file(data, KEY, PATH.replace("0001", "0002"))
    head, first, second = data[:32], data[32 : 32 + 71], data[32 + 71 :]
    for order in (head + second + first, head + first + first, head + second, data + first):
        with pytest.raises(Closed):
            closed.open_file(order, KEY, PATH)
    for bit in range(32 * 8, len(data) * 8, 7):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        try:
            opened = closed.open_file(bytes(changed), KEY, PATH)
        except Closed:
            continue
        assert opened.torn, bit  # a changed length can only make the rest look torn
        assert not opened.final, bit


@pytest.mark.parametrize(
    "data", [b"", b"HTMENC01", b"HTMENC02" + bytes(24), b"HTMENC01" + bytes(24) + bytes(4) + b"x" * 20]
)
def test_bad_frames(data: bytes) -> None:
    with pytest.raises(Closed):
        closed.split_frame(data)


def test_whole_file_in_chunks() -> None:
    data, encryptor = closed.encrypt_file(b"x" * 150_000, KEY, "transcript/0001.json.enc")
    assert closed.open_file(data, KEY, "transcript/0001.json.enc").plain == b"x" * 150_000
    assert encryptor.plain_bytes == 150_000
    empty, _ = closed.encrypt_file(b"", KEY, PATH)
    assert closed.open_file(empty, KEY, PATH).final


def test_chunk_too_long() -> None:
    with pytest.raises(Closed):
        closed.StreamEncryptor(KEY, PATH).chunk(bytes(closed.MAX_CHUNK))


def test_line_content() -> None:
    data = {"text": "тайна", "at_us": 5, "by": "x"}
    sealed = closed.seal_line_data(data, KEY, "K01", line_type="remark", seq=9, salt=bytes(16))
    assert "тайна" not in str(sealed)
    assert closed.open_line_data(sealed, KEY, line_type="remark", seq=9) == data
    for key, line_type, seq in ((bytes(32), "remark", 9), (KEY, "stage", 9), (KEY, "remark", 10)):
        with pytest.raises(Closed):
            closed.open_line_data(sealed, key, line_type=line_type, seq=seq)
    with pytest.raises(Closed):
        closed.open_line_data({"sealed": {**sealed["sealed"], "plain_sha256": ""}}, KEY, line_type="remark", seq=9)


def test_wrapped_keys() -> None:
    archive, escrow, nobody = (PrivateKey(bytes([number]) * 32) for number in (1, 2, 3))
    wrapped = closed.wrap_key(KEY, {"archive": bytes(archive.public_key), "escrow": bytes(escrow.public_key)})
    assert [item["to"] for item in wrapped] == ["archive", "escrow"]
    assert closed.unwrap_key(wrapped, bytes(archive)) == closed.unwrap_key(wrapped, bytes(escrow)) == KEY
    with pytest.raises(Closed, match="not wrapped"):
        closed.unwrap_key(wrapped, bytes(nobody))
    with pytest.raises(Closed, match="does not open"):
        closed.unwrap_key([{**wrapped[0], "box": "AAAA"}], bytes(archive))
