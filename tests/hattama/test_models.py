from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from device_config.bundles.errors import BundleChanged
from tests.support.bundles import Parts, make_folder
from tests.support.command import Said, hattama
from tests.support.no_network import UNSHARE, possible


def pack(tmp_path: Path, *more: str) -> Said:
    folder = tmp_path / "model"
    return hattama(
        "models", "pack", str(folder if folder.exists() else make_folder(folder)), "--name", "whisper-tiny", "--version", "1.0",
        "--engine", "faster-whisper", "--language", "ru", "--language", "kk", "--licence", "MIT", "--attribution", "OpenAI",
        "--memory", "512", "--key", str(tmp_path / "keys" / "publisher.seed"), "--publisher", "models.court.test",
        "--out", str(tmp_path / "out.tar"), *more,
    )  # fmt: skip


def test_a_bundle_is_packed_trusted_added_used_and_removed(tmp_path: Path) -> None:
    packed = pack(tmp_path)
    assert packed.status == 0, packed.err
    assert "4 files" in packed.out
    key = packed.out.partition("publisher: ")[2].strip()
    archive = str(tmp_path / "out.tar")

    refused = hattama("models", "add", archive)
    assert refused.status == 65
    assert "error[bundle-publisher]" in refused.err
    assert hattama("models", "trust", key).out.strip().endswith(".vkey")
    added = hattama("models", "add", archive)
    assert added.status == 0, added.err
    lines = added.out.partition("\n\n")[2]
    assert lines.startswith('[[speech.models]]\nengine = "faster-whisper"\npath = "/')

    assert hattama("models", "list").out == "whisper-tiny-1.0\tfaster-whisper\tru,kk\t1\t512\tMIT\tnot in use\n"
    assert hattama("models", "verify").out == "whisper-tiny-1.0\tgood\n"
    config = tmp_path / "settings.toml"
    config.write_text(lines)
    assert hattama("--config", str(config), "models", "list").out.endswith("\tin use\n")
    assert hattama("--config", str(config), "models", "remove", "whisper-tiny-1.0").status == 65
    assert hattama("models", "remove", "whisper-tiny-1.0").status == 0
    assert hattama("models", "list").out == ""


def test_a_changed_one_is_told(tmp_path: Path) -> None:
    hattama("models", "trust", Parts().signer.key.text)
    folder = Path(
        hattama("models", "add", str(Parts().write(tmp_path / "one.tar"))).out.splitlines()[0].partition(": ")[2]
    )
    (folder / "model.bin").write_bytes(b"x")
    said = hattama("models", "verify")
    assert said.status == 65
    assert "whisper-tiny-1.0\tbundle-changed: model.bin" in said.out
    assert BundleChanged.advice in said.err
    (folder / "hattama-bundle.json").write_bytes(b"x")
    assert "damaged" in hattama("models", "list").out


def test_a_model_that_tells_voices_apart_has_a_setting_of_its_own(tmp_path: Path) -> None:
    parts = Parts(files={"config.yaml": b"{}"})
    parts.value.update(name="diarization", engine="pyannote")
    hattama("models", "trust", parts.signer.key.text)
    said = hattama("models", "add", str(parts.write(tmp_path / "one.tar")))
    assert said.status == 0, said.err
    assert '[speech.diarization]\npath = "' in said.out


def test_an_onnx_model_asks_for_its_type(tmp_path: Path) -> None:
    parts = Parts(files={"model.onnx": b"x", "vocab.txt": b"x"})
    parts.value.update(name="gigaam", engine="onnx-asr")
    hattama("models", "trust", parts.signer.key.text)
    said = hattama("models", "add", str(parts.write(tmp_path / "one.tar")))
    assert said.status == 0, said.err
    (model,) = tomllib.loads(said.out.partition("\n\n")[2])["speech"]["models"]
    assert model["options"] == {"type": ""}


def test_a_language_of_three_letters_is_refused_with_its_two(tmp_path: Path) -> None:
    said = pack(tmp_path, "--language", "kaz")
    assert said.status == 65
    assert "error[bundle-format]" in said.err
    assert "'kk'" in said.err


def test_a_wrong_description_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    said = pack(tmp_path, "--licence", " ")
    assert said.status == 65
    assert "error[bundle-licence]" in said.err
    assert not (tmp_path / "out.tar").exists()


_HEAR = """
import sys
from pathlib import Path
import numpy as np
from device_config.settings import load
from transcription.models import Engines
engine = Engines(load(Path(sys.argv[1])).speech).for_language("kk")
print(engine.identity.name, engine.recognize(np.random.default_rng(1).normal(0, 0.1, 48000).astype("float32"), "kk").text)
"""


def test_a_bundle_is_added_and_recognises_without_any_network(tmp_path: Path) -> None:
    """Added, verified and used by a real engine in a network namespace that has not even a loopback."""
    pytest.importorskip("faster_whisper", reason="needs the extra asr")
    from tests.transcription.tiny_whisper import make_model

    if not possible():
        pytest.skip("this machine lets nobody make a network namespace")

    def alone(*arguments: str) -> str:
        done = subprocess.run([*UNSHARE, sys.executable, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    make_model(tmp_path / "model", ["Сот", "отырысы"])
    packed = pack(tmp_path)
    assert packed.status == 0, packed.err
    hattama("models", "trust", packed.out.partition("publisher: ")[2].strip())
    config = tmp_path / "settings.toml"
    config.write_text(alone("-m", "hattama", "models", "add", str(tmp_path / "out.tar")).partition("\n\n")[2])
    assert alone("-m", "hattama", "models", "verify") == "whisper-tiny-1.0\tgood\n"
    assert alone("-c", _HEAR, str(config)).splitlines()[-1] == "whisper-tiny-1.0 Сот отырысы"
