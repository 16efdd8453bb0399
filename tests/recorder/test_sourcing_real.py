"""Sources that come and go with real capture children: the others miss not one sample, a kill in the middle changes nothing of it."""

from __future__ import annotations

import os
import signal
import time
import wave
from collections.abc import Iterator

import numpy as np
import pytest

from device_config.settings import SourceSettings
from protocol.checkpoint import split_notes
from recorder.client import Refused
from tests.support.clips import counter, make_clip, samples_in
from tests.support.fault_room import NUMBERED, Hearing, Record, all_record, numbered, recorder
from tests.support.recorder import settings

RATE = 48000
GUEST = ("guest-left", "guest-right")


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hearing]:
    """Two microphones whose samples have numbers, and a camera; two guests stand at the door."""
    folder = tmp_path_factory.mktemp("sourcing")
    make_clip(folder / "camera.mp4", 60, group=12)
    with wave.open(str(folder / "guest.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(counter(60 * RATE, (7, 13)).astype("<i2").tobytes())
    camera = SourceSettings(name="cam-judge", kind="file", media="video", path=folder / "camera.mp4", loop=True)
    with numbered() as device, recorder(settings(folder, device, camera), folder / "log") as box:
        yield Hearing(box)


def guest(room: Hearing) -> SourceSettings:
    """A remote participant, played from a file whose samples count."""
    path = room.box.settings.state_dir.parent / "guest.wav"
    return SourceSettings(name="guest", kind="file", media="audio", path=path, channels=GUEST, loop=True)


def unbroken(record: Record, takes: int = 1) -> None:
    """Not one sample of a source that nobody touched is missing; the guest's own samples run on while it belongs to a take."""
    record.is_true()
    record.not_one_sample_missing(takes=takes)
    for take, name in {(item.take, item.source) for item in record.view.segments if item.source in GUEST}:
        step = (7, 13)[GUEST.index(name)]
        for segment in record.view.track(take, name):
            steps = np.unique(np.diff(samples_in(record.folder / segment.path).astype(int)) % 30011)
            assert step in steps
            assert len(steps) <= 2, "but for the place where the file begins again"


def test_a_guest_joins_and_leaves_and_a_camera_goes(room: Hearing) -> None:
    room.begin()
    with room.box.client() as client:
        client.add_source(guest(room), "clerk")
        assert {item.state for item in client.status().sources} == {"recording"}, "it is when the answer comes"
        time.sleep(2.5)
        client.remove_source("guest", "clerk")
        assert client.remove_source("cam-judge", "judge")[-1]["present"] is False
        assert [item.name for item in client.status().sources] == list(NUMBERED)
        time.sleep(1)
        client.add_source("cam-judge", "judge")
        time.sleep(1)
    record = room.end()
    unbroken(record)
    take = record.view.takes["T01"]
    spans = {name: [span for span in take.spans if span.source == name] for name in (*GUEST, "cam-judge")}
    for name in GUEST:
        [span] = spans[name]
        track = record.view.track("T01", name)
        assert (span.from_us, span.to_us) == (track[0].start_us, track[-1].end_us), "from its first to its last sample"
        assert not record.gaps(name)
    assert [(span.from_us is None, span.to_us is None) for span in spans["cam-judge"]] == [(True, False), (False, True)]
    assert not record.gaps("cam-judge")
    assert not record.data("source_lost")


def test_a_kill_in_the_middle_takes_the_same_sources(room: Hearing) -> None:
    room.begin()
    with room.box.client() as client:
        client.add_source(guest(room), "clerk")
        client.remove_source("cam-judge", "judge")
    time.sleep(1)
    room.box.kill_all()
    room.box.start()
    room.until(all_record)
    with room.box.client() as client:
        assert {item.name for item in client.status().sources} == {*NUMBERED, *GUEST}
    time.sleep(1)
    record = room.end()
    unbroken(record, takes=2)
    first, second = record.view.takes.values()
    assert first.present == second.sources == tuple(sorted((*NUMBERED, *GUEST)))
    assert not record.gaps("cam-judge"), "nobody misses what was taken out"
    for name in GUEST:
        assert [cause for cause, _, _ in record.gaps(name)] == ["power_or_kill"]


def test_a_kill_before_the_line_of_a_joining_source(room: Hearing) -> None:
    """Its first samples are on the disk, that it was added is not yet in the journal: it belongs to the take from them on."""
    room.begin()
    with room.box.client() as client:
        client.add_source(guest(room), "clerk")
    time.sleep(1)
    room.box.kill_all()
    folder = room.box.settings.hearings / room.name
    raw = (folder / "journal.jsonl").read_bytes().split(b"\n")
    place = next(index for index, line in enumerate(raw) if b'"type":"source_added"' in line)
    (folder / "journal.jsonl").write_bytes(b"\n".join(raw[:place]) + b"\n")  # the disk had no more
    notes = [note for note in split_notes((folder / "checkpoints").read_bytes())[0] if int(note.split(b"\n")[1]) <= place]
    (folder / "checkpoints").write_bytes(b"".join(note + b"\n" for note in notes))
    room.box.start()
    room.until(all_record)
    record = room.end()
    unbroken(record, takes=2)
    assert {item["source"]: item["by"] for item in record.data("source_added")} == dict.fromkeys(GUEST, "recorder")
    for name in GUEST:
        [span] = [span for span in record.view.takes["T01"].spans if span.source == name]
        assert span.from_us == record.view.track("T01", name)[0].start_us


def test_a_source_that_is_lost_and_then_removed_has_its_gap(room: Hearing) -> None:
    room.begin()
    time.sleep(0.5)
    with room.box.client() as client:
        pid = room.capture("cam-judge")
        os.kill(pid, signal.SIGSTOP)
        time.sleep(1)
        client.remove_source("cam-judge", "clerk")
    time.sleep(0.5)
    record = room.end()
    unbroken(record)
    [removed] = record.data("source_removed")
    gaps = record.gaps("cam-judge")
    assert gaps
    assert gaps[-1][2] == removed["at_us"]
    with room.box.client() as client, pytest.raises(Refused) as refused:
        client.remove_source("cam-judge", "clerk")
    assert (refused.value.code, refused.value.http_status, refused.value.exit_status) == ("illegal-move", 409, 65)
