"""Model folders: their digest, their note, and what is refused."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import textwrap
from pathlib import Path

import pytest

from device_config.settings import ModelSettings, SpeechSettings, load
from protocol.transcript import Model
from transcription.errors import ModelUnusable
from transcription.models import NOTE, Engines, describe, folder_digest
from transcription.recognizer import FakeRecognizer, Recognizer

SHA = "A" * 43 + "="


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "large-v3"
    (made / "sub").mkdir(parents=True)
    (made / "model.bin").write_bytes(b"weights")
    (made / "sub" / "қазақ.txt").write_text("x")
    (made / "config.json").write_text("{}")
    return made


def test_digest_is_that_of_sha256sum(folder: Path) -> None:
    command = r"find . -type f -printf '%P\n' | LC_ALL=C sort | xargs -d '\n' sha256sum | sha256sum"
    done = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=True, timeout=30)
    assert base64.b64decode(folder_digest(folder)).hex() == done.stdout.split()[0]


def test_digest_follows_every_change(folder: Path) -> None:
    seen = {folder_digest(folder)}
    (folder / "model.bin").write_bytes(b"Weights!")
    seen.add(folder_digest(folder))
    (folder / "config.json").rename(folder / "config2.json")
    seen.add(folder_digest(folder))
    assert len(seen) == 3


def test_refused_folders(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelUnusable, match="no such folder"):
        folder_digest(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelUnusable, match="empty"):
        folder_digest(tmp_path / "empty")
    (folder / "link").symlink_to("/etc/passwd")
    with pytest.raises(ModelUnusable, match="no links"):
        folder_digest(folder)


def test_note(folder: Path) -> None:
    assert describe(folder, "faster-whisper", "1").name == "large-v3"
    (folder / NOTE).write_text(json.dumps({"name": "demo", "demonstration": True}))
    model = describe(folder, "faster-whisper", "1")
    assert (model.name, model.demonstration) == ("demo", True)
    for wrong in ("[]", "{", '{"demonstration": "yes"}', '{"name": ""}'):
        (folder / NOTE).write_text(wrong)
        with pytest.raises(ModelUnusable, match=NOTE):
            describe(folder, "faster-whisper", "1")


def setting(path: Path, *languages: str) -> ModelSettings:
    return ModelSettings(engine="moonshine", path=path, languages=languages)


def test_first_model_that_works_is_used(tmp_path: Path) -> None:
    loaded: list[str] = []

    def load(model: ModelSettings, _speech: SpeechSettings) -> Recognizer:
        loaded.append(model.path.name)
        if model.path.name == "broken":
            raise ModelUnusable("broken: weights do not load")
        return FakeRecognizer(Model("fake", model.path.name, "1", SHA), frozenset(model.languages), ["x"])

    models = (setting(tmp_path / "broken", "kk"), setting(tmp_path / "b", "ru", "kk"), setting(tmp_path / "c", "kk"))
    engines = Engines(SpeechSettings(models=models), {"moonshine": load})
    assert loaded == []
    for _ in range(2):
        engine = engines.for_language("kk")
        assert engine is not None
        assert engine.identity.name == "b"
    assert loaded == ["broken", "b"]
    assert engines.for_language("en") is None
    assert engines.languages == {"kk", "ru"}
    assert "weights do not load" in engines.trouble("kk")
    assert engines.trouble("ru") == ""


DOCS = Path(__file__).parents[2] / "docs"


def test_the_document_s_setting_is_one(tmp_path: Path) -> None:
    page = (DOCS / "models.md").read_text(encoding="utf-8")
    example = textwrap.dedent(page.split("```toml\n")[1].split("```")[0])
    (tmp_path / "settings.toml").write_text(example)
    (model,) = load(tmp_path / "settings.toml").speech.models
    assert (model.engine, model.languages) == ("faster-whisper", ("ru", "kk", "en"))


@pytest.mark.parametrize("page", sorted((DOCS / "models").glob("*.md")), ids=lambda page: str(page.stem))
def test_a_recommended_bundle_s_page_has_settings_and_options_that_there_are(page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    (tmp_path / "settings.toml").write_text(text.split("```toml\n")[1].split("```")[0])
    speech = load(tmp_path / "settings.toml").speech
    folder = speech.models[0].path if speech.models else speech.diarization.path
    assert str(folder) == f"/var/lib/hattama/models/{page.stem}-1"
    packing = text.split("hattama models pack ")[1].split("```")[0]
    assert f"--name {page.stem} --version 1 " in packing
    known = (DOCS / "commands" / "models.md").read_text(encoding="utf-8").split("$ hattama models pack --help")[1]
    assert [option for option in re.findall(r"--[a-z-]+", packing) if f"  {option} " not in known] == []
