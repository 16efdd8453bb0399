from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from device_config import reference
from device_config.errors import SettingsError
from device_config.settings import ArchiveSettings, Settings, load

CAMERA = '[[sources]]\nname = "a"\nkind = "camera"\nmedia = "video"\nurl = "rtsp://x/1"\n'
WRONG = [
    ("court = 3\n", 1, "court: "),
    ('court = "A"\n\n[archive]\nport = 70000\n', 4, "archive.port: Input should be less than or equal to 65535"),
    ('[console]\nhost = "x"\ncolour = "red"\n', 3, "console.colour: Extra inputs are not permitted"),
    ('[[sources]]\nname = "a"\nkind = "camera"\nmedia = "video"\nurl = "rtsp://x/1"\n[[sources]]\nname = "Б"\nkind = "camera"\nmedia = "video"\n', 7, "sources.1.name: "),
    ('[[sources]]\nname = "a"\nkind = "camera"\nmedia = "video"\n', 1, "sources.0: give one of url, device and path"),
    (f"{CAMERA}\n{CAMERA}", 1, "sources: two of one source name: a"),
    (f'{CAMERA}\n[[sources]]\nname = "b"\nkind = "microphone"\nmedia = "audio"\ndevice = "d"\nchannels = ["a"]\n', 1, "sources: two of one track name: a"),
    ('[[sources]]\nname = "a"\nmedia = "video"\n', 1, "sources.0.kind: Field required"),
    ("segment_s = 60\n", 1, "segment_s: Input should be less than or equal to 20"),
    ('[archive]\nurl = "archive.court"\n', 2, "archive.url: is no address"),
    ('[archive]\nhours = ["late"]\n', 2, "archive.hours.0: is not of the form 18:30-08:00"),
    ('[archive.s3]\nboxes_endpoint = "https://s3.court"\n', 1, "archive.s3: boxes_endpoint needs bucket"),
    ('[archive.s3]\nbucket = "b"\nendpoint = "s3.court"\n', 3, "archive.s3.endpoint: is no address"),
    ('[[archive.witnesses]]\nurl = "https://w"\nkey = "k"\n', 3, "archive.witnesses.0.key: 'k' is not a witness key"),
    ('[witness.logs]\n"a/log" = "nonsense"\n', 1, "witness.logs.a/log: 'nonsense' is not a verifier key"),
    ('[monitor]\nurl = "https://archive/log"\n', 1, "monitor: url and key are needed together"),
    ('[monitor]\nurl = "https://archive/log"\nkey = "k"\n', 3, "monitor.key: 'k' is not a verifier key"),
    ('[speech]\nthreads = 1\n[[speech.models]]\nengine = "x"\npath = "/m"\nlanguages = ["ru"]\n', 4, "speech.models.0.engine: "),
]


@pytest.mark.parametrize(("text", "line", "said"), WRONG)
def test_a_wrong_setting_is_named_with_its_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load(file)
    assert str(caught.value).startswith(f"{file}:{line}: {said}")


def test_a_variable_that_is_no_list_says_how_one_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HATTAMA_ARCHIVE__ADDRESSES", "archive.court")
    with pytest.raises(SettingsError, match=r'a list is given as \["one", "two"\]'):
        load()


def test_an_address_that_is_wrong_is_not_repeated() -> None:
    """It may hold a password."""
    with pytest.raises(ValidationError) as caught:
        ArchiveSettings(url="ftp://box:secret@archive")
    assert "secret" not in caught.value.errors()[0]["msg"]


def test_all_wrong_settings_are_named_at_once(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("court = 3\ncity = 4\n")
    with pytest.raises(SettingsError) as caught:
        load(file)
    assert [line.split(": ")[1] for line in str(caught.value).splitlines()] == ["court", "city"]


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("HATTAMA_SEGMENT_S", "soon", "environment variable HATTAMA_SEGMENT_S: segment_s: "),
        ("HATTAMA_ARCHIVE__PORT", "-1", "environment variable HATTAMA_ARCHIVE__PORT: archive.port: "),
        ("HATTAMA_ARCHIVE", '{"port": -1}', "environment variable HATTAMA_ARCHIVE: archive.port: "),
        ("HATTAMA_SOURCES", "cam", "environment variable HATTAMA_SOURCES: not JSON: "),
        ("HATTAMA_ARCHIVE__ADDRESSES", "archive.court", "environment variable HATTAMA_ARCHIVE__ADDRESSES: not JSON: "),
        ("HATTAMA_ARCHIVE__LOCK_DAYS", "ten", "environment variable HATTAMA_ARCHIVE__LOCK_DAYS: not JSON: "),
        ("HATTAMA_MONITOR__WITNESSES", "x", "environment variable HATTAMA_MONITOR__WITNESSES: not JSON: "),
        ("HATTAMA_ARCHIVE__ADDRESSES", '["http://a"]', "environment variable HATTAMA_ARCHIVE__ADDRESSES: archive.addresses.0: is `host`"),
        ("HATTAMA_COURTT", "x", "environment variable HATTAMA_COURTT: there is no such setting"),
    ],
)
def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as caught:
        load()
    assert str(caught.value).startswith(said)


def test_a_wrong_variable_is_named_though_the_file_gives_the_setting_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("[archive]\nport = 1\n")
    monkeypatch.setenv("HATTAMA_ARCHIVE__PORT", "x")
    with pytest.raises(SettingsError, match="environment variable HATTAMA_ARCHIVE__PORT"):
        load(file)


def test_environment_wins_over_file_and_file_over_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('court = "file"\ncity = "file"\n[archive]\nport = 9\nname = "file"\n')
    monkeypatch.setenv("HATTAMA_CONFIG", str(file))
    monkeypatch.setenv("HATTAMA_CITY", "environment")
    monkeypatch.setenv("HATTAMA_ARCHIVE__PORT", "10")
    settings = load()
    assert (settings.court, settings.city) == ("file", "environment")
    assert (settings.archive.port, settings.archive.name, settings.archive.host) == (10, "file", "127.0.0.1")


def test_a_missing_file_and_a_file_that_is_not_toml_are_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        load(tmp_path / "none.toml")
    file = tmp_path / "settings.toml"
    file.write_text("court = \n")
    with pytest.raises(SettingsError, match=r"not TOML: .*line 1"):
        load(file)


def test_state_lies_in_the_users_state_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    settings = load()
    assert settings.state_dir == tmp_path / "hattama"
    assert settings.socket == tmp_path / "hattama" / "run" / "recorder.sock"


def test_every_setting_is_described() -> None:
    rows = [row for row in reference.tables().splitlines() if row.startswith("| `")]
    assert len(rows) >= len(Settings.model_fields) - 4
    assert all(row.split(" | ")[-1].rstrip(" |") for row in rows)
