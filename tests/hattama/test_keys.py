from __future__ import annotations

import json
from pathlib import Path

import pytest
from nacl.public import PrivateKey

from device_config.errors import SettingsError
from device_config.settings import load
from protocol.encoding import b64
from tests.support import golden
from tests.support.command import hattama


def test_a_pair_is_made_once_readable_by_its_owner_and_printed(tmp_path: Path) -> None:
    file = tmp_path / "escrow.key"
    tmp_path.chmod(0o755)
    made = hattama("keys", "new", str(file))
    assert made.status == 0, made.err
    assert made.out.strip() == b64(bytes(PrivateKey(file.read_bytes()).public_key))
    assert (file.stat().st_mode & 0o777, tmp_path.stat().st_mode & 0o777) == (0o600, 0o755)
    assert hattama("keys", "public", str(file)).out == made.out
    again = hattama("keys", "new", str(file))
    assert again.status == 64
    assert "is there already" in again.err


def test_the_archives_pair_is_made_on_first_use_and_stays() -> None:
    assert hattama("keys", "archive").out == hattama("keys", "archive").out


def test_a_key_that_is_none_is_told(tmp_path: Path) -> None:
    said = hattama("keys", "public", str(tmp_path / "none"))
    assert said.status == 66
    assert "error[no-input]" in said.err
    file = tmp_path / "short"
    file.write_bytes(b"x")
    file.chmod(0o600)
    assert "32 bytes" in hattama("keys", "public", str(file)).err


def test_settings_name_both_keys_or_nothing_is_wrapped(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(f'[closed]\narchive_key = "{b64(b"a" * 32)}"\n')
    assert load(file).closed.recipients is None
    file.write_text(f'[closed]\narchive_key = "{b64(b"a" * 32)}"\nescrow_key = "{b64(b"e" * 32)}"\n')
    assert load(file).closed.recipients == {"archive": b"a" * 32, "escrow": b"e" * 32}
    file.write_text('[closed]\narchive_key = "abc"\n')
    with pytest.raises(SettingsError, match=r"settings.toml:2: closed.archive_key: not a public key"):
        load(file)


def test_a_record_is_opened_with_the_secret_half_and_with_no_other(tmp_path: Path) -> None:
    golden.encrypted(tmp_path / "record")
    key, other = tmp_path / "archive.key", tmp_path / "other.key"
    key.write_bytes(b"\1" * 32)
    key.chmod(0o600)
    opened = hattama("keys", "open", str(tmp_path / "record"), str(tmp_path / "opened"), "--key", str(key))
    assert opened.status == 0, opened.err
    media = next((tmp_path / "opened" / "media").rglob("*.mp4"))
    assert media.read_bytes() == b"fragment" * 20
    line = json.loads((tmp_path / "opened" / "lines.jsonl").read_text())
    assert line["data"]["text"] == "Тайна усыновления"
    hattama("keys", "new", str(other))
    refused = hattama("keys", "open", str(tmp_path / "record"), str(tmp_path / "more"), "--key", str(other))
    assert refused.status != 0
    assert "error[closed]" in refused.err


def test_verification_says_that_parts_are_in_camera(tmp_path: Path) -> None:
    golden.encrypted(tmp_path / "record")
    said = hattama("verify", str(tmp_path / "record"), "--trust", golden.BOX.key.text)
    assert said.status == 0
    assert "in camera     1 files and 1 lines are encrypted" in said.out
