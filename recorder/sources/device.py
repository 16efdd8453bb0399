"""Microphones: one audio device through PortAudio, 1 to 16 channels, one clock."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from recorder.errors import BadCaptureConfig, SourceLost, SourceUnavailable
from recorder.sources.base import Opened, Put, SoundBlock, Track
from recorder.sources.pace import monotonic_us
from recorder.sources.stable import portaudio_name

MAX_CHANNELS = 16
BLOCKS_A_SECOND = 100
# Room in the driver for a machine that is busy for a moment. Lower figures overflow on real ALSA devices.
LATENCY_S = 0.2
# Nothing for so long and the device is gone: PortAudio does not always say so.
SILENT_S = 5.0


class DeviceSound:
    """An audio device.

    Args:
        names: track names, one for each channel.
        device: its name as PortAudio knows it (all of it, or a part that fits only one), or udev's link to it (recorder.sources.stable).
        rate: samples a second.
    """

    def __init__(self, names: tuple[str, ...], device: str, rate: int) -> None:
        if not 1 <= len(names) <= MAX_CHANNELS:
            raise BadCaptureConfig(f"{device}: {len(names)} channels; 1 to {MAX_CHANNELS} are possible")
        self._names, self._device, self._rate = names, device, rate
        self._asked = False
        self._stopped = threading.Event()
        self._came = threading.Event()

    def run(self, put: Put) -> None:
        """See :class:`recorder.sources.base.CaptureSource`."""
        try:
            import sounddevice  # loads libportaudio, which only boxes with microphones need
        except OSError as error:
            raise SourceUnavailable(f"{self._device}: PortAudio is not installed (libportaudio2): {error}") from error
        channels = len(self._names)
        if self._asked:  # PortAudio looks for devices once, when it is initialised
            sounddevice._terminate()  # noqa: SLF001 - sounddevice has no other way to it
            sounddevice._initialize()  # noqa: SLF001
        self._asked = True

        def callback(data: Any, frames: int, _times: Any, status: Any) -> None:
            # PortAudio's thread: copy and leave. bytes() copies; the buffer is PortAudio's.
            block = np.frombuffer(bytes(data), np.int16).reshape(frames, channels)
            put(SoundBlock(block, monotonic_us(), bool(status.input_overflow)))
            self._came.set()

        try:
            stream = sounddevice.RawInputStream(
                device=portaudio_name(self._device),
                channels=channels,
                samplerate=self._rate,
                blocksize=self._rate // BLOCKS_A_SECOND,
                dtype="int16",
                latency=LATENCY_S,
                callback=callback,
            )
        except (sounddevice.PortAudioError, ValueError) as error:
            raise SourceUnavailable(f"{self._device}: {error}") from error
        put(Opened(tuple(Track(name, "audio", "flac", self._rate, "pcm_s16le", "flac") for name in self._names)))
        try:
            stream.start()
            self._watch(stream)
        except sounddevice.PortAudioError as error:
            raise SourceLost(f"{self._device}: {error}") from error
        finally:
            # Not close(): PortAudio can wait for ever on a device that was unplugged, and the process ends anyway.
            if self._came.is_set():
                stream.abort(ignore_errors=True)

    def stop(self) -> None:
        """See :class:`recorder.sources.base.CaptureSource`."""
        self._stopped.set()

    def _watch(self, stream: Any) -> None:
        while not self._stopped.wait(SILENT_S):
            if not self._came.is_set():
                raise SourceLost(f"{self._device}: no sound for {SILENT_S:g} s")
            if not stream.active:
                raise SourceLost(f"{self._device}: the device stopped")
            self._came.clear()
