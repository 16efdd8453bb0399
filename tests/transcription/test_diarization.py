"""pyannote.audio in its process: what it is given, what it refuses, what it costs when it fails; and real checkpoints, cut off."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bench.diarization import at_rate, channels, references
from bench.speakers import alone as heard_alone
from device_config.bundles import pickles
from device_config.settings import DiarizationSettings, SpeechSettings
from tests.support.no_network import UNSHARE, possible
from transcription import diarization
from transcription.diarization import RATE
from transcription.diarization_process import PyannoteDiarizer, opened
from transcription.errors import DiarizationFailed, ModelUnusable

CONFIG = """\
dependencies: {pyannote.audio: 4.0.0}
pipeline:
  name: pyannote.audio.pipelines.SpeakerDiarization
  params: {clustering: VBxClustering, segmentation: $model/segmentation, embedding: $model/embedding, plda: $model/plda}
params: {clustering: {threshold: 0.6, Fa: 0.07, Fb: 0.8}, segmentation: {min_duration_off: 0.0}}
"""
#: With one of these ONNX Runtime is quiet by itself.
OTHERWISE_QUIET = ("CI", "ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS", "XDG_CACHE_HOME")
needs_pyannote = pytest.mark.skipif(
    subprocess.run(
        [
            sys.executable,
            "-c",
            "import importlib.util as u, sys; sys.exit(not (u.find_spec('torch') and u.find_spec('yaml')))",
        ],
        check=False,
    ).returncode
    != 0,
    reason="needs the extra diarize and torch",
)


def folder_of(path: Path, config: str = CONFIG) -> Path:
    """A folder that has the form of a model, and nothing in it."""
    for name in ("segmentation", "embedding", "plda"):
        (path / name).mkdir(parents=True)
    (path / "config.yaml").write_text(config, encoding="utf-8")
    return path


def interpreter(path: Path, *lines: str) -> Path:
    """A shipped child's stand-in: a shell script in the interpreter's place."""
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]), encoding="utf-8")
    path.chmod(0o755)
    return path


def settings(folder: Path, python: Path | None = None) -> SpeechSettings:
    return SpeechSettings(diarization=DiarizationSettings(path=folder, python=python))


READY = 'read line; echo \'{"ready": {"version": "4.0.7", "telemetry": false}}\''


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("another class", "pyannote.audio.pipelines.SpeakerDiarization", "os.system"),
        ("a model of the hub", "$model/segmentation", "pyannote/segmentation-3.0"),
        ("a path outside", "$model/segmentation", "$model/../segmentation"),
        ("a revision", "$model/embedding", "$model/embedding@main"),
        ("a folder that is not there", "$model/plda", "$model/other"),
        ("preprocessors", "params: {clustering: {", "preprocessors: {x: {name: os.system}}\nparams: {clustering: {"),
        ("an unknown parameter", "clustering: VBxClustering,", "clustering: VBxClustering, token: secret,"),
        ("not YAML", CONFIG, "pipeline: ["),
        ("another form", CONFIG, "[]"),
    ],
)
@needs_pyannote
def test_a_configuration_that_asks_for_more_than_its_folder_is_refused(
    tmp_path: Path, name: str, old: str, new: str
) -> None:
    folder = folder_of(tmp_path / "model", CONFIG.replace(old, new))
    with pytest.raises(diarization.Unusable, match=r"config\.yaml"):
        diarization.checked(folder)
    assert name


#: In a process of its own: torch and the engines want different libraries, so this one never imports it.
CHECKPOINTS = """\
import pickle, sys, torch
from pathlib import Path
from transcription.diarization import Unusable, checked_checkpoint

folder = Path(sys.argv[1])
made = lambda module: {"pyannote.audio": {"architecture": {"module": module, "class": "PyanNet"}}, "state_dict": {}}
Path(folder / "text.bin").write_bytes(b"text")
Path(folder / "code.bin").write_bytes(pickle.dumps(print))
torch.save({}, folder / "other.bin")
torch.save(made("os"), folder / "foreign.bin")
torch.save(made("pyannote.audio.models.segmentation"), folder / "good.bin")
for file in sorted(folder.glob("*.bin")):
    try:
        checked_checkpoint(file)
        print(file.stem, "read")
    except Unusable as error:
        print(file.stem, "weights-only" if "weights-only" in str(error) else "class" if "'os'" in str(error) else error)
