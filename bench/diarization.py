"""``.venv/bin/python -m bench.diarization --model FOLDER``: who spoke when, told from one channel by pyannote.audio.

The error rate is pyannote.metrics' own: no collar, overlap counted, the number of speakers not told. What is measured: recorded
meetings (``--clips``: FLAC files with RTTM beside them), each far microphone by itself; a mixture of four voices at four
microphones, by channel through the pipeline, and one of its channels by itself. The made-up hearing is bench.hearing's. Recognition is
left out: only who speaks is compared. Times are of this machine, with whatever else it does.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from numpy.typing import NDArray

from bench.machine import machine
from bench.speakers import Figure, alone, model_folder, through
from device_config.settings import DiarizationSettings, SpeechSettings
from hattama.logs import configure
from tests.transcription.courtroom import RATE
from transcription.diarization_process import PyannoteDiarizer
from transcription.evaluation.speakers import SpeakerTime, Turn
from transcription.recognizer import SAMPLE_RATE

#: Recorded clips, and the mixture of four microphones.
CLIP: Final = "ami-*.flac"
MIXTURE: Final = "mix4_bleed*.flac"


def channels(path: Path) -> tuple[NDArray[np.float32], int]:
    """The samples of a file, (channels, n), −1 … 1, and their rate."""
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="fltp")
        parts = [one.to_ndarray() for frame in container.decode(audio=0) for one in resampler.resample(frame)]
        rate = container.streams.audio[0].rate
    return np.concatenate(parts, axis=1).astype(np.float32), rate


def references(folder: Path) -> dict[str, list[Turn]]:
    """Turns by name of the recording, from every RTTM file of the folder."""
    out: dict[str, list[Turn]] = {}
    for path in sorted(folder.glob("*.rttm")):
        for fields in (line.split() for line in path.read_text(encoding="utf-8").splitlines()):
            if fields and fields[0] == "SPEAKER":
                start = float(fields[3])
                out.setdefault(fields[1], []).append(Turn(fields[7], start, start + float(fields[4])))
    return out


def at_rate(samples: NDArray[Any], given: int, wanted: int) -> NDArray[np.float32]:
    """Linear interpolation, as good as the speech in 16 kHz needs."""
    places = np.arange(int(samples.shape[-1] * wanted / given)) * given / wanted
    return np.asarray(np.interp(places, np.arange(samples.shape[-1]), samples), np.float32)


def clips(folder: Path, diarizer: PyannoteDiarizer, most: int | None) -> Iterator[Figure]:
    """Each clip, then all of them."""
    known = references(folder)
    total, seconds, took = SpeakerTime(), 0.0, 0.0
    for path in sorted(folder.glob(CLIP))[:most]:
        samples, rate = channels(path)
        figure = alone(
            path.stem, at_rate(samples.mean(0), rate, SAMPLE_RATE), known[path.stem.removeprefix("ami-")], diarizer
        )
        total.add(figure.time)
        seconds, took = seconds + figure.seconds, took + figure.took_s
        yield figure
    if seconds:
        yield Figure("all clips", seconds, 0, 0, total, took)


def mixtures(folder: Path, diarizer: PyannoteDiarizer, without: SpeechSettings) -> Iterator[Figure]:
    """Four voices at four microphones: by channel, and one of the channels."""
    known = references(folder)
    for path in sorted(folder.glob(MIXTURE)):
        samples, rate = channels(path)
        wanted = known[path.stem.split("_")[0]]
        mics = {f"mic-{n}": at_rate(channel, rate, RATE) for n, channel in enumerate(samples)}
        yield through(f"{path.stem}, by channel", mics, [(mic, f"p-{mic}") for mic in mics], wanted, without)
        yield alone(f"{path.stem}, one channel", at_rate(samples[0], rate, SAMPLE_RATE), wanted, diarizer)


def peak_mib(pid: int | None) -> int | None:
    """The most memory a process has used, MiB."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM")), None)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--model",
        type=Path,
        required=True,
        help="folder of a pyannote model, or of files that scripts.make_diarizer reads",
    )
    parser.add_argument(
        "--clips", type=Path, required=True, help="folder of ami-*.flac and mix4_bleed*.flac with RTTM files"
    )
    parser.add_argument("--most", type=int, help="no more clips than this, and no mixtures")
    parser.add_argument("--step", type=float, default=DiarizationSettings().step, help="as in the settings")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    chosen = parser.parse_args()
    configure()
    with model_folder(chosen.model) as folder:
        return measured(folder, chosen.clips, chosen.most, chosen.step, as_json=chosen.json)


def measured(folder: Path, clips_folder: Path, most: int | None, step: float, *, as_json: bool) -> int:
    """All figures, printed as they come."""
    rows: list[dict[str, Any]] = []

    def take(figures: Iterator[Figure]) -> None:
        for figure in figures:
            rows.append(figure.row())
            if not as_json:
                print("  ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)

    diarizer = PyannoteDiarizer(SpeechSettings(diarization=DiarizationSettings(path=folder, step=step)))
    model = diarizer.identity
    take(clips(clips_folder, diarizer, most))
    if most is None:
        take(mixtures(clips_folder, diarizer, SpeechSettings()))
    peak = peak_mib(diarizer.pid)
    diarizer.close()
    if as_json:
        about = {"machine": machine(), "model": model.name, "sha256": model.sha256, "step": step, "peak_mib": peak}
        print(json.dumps({**about, "figures": rows}))
    else:
        print(f"model {model.name} {model.sha256}, step {step}, peak memory of its process {peak} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
