"""``hattama sign``: the two signatures one after the other, what is refused, and that nothing is overwritten or half written."""

from __future__ import annotations

import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from protocol.signatures.checking import check_pdf
from protocol.signatures.trust import read_trust
from tests.support.command import Said, hattama
from tests.support.people import PASSWORD, Authority, Human, trust_folder

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
        ("absent.pdf", (), PASSWORD, 66, "no-input"),
        ("brief.pdf", ("--trust", "/nonexistent"), PASSWORD, 66, "no-input"),
        ("brief.pdf", ("--trust", "/", "--detached"), PASSWORD, 64, "bad-argument"),
        ("brief.pdf", ("--password-file", "/nonexistent"), "", 66, "no-input"),
        ("brief.pdf", ("--role", "officer"), PASSWORD, 64, "role-signs-no-protocol"),
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


def test_a_wrong_password_is_told_without_a_traceback(folder: Path) -> None:
    command = [sys.executable, "-m", "hattama", "sign", "brief.pdf", "--key", "judge.p12", "--role", "judge"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False, input="wrong\n")
    assert (done.returncode, len(done.stderr.splitlines())) == (77, 2), done.stderr


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


SOFTHSM = Path("/usr/lib/softhsm/libsofthsm2.so")
_PIN = "1234"
_CERTIFICATE = """
import sys; from pathlib import Path; import pkcs11; from pkcs11 import Attribute, CertificateType, ObjectClass
from asn1crypto import x509
der = Path(sys.argv[2]).read_bytes(); subject = x509.Certificate.load(der).subject.dump()
with pkcs11.lib(sys.argv[1]).get_token(token_label="court").open(rw=True, user_pin="1234") as session:
    session.create_object({Attribute.CLASS: ObjectClass.CERTIFICATE, Attribute.CERTIFICATE_TYPE: CertificateType.X_509, Attribute.TOKEN: True,
        Attribute.SUBJECT: subject, Attribute.ID: bytes([1]), Attribute.LABEL: "judge", Attribute.VALUE: der})
"""


@pytest.fixture
def token(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A token with the judge's key and certificate; its library is told of it by the environment."""
    if not SOFTHSM.exists():
        pytest.skip("softhsm2 is not installed")
    judge = people()[2]
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(
        f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n", encoding="utf-8"
    )
    monkeypatch.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
    encoding = serialization.Encoding
    (folder / "judge.pem").write_bytes(
        judge.key.private_bytes(encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (folder / "judge.der").write_bytes(judge.certificate.public_bytes(encoding.DER))
    for command in (
        ["softhsm2-util", "--init-token", "--free", "--label", "court", "--pin", _PIN, "--so-pin", "5678"],
        [
            "softhsm2-util",
            "--import",
            str(folder / "judge.pem"),
            "--token",
            "court",
            "--label",
            "judge",
            "--id",
            "01",
            "--pin",
            _PIN,
        ],
        [sys.executable, "-c", _CERTIFICATE, str(SOFTHSM), str(folder / "judge.der")],
    ):
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    return SOFTHSM


def test_a_key_on_a_token_signs(folder: Path, token: Path) -> None:
    command = ("sign", str(folder / "brief.pdf"), "--pkcs11", str(token), "--role", "judge")
    done = hattama(*command, given=_PIN + "\n")
    assert (done.status, done.err) == (0, "")
    authority, secretary, judge = people()
    listed = trust_folder(folder / "trust", authority, {secretary: "secretary", judge: "judge"})
    report = check_pdf((folder / "brief.judge.pdf").read_bytes(), read_trust(listed), int(time.time() * 1e6), ())
    assert [item.name for item in report.signatures] == ["Әлиев"]
    assert {item.code for item in report.findings} <= {
        "revocation-unchecked",
        "expired",
        "not-yet-valid",
    }  # the test's people live in 2026
    # Beside a file, too; and a wrong PIN, token or key is said, with nothing written.
    beside = hattama(*command, "--detached", "--token", "court", "--key-label", "judge", given=_PIN + "\n")
    assert (beside.status, (folder / "brief.pdf.judge.p7s").is_file()) == (0, True)
    for more, given in (((), "9999"), (("--token", "other"), _PIN), (("--key-label", "other"), _PIN)):
        wrong = hattama(*command, *more, "--output", str(folder / "wrong.pdf"), given=given + "\n")
        assert (wrong.status, "Traceback" in wrong.err, (folder / "wrong.pdf").exists()) == (77, False, False)
    assert hattama(*command[:2], "--pkcs11", str(folder / "none.so"), "--role", "judge", given="1\n").status == 66


def test_one_place_of_the_key(folder: Path) -> None:
    at = str(folder / "judge.p12")
    for more in ((), ("--key", at, "--pkcs11", at), ("--key", at, "--token", "x")):
        assert hattama("sign", str(folder / "brief.pdf"), "--role", "judge", *more).status == 64
