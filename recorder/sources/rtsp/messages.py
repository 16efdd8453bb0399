"""Requests and answers of RTSP as bytes (RFC 2326, sections 4 to 7 and 12), with a measure for what a peer may send."""

from __future__ import annotations

import re
from dataclasses import dataclass

from recorder.errors import NotUnderstood, SourceFormat

#: Bytes. Descriptions of cameras have one or two thousand.
MOST_HEAD = 16_384
MOST_BODY = 65_536
MOST_HEADERS = 64
_STATUS = re.compile(r"RTSP/1\.\d (\d{3})(?: (.*))?\Z")
_REQUEST = re.compile(r"([A-Z_]{2,20}) \S{1,4096} RTSP/1\.\d\Z")
_PRINTED = 80


@dataclass(frozen=True)
class Message:
    """An answer, or a request of the server's.

    Attributes:
        status: of an answer; 0 for a request.
        word: the reason of an answer, the method of a request.
        headers: names in lower case, and values, as they came.
        body: its bytes.
    """

    status: int
    word: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def all(self, name: str) -> list[str]:
        """Every value of a header, ``name`` in lower case."""
        return [value for key, value in self.headers if key == name]

    def get(self, name: str) -> str:
        """Its first value; empty without one."""
        return next(iter(self.all(name)), "")

    @property
    def told(self) -> str:
        """Status and reason, fit to be shown."""
        reason = "".join(sign for sign in self.word[:_PRINTED] if sign.isprintable())
        return f"{self.status} {reason}".strip()


def request(method: str, url: str, sequence: int, headers: dict[str, str]) -> bytes:
    """A request.

    Raises:
        NotUnderstood: an address or a value that is not plain ASCII without blanks or control characters.
    """
    if not url.isascii() or not url.isprintable() or " " in url:
        raise NotUnderstood("an address with other than ASCII characters")
    lines = [f"{method} {url} RTSP/1.0", f"CSeq: {sequence}", "User-Agent: Hattama"]
    for name, value in headers.items():
        if not value.isascii() or not value.isprintable():
            raise NotUnderstood(f"{name} with other than ASCII characters")
        lines.append(f"{name}: {value}")
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def refusal(asked: Message) -> bytes:
    """The answer to a request of the server's: nothing of what it may ask is done here."""
    sequence = asked.get("cseq")
    number = int(sequence) if sequence.isdecimal() and sequence.isascii() and len(sequence) < 10 else 0
    return f"RTSP/1.0 501 Not Implemented\r\nCSeq: {number}\r\n\r\n".encode("ascii")


def message_at(data: bytes | bytearray, at: int, end: int) -> tuple[Message, int] | None:
    """The message that begins at ``at``, and where it ends; None when more bytes are needed.

    Raises:
        SourceFormat: longer than anything that cameras send.
        NotUnderstood: no message of RTSP.
    """
    close = data.find(b"\r\n\r\n", at, end)
    if close < 0:
        if end - at > MOST_HEAD:
            raise SourceFormat(f"a head of more than {MOST_HEAD} bytes")
        return None
    if close - at > MOST_HEAD:
        raise SourceFormat(f"a head of more than {MOST_HEAD} bytes")
    status, word, headers = parse_head(bytes(data[at:close]))
    length = next((value for key, value in headers if key == "content-length"), "0")
    if not (length.isascii() and length.isdecimal()):
        raise NotUnderstood("a length that is no number")
    if len(length) > len(str(MOST_BODY)) or int(length) > MOST_BODY:
        raise SourceFormat(f"an answer of more than {MOST_BODY} bytes")
    begin, after = close + 4, close + 4 + int(length)
    return None if after > end else (Message(status, word, headers, bytes(data[begin:after])), after)


def parse_head(head: bytes) -> tuple[int, str, tuple[tuple[str, str], ...]]:
    """Status and reason of an answer, or 0 and the method of a request; and the headers.

    Raises:
        NotUnderstood: neither.
        SourceFormat: more than :data:`MOST_HEADERS`.
    """
    first, *lines = head.decode("latin-1").split("\r\n")
    if len(lines) > MOST_HEADERS:
        raise SourceFormat(f"an answer with more than {MOST_HEADERS} headers")
    headers: list[tuple[str, str]] = []
    for line in lines:
        if line[:1] in (" ", "\t") and headers:  # a folded line goes on with the one before
            headers[-1] = headers[-1][0], f"{headers[-1][1]} {line.strip()}"
            continue
        name, colon, value = line.partition(":")
        if colon:
            headers.append((name.strip().lower(), value.strip()))
    if found := _STATUS.match(first):
        return int(found[1]), found[2] or "", tuple(headers)
    if found := _REQUEST.match(first):
        return 0, found[1], tuple(headers)
    raise NotUnderstood("an answer that is not RTSP")
