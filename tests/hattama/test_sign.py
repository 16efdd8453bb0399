"""``hattama sign``: the two signatures one after the other, what is refused, and that nothing is overwritten or half written."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from tests.support.command import Said, hattama
from tests.support.people import PASSWORD, Authority, Human

_OBJECTS = (
    b"<</Type/Catalog/Pages 2 0 R>>",
    b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
    b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
)


def _pdf() -> bytes:
    """The smallest PDF: one empty page."""
    pdf, table = b"%PDF-1.7\n", b"0000000000 65535 f \n"
    for number, item in enumerate(_OBJECTS, 1):
        table += b"%010d 00000 n \n" % len(pdf)
        pdf += b"%d 0 obj\n%s\nendobj\n" % (number, item)
    return pdf + b"xref\n0 4\n%strailer\n<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (table, len(pdf))


PDF = _pdf()


@cache
def people() -> tuple[Authority, Human, Human]:
    authority = Authority()
    return authority, authority.person("Иванова", "IIN1"), authority.person("Әлиев", "IIN2")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A PDF and two keys."""
    _, secretary, judge = people()
    (tmp_path / "brief.pdf").write_bytes(PDF)
    (tmp_path / "secretary.p12").write_bytes(secretary.file)
    (tmp_path / "judge.p12").write_bytes(judge.file)
    (tmp_path / "password").write_text(PASSWORD + "\n", encoding="utf-8")
    return tmp_path


def sign(folder: Path, pdf: str, role: str, *more: str, given: str = PASSWORD + "\n") -> Said:
    return hattama("sign", str(folder / pdf), "--key", str(folder / f"{role}.p12"), "--role", role, *more, given=given)


def test_secretary_and_judge_sign_one_after_the_other(folder: Path) -> None:
    first = sign(folder, "brief.pdf", "secretary")
    assert (first.status, first.out.strip(), first.err) == (0, str(folder / "brief.secretary.pdf"), "")
    second = sign(folder, "brief.secretary.pdf", "judge", "--password-file", str(folder / "password"), given="")
    assert (second.status, second.err) == (0, "")
    signed = (folder / "brief.secretary.judge.pdf").read_bytes()
    assert signed.startswith((folder / "brief.secretary.pdf").read_bytes())
    assert signed.startswith(PDF)
    assert (folder / "brief.pdf").read_bytes() == PDF


def test_any_file_is_signed_beside_it(folder: Path) -> None:
    (folder / "manifest-0002.json").write_bytes(b"{}")
    said = sign(folder, "manifest-0002.json", "judge", "--detached")
    assert said.out.strip() == str(folder / "manifest-0002.json.judge.p7s")
    assert (folder / "manifest-0002.json.judge.p7s").read_bytes().startswith(b"\x30")


@pytest.mark.parametrize(
    ("pdf", "more", "given", "status", "code"),
    [
        ("brief.pdf", (), "wrong\n", 77, "key-unusable"),
        ("brief.pdf", (), "", 77, "key-unusable"),
        ("password", (), PASSWORD, 65, "not-signable"),
        ("absent.pdf", (), PASSWORD, 74, "system"),
        ("brief.pdf", ("--trust", "/nonexistent"), PASSWORD, 78, "bad-trust-list"),
        ("brief.pdf", ("--trust", "/nonexistent", "--detached"), PASSWORD, 64, "bad-argument"),
        ("brief.pdf", ("--password-file", "/nonexistent"), "", 74, "system"),
    ],
)
def test_bad_input_is_refused_and_nothing_is_written(
    folder: Path, pdf: str, more: tuple[str, ...], given: str, status: int, code: str
) -> None:
    before = sorted(folder.iterdir())
    said = sign(folder, pdf, "secretary", *more, given=given)
    assert (said.status, said.out) == (status, "")
    assert f"error[{code}]" in said.err
    assert sorted(folder.iterdir()) == before


def test_nothing_is_overwritten_and_no_role_signs_twice(folder: Path) -> None:
    assert sign(folder, "brief.pdf", "secretary").status == 0
    signed = (folder / "brief.secretary.pdf").read_bytes()
    again = sign(folder, "brief.pdf", "secretary")
    assert again.status == 73
    assert "error[record-exists]" in again.err
    assert (folder / "brief.secretary.pdf").read_bytes() == signed
    twice = sign(folder, "brief.secretary.pdf", "secretary")
    assert twice.status == 65
    assert "error[already-signed]" in twice.err
