"""Sound that FFmpeg decodes: a file at its own pace, or a stream. Microphones: recorder.sources.device."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet

from recorder.errors import SourceFormat, SourceLost
from recorder.levels import Samples
from recorder.packets import sent_of
from recorder.sources.base import Opened, Put, SoundBlock, Track
from recorder.sources.opening import audio_of, open_input, said_twice, scrub, told
from recorder.sources.pace import Pace, monotonic_us

# Lossless sound of more than 16 bits is decoded to these; everything else is kept as 16 bits.
_WIDE = ("s32", "s32p")


class Sender:
    """What a stream's sender says of its time (RTCP): when the sample with this number was taken, on the sender's clock."""

    def __init__(self) -> None:
        self._frames = 0  # decoded, in samples
        self._zero_us: int | None = None  # UTC of the time stamp 0
        self._first_us: int | None = None  # UTC of sample 0, by the last frame

    def packet(self, packet: Packet[Any]) -> None:
        """Note a packet."""
        sent_us = sent_of(packet)
        if sent_us is not None and packet.pts is not None and packet.time_base:
            self._zero_us = sent_us - int(packet.pts * packet.time_base * 1_000_000)

    def frame(self, frame: AudioFrame) -> None:
        """Note what was decoded next."""
        if self._zero_us is not None and frame.pts is not None and frame.time_base:
            begin_us = self._zero_us + int(frame.pts * frame.time_base * 1_000_000)
            self._first_us = begin_us - self._frames * 1_000_000 // frame.sample_rate
        self._frames += frame.samples

    def at(self, sample: int, rate: int) -> int | None:
        """When that sample was taken, UTC µs; None when the sender did not say."""
        return None if self._first_us is None else self._first_us + sample * 1_000_000 // rate


def samples_of(container: InputContainer, stream: AudioStream, sender: Sender) -> Iterator[Samples]:
    """Decode: blocks of shape (samples, channels), int16, or int32 with 24 bits in the upper bytes for wide sound."""
    wide = stream.format.name in _WIDE
    # Packed: PyAV 18 crashes on planar frames of exactly eight channels.
    packed = AudioResampler(format="s32" if wide else "s16", layout=stream.layout, rate=stream.rate)
    for packet in container.demux(stream):
        sender.packet(packet)
        for frame in packet.decode():
            sender.frame(frame)
            for part in packed.resample(frame):
                array: Any = part.to_ndarray().reshape(-1, stream.channels)
                # 24-bit sound: the lowest byte is what a decoder of floats may leave; FLAC has no room for it.
                yield array & ~np.int32(0xFF) if wide else array


def _single(blocks: Iterator[Samples], address: str) -> Iterator[Samples]:
    """One channel of two that are the same.

    Raises:
        SourceFormat: they are not, so that one would be dropped.
    """
    for block in blocks:
        if not np.array_equal(block[:, 0], block[:, 1]):
            raise SourceFormat(scrub(f"{address}: has 2 channels, and one name is set for them", address))
        yield block[:, :1]


class DecodedSound:
    """The sound of a file (paced, looped if wished) or of a stream (as it comes).

    Args:
        names: track names, one for each channel; their number must be the file's.
        address: path of a file, or address of a stream.
        paced: a file: give the samples when they are due.
        loop: a file: begin again at its end, without a sample between.
    """

    def __init__(self, names: tuple[str, ...], address: str | Path, *, paced: bool, loop: bool = False) -> None:
        self._names, self._address = names, str(address)
        self._paced, self._loop = paced, loop
        self._pace = Pace()
        self._samples = 0

    def run(self, put: Put) -> None:
        """See :class:`recorder.sources.base.CaptureSource`."""
        container = open_input(self._address, "audio")
        stream = audio_of(container, self._address, len(self._names))
        given = stream.codec_context.codec.canonical_name
        tracks = tuple(Track(name, "audio", "flac", stream.rate, given, "flac") for name in self._names)
        put(Opened(tracks, bits=24 if stream.format.name in _WIDE else 16))
        while self._once(put, container, stream):
            if not self._loop:
                raise SourceLost(
                    scrub(f"{self._address}: the {'file' if self._paced else 'stream'} ended", self._address)
                )
            container = open_input(self._address, "audio")
            stream = audio_of(container, self._address, len(self._names))

    def stop(self) -> None:
        """See :class:`recorder.sources.base.CaptureSource`."""
        self._pace.stop()

    def _once(self, put: Put, container: InputContainer, stream: AudioStream) -> bool:
        """Play to the end; False when stopped before."""
        before, sender = self._samples, Sender()
        with told(self._address, opened=True):
            for block in self._heard(container, stream, sender):
                for part in self._pieces(block, stream.rate):
                    self._samples += len(part)
                    due = (
                        self._pace.wait(self._samples * 1_000_000 // stream.rate)
                        if self._paced
                        else not self._pace.stopped
                    )
                    if not due:
                        return False
                    sent_us = sender.at(self._samples - before, stream.rate)
                    put(SoundBlock(part, monotonic_us(), sent_us=sent_us))
        if self._samples == before:
            raise SourceLost(scrub(f"{self._address}: there is no sound in it", self._address))
        return True

    def _heard(self, container: InputContainer, stream: AudioStream, sender: Sender) -> Iterator[Samples]:
        """Blocks with as many channels as have names."""
        blocks = samples_of(container, stream, sender)
        return _single(blocks, self._address) if said_twice(stream, len(self._names)) else blocks

    def _pieces(self, block: Samples, rate: int) -> Iterator[Samples]:
        """Blocks of at most 20 ms, as a device gives them: a file's own may be seconds long."""
        step = max(1, rate // 50)
        for at in range(0, len(block), step):
            yield block[at : at + step]
