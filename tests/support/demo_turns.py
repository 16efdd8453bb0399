"""The demo courtroom's turns, one sound each: language, text, and 16 kHz mono."""

from __future__ import annotations

import json

import av
import numpy as np

from hattama.demo.room import SPEECH
from transcription.recognizer import SAMPLE_RATE, Samples


def demo_turns() -> list[tuple[str, str, Samples]]:
    """In the order in which they are said, each from its own microphone."""
    known = json.loads(SPEECH.with_suffix(".json").read_text("utf-8"))
    with av.open(str(SPEECH)) as container:
        rate = container.streams.audio[0].rate
        sound = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
    tracks = dict(zip(known["channels"], sound if len(sound) > 1 else sound.reshape(-1, 4).T, strict=True))
    return [
        (
            t["language"],
            t["text"],
            _at_16k(tracks[t["channel"]][t["start_ms"] * rate // 1000 : t["end_ms"] * rate // 1000], rate),
        )
        for t in known["turns"]
    ]


def _at_16k(track: Samples, rate: int) -> Samples:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(track[None, :], np.float32), format="flt", layout="mono")
    frame.sample_rate = rate
    resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
    return np.concatenate([piece.to_ndarray()[0] for piece in [*resampler.resample(frame), *resampler.resample(None)]])
