"""Completeness and quality of a recording: sounds whose level, noise, clipping and silence are known; the judge's decision."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import httpx2
import numpy as np
import pytest
from numpy.typing import NDArray

from protocol.hearing import Finding, Gap, Interval, Segment, Source, Take
from protocol.view import HearingView
from recorder import quality_routes
from recorder.api import create_app
from recorder.quality import SHIPPED, BadProfile, Sound, SoundMeter, read_profile, report
from recorder.quality_reading import Task, measure, sound_of
from tests.archive_pages.hearing import HEARING, MICROPHONES
from tests.support.recorder import check, lines, microphones, plan, running, settings, sync, until
from tests.support.review_court import court

RATE = 16_000
MUX = {"movflags": "empty_moov+default_base_moof+skip_trailer", "frag_duration": "200000"}
Samples = NDArray[np.float32]


def sine(dbfs: float, seconds: float) -> Samples:
    """A tone whose RMS is this level."""
    times = np.arange(round(RATE * seconds)) / RATE
    wave: NDArray[np.float64] = np.sqrt(2) * 10 ** (dbfs / 20) * np.sin(2 * np.pi * 440 * times)
    return wave.astype(np.float32)


def noise(dbfs: float, seconds: float) -> Samples:
    """White noise whose RMS is this level."""
    return np.random.default_rng(7).normal(0, 10 ** (dbfs / 20), round(RATE * seconds)).astype(np.float32)


def heard(*parts: Samples, piece: int = 777) -> Sound:
    meter, samples = SoundMeter(RATE), np.concatenate(parts)
    for start in range(0, samples.size, piece):
        meter.add(samples[start : start + piece])
    return meter.sound


def test_level_noise_and_their_distance() -> None:
    sound = heard(sine(-20, 2), noise(-60, 2))
    assert sound.loud_cdb == pytest.approx(-2000, abs=10)
    assert sound.quiet_cdb == pytest.approx(-6000, abs=60)
    assert sound.snr_cdb == pytest.approx(4000, abs=70)
    assert sound.peak_cdb == pytest.approx(-1699, abs=2)
    assert (sound.seconds, sound.clipped_ppm, sound.silent_s) == (4.0, 0, 0.0)


def test_cut_tops_are_counted_and_a_single_peak_is_not() -> None:
    peak = np.zeros(RATE, dtype=np.float32)
    peak[100] = 1.0
    assert heard(peak).clipped_ppm == 0
    cut = np.clip(4 * sine(-6, 1), -1, 1)
    expected = 1_000_000 * np.count_nonzero(np.abs(cut) >= 0.9999) / cut.size
    assert heard(cut, piece=cut.size).clipped_ppm == pytest.approx(expected, rel=0.01)


def test_digital_silence_is_no_noise() -> None:
    sound = heard(np.zeros(RATE, dtype=np.float32), sine(-20, 1))
    assert sound.silent_s == pytest.approx(1.0, abs=0.06)
    assert sound.quiet_cdb == pytest.approx(-2000, abs=20), "what is switched off tells nothing of the noise"
    nothing = heard(np.zeros(RATE, dtype=np.float32))
    assert (nothing.loud_cdb, nothing.peak_cdb) == (-15000, -15000)


def written(folder: Path, name: str, samples: Samples) -> Segment:
    """A segment of real FLAC."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4", options=MUX) as out:
        stream = out.add_stream("flac", rate=RATE, layout="mono")
        stream.codec_context.format = "s16"
        frame = av.AudioFrame.from_ndarray(
            (samples * 32767).astype(np.int16).reshape(1, -1), format="s16", layout="mono"
        )
        frame.sample_rate, frame.pts = RATE, 0
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            out.mux(packet)
    (folder / name).write_bytes(file.getvalue())
    length = samples.size * 1_000_000 // RATE
    return Segment(name, "T01", "mic", 1, 1, "", 0, length, "audio", "flac", RATE, samples.size, 1, "roll")


def test_files_are_measured_as_what_was_written_into_them(tmp_path: Path) -> None:
    one, other = written(tmp_path, "1.mp4", sine(-20, 2)), written(tmp_path, "2.mp4", noise(-60, 2))
    sound = sound_of(tmp_path, [one, other])
    assert sound is not None
    assert sound.seconds == 4.0
    assert sound.loud_cdb == pytest.approx(-2000, abs=10)
    assert sound.quiet_cdb == pytest.approx(-6000, abs=80)
    (tmp_path / "1.mp4").write_bytes(b"damaged")
    rest = sound_of(tmp_path, [one, other])
    assert rest is not None
    assert rest.seconds == 2.0, "what can be decoded is measured all the same"
    assert sound_of(tmp_path, [one]) is None


GOOD = Sound(10.0, -1000, -2000, -5500, 0, 0.0)
SEGMENT = Segment("p", "T01", "mic", 1, 1, "", 0, 10_000_000, "audio", "flac", RATE, 10 * RATE, 40, "roll")


