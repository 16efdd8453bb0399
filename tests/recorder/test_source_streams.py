"""Sound by RTSP (AAC, G.711, Opus) and a remote participant by RTMP, from real servers; one that comes and goes touches no other."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device_config.settings import SourceSettings
from recorder.client import RecorderClient
from tests.support import rtsp_server
from tests.support.capture_child import capture_child
from tests.support.clips import counter, make_clip, numbers_in, samples_in
from tests.support.recorder import CASE, Box, box_running, check, codes, settings, wait_for

TONE_HZ = 440.0
SOUNDS = {
    "aac": ("voaacenc ! aacparse ! rtpmp4gpay", 48_000),
    "pcm_mulaw": ("mulawenc ! rtppcmupay", 8_000),
    "opus": ("opusenc ! rtpopuspay", 48_000),
}


def begin(folder: Path) -> dict[str, Any]:
    return {"do": "begin", "take": "T01", "folder": str(folder)}


@pytest.mark.rtsp
@pytest.mark.skipif(rtsp_server.why_not() is not None, reason=str(rtsp_server.why_not()))
@pytest.mark.parametrize("given", SOUNDS)
def test_sound_of_a_camera_is_decoded_once_and_kept_without_loss(tmp_path: Path, given: str) -> None:
    encode, rate = SOUNDS[given]
    tone = f"audiotestsrc is-live=true freq={TONE_HZ:g} volume=0.5 ! audio/x-raw,rate={rate},channels=1"
    source = {"name": "cam-mic", "kind": "microphone", "media": "audio"}
    with rtsp_server.rtsp_server(f"( {tone} ! audioconvert ! {encode} name=pay0 pt=96 )") as camera:
        config = {"source": {**source, "url": camera.url}, "offset_us": 10**15, "segment_s": 1.0}
        with capture_child(config) as child:
            [track] = child.wait_for("ready")["tracks"]
            child.send(begin(tmp_path))
            child.wait_for("closed", lambda item: item["number"] == 2)
            child.send({"do": "end"})
            child.wait_for("ended")
            assert child.finish() == 0
    assert (track["given"], track["codec"], track["encoder"]) == (given, "flac", "flac")
    closed = child.all("closed")
    assert [item["end_us"] for item in closed[:-1]] == [item["start_us"] for item in closed[1:]]
    heard = np.concatenate([samples_in(tmp_path / item["path"]) for item in closed]).astype(np.float64)
    assert heard.size == sum(item["units"] for item in closed)
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(heard.size)))
    assert np.argmax(spectrum) * track["rate"] / heard.size == pytest.approx(TONE_HZ, abs=2)
    assert np.abs(heard).max() > 8_000
    assert closed[-1]["rms_cdb"] == pytest.approx(-900, abs=60)  # half of full scale, a sine


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class Participant:
    """A remote participant's server: FFmpeg gives a clip by RTMP to one who asks, at the clip's pace."""

    def __init__(self, clip: Path, port: int) -> None:
        address = f"rtmp://127.0.0.1:{port}/court/room"
        command = [
            "ffmpeg",
            "-nostdin",
            "-v",
            "error",
            "-re",
            "-i",
            str(clip),
            "-c",
            "copy",
            "-f",
            "flv",
            "-listen",
            "1",
            address,
        ]
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL)

    def leave(self) -> None:
        """Be gone at once."""
        self.process.kill()
        self.process.wait(10)


@contextmanager
def participant(clip: Path, port: int) -> Iterator[Participant]:
    server = Participant(clip, port)
    try:
        yield server
    finally:
        server.leave()


needs_ffmpeg = pytest.mark.skipif(
    shutil.which("ffmpeg") is None, reason="ffmpeg, which plays the remote participant, is not installed"
)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clips") / "remote.mp4", 120)


def run_together(numbers: list[int]) -> bool:
    return numbers == list(range(numbers[0], numbers[0] + len(numbers)))


@needs_ffmpeg
def test_a_remote_participant_comes_goes_and_comes_again_and_the_microphone_does_not_notice(
    tmp_path: Path, clip: Path
) -> None:
    voice = tmp_path / "voice.wav"
    _write_wav(voice, counter(48_000 * 300, (7,)))
    port = free_port()
    mic = SourceSettings(name="mic-bench", kind="microphone", media="audio", path=voice)
    remote = SourceSettings(
        name="remote-1",
        kind="remote",
        media="video",
        url=f"rtmp://court:s3cr3t@127.0.0.1:{port}/court/room?key=t0ken99",
    )
    with box_running(settings(tmp_path, mic, remote), tmp_path / "log") as box, box.client() as client:
        hearing = client.plan(CASE)
        seen = _Sources(client)
        seen.wait("mic-bench", {"ready"})
        client.start(hearing, "S")
        seen.wait("remote-1", {"ready", "absent", "lost"})
        with participant(clip, port) as first:
            seen.wait("remote-1", {"recording"})
            time.sleep(2)
            first.leave()
            seen.wait("remote-1", {"lost"})
        with participant(clip, port):
            seen.wait("remote-1", {"recording"})
            time.sleep(2)
            client.stop(hearing, "S")
        folder = box.settings.hearings / hearing
        report = check(folder)
        assert report.good, codes(report)
        _judge(box, client.hearing(hearing), folder)
        assert b"s3cr3t" not in box.log.read_bytes()
        assert b"t0ken99" not in box.log.read_bytes()


class _Sources:
    """What the status says of the sources."""

    def __init__(self, client: RecorderClient) -> None:
        self._client = client

    def wait(self, name: str, states: set[str]) -> None:
        wait_for(lambda: self._state(name) in states, 240.0)

    def _state(self, name: str) -> str:
        return next(item.state for item in self._client.status().sources if item.name == name)


def _judge(box: Box, view: dict[str, Any], folder: Path) -> None:
    """Every sample of the microphone, and of the participant what it gave, with its holes named."""
    heard = [samples_in(folder / item["path"]) for item in view["segments"] if item["source"] == "mic-bench"]
    steps = np.diff(np.concatenate(heard).astype(np.int64))
    assert set(np.unique(steps)) <= {7, 7 - 30011}
    shown = [
        number
        for item in view["segments"]
        if item["source"] == "remote-1"
        for number in numbers_in(folder / item["path"])
    ]
    came = [at for at in range(len(shown)) if at == 0 or shown[at] < shown[at - 1]]
    assert len(came) == 2  # each time FFmpeg begins the clip anew
    for first, after in zip(came, [*came[1:], len(shown)], strict=True):
        assert run_together(shown[first:after])
    missing = [interval for gap in view["gaps"] for interval in gap["intervals"]]
    assert {interval["source"] for interval in missing} == {"remote-1"}
    assert len(missing) >= 2  # before it came, and while it was away


def _write_wav(path: Path, samples: Any) -> None:
    import wave

    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes(np.ascontiguousarray(samples, "<i2").tobytes())
