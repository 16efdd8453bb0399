"""``.venv/bin/python -m bench.units``: the units of systemd/ under a real PID 1, with what kills, hangs, reboots and crowds do to them.

A box with a systemd of its own (bench.units_box; needs root and systemd-nspawn) records the numbered sources of bench.loss. In
one hearing: the recorder becomes active by its own word; it is stopped (SIGSTOP) until the watchdog ends it; it is killed; the
box is shut down and booted; its plug is pulled and it is booted; then loops in the slices of web and speech take all cores.
Afterwards every sample and picture of the record is counted and the record verified. Exit status 0 only if it recorded again by
itself in the same hearing each time, said so, and lost no sample while crowded; 2 with the reason where no such box can run.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from bench.loss_box import BY, CASE, wait_for
from bench.loss_check import judge
from bench.loss_room import Room, room
from bench.loss_sources import CAMERA, CHANNELS, make_clip
from bench.machine import busy, machine
from bench.units_box import SystemdBox, why_not
from protocol.journal import Line, read_journal
from protocol.note import VerifierKey
from protocol.view import HearingView
from recorder.client import RecorderClient, Refused
from recorder.status import Status

UNIT = "hattama-recorder.service"
OTHERS = ("hattama-signer", "hattama-console", "hattama-transcriber", "hattama-archive")
SEGMENT_S = 2.0
PATIENCE_S = 180.0
#: Loops in each of both slices: twice as many as there are cores.
LOOPS = os.cpu_count() or 2


class Trial:
    """One hearing in one box; ``figures`` and ``broken`` fill as it goes."""

    def __init__(self, box: SystemdBox, crowd_s: float) -> None:
        self.box, self.crowd_s = box, crowd_s
        self.figures: dict[str, Any] = {}
        self.broken: list[str] = []
        self.hearing = ""
        self.crowded_us = (0, 0)

    def run(self) -> None:
        """Everything, in order."""
        began = time.monotonic()
        self.box.switch_on()
        self._active()
        self.figures["boot_to_active_s"] = round(time.monotonic() - began, 1)
        self._check()
        with self._client() as client:
            self.hearing = client.plan(CASE)
            wait_for(lambda: all(source.state == "ready" for source in client.status().sources))
            client.start(self.hearing, BY)
        self._recording()
        self._disaster("watchdog", lambda: self._signal("STOP"), self._restarted("watchdog"))
        self._disaster("killed", lambda: self._signal("KILL"), self._restarted("signal"))
        self._disaster("rebooted", self._reboot, lambda: True)
        self._disaster("plug_pulled", self._pull, lambda: True)
        self._crowd()
        self._units()
        with self._client() as client:
            client.stop(self.hearing, BY)

    # Steps

    def _disaster(self, name: str, strike: Callable[[], None], struck: Callable[[], bool]) -> None:
        time.sleep(3)
        began = time.monotonic()
        strike()
        wait_for(struck, PATIENCE_S)
        self._active()
        state = self._recording()
        self.figures[f"{name}_recording_again_s"] = round(time.monotonic() - began, 1)
        if state.hearing != self.hearing:
            self.broken.append(f"{name}: it records {state.hearing}, not {self.hearing}")

    def _restarted(self, result: str) -> Callable[[], bool]:
        """Whether systemd has started it again since now."""
        before = int(self.box.unit(UNIT, "NRestarts")["NRestarts"])
        self.figures.setdefault("ended_by", [])

        def struck() -> bool:
            now = int(self.box.unit(UNIT, "NRestarts")["NRestarts"])
            if now == before:
                return False
            self.figures["ended_by"].append(result if f"'{result}'" in self._log(30) else "something else")
            return True

        return struck

    def _signal(self, name: str) -> None:
        self.box.ask("systemctl", "kill", f"--signal={name}", "--kill-whom=main", UNIT)

    def _reboot(self) -> None:
        self.figures["shut_down_s"] = round(self.box.switch_off(), 1)
        self.box.switch_on()

    def _pull(self) -> None:
        self.box.pull_the_plug()
        self.box.switch_on(weights=True)  # for the crowd

    def _check(self) -> None:
        """The timer's service, and that it is no failure beside a hearing is left to tests."""
        self.box.ask("systemctl", "start", "hattama-check.service")
        self.figures["check"] = self.box.unit("hattama-check.service", "Result", "ExecMainStatus")
        self.figures["timer"] = self.box.unit("hattama-check.timer", "LoadState")["LoadState"]

    def _crowd(self) -> None:
        """Loops of web and speech on all cores, recorder between them."""
        slices = [name for name in ("hattama-web.slice", "hattama-speech.slice") for _ in range(LOOPS)]
        for number, name in enumerate(slices):
            command = (
                "systemd-run",
                f"--slice={name}",
                f"--unit=crowd-{number}",
                "/usr/bin/python3",
                "-c",
                "while True: pass",
            )
            self.box.ask(*command)
        time.sleep(2)
        began, before = time.monotonic(), busy()
        from_us = self._now_us()
        time.sleep(self.crowd_s)
        self.crowded_us = (from_us, self._now_us())
        self.figures["crowd"] = {
            "seconds": self.crowd_s,
            "loops": len(slices),
            "slices_have_weights": self.box.shares_processor(),
            "busy_cores": round((busy() - before) / (time.monotonic() - began), 2),
        }
        for number, _ in enumerate(slices):
            self.box.ask("systemctl", "stop", f"crowd-{number}")

    def _units(self) -> None:
        """The other services start and stay; without an archive the uploader ends and is not started again."""
        self.box.ask("systemctl", "start", *(f"{name}.service" for name in OTHERS), "hattama-uploader.service")
        wanted = {**dict.fromkeys(OTHERS, "active"), "hattama-uploader": "failed"}
        with suppress(TimeoutError):
            wait_for(
                lambda: self.box.unit("hattama-uploader.service", "ActiveState")["ActiveState"] == "failed", PATIENCE_S
            )
        time.sleep(10)  # who cannot stay has ended by now
        found = {name: self.box.unit(f"{name}.service", "ActiveState", "NRestarts") for name in wanted}
        self.figures["units"] = {name: value["ActiveState"] for name, value in found.items()}
        for name, value in found.items():
            if value["ActiveState"] != wanted[name] or value["NRestarts"] != "0":
                self.broken.append(f"{name} is {value}: {self._log(5, name)}")

    # Parts

    def _client(self) -> RecorderClient:
        return RecorderClient(self.box.socket)

    def _now_us(self) -> int:
        with self._client() as client:
            return client.status().clock.now_us

    def _log(self, lines: int, unit: str = UNIT) -> str:
        return self.box.ask("journalctl", "--no-pager", "-o", "cat", "-u", unit, "-n", str(lines))

    def _active(self) -> None:
        wait_for(lambda: self.box.unit(UNIT, "ActiveState")["ActiveState"] == "active", PATIENCE_S)

    def _recording(self) -> Status:
        """When it says that it records from every source."""

        def complete() -> Status | None:
            try:
                with self._client() as client:
                    status = client.status()
            except Refused:
                return None
            every = all(source.state == "recording" and source.bytes for source in status.sources)
            return status if status.recording and every else None

        found = wait_for(complete, PATIENCE_S)
        if found is None:
            raise RuntimeError("unreachable")
        return found


