"""Canonical JSON: one text for one object."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import canonical
from protocol.encoding import check_path, unb64, utc_text, utc_us
from protocol.errors import BadEncoding, NotCanonical

KEYS = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-canonical.MAX_INTEGER, canonical.MAX_INTEGER) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_round_trip(value: dict[str, object]) -> None:
    data = canonical.dumps(value)
    assert canonical.loads(data) == value
    assert canonical.dumps(canonical.loads(data)) == data


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"1",
        b"{} ",
        b' {"a":1}',
        b'{"a": 1}',
        b'{"a":1,"a":1}',
        b'{"b":1,"a":1}',
        b'{"a":1.0}',
        b'{"a":1e3}',
        b'{"a":-0}',
        b'{"a":NaN}',
        b'{"a":9007199254740992}',
        b'{"A":1}',
        b'{"":1}',
        b'{"a":"\\u0041"}',
        b'{"a":"\\/"}',
        b'{"a":"\\u000A"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xff"}',
        b"\xef\xbb\xbf{}",
        b'{"a":1}\n',
        b'{"a":' * 33 + b"1" + b"}" * 33,
    ],
)
def test_refused(text: bytes) -> None:
    with pytest.raises(NotCanonical):
        canonical.loads(text)


def test_depth_counts_from_the_outermost() -> None:
    assert canonical.loads(b'{"a":' * 32 + b"1" + b"}" * 32)


def test_escapes() -> None:
    assert canonical.dumps({"a": '"\\\b\f\n\r\t\x01\x7f/қ'}) == '{"a":"\\"\\\\\\b\\f\\n\\r\\t\\u0001\x7f/қ"}'.encode()


@pytest.mark.parametrize("value", [{"a": 1.5}, {"a": b"x"}, {"a": {1: 2}}, {"a": 2**53}, {"a": "\ud800"}])
def test_cannot_be_written(value: dict[str, object]) -> None:
    with pytest.raises(NotCanonical):
        canonical.dumps(value)


@pytest.mark.parametrize("text", ["AA", "AA=", "AB==", "A A=", "AAAA\n", "_-==", 5, None])
def test_base64_has_one_form(text: object) -> None:
    with pytest.raises(BadEncoding):
        unb64(text)


@given(st.integers(0, 4_000_000_000_000_000))
def test_times(us: int) -> None:
    assert utc_us(utc_text(us)) == us // 1000 * 1000


@pytest.mark.parametrize("path", ["", "/a", "a//b", "a/../b", "./a", "a/", "a b", "ә", "a" * 201, None])
def test_bad_paths(path: object) -> None:
    with pytest.raises(BadEncoding):
        check_path(path)
