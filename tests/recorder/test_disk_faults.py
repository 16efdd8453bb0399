"""The disk fails under a real daemon with real capture children: full, and errors at the n-th sync (strace)."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from protocol.hearing import State
from protocol.view import HearingView
from recorder.client import RecorderClient, Refused
from tests.recorder.test_recovery import begin, courtroom, media, readable, unbroken, view_of
from tests.support.clips import samples_in
from tests.support.fault_room import Measured, Record, Tell, judge
from tests.support.recorder import Box, box_running, check, codes, wait_for

__all__ = ["media"]  # a fixture

ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="a small disk needs root (mount)")
STRACE = pytest.mark.skipif(shutil.which("strace") is None, reason="errors of fsync need strace")
CHILD_SYNCS = range(1, 11)


@contextmanager
def small_disk(folder: Path, mebibytes: int) -> Iterator[Path]:
    """A disk of so many MiB, mounted; for as long as the block runs."""
    image, mount = folder / "image", folder / "small"
    mount.mkdir()
    with image.open("wb") as file:
        file.truncate(mebibytes << 20)
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", str(image)], check=True)
    done = subprocess.run(["mount", "-o", "loop", str(image), str(mount)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no loop mounts here: {done.stderr.strip()}")
    try:
        yield mount
    finally:
        subprocess.run(["umount", str(mount)], check=True)


def fill(path: Path) -> None:
    """Take all the room that is left."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        for size in (1 << 20, 4096):
            with suppress(OSError):
                while True:
                    file.write(bytes(size))


@contextmanager
def failing(pid: int, calls: str, error: str, when: str) -> Iterator[None]:
    """Have system calls of a running process fail."""
    command = ["strace", "-f", "-q", "-q", "-e", f"trace={calls}", "-e", f"inject={calls}:error={error}:when={when}"]
    with subprocess.Popen([*command, "-o", "/dev/null", "-p", str(pid)], stderr=subprocess.PIPE) as tracer:
        try:
            wait_for(lambda: "TracerPid:\t0" not in Path(f"/proc/{pid}/status").read_text())
            yield
        finally:
            tracer.terminate()
            with suppress(subprocess.TimeoutExpired):
                tracer.wait(5)
            tracer.kill()  # it can wait for ever for threads of a process whose first thread has gone


def line_data(box: Box, hearing: str, *types: str) -> list[dict[str, Any]]:
    view = box.settings.hearings / hearing / "journal.jsonl"
    from protocol.journal import Line, read_journal

    return [dict(line.data) for line in read_journal(view.read_bytes())[0] if isinstance(line, Line) and line.type in types]


def every_segment_is_true(record: Path, view: HearingView) -> None:
    """Every file has what its line says, and no file lies there that no line names."""
    readable(record, view.segments)
    named = {segment.path for segment in view.segments}
    assert named == {path.relative_to(record).as_posix() for path in (record / "media").rglob("*.mp4")}


@ROOT
def test_the_disk_is_full_and_has_room_again(tmp_path: Path, media: Path, tell: Tell) -> None:
    with small_disk(tmp_path, 24) as disk:
        box_settings = courtroom(disk, media).model_copy(update={"run_dir": tmp_path / "run"})
        with box_running(box_settings, tmp_path / "log") as box:
            hearing = begin(box)
            time.sleep(3)
            ballast = disk / "ballast"
            fill(ballast)
            full = time.monotonic()
            with box.client() as client:
                wait_for(lambda: not client.status().recording)
                wait_for(lambda: {"journal-failed", "source-lost"} & {item.code for item in client.status().findings})
                alarm_s = time.monotonic() - full
                # The last free bytes of a block may still take a line.
                refused = wait_for(lambda: refusal(client, hearing))
                assert refused == "disk-failed", "what cannot be written is not acknowledged"
                ballast.unlink()
                free_us = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
                wait_for(lambda: client.status().recording)
                assert client.status().hearing == hearing
                time.sleep(2)
                client.remark(hearing, "said when there was room again", "secretary")
                client.stop(hearing, "secretary")
                assert client.status().state is State.FINISHED
            view = view_of(box, hearing)
            record = box.settings.hearings / hearing
            every_segment_is_true(record, view)
        report = check(record)
        assert report.good, codes(report)
        found = Record(record)
        lost_sources = {source for item in view.gaps for source in (one.source for one in item.intervals)}
        again_s = (found.again_us(lost_sources) - found.offset_us - free_us) / 1e6 if lost_sources else None
        judge("disk-full-and-space-back", tell, Measured(alarm_s, again_s))
        assert "said when there was room again" in {remark.text for remark in view.remarks}
        lost = {(item["source"], item["cause"]) for item in line_data(box, hearing, "source_lost")}
        assert {cause for _, cause in lost} <= {"disk_failed"}
        assert lost or line_data(box, hearing, "gap"), "the journal tells what happened"


