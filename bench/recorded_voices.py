"""Six recorded people for made-up hearings, and recorded noises: which files, and what of them is speech.

The files lie beside a developer's clone (``../shared/data``), each with its licence in SOURCES.md there; none is part of the project.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.sounds import mono

#: One person each, in the order of ``bench.hearing.VOICES``: two in English alone, two and two at shared microphones, Kazakh last.
FILES: Final = (
    "en/LJ050-0131.wav", "en/sb_spk1_*.wav", "en/jfk.flac", "en/sb_spk2_*.wav", "ru/ds_ru.wav", "kk/kscd_1.wav",
)  # fmt: skip
NOISES: Final = "noise/noise*.wav"
_CELL_S: Final = 0.02
#: Softer than the loudest moment by so much is a pause (the hiss of an old recording is at −30 dB); one of this length divides phrases; a
#: shorter phrase is none.
_PAUSE_DB, _PAUSE_S, _PHRASE_S = -25.0, 0.3, 0.5

Sound = NDArray[np.float64]


def people(folder: Path, rate: int) -> list[list[Sound]]:
    """The phrases of each person.

    Raises:
        FileNotFoundError: there is no file of one of them.
    """
    found = [[p for path in sorted(folder.glob(name)) for p in phrases(mono(path, rate), rate)] for name in FILES]
    for name, spoken in zip(FILES, found, strict=True):
        if not spoken:
            raise FileNotFoundError(f"{folder / name}: no such voice")
    return found


def sounds(folder: Path, rate: int) -> list[Sound]:
    """The noises, each of a mean square of 1."""
    return [one / np.sqrt(np.mean(one**2)) for one in (mono(path, rate) for path in sorted(folder.glob(NOISES)))]


def phrases(sound: Sound, rate: int) -> list[Sound]:
    """What is speech, cut at pauses, without the silence around it."""
    cell = int(_CELL_S * rate)
    levels = np.sqrt(np.mean(sound[: len(sound) // cell * cell].reshape(-1, cell) ** 2, axis=1))
    loud = np.flatnonzero(levels > levels.max() * 10 ** (_PAUSE_DB / 20))
    parts = np.split(loud, np.flatnonzero(np.diff(loud) > _PAUSE_S / _CELL_S) + 1)
    return [sound[part[0] * cell : (part[-1] + 1) * cell] for part in parts if len(part) * _CELL_S >= _PHRASE_S]
