"""``hattama signatures``: what it prints and ends with for good, missing and refused signatures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from protocol.signatures.detached import sign_detached
from protocol.signatures.pdf import sign_pdf
from protocol.signatures.person import Role
from protocol.signatures.pkcs12 import FileKey
from tests.hattama.test_sign import PDF, people
from tests.support.command import hattama
from tests.support.people import PASSWORD, SIGNED_US, trust_folder

AT = ("--at", "2026-11-22T10:01:00.000Z")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PDF signed once, one signed twice, a detached signature, a trust list."""
    folder = tmp_path_factory.mktemp("signed")
    authority, secretary, judge = people()
    trust_folder(folder / "trust", authority, {secretary: "secretary", judge: "judge"}, authority.revocations())
    once = sign_pdf(PDF, FileKey(secretary.file, PASSWORD), Role.SECRETARY, SIGNED_US)
    (folder / "once.pdf").write_bytes(once)
    (folder / "twice.pdf").write_bytes(sign_pdf(once, FileKey(judge.file, PASSWORD), Role.JUDGE, SIGNED_US))
    (folder / "file.p7s").write_bytes(sign_detached(PDF, FileKey(judge.file, PASSWORD)))
    (folder / "file.pdf").write_bytes(PDF)
    return folder


def test_good_ones(folder: Path) -> None:
    said = hattama("signatures", str(folder / "twice.pdf"), "--trust", str(folder / "trust"), *AT)
    assert (said.status, said.err) == (0, "")
    assert said.out == (
        "secretary: Иванова (IIN1), 2026-11-22T10:00:00.000Z\njudge: Әлиев (IIN2), 2026-11-22T10:00:00.000Z\nThe signatures are good.\n"
    )


def test_a_missing_one(folder: Path) -> None:
    arguments = ("signatures", str(folder / "once.pdf"), "--trust", str(folder / "trust"), *AT)
    said = hattama(*arguments, "--json")
    assert said.status == 1
    found = json.loads(said.out)
    assert [(item["code"], item["role"]) for item in found["findings"]] == [("missing-signature", "judge")]
    assert not found["good"]
    assert "refused[missing-signature] judge: " in hattama(*arguments).out
    assert hattama(*arguments, "--role", "secretary").status == 0


def test_a_changed_one(folder: Path, tmp_path: Path) -> None:
    pdf = (folder / "twice.pdf").read_bytes()
    (tmp_path / "x.pdf").write_bytes(pdf.replace(b"[0 0 9 9]", b"[0 0 8 9]"))
    said = hattama("signatures", str(tmp_path / "x.pdf"), "--trust", str(folder / "trust"), *AT)
    assert said.status == 1
    assert said.out.count("refused[altered]") == 2


def test_a_detached_one(folder: Path) -> None:
    arguments = ("signatures", str(folder / "file.pdf"), "--trust", str(folder / "trust"), *AT)
    p7s = ("--p7s", str(folder / "file.p7s"))
    assert hattama(*arguments, *p7s, "--role", "judge").status == 0
    assert "wrong-role" in hattama(*arguments, *p7s, "--role", "secretary").out
    refused = hattama(*arguments, *p7s)
    assert (refused.status, "error[bad-argument]" in refused.err) == (64, True)


@pytest.mark.parametrize(
    ("pdf", "more", "status", "code"),
    [
        ("absent.pdf", (), 66, "no-input"),
        ("once.pdf", ("--trust", "/nonexistent"), 66, "no-input"),
        ("once.pdf", ("--at", "yesterday"), 64, "bad-argument"),
        ("once.pdf", ("--at", "2026-11-22"), 64, "bad-argument"),
    ],
)
def test_bad_input_is_refused(folder: Path, pdf: str, more: tuple[str, ...], status: int, code: str) -> None:
    said = hattama("signatures", str(folder / pdf), "--trust", str(folder / "trust"), *more)
    assert (said.status, said.out) == (status, "")
    assert f"error[{code}]" in said.err
    assert code != "bad-argument" or "2026-11-22T10:00:00.000Z" in said.err
