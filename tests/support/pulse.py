"""A real audio device with several microphones for tests: PulseAudio with a null sink, played into by paplay.

What is played into channel *n* of the sink is what microphone *n* gives, sample by sample. The device is seen by PortAudio
through ALSA's pulse plugin under the name in :attr:`PulseRoom.device`, by processes that run with :attr:`PulseRoom.environment`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

RATE = 48000
DEVICE = "courtroom"
# The names that ALSA's plugin gives its channels: those of 7.1, and aux0 … only above eight; with others it records pure silence.
NAMES = (
    *("front-left", "front-right", "rear-left", "rear-right", "front-center", "lfe", "side-left", "side-right"),
    *(f"aux{number}" for number in range(8)),
)
_ALSA_CONF = Path("/usr/share/alsa/alsa.conf")
_PULSE_PLUGIN = "libasound_module_pcm_pulse.so"


def why_not() -> str | None:
    """Why no such device can be made here; None when one can. For ``pytest.mark.skipif``."""
    for program in ("pulseaudio", "paplay"):
        if not shutil.which(program):
            return f"{program} is not installed"
    if not _ALSA_CONF.exists() or not list(Path("/usr/lib").glob(f"**/alsa-lib/{_PULSE_PLUGIN}")):
        return "ALSA's pulse plugin is not installed (libasound2-plugins)"
    try:
        import sounddevice  # noqa: F401
    except OSError:
        return "PortAudio is not installed (libportaudio2)"
    return None


@dataclass
class PulseRoom:
    """A running room.

    Attributes:
        device: name of the audio device.
        environment: variables a process needs to see it.
        channels: number of microphones.
        server: the PulseAudio process (SIGKILL unplugs the device, SIGSTOP hangs it).
    """

    device: str
    environment: dict[str, str]
    channels: int
    server: subprocess.Popen[bytes]
    folder: Path
    _players: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def play(self, samples: NDArray[np.int16], latency_ms: int = 100) -> subprocess.Popen[bytes]:
        """Play samples, shape (samples, channels), 48 kHz, into the microphones; returns at once.

        The process ends when they have been played. They are heard so much later; a player that does not get its time for so
        long leaves holes.
        """
        path = self.folder / f"play-{len(self._players)}.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(self.channels)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(np.ascontiguousarray(samples, "<i2").tobytes())
        return self.play_file(path, latency_ms)

    def play_file(self, path: Path, latency_ms: int = 100) -> subprocess.Popen[bytes]:
        """Play a WAV file with as many channels as the room has."""
        names = ",".join(NAMES[: self.channels])
        # 100 ms: paplay's own choice fills two seconds of buffer before anything is heard.
        command = ["paplay", "--device=room", f"--latency-msec={latency_ms}", f"--channel-map={names}", str(path)]
        player = subprocess.Popen(command, env={**os.environ, **self.environment})
        self._players.append(player)
        return player

    def heard_by(self) -> int:
        """How many programs record from the microphones at present, as the sound server tells it."""
        command = ["pactl", "list", "short", "source-outputs"]
        found = subprocess.run(
            command, env={**os.environ, **self.environment}, capture_output=True, check=True, text=True, timeout=30
        )
        # The device itself records from the null sink's monitor; whoever records from the device has a client's name.
        return sum("module-remap-source" not in line for line in found.stdout.splitlines())

    def hurry(self) -> None:
        """Have it hand over sound every 50 ms, as a device does: a null sink that nobody plays into does so every two seconds."""
        shape = ("--raw", f"--rate={RATE}", "--format=s16le", f"--channels={self.channels}")
        command = [
            "paplay",
            "--device=room",
            "--latency-msec=50",
            *shape,
            f"--channel-map={','.join(NAMES[: self.channels])}",
            "/dev/zero",
        ]
        self._players.append(subprocess.Popen(command, env={**os.environ, **self.environment}))

    def unplug(self) -> None:
        """The device is gone at once, and whoever played into it."""
        self.server.kill()
        self.close()
        self._players.clear()

    def plug_in(self) -> None:
        """The device is back under its name; it answers when this returns."""
        _socket(self.folder).unlink(missing_ok=True)
        self.server = _serve(self.folder, self.channels)
        self._wait()

    def _wait(self) -> None:
        for _ in range(300):
            if _socket(self.folder).exists() and _answers(self.environment):
                return
            if self.server.poll() is not None:
                break
            time.sleep(0.1)
        self.close()
        raise RuntimeError(f"PulseAudio did not start: {(self.folder / 'log').read_text(errors='replace')}")

    def close(self) -> None:
        """End the players and the server."""
        for process in (*self._players, self.server):
            if process.poll() is None:
                process.kill()
            process.wait(10)


@contextmanager
def pulse_room(channels: int = 4, samples: NDArray[np.int16] | None = None) -> Iterator[PulseRoom]:
    """Start a room with 1 to 16 microphones; ``samples``, if any, are played at once (see :meth:`PulseRoom.play`)."""
    with TemporaryDirectory(prefix="pulse-") as name:
        room = _start(Path(name), channels)
        try:
            if samples is not None:
                room.play(samples)
            yield room
        finally:
            room.close()


def _socket(folder: Path) -> Path:
    return folder / "native"


def _start(folder: Path, channels: int) -> PulseRoom:
    socket = _socket(folder)
    conf = folder / "asound.conf"
    pulse = f'{{ type pulse server "unix:{socket}" device "mics" }}'
    conf.write_text(f'<{_ALSA_CONF}>\npcm.{DEVICE} {pulse}\nctl.{DEVICE} {{ type pulse server "unix:{socket}" }}\n')
    environment = {"ALSA_CONFIG_PATH": str(conf), "PULSE_SERVER": f"unix:{socket}"}
    room = PulseRoom(DEVICE, environment, channels, _serve(folder, channels), folder)
    room._wait()
    return room


def _serve(folder: Path, channels: int) -> subprocess.Popen[bytes]:
    names = ",".join(NAMES[:channels])
    shape = f"channels={channels} channel_map={names}"
    modules = (
        f"module-native-protocol-unix auth-anonymous=1 socket={_socket(folder)}",
        f"module-null-sink sink_name=room rate={RATE} format=s16le {shape}",
        f"module-remap-source source_name=mics master=room.monitor {shape} remix=no",
    )
    quiet = (
        "-n",
        "--daemonize=no",
        "--use-pid-file=no",
        "--exit-idle-time=-1",
        "--disable-shm=yes",
        "--log-level=error",
    )
    home = {"HOME": name, "XDG_RUNTIME_DIR": name, "PULSE_RUNTIME_PATH": name} if (name := str(folder)) else {}
    with (folder / "log").open("wb") as log:
        arguments = [part for module in modules for part in ("-L", module)]
        command = ["pulseaudio", *quiet, "--log-target=stderr", *arguments]
        return subprocess.Popen(command, env={**os.environ, **home}, stdin=subprocess.DEVNULL, stderr=log)


def _answers(environment: dict[str, str]) -> bool:
    command = ["pactl", "list", "short", "sources"]
    found = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, check=False, timeout=30)
    return b"mics" in found.stdout
