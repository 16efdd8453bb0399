"""The bytes of a list as text, and in which encoding they were: told, never guessed.

UTF-8 (with or without its mark) and UTF-16 (with its mark) say what they are. Windows-1251 says nothing, fits nearly every byte and has no Kazakh letters: it is
read only where somebody names it. Bytes that are no UTF-8 stay in the text as lone surrogates, so that the reader can name the rows that hold them and keep the others.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from recorder.cases.errors import UnreadableFile

MOST_BYTES = 32 * 2**20

#: Encodings that may be named, by every name they go by here.
_NAMES = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "utf-8-sig": "utf-8",
    "utf-16": "utf-16",
    "utf16": "utf-16",
    "windows-1251": "windows-1251",
    "cp1251": "windows-1251",
}


@dataclass(frozen=True)
class Decoded:
    """A text, and the encoding it was in: ``utf-8``, ``utf-8 with mark``, ``utf-16`` or ``windows-1251``."""

    text: str
    encoding: str


def decode(data: bytes, named: str | None = None) -> Decoded:
    """The text of a file.

    Args:
        data: the file.
        named: the encoding that somebody says it is in; None: what the bytes themselves say.

    Raises:
        UnreadableFile: empty, too large, a spreadsheet, UTF-16 without its mark, UTF-32, or an encoding that is not read.
    """
    if len(data) > MOST_BYTES:
        raise UnreadableFile("too-large", f"the file is larger than {MOST_BYTES >> 20} MiB", most=str(MOST_BYTES >> 20))
    if not data.strip():
        raise UnreadableFile("empty", "the file is empty")
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise UnreadableFile("utf32", "the file is UTF-32")
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise UnreadableFile("spreadsheet", "this is a spreadsheet, not a text")
    if data.startswith(codecs.BOM_UTF8):
        return Decoded(data[3:].decode("utf-8", "surrogateescape"), "utf-8 with mark")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        # What is broken in it becomes U+FFFD, and the row that has one is named.
        return Decoded(data.decode("utf-16", "replace"), "utf-16")
    wanted = _named(named)
    if wanted == "windows-1251":
        return Decoded(data.decode("cp1251", "surrogateescape"), wanted)
    if wanted == "utf-16" or _looks_like_utf16(data):
        raise UnreadableFile("utf16-unmarked", "the file looks like UTF-16 without its mark")
    return Decoded(data.decode("utf-8", "surrogateescape"), "utf-8")


def undecoded(text: str) -> bytes:
    """The bytes of a value that were not in the encoding; empty where all were."""
    return bytes(ord(letter) - 0xDC00 for letter in text if "\udc80" <= letter <= "\udcff")


def looks_like_cp1251(text: str) -> bool:
    """Whether a value's bytes, read as Windows-1251, are mostly Russian letters."""
    letters = undecoded(text)
    return bool(letters) and sum(byte >= 0xC0 or byte in (0xA8, 0xB8) for byte in letters) * 10 >= len(letters) * 8


def _named(name: str | None) -> str | None:
    if name is None:
        return None
    found = _NAMES.get(name.strip().lower())
    if found is None:
        raise UnreadableFile("encoding", f"the encoding {name[:40]!r} is not read here", value=name[:40])
    return found


def _looks_like_utf16(data: bytes) -> bool:
    """Every other byte of Latin text in UTF-16 is zero; no text of ours has a zero byte."""
    head = data[:4096]
    return head.count(0) * 4 >= len(head)
