"""What is wrong with sound, and nothing wrong with speech: measurements and watch, with sound that tests make and the demo's speech."""

from __future__ import annotations

from collections.abc import Iterable

import av
import numpy as np
import pytest
from av.audio.resampler import AudioResampler
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hattama.demo.room import SPEECH
from recorder.health.sound import SoundWatch
from recorder.health.sound_facts import SoundFacts, SoundGauge
from recorder.levels import SILENCE_CDB, LevelMeter, Samples

RATE = 48000


def tone(hz: float, cdb: int, seconds: float, rate: int = RATE) -> NDArray[np.float64]:
    """A sine with this RMS."""
    at = np.arange(round(seconds * rate)) / rate
    found: NDArray[np.float64] = np.sin(2 * np.pi * hz * at) * 10 ** (cdb / 2000) * np.sqrt(2)
    return found


def noise(cdb: int, seconds: float, seed: int = 1, rate: int = RATE) -> NDArray[np.float64]:
    """White noise with this RMS."""
    found: NDArray[np.float64] = np.random.default_rng(seed).normal(0, 10 ** (cdb / 2000), round(seconds * rate))
    return found


def speech(seconds: float, pitch_hz: float, cdb: int, seed: int, rate: int = RATE) -> NDArray[np.float64]:
    """Something like speech: gliding harmonics in syllables of 80 to 400 ms with pauses between."""
    chance = np.random.default_rng(seed)
    parts: list[NDArray[np.float64]] = []
    length, phase = 0, 0.0
    while length < seconds * rate:
        count = int(chance.uniform(0.08, 0.4) * rate)
        glide = np.linspace(1, chance.uniform(0.85, 1.2), count) * pitch_hz * chance.uniform(0.85, 1.2)
        angle = phase + 2 * np.pi * np.cumsum(glide) / rate
        phase = float(angle[-1])
        voice = sum(np.sin(angle * number) / number for number in range(1, 12)) * np.hanning(count)
        pause = np.zeros(int(chance.choice([0.02, 0.1, 0.5]) * rate))
        parts += [np.asarray(voice), pause]
        length += count + pause.size
    sound = np.concatenate(parts)[: round(seconds * rate)]
    found: NDArray[np.float64] = sound * 10 ** (cdb / 2000) / max(1e-9, float(np.sqrt(np.mean(np.square(sound)))))
    return found + noise(-6500, seconds, seed, rate)[: found.size]


def int16(*channels: NDArray[np.float64]) -> NDArray[np.int16]:
    """Channels as a device gives them; what is too loud is cut off."""
    wide = np.stack(channels, axis=1) * 32768
    return np.clip(np.round(wide), -32768, 32767).astype(np.int16)


def codes_over(samples: Samples, rate: int = RATE, block: int | None = None) -> list[set[tuple[str, str | None]]]:
    """What the watch says after each second; channels are named 0, 1 …"""
    gauge, watch = SoundGauge(rate, samples.shape[1]), SoundWatch()
    said: list[set[tuple[str, str | None]]] = []
    step, told = block or rate // 100, 0
    meters = [LevelMeter() for _ in range(samples.shape[1])]
    for begin in range(0, len(samples), step):
        part = samples[begin : begin + step]
        now = 1000 + (begin + len(part)) / rate
        for meter, channel in zip(meters, part.T, strict=True):
            meter.add(channel)
        if (begin + len(part)) * 10 // rate > told:
            told = (begin + len(part)) * 10 // rate
            for number, meter in enumerate(meters):
                watch.level(str(number), meter.peak_cdb, meter.rms_cdb, now)
                meter.reset()
        for number, facts in enumerate(gauge.add(part)):
            watch.second(str(number), facts, now)
        if (begin + len(part)) // rate > len(said):
            said.append(set(watch.look(now)))
    return said


def ever(said: Iterable[set[tuple[str, str | None]]]) -> set[tuple[str, str | None]]:
    return set().union(*said)


@pytest.mark.parametrize(("rate", "dtype"), [(48000, np.int16), (44100, np.int16), (16000, np.int16), (48000, np.int32)])
def test_a_tone_is_measured_as_it_is(rate: int, dtype: type[np.signedinteger]) -> None:
    full = float(-np.iinfo(dtype).min)
    channels = (tone(50, -4000, 1.5, rate), tone(150, -5000, 1.5, rate) + 0.05, tone(85, -2000, 1.5, rate))
    sound = (np.stack(channels, axis=1) * full).astype(dtype)
    gauge = SoundGauge(rate, 3)
    facts = [item for begin in range(0, len(sound), 997) for item in gauge.add(sound[begin : begin + 997])]
    hum, both, voice = facts
    assert hum.hum_cdb == pytest.approx(-4000, abs=100)
    assert both.hum_cdb == pytest.approx(-5000, abs=100)
    assert both.dc_cdb == pytest.approx(-2602, abs=20)
    assert voice.hum_cdb == SILENCE_CDB
    assert not any(item.clipped or item.flat for item in facts)


