"""Kills and crashes with real capture children that play files: the record stays whole and says what is missing."""

from __future__ import annotations

import itertools
import os
import signal
import time
import wave
from pathlib import Path

import av
import numpy as np
import pytest

from device_config.settings import Settings, SourceSettings
from protocol.hearing import Segment, State
from protocol.journal import Line, read_journal
from protocol.view import HearingView
from tests.support.clips import counter, make_clip, samples_in
from tests.support.recorder import CASE, Box, box_running, check, codes, settings, wait_for

RATE = 48000
NAMES = ("mic-bench", "mic-witness")


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sound in which every sample is known, and pictures; both longer than any test."""
    folder = tmp_path_factory.mktemp("media")
    make_clip(folder / "camera.mp4", 60, group=12)
    with wave.open(str(folder / "voices.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(counter(120 * RATE, (7, 13)).astype("<i2").tobytes())
    return folder


def courtroom(tmp_path: Path, media: Path) -> Settings:
    """Two microphones on one device, a third on another, a camera."""
    voices = media / "voices.wav"
    return settings(
        tmp_path,
        SourceSettings(name="mics", kind="file", media="audio", path=voices, channels=NAMES, loop=True),
        SourceSettings(name="mic-extra", kind="file", media="audio", path=voices, channels=("mic-x", "mic-y"), loop=True),
        SourceSettings(name="cam-judge", kind="file", media="video", path=media / "camera.mp4", loop=True),
    )


def view_of(box: Box, hearing: str) -> HearingView:
    entries, _ = read_journal((box.settings.hearings / hearing / "journal.jsonl").read_bytes())
    return HearingView.of(entries)


def begin(box: Box) -> str:
    with box.client() as client:
        hearing = client.plan(CASE)
        wait_for(lambda: all(source.state == "ready" for source in client.status().sources))
        client.start(hearing, "secretary")
        wait_for(lambda: client.status().recording)
    return hearing


def readable(record: Path, segments: list[Segment]) -> None:
    """Every file decodes to as many units as its line says."""
    for segment in segments:
        if segment.media == "audio":
            assert samples_in(record / segment.path).size == segment.units
        else:
            with av.open(str(record / segment.path)) as container:
                assert sum(1 for _ in container.decode(video=0)) == segment.units


def unbroken(record: Path, view: HearingView, source: str, channel: int) -> None:
    """Within each take not one sample is missing or doubled."""
    for take in view.takes:
        track = view.track(take, source)
        got = np.concatenate([samples_in(record / segment.path) for segment in track])
        step = (7, 13)[channel]
        assert set(np.unique(np.diff(got.astype(int)) % 30011)) <= {step, (11 - (120 * RATE - 1) * step - 11) % 30011}
        assert all(a.end_us == b.start_us for a, b in itertools.pairwise(track))


def test_kill_of_everything(tmp_path: Path, media: Path) -> None:
    with box_running(courtroom(tmp_path, media), tmp_path / "log") as box:
        hearing = begin(box)
        time.sleep(5)
        box.kill_all()
        killed_us = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        time.sleep(2)
        box.start()
        with box.client() as client:
            wait_for(lambda: client.status().recording)
            status = client.status()
            assert (status.hearing, status.take, status.state) == (hearing, "T02", State.RECORDING)
            time.sleep(3)
            client.stop(hearing, "secretary")
        view = view_of(box, hearing)
        record = box.settings.hearings / hearing
    report = check(record)
    assert report.good, codes(report)
    readable(record, view.segments)
    assert [take.reason for take in view.takes.values()] == ["interrupted", "finish"]
    assert [gap.cause for gap in view.gaps] == ["power_or_kill"]
    assert view.clock is not None
    killed = killed_us + view.clock.offset_us
    intervals = {item.source: item for item in view.gaps[0].intervals}
    assert set(intervals) == {*NAMES, "mic-x", "mic-y", "cam-judge"}
    for source, gap in intervals.items():
        before, after = view.track("T01", source)[-1], view.track("T02", source)[0]
        assert abs(gap.from_us - before.end_us) <= 1_000_000, source
        assert abs(gap.to_us - after.start_us) <= 20_000, source
        assert killed - before.end_us < 1_500_000, f"{source}: more than the unsynced fragment was lost"
    for number, source in enumerate(NAMES):
        unbroken(record, view, source, number)


def test_a_second_kill_before_everything_is_back_swallows_no_gap(tmp_path: Path, media: Path) -> None:
    """The gap line waits for the last source; here the camera is late, and the box is killed again meanwhile."""
    room = tmp_path / "room"
    room.mkdir()
    for name in ("voices.wav", "camera.mp4"):
        (room / name).write_bytes((media / name).read_bytes())
    with box_running(courtroom(tmp_path, room), tmp_path / "log") as box:
        hearing = begin(box)
        time.sleep(3)
        box.kill_all()
        (room / "camera.mp4").rename(room / "away.mp4")
        box.start()
        wait_for(lambda: "T02" in view_of(box, hearing).takes)
        time.sleep(1)
        box.kill_all()
        (room / "away.mp4").rename(room / "camera.mp4")
        box.start()
        with box.client() as client:
            wait_for(lambda: client.status().recording)
            wait_for(lambda: all(source.state == "recording" for source in client.status().sources))
            client.stop(hearing, "secretary")
        view = view_of(box, hearing)
        report = check(box.settings.hearings / hearing)
    assert report.good, codes(report)
    assert [take.reason for take in view.takes.values()] == ["interrupted", "interrupted", "finish"]
    for source in (*NAMES, "mic-x", "mic-y", "cam-judge"):
        spans = [(item.start_us, item.end_us) for item in view.segments if item.source == source]
        spans += [(item.from_us, item.to_us) for gap in view.gaps for item in gap.intervals if item.source == source]
        for (_, end), (start, _) in itertools.pairwise(sorted(spans)):
            assert -1 <= start - end <= 20_000, (source, end, start)


def test_kill_while_paused_stays_paused(tmp_path: Path, media: Path) -> None:
    with box_running(courtroom(tmp_path, media), tmp_path / "log") as box:
        hearing = begin(box)
        with box.client() as client:
            client.pause(hearing, "secretary")
        box.kill_all()
        box.start()
        with box.client() as client:
            status = client.status()
            assert (status.state, status.recording, status.take) == (State.PAUSED, False, None)
            assert {source.state for source in status.sources} == {"absent"}
            client.resume(hearing, "secretary")
            client.stop(hearing, "secretary")
        report, view = check(box.settings.hearings / hearing), view_of(box, hearing)
    assert report.good, codes(report)
    inside = [(take.start_us, take.end_us) for take in view.takes.values() if take.end_us is not None]
    for gap in view.gaps:  # a pause is none; the camera may begin a little after the microphones
        assert gap.cause == "starting"
        assert all(any(b <= item.from_us <= item.to_us <= e for b, e in inside) for item in gap.intervals)


def test_orderly_restart_goes_on(tmp_path: Path, media: Path) -> None:
    with box_running(courtroom(tmp_path, media), tmp_path / "log") as box:
        hearing = begin(box)
        assert box.stop() == 0
        assert view_of(box, hearing).current_take is None
        box.start()
        with box.client() as client:
            wait_for(lambda: client.status().recording)
            client.stop(hearing, "secretary")
        view = view_of(box, hearing)
        report = check(box.settings.hearings / hearing)
    assert report.good, codes(report)
    assert [gap.cause for gap in view.gaps] == ["restart"]
    assert "recovered" not in {segment.closed for segment in view.segments}


def test_torn_tails_and_leftovers(tmp_path: Path, media: Path) -> None:
    """A torn line, a torn checkpoint, a temporary file and a second kill right after the first."""
    with box_running(courtroom(tmp_path, media), tmp_path / "log") as box:
        hearing = begin(box)
        time.sleep(3)
        box.kill_all()
        record = box.settings.hearings / hearing
        with (record / "journal.jsonl").open("ab") as journal:
            journal.write(b'{"at":"2026-11-22T10:')
        with (record / "checkpoints").open("ab") as checkpoints:
            checkpoints.write(b"box.court.test/")
        (record / ".manifest-0001.json.4711.tmp").write_bytes(b"{")
        box.start()
        box.kill_all()
        box.start()
        with box.client() as client:
            wait_for(lambda: client.status().recording)
            client.stop(hearing, "secretary")
        entries, _ = read_journal((record / "journal.jsonl").read_bytes())
    report = check(record)
    assert report.good, codes(report)
    recovered = [entry.data for entry in entries if isinstance(entry, Line) and entry.type == "recovered"]
    assert recovered[0]["torn_bytes"] == 21


@pytest.mark.parametrize(("sign", "cause"), [(signal.SIGKILL, "killed"), (signal.SIGSTOP, "frozen")])
def test_one_child_fails_the_others_never_notice(tmp_path: Path, media: Path, sign: signal.Signals, cause: str) -> None:
    with box_running(courtroom(tmp_path, media), tmp_path / "log") as box:
        hearing = begin(box)
        time.sleep(1)
        os.kill(box.capture("mic-x"), sign)
        with box.client() as client:
            wait_for(lambda: len(client.hearing(hearing)["gaps"]) == 2)
            wait_for(lambda: client.status().recording)
            client.stop(hearing, "secretary")
        view = view_of(box, hearing)
        record = box.settings.hearings / hearing
    report = check(record)
    assert report.good, codes(report)
    readable(record, view.segments)
    assert {gap.cause for gap in view.gaps} == {cause}
    assert {item.source for gap in view.gaps for item in gap.intervals} == {"mic-x", "mic-y"}
    assert list(view.takes) == ["T01"]
    for number, source in enumerate(NAMES):
        unbroken(record, view, source, number)


def test_finished_but_not_sealed_is_sealed_at_the_next_start(tmp_path: Path, media: Path) -> None:
    with box_running(courtroom(tmp_path, media), tmp_path / "log") as box:
        hearing = begin(box)
        with box.client() as client:
            client.stop(hearing, "secretary")
        box.kill_all()
        record = box.settings.hearings / hearing
        lines = (record / "journal.jsonl").read_bytes().splitlines(keepends=True)
        assert b'"type":"manifest"' in lines[-1]
        (record / "journal.jsonl").write_bytes(b"".join(lines[:-1]))
        notes = (record / "checkpoints").read_bytes().split(b"\n\n")
        (record / "checkpoints").write_bytes(b"\n\n".join(notes[:-3]) + b"\n\n")
        box.start()
        report = check(record)
    assert report.good, codes(report)
