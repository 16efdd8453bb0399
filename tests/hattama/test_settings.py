from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.command import hattama


def test_show_hides_the_token(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('court = "Сот"\n[archive]\ntoken = "very-secret"\n')
    said = hattama("--config", str(file), "settings", "show")
    assert said.status == 0
    assert "very-secret" not in said.out
    assert json.loads(said.out)["court"] == "Сот"


def test_show_hides_passwords_in_addresses(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(
        '[[sources]]\nname = "cam"\nkind = "camera"\nmedia = "video"\nurl = "rtsp://admin:very@secret@10.0.0.11:554/a@b"\n'
        '[archive]\nurl = "https://box:secret@archive.court/"\ndatabase = "postgresql://archive:secret@db.court/hattama"\n'
        '[archive.s3]\nbucket = "records"\nsecret_key = "secret"\nendpoint = "https://a:secret@s3.court"\n'
        '[cases]\ntoken = "secret-of-the-case-system"\n'
    )
    said = hattama("--config", str(file), "settings", "show")
    assert "secret" not in said.out.replace('"secret_key":', "")
    shown = json.loads(said.out)
    assert shown["sources"][0]["url"] == "rtsp://admin:***@10.0.0.11:554/a@b"
    assert shown["archive"]["url"] == "https://box:***@archive.court/"
    assert shown["archive"]["database"] == "postgresql://archive:***@db.court/hattama"
    assert shown["archive"]["s3"]["secret_key"] == "***"
    assert shown["archive"]["s3"]["endpoint"] == "https://a:***@s3.court"
    assert shown["cases"]["token"] == "***"


def test_check_counts_devices_and_tracks(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(
        '[[sources]]\nname = "mics"\nkind = "microphone"\nmedia = "audio"\ndevice = "hw:1"\nchannels = ["a", "b"]\n'
        '[[sources]]\nname = "cam"\nkind = "camera"\nmedia = "video"\nurl = "rtsp://x/1"\n'
    )
    assert "2 devices, 3 tracks" in hattama("--config", str(file), "settings", "check").out


#: What a service refuses by its settings: the text, code, what is said, and the command that refuses it.
REFUSED = [
    ('[passkeys]\ndomain = "box.court"\norigins = ["http://box.court"]\n', "passkey-address", "over HTTPS only", ("archive", "serve")),
    ('[passkeys]\ndomain = "box.court"\norigins = ["http://box.court"]\n', "passkey-address", "over HTTPS only", ("console",)),
    ('[archive]\ndatabase = "mysql://db/hattama"\n', "database-unfit", "mysql is neither", ("archive", "serve")),
    ('[archive]\ndatabase = "db"\n', "database-unfit", "is no address", ("archive", "serve")),
    ('[archive.tsa]\nauthorities = "/nowhere.pem"\n', "authorities-unfit", "/nowhere.pem", ("archive", "serve")),
    ('[archive.s3]\nbucket = "b"\nboxes_endpoint = "https://s3"\naccess_key = "a"\nsecret_key = "b"\nca_bundle = "/nowhere.pem"\n', "store-unfit", "/nowhere.pem", ("archive", "serve")),
    ('[archive.s3]\nboxes_endpoint = "https://s3.court"\n', "settings", "boxes_endpoint needs bucket", ("archive", "serve")),
    ('[witness.logs]\n"archive/log" = "nonsense"\n', "settings", "witness.logs.archive/log", ("witness",)),
    ('[monitor]\nurl = "https://archive/log"\nkey = "nonsense"\n', "settings", "monitor.key", ("monitor",)),
    ('[archive]\nurl = "archive.court"\n', "settings", "archive.url", ("uploader",)),
    ('segment_s = 60\n', "settings", "segment_s", ("recorder",)),
    ('[[speech.models]]\nengine = "x"\npath = "/m"\nlanguages = ["ru"]\n', "settings", "speech.models.0.engine", ("transcriber",)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "code", "said", "command"),
    REFUSED,
    ids=[f"{item[3][0]}-{item[1]}-{number}" for number, item in enumerate(REFUSED)],
)
def test_check_refuses_what_a_service_refuses_in_the_same_words(
    tmp_path: Path, text: str, code: str, said: str, command: tuple[str, ...]
) -> None:
    file = tmp_path / "settings.toml"
    top, separator, rest = text.partition("[")
    tables = f"{separator}{rest}" if "[archive]" in text else f"[archive]\n{separator}{rest}"
    tables = tables.replace("[archive]\n", "[archive]\nport = 0\n", 1)  # whatever else listens on this machine
    file.write_text(f'{top}state_dir = "{tmp_path / "state"}"\n[console]\nport = 0\n{tables}')
    checked = hattama("--config", str(file), "settings", "check")
    started = hattama("--config", str(file), *command)
    assert (checked.status, started.status) == (78, 78), (checked, started)
    assert checked.err.startswith(f"error[{code}]: ")
    assert said in checked.err
    assert checked.err == "\n".join(line for line in started.err.splitlines() if not line.startswith("{")) + "\n"


def test_check_names_all_that_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(
        '[passkeys]\ndomain = "10.0.0.1"\n[archive]\ndatabase = "mysql://db/hattama"\n[archive.tsa]\nauthorities = "/nowhere.pem"\n'
    )
    said = hattama("--config", str(file), "settings", "check")
    assert (said.status, said.out) == (78, "")
    for code in ("passkey-address", "database-unfit", "authorities-unfit"):
        assert f"error[{code}]" in said.err


def test_check_tells_a_speech_model_that_is_not_there(tmp_path: Path) -> None:
    """No service refuses it: a hearing is recorded without."""
    file = tmp_path / "settings.toml"
    (tmp_path / "there").mkdir()
    file.write_text(
        "".join(
            f'[[speech.models]]\nengine = "faster-whisper"\npath = "{tmp_path / name}"\nlanguages = ["kk"]\n'
            for name in ("there", "gone")
        )
    )
    said = hattama("--config", str(file), "settings", "check")
    assert said.status == 0
    assert said.err.splitlines() == [
        f"speech: {tmp_path / 'gone'}: no such folder; transcripts are made without this model"
    ]
