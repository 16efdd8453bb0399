from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from device_config import identity
from device_config.errors import SeedExposed, SeedUnusable, TrustUnusable
from device_config.settings import Settings
from protocol.note import Ed25519Signer


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path / "state", device_name="room-3.court")
    first, second = identity.device_signer(settings), identity.device_signer(settings)
    assert first.key == second.key
    assert first.key.text.startswith("room-3.court+")
    seed = identity.seed_path(settings)
    assert len(seed.read_bytes()) == 32
    assert stat.S_IMODE(seed.stat().st_mode) == 0o600
    assert stat.S_IMODE(seed.parent.stat().st_mode) == 0o700
    assert [path.name for path in seed.parent.iterdir()] == ["device.seed"]


def test_two_that_make_it_at_once_get_the_same_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        seeds = set(pool.map(lambda _: identity.load_or_create_seed(tmp_path / "keys" / "device.seed"), range(16)))
    assert len(seeds) == 1


def test_a_seed_of_another_length_is_refused_and_left_alone(tmp_path: Path) -> None:
    seed = tmp_path / "device.seed"
    seed.write_bytes(b"x" * 31)
    seed.chmod(0o600)
    with pytest.raises(SeedUnusable, match="32 bytes"):
        identity.load_or_create_seed(seed)
    assert seed.read_bytes() == b"x" * 31


def test_a_seed_others_may_read_is_refused(tmp_path: Path) -> None:
    seed = tmp_path / "device.seed"
    identity.load_or_create_seed(seed)
    seed.chmod(0o640)
    with pytest.raises(SeedExposed, match="0640"):
        identity.load_or_create_seed(seed)


def test_a_key_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a file stands in the way")
    with pytest.raises(SeedUnusable):
        identity.load_or_create_seed(tmp_path / "keys" / "device.seed")


def test_the_trust_list_holds_what_was_added(tmp_path: Path) -> None:
    folder = tmp_path / "trust"
    assert identity.trusted_keys(folder) == ()
    keys = [Ed25519Signer(name, bytes([number]) * 32).key for number, name in enumerate(("b.court", "a/court"))]
    paths = [identity.add_trust(folder, key) for key in keys]
    assert identity.add_trust(folder, keys[0]) == paths[0]
    assert set(identity.trusted_keys(folder)) == set(keys)
    assert {path.parent for path in paths} == {folder}


@pytest.mark.parametrize("text", ["", "not a key", "name+00000000+AaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaA", "\u00ff"])
def test_a_trust_file_that_is_not_a_key_spoils_the_list(tmp_path: Path, text: str) -> None:
    good = Ed25519Signer("a", b"1" * 32).key
    identity.add_trust(tmp_path, good)
    (tmp_path / "wrong.vkey").write_text(text, encoding="latin-1" if text == "\u00ff" else "utf-8")
    with pytest.raises(TrustUnusable, match=r"wrong\.vkey"):
        identity.trusted_keys(tmp_path)