"""


@needs_pyannote
@pytest.mark.timeout(900)
def test_a_checkpoint_that_no_weights_only_loader_reads_or_that_names_another_class_is_refused(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", CHECKPOINTS, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=800)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split("\n")[:-1] == [
        "code weights-only", "foreign class", "good read", "other weights-only", "text weights-only",
    ]  # fmt: skip


def test_a_model_that_cannot_be_used_is_no_diarizer(tmp_path: Path) -> None:
    refuses = interpreter(tmp_path / "python", 'read line; echo \'{"unusable": "why"}\'')
    assert opened(settings(folder_of(tmp_path / "model"), refuses)) is None


def test_a_folder_that_is_not_there_is_said_before_anything_is_started(tmp_path: Path) -> None:
    never = interpreter(tmp_path / "python", f"touch {tmp_path}/started")
    with pytest.raises(ModelUnusable, match="no such folder"):
        PyannoteDiarizer(settings(tmp_path / "none", never))
    assert not (tmp_path / "started").exists()
    with pytest.raises(ModelUnusable, match=r"\[speech\.diarization\]"):
        PyannoteDiarizer(SpeechSettings())
    assert opened(SpeechSettings()) is None


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_child_that_hangs_is_killed(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "model")
    hangs = interpreter(tmp_path / "python", f"echo $$ > {tmp_path}/pid", "exec sleep 600")
    with pytest.raises(DiarizationFailed, match=r"no answer in time.*killed"):
        PyannoteDiarizer(settings(folder, hangs), start_s=1.0)
    assert gone(int((tmp_path / "pid").read_text()))


def test_a_child_that_hangs_over_a_question_is_killed_and_the_next_question_gets_a_new_one(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "model")
    hangs = interpreter(tmp_path / "python", READY, "exec sleep 600")
    diarizer = PyannoteDiarizer(settings(folder, hangs), answer_s=0.5)
    first = diarizer.pid
    assert first is not None
    with pytest.raises(DiarizationFailed, match="no answer in time"):
        diarizer.diarize(np.zeros(160, np.float32))
    assert gone(first)
    answers = '{"turns": [[0, 100, 0]], "single": [[0, 100, 0]], "voices": [[1.0]]}'
    interpreter(tmp_path / "python", READY, f"echo '{answers}'", "exec sleep 600")
    assert [(t.start, t.end) for t in diarizer.diarize(np.zeros(160, np.float32)).turns] == [(0, 100)]
    diarizer.close()
    assert diarizer.pid is None


@pytest.mark.parametrize(
    "answer",
    ["echo words", "exit 3", "echo '{}'", "echo '[]'", "echo '{\"failed\": \"why\"}'",
     "echo '{\"turns\": [[0, 900, 0]], \"single\": [], \"voices\": [[1.0]]}'",
     "echo '{\"turns\": [[0, 9, 1]], \"single\": [], \"voices\": [[1.0]]}'"],
)  # fmt: skip
def test_what_is_no_answer_is_a_failure(tmp_path: Path, answer: str) -> None:
    diarizer = PyannoteDiarizer(
        settings(folder_of(tmp_path / "model"), interpreter(tmp_path / "python", READY, answer))
    )
    with pytest.raises(DiarizationFailed):
        diarizer.diarize(np.zeros(160, np.float32))
    diarizer.close()


def test_a_child_that_would_tell_its_maker_is_refused(tmp_path: Path) -> None:
    tells = interpreter(tmp_path / "python", READY.replace("false", "true"), "exec sleep 600")
    with pytest.raises(ModelUnusable, match="telemetry"):
        PyannoteDiarizer(settings(folder_of(tmp_path / "model"), tells))


@pytest.fixture(scope="module")
def community(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real community-1, as a folder of pyannote.audio's own form."""
    out = tmp_path_factory.mktemp("models") / "community-1"
    files = shared_data / "models" / "community-1-from-moonshine"
    command = [sys.executable, "-W", "ignore", "-m", "scripts.make_diarizer", "--files", str(files), "--out", str(out)]
    subprocess.run(command, check=True, timeout=600, capture_output=True)
    return out


@pytest.mark.shared
@needs_pyannote
@pytest.mark.timeout(900)
def test_real_checkpoints_pass_the_scan_of_bundles(community: Path) -> None:
    for file in sorted(community.rglob("*.*")):
        pickles.check(file, "pyannote")


@pytest.mark.shared
@needs_pyannote
@pytest.mark.timeout(1800)
def test_real_checkpoints_cut_off_from_every_network(community: Path, shared_data: Path, tmp_path: Path) -> None:
    """A meeting's clip: no call of the process is for another machine, nothing is left behind, and few people are mistaken."""
    if shutil.which("strace") is None or not possible():
        pytest.skip("needs strace, to see that nothing is sent, and a network namespace")
    calls, home = tmp_path / "calls", tmp_path / "home"
    home.mkdir()
    told_nothing = " ".join(f"-u {name}" for name in (*diarization.QUIET, *OTHERWISE_QUIET))
    watched = interpreter(
        tmp_path / "python",
        f"exec env {told_nothing} HOME={home} {' '.join(UNSHARE)} strace -f --seccomp-bpf -qq -o {calls} "
        f'-e trace=unshare,connect,sendto,sendmsg,sendmmsg {sys.executable} "$@"',
    )
    samples, rate = channels(shared_data / "diarization" / "ami-trn03.flac")
    wanted = references(shared_data / "diarization")["trn03"]
    diarizer = PyannoteDiarizer(settings(community, watched), start_s=800.0, answer_s=600.0)
    try:
        figure = heard_alone("ami-trn03", at_rate(samples.mean(0), rate, RATE), wanted, diarizer)
    finally:
        diarizer.close()
    assert sum((figure.time.missed_s, figure.time.invented_s, figure.time.confused_s)) < 0.15 * figure.time.spoken_s
    seen = calls.read_text(encoding="utf-8", errors="replace")
    assert "unshare(CLONE_NEWUSER|CLONE_NEWNET) = 0" in seen  # what was to be seen is seen, and it is alone once more
    assert [line for line in seen.splitlines() if re.search(r"AF_INET|\b(sendto|sendmsg|sendmmsg)\(", line)] == []
    assert not list(home.rglob("deviceid"))
