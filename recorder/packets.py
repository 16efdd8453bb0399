"""Making a camera's packets fit to be written: every one with a decode time, strictly increasing, one for each picture.

What real streams do (each seen): the first packet, which is the key frame, has no time; a picture of several slices comes as
several packets with one decode time, which a muxer refuses; times jump when a camera starts again. A picture is held until
the next one is there, so that its duration is exact and its slices are together.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from typing import Any, NamedTuple

from av.packet import Packet

from recorder.annexb import continues_picture, without_leading_sets

# A step of the decode time longer than this is no frame rate but a hole; one that the clock on the wall does not confirm
# within the second figure is a new time line.
HOLE_US = 1_000_000
DISAGREE_US = 2_000_000


def ticks_us(ticks: int, base: Fraction) -> int:
    """Ticks of a stream's time base as µs, rounded down. In integers: a Fraction's product costs ten times that, many times a picture."""
    return ticks * base.numerator * 1_000_000 // base.denominator


def sent_of(packet: Packet[Any]) -> int | None:
    """When its sender took it, UTC µs on the sender's clock; None without a sender report (FFmpeg's ``AVProducerReferenceTime``)."""
    if not packet.has_sidedata("prft"):
        return None
    return int.from_bytes(bytes(packet.get_sidedata("prft"))[:8], sys.byteorder, signed=True)


class Picture(NamedTuple):
    """One coded picture; a tuple, because two are made for each picture of each camera, and a dataclass costs five times that.

    Attributes:
        data: its bytes, all slices.
        dts: decode time, ticks of the stream's time base; strictly increasing.
        pts: presentation time, ticks.
        duration: ticks to the next picture; the nominal one before a hole.
        key: decoding can begin here.
        arrival_us: when the last of it came, CLOCK_MONOTONIC.
        after_hole: pictures are missing before it.
        sent_us: when it was taken, UTC µs on the sender's own clock, by its report (RTCP); None when it gave none.
    """

    data: bytes
    dts: int
    pts: int
    duration: int
    key: bool
    arrival_us: int
    after_hole: bool = False
    sent_us: int | None = None

    def lasting(self, duration: int, earlier_us: int = 0) -> Picture:
        """With this duration, and come so much earlier."""
        arrival_us = self.arrival_us - earlier_us
        return Picture(self.data, self.dts, self.pts, duration, self.key, arrival_us, self.after_hole, self.sent_us)

    def packet(self, base: Fraction) -> Packet[Any]:
        """As a packet of a stream with this time base."""
        packet: Packet[Any] = Packet(self.data)
        packet.time_base = base
        packet.dts, packet.pts, packet.duration, packet.is_keyframe = self.dts, self.pts, self.duration, self.key
        return packet


class Mender:
    """Turns packets as they come into pictures.

    Args:
        codec: ``h264`` or ``hevc`` when packets are byte streams with start codes: then slices are recognized; else any text.
        base: time base of the stream.
        nominal: usual duration of a picture, ticks.
    """

    def __init__(self, codec: str, base: Fraction, nominal: int) -> None:
        self._codec = codec
        self._base = base
        self._nominal = max(1, nominal)
        self._timeless: list[Picture] = []
        self._held: Picture | None = None
        self._stamp: int | None = None  # of the last one taken, as it came
        self._shift = 0  # added to the stream's times since its time line was broken

    def feed(self, packet: Packet[Any], arrival_us: int) -> list[Picture]:
        """Take one packet; gives the pictures that are complete by it."""
        data = bytes(packet)
        dts = packet.pts if packet.dts is None else packet.dts
        pts = packet.dts if packet.pts is None else packet.pts
        times = (dts or 0) + self._shift, (pts or 0) + self._shift
        picture = Picture(data, *times, 0, packet.is_keyframe, arrival_us, sent_us=sent_of(packet))
        return self._take(picture, timeless=dts is None)

    def take(self, picture: Picture) -> list[Picture]:
        """The same for what is no packet of FFmpeg's: a picture, or a slice of one, with the stream's times and without a duration."""
        new, self._stamp = picture.pts != self._stamp, picture.pts
        if self._shift:
            picture = picture._replace(dts=picture.dts + self._shift, pts=picture.pts + self._shift)
        if new and not self._timeless:  # slices of one picture have one time
            return self._next(picture)
        return self._take(picture, timeless=False)

    def _take(self, picture: Picture, *, timeless: bool) -> list[Picture]:
        if continues_picture(self._codec, picture.data) and (self._timeless or self._held):
            picture = self._joined(picture)
            if not self._timeless:
                self._held = picture
                return []
            self._timeless.pop()
        if timeless:
            self._timeless.append(picture)
            return []
        return self._with_timeless(picture) if self._timeless else self._next(picture)

    def flush(self) -> list[Picture]:
        """The picture that is held, with the nominal duration: nothing comes after it."""
        held, self._held = self._held, None
        return [held.lasting(self._nominal)] if held else []

    def _joined(self, part: Picture) -> Picture:
        """The picture that waits, with a further slice; a first picture without a time takes that of the slice."""
        whole = self._timeless[-1] if self._timeless else self._held
        if whole is None:
            return part
        data = whole.data + without_leading_sets(self._codec, part.data)
        dts, pts = (part.dts, part.pts) if self._timeless else (whole.dts, whole.pts)
        key = whole.key or part.key
        return whole._replace(data=data, dts=dts, pts=pts, key=key, arrival_us=part.arrival_us)

    def _with_timeless(self, picture: Picture) -> list[Picture]:
        """Place pictures without a time, one nominal duration apart, before the first that has one."""
        waiting, self._timeless = self._timeless, []
        done: list[Picture] = []
        for back, other in zip(range(len(waiting), 0, -1), waiting, strict=True):
            dts = picture.dts - back * self._nominal
            done += self._next(other._replace(dts=dts, pts=dts))
        return done + self._next(picture)

    def _next(self, picture: Picture) -> list[Picture]:
        held = self._held
        if held is None:
            self._held = picture
            return []
        step = picture.dts - held.dts
        step_us = ticks_us(step, self._base)
        if -HOLE_US < step_us <= HOLE_US:
            if step < 1 or picture.pts < picture.dts:  # a little disorder: keep the order of arrival
                step = max(1, step)
                picture = picture._replace(dts=held.dts + step, pts=max(picture.pts, held.dts + step))
            self._held = picture
            return [held.lasting(step)]
        self._held = self._over_hole(held, picture, step, step_us)
        return [held.lasting(self._nominal)]

    def _over_hole(self, held: Picture, picture: Picture, step: int, step_us: int) -> Picture:
        waited_us = picture.arrival_us - held.arrival_us
        if abs(step_us - waited_us) > DISAGREE_US:
            wanted = max(self._nominal, int(waited_us / (self._base * 1_000_000)))
            self._shift += wanted - step
            picture = picture._replace(dts=held.dts + wanted, pts=picture.pts - picture.dts + held.dts + wanted)
        return picture._replace(after_hole=True)
