"""What was worked out is kept, found again, and never taken for something else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from device_config.settings import ModelSettings, SpeechSettings
from tests.transcription.courtroom import Courtroom, noise, silence
from tests.transcription.test_pipeline import MODEL, engines_of, voices
from transcription.activity import LevelDetector
from transcription.errors import WorkingFileBusy
from transcription.models import Engines
from transcription.pipeline import transcribe
from transcription.recognizer import FakeRecognizer, Recognition, Samples, spread
from transcription.working import NAME, WorkingFile, remove

TURNS = 5
ROOT = Path(__file__).parents[2]


def fails() -> str:
    raise AssertionError("worked out again")


def test_kept_and_found(tmp_path: Path) -> None:
    with WorkingFile(tmp_path) as file:
        assert file.remember(["a", 1], lambda: {"слово": [0.1, None]}) == {"слово": [0.1, None]}
        assert file.remember(["a", 1], fails) == {"слово": [0.1, None]}
    with WorkingFile(tmp_path) as file:
        assert file.results == 1
        assert file.remember(["a", 1], fails) == {"слово": [0.1, None]}
        assert file.remember(["a", 2], lambda: "other") == "other"


@pytest.mark.parametrize("torn", [b"x", b"\0" * 5000, b"0123456789abcdef 01", b"a" * 60 + b"\n"])
def test_a_torn_end_is_cut_off(tmp_path: Path, torn: bytes) -> None:
    with WorkingFile(tmp_path) as file:
        file.remember(1, lambda: "one")
        file.remember(2, lambda: "two")
    whole = (tmp_path / NAME).read_bytes()
    (tmp_path / NAME).write_bytes(whole[:-3] + torn)
    with WorkingFile(tmp_path) as file:
        assert file.remember(1, fails) == "one"
        assert file.remember(2, lambda: "two") == "two"
    assert (tmp_path / NAME).read_bytes() == whole


def test_every_cut_is_survived(tmp_path: Path) -> None:
    with WorkingFile(tmp_path) as file:
        for number in range(3):
            file.remember(number, lambda number=number: "я" * number)  # type: ignore[misc]
    whole = (tmp_path / NAME).read_bytes()
    for length in range(len(whole)):
        (tmp_path / NAME).write_bytes(whole[:length])
        with WorkingFile(tmp_path) as file:
            assert file.results == whole[:length].count(b"\n")


def test_one_transcriber_works_on_a_hearing(tmp_path: Path) -> None:
    with WorkingFile(tmp_path), pytest.raises(WorkingFileBusy):
        WorkingFile(tmp_path)
    WorkingFile(tmp_path).close()


def test_a_folder_that_cannot_be_used_costs_the_memory_only(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    with WorkingFile(tmp_path / "plain" / "h1") as file:
        assert [file.remember(1, lambda: "one"), file.remember(1, lambda: "two")] == ["one", "two"]


FULL = """
import resource, signal, sys
from pathlib import Path
from transcription.working import WorkingFile
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with WorkingFile(Path(sys.argv[1])) as file:
    assert file.remember(1, lambda: "one") == "one"
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
    assert file.remember(2, lambda: "two" * 100) == "two" * 100
    assert file.remember(3, lambda: "three") == "three"
    assert file.remember(1, lambda: "other") == "one"
"""


def test_a_disk_that_is_full_costs_the_memory_only(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)], check=False, cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "working_lost" in done.stdout + done.stderr
    with WorkingFile(tmp_path) as file:
        assert (file.results, file.remember(1, fails)) == (1, "one")


def test_it_goes_and_its_folder_with_it(tmp_path: Path) -> None:
    file = WorkingFile(tmp_path / "h1")
    file.remember(1, lambda: 1)
    assert (tmp_path / "h1" / NAME).stat().st_mode & 0o007 == 0
    file.remove()
    assert not (tmp_path / "h1").exists()
    (tmp_path / "h2").mkdir()
    (tmp_path / "h2" / "else").touch()
    remove(tmp_path / "h2")
    assert (tmp_path / "h2" / "else").exists()


@pytest.fixture
def room(tmp_path: Path) -> Courtroom:
    made = Courtroom(tmp_path / "h1")
    bench = [noise(0.7, -20 - turn) for turn in range(TURNS)]
    made.take({"mic-bench": voices(*[part for _ in bench for part in (("loud", 0.7), ("quiet", 1.0))])})
    made.take({"mic-bench": voices(("loud", 1)), "mic-table": silence(1)}, take="T02", at=20)
    return made


class Killed(BaseException):
    """As abrupt as a kill can be inside one process."""


def script(allowed: int, calls: list[int]) -> Callable[[Samples, str], Recognition]:
    """Says what depends on the sound alone; dies at the call after `allowed`."""

    def say(samples: Samples, language: str) -> Recognition:
        if len(calls) == allowed:
            raise Killed
        calls.append(len(samples))
        return Recognition(spread([f"w{len(samples)}", "сөз"], 0, 400_000), -0.125)

    return say


def made(
    room: Courtroom, folder: Path | None, allowed: int, options: dict[str, int] | None = None
) -> tuple[bytes, int]:
    """The transcript, and how many calls of the engine it took; ends with Killed when they are more than allowed."""
    calls: list[int] = []
    fake = FakeRecognizer(MODEL, frozenset({"kk"}), script(allowed, calls))
    engines = engines_of(fake)
    if options:
        settings = ModelSettings(engine="moonshine", path=Path("fake"), languages=("kk",), options={**options})
        engines = Engines(SpeechSettings(models=(settings,)), {"moonshine": lambda _model, _speech: fake})
    if folder is None:
        return transcribe(
            room.view, room.record, SpeechSettings(), engines=engines, detector=LevelDetector()
        ).to_json(), len(calls)
    with WorkingFile(folder) as memory:
        found = transcribe(
            room.view, room.record, SpeechSettings(), engines=engines, detector=LevelDetector(), memory=memory
        )
    return found.to_json(), len(calls)


def test_ended_at_every_utterance_it_is_the_same_transcript(room: Courtroom, tmp_path: Path) -> None:
    whole, calls = made(room, None, 99)
    assert calls == TURNS + 1
    for _ in range(calls - 1):  # each life gets one utterance further, and no further
        with pytest.raises(Killed):
            made(room, tmp_path / "work", 1)
        assert (tmp_path / "work" / NAME).exists()
    assert made(room, tmp_path / "work", 1) == (whole, 1)
    assert made(room, tmp_path / "work", 0) == (whole, 0)


def test_other_input_is_worked_out_anew(room: Courtroom, tmp_path: Path) -> None:
    whole, calls = made(room, tmp_path / "work", 99)
    assert made(room, tmp_path / "work", 99, {"beam_size": 1}) == (whole, calls)
    path = next(room.folder.glob("media/T02/mic-bench/*.mp4"))
    (room.folder / "media/T01/mic-bench/0001.mp4").replace(path)
    _, again = made(room, tmp_path / "work", 99)
    assert again > 0
