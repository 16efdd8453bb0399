"""``hattama signer`` and the commands that use it (what it signs and refuses: tests/device_config/test_signer.py)."""

from __future__ import annotations

from pathlib import Path

from tests.support.command import eventually, hattama, service


def test_other_commands_sign_without_the_key(tmp_path: Path) -> None:
    log, socket = tmp_path / "log", tmp_path / "signer.sock"
    configs = {}
    for name in ("signer", "recorder"):
        configs[name] = str(tmp_path / f"{name}.toml")
        Path(configs[name]).write_text(f'state_dir = "{tmp_path / name}"\nsigner_socket = "{socket}"\n')
    assert hattama("--config", configs["recorder"], "device", "key").status == 69, "no signer, and its key is not known"
    with service(log, "--config", configs["signer"], "signer") as process:
        eventually("signer", lambda: '"signer_started"' in log.read_text(), process, log)
        said = hattama("--config", configs["recorder"], "device", "key")
        process.terminate()
        assert process.wait(60) == 0, log.read_text()
    assert (said.status, said.err) == (0, "")
    assert said.out.startswith("box.hattama.local+")
    assert not (tmp_path / "recorder" / "keys").exists(), "the key is the signer's alone"
    assert (tmp_path / "signer" / "keys" / "device.seed").stat().st_mode & 0o077 == 0
    assert hattama("--config", configs["recorder"], "device", "key").out == said.out, "known while the signer is away"


def test_a_signer_without_a_socket_says_so(tmp_path: Path) -> None:
    config = tmp_path / "settings.toml"
    config.write_text(f'state_dir = "{tmp_path / "state"}"\n')
    said = hattama("--config", str(config), "signer")
    assert said.status == 78
    assert "signer_socket" in said.err
