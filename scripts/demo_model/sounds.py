"""Speech by eSpeak NG at 16 kHz, and what a courtroom adds to it: levels, noise, other voices, the moments before and after."""

from __future__ import annotations

import io
import subprocess
import wave
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scripts.demo_model.sentences import Text

RATE = 16_000
VARIANTS = ("", "+m1", "+m2", "+m3", "+m4", "+m5", "+m6", "+m7", "+f1", "+f2", "+f3", "+f4", "+f5")
LONGEST_S = 7.9

Sound = NDArray[np.float32]


@dataclass(frozen=True)
class Clip:
    """A text as one voice says it."""

    language: str
    words: tuple[str, ...]
    sound: Sound


def speak(language: str, text: str, variant: str, pitch: int, speed: int) -> Sound:
    """One text, 16 kHz, its own silence cut off, RMS −22 dB of full scale."""
    command = ["espeak-ng", "-v", f"{language}{variant}", "-p", str(pitch), "-s", str(speed), "--stdout", text]
    data = subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL).stdout
    with wave.open(io.BytesIO(data)) as wav:
        given = wav.getframerate()
    samples = np.frombuffer(data[44:], np.int16).astype(np.float64) / 32768
    sound = np.interp(np.arange(int(len(samples) * RATE / given)) * given / RATE, np.arange(len(samples)), samples)
    loud = np.flatnonzero(np.abs(sound) > 0.003)
    sound = sound[max(0, loud[0] - RATE // 50) : loud[-1] + RATE // 20]
    scaled: Sound = np.tanh(sound * 10 ** (-22 / 20) / np.sqrt(np.mean(sound**2))).astype(np.float32)
    return scaled


def corpus(texts: list[Text], seed: int, own: int = 5, others: int = 4) -> list[Clip]:
    """Every text in several voices.

    Args:
        texts: what is said.
        seed: of voices, pitches and speeds.
        own: how often a text of the demo is said in about its own voice.
        others: how often any text is said in another one.
    """
    rng = np.random.default_rng(seed)
    jobs: list[tuple[Text, str, int, int]] = []
    for text in texts:
        if text.voice is not None:
            variant, pitch, speed = text.voice
            jobs.append((text, f"+{variant}", pitch, speed))
            jobs += [
                (text, f"+{variant}", pitch + int(rng.integers(-4, 5)), speed + int(rng.integers(-8, 9)))
                for _ in range(own)
            ]
        jobs += [
            (text, str(rng.choice(VARIANTS)), int(rng.integers(25, 76)), int(rng.integers(145, 191)))
            for _ in range(others)
        ]
    with ThreadPoolExecutor(2) as pool:
        spoken = pool.map(lambda job: speak(job[0].language, job[0].text, *job[1:]), jobs)
        clips = [
            Clip(job[0].language, tuple(job[0].text.split()), sound) for job, sound in zip(jobs, spoken, strict=True)
        ]
    return [clip for clip in clips if len(clip.sound) < (LONGEST_S - 0.3) * RATE]


def in_the_room(clip: Clip, other: Clip, rng: np.random.Generator) -> tuple[Sound, float]:
    """The clip with another voice far off, noise, a level, and silence around it.

    Returns:
        the sound, and where the speech begins, seconds.
    """
    room = LONGEST_S - len(clip.sound) / RATE
    before = float(rng.uniform(0.0, min(0.5, room / 2)))
    after = float(rng.uniform(0.0, min(0.6, room / 2)))
    sound = np.concatenate([np.zeros(round(before * RATE)), clip.sound, np.zeros(round(after * RATE))])
    if rng.random() < 0.5:
        begin = int(rng.integers(-len(other.sound), len(sound)))
        part = other.sound[max(0, -begin) :][: len(sound) - max(0, begin)]
        sound[max(0, begin) : max(0, begin) + len(part)] += part * 10 ** (rng.uniform(-32, -20) / 20)
    sound = sound + _noise(len(sound), rng) * 10 ** (rng.uniform(-72, -48) / 20)
    return (sound * 10 ** (rng.uniform(-10, 6) / 20)).astype(np.float32), before


def only_noise(rng: np.random.Generator) -> Sound:
    """A stretch in which nobody speaks: silence, hiss, rumble, hum."""
    count = int(rng.uniform(0.5, 6) * RATE)
    sound = _noise(count, rng) * 10 ** (rng.uniform(-70, -20) / 20)
    if rng.random() < 0.4:
        tones = rng.uniform(45, 2000, size=int(rng.integers(1, 4)))
        sound = sound + sum(np.sin(2 * np.pi * tone * np.arange(count) / RATE) for tone in tones) * 10 ** (
            rng.uniform(-50, -15) / 20
        )
    return sound.astype(np.float32)


def _noise(count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Noise that falls towards high tones from a random corner on, RMS 1."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    tones = np.fft.rfftfreq(count, 1 / RATE)
    made: NDArray[np.float64] = np.fft.irfft(spectrum / np.sqrt(1 + (tones / rng.uniform(100, 8000)) ** 2), count)
    return made / (float(np.sqrt(np.mean(made**2))) + 1e-9)
