"""``.venv/bin/python -m bench.speech``: throughput of the pipeline beside faster-whisper alone, on the same file, end to end.

The engine alone gets the whole file and takes it by its own windows of 30 s: one after another, with and without its activity detection;
and with ``--windows`` so many at once (its batched pipeline), with its activity detection and with windows of 30 s side by side. The
pipeline has as many windows at once as the side it is held against. Model, beam, word times and threads are equal, and each run is a
process of its own that loads the model, which counts (``bench.speech_sides``). The ratio is the engine's time over the pipeline's, as CPU
seconds of one thread; the least of the runs on each side, which take turns. Other work of the machine changes CPU seconds too, by its
caches and clock: run it on a quiet one. What silence the pipeline passes over is its own gain: the hearing's sound has it, the dense one has none
to speak of. The windows that each side's encoder was given are counted.

``--whisperx PYTHON``: whisperX beside it, in an environment of its own (``bench.beside_whisperx``); told, and held to nothing.

Models: ``tiny`` and ``base`` have Whisper's own size and vocabulary and decode every window in the same number of steps
(``bench.speaking_clock``). ``demo`` is the demonstration model, which was taught single sentences: each has a window, and the engine
alone in windows leaves most words out, so it is held against the engine called for each utterance that its own detection finds. In the
hearing's sound, four microphones as one, turns of both languages meet in an utterance; the pipeline looks for the change, which the engine
alone does not. Exit status 1 when a ratio that is held is below 0.95.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bench.beside_whisperx import beside
from bench.hearing import made
from bench.machine import machine
from bench.speaking_clock import make
from bench.speech_sides import BEAM, THREADS, Side, Took, run
from bench.words import demonstration_clips
from hattama.demo.room import MODEL
from hattama.logs import configure
from tests.transcription.courtroom import RATE, write_wav
from transcription.recognizer import SAMPLE_RATE, Samples

LIMIT = 0.95
#: Pauses between the turns of the dense sound, seconds.
_DENSE_S = (0.2, 0.8)


def dense(seconds: float, seed: int) -> Samples:
    """Turns of the demo, one after another with hardly a pause, and noise at −70 dB."""
    rng = np.random.default_rng(seed)
    parts, length = [], 0
    for clip in demonstration_clips(1000, seed):
        if length >= seconds * SAMPLE_RATE:
            break
        parts += [np.zeros(int(rng.uniform(*_DENSE_S) * SAMPLE_RATE)), clip.sound]
        length = sum(map(len, parts))
    whole = np.concatenate(parts)
    return np.asarray(whole + 10 ** (-70 / 20) * rng.standard_normal(len(whole)), np.float32)


def hearing(seed: int) -> Samples:
    """The made-up hearing of ``bench.hearing``, all ten minutes of it, its four microphones as one."""
    tracks, _ = made(600.0, -15.0, None, seed)
    whole = np.sum([np.asarray(track, np.float64) for track in tracks.values()], axis=0)
    step = RATE // SAMPLE_RATE
    mixed = whole[: len(whole) // step * step].reshape(-1, step).mean(axis=1)
    return np.asarray(mixed / max(1.0, float(np.abs(mixed).max())), np.float32)


def measured(
    folder: Path, path: Path, pairs: int, compute: str, windows: int, whisperx: Path | None = None
) -> list[dict[str, Any]]:
    """Every way with one model on one sound; the ratio of each of the engine's against the pipeline of as many windows."""
    taught_sentences = folder == MODEL
    side = partial(Side, folder=folder, path=path, compute=compute)
    ways = {
        "windows": side("windows"),
        "windows, own detection": side("windows", detection=True),
    }
    if taught_sentences:
        ways["called for each utterance"] = side("utterances")
    elif windows > 1:
        ways[f"{windows} windows at once"] = side("windows", at_once=windows)
        ways[f"{windows} at once, own detection"] = side("windows", at_once=windows, detection=True)
    ours = {one.at_once: side("ours", at_once=one.at_once) for one in ways.values()}
    runs: dict[Side, list[Took]] = {one: [] for one in (*ours.values(), *ways.values())}
    for _ in range(pairs):
        for one, took in runs.items():
            took.append(run(one))
    least = {one: min(took, key=lambda each: each.whole_s) for one, took in runs.items()}
    rows: list[dict[str, Any]] = [
        {
            "model": folder.name, "sound": path.stem, "alone": name, "at_once": way.at_once,
            "held": not taught_sentences or way.way == "utterances",
            "ratio": round(least[way].whole_s / least[ours[way.at_once]].whole_s, 3),
            "ours": _row(least[ours[way.at_once]]), "engine": _row(least[way]),
        }
        for name, way in ways.items()
    ]  # fmt: skip
    if whisperx is not None:
        rows += [_whisperx(whisperx, folder, path, compute, many, pairs, least[one]) for many, one in ours.items()]
    return rows


def _whisperx(python: Path, folder: Path, path: Path, compute: str, many: int, runs: int, ours: Took) -> dict[str, Any]:
    theirs = beside(python, folder, path, compute=compute, beam=BEAM, windows=many, threads=THREADS, runs=runs)
    return {
        "model": folder.name, "sound": path.stem, "alone": f"whisperX {theirs['version']}, {many} at once", "at_once": many,
        "held": False, "ratio": round((theirs["load_s"] + theirs["cpu_s"]) / ours.whole_s, 3),
        "ours": _row(ours), "engine": theirs,
    }  # fmt: skip


def _row(one: Took) -> dict[str, float | int]:
    return {
        "cpu_s": round(one.cpu_s, 2), "load_s": round(one.load_s, 2), "words": one.words, "windows": round(one.windows, 1),
    }  # fmt: skip


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=180.0, help="of the dense sound")
    parser.add_argument("--sounds", nargs="*", default=["dense", "hearing"], help="dense, hearing")
    parser.add_argument("--sizes", nargs="*", default=["demo", "tiny", "base"], help="demo, tiny, base, small")
    parser.add_argument("--compute", default="float32", help="float32, int8")
    parser.add_argument("--windows", type=int, default=4, help="at once, for the batched comparison; 1: none")
    parser.add_argument("--pairs", type=int, default=3, help="runs of each side")
    parser.add_argument("--seed", type=int, default=1, help="of the sounds")
    parser.add_argument("--whisperx", type=Path, help="python of another virtual environment that has whisperx")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    chosen = parser.parse_args()
    configure()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for size in chosen.sizes:
            model = MODEL if size == "demo" else make(Path(folder) / f"clock-{size}", size)
            for sound in chosen.sounds:
                path = Path(folder) / f"{sound}.wav"
                write_wav(path, dense(chosen.seconds, chosen.seed) if sound == "dense" else hearing(chosen.seed))
                for row in measured(model, path, chosen.pairs, chosen.compute, chosen.windows, chosen.whisperx):
                    rows.append(row)
                    if not chosen.json:
                        _print(row)
    if chosen.json:
        print(json.dumps({"machine": machine(), "seconds": chosen.seconds, "rows": rows}))
    else:
        print(machine())
    return 0 if all(row["ratio"] >= LIMIT for row in rows if row["held"]) else 1


def _print(row: dict[str, Any]) -> None:
    sides = [
        f"{name} {one['cpu_s']:6.2f} CPU s + {one['load_s']:.2f} loading, {one['windows']} windows, {one['words']} words"
        for name, one in (("ours", row["ours"]), (row["alone"], row["engine"]))
    ]
    print(f"{row['model']:12}{row['sound']:9}ratio {row['ratio']:6.3f}  " + "; ".join(sides), flush=True)


if __name__ == "__main__":
    sys.exit(main())
