"""Sixteen microphones on one device, and devices named so that the name survives a restart."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recorder.errors import SourceUnavailable
from recorder.sources.stable import portaudio_name
from tests.support import pulse
from tests.support.capture_child import capture_child
from tests.support.clips import counter, samples_in
from tests.support.pulse import RATE, pulse_room

COUNT = 16
#: Each microphone its own saw tooth: two that were swapped, or one that took from its neighbour, are seen.
STEPS = tuple(2 * number + 1 for number in range(COUNT))
#: Of the saw teeth (tests.support.clips.counter): a prime, so that a sample's value says its number.
PERIOD = 30_011


@pytest.mark.pulse
@pytest.mark.skipif(pulse.why_not() is not None, reason=str(pulse.why_not()))
def test_sixteen_microphones_keep_apart_and_in_step(tmp_path: Path) -> None:
    names = [f"mic-{number:02d}" for number in range(1, COUNT + 1)]
    voices = counter(5 * RATE, STEPS)
    with pulse_room(COUNT) as room:
        source = {"name": "mics", "kind": "microphone", "media": "audio", "device": room.device, "channels": names}
        with capture_child({"source": source, "offset_us": 10**15, "segment_s": 2.0}, room.environment) as child:
            tracks = child.wait_for("ready")["tracks"]
            child.send({"do": "begin", "take": "T01", "folder": str(tmp_path)})
            child.wait_for("first")
            room.play(voices).wait(60)
            time.sleep(0.5)
            child.send({"do": "end"})
            child.wait_for("ended")
            assert child.finish() == 0
    assert [(track["source"], track["given"], track["encoder"]) for track in tracks] == [
        (n, "pcm_s16le", "flac") for n in names
    ]
    heard = np.stack(
        [np.concatenate([samples_in(tmp_path / i["path"]) for i in child.all("closed", source=n)]) for n in names]
    )
    judge(heard.astype(np.int64))


def judge(heard: Any) -> None:
    """Each microphone has its own sound, and all have the same moment of it at the same place.

    A machine that is too busy loses samples of the whole device at once: that is no fault of the channels, so it is passed over here.
    """
    sounding = heard[:, np.any(heard != 0, axis=0)]
    numbers = np.stack(
        [(row + 15_000 - 11) * pow(step, -1, PERIOD) % PERIOD for row, step in zip(sounding, STEPS, strict=True)]
    )
    assert np.all(numbers == numbers[0])
    assert np.count_nonzero(np.diff(numbers[0]) % PERIOD == 1) > RATE


def sound_cards(folder: Path, *names: str) -> Path:
    """What udev makes of USB devices in the order in which they were plugged in."""
    links = folder / "snd/by-id"
    links.mkdir(parents=True, exist_ok=True)
    for link in links.iterdir():
        link.unlink()
    for number, name in enumerate(names):
        (folder / f"snd/controlC{number}").touch()
        (links / name).symlink_to(f"../controlC{number}")
    return links


def test_a_device_keeps_its_name_when_the_cards_are_numbered_anew(tmp_path: Path) -> None:
    bench, table = "usb-Court_Microphones_0001-00", "usb-Court_Microphones_0002-00"
    links = sound_cards(tmp_path, bench, table)
    assert portaudio_name(str(links / table)) == "(hw:1,0)"
    sound_cards(tmp_path, table, bench)
    assert portaudio_name(str(links / table)) == "(hw:0,0)"


def test_a_name_of_portaudio_is_passed_on(tmp_path: Path) -> None:
    assert portaudio_name("Court Microphones: USB Audio") == "Court Microphones: USB Audio"
    with pytest.raises(SourceUnavailable, match="No such file"):
        portaudio_name(str(tmp_path / "usb-nobody"))
    (tmp_path / "pcmC0D0c").touch()
    with pytest.raises(SourceUnavailable, match="is no sound card"):
        portaudio_name(str(tmp_path / "pcmC0D0c"))
