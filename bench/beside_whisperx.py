"""WhisperX on the same model folder and sound, in a virtual environment of its own: what ``bench.speech --whisperx PYTHON`` puts beside ours.

whisperx wants a torch and a huggingface-hub that are not this project's, so it is never imported here: ``PYTHON`` is another
environment's interpreter (``python -m venv V && V/bin/pip install whisperx==3.8.6``), and this file, which imports nothing of ours, is
run by it, cut off from every network where the machine allows that. Its activity detection is the one in its wheel (pyannote's); the
models that give its words their times come from the network and cannot be had, so its words have none.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import time
import wave
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

_UNSHARE: Final = ("unshare", "--map-root-user", "--net")
_PATIENCE_S: Final = 1800.0
_OFFLINE: Final = {"PYANNOTE_METRICS_ENABLED": "0", "HF_HUB_OFFLINE": "1", "OTEL_SDK_DISABLED": "true"}


def beside(
    python: Path, model: Path, sound: Path, *, compute: str, beam: int, windows: int, threads: int, runs: int
) -> dict[str, Any]:
    """What whisperX took: ``version``, ``load_s``, ``cpu_s`` (CPU seconds, the least of the runs), ``words``, ``windows``, ``offline``.

    Args:
        python: interpreter of an environment that has whisperx.
        model: CTranslate2 folder.
        sound: WAV, 16 kHz, mono, 16 bits.
        compute: weights' type, as ours; so the next three.
        beam: width of the search.
        windows: so many at once.
        threads: of the engine and of torch.
        runs: how often.

    Raises:
        SystemExit: it is not there, or did not get to its end; with its last words.
    """
    alone = subprocess.run([*_UNSHARE, "true"], capture_output=True, check=False).returncode == 0
    asked = {"model": str(model), "sound": str(sound), "compute": compute, "beam": beam, "windows": windows, "threads": threads, "runs": runs}  # fmt: skip
    command = [*(_UNSHARE if alone else ()), str(python), "-P", __file__, json.dumps(asked)]
    # Its detection is a pickle in its own wheel, which is believed as its code is: the rule for our models is not handed on.
    given = {key: value for key, value in os.environ.items() if not key.startswith("TORCH_FORCE")}
    env = {**given, **_OFFLINE, "OMP_NUM_THREADS": str(threads)}
    try:
        ran = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=_PATIENCE_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SystemExit(f"whisperX: {error}") from error
    if ran.returncode:
        raise SystemExit(f"whisperX: {python} ended with {ran.returncode}: " + " / ".join(ran.stderr.splitlines()[-3:]))
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return {**found, "offline": alone}


def _sound(path: Path) -> Any:
    """The samples, −1 … 1, without the process that its own reader starts."""
    numpy: Any = importlib.import_module("numpy")
    with wave.open(str(path)) as file:
        return numpy.frombuffer(file.readframes(file.getnframes()), "<i2").astype(numpy.float32) / 32768


def _measured(asked: dict[str, Any]) -> dict[str, Any]:
    """Load and run, in whisperX's own environment."""
    whisperx: Any = importlib.import_module("whisperx")
    importlib.import_module("whisperx.asr")  # it is loaded on first use, which is no part of the model's loading
    importlib.import_module("torch").set_num_threads(asked["threads"])
    began = time.process_time()
    model = whisperx.load_model(
        asked["model"], "cpu", compute_type=asked["compute"], language="ru", threads=asked["threads"],
        asr_options={"beam_size": asked["beam"]}, vad_method="pyannote", local_files_only=True,
    )  # fmt: skip
    load_s = time.process_time() - began
    encode, encoded = model.model.encode, [0]

    def counted(features: Any) -> Any:
        encoded[0] += len(features) if features.ndim == 3 else 1
        return encode(features)

    model.model.encode = counted
    sound, best, words = _sound(Path(asked["sound"])), float("inf"), 0
    for _ in range(asked["runs"]):
        encoded[0], began = 0, time.process_time()
        segments = model.transcribe(sound, batch_size=asked["windows"])["segments"]
        best = min(best, time.process_time() - began)
        words = sum(len(one["text"].split()) for one in segments)
    return {
        "version": version("whisperx"), "load_s": round(load_s, 2), "cpu_s": round(best, 2), "words": words, "windows": encoded[0],
    }  # fmt: skip


def main() -> None:
    """The inner half: one JSON object in the arguments, one on the last line of standard output."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("asked", type=json.loads, help="as bench.speech gives it")
    found = _measured(parser.parse_args().asked)
    sys.stdout.write("\n" + json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