def finish(trial: Trial, sources: Room) -> None:
    """What is on the disk: counted, verified, and what the journal says of each interruption."""
    box = trial.box
    # The documented way to ask for the key, as the recorder's user.
    key = box.ask(
        "setpriv", "--reuid=hattama-recorder", "--regid=hattama", "--init-groups", "env", "HATTAMA_STATE_DIR=/var/lib/hattama",
        "HATTAMA_SIGNER_SOCKET=/run/hattama-signer.sock", "/opt/hattama/bin/hattama", "device", "key",
    )  # fmt: skip
    judged = judge(box.hearings, VerifierKey.from_text(key.splitlines()[0]), [], [], {}, [trial.hearing], sources)
    trial.broken += judged.violations
    lines = [
        line
        for line in read_journal((box.hearings / trial.hearing / "journal.jsonl").read_bytes())[0]
        if isinstance(line, Line)
    ]
    view = HearingView.of(lines)
    trial.figures["interruptions"] = [line.data["cause"] for line in lines if line.type == "gap"]
    trial.figures["takes"] = len(view.takes)
    trial.figures["files"], trial.figures["unreadable"] = judged.files, judged.unreadable
    trial.figures["sources_late_s"] = sources.late_s
    begin, end = trial.crowded_us
    lost = [item for gap in view.gaps for item in gap.intervals if item.from_us < end and item.to_us > begin]
    trial.figures["crowd"]["gaps"] = len(lost)
    if lost:
        trial.broken.append(f"crowded: {len(lost)} gaps")
    if len(view.takes) != 5:
        trial.broken.append(f"{len(view.takes)} takes, and it was interrupted four times")


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.units", description="The units under a real PID 1.")
    parser.add_argument("--crowd", type=float, default=60.0, help="how long loops take all cores, s (at most 600)")
    parser.add_argument(
        "--folder", type=Path, default=None, help="where the box's disk lies; default the temporary folder"
    )
    parser.add_argument("--json", action="store_true", help="figures as one JSON object")
    chosen = parser.parse_args()
    if (reason := why_not()) is not None:
        print(f"skipped: {reason}", file=sys.stderr)
        return 2
    folder = Path(tempfile.mkdtemp(prefix="hattama-units-", dir=chosen.folder))
    folder.chmod(0o755)
    with room(make_clip(folder / "clip.ts")) as sources:
        box = SystemdBox(folder, _settings(sources))
        trial = Trial(box, min(chosen.crowd, 600.0))
        try:
            trial.run()
            finish(trial, sources)
        except (RuntimeError, TimeoutError, Refused, OSError) as error:
            trial.broken.append(
                f"{type(error).__name__}: {error}; {box.ask('journalctl', '--no-pager', '-o', 'cat', '-n', '30')}"
            )
        finally:
            box.close()
    found = {"machine": machine(), **trial.figures, "violations": trial.broken}
    print(json.dumps(found) if chosen.json else json.dumps(found, indent=2))
    if trial.broken:
        print(f"the box is kept in {folder}", file=sys.stderr)
    else:
        shutil.rmtree(folder)
    return 1 if trial.broken else 0


def _settings(sources: Room) -> str:
    names = ", ".join(f'"{name}"' for name in CHANNELS)
    return f"""segment_s = {SEGMENT_S}
[[sources]]
name = "mics"
kind = "microphone"
media = "audio"
url = "{sources.microphones.url}"
channels = [{names}]
[[sources]]
name = "{CAMERA}"
kind = "camera"
media = "video"
url = "{sources.camera.url}"
"""


if __name__ == "__main__":
    sys.exit(main())
