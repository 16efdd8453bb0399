"""Parts of the demo courtroom: pictures, cameras, sound, settings, processes."""

from __future__ import annotations

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import av
import numpy as np
import pytest

from device_config.settings import ModelSettings, Settings, SpeechSettings, load
from hattama.demo import room, show
from hattama.demo.leaving import begun, clear, in_good_order
from hattama.demo.picture import HEIGHT, WIDTH, Picture
from hattama.demo.processes import Processes
from hattama.demo.setting_up import prepared
from hattama.errors import ChildEnded, DemoFailed
from protocol.hearing import State
from protocol.stages import stages
from recorder.client import RecorderClient, Refused
from recorder.status import ClockStatus, FindingStatus, SourceStatus, Status


@pytest.mark.parametrize("view", ["bench", "room"])
def test_pictures_move_and_show_the_time(view: str) -> None:
    picture = Picture(view, "Демонстрационный суд")
    at = datetime(2026, 11, 22, 5, 30, 15, 250_000, tzinfo=UTC)
    first, same, later = picture.frame(0, at), picture.frame(0, at), picture.frame(1, at.replace(second=16))
    assert first.size == (WIDTH, HEIGHT)
    assert first.tobytes() == same.tobytes()
    changed = np.argwhere(np.asarray(first) != np.asarray(later))
    assert changed[:, 0].max() > HEIGHT - 44  # the clock
    assert changed[:, 0].min() < HEIGHT // 2 + 60  # people


