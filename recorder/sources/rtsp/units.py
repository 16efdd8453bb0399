"""Units of H.264 and H.265 as RTP packs them: one alone, several together, one in pieces (RFC 6184, section 5; RFC 7798, section 4.4)."""

from __future__ import annotations

from dataclasses import dataclass

START = b"\x00\x00\x00\x01"
_RECOVERY_POINT = 6  # payload type of a message in a unit of supplemental information (H.264, D.1.1)
_SEI = 6
_MOST_MESSAGES = 16


@dataclass(frozen=True)
class Packing:
    """How one codec is packed.

    Attributes:
        header: bytes of a unit's header.
        single: highest type of a unit that stands alone.
        together: type of a packet with several units.
        pieces: type of a packet with a piece of one.
        sets: types of parameter sets and delimiters, which stand before a picture and never inside of one.
    """

    header: int
    single: int
    together: int
    pieces: int
    sets: frozenset[int]

    def kind(self, first: int) -> int:
        """Type of the unit whose first byte this is."""
        return first & 0x1F if self.header == 1 else (first >> 1) & 0x3F

    def is_slice(self, kind: int) -> bool:
        """Whether units of this type carry the picture itself."""
        return 1 <= kind <= 5 if self.header == 1 else kind < 32  # table 7-1 of each

    def is_key(self, kind: int, unit: bytes) -> bool:
        """Whether decoding can begin at a picture with this unit: as FFmpeg's parsers see it."""
        if self.header == 2:
            return 16 <= kind <= 23  # IRAP
        return kind == 5 or (kind == _SEI and recovers(unit))  # IDR

    def whole_header(self, piece: bytes) -> bytes:
        """Header of the unit that is in pieces; ``piece`` is the packet's beginning, :attr:`header` bytes and one."""
        kind = piece[self.header]
        if self.header == 1:
            return bytes((piece[0] & 0xE0 | kind & 0x1F,))
        return bytes((piece[0] & 0x81 | (kind & 0x3F) << 1, piece[1]))

    def middle(self, piece: bytes) -> bytes:
        """What each further piece of the same unit but the last begins with."""
        return piece[: self.header] + bytes((piece[self.header] & (0x1F if self.header == 1 else 0x3F),))


PACKINGS = {
    "h264": Packing(1, 23, 24, 28, frozenset({7, 8, 9})),
    "hevc": Packing(2, 47, 48, 49, frozenset({32, 33, 34, 35})),
}


def recovers(unit: bytes) -> bool:
    """Whether a unit of supplemental information of H.264 says that decoding can begin here, as cameras without IDR pictures do."""
    at = 1
    for _ in range(_MOST_MESSAGES):
        values = []
        for _ in range(2):  # type and length, each as bytes of 255 and a last one
            value = 0
            while at < len(unit) and unit[at] == 0xFF:
                value, at = value + 255, at + 1
            if at >= len(unit):
                return False
            values.append(value + unit[at])
            at += 1
        if values[0] == _RECOVERY_POINT:
            return True
        at += values[1]
        if at + 2 > len(unit):
            return False
    return False
