"""One range at a time, and never much work for a header."""

from __future__ import annotations

import pytest

from web.ranges import BadRange, MalformedRange, parse_range


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("bytes=0-", (0, 100)),
        ("bytes=0-0", (0, 1)),
        ("bytes=10-19", (10, 20)),
        ("bytes=99-", (99, 100)),
        ("bytes=90-1000000", (90, 100)),
        ("bytes=-1", (99, 100)),
        ("bytes=-1000", (0, 100)),
        ("BYTES=0-1", (0, 2)),
        ("seconds=1-2", None),
    ],
)
def test_served(header: str | None, expected: tuple[int, int] | None) -> None:
    assert parse_range(header, 100) == expected


@pytest.mark.parametrize(
    ("header", "error", "status"),
    [
        ("bytes=100-", BadRange, 416),
        ("bytes=1000000-2000000", BadRange, 416),
        ("bytes=-0", BadRange, 416),
        ("bytes=0-1,5-6", BadRange, 416),
        ("bytes=0-,0-", BadRange, 416),
        ("bytes=,", BadRange, 416),
        ("bytes=5-2", MalformedRange, 400),
        ("bytes=", MalformedRange, 400),
        ("bytes=-", MalformedRange, 400),
        ("bytes=a-b", MalformedRange, 400),
        ("bytes=1-2-3", MalformedRange, 400),
        ("bytes= 1-2", MalformedRange, 400),
        ("bytes=+1-2", MalformedRange, 400),
        ("bytes=0x1-2", MalformedRange, 400),
        ("bytes=١-٢", MalformedRange, 400),
        ("bytes", MalformedRange, 400),
        ("", MalformedRange, 400),
        ("bytes=99999999999999999999-", MalformedRange, 400),
        ("bytes=" + ",".join(["0-0"] * 10_000), MalformedRange, 400),
        ("bytes=" + "1" * 100_000, MalformedRange, 400),
    ],
)
def test_refused(header: str, error: type[BadRange], status: int) -> None:
    with pytest.raises(error) as caught:
        parse_range(header, 100)
    assert caught.value.status == status


def test_an_empty_file_has_no_range() -> None:
    assert parse_range(None, 0) is None
    for header in ("bytes=0-", "bytes=-1"):
        with pytest.raises(BadRange):
            parse_range(header, 0)
