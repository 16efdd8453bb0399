"""``.venv/bin/python -m bench.offline``: everything about speech once more, cut off from every network.

Each step runs in a network namespace of its own (``unshare --net``, :mod:`tests.support.no_network`) in which loopback is up and nothing
else is there, and which makes sure of that first: the tests of transcription, of bundles and of evaluation; ``make demo``; and the short
forms of the benches. With ``--data`` (the folder that holds ``en``, ``noise``, ``diarization`` and ``models``) pyannote.audio's real
checkpoints and recorded voices are among them. A step that fails is told with its last lines; exit status 1.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from bench.machine import machine
from tests.support.no_network import UNSHARE, possible

ROOT: Final = Path(__file__).parents[1]
TESTS: Final = (
    "tests/transcription", "tests/hattama/test_demo_words.py", "tests/hattama/test_evaluate.py", "tests/hattama/test_models.py",
    "tests/hattama/test_transcriber.py", "tests/hattama/test_transcript.py", "tests/device_config/test_bundles.py",
)  # fmt: skip
#: Longest that one step may take on a busy machine, s.
STEP_S: Final = 3600.0
_LAST: Final = 12


@dataclass(frozen=True)
class Done:
    """One step.

    Attributes:
        name: of the step.
        command: what was run.
        status: its exit status; None where it was not over in time.
        took_s: how long it ran.
        said: the last line of its output.
    """

    name: str
    command: str
    status: int | None
    took_s: float
    said: str


def bench(name: str, *arguments: str) -> tuple[str, list[str]]:
    """A bench's short form."""
    return f"bench.{name}", [sys.executable, "-m", f"bench.{name}", *arguments]


def steps(data: Path | None) -> Iterator[tuple[str, list[str]]]:
    """What is run, in order; what needs `data` is left out without it."""
    yield "tests", [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS]
    yield "make demo", ["make", "demo", "ARGS=--exit --json --seconds 20"]
    yield bench("invented", "--minutes", "3")
    yield bench("transcriber", "--kills", "3")
    yield bench("speech", "--sizes", "demo", "--seconds", "40", "--pairs", "1")
    if data is None:
        yield bench("words")
        yield bench("hearing", "--seconds", "90")
        return
    noises, model = str(data / "noise"), str(data / "models" / "community-1-from-moonshine")
    yield bench("words", "--english", str(data / "en"), "--noises", noises)
    yield bench("hearing", "--seconds", "90", "--rooms", noises, "--diarizer", model)
    yield bench("diarization", "--most", "2", "--clips", str(data / "diarization"), "--model", model)


def cut_off(name: str, command: list[str], home: Path) -> Done:
    """One step without a network, in a state folder of its own."""
    inner = [*UNSHARE, sys.executable, "-m", "tests.support.no_network", *command]
    env = {**os.environ, "XDG_STATE_HOME": str(home / "state"), "PYTHON": sys.executable}
    begun = time.monotonic()
    try:
        ran = subprocess.run(inner, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=STEP_S)
        status, out, err = ran.returncode, ran.stdout, ran.stderr
    except subprocess.TimeoutExpired as error:
        status, out, err = None, str(error.stdout or ""), str(error.stderr or "")
    took_s = round(time.monotonic() - begun, 1)
    if status or status is None:
        sys.stderr.write("\n".join(err.splitlines()[-_LAST:] + out.splitlines()[-_LAST:]) + "\n")
    said = out.strip().splitlines()[-1:] or [""]
    return Done(name, " ".join(command).replace(sys.executable, ".venv/bin/python"), status, took_s, said[0][:200])


def main() -> int:
    """Run and tell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    beside = ROOT.parent / "shared" / "data"
    parser.add_argument(
        "--data",
        type=Path,
        default=beside if beside.is_dir() else None,
        help="recorded voices and models (../shared/data)",
    )
    parser.add_argument("--only", help="steps whose name holds this")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    chosen = parser.parse_args()
    if not possible():
        print("this machine lets nobody make a network namespace", file=sys.stderr)
        return 2
    done: list[Done] = []
    with tempfile.TemporaryDirectory() as home:
        for name, command in steps(chosen.data):
            if chosen.only is None or chosen.only in name:
                done.append(cut_off(name, command, Path(home)))
                if not chosen.json:
                    print(
                        f"{name:20}{'good' if done[-1].status == 0 else 'FAILED':8}{done[-1].took_s:8.1f} s  {done[-1].said}",
                        flush=True,
                    )
    if chosen.json:
        print(
            json.dumps(
                {"machine": machine(), "recorded": chosen.data is not None, "steps": [asdict(one) for one in done]}
            )
        )
    return 0 if done and all(one.status == 0 for one in done) else 1


if __name__ == "__main__":
    sys.exit(main())
