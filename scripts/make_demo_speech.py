"""Make the sound of the demo courtroom: four microphones, a short civil hearing in Kazakh and Russian.

Needs espeak-ng (Debian package); its voices are synthetic, the case and its people are invented. Writes
hattama/demo/assets/speech.opus (4 channels, 48 kHz) and speech.json (who says what, when). The result is committed, so only
somebody who changes the text runs this: ``.venv/bin/python scripts/make_demo_speech.py``.

How it is made: each turn is spoken by espeak-ng, brought to 48 kHz and to one level; turns follow each other with pauses, now
and then with a short overlap. Every microphone also hears the others, 25 dB softer, later by the way of the sound through
the room, and the room's own noise. The noise is seeded, so the same text gives the same sound.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

RATE = 48000
CROSSTALK_DB = -25.0
NOISE_DBFS = -66.0
LEVEL_DBFS = -22.0  # RMS of a turn while it speaks
BIT_RATE = 112_000
ASSETS = Path(__file__).resolve().parent.parent / "hattama" / "demo" / "assets"
CHANNELS = ("mic-bench", "mic-plaintiff", "mic-defendant", "mic-secretary")
PLACES_M = ((0.0, 0.0), (-2.5, 4.0), (2.5, 4.0), (0.5, 1.8))  # where each microphone stands, metres

Sound = NDArray[np.float64]


@dataclass(frozen=True)
class Turn:
    """One speaker's words; ``pause`` is seconds after the turn before (negative: overlap)."""

    channel: str
    language: str
    text: str
    pause: float = 0.35


VOICES = {  # microphone: espeak-ng variant, pitch, words a minute
    "mic-bench": ("m3", 38, 165),
    "mic-plaintiff": ("m1", 55, 175),
    "mic-defendant": ("m7", 30, 160),
    "mic-secretary": ("f2", 62, 172),
}

TURNS = (
    Turn("mic-secretary", "ru", "Прошу всех встать, суд идёт!", 0.4),
    Turn("mic-bench", "ru", "Прошу садиться. Судебное заседание объявляется открытым. Рассматривается гражданское дело о взыскании долга."),
    Turn("mic-secretary", "kk", "Аудио-, бейнежазба құралдары қолданылады. Сотқа талапкер мен жауапкер келді."),
    Turn("mic-bench", "ru", "Есть ли отводы составу суда?"),
    Turn("mic-plaintiff", "ru", "Отводов нет, уважаемый суд."),
    Turn("mic-defendant", "kk", "Қарсылық жоқ.", -0.15),
    Turn("mic-bench", "kk", "Тараптарға құқықтары мен міндеттері түсіндіріледі."),
    Turn("mic-plaintiff", "ru", "Прошу взыскать долг по расписке. Ответчик обещал вернуть деньги в мае и не вернул."),
    Turn("mic-defendant", "kk", "Талаппен келіспеймін. Ақша маусым айында толық қайтарылды."),
    Turn("mic-bench", "ru", "Чем вы можете это подтвердить?", 0.3),
    Turn("mic-defendant", "kk", "Банктің түбіртегі бар, оны іске тіркеуді сұраймын."),
    Turn("mic-plaintiff", "ru", "Возражаю, эта квитанция по другому договору.", -0.2),
    Turn("mic-bench", "ru", "Суд приобщает квитанцию к материалам дела. Объявляется перерыв на десять минут."),
    Turn("mic-secretary", "kk", "Үзіліс жарияланды. Жазба тоқтатылады."),
)


