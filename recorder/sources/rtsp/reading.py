"""A camera's pictures by RTSP: opened, and read with few wakes until it ends or is stopped."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import structlog
from av.video.stream import VideoStream

from recorder.errors import CaptureError, SourceFormat, SourceLost, SourceUnavailable
from recorder.packets import HOLE_US, Mender, Picture, ticks_us
from recorder.sources.base import Put
from recorder.sources.copying import Sameness, opened
from recorder.sources.opening import OPEN_TIMEOUT_S, READ_TIMEOUT_S, scrub, told
from recorder.sources.pace import monotonic_us
from recorder.sources.rests import Rests
from recorder.sources.rtsp.frames import Coded, Frames
from recorder.sources.rtsp.order import DecodeTimes, depth_of
from recorder.sources.rtsp.rtcp import SenderReports
from recorder.sources.rtsp.sdp import CLOCK
from recorder.sources.rtsp.session import Session
from recorder.sources.rtsp.template import template_of

log = structlog.get_logger()

BASE = Fraction(1, CLOCK)
#: Room for what comes in a rest, and more than any frame or message takes.
_ROOM = 1 << 18
_JUMP = CLOCK * HOLE_US // 1_000_000
#: A camera is opened with its first key frame and the two pictures after it, which tell its rate, or with what came so long after.
_FIRST = 3
_FIRST_US = 500_000
#: Where pictures are not shown in the order in which they are coded, that order is looked at up to the next key frame, or so long; it is at
#: least so deep as it is with the encoders that there are.
_ORDER_US = 2_000_000
_DEPTH = 2
#: So long a key frame is waited for, where the parameter sets are known without one.
_KEY_US = 3_000_000
_OPEN_US = round(OPEN_TIMEOUT_S * 1e6)
#: A camera that sends something, but no picture, is lost.
_PICTURE_US = round(2 * READ_TIMEOUT_S * 1e6)
_TELL_US = 10_000_000


class RtspPictures:
    """Reads one camera.

    Args:
        name: name of the source.
        url: address, credentials included; they never leave this object.
    """

    def __init__(self, name: str, url: str) -> None:
        self._name, self._url = name, url
        self._session: Session | None = None
        self._stopped = False

    def run(self, put: Put) -> None:
        """See :class:`recorder.sources.base.CaptureSource`.

        Raises:
            NotUnderstood: nothing was handed over, and FFmpeg may read it.
        """
        stream: _Stream | None = None
        try:
            with told(self._url, opened=False):
                self._session = session = Session(self._url)
                if self._stopped:  # before there was anything to stop
                    return
                session.open()
                stream = _Stream(self._name, self._url, session, put)
                stream.open()
            with told(self._url, opened=True):
                while not self._stopped:
                    stream.read()
        except CaptureError as error:
            if not self._stopped:
                raise self._told(error, opened=stream is not None and stream.is_open) from None
        finally:
            self.stop()
            if stream is not None:
                stream.flush()

    def stop(self) -> None:
        """See :class:`recorder.sources.base.CaptureSource`."""
        self._stopped = True
        if self._session is not None:
            self._session.close()

    def _told(self, error: CaptureError, *, opened: bool) -> CaptureError:
        """The same with the address, without what is secret in it. What is open is lost whatever is wrong, and what is not cannot be lost."""
        text = str(error)
        kind = SourceLost if opened else SourceUnavailable if isinstance(error, SourceLost) else type(error)
        address = scrub(self._url, self._url)
        return kind(scrub(text if text.startswith(address) else f"{self._url}: {text}", self._url))


class _Stream:
    """What comes by one session: bytes to frames, frames to pictures, pictures to whoever takes them."""

    def __init__(self, name: str, url: str, session: Session, put: Put) -> None:
        self._name, self._url, self._session, self._put = name, url, session, put
        given = session.pictures
        self._reports = SenderReports()
        self._frames = Frames(given.codec, given.payload_type, session.channels, self._reported, session.heard)
        self._recv_into = session.play()
        self._data = bytearray(_ROOM)
        self._view = memoryview(self._data)
        self._filled = 0
        self._same = Sameness(given.codec)
        self._stream: VideoStream | None = None
        self._times = DecodeTimes(0, 1, _JUMP)
        self._nominal_us = 0
        self._mender: Mender | None = None
        self._rests = Rests(put, BASE)
        self._early = b""
        self._held: list[tuple[Coded, int]] = []  # until it is open
        self._began_us = self._last_us = monotonic_us()
        self._missing, self._tell_us = 0, 0

    @property
    def is_open(self) -> bool:
        """Whether it was handed over: from then on it can only be lost."""
        return self._mender is not None

    def open(self) -> None:
        """Read until it is known what comes, and hand that over.

        Raises:
            NotUnderstood: FFmpeg may read it.
            SourceFormat, SourceLost, OSError: it gives no pictures.
        """
        waiting = self._session.waiting
        for at in range(0, len(waiting), _ROOM // 2):
            part = waiting[at : at + _ROOM // 2]
            self._view[self._filled : self._filled + len(part)] = part
            self._came(len(part))
        waiting.clear()
        while self._mender is None:
            self.read()

    def read(self) -> None:
        """Wait for what comes next, and take all of it.

        Raises:
            SourceLost, OSError: nothing came, or nothing that can be used.
        """
        try:
            count = self._recv_into(self._view[self._filled :])
        except BlockingIOError:
            raise SourceLost(f"no packet for {READ_TIMEOUT_S:g} s") from None
        if not count:
            raise SourceLost("the stream ended")
        self._came(count)

    def flush(self) -> None:
        """Hand over what is held."""
        self._rests.flush()

    def _came(self, count: int) -> None:
        now_us = monotonic_us()
        end = self._filled + count
        used = self._frames.take(self._data, self._view, end)
        self._filled = end - used
        if used and self._filled:
            self._view[: self._filled] = bytes(self._view[used:end])
        if self._early and self._frames.highest >= 0:
            early, self._early = self._early, b""
            self._reported(early)
        done, self._frames.done = self._frames.done, []
        if done:
            self._last_us = now_us
        elif now_us - self._last_us > _PICTURE_US:
            raise SourceLost("sends no pictures")
        if self._mender is None:
            self._hold(done, now_us)
        else:
            for coded in done:
                self._take(self._mender, coded, now_us)
        self._session.keep_alive(now_us / 1e6)
        if self._frames.missing != self._missing and now_us >= self._tell_us:
            self._tell(now_us)
        if self._reports.ended:
            raise SourceLost("the stream ended")

    def _hold(self, done: list[Coded], now_us: int) -> None:
        """Wait for a key frame and the two pictures after it; then open."""
        held = self._held
        for coded in done:
            if held and not held[0][0].key:
                held.clear()
            held.append((coded, now_us))
        waited_us = now_us - self._began_us
        if not held or not held[0][0].key:
            if held and self._session.pictures.sets and waited_us > _KEY_US:
                self._begin()
            elif waited_us > _OPEN_US:
                raise SourceFormat("sent no key frame")
        elif self._enough(now_us - held[0][1]):
            self._begin()

    def _enough(self, since_us: int) -> bool:
        """Whether what came since the first key frame tells the rate, and the order where pictures are not shown as they are coded."""
        stamps = [coded.stamp for coded, _ in self._held]
        if len(set(stamps)) < _FIRST and since_us < _FIRST_US:
            return False
        if self._stream is None:
            given = self._session.pictures
            self._stream = template_of(given.codec, given.sets, self._held[0][0].data)
        if not self._stream.codec_context.has_b_frames and stamps == sorted(stamps):
            return True
        return since_us > _ORDER_US or any(coded.key and coded.stamp != stamps[0] for coded, _ in self._held)

    def _begin(self) -> None:
        given, held = self._session.pictures, self._held
        stream = self._stream or template_of(given.codec, given.sets, held[0][0].data)
        shown = list(dict.fromkeys(coded.stamp for coded, _ in held))
        steps = [after - before for before, after in pairwise(sorted(shown))]
        nominal = min(steps) if steps else round(CLOCK / (given.fps or 25))
        depth = max(depth_of(shown), _DEPTH if stream.codec_context.has_b_frames else 0)
        self._put(opened(self._name, stream, self._url))
        self._times = DecodeTimes(depth, nominal, _JUMP)
        self._nominal_us = ticks_us(nominal, BASE)
        self._mender, self._held = Mender(given.codec, BASE, nominal), []
        for coded, arrival_us in held:
            self._take(self._mender, coded, arrival_us)

    def _take(self, mender: Mender, coded: Coded, arrival_us: int) -> None:
        if coded.key and not self._same.still(coded.data):
            raise SourceLost("the camera changed the form of its pictures; it is opened anew")
        dts = self._times.next(coded.stamp)
        sent_us = self._reports.sent_us(coded.stamp, coded.line)
        if coded.late:
            arrival_us -= self._nominal_us
        picture = Picture(coded.data, dts, coded.stamp, 0, coded.key, arrival_us, sent_us=sent_us)
        for done in mender.take(picture):
            self._rests.take(done)

    def _reported(self, packet: bytes) -> None:
        frames = self._frames
        if frames.highest < 0:  # it means nothing before the time stamp of a picture
            self._early = packet
        elif self._reports.take(packet, frames.source, frames.stamp, frames.ticks, frames.line):
            self._session.report(
                monotonic_us() / 1e6, frames.source, frames.highest, frames.missing, self._reports.middle
            )

    def _tell(self, now_us: int) -> None:
        self._missing, self._tell_us = self._frames.missing, now_us + _TELL_US
        log.warning("the camera left out packets", action="packets_missing", source=self._name, packets=self._missing)
