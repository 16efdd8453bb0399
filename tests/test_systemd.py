"""The units of systemd/: accepted without a word, tight, and naming only what there is."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hattama import helptext
from hattama.commands.check import NOT_READY
from hattama.commands.monitor import FOUND, SILENT_STATUS
from hattama.commands.retention import NO_ANSWER, SOMETHING_WRONG
from recorder.refusals import HearingRuns
from storage.errors import LogSilent, NoArchive, WitnessUnfit

ROOT = Path(__file__).resolve().parent.parent
UNITS = ROOT / "systemd" / "system"
ANALYZE = shutil.which("systemd-analyze") or "systemd-analyze"
needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="no systemd-analyze (package systemd)"
)

#: Exposure as `systemd-analyze security` gives it, times ten: 0 is best, 100 worst.
AT_MOST = {"recorder": 15, "console": 11, "uploader": 11, "signer": 4, "transcriber": 11, "archive": 15, "check": 11, "retention": 11, "witness": 11, "monitor": 11}


def _services() -> list[Path]:
    return sorted(UNITS.glob("*.service"))


def _value(unit: Path, key: str) -> list[str]:
    """All values of a key, in order."""
    return re.findall(rf"(?m)^{key}=(.*)$", unit.read_text(encoding="utf-8"))


def _root(folder: Path) -> Path:
    """A system in which the units are installed as docs/systemd.md says."""
    units, program = folder / "etc/systemd/system", folder / "opt/hattama/bin/hattama"
    shutil.copytree(UNITS, units)
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    system = Path("/usr/lib/systemd/system")
    if not system.is_dir():
        system = Path("/lib/systemd/system")
    shutil.copytree(system, folder / "usr/lib/systemd/system", symlinks=True)
    return folder


def _verify(root: Path) -> subprocess.CompletedProcess[str]:
    names = sorted(path.name for path in (root / "etc/systemd/system").iterdir() if path.name.startswith("hattama"))
    return subprocess.run(
        [ANALYZE, "verify", f"--root={root}", *names], capture_output=True, text=True, check=False, timeout=120
    )


@needs_systemd
def test_systemd_accepts_every_unit_without_a_word(tmp_path: Path) -> None:
    """Its exit status stays 0 on warnings: any output is an error."""
    root = _root(tmp_path)
    done = _verify(root)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")
    broken = root / "etc/systemd/system/hattama-console.service"
    broken.write_text(broken.read_text(encoding="utf-8").replace("[Service]", "[Service]\nProtectEverything=yes"))
    assert "ProtectEverything" in _verify(root).stderr, "it would have said so"


@needs_systemd
@pytest.mark.parametrize("name", AT_MOST)
def test_exposure(name: str) -> None:
    command = [
        ANALYZE,
        "security",
        "--offline=true",
        f"--threshold={AT_MOST[name]}",
        "--no-pager",
        str(UNITS / f"hattama-{name}.service"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout[-400:]


def test_every_service_has_a_limit() -> None:
    assert {path.stem.removeprefix("hattama-") for path in _services()} == set(AT_MOST)


def test_units_start_commands_that_exist() -> None:
    started = {path.stem.removeprefix("hattama-"): _value(path, "ExecStart") for path in _services()}
    for name, lines in started.items():
        assert len(lines) == 1
        program, command, *_ = lines[0].split()
        assert (program, command) == ("/opt/hattama/bin/hattama", name)
        assert command in helptext.commands()
    assert "--signer /run/hattama-signer.sock" in started["recorder"][0]


@needs_systemd
def test_timers_start_what_there_is() -> None:
    timers = sorted(UNITS.glob("*.timer"))
    assert [path.stem for path in timers] == ["hattama-check", "hattama-monitor", "hattama-retention"], (
        "another timer needs its service, and a line in docs/systemd.md"
    )
    for path in timers:
        assert path.with_suffix(".service").exists()
        assert _value(path.with_suffix(".service"), "Type") == ["oneshot"]
        assert _value(path, "WantedBy") == ["timers.target"]
        command = [ANALYZE, "calendar", *_value(path, "OnCalendar")]
        assert subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0


def test_a_check_beside_a_hearing_is_no_fault() -> None:
    """What the command ends with while a hearing is open (recorder.refusals) is a success of the unit, and not ready is none."""
    accepted = _value(UNITS / "hattama-check.service", "SuccessExitStatus")
    assert accepted == [str(HearingRuns.exit_status)]
    assert HearingRuns.exit_status != NOT_READY


def test_an_archive_that_does_not_answer_at_night_is_no_fault() -> None:
    """Any other reason why a record stays although its time has come is one."""
    assert _value(UNITS / "hattama-retention.service", "SuccessExitStatus") == [str(NO_ANSWER)]
    assert SOMETHING_WRONG != NO_ANSWER


def test_a_log_that_does_not_answer_is_no_fault_and_a_finding_is_one() -> None:
    assert _value(UNITS / "hattama-monitor.service", "SuccessExitStatus") == [str(SILENT_STATUS)]
    assert SILENT_STATUS == LogSilent.exit_status != FOUND


def test_a_witness_without_its_memory_is_not_started_again() -> None:
    assert _value(UNITS / "hattama-witness.service", "RestartPreventExitStatus") == [str(WitnessUnfit.exit_status)]


def test_users_and_groups_are_made() -> None:
    made = re.findall(r"(?m)^[ug] (\S+)", (ROOT / "systemd/sysusers.d/hattama.conf").read_text(encoding="utf-8"))
    given = {"audio", "video"}  # Debian's own
    for path in _services():
        named = [*_value(path, "User"), *_value(path, "Group"), *" ".join(_value(path, "SupplementaryGroups")).split()]
        assert set(named) <= {*made, *given}, path.name
        assert named[0] == path.stem, "each service is a user of its own"


@pytest.mark.skipif(shutil.which("systemd-sysusers") is None, reason="no systemd-sysusers (package systemd)")
def test_sysusers_and_tmpfiles_make_what_the_units_need(tmp_path: Path) -> None:
    """Users in a root of their own; then the folders, if this machine may give them to those users."""
    (tmp_path / "etc").mkdir()
    command = ["systemd-sysusers", f"--root={tmp_path}", str(ROOT / "systemd/sysusers.d/hattama.conf")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    groups = (tmp_path / "etc/group").read_text(encoding="utf-8")
    members = re.search(r"(?m)^hattama:x:\d+:(.*)$", groups)
    assert members is not None
    assert set(members[1].split(",")) == {
        f"hattama-{name}" for name in ("recorder", "console", "transcriber", "uploader", "check", "retention")
    }
    assert "hattama-signer" not in members[1]


def test_capture_comes_before_everything_else() -> None:
    weights = {}
    for name in ("capture", "web", "speech"):
        unit = configparser.ConfigParser(strict=False, interpolation=None)
        unit.optionxform = str  # type: ignore[assignment, method-assign]
        unit.read(UNITS / f"hattama-{name}.slice", encoding="utf-8")
        weights[name] = unit["Slice"]
    for key in ("CPUWeight", "IOWeight"):
        assert int(weights["capture"][key]) >= 100 * int(weights["web"][key])
        assert int(weights["web"][key]) > int(weights["speech"][key])
    assert "MemoryMax" not in weights["capture"]
    assert sum(int(weights[name]["MemoryMax"].rstrip("%")) for name in ("web", "speech")) <= 75, "the rest is capture's"
    slices = {path.stem.removeprefix("hattama-"): _value(path, "Slice")[0] for path in _services()}
    assert {name for name, where in slices.items() if where == "hattama-capture.slice"} == {"recorder", "signer"}
    assert slices["transcriber"] == "hattama-speech.slice"
    scores = {
        name: int(value[0]) if (value := _value(UNITS / f"hattama-{name}.service", "OOMScoreAdjust")) else 0
        for name in slices
    }
    assert (
        max(scores["recorder"], scores["signer"])
        < 0
        < min(scores["console"], scores["uploader"], scores["transcriber"])
    )


def test_what_the_units_promise_to_the_program() -> None:
    recorder = (UNITS / "hattama-recorder.service").read_text(encoding="utf-8")
    for line in (
        "Type=notify",
        "WatchdogSec=15s",
        "WatchdogSignal=SIGKILL",
        "OOMPolicy=continue",
        "KillMode=mixed",
        "PrivateTmp=yes",
    ):
        assert f"\n{line}\n" in recorder
    assert "ALSA_CONFIG_PATH=/usr/share/alsa/alsa.conf" in recorder
    speech = (UNITS / "hattama-transcriber.service").read_text(encoding="utf-8")
    assert "PYANNOTE_METRICS_ENABLED=0 HF_HUB_OFFLINE=1" in speech
    assert " ORT_DISABLE_TELEMETRY=1" in speech
    for name in ("transcriber", "signer"):
        assert _value(UNITS / f"hattama-{name}.service", "PrivateNetwork") == ["yes"]
    for path in _services():
        assert _value(path, "IPAddressDeny") == ["any"], path.name
        if path.stem not in ("hattama-archive", "hattama-signer"):
            assert "-/var/lib/hattama-signer" in " ".join(_value(path, "InaccessiblePaths")).split(), (
                "the key is the signer's alone"
            )


def test_an_uploader_without_an_archive_is_not_started_again() -> None:
    assert _value(UNITS / "hattama-uploader.service", "RestartPreventExitStatus") == [str(NoArchive.exit_status)]
    done = subprocess.run(
        [sys.executable, "-m", "hattama", "uploader"],
        env={name: value for name, value in os.environ.items() if not name.startswith("HATTAMA_")},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, "no-archive" in done.stderr) == (NoArchive.exit_status, True), done.stderr


def test_the_signer_can_tell_who_asks() -> None:
    """Among users of its own all others are 65534 (measured under a real PID 1: bench.units): it would refuse the recorder."""
    signer = UNITS / "hattama-signer.service"
    assert "--peer hattama-recorder" in _value(signer, "ExecStart")[0]
    assert _value(signer, "PrivateUsers") in ([], ["no"])


def test_the_page_gives_the_scores() -> None:
    page = (ROOT / "docs" / "systemd.md").read_text(encoding="utf-8")
    for path in _services():
        assert f"`{path.stem}`" in page
