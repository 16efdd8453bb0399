"""Playlists: the segments of one track in one take as HLS (RFC 8216bis), so that any browser's player can seek in them.

The files are not touched. Each segment is a fragmented MP4 whose decode time begins at 0: its ``ftyp`` and ``moov`` are named as
an ``EXT-X-MAP``, the rest is the media, and a discontinuity stands before each. A stretch that was not recorded is an ``EXT-X-GAP``
segment of its length, so second *n* of the playlist is *n* seconds after the track's first ``EXT-X-PROGRAM-DATE-TIME``.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from protocol.encoding import utc_text
from protocol.hearing import Segment, Take
from storage.errors import BadContainer

#: A shorter hole is the end of one segment and the start of the next: no player shows it. The record format allows as much.
SMALL_HOLE_US = {"audio": 20_000, "video": 200_000}
HEAD_BYTES = 64 * 1024  # ftyp and moov of one track are about 1 KiB


@dataclass(frozen=True)
class Part:
    """A segment to play: where it is, when it is, and how long its ``ftyp`` and ``moov`` are."""

    uri: str
    start_us: int
    end_us: int
    bytes: int
    init_bytes: int


def init_length(head: bytes) -> int:
    """Bytes of a fragmented MP4 before its first ``moof``.

    Args:
        head: the first bytes of the file, up to 64 KiB.

    Raises:
        BadContainer: there is no ``moov`` followed by a ``moof`` in them.
    """
    at, seen = 0, set()
    while at + 8 <= len(head):
        size, kind = struct.unpack_from(">I4s", head, at)
        if kind == b"moof":
            if b"moov" not in seen:
                raise BadContainer("media before the header")
            return at
        if size < 8:  # 0 and 1 are legal in MP4, but a recorder never writes them before the media
            raise BadContainer(f"a box of {size} bytes")
        seen.add(kind)
        at += size
    raise BadContainer(f"no media in the first {len(head)} bytes")


def parts_of(segments: Sequence[Segment], uri: Callable[[str], str], init_bytes: Callable[[str], int]) -> list[Part]:
    """Segments of a track, in order, as parts of a playlist."""
    return [Part(uri(s.path), s.start_us, s.end_us, s.bytes, init_bytes(s.path)) for s in segments]


def playlist(parts: Sequence[Part], take: Take, media: str, *, ended: bool = True) -> str:
    """The media playlist of one track in one take.

    Args:
        parts: its segments, in order; at least one.
        take: the take.
        media: ``audio`` or ``video``.
        ended: nothing will be added.
    """
    small = SMALL_HOLE_US[media]
    body: list[str] = []
    longest = 1_000_000
    at_us = parts[0].start_us  # no gap at the front: players wait for ever at a second 0 that is none
    for index, part in enumerate(parts):
        if part.start_us > at_us:  # a real hole; the part after it stands at its exact time again
            body += _gap(at_us, part.start_us)
            longest = max(longest, part.start_us - at_us)
            at_us = part.start_us
        following = parts[index + 1].start_us if index + 1 < len(parts) else part.end_us
        # Up to the next one where there is no real hole: the sum of the lengths stays the time of day.
        end_us = following if following - part.end_us <= small else part.end_us
        end_us = max(end_us, at_us + 1000)
        body += _part(part, at_us, end_us)
        longest = max(longest, end_us - at_us)
        at_us = end_us
    if ended and take.end_us is not None and take.end_us - at_us > small:
        body += _gap(at_us, take.end_us)
        longest = max(longest, take.end_us - at_us)
    head = [
        "#EXTM3U",
        "#EXT-X-VERSION:8",
        f"#EXT-X-TARGETDURATION:{math.ceil(longest / 1_000_000)}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        f"#EXT-X-PLAYLIST-TYPE:{'VOD' if ended else 'EVENT'}",
    ]
    return "\n".join([*head, *body, *(["#EXT-X-ENDLIST"] if ended else [])]) + "\n"


def _part(part: Part, start_us: int, end_us: int) -> list[str]:
    return [
        "#EXT-X-DISCONTINUITY",
        f'#EXT-X-MAP:URI="{part.uri}",BYTERANGE="{part.init_bytes}@0"',
        f"#EXT-X-PROGRAM-DATE-TIME:{utc_text(start_us)}",
        f"#EXTINF:{(end_us - start_us) / 1_000_000:.6f},",
        f"#EXT-X-BYTERANGE:{part.bytes - part.init_bytes}@{part.init_bytes}",
        part.uri,
    ]


def _gap(start_us: int, end_us: int) -> list[str]:
    return [
        "#EXT-X-DISCONTINUITY",
        f"#EXT-X-PROGRAM-DATE-TIME:{utc_text(start_us)}",
        "#EXT-X-GAP",
        f"#EXTINF:{(end_us - start_us) / 1_000_000:.6f},",
        "gap",
    ]
