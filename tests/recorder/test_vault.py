"""The box's own copies of keys of closed takes: what a crash between two steps leaves must not shut the hearing out of camera."""

from __future__ import annotations

from pathlib import Path

import pytest
from nacl.public import PrivateKey

from protocol.closed import unwrap_key
from recorder.refusals import DiskRefused
from recorder.vault import Vault

HEARING = "2026-01-05_7110-26-00-4-1_abcd"
ARCHIVE, ESCROW = PrivateKey(b"\x11" * 32), PrivateKey(b"\x22" * 32)
RECIPIENTS = {"archive": bytes(ARCHIVE.public_key), "escrow": bytes(ESCROW.public_key)}


def vault(folder: Path) -> Vault:
    return Vault(folder, RECIPIENTS)


@pytest.mark.parametrize("restarted", [False, True])
def test_a_key_whose_line_was_never_written_is_taken_by_the_next_try(tmp_path: Path, restarted: bool) -> None:
    """Killed, or refused by the disk, between the key's file and its ``key`` line."""
    found = vault(tmp_path)
    found.make(HEARING, "K01")
    known = dict(found.keys(HEARING))
    again = vault(tmp_path) if restarted else found
    wrapped = again.make(HEARING, "K01")
    assert (
        unwrap_key(wrapped, bytes(ARCHIVE))
        == unwrap_key(wrapped, bytes(ESCROW))
        == again.keys(HEARING)["K01"]
        == known["K01"]
    )
    assert unwrap_key(again.make(HEARING, "K02"), bytes(ARCHIVE)) != known["K01"]
    assert sorted(path.name for path in (tmp_path / HEARING).iterdir()) == ["K01.box", "K02.box", "pair.key"]


def test_a_box_that_cannot_be_read_and_that_no_line_names_is_made_anew(tmp_path: Path) -> None:
    vault(tmp_path).make(HEARING, "K01")
    (tmp_path / HEARING / "K01.box").write_bytes(bytes(80))
    again = vault(tmp_path)
    assert again.keys(HEARING) == {}
    wrapped = again.make(HEARING, "K01")
    assert vault(tmp_path).keys(HEARING)["K01"] == unwrap_key(wrapped, bytes(ARCHIVE))


def test_a_damaged_pair_is_a_refusal_with_advice(tmp_path: Path) -> None:
    vault(tmp_path).make(HEARING, "K01")
    (tmp_path / HEARING / "pair.key").write_bytes(b"short")
    with pytest.raises(DiskRefused):
        vault(tmp_path).make(HEARING, "K02")
