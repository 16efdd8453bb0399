"""Interleaved frames (RFC 2326, 10.12) of RTP (RFC 3550, 5.1), put together to pictures.

This is the hot place of a camera: three hundred packets a second. All that waits in the socket is looked at in one go, and a packet with
a further piece of a unit, which is nearly every packet, costs a comparison and a copy.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import NamedTuple

from recorder.errors import NotUnderstood, SourceFormat, SourceLost
from recorder.sources.rtsp.messages import Message, message_at
from recorder.sources.rtsp.sdp import CLOCK
from recorder.sources.rtsp.units import PACKINGS, START

#: Bytes. An uncompressed picture of 8192x4096 would not be bigger.
MOST_PICTURE = 1 << 25
#: Bytes that are neither a frame nor a message, until the camera is given up.
MOST_GARBAGE = 1 << 18
_HEAD = struct.Struct(">HHHH")  # $ and channel; length; flags, marker and type; sequence number
_TIMES = struct.Struct(">II")  # time stamp; sender
_RTP_HEAD = struct.Struct(">BBHII")
_TAIL = _HEAD.size
_RTP = _HEAD.size + _TIMES.size  # bytes of the frame's head and of RTP's without extras
_DOLLAR, _PLAIN, _MARKER = 0x24, 0x80, 0x80
_FRAME = 4
# What a message in between begins with: an answer, and what a server may ask of a client.
_METHODS = (
    b"OPTIONS",
    b"ANNOUNCE",
    b"DESCRIBE",
    b"GET_PARAMETER",
    b"SET_PARAMETER",
    b"REDIRECT",
    b"TEARDOWN",
    b"PLAY_NOTIFY",
)
_MESSAGES = (b"RTSP/1.", *(method + b" " for method in _METHODS))
_JUMP = 3000  # packets: more are not lost but counted anew
#: Ticks: a step of the time stamps that may be a new count of them, so that no report from before it tells the time after it.
_BREAK = 10 * CLOCK


class Coded(NamedTuple):
    """A coded picture, or a slice of one where a camera marks each.

    Attributes:
        data: its units with start codes.
        stamp: its time stamp, ticks from the first one, carried on where 32 bits wrap.
        key: decoding can begin here.
        line: number of the time line: another one after the sender's number changed, or its time stamps jumped.
        late: no packet said that it is the last, so the picture was known to be complete when the next began.
    """

    data: bytes
    stamp: int
    key: bool
    line: int = 0
    late: bool = False


class Frames:
    """Takes what the camera sends and gives pictures.

    Args:
        codec: ``h264`` or ``hevc``.
        payload_type: of the packets with pictures.
        channels: of RTP and of RTCP.
        on_report: takes packets of RTCP.
        on_message: takes answers, and requests of the camera's.

    Attributes:
        done: pictures that are complete; whoever takes them empties it.
        missing: packets that the camera counted and did not send.
        source: the sender's number (SSRC).
        highest: highest sequence number, with its cycles.
        stamp: time stamp of the last packet, as it came; :attr:`ticks` is the same, carried on, and :attr:`line` its time line.
    """

    def __init__(
        self,
        codec: str,
        payload_type: int,
        channels: tuple[int, int],
        on_report: Callable[[bytes], None],
        on_message: Callable[[Message], None],
    ) -> None:
        self._packing = PACKINGS[codec]
        self._type, self._channels = payload_type, channels
        self._frame = _DOLLAR << 8 | channels[0]
        self._plain = _PLAIN << 8 | payload_type
        self._on_report, self._on_message = on_report, on_message
        self.done: list[Coded] = []
        self.missing = self.source = self.stamp = self.ticks = self.line = 0
        self.highest = -1
        self._garbage = 0
        self._parts: list[bytes | memoryview] = []  # of the picture
        self._key = self._has_slice = False
        self._middle: bytes | None = None  # of the unit that comes in pieces
        self._unit_at = 0  # which part it begins with
        self._without = False, False  # what the picture was without it: has a slice, is a key frame

    def take(self, data: bytearray, view: memoryview, end: int) -> int:
        """Look at ``data`` up to ``end``; ``view`` is of the same bytes.

        Returns:
            How many bytes are done with; the others are the beginning of something.

        Raises:
            SourceLost: nothing that a camera sends.
        """
        at, count, unpack, more = 0, 0, _HEAD.unpack_from, self._parts.append
        frame, plain, expected, tail = self._frame, self._plain, *self._next()
        marked, last = plain | _MARKER, self._last()
        skip = _TAIL + len(tail)
        while end - at >= _RTP:
            begin, length, head, sequence = unpack(data, at)
            after = at + _FRAME + length
            if sequence == expected and head == plain and begin == frame and data.startswith(tail, at + _TAIL):
                if after > end:
                    break
                if after > at + skip:  # a further piece of the same unit
                    more(view[at + skip : after])
                    expected = (sequence + 1) & 0xFFFF
                    count += 1
                    at = after
                    continue
            elif (
                sequence == expected
                and head == marked
                and self._has_slice
                and begin == frame
                and data.startswith(last, at + _TAIL)
                and at + skip < after <= end
            ):
                more(view[at + skip : after])
                self.highest += count + 1
                self._complete()
                at, count, expected, more = after, 0, -1, self._parts.append
                continue
            self.highest += count
            count = 0
            if not (after := self._any(data, view, at, end)):
                break
            at, more = after, self._parts.append
            (expected, tail), last = self._next(), self._last()
            skip = _TAIL + len(tail)
        self.highest += count
        if self._parts:  # the bytes of the next call will lie in the same place
            self._keep()
            if sum(map(len, self._parts)) > MOST_PICTURE:
                raise SourceLost(f"a picture of more than {MOST_PICTURE >> 20} MiB")
        while end - at >= _FRAME and (after := self._any(data, view, at, end)):  # what is shorter than a packet of RTP
            at = after
        return at

    def _keep(self) -> None:
        """Copy what was only looked at, the beginning of the unit in pieces apart from what is before it."""
        parts, at = self._parts, self._unit_at if self._middle is not None else len(self._parts)
        self._parts = [b"".join(part) for part in (parts[:at], parts[at:]) if part]
        self._unit_at = len(self._parts) - 1

    def _next(self) -> tuple[int, bytes]:
        """What a packet with the next piece of a unit has: its number, and its bytes from the time stamp on."""
        if self._middle is None:
            return -1, b""
        return (self.highest + 1) & 0xFFFF, _TIMES.pack(self.stamp, self.source) + self._middle

    def _last(self) -> bytes:
        """The same of the last piece of a unit."""
        return self._next()[1][:-1] + bytes((self._middle[-1] | 0x40,)) if self._middle else b""

    def _any(self, data: bytearray, view: memoryview, at: int, end: int) -> int:
        """Whatever begins at ``at``: where it ends, or 0 when more bytes are needed."""
        if data[at] != _DOLLAR:
            return self._other(data, at, end)
        begin = at + _FRAME
        after = begin + int.from_bytes(data[at + 2 : begin])
        if after > end:
            return 0
        if data[at + 1] == self._channels[0]:
            self._packet(bytes(view[begin:after]))
        elif data[at + 1] == self._channels[1]:
            self._on_report(bytes(view[begin:after]))
        return after

    def _other(self, data: bytearray, at: int, end: int) -> int:
        """A message, or garbage, begins at ``at``: where it ends, or 0 when more bytes are needed."""
        if data.startswith(_MESSAGES, at):
            try:
                found = message_at(data, at, end)
            except NotUnderstood:
                pass  # garbage that begins like a message
            except SourceFormat as error:
                raise SourceLost(str(error)) from error
            else:
                if found is None:
                    return 0
                self._on_message(found[0])
                return found[1]
        elif end - at < _RTP and 0x41 <= data[at] <= 0x5A:  # a capital letter: it may become a message
            return 0
        after = data.find(self._frame.to_bytes(2), at + 1, end)
        after = end if after < 0 else after
        self._garbage += after - at
        if self._garbage > MOST_GARBAGE:
            raise SourceLost("the camera sends what is no RTSP")
        return after

    def _packet(self, packet: bytes) -> None:
        """A packet of RTP that is not the next piece of a unit."""
        if len(packet) < _RTP_HEAD.size:
            return
        flags, kind, sequence, stamp, source = _RTP_HEAD.unpack_from(packet)
        if flags & 0xC0 != _PLAIN or kind & 0x7F != self._type:
            return
        first, other = self.highest < 0, source != self.source
        self._count(sequence, source)
        if stamp != self.stamp and not first:
            if self._has_slice:  # a camera that marks no last packet
                self._complete(late=True)
            step = (stamp - self.stamp) & 0xFFFFFFFF
            step -= (1 << 32) if step >> 31 else 0
            self.ticks += step
            self.line += other or abs(step) > _BREAK
        self.stamp = stamp
        payload = packet[_RTP_HEAD.size :] if flags == _PLAIN else _payload(packet)
        if payload:
            self._unpack(payload)
        if kind & _MARKER and self._has_slice:
            self._complete()

    def _count(self, sequence: int, source: int) -> None:
        """Note a packet's number: what was in pieces is broken where one is missing."""
        if source != self.source or self.highest < 0:
            self.source, self.highest = source, sequence
            self._drop_piece()
            return
        step = (sequence - self.highest) & 0xFFFF
        if step != 1:
            self._drop_piece()
            if 1 < step < _JUMP:
                self.missing += step - 1
        self.highest += step

    def _unpack(self, payload: bytes) -> None:
        packing = self._packing
        kind = packing.kind(payload[0])
        if kind == packing.pieces:
            self._piece(payload)
            return
        self._middle = None
        if kind == packing.together:
            at = packing.header
            while at + 2 < len(payload):
                length = int.from_bytes(payload[at : at + 2])
                unit = payload[at + 2 : at + 2 + length]
                if len(unit) < length:
                    self.missing += 1
                    return
                if unit:
                    self._unit(unit)
                at += 2 + length
        elif kind <= packing.single:
            self._unit(payload)

    def _unit(self, unit: bytes) -> None:
        kind = self._packing.kind(unit[0])
        if self._has_slice and kind in self._packing.sets:
            return  # repeated before each slice by some
        self._has_slice |= self._packing.is_slice(kind)
        self._key |= self._packing.is_key(kind, unit)
        self._parts += START, unit

    def _piece(self, payload: bytes) -> None:
        packing = self._packing
        skip = packing.header + 1
        if len(payload) <= skip:
            return
        flags = payload[packing.header]
        if flags & 0x80:
            head = packing.whole_header(payload)
            self._unit_at, self._middle = len(self._parts), packing.middle(payload)
            self._without = self._has_slice, self._key
            self._parts += START, head
            kind = packing.kind(head[0])
            self._has_slice |= packing.is_slice(kind)
            self._key |= packing.is_key(kind, head)
        elif self._middle is None or packing.middle(payload) != self._middle:
            return  # its beginning is missing
        self._parts.append(payload[skip:])
        if flags & 0x40:
            self._middle = None

    def _drop_piece(self) -> None:
        if self._middle is not None:
            del self._parts[self._unit_at :]
            self._has_slice, self._key = self._without
            self._middle = None

    def _complete(self, *, late: bool = False) -> None:
        self.done.append(Coded(b"".join(self._parts), self.ticks, self._key, self.line, late))
        self._parts = []
        self._key = self._has_slice = False
        self._middle = None


def _payload(packet: bytes) -> bytes:
    """Without RTP's head, its extension and its padding; empty when they are malformed."""
    begin, end = 12 + 4 * (packet[0] & 0x0F), len(packet)
    if packet[0] & 0x10:
        if begin + 4 > end:
            return b""
        begin += 4 + 4 * int.from_bytes(packet[begin + 2 : begin + 4])
    if packet[0] & 0x20:
        end -= packet[-1]
    return packet[begin:end]
