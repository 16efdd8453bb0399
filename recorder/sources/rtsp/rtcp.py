"""Reports of RTCP (RFC 3550, section 6): when the camera took a picture, by its own clock; that it leaves; and what we received."""

from __future__ import annotations

import struct
from collections.abc import Iterator

_SENDER, _RECEIVER, _BYE = 200, 201, 203
_NTP_EPOCH_S = 2_208_988_800
_SENDER_BYTES = 28
_US_TICKS = 100, 9  # µs in ticks of 1/90000 s


def packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and bytes of each packet of a compound, up to the first that is malformed."""
    at = 0
    while at + 8 <= len(data) and data[at] & 0xC0 == 0x80:
        after = at + 4 + 4 * int.from_bytes(data[at + 2 : at + 4])
        if after > len(data):
            return
        yield data[at + 1], data[at:after]
        at = after


class SenderReports:
    """What the camera says of its time.

    Attributes:
        ended: it said that it leaves.
        middle: of the last report's time, for the answer to it (LSR); 0 without one.
    """

    def __init__(self) -> None:
        self.ended = False
        self.middle = 0
        self._anchor: tuple[int, int, int] | None = None  # UTC µs, ticks, time line

    def take(self, data: bytes, source: int, stamp: int, ticks: int, line: int = 0) -> bool:
        """Take a compound packet.

        Args:
            data: its bytes.
            source: whose reports count.
            stamp: a time stamp as it came.
            ticks: the same, carried on.
            line: number of the time line that both are of.

        Returns:
            Whether it had a sender's report.
        """
        found = False
        for kind, packet in packets(data):
            if int.from_bytes(packet[4:8]) != source:
                continue
            if kind == _BYE:
                self.ended = True
            elif kind == _SENDER and len(packet) >= _SENDER_BYTES:
                seconds, part, reported = struct.unpack_from(">III", packet, 8)
                found = True
                if seconds < _NTP_EPOCH_S:  # the camera does not know the time
                    self._anchor = None
                    continue
                self.middle = (seconds & 0xFFFF) << 16 | part >> 16
                step = (reported - stamp) & 0xFFFFFFFF
                step -= (1 << 32) if step >> 31 else 0
                self._anchor = (seconds - _NTP_EPOCH_S) * 1_000_000 + (part * 1_000_000 >> 32), ticks + step, line
        return found

    def sent_us(self, ticks: int, line: int = 0) -> int | None:
        """When the camera took the picture with this time, UTC µs by its own clock; None before a report of the same time line."""
        if self._anchor is None or self._anchor[2] != line:
            return None
        sent_us, at, _ = self._anchor
        return sent_us + (ticks - at) * _US_TICKS[0] // _US_TICKS[1]


def receiver_report(own: int, source: int, highest: int, missing: int, middle: int) -> bytes:
    """A receiver's report right after the sender's (6.4.2). Jitter is not measured: packets are read in groups."""
    lost = min(missing, 0x7FFFFF)
    return struct.pack(">BBHIIIIIII", 0x81, _RECEIVER, 7, own, source, lost, highest & 0xFFFFFFFF, 0, middle, 0)
