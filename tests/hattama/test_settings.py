from __future__ import annotations

import json
from pathlib import Path

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