def speak(turn: Turn) -> Sound:
    """The turn's sound at 48 kHz, one channel, at the common level."""
    variant, pitch, speed = VOICES[turn.channel]
    with tempfile.NamedTemporaryFile(suffix=".wav") as wav:
        command = ["espeak-ng", "-v", f"{turn.language}+{variant}", "-p", str(pitch), "-s", str(speed), "-w", wav.name, turn.text]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        resampler = AudioResampler(format="dblp", layout="mono", rate=RATE)
        with av.open(wav.name) as container:
            parts = [part.to_ndarray()[0] for frame in container.decode(audio=0) for part in resampler.resample(frame)]
            parts += [part.to_ndarray()[0] for part in resampler.resample(None)]
    sound: Sound = np.concatenate(parts)
    loud = np.flatnonzero(np.abs(sound) > 0.003)
    sound = sound[max(0, loud[0] - RATE // 50) : loud[-1] + RATE // 20]
    rms = float(np.sqrt(np.mean(sound**2)))
    return np.tanh(sound * 10 ** (LEVEL_DBFS / 20) / rms)


def mix(turns: tuple[Turn, ...]) -> tuple[Sound, list[dict[str, object]]]:
    """All microphones (channels × samples), and who says what from when to when (ms)."""
    placed, said, at = [], [], 0
    for turn in turns:
        sound = speak(turn)
        start = max(0, at + round(turn.pause * RATE))
        placed.append((CHANNELS.index(turn.channel), start, sound))
        at = start + len(sound)
        said.append(
            {"channel": turn.channel, "language": turn.language, "start_ms": start * 1000 // RATE, "end_ms": at * 1000 // RATE, "text": turn.text}
        )
    room = _room_noise(len(CHANNELS), at + RATE)
    for channel, start, sound in placed:
        for other in range(len(CHANNELS)):
            way = float(np.hypot(*np.subtract(PLACES_M[channel], PLACES_M[other])))
            begin = start + round(way / 343 * RATE)
            gain = 1.0 if other == channel else 10 ** (CROSSTALK_DB / 20)
            room[other, begin : begin + len(sound)] += gain * sound
    return room, said


def _room_noise(channels: int, samples: int) -> Sound:
    """Soft noise that falls towards high tones, as ventilation does; each microphone its own."""
    white = np.random.default_rng(2026).standard_normal((channels, samples))
    spectrum = np.fft.rfft(white)
    tones = np.fft.rfftfreq(samples, 1 / RATE)
    noise: Sound = np.fft.irfft(spectrum / np.sqrt(1 + (tones / 300) ** 2), samples)
    return noise * 10 ** (NOISE_DBFS / 20) / float(np.sqrt(np.mean(noise**2)))


def encode(room: Sound, path: Path) -> None:
    """Write the microphones as one Opus file of four channels."""
    packed = np.ascontiguousarray(np.clip(room, -1, 1).T.astype(np.float32)).reshape(1, -1)
    with av.open(str(path), "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=RATE, layout="quad", options={"mapping_family": "255", "vbr": "on"})
        stream.bit_rate = BIT_RATE
        for at in range(0, packed.shape[1] // len(CHANNELS), 960):
            frame = AudioFrame.from_ndarray(packed[:, at * len(CHANNELS) : (at + 960) * len(CHANNELS)], format="flt", layout="quad")
            frame.sample_rate, frame.pts = RATE, at
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def main() -> None:
    """Write both files."""
    ASSETS.mkdir(parents=True, exist_ok=True)
    room, said = mix(TURNS)
    encode(room, ASSETS / "speech.opus")
    engine = subprocess.run(["espeak-ng", "--version"], check=True, capture_output=True, text=True).stdout.split("Data")[0].strip()
    sidecar = {
        "about": "Demonstration: a made-up hearing, spoken by a machine. No real person, case or recording.",
        "made_by": f"scripts/make_demo_speech.py with {engine}",
        "crosstalk_db": CROSSTALK_DB,
        "noise_dbfs": NOISE_DBFS,
        "rate": RATE,
        "samples": int(room.shape[1]),
        "channels": list(CHANNELS),
        "voices": {channel: f"espeak-ng +{variant}" for channel, (variant, _, _) in VOICES.items()},
        "turns": said,
    }
    (ASSETS / "speech.json").write_text(json.dumps(sidecar, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