@ROOT
def test_a_hearing_is_ended_and_sealed_on_a_full_disk(tmp_path: Path, media: Path) -> None:
    """The reserve: remarks, the end and the manifest still find room, and the record is good while the disk is full."""
    with small_disk(tmp_path, 48) as disk:
        box_settings = courtroom(disk, media).model_copy(update={"run_dir": tmp_path / "run", "reserve_mib": 4})
        with box_running(box_settings, tmp_path / "log") as box:
            hearing = begin(box)
            wait_for((box.settings.hearings / ".reserve").exists)
            time.sleep(3)
            fill(disk / "ballast")
            with box.client() as client:
                wait_for(lambda: not client.status().recording)
                client.remark(hearing, "said while the disk was full", "secretary")
                client.stop(hearing, "secretary")
                assert client.status().state is State.FINISHED
            assert shutil.disk_usage(disk).free < 1 << 20 or not (box.settings.hearings / ".reserve").exists()
            view = view_of(box, hearing)
            record = box.settings.hearings / hearing
            report = check(record)
            assert report.good, codes(report)
            every_segment_is_true(record, view)
        assert "said while the disk was full" in {remark.text for remark in view.remarks}


@STRACE
def test_every_sync_of_a_capture_child_may_fail(tmp_path: Path, media: Path, tell: Tell) -> None:
    """Error at the n-th sync, n = 1 … 10: a new child, a new segment; the other device misses not one sample."""
    with box_running(courtroom(tmp_path, media), tmp_path / "log") as box:
        hearing = begin(box)
        for when in CHILD_SYNCS:
            pid = box.capture("mic-bench")
            with failing(pid, "fsync,fdatasync", "EIO", f"{when}+"):
                wait_for(partial(gone, pid))
            wait_for(lambda: recording(box))
        time.sleep(1)
        with box.client() as client:
            shown = {(item.source, item.advice) for item in client.status().findings if item.code == "segment-damaged"}
            client.stop(hearing, "secretary")
        view = view_of(box, hearing)
        record = box.settings.hearings / hearing
        told = line_data(box, hearing, "source_lost")
    report = check(record)
    assert report.good, codes(report)
    every_segment_is_true(record, view)
    assert {(item["source"], item["cause"]) for item in told} == {("mic-bench", "disk_failed"), ("mic-witness", "disk_failed")}
    assert len(told) == 2 * len(CHILD_SYNCS)
    findings = [item for item in line_data(box, hearing, "finding") if item["code"] == "segment-damaged"]
    saved = {segment.path: segment for segment in view.segments if segment.closed == "recovered"}
    assert saved, "what was synced before is kept"
    assert {item["detail"].partition(":")[0] for item in findings} == set(saved), "each, and no other, is called damaged"
    for item in findings:
        segment = saved[item["detail"].partition(":")[0]]
        assert (item["source"], item["severity"]) == (segment.source, "error")
        assert (item["start_us"], item["end_us"]) == (segment.start_us, segment.end_us)
    assert {source for source, _ in shown} == {"mic-bench", "mic-witness"}
    assert all("failing" in advice for _, advice in shown), "the page says what to do"
    losses = Record(record).losses("mic-bench")
    assert len(losses) == len(CHILD_SYNCS)
    for when, measured in zip(CHILD_SYNCS, losses, strict=True):
        judge(f"eio-at-sync-{when}-of-a-capture-child", tell, measured)
    for source in ("mic-bench", "mic-witness"):
        after = [segment.closed for segment in view.track("T01", source) if segment.closed != "roll"]
        assert set(after) <= {"recovered", "lost", "stop"}, "no segment whose sync failed is called whole"
        assert [gap for gap in view.gaps if source in {item.source for item in gap.intervals}]
    others = [segment for segment in view.segments if segment.source == "mic-x"]
    assert {segment.closed for segment in others} <= {"roll", "stop"}
    got = np.concatenate([samples_in(record / segment.path) for segment in view.track("T01", "mic-x")])
    assert got.size == sum(segment.units for segment in others)
    unbroken(record, view, "mic-x", 0)


