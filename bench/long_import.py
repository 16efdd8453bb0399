"""``.venv/bin/python -m bench.long_import``: a dictaphone's file of 8 hours through ``hattama import`` and the transcriber, in bounded memory.

The file is mono, 8 kHz, 16 bits (a WAV of 461 MB): room tone, and in every hour the demo's 49 seconds of talk. It is imported by
the command and transcribed by ``hattama transcriber`` with the demonstration model, and so is one of 20 minutes. Told are the peak of
memory in use of either process, the words, and the longest passage. Exit status 1 where the import or the transcriber takes more
than 1.5 times as much for the long file, or the talk of some hour has no word.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.machine import machine
from bench.transcriber import box, microphones
from tests.transcription.courtroom import RATE

RATE_8K: Final = 8000
EVERY_S: Final = 3600
LIMIT: Final = 1.5
_PATIENCE_S: Final = 7200.0
_TONE_DB: Final = -62.0
#: How often the memory of the import is looked at.
_LOOK_S: Final = 0.1


def dictaphone(path: Path, seconds: int) -> None:
    """Write the file, an hour at a time."""
    mixed = np.sum(list(microphones().values()), axis=0)
    places = np.arange(int(len(mixed) * RATE_8K / RATE)) * RATE / RATE_8K
    talk = np.interp(places, np.arange(len(mixed)), mixed)
    rng = np.random.default_rng(1)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_8K)
        for at in range(0, seconds, EVERY_S):
            part = 10 ** (_TONE_DB / 20) * rng.standard_normal(min(EVERY_S, seconds - at) * RATE_8K)
            part[: len(talk)] += talk[: len(part)]
            file.writeframes((np.clip(part, -1, 1) * 32767).astype("<i2").tobytes())


def measured(folder: Path, seconds: int) -> dict[str, Any]:
    """One file of this length, imported and transcribed."""
    source = folder / "dictaphone.wav"
    dictaphone(source, seconds)
    with box(folder) as one:
        began = time.monotonic()
        command = [
            sys.executable,
            "-m",
            "hattama",
            "--config",
            str(one.config),
            "import",
            str(source),
            "--language",
            "ru",
            "--json",
        ]
        with (folder / "said").open("w+") as said:
            child = subprocess.Popen(command, stdout=said)
            import_mib = _peak_until_end(child)
            said.seek(0)
            if child.returncode:
                raise RuntimeError(f"import: status {child.returncode}")
            record = Path(json.loads(said.read())["record"])
        imported_s = time.monotonic() - began
        source.unlink()
        one.desk.waiting.append(record.name)
        began = time.monotonic()
        one.start()
        if not one.drafted(_PATIENCE_S):
            raise RuntimeError(f"no transcript: {(folder / 'log').read_text()[-2000:]}")
        peak, took_s = one.peak_mib(), time.monotonic() - began
    transcript = json.loads(one.desk.posted[-1])
    first_us = transcript["takes"][0]["start_us"]
    talks = {(p["start_us"] - first_us) // (EVERY_S * 1_000_000) for p in transcript["passages"] if p["words"]}
    return {
        "seconds": seconds, "imported_s": round(imported_s), "import_peak_mib": round(import_mib),
        "transcribed_s": round(took_s), "transcriber_peak_mib": round(peak),
        "words": sum(len(p["words"]) for p in transcript["passages"]),
        "talks": -(-seconds // EVERY_S), "talks_with_words": len(talks),
    }  # fmt: skip


def _peak_until_end(child: subprocess.Popen[Any]) -> float:
    """Most memory that the process or one of its children ever had in use, MiB.

    Asked again and again: what ``wait4`` tells counts this process too, in whose memory the child began.
    """
    peak = 0
    while child.poll() is None:
        pids = [child.pid]
        for pid in pids:
            with contextlib.suppress(OSError, StopIteration):
                pids += [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
                lines = Path(f"/proc/{pid}/status").read_text().splitlines()
                peak = max(peak, next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")))
        time.sleep(_LOOK_S)
    return peak / 1024


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--hours", type=float, default=8.0, help="length of the long file")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    chosen = parser.parse_args()
    rows = []
    for seconds in (1200, int(chosen.hours * 3600)):
        with tempfile.TemporaryDirectory() as folder:
            rows.append(measured(Path(folder), seconds))
        if not chosen.json:
            print("  ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
    ratios = {key: round(rows[1][key] / rows[0][key], 2) for key in ("import_peak_mib", "transcriber_peak_mib")}
    print(
        json.dumps({"machine": machine(), "files": rows, "ratios": ratios, "limit": LIMIT}) if chosen.json else ratios
    )
    heard = all(row["talks"] == row["talks_with_words"] for row in rows)
    return 0 if heard and max(ratios.values()) <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
