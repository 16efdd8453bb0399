"""Exit statuses by the one table of docs/exit-statuses.md: every command with a wrong option, and with a file that is not there."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from hattama.cli import app
from tests.support.command import hattama

TABLE = Path(__file__).parents[2] / "docs" / "exit-statuses.md"
USAGE, NO_INPUT, CANNOT_CREATE = 64, 66, 73
PACKAGES = ("hattama", "recorder", "transcription", "storage", "device_config", "web", "protocol")


def _leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    children = getattr(command, "commands", None)
    if children is None:
        yield path
        return
    for name, child in children.items():
        yield from _leaves(child, (*path, name))


COMMANDS = tuple(_leaves(typer.main.get_command(app)))

#: Each argument that names a file which is read; ABSENT is a path where nothing is, HERE a file and FOLDER a folder.
MISSING = (
    "--config ABSENT settings check",
    "verify ABSENT",
    "verify FOLDER --trust ABSENT",
    "verify FOLDER --timestamps ABSENT --authorities HERE",
    "verify FOLDER --authorities ABSENT",
    "export ABSENT FOLDER/copy",
    "import ABSENT",
    "evaluate ABSENT",
    "transcript export ABSENT",
    "transcript changes ABSENT",
    "transcript doubts ABSENT",
    "transcript edit hearing --edits ABSENT --by me",
    "brief ABSENT",
    "brief FOLDER --templates ABSENT",
    "brief --check-templates ABSENT",
    "sign ABSENT --key HERE --role judge",
    "sign HERE --key ABSENT --role judge",
    "sign HERE --pkcs11 ABSENT --role judge",
    "sign HERE --key HERE --role judge --password-file ABSENT",
    "sign HERE --key HERE --role judge --trust ABSENT",
    "signatures ABSENT --trust FOLDER",
    "signatures HERE --trust ABSENT",
    "signatures HERE --trust FOLDER --role judge --p7s ABSENT",
    "timestamp ABSENT --authorities HERE",
    "timestamp HERE --authorities ABSENT",
    "timestamp HERE --authorities HERE --token ABSENT",
    "cases import ABSENT",
    "destruction sign act ABSENT",
    "archive enrol ABSENT",
    "device trust add ABSENT",
    "models trust ABSENT",
    "models add ABSENT",
    "models pack ABSENT --name a --version 1 --engine e --licence l --attribution a --memory 1 --key FOLDER/k --publisher p --out FOLDER/o",
    "keys public ABSENT",
    "keys open ABSENT FOLDER/new --key HERE",
    "keys open FOLDER FOLDER/new --key ABSENT",
    "sources add cam --path ABSENT",
)
#: Each argument that names a file which is written, where its folder is not there.
UNWRITABLE = (
    "sign HERE --key HERE --role judge --output ABSENT/out",
    "brief FOLDER --output ABSENT/out",
    "transcript export FOLDER --output ABSENT/out",
    "evaluate FOLDER --json ABSENT/out",
    "evaluate FOLDER --page ABSENT/out",
    "evaluate FOLDER --calibrate ABSENT/out",
    "timestamp HERE --authorities HERE --tsa http://127.0.0.1:9 --token ABSENT/out",
    "models pack FOLDER --name a --version 1 --engine e --licence l --attribution a --memory 1 --key FOLDER/k --publisher p --out ABSENT/o",
    "keys new ABSENT/out",
)


def _arguments(text: str, folder: Path) -> list[str]:
    (folder / "here").write_bytes(b"x")
    places = {"ABSENT": "absent", "HERE": "here", "FOLDER": ""}
    return [re.sub("ABSENT|HERE|FOLDER", lambda found: str(folder / places[found[0]]), word) for word in text.split()]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_wrong_option_is_a_wrong_use(command: tuple[str, ...]) -> None:
    said = hattama(*command, "--no-such-option")
    assert (said.status, said.out) == (USAGE, "")
    assert "error[usage]: No such option: --no-such-option" in said.err
    assert f"`hattama {' '.join(command)} --help`" in said.err


@pytest.mark.parametrize("text", MISSING)
def test_a_file_that_is_not_there_is_named(text: str, tmp_path: Path) -> None:
    said = hattama(*_arguments(text, tmp_path))
    assert said.status == NO_INPUT, said
    assert str(tmp_path / "absent") in said.err
    assert len(said.err.splitlines()) == 2
    assert "state_dir" not in said.err


@pytest.mark.parametrize("text", UNWRITABLE)
def test_a_folder_to_write_into_that_is_not_there_is_named_and_not_made(text: str, tmp_path: Path) -> None:
    said = hattama(*_arguments(text, tmp_path))
    assert (said.status, said.err.splitlines()[0]) == (
        CANNOT_CREATE,
        f"error[no-folder]: {tmp_path / 'absent'}: there is no such folder",
    )
    assert not (tmp_path / "absent").exists()


def test_every_command_that_names_a_file_is_asked() -> None:
    """A new command with a path is a line of MISSING or UNWRITABLE."""
    asked = tuple(text.replace("--config ABSENT ", "") for text in (*MISSING, *UNWRITABLE))
    for path in COMMANDS:
        help_text = hattama(*path, "--help").out
        if re.search("<(list\\[)?path", help_text):
            assert any(text.startswith(" ".join(path) + " ") for text in asked), path


def test_the_table_knows_every_status() -> None:
    known = {int(found) for found in re.findall(r"^\| ([0-9]+) ", TABLE.read_text("utf-8"), re.MULTILINE)}
    assert {0, USAGE, NO_INPUT, CANNOT_CREATE, 130} <= known
    for package in PACKAGES:
        for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            if module.name.rpartition(".")[2] .endswith(("errors", "refusals")):
                for kind in vars(importlib.import_module(module.name)).values():
                    status = getattr(kind, "exit_status", None)
                    assert status is None or status in known, kind