def judged(segment: Segment = SEGMENT, sound: Sound | None = GOOD, **more: Any) -> tuple[str, ...]:
    """What falls short of the shipped profile in a hearing of one source."""
    view = HearingView(
        takes={"T01": Take("T01", "open", 0, ("mic",), 10_000_000)},
        sources={"mic": Source("mic", "microphone", segment.media)},
        segments=[segment],
        **more,
    )
    told = report(view, {"mic": sound} if sound else {}, read_profile())
    assert told.good == (not told.sources[0].short)
    return told.sources[0].short


@pytest.mark.parametrize(
    ("short", "given"),
    [
        ((), {}),
        (("quiet",), {"sound": replace(GOOD, loud_cdb=-5500, quiet_cdb=-8000)}),
        (("noise",), {"sound": replace(GOOD, quiet_cdb=-2500)}),
        (("clipped",), {"sound": replace(GOOD, clipped_ppm=5000)}),
        (("silent",), {"sound": replace(GOOD, loud_cdb=-15000)}),
        (("undecoded",), {"sound": None}),
        (("rate",), {"segment": replace(SEGMENT, rate=8000)}),
        (("codec",), {"segment": replace(SEGMENT, codec="mp3")}),
        (("sync",), {"segment": replace(SEGMENT, media_us=9_900_000)}),
        (("missing",), {"gaps": [Gap(1, "lost", "", (Interval("mic", 0, 2_000_000),))]}),
        (("unread",), {"findings": [Finding(1, "readback-differs", "error", "mic", 0, None)]}),
        (("fps",), {"segment": replace(SEGMENT, media="video", codec="h264", units=50)}),
        (("codec",), {"segment": replace(SEGMENT, media="video", codec="mjpeg", units=250)}),
    ],
)
def test_what_falls_short_is_named(short: tuple[str, ...], given: dict[str, Any]) -> None:
    assert judged(**given) == short


def test_a_court_s_own_profile_and_a_bad_one(tmp_path: Path) -> None:
    own = tmp_path / "profile.toml"
    own.write_text(SHIPPED.read_text("utf-8").replace('order = ""', 'order = "Приказ № 19"'), "utf-8")
    assert read_profile(own).order == "Приказ № 19"
    for text in ("name = 1", SHIPPED.read_text("utf-8") + "\nextra = 1", "name = "):
        own.write_text(text, "utf-8")
        with pytest.raises(BadProfile, match=r"profile\.toml"):
            read_profile(own)
    with pytest.raises(BadProfile):
        read_profile(tmp_path / "none.toml")


def test_the_judge_s_decision_stands_in_the_journal_with_its_report(tmp_path: Path) -> None:
    with court(tmp_path) as served:
        transport = httpx2.HTTPTransport(uds=str(served.settings.socket))
        with httpx2.Client(transport=transport, base_url="http://recorder", timeout=60) as raw:
            address = f"/v1/hearings/{HEARING}/quality"
            told = raw.get(address).raise_for_status().json()
            assert told["judged"] is None
            rows = {row["source"]: row for row in told["report"]["sources"]}
            assert set(MICROPHONES) <= set(rows)
            assert rows["mic-bench"]["sound"]["loud_cdb"] == pytest.approx(-1775, abs=10), "a tone of 6000/32768"
            assert "missing" in rows["mic-plaintiff"]["short"]
            assert told["report"] == measure(Task(str(served.settings.hearings / HEARING)))
            assert raw.post(address, json={"by": "judge", "accepted": False, "reason": " "}).status_code == 422
            assert (
                raw.post(address, json={"by": "judge", "accepted": False, "reason": "истца не слышно"}).status_code
                == 201
            )
            after = raw.get(address).raise_for_status().json()["judged"]
            assert (after["by"], after["accepted"], after["reason"]) == ("judge", False, "истца не слышно")
        found = check(served.settings.hearings / HEARING)
        assert found.integrity == "intact"


@sync
async def test_a_hearing_that_is_certified_while_its_sound_is_measured_is_not_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(settings(tmp_path, microphones())) as daemon:
        hearing = await plan(daemon)
        await daemon.move(hearing, "start", "s")
        await until(lambda: daemon.status().recording)
        await daemon.move(hearing, "stop", "s")

        async def measured(_task: Task) -> dict[str, Any]:
            async with daemon.ledger(hearing) as (_, ledger):
                for before, state in (("finished", "drafted"), ("drafted", "certified")):
                    await ledger.post(
                        ("state", {"from": before, "to": state, "by": "s", "reason": ""}), checkpoint=True
                    )
            return {}

        monkeypatch.setattr(quality_routes, "measure_apart", measured)
        transport = httpx2.ASGITransport(app=create_app(daemon))
        async with httpx2.AsyncClient(transport=transport, base_url="http://recorder") as client:
            answer = await client.post(f"/v1/hearings/{hearing}/quality", json={"by": "judge", "accepted": True})
        assert (answer.status_code, answer.json()["code"]) == (409, "illegal-move")
        assert lines(daemon, "recording_judged") == []
