"""pyannote.audio in its process: what it is given, what it refuses, what it costs when it fails; and real checkpoints, cut off."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from device_config.bundles import pickles
from device_config.settings import DiarizationSettings, SpeechSettings
from tests.support.no_network import alone
from transcription import diarization
from transcription.diarization_process import PyannoteDiarizer, opened
from transcription.errors import DiarizationFailed, ModelUnusable

CONFIG = """\
dependencies: {pyannote.audio: 4.0.0}
pipeline:
  name: pyannote.audio.pipelines.SpeakerDiarization
  params: {clustering: VBxClustering, segmentation: $model/segmentation, embedding: $model/embedding, plda: $model/plda}
params: {clustering: {threshold: 0.6, Fa: 0.07, Fb: 0.8}, segmentation: {min_duration_off: 0.0}}
"""
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


@needs_pyannote
@pytest.mark.timeout(900)
def test_a_checkpoint_that_no_weights_only_loader_reads_is_refused(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "model")
    (folder / "segmentation" / "pytorch_model.bin").write_bytes(b"text")
    with pytest.raises(ModelUnusable, match="weights-only"):
        PyannoteDiarizer(settings(folder))


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
    """Two meetings' clips: telemetry is off, no call of the process is for another machine, and few people are mistaken."""
    if shutil.which("strace") is None:
        pytest.skip("needs strace, to see that nothing is sent")
    chosen = tmp_path / "clips"
    chosen.mkdir()
    for name in ("ami-trn03.flac", "ami-trn05.flac", "debug.train.rttm"):
        (chosen / name).symlink_to(shared_data / "diarization" / name)
    calls = tmp_path / "calls"
    done = alone(
        ["strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=%network", "-o", str(calls),
         sys.executable, "-m", "bench.diarization", "--model", str(community), "--clips", str(chosen), "--most", "2", "--seconds", "0",
         "--json"],
        timeout_s=1000,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["figures"][-1]["what"] == "all clips"
    assert found["figures"][-1]["error_rate"] < 0.15  # 0.07 where it was written
    sent = [
        line
        for line in calls.read_text().splitlines()
        if re.search(r"\b(connect|sendto|sendmsg|sendmmsg)\(.*AF_INET", line)
    ]
    assert sent == []
