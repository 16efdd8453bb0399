"""The demo courtroom from start to end, and what `hattama verify` says of its record, whole and broken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hattama.commands.verify import NOT_GOOD, WEIGHTS
from protocol.note import Ed25519Signer
from protocol.verification import CODES
from tests.support.breaking import swap_segments
from tests.support.command import hattama
from tests.support.mutations import CASES, Case
from tests.support.records import files_of

pytestmark = pytest.mark.demo

#: The same defects as a folder on the disk shows them: no folder holds the name "..", and real segments differ in length.
_AS_FOLDER = {
    "foreign-name": Case("foreign-name", "bad-path", lambda files, _s: {**files, "media/ä x": b"x"}, lambda _f: "media/ä x"),
    "two-segments-swapped": Case("two-segments-swapped", "file-size", swap_segments),
}
BROKEN = tuple(_AS_FOLDER.get(case.name, case) for case in CASES)


@dataclass(frozen=True)
class Shown:
    """A demo that ran to its end."""

    state: Path
    summary: dict[str, Any]
    progress: str
    files: dict[str, bytes]

    @property
    def signer(self) -> Ed25519Signer:
        """The demo box's own key: what a thief of the box would have."""
        return Ed25519Signer("demo.hattama.local", (self.state / "hattama" / "demo" / "keys" / "device.seed").read_bytes())


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    state = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        [sys.executable, "-m", "hattama", "demo", "--exit", "--json", "--seconds", "12"],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "XDG_STATE_HOME": str(state)},
    )
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    return Shown(state, summary, done.stderr, files_of(Path(summary["record"])))


@pytest.fixture(autouse=True)
def _same_state(shown: Shown, monkeypatch: pytest.MonkeyPatch, _own_home: None) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(shown.state))


def test_the_summary_tells_what_was_done(shown: Shown) -> None:
    summary = shown.summary
    assert set(summary) == {
        "hearing", "record", "archive_record", "verified", "tracks", "segments", "words", "protocol_files", "urls",
    }  # fmt: skip
    assert summary["tracks"] == 6
    assert summary["segments"] >= 6
    assert set(summary["verified"]) == {"integrity", "completeness", "provenance"}
    assert [answer["verdict"] for answer in summary["verified"].values()] == ["intact", "complete", "trusted"]
    assert all(answer["good"] and answer["findings"] == [] for answer in summary["verified"].values())
    assert {Path(path).suffixes[-2] for path in summary["protocol_files"] if path.endswith(".pdf")} == {".kk", ".ru"}
    assert set(summary["urls"]) == {"console", "archive"}
    for path in summary["protocol_files"]:
        assert (Path(summary["record"]) / path).stat().st_size > 500


def test_progress_is_told_beside_it(shown: Shown) -> None:
    for word in ("sign in as secretary", "recording: 6 sources", "marked: OPEN", "the capture is sealed", "receipt of the archive"):
        assert word in shown.progress


def test_every_track_has_sound_or_pictures(shown: Shown) -> None:
    tracks = {path.split("/")[2] for path in shown.files if path.startswith("media/")}
    assert tracks == {"cam-bench", "cam-room", "mic-bench", "mic-plaintiff", "mic-defendant", "mic-secretary"}


def test_plain_verify_knows_the_record_and_the_archives_copy(shown: Shown) -> None:
    for folder in (shown.summary["record"], shown.summary["archive_record"]):
        said = hattama("verify", folder)
        assert said.status == 0, said


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.name)
def test_a_broken_copy_is_refused_by_name(case: Case, shown: Shown, tmp_path: Path) -> None:
    broken = case.apply(dict(shown.files), shown.signer)
    said = hattama("verify", str(_laid_out(shown, broken, tmp_path / "copy")), "--json")
    report = json.loads(said.out)
    question = str(CODES[case.code][0])
    found = [item for item in report[question]["findings"] if item["code"] == case.code and item["severity"] == "fail"]
    assert found, report
    expected = case.subject(shown.files)
    assert expected is None or expected in [item["subject"] for item in found]
    assert all(item["step"] and item["meaning"] for item in found)
    assert said.status >= NOT_GOOD + WEIGHTS[question]


def test_at_least_25_codes_are_named() -> None:
    assert len({case.code for case in BROKEN}) >= 25


def _laid_out(shown: Shown, files: dict[str, bytes], folder: Path) -> Path:
    """The files as a folder; what is unchanged is linked, zeros beyond measure are a hole."""
    for path, data in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if shown.files.get(path) is data:
            target.hardlink_to(Path(shown.summary["record"]) / path)
        elif len(data) > 2**28:
            target.touch()
            os.truncate(target, len(data))
        else:
            target.write_bytes(data)
    return folder
