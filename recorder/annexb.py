"""What must be known of H.264 and H.265 byte streams (Annex B of ITU-T H.264 and H.265) to keep a picture's slices together."""

from __future__ import annotations

_START = b"\x00\x00\x01"
# For each codec: bytes of a unit's header, the types of coded slices, and those of parameter sets and delimiters.
_UNITS = {
    "h264": (1, frozenset(range(1, 6)), frozenset({7, 8, 9})),
    "hevc": (2, frozenset(range(32)), frozenset({32, 33, 34, 35})),
}


def _kind(codec: str, first: int) -> int:
    return first & 0x1F if codec == "h264" else (first >> 1) & 0x3F


def continues_picture(codec: str, data: bytes) -> bool:
    """Whether the first slice in ``data`` belongs to a picture that began in an earlier packet.

    ``first_mb_in_slice`` (H.264, 7.3.3) is 0, and ``first_slice_segment_in_pic_flag`` (H.265, 7.3.6.1) is 1, exactly when a slice begins
    a picture: both make the bit after the unit's header 1. False for other codecs and for data without start codes.
    """
    if codec not in _UNITS or not data.startswith((_START, b"\x00" + _START)):
        return False
    header, slices, _ = _UNITS[codec]
    at = data.find(_START)
    while at >= 0 and at + 3 + header < len(data):
        if _kind(codec, data[at + 3]) in slices:
            return not data[at + 3 + header] & 0x80
        at = data.find(_START, at + 3)
    return False


def without_leading_sets(codec: str, data: bytes) -> bytes:
    """``data`` without the parameter sets and delimiters before its first other unit.

    Senders repeat them before each slice of a key frame; inside a picture they are not allowed (H.264, 7.4.1.2.3).
    """
    if codec not in _UNITS:
        return data
    _, _, sets = _UNITS[codec]
    first = at = data.find(_START)
    while at >= 0 and at + 3 < len(data) and _kind(codec, data[at + 3]) in sets:
        at = data.find(_START, at + 3)
    if at == first:
        return data
    return b"\x00" + data[at:] if at >= 0 else b""


def sequence_set(codec: str, data: bytes) -> bytes | None:
    """The first sequence parameter set in ``data``: size and form of the pictures; None when it has none."""
    if codec not in _UNITS:
        return None
    wanted = 7 if codec == "h264" else 33
    at = data.find(_START)
    while at >= 0 and at + 3 < len(data):
        after = data.find(_START, at + 3)
        if _kind(codec, data[at + 3]) == wanted:
            return data[at + 3 : after if after >= 0 else len(data)].rstrip(b"\x00")
        at = after
    return None
