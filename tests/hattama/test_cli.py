from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hattama import cli, errors
from tests.support.command import hattama


def test_help_imports_nothing_heavy() -> None:
    heavy = ("av", "fastapi", "sqlalchemy", "numpy", "weasyprint", "pydantic_settings", "nacl")
    code = f"import sys, hattama.cli; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_version_and_help() -> None:
    assert hattama("--version").out.startswith("hattama ")
    said = hattama("--help")
    assert said.status == 0
    assert "verify" in said.out
    assert hattama().status == 64


def test_a_wrong_setting_is_told_without_a_traceback(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("[archive]\nport = 70000\ncolour = 1\n")
    said = hattama("--config", str(file), "settings", "check")
    assert said.status == 78
    assert said.out == ""
    lines = said.err.splitlines()
    assert lines[0].startswith(f"error[settings]: {file}:2: archive.port: ")
    assert lines[1].startswith(f"error[settings]: {file}:3: archive.colour: ")
    assert "docs/settings.md" in lines[2]


def test_an_error_that_is_ours_keeps_its_traceback() -> None:
    assert cli.tell(ValueError("x")) is None
    assert cli.tell(errors.BadArgument("x")) == 64


def _leaves(kind: type[errors.HattamaError]) -> list[type[errors.HattamaError]]:
    return [kind, *(leaf for child in kind.__subclasses__() for leaf in _leaves(child))]


def test_every_error_has_a_code_of_its_own_and_stands_in_the_tree() -> None:
    kinds = _leaves(errors.HattamaError)
    assert len({kind.code for kind in kinds}) == len(kinds)
    assert all(0 < kind.exit_status < 126 for kind in kinds)
    assert all(kind.__name__ in (errors.__doc__ or "") for kind in kinds)


@pytest.mark.parametrize("name", ["nothing", "verfiy"])
def test_an_unknown_command_is_a_usage_error(name: str) -> None:
    said = hattama(name)
    assert said.status == 64
    assert name in said.err


def test_the_module_runs_too() -> None:
    done = subprocess.run([sys.executable, "-m", "hattama", "--version"], capture_output=True, text=True, check=True, env=dict(os.environ))
    assert done.stdout.startswith("hattama ")