def test_a_camera_serves_a_live_stream_to_several_and_ends_with_its_input(tmp_path: Path) -> None:
    at = tmp_path / "cam"
    command = [sys.executable, "-m", "hattama.demo.camera", "--socket", str(at), "--view", "bench", "--court", "Суд"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        until = time.monotonic() + 30
        while not at.exists() and time.monotonic() < until:
            time.sleep(0.05)
        for _ in range(2):
            with av.open(f"unix:{at}", format="mpegts", timeout=30) as stream:
                packets = [packet for packet, _ in zip(stream.demux(video=0), range(30), strict=False)]
            times = [packet.pts for packet in packets if packet.pts is not None]
            assert packets[0].is_keyframe
            assert sum(packet.is_keyframe for packet in packets) >= 2
            assert {later - earlier for earlier, later in itertools.pairwise(times)} == {
                7200
            }  # 12.5 a second, none twice
    finally:
        assert process.stdin is not None
        process.stdin.close()
        status = process.wait(30)
    assert process.stderr is not None
    assert (status, process.stderr.read()) == (0, b"")
    process.stderr.close()
    assert not at.exists()


def test_the_sound_is_what_its_sidecar_says() -> None:
    about = json.loads(room.SPEECH.with_suffix(".json").read_text(encoding="utf-8"))
    with av.open(str(room.SPEECH)) as file:
        sound = np.concatenate([frame.to_ndarray() for frame in file.decode(audio=0)], axis=1)
    assert sound.shape[0] == len(about["channels"]) == 4
    assert abs(sound.shape[1] - about["samples"]) < about["rate"] // 10
    assert {turn["language"] for turn in about["turns"]} == {"kk", "ru"}
    early = [turn for turn in about["turns"] if turn["end_ms"] < 30_000]
    assert {turn["channel"] for turn in early} == set(about["channels"])
    for turn in about["turns"]:
        part = sound[:, turn["start_ms"] * 48 : turn["end_ms"] * 48]
        assert int(np.argmax((part**2).mean(axis=1))) == about["channels"].index(turn["channel"])
    assert room.SPEECH.stat().st_size < 2_000_000


def test_the_courtroom_hangs_together() -> None:
    codes = {stage.code for stage in stages(room.CASE.code)}
    people = {person.id for person in room.PARTICIPANTS}
    assert all(act.stage in codes or act.remark for act in room.ACTS)
    assert all(act.participant is None or act.participant in people for act in room.ACTS)
    assert [act.at for act in room.ACTS] == sorted(act.at for act in room.ACTS)
    assert {seat.participant for seat in room.SEATS} == people
    assert [seat.source for seat in room.SEATS] == json.loads(room.SPEECH.with_suffix(".json").read_text())["channels"]


def test_settings_survive_the_file(tmp_path: Path) -> None:
    model = ModelSettings(
        engine="moonshine", path=Path("/m"), languages=("kk", "ru"), options={"beam": 2, "fast": True}
    )
    made = room.settings(tmp_path / "state", tmp_path / "run", SpeechSettings(models=(model,)))
    room.write_toml(made, tmp_path / "settings.toml")
    assert load(tmp_path / "settings.toml") == made
    assert (tmp_path / "settings.toml").stat().st_mode & 0o077 == 0


def test_a_taken_port_is_not_used() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert room.free_port(port) not in (0, port)
    assert room.free_port(port) == port


def test_two_demos_on_one_state_are_refused_and_accounts_get_new_passwords(tmp_path: Path) -> None:
    outer = Settings(state_dir=tmp_path / "state")
    with prepared(outer) as first:
        assert set(first.passwords) == {"secretary", "judge"}
        assert first.config.is_file()
        with pytest.raises(DemoFailed, match="another demo"), prepared(outer):
            pass
    assert not first.config.exists()
    assert len(list((tmp_path / "state" / "trust").glob("*.vkey"))) == 2
    with prepared(outer) as second:
        assert second.passwords["judge"] != first.passwords["judge"]
    assert len(list((tmp_path / "state" / "trust").glob("*.vkey"))) == 2


def test_a_process_that_ends_by_itself_is_named_with_its_last_words(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        processes.start("lamp", "hattama", "no-such-command")
        with pytest.raises(ChildEnded, match=r"(?s)lamp ended with status 64.*no-such-command"):
            processes.wait_for("light", lambda: None, 60)


def test_the_last_words_of_a_process_are_sentences(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "lamp.py").write_text(
        'print(\'{"event": "not_lit", "level": "error", "action": "keep", "cause": "no bulb"}\')\nprint("[1, 2]")\n'
    )
    with Processes(tmp_path) as processes:
        processes.start("lamp", "lamp")
        with pytest.raises(ChildEnded) as raised:
            processes.wait_for("light", lambda: None, 60)
    assert "error: not lit (cause: no bulb)\n[1, 2]" in str(raised.value)


def test_every_process_is_ended_and_a_wait_has_an_end(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        processes.start("cam", "hattama.demo.camera", "--socket", str(tmp_path / "cam"), "--view", "room")
        processes.wait_for("its socket", lambda: (tmp_path / "cam").exists() or None, 30)
        with pytest.raises(DemoFailed, match="waited 0 s in vain for nothing"):
            processes.wait_for("nothing", lambda: None, 0)
    assert not (tmp_path / "cam").exists()


def test_processes_die_with_a_demo_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import pathlib, time\nfrom hattama.demo.processes import Processes\n"
        f"with Processes(pathlib.Path({str(tmp_path)!r})) as p:\n"
        "    p.start('archive', 'hattama', 'archive', 'serve')\n"
        "    print(p._running[0].process.pid, flush=True)\n    time.sleep(600)\n"
    )
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")}
    demo = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment)
    assert demo.stdout is not None
    child = int(demo.stdout.readline())
    until = time.monotonic() + 60
    while "hattama.demo.tied" in _command_of(child) and time.monotonic() < until:
        time.sleep(0.05)
    demo.send_signal(signal.SIGKILL)
    demo.wait(30)
    demo.stdout.close()
    while _command_of(child) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _command_of(child)


def test_what_is_being_recorded_is_stopped_and_sealed_however_a_demo_ends(tmp_path: Path) -> None:
    said: list[str] = []
    with prepared(Settings(state_dir=tmp_path / "state")) as made, Processes(tmp_path / "logs", made.lock) as processes:
        inner = made.settings.model_copy(update={"sources": made.settings.sources[-1:], "run_dir": made.config.parent})
        room.write_toml(inner, made.config)
        processes.start("recorder", "hattama", "--config", str(made.config), "recorder")
        with in_good_order(inner, said.append):
            pass  # nobody answers yet, and nothing is said
        assert said == []
        with RecorderClient(inner.socket) as client:
            processes.wait_for("the recorder", lambda: inner.socket.exists() or None, 60)
            first = client.plan(room.CASE)
            client.start(first, "test")
            with pytest.raises(KeyboardInterrupt), in_good_order(inner, said.append):
                raise KeyboardInterrupt
            assert client.hearing(first)["state"] == "finished"
            assert said == [f"ending: the hearing {first} is stopped and sealed", f"sealed: {inner.hearings / first}"]
            left = client.plan(room.CASE)
            client.start(left, "test")
            with pytest.raises(Refused, match="is recording"):
                client.plan(room.CASE)
            clear(client, said.append)
            assert client.hearing(left)["state"] == "finished"
            assert left in said[-1]
            assert client.plan(room.CASE)
            assert begun(client) == []


def test_a_demo_ended_by_ctrl_c_says_so_by_its_status(tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "hattama", "demo", "--exit"]
    demo = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment, process_group=0)
    assert demo.stderr is not None
    while "state and logs" not in (line := demo.stderr.readline()) and line:
        pass
    demo.send_signal(signal.SIGINT)
    told = demo.stderr.read()
    demo.stderr.close()
    assert demo.wait(60) == 130
    assert "Traceback" not in told


def test_processes_of_a_killed_demo_are_waited_for_and_its_sockets_removed(tmp_path: Path) -> None:
    outer = Settings(state_dir=tmp_path / "state")
    with prepared(outer) as first:
        assert first.lock is not None
        # As after kill -9: a process goes on holding the lock, and the folder of sockets stays.
        slow = subprocess.Popen(["sleep", "1"], pass_fds=[first.lock])
    left = Path(tempfile.mkdtemp(prefix="hattama-demo-"))
    (outer.state_dir / "demo" / "run").write_text(str(left))
    with prepared(outer):
        assert slow.wait(30) == 0
        assert not left.exists()


def test_a_room_that_does_not_record_is_told_in_a_sentence() -> None:
    source = SourceStatus(name="cam-bench", kind="camera", media="video", label="Суд", state="lost")
    found = FindingStatus(
        code="source-lost", severity="error", source="cam-bench", start_us=0, advice="Look at its cable."
    )
    status = Status(state=State.FAULTY, sources=(source,), findings=(found,), clock=ClockStatus.model_construct())
    assert show.not_recording(status) == "the hearing is faulty; Суд is lost; source-lost cam-bench Look at its cable."


def _command_of(pid: int) -> str:
    """Command line of a process that runs; empty for one that is gone or only waits to be collected."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
