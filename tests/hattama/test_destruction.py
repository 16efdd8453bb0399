"""``hattama destruction``: from the proposal to the time of waiting, with an archive that holds a record."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from storage.uploader import upload_record
from tests.storage.conftest import open_court
from tests.storage.servers import serve
from tests.support.command import Said, hattama
from tests.support.people import PASSWORD, Authority, Human, trust_folder

PEOPLE = ("--by", "Ким", "--looked-through-by", "Ким", "--looked-through-by", "Оспан")


@dataclass
class Registry:
    """An archive, two officers, their keys."""

    root: Path
    officers: tuple[Human, Human]

    def run(self, *arguments: str) -> Said:
        return hattama("--config", str(self.root / "settings.toml"), "destruction", *arguments)

    def propose(self, hearing: str = "h1") -> Said:
        return self.run("propose", hearing, *PEOPLE, "--reason", "срок истёк", "--grounds", "перечень, п. 12")

    def signature(self, act: str, human: Human) -> str:
        folder = self.root / human.serial
        folder.mkdir()
        (folder / "act.json").write_bytes(self.run("show", act).out.encode())
        (folder / "key.p12").write_bytes(human.file)
        said = hattama(
            "sign",
            str(folder / "act.json"),
            "--detached",
            "--role",
            "officer",
            "--key",
            str(folder / "key.p12"),
            given=PASSWORD,
        )
        assert said.status == 0, said
        return said.out.strip()


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    authority = Authority()
    officers = (authority.person("Ахметов А.", "IIN1"), authority.person("Сергеева О.", "IIN2"))
    trust_folder(tmp_path / "officers", authority, dict.fromkeys(officers, "officer"))
    with open_court(tmp_path) as court, serve(court.app) as court.url:
        upload_record(court.record().folder, court.settings)
    keys = tmp_path / "archive" / "keys"
    keys.mkdir()
    (keys / "archive.seed").touch(mode=0o600)
    (keys / "archive.seed").write_bytes(bytes(range(1, 33)))
    (tmp_path / "settings.toml").write_text(
        f'state_dir = "{tmp_path}"\n[archive]\nname = "archive.test"\nofficers = "{tmp_path / "officers"}"\n'
        "destruction_wait_days = 1\n[archive.keep_days]\ndefault = 1\n"
    )
    return Registry(tmp_path, officers)


def test_from_the_proposal_to_the_time_of_waiting(registry: Registry) -> None:
    said = registry.propose()
    assert said.status == 0, said
    act = said.out.strip()
    assert registry.run("carry-out", act).status == 65
    for human, stage in zip(registry.officers, ("signed", "waiting"), strict=True):
        said = registry.run("sign", act, registry.signature(act, human))
        assert said.status == 0, said
        assert said.out.startswith(f"{act}  {stage}")
    said = registry.run("carry-out", act)
    assert (said.status, "waiting until" in said.err) == (65, True)
    listed = json.loads(registry.run("list", "--json").out)
    assert [(item["act"], item["stage"], item["hearings"]) for item in listed] == [(act, "waiting", ["h1"])]
    said = registry.run("withdraw", act, "--by", "Ким", "--reason", "новое обстоятельство")
    assert said.out.startswith(f"{act}  withdrawn")


def test_a_hold_and_what_is_refused(registry: Registry) -> None:
    said = registry.run("hold", "h1", "--by", "судья", "--reason", "жалоба")
    assert (said.status, said.out.startswith("h1: hold 1 on "), "hold 1  судья  жалоба" in said.out) == (0, True, True)
    said = registry.propose()
    assert (said.status, "legal hold" in said.err) == (77, True)
    lift = ("hold", "h1", "--by", "судья", "--reason", "рассмотрена", "--lift")
    assert registry.run(*lift).out.startswith("h1: hold 1 lifted from ")
    said = registry.run(*lift)
    assert (said.status, "error[not-held]: h1: no hold lies on it" in said.err) == (65, True), "not the same again"
    assert registry.run(*lift[:-1], "--number", "1").status == 64
    said = registry.propose("h9")
    assert (said.status, "h9: there is no such hearing" in said.err) == (77, True)
    said = registry.run("show", "20261123-00000000")
    assert (said.status, "error[no-act]" in said.err, "`hattama destruction list`" in said.err) == (66, True, True)
    assert registry.run("show", "x").status == 65
    assert registry.run("hold", "h9", "--by", "судья", "--reason", "жалоба").status == 66
    assert registry.run("list").out == ""