def test_blocks_smaller_than_a_step_are_gathered() -> None:
    gauge = SoundGauge(RATE, 1)
    facts = [item for _ in range(RATE // 4) for item in gauge.add(np.full((5, 1), 100, np.int16))]
    assert facts == [SoundFacts(clipped=0, dc_cdb=facts[0].dc_cdb, hum_cdb=SILENCE_CDB, flat=True)]


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10**6), pitch=st.floats(75, 320), cdb=st.integers(-4500, -1800))
def test_speech_is_no_fault(seed: int, pitch: float, cdb: int) -> None:
    """Any voice, near or far, alone and beside another: nothing is said of it."""
    sound = int16(speech(14, pitch, cdb, seed, 16000), speech(14, pitch * 1.3, max(-4500, cdb - 1200), seed + 1, 16000))
    assert ever(codes_over(sound, 16000)) == set()


def test_the_speech_of_the_demo_is_no_fault() -> None:
    """Four microphones, four people, each with the others in the background; 50 s of it, twice."""
    with av.open(str(SPEECH)) as container:
        stream = container.streams.audio[0]
        packed = AudioResampler(format="s16", layout=stream.layout, rate=stream.rate)
        parts = [part.to_ndarray().reshape(-1, stream.channels) for frame in container.decode(stream) for part in packed.resample(frame)]
    sound: Samples = np.concatenate(parts * 2).astype(np.int16, copy=False)
    assert ever(codes_over(sound, stream.rate, block=960)) == set()


def test_hum_is_found_under_speech_and_over_when_it_is_over() -> None:
    hum = tone(50, -4200, 12) + tone(100, -4800, 12) + tone(150, -5000, 12)
    humming = speech(26, 130, -2600, 3)
    humming[: hum.size] += hum
    said = codes_over(int16(humming, speech(26, 200, -2600, 4)))
    found = [second for second, codes in enumerate(said, 1) if ("hum", "0") in codes]
    assert 5 <= found[0] <= 10
    assert found[-1] <= 17
    assert ever(said) == {("hum", "0")}


def test_clipping_is_found_and_over_when_it_is_over() -> None:
    loud = speech(20, 130, -2600, 3)
    loud[: 8 * RATE] *= 30
    said = codes_over(int16(loud, speech(20, 200, -2600, 4)))
    found = [second for second, codes in enumerate(said, 1) if codes == {("clipping", "0")}]
    assert found[0] <= 5
    assert found[-1] <= 14
    assert ever(said) == {("clipping", "0")}


def test_one_shout_is_no_fault() -> None:
    loud = speech(12, 130, -2600, 3)
    loud[3 * RATE : 3 * RATE + RATE // 3] *= 60
    assert ever(codes_over(int16(loud))) == set()


def test_a_constant_offset_is_found_and_over() -> None:
    off = speech(20, 130, -2600, 3)
    off[: 9 * RATE] += 0.08
    said = codes_over(int16(off))
    assert said[5] == {("constant-offset", "0")}
    assert said[-1] == set()


@pytest.mark.parametrize("value", [0, 700])
def test_a_channel_that_never_moves_is_dead(value: int) -> None:
    sound = int16(speech(20, 130, -2600, 3), speech(20, 200, -2600, 4))
    sound[4 * RATE : 14 * RATE, 1] = value
    said = codes_over(sound)
    found = [second for second, codes in enumerate(said, 1) if ("digital-silence", "1") in codes]
    assert 9 <= found[0] <= 13
    assert found[-1] <= 16
    assert ever(said) == {("digital-silence", "1")}


def test_a_microphone_that_hears_nothing_while_the_room_speaks_is_found() -> None:
    """Its own noise is there, so it is no digital silence: a capsule that is broken or covered."""
    deaf = noise(-7500, 24, 5)
    deaf[16 * RATE :] = speech(8, 200, -5000, 4)
    said = codes_over(int16(speech(24, 130, -2600, 3), deaf))
    found = [second for second, codes in enumerate(said, 1) if ("microphone-silent", "1") in codes]
    assert found[0] <= 10
    assert found[-1] <= 19
    assert ever(said) == {("microphone-silent", "1")}


def test_an_empty_room_is_quiet_and_no_fault() -> None:
    assert ever(codes_over(int16(*(noise(-7500, 20, seed) for seed in range(4))))) == set()


def test_a_lost_device_says_nothing() -> None:
    watch = SoundWatch()
    for tenth in range(200):
        watch.level("mic", SILENCE_CDB, SILENCE_CDB, tenth / 10)
    assert set(watch.look(20)) == {("digital-silence", "mic")}
    watch.forget(["mic"])
    assert watch.look(20) == {}