def test_a_closed_segment_that_reads_back_otherwise_is_found(tmp_path: Path, media: Path) -> None:
    """The disk gives other bytes than it took: between closing and reading back the file is overwritten behind the recorder's back."""
    with box_running(courtroom(tmp_path, media), tmp_path / "log") as box:
        hearing = begin(box)
        record = box.settings.hearings / hearing
        reader = wait_for(lambda: next((pid for pid in box.children() if reads_back(pid)), None))
        assert reader is not None
        os.kill(reader, signal.SIGSTOP)
        before = {item["path"] for item in line_data(box, hearing, "segment")}
        closed = wait_for(lambda: [item for item in line_data(box, hearing, "segment") if item["path"] not in before and item["source"] == "mic-bench"][1:])
        spoilt = closed[0]
        with (record / spoilt["path"]).open("r+b") as file:
            file.seek(spoilt["bytes"] // 2)
            file.write(bytes(spoilt["bytes"] // 8))
        os.kill(reader, signal.SIGCONT)
        with box.client() as client:
            codes_now = wait_for(lambda: {item.code for item in client.status().findings if item.source == "mic-bench"} & {"readback-differs", "readback-failed"})
            client.stop(hearing, "secretary")
        found = [item for item in line_data(box, hearing, "finding") if item["code"].startswith("readback")]
    assert {item["code"] for item in found} == codes_now
    assert [(item["source"], item["start_us"], item["end_us"]) for item in found] == [("mic-bench", spoilt["start_us"], spoilt["end_us"])]
    report = check(record)
    assert [(item.code, item.subject) for item in report.failures] == [("file-altered", spoilt["path"])], "whoever verifies finds that file and no other"


def reads_back(pid: int) -> bool:
    with suppress(OSError):
        return b"recorder.readback" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


@STRACE
def test_every_sync_of_the_daemon_may_fail(tmp_path: Path, media: Path) -> None:
    """Error at the n-th sync of the journal: it is cut to what was acknowledged and opened again; no sample is lost."""
    with box_running(courtroom(tmp_path, media), tmp_path / "log") as box:
        hearing = begin(box)
        assert box.process is not None
        acknowledged: list[str] = []
        for when in CHILD_SYNCS:
            with failing(box.process.pid, "fsync,fdatasync", "EIO", str(when)), box.client() as client:
                for number in range(12):
                    text = f"remark {when}.{number}"
                    with suppress(Refused):
                        client.remark(hearing, text, "secretary")
                        acknowledged.append(text)
            wait_for(lambda: recording(box))
        with box.client() as client:
            client.stop(hearing, "secretary")
        view = view_of(box, hearing)
        record = box.settings.hearings / hearing
        told = line_data(box, hearing, "finding")
    report = check(record)
    assert report.good, codes(report)
    every_segment_is_true(record, view)
    assert set(acknowledged) <= {remark.text for remark in view.remarks}
    assert "journal-interrupted" in {item["code"] for item in told}
    assert not view.gaps, "capture never waits for the journal"
    for channel, source in enumerate(("mic-bench", "mic-witness")):
        unbroken(record, view, source, channel)


def recording(box: Box) -> bool:
    with box.client() as client:
        status = client.status()
    return status.recording and all(source.state == "recording" and source.bytes for source in status.sources)


def refusal(client: RecorderClient, hearing: str) -> str:
    try:
        client.remark(hearing, "said while nothing can be written " * 20, "secretary")
    except Refused as error:
        return error.code
    return ""


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True
