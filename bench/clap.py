"""Flash and beep: a camera and a microphone that know when each flash and beep left them, recorded by real capture children.

The camera is GStreamer's RTSP server (bench.clap_camera). The microphone is a PulseAudio source that is fed through a pipe:
each 10 ms of sound is put into it when it is over, so the time of every sample is known, as it is not with sound that is
*played* into PulseAudio, whose playback has a latency of its own.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from bench import clap_camera
from recorder.sources.pace import monotonic_us
from tests.support.capture_child import CaptureChild
from tests.support.clips import samples_in
from tests.support.pulse import DEVICE, RATE
from tests.support.rtsp_server import SYSTEM_PYTHON

FPS = 25
# The hearing's clock, as the daemon fixes it: without it a sender's UTC could not be believed.
OFFSET_US = (time.clock_gettime_ns(time.CLOCK_REALTIME) - time.clock_gettime_ns(time.CLOCK_MONOTONIC)) // 1000
PERIOD_US = 2_000_000
FIRST_US = 1_000_000
_BLOCK = RATE // 100
_SIZE = (320, 192)
_ALSA_CONF = "/usr/share/alsa/alsa.conf"


def make_flashes(path: Path, seconds: int) -> Path:
    """An MP4 whose picture is white for 120 ms at 1 s, 3 s, 5 s and so on."""
    options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "g": str(FPS),
        "x264-params": "scenecut=0:sliced-threads=0",
    }
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options=options)
        stream.width, stream.height, stream.pix_fmt = *_SIZE, "yuv420p"
        stream.codec_context.thread_count = 1
        for number in range(seconds * FPS):
            white = (number * 1_000_000 // FPS - FIRST_US) % PERIOD_US < 120_000
            frame = av.VideoFrame.from_ndarray(np.full(_SIZE[::-1], 235 if white else 30, np.uint8), format="gray")
            frame = frame.reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


class ClapCamera:
    """The camera. ``zero_us``: CLOCK_MONOTONIC of the clip's time 0; anew for each client that comes alone.

    Args:
        clip: what it shows.
        late_ms: how much later than it was taken a picture leaves it.
    """

    def __init__(self, clip: Path, late_ms: int = 0) -> None:
        command = [SYSTEM_PYTHON, clap_camera.__file__, str(clip), str(late_ms)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.zero_us = 0
        self._port = 0
        self._told = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        if not self._told.wait(60):
            raise RuntimeError("the camera did not start")

    @property
    def url(self) -> str:
        """Its address."""
        return f"rtsp://127.0.0.1:{self._port}/camera"

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait(10)
        self._thread.join(10)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _listen(self) -> None:
        for line in self._process.stdout or ():
            found = json.loads(line)
            self._port, self.zero_us = found.get("port", self._port), found.get("zero_us", self.zero_us)
            self._told.set()


class ClapMicrophone:
    """A PulseAudio source of one channel that beeps at 1 s, 3 s, 5 s and so on of ``zero_us`` on CLOCK_MONOTONIC."""

    def __init__(self, folder: Path) -> None:
        pipe, socket, name = folder / "mic.fifo", folder / "native", str(folder)
        modules = (
            f"module-native-protocol-unix auth-anonymous=1 socket={socket}",
            f"module-pipe-source source_name=mics file={pipe} format=s16le rate={RATE} channels=1",
        )
        quiet = (
            "-n",
            "--daemonize=no",
            "--use-pid-file=no",
            "--exit-idle-time=-1",
            "--disable-shm=yes",
            "--log-level=error",
        )
        home = {"HOME": name, "XDG_RUNTIME_DIR": name, "PULSE_RUNTIME_PATH": name}
        arguments = [part for module in modules for part in ("-L", module)]
        self._server = subprocess.Popen(["pulseaudio", *quiet, *arguments], env={**os.environ, **home})
        conf = folder / "asound.conf"
        pulse = f'{{ type pulse server "unix:{socket}" device "mics" }}'
        conf.write_text(f'<{_ALSA_CONF}>\npcm.{DEVICE} {pulse}\nctl.{DEVICE} {{ type pulse server "unix:{socket}" }}\n')
        self.environment = {"ALSA_CONFIG_PATH": str(conf), "PULSE_SERVER": f"unix:{socket}"}
        end = time.monotonic() + 30
        while not (pipe.exists() and socket.exists()):
            if time.monotonic() > end or self._server.poll() is not None:
                raise RuntimeError("PulseAudio did not start")
            time.sleep(0.05)
        self.zero_us = monotonic_us()
        self._stopping = False
        self._thread = threading.Thread(target=self._feed, args=(pipe,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it."""
        self._stopping = True
        self._thread.join(10)
        self._server.kill()
        self._server.wait(10)

    def _feed(self, pipe: Path) -> None:
        period = PERIOD_US * RATE // 1_000_000
        second = np.zeros(period, np.int16)
        beep = np.arange(RATE // 20)
        first = FIRST_US * RATE // 1_000_000
        second[first : first + beep.size] = (12000 * np.cos(2 * np.pi * 1000 / RATE * beep)).astype(np.int16)
        sound = second.tobytes()
        number = 0
        with suppress(OSError), pipe.open("wb", buffering=0) as file:
            while not self._stopping:
                number += 1
                due_us = self.zero_us + number * _BLOCK * 1_000_000 // RATE
                time.sleep(max(0.0, (due_us - monotonic_us()) / 1e6))
                at = (number - 1) * _BLOCK * 2 % len(sound)
                file.write(sound[at : at + _BLOCK * 2])


def late_ms_of(found_us: list[int], zero_us: int) -> float:
    """Median distance of what was found (hearing's clock) from the nearest true flash or beep of ``zero_us``, ms; positive is late."""
    half = PERIOD_US // 2
    return statistics.median((at - OFFSET_US - zero_us - FIRST_US + half) % PERIOD_US - half for at in found_us) / 1000


def placed(item: dict[str, Any], media_us: int) -> int:
    """Hearing's clock of a media time of a closed segment (record format, section 7.2)."""
    return int(item["start_us"] + media_us * (item["end_us"] - item["start_us"]) // item["media_us"])


def flashes(folder: Path, closed: list[dict[str, Any]]) -> list[int]:
    """When the picture turned white, hearing's clock, µs."""
    found, before = list[int](), True
    for item in closed:
        with av.open(str(folder / item["path"])) as container:
            for frame in container.decode(video=0):
                white = float(frame.to_ndarray(format="gray").mean()) > 128
                if white and not before:
                    found.append(placed(item, round((frame.time or 0) * 1e6)))
                before = white
    return found


def beeps(folder: Path, closed: list[dict[str, Any]]) -> list[int]:
    """When sound began after silence, hearing's clock, µs."""
    sound = np.concatenate([samples_in(folder / item["path"]) for item in closed])
    loud = np.flatnonzero(np.abs(sound.astype(np.int32)) > 3000)
    begins = [int(at) for at, before in zip(loud[1:], loud[:-1], strict=True) if at - before > RATE // 2]
    found = list[int]()
    for item in closed:
        found += [placed(item, at * 1_000_000 // RATE) for at in begins if 0 <= at < item["units"]]
        begins = [at - item["units"] for at in begins]
    return found


@contextmanager
def room(folder: Path, seconds: int, late_ms: int = 0) -> Iterator[tuple[ClapCamera, ClapMicrophone]]:
    """Both devices, for as long as the block runs; ``late_ms``: see :class:`ClapCamera`."""
    camera = ClapCamera(make_flashes(folder / "clap.mp4", seconds), late_ms)
    try:
        microphone = ClapMicrophone(folder)
        try:
            yield camera, microphone
        finally:
            microphone.close()
    finally:
        camera.close()


class Recorded:
    """A capture child that is started again and again, one take each time or several."""

    def __init__(self, source: dict[str, Any], folder: Path, environment: dict[str, str] | None = None) -> None:
        self._config = {"source": source, "offset_us": OFFSET_US, "segment_s": 2.0}
        self._folder, self._environment = folder, environment
        self._child: CaptureChild | None = None

    def restart(self) -> None:
        """End the child, if any, and begin with a new one."""
        self.close()
        self._child = CaptureChild(self._config, self._environment)
        self._child.wait_for("ready")

    def begin(self, take: str) -> None:
        """Record."""
        self._running.send({"do": "begin", "take": take, "folder": str(self._folder)})

    def end(self, take: str) -> list[dict[str, Any]]:
        """No longer; the closed segments."""
        self._running.send({"do": "end"})
        self._running.wait_for("ended")
        return self._running.all("closed", take=take)

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.finish()
            if self._child.process.stdout is not None:
                self._child.process.stdout.close()
            self._child = None

    @property
    def _running(self) -> CaptureChild:
        if self._child is None:
            raise RuntimeError("not started")
        return self._child
