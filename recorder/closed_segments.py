"""Segments of closed takes: each fragment is encrypted before it is written (record format, section 9).

The plain bytes of a fragment exist in the memory of the capture child only. After a kill the file is cut after its last whole chunk that opens, which is after
its last whole fragment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from protocol.closed import HEADER_BYTES, MAGIC, MAX_CHUNK, OVERHEAD, StreamEncryptor, open_chunks
from protocol.encoding import unb64
from protocol.errors import Closed

_log = structlog.get_logger(__name__)
SUFFIX = ".enc"


class Encryption:
    """What is done to the fragments of one segment (recorder.segment_file.FragmentTransform).

    Args:
        key: 32 bytes.
        path: of the segment in the record, without the suffix.
    """

    suffix = SUFFIX

    def __init__(self, key: bytes, path: str) -> None:
        self._stream = StreamEncryptor(key, path + SUFFIX)

    def head(self) -> bytes:
        """Magic and stream header."""
        return self._stream.head

    def chunk(self, fragment: bytes) -> bytes:
        """A fragment as one chunk."""
        return self._stream.chunk(fragment)

    def finish(self) -> bytes:
        """An empty chunk that says that it is the last: a tail that was cut off is found by its absence."""
        return self._stream.chunk(b"", final=True)


def encryption_with(key: str) -> Callable[[str], Encryption]:
    """Makes the transform of a segment by its path.

    Args:
        key: base64 of 32 bytes.
    """
    secret = unb64(key, 32)
    return lambda path: Encryption(secret, path)


@dataclass(frozen=True)
class OpenedSegment:
    """An encrypted segment as far as it opens.

    Attributes:
        plain: plaintext, chunk after chunk.
        ends: where each of them ends in the encrypted file.
        shut: whole chunks that do not open.
    """

    plain: tuple[bytes, ...]
    ends: tuple[int, ...]
    shut: int

    def end_of(self, fragments: int) -> int:
        """Where so many fragments end in the encrypted file; with all of them also what follows: the empty final chunk."""
        rest = self.plain[fragments:]
        return self.ends[fragments - 1] if any(rest) else self.ends[-1]


def opened_segment(data: bytes, key: bytes, path: str) -> OpenedSegment:
    """Decrypt a segment up to its end or to the first chunk that does not open: a power cut may leave room without bytes.

    Args:
        data: the file.
        key: 32 bytes.
        path: of the file in the record.
    """
    end, count = _possible(data)
    plain: list[bytes] = []
    ends: list[int] = []
    try:
        for chunk in open_chunks(data[:end], key, path):
            plain.append(chunk.plain)
            ends.append(chunk.end)
    except Closed as error:
        # What does not open was never acknowledged, or is given up as a fragment that was never written would be.
        _log.info("chunk_not_opened", action="cut", path=path, after=len(plain), reason=str(error))
    return OpenedSegment(tuple(plain), tuple(ends), count - len(plain))


def _possible(data: bytes) -> tuple[int, int]:
    """Where the whole chunks end by their lengths, and how many there are: room that was never written has a length of nothing."""
    position, count = len(MAGIC) + HEADER_BYTES, 0
    while position + 4 <= len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        if not OVERHEAD <= length <= MAX_CHUNK or position + 4 + length > len(data):
            break
        position, count = position + 4 + length, count + 1
    return position, count
