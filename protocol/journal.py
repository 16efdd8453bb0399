"""Journal lines: one canonical JSON object a line, its bytes without LF the Merkle leaf (record format, section 4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from protocol import canonical
from protocol.encoding import b64, unb64, utc_text, utc_us
from protocol.errors import BadEncoding, BadLine, NotCanonical
from protocol.merkle import leaf_hash

FORMAT = "hattama-record/1"
KEYS = {"at", "data", "mono", "salt", "seq", "type"}
SALT_BYTES = 16
#: Types of lines that a box adds by itself, also years later: they say nothing of the hearing, and begin no new time.
BESIDE = frozenset({"clock", "receipt", "timestamp"})
_TYPE = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")


@dataclass(frozen=True)
class Line:
    """One line of the journal.

    ``at`` is UTC text with milliseconds, ``mono`` CLOCK_MONOTONIC in µs, ``salt`` 16 random bytes, ``raw`` the leaf bytes.
    """

    seq: int
    at: str
    mono: int
    type: str
    data: Mapping[str, Any]
    salt: bytes
    raw: bytes

    @property
    def leaf(self) -> bytes:
        """The line's leaf hash."""
        return leaf_hash(self.raw)


@dataclass(frozen=True)
class Withheld:
    """A line of a redacted copy of which only the leaf hash is known."""

    seq: int
    leaf: bytes


Entry: TypeAlias = Line | Withheld


def make_line(seq: int, line_type: str, data: Mapping[str, Any], *, at_us: int, mono_us: int, salt: bytes) -> Line:
    """A new line.

    Args:
        seq: its number, from 0.
        line_type: one of section 4.3, or a new one.
        data: what the type says.
        at_us: UTC, µs.
        mono_us: CLOCK_MONOTONIC, µs.
        salt: 16 random bytes.

    Raises:
        NotCanonical: ``data`` holds something a record cannot.
        BadLine: the type or the salt is malformed.
    """
    if not _TYPE.match(line_type):
        raise BadLine(f"{line_type!r} is not a type of line")
    if len(salt) != SALT_BYTES:
        raise BadLine(f"the salt of a line has {SALT_BYTES} bytes")
    at = utc_text(at_us)
    value = {"at": at, "data": data, "mono": mono_us, "salt": b64(salt), "seq": seq, "type": line_type}
    return Line(seq, at, mono_us, line_type, data, salt, canonical.dumps(value))


def parse_line(raw: bytes, seq: int) -> Entry:
    """Read line ``seq`` from its bytes without LF.

    Raises:
        NotCanonical: not an object in canonical form.
        BadLine: keys or kinds are wrong; ``seq`` in the line is *not* compared here.
    """
    value = canonical.loads(raw)
    if set(value) == {"withheld"}:
        try:
            return Withheld(seq, unb64(value["withheld"], 32))
        except BadEncoding as error:
            raise BadLine(f"line {seq}: withheld: {error}") from error
    if set(value) != KEYS:
        raise BadLine(f"line {seq}: keys are {sorted(value)}")
    try:
        utc_us(value["at"])
        salt = unb64(value["salt"], SALT_BYTES)
    except BadEncoding as error:
        raise BadLine(f"line {seq}: {error}") from error
    for key in ("mono", "seq"):
        if isinstance(value[key], bool) or not isinstance(value[key], int) or value[key] < 0:
            raise BadLine(f"line {seq}: {key} is not a number from 0")
    if not isinstance(value["type"], str) or not _TYPE.match(value["type"]):
        raise BadLine(f"line {seq}: bad type")
    if not isinstance(value["data"], dict):
        raise BadLine(f"line {seq}: data is not an object")
    return Line(value["seq"], value["at"], value["mono"], value["type"], value["data"], salt, raw)


def split_lines(data: bytes) -> tuple[list[bytes], bytes]:
    """Lines without LF, and the torn tail: bytes after the last LF, which are not part of the journal."""
    parts = data.split(b"\n")
    return parts[:-1], parts[-1]


def read_journal(data: bytes) -> tuple[list[Entry], bytes]:
    """All lines of a journal that is believed to be good, and its torn tail.

    Raises:
        NotCanonical, BadLine: a line is malformed or out of sequence.
    """
    raw_lines, torn = split_lines(data)
    entries = [parse_line(raw, seq) for seq, raw in enumerate(raw_lines)]
    for seq, entry in enumerate(entries):
        if entry.seq != seq:
            raise BadLine(f"line {seq} says that it is line {entry.seq}")
    return entries, torn


__all__ = [
    "FORMAT",
    "SALT_BYTES",
    "BadLine",
    "Entry",
    "Line",
    "NotCanonical",
    "Withheld",
    "make_line",
    "parse_line",
    "read_journal",
    "split_lines",
]
