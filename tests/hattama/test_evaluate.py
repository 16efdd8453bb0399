"""``hattama evaluate``: from a folder to figures, a page, and errors that name what is wrong."""

from __future__ import annotations

import json
import re
import shutil
import wave
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("faster_whisper", reason="needs the extra asr")
pytest.importorskip("meeteval", reason="needs the extra evaluate")

from scripts.demo_model.sounds import speak
from scripts.make_demo_speech import TURNS, VOICES
from tests.support.command import hattama
from tests.transcription.courtroom import noise
from transcription.recognizer import SAMPLE_RATE, Samples


def write(path: Path, channels: list[Samples]) -> None:
    longest = max(map(len, channels))
    samples = np.stack([np.pad(channel, (0, longest - len(channel))) for channel in channels], 1)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(len(channels))
        out.setsampwidth(2)
        out.setframerate(SAMPLE_RATE)
        out.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="needs espeak-ng (apt install espeak-ng)")
def test_two_people_two_languages_and_silence(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    channels = [noise(40, -62, SAMPLE_RATE, seed=number) for number in (1, 2)]
    segments, at = [], 1.0
    for who, language, text in _turns():
        channel = int(who != "mic-bench")
        sound = speak(language, text, f"+{VOICES[who][0]}", *VOICES[who][1:])
        first = int(at * SAMPLE_RATE)
        for other in (0, 1):
            channels[other][first : first + len(sound)] += sound * (1.0 if other == channel else 0.12)
        end = at + len(sound) / SAMPLE_RATE
        segments.append(
            {"start": at, "end": end, "speaker": who, "channel": channel, "language": language, "text": text}
        )
        at = end + 1.0
    length = int((at + 1) * SAMPLE_RATE)
    write(folder / "hearing.wav", [channel[:length] for channel in channels])
    reference = {
        "language": "ru",
        "seats": {"0": segments[0]["speaker"], "1": segments[1]["speaker"]},
        "segments": segments,
    }
    (folder / "hearing.json").write_text(json.dumps(reference), encoding="utf-8")
    write(folder / "silence.wav", [noise(5, -50, SAMPLE_RATE)])
    (folder / "silence.txt").write_text("", encoding="utf-8")
    write(folder / "unknown.wav", [noise(1, -50, SAMPLE_RATE)])
    figures, page = tmp_path / "figures.json", tmp_path / "page.html"
    said = hattama(
        "evaluate", str(folder), "--demonstration", "--json", str(figures), "--page", str(page), "--page-language", "ru"
    )
    assert said.status == 0, said
    assert "without a reference: unknown.wav" in said.out
    assert "demonstration model" in said.out
    found = json.loads(figures.read_text(encoding="utf-8"))
    assert [one["name"] for one in found["recordings"]] == ["hearing.wav", "silence.wav"]
    hearing, silence = found["recordings"]
    assert hearing["wer"]["all"]["rate"] <= 0.2, hearing
    assert set(hearing["wer"]["languages"]) == {"kk", "ru"}
    assert hearing["wer"]["switch_points"]["said"] >= 3
    assert hearing["cp_wer"]["rate"] == hearing["tcp_wer"]["rate"] == hearing["wer"]["all"]["rate"]
    assert hearing["der"]["rate"] <= 0.15, hearing
    assert hearing["cer"]["all"]["rate"] <= 0.2
    assert silence["invented"] == {"words_per_minute": 0.0, "words": 0, "silent_s": 5.0}
    assert found["demonstration"] is True
    _self_contained(page.read_text(encoding="utf-8"))


def test_doubts_are_calibrated_on_references(tmp_path: Path) -> None:
    """The demo's turns, and some of them again under noise."""
    pytest.importorskip("faster_whisper", reason="needs the extra asr")
    from tests.support.demo_turns import demo_turns

    folder = tmp_path / "set"
    folder.mkdir()
    pieces, segments, at = [noise(1, -62, SAMPLE_RATE)], [], 1.0
    turns = demo_turns()
    for number, (language, text, sound) in enumerate([*turns, *turns[:6]]):
        level = -62 if number < len(turns) else -34
        spoilt = sound + noise(len(sound) / SAMPLE_RATE + 1, level, SAMPLE_RATE, seed=number)[: len(sound)]
        pieces += [spoilt, noise(1, -62, SAMPLE_RATE, seed=number)]
        end = at + len(sound) / SAMPLE_RATE
        segments.append({"start": at, "end": end, "language": language, "text": text})
        at = end + 1
    write(folder / "hearing.wav", [np.concatenate(pieces)])
    (folder / "hearing.json").write_text(json.dumps({"language": "ru", "segments": segments}), encoding="utf-8")
    curves, figures = tmp_path / "curves.json", tmp_path / "figures.json"
    said = hattama("evaluate", str(folder), "--demonstration", "--calibrate", str(curves), "--json", str(figures))
    assert said.status == 0, said
    doubt = json.loads(figures.read_text(encoding="utf-8"))["total"]["doubt"]
    assert f"{doubt['words']} words, {doubt['wrong']} of them wrong" in said.out
    assert doubt["words"] >= 100
    assert [(one["words"], one["wrong"]) for one in json.loads(curves.read_text(encoding="utf-8"))["curves"]] == [
        (doubt["words"], doubt["wrong"])
    ]


def test_too_few_words_to_calibrate_on_and_a_file_that_is_no_calibration(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    write(folder / "silence.wav", [noise(1, -50, SAMPLE_RATE)])
    (folder / "silence.txt").write_text("", encoding="utf-8")
    said = hattama("evaluate", str(folder), "--demonstration", "--calibrate", str(tmp_path / "curves.json"))
    assert (said.status, "error[too-little-to-learn]" in said.err) == (65, True), said
    assert not (tmp_path / "curves.json").exists()
    settings = tmp_path / "settings.toml"
    settings.write_text(f'[speech]\ncalibration = "{tmp_path / "curves.json"}"\n', encoding="utf-8")
    said = hattama("--config", str(settings), "evaluate", str(folder))
    assert (said.status, "error[calibration-unusable]" in said.err) == (78, True), said


def _turns() -> list[tuple[str, str, str]]:
    """The judge in both languages, and a party between."""
    bench = {turn.language: turn for turn in reversed(TURNS) if turn.channel == "mic-bench"}
    party = next(turn for turn in TURNS if turn.channel == "mic-plaintiff")
    return [(turn.channel, turn.language, turn.text) for turn in (bench["kk"], party, bench["ru"])]


def _self_contained(html: str) -> None:
    assert "Демонстрационная модель" in html
    assert not re.search(r"<script|src=|href=|url\(|@import|https?://", html)
    drawn = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    assert len(drawn) == 3
    for picture in drawn:
        assert 'aria-label="' in picture


@pytest.mark.parametrize(
    ("files", "wrong"),
    [
        ({}, "no recording with a reference"),
        ({"a.wav": b"RIFF", "a.txt": b"x"}, "a.wav: no sound can be had from it"),
        ({"a.wav": None}, "1 recordings without one"),
        ({"a.wav": None, "a.txt": b"\xff\xfe\x00"}, "a.txt: not UTF-8 text"),
        ({"a.wav": None, "a.json": b"{"}, "a.json: not JSON"),
        ({"a.wav": None, "a.json": b'{"segments": [{"text": "x", "start": 1}]}'}, "segments[0]: start and end go together"),
        ({"a.wav": None, "a.json": b'{"segments": [{"text": "x", "start": 2, "end": 1}]}'}, "no stretch of time"),
        ({"a.wav": None, "a.json": b'{"segments": [{"text": "x", "speeker": "y"}]}'}, "unknown speeker"),
        ({"a.wav": None, "a.json": b'{"segments": [{"text": "x", "channel": 3}]}'}, "channel 3, and a.wav has 1"),
        ({"a.wav": None, "a.json": b'{"segments": [{"text": "x", "start": 50, "end": 60}]}'}, "speech at 50 s, and a.wav is 0.5 s long"),
        ({"a.wav": None, "a.stm": b"a 1 judge 0.1"}, "a.stm: line 1"),
        ({"a.wav": None, "a.ctm": b"a 1 x 0.1 word"}, "a.ctm: line 1"),
        ({"a.wav": None, "a.rttm": b"SPEAKER a 1"}, "a.rttm: line 1"),
        ({"a.wav": None, "a.flac": b"", "a.txt": b"x"}, "another recording has the same name"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named(tmp_path: Path, files: dict[str, bytes | None], wrong: str) -> None:
    for name, data in files.items():
        if data is None:
            write(tmp_path / name, [noise(0.5, -50, SAMPLE_RATE)])
        else:
            (tmp_path / name).write_bytes(data)
    said = hattama("evaluate", str(tmp_path), "--demonstration")
    assert (said.status, said.err.splitlines()[-2][:24]) == (65, "error[evaluation-input]:"), said
    assert wrong in said.err.splitlines()[-2]
    assert "docs/commands/evaluate.md" in said.err


def test_a_wrong_option(tmp_path: Path) -> None:
    assert hattama("evaluate", str(tmp_path), "--language", "Russian").status == 64
    assert hattama("evaluate", str(tmp_path / "none")).status == 66
