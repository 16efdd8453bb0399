"""People's signatures on a protocol: good ones, as two tools see them, and each way in which one is not (docs/signing.md)."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest
from asn1crypto import cms, x509
from cryptography.hazmat.primitives.serialization import Encoding
from pypdf import PdfReader, PdfWriter

from protocol.documents import FONTS, Document, render_page, render_pdf
from protocol.paper.blocks import Line, Span
from protocol.signatures.checking import SIGNERS, check_detached, check_pdf
from protocol.signatures.detached import sign_detached
from protocol.signatures.errors import AlreadySigned, BadTrustList, KeyUnusable, NotSignable
from protocol.signatures.pdf import sign_pdf
from protocol.signatures.person import PersonalSigner, Role
from protocol.signatures.pkcs12 import FileKey
from protocol.signatures.report import Report
from protocol.signatures.trust import TrustList, read_trust
from tests.support.pdfa import findings
from tests.support.people import DAY, PASSWORD, SIGNED, SIGNED_US, Authority, Human, trust_folder

pytestmark = pytest.mark.skipif(not FONTS.is_dir(), reason="fonts-croscore is not installed")
LATER_US = SIGNED_US + 60_000_000
#: Where a PDF holds a signature, in hexadecimal.
PLACE = re.compile(rb"/Contents ?<([0-9A-Fa-f]{100,})>")


@dataclass(frozen=True)
class Court:
    """A court with a secretary, a judge and a trust list in which nobody is revoked."""

    authority: Authority
    secretary: Human
    judge: Human
    trust: TrustList


@pytest.fixture(scope="module")
def court(tmp_path_factory: pytest.TempPathFactory) -> Court:
    authority = Authority()
    secretary = authority.person("Иванова Айгүл", "IIN900101400123")
    judge = authority.person("Әлиев Берік", "IIN700101300123")
    roles = {secretary: "secretary", judge: "judge"}
    folder = trust_folder(tmp_path_factory.mktemp("trust"), authority, roles, authority.revocations())
    return Court(authority, secretary, judge, read_trust(folder))


@cache
def paper() -> bytes:
    """A protocol of two pages."""
    lines = tuple(Line("text", (Span(f"Сот отырысы ашық деп жарияланды, {number}-жол."),)) for number in range(80))
    title = Line("title", (Span("Қысқаша хаттама"),))
    document = Document("kk", "Хаттама № 1", "жоба", 1_795_321_800_000_000, "жоба № 1", (title, *lines))
    return render_pdf(render_page(document))


@cache
def key(human: Human) -> FileKey:
    return FileKey(human.file, PASSWORD)


@pytest.fixture(scope="module")
def once(court: Court) -> bytes:
    """Signed by the secretary."""
    return sign_pdf(paper(), key(court.secretary), Role.SECRETARY, SIGNED_US)


@pytest.fixture(scope="module")
def twice(court: Court, once: bytes) -> bytes:
    """And by the judge over that."""
    return sign_pdf(once, key(court.judge), Role.JUDGE, SIGNED_US + 1_000_000)


def codes(report: Report, *, role: str | None = None) -> set[str]:
    return {item.code for item in report.findings if role is None or item.role == role}


def checked(pdf: bytes, court: Court, at_us: int = LATER_US) -> Report:
    return check_pdf(pdf, court.trust, at_us, SIGNERS)


def test_two_signatures_are_good_and_the_file_stays_pdfa(court: Court, once: bytes, twice: bytes) -> None:
    report = checked(twice, court)
    assert report.good
    assert report.findings == ()
    assert [(item.role, item.name, item.at_us) for item in report.signatures] == [
        ("secretary", "Иванова Айгүл", SIGNED_US),
        ("judge", "Әлиев Берік", SIGNED_US + 1_000_000),
    ]
    assert once.startswith(paper())
    assert twice.startswith(once)
    assert len(PdfReader(io.BytesIO(twice)).pages) >= 2
    assert findings(paper()) == findings(once) == findings(twice) == []


@pytest.mark.skipif(shutil.which("pdfsig") is None, reason="poppler-utils is not installed")
def test_a_second_tool_agrees(court: Court, twice: bytes, tmp_path: Path) -> None:
    def pdfsig(pdf: bytes) -> list[str]:
        (tmp_path / "x.pdf").write_bytes(pdf)
        said = subprocess.run(["pdfsig", "-nocert", tmp_path / "x.pdf"], capture_output=True, text=True, check=False)
        return re.findall(r"Signature Validation: (.*)|(ETSI.CAdES.detached)|(Total document signed)", said.stdout)

    def words(pdf: bytes) -> list[str]:
        return ["".join(found) for found in pdfsig(pdf)]

    good = "Signature is Valid."
    assert words(twice) == ["ETSI.CAdES.detached", good, "ETSI.CAdES.detached", "Total document signed", good]
    assert good not in words(changed_byte(twice))


def changed_byte(pdf: bytes) -> bytes:
    at = pdf.index(b"stream", len(paper()) // 4) + 20  # in what both signed
    return pdf[:at] + bytes([pdf[at] ^ 1]) + pdf[at + 1 :]


@pytest.mark.parametrize("part", [0.02, 0.2, 0.5])
def test_a_changed_byte_is_found(court: Court, twice: bytes, part: float) -> None:
    at = int(len(paper()) * part)
    report = checked(twice[:at] + bytes([twice[at] ^ 0x40]) + twice[at + 1 :], court)
    assert not report.good
    assert codes(report) & {"altered", "malformed"}


def test_a_changed_byte_is_named(court: Court, twice: bytes) -> None:
    report = checked(changed_byte(twice), court)
    assert codes(report, role="secretary") == codes(report, role="judge") == {"altered"}


def test_the_place_of_a_signature_hides_nothing(court: Court, twice: bytes) -> None:
    start, end = [found.span(1) for found in PLACE.finditer(twice)][-1]
    assert twice[end - 100 : end] == b"0" * 100
    for other in (b"1", b" ", b"\n", b"A"):
        report = checked(twice[: end - 100] + other + twice[end - 99 :], court)
        assert codes(report, role="judge") in ({"altered"}, {"altered", "malformed"}, {"malformed"})
    digit = next(at for at in range(start, end) if twice[at : at + 1].isalpha())
    mixed = twice[:digit] + twice[digit : digit + 1].swapcase() + twice[digit + 1 :]
    assert codes(checked(mixed, court), role="judge") == {"altered"}


def test_a_certificate_that_is_only_carried_along_is_held_to_the_list(court: Court, once: bytes) -> None:
    carried = sign_pdf(once, _Carrying(court.judge.file), Role.JUDGE, SIGNED_US)
    assert codes(checked(carried, court), role="judge") == {"altered"}


class _Carrying(FileKey):
    """Puts one more certificate beside the person's own, where nothing signs it."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content, PASSWORD)

    def sign_digest(self, digest: bytes, at_us: int | None = None) -> bytes:
        made = cms.ContentInfo.load(super().sign_digest(digest, at_us))
        stranger = Authority("Басқа КО").certificate.public_bytes(Encoding.DER)
        made["content"]["certificates"].append(cms.CertificateChoices("certificate", x509.Certificate.load(stranger)))
        der: bytes = made.dump(force=True)
        return der


def test_swapped_pages_are_found(court: Court, twice: bytes) -> None:
    writer = PdfWriter(io.BytesIO(twice), incremental=True)
    kids = writer.root_object["/Pages"]["/Kids"]  # type: ignore[index]
    kids[0], kids[1] = kids[1], kids[0]
    out = io.BytesIO()
    writer.write(out)
    assert out.getvalue().startswith(twice)  # the signed bytes are all there: only the update is wrong
    report = checked(out.getvalue(), court)
    assert codes(report, role="judge") == {"changed-after"}
    assert codes(report, role="secretary") == {"changed-after"}


def test_anything_after_the_last_signature_is_found(court: Court, twice: bytes) -> None:
    assert "changed-after" in codes(checked(twice + b"\n% more\n", court), role="judge")
    writer = PdfWriter(io.BytesIO(twice), incremental=True)
    writer.add_metadata({"/Title": "Басқа"})
    out = io.BytesIO()
    writer.write(out)
    assert "changed-after" in codes(checked(out.getvalue(), court), role="judge")


def test_a_signature_of_another_file_is_found(court: Court, once: bytes) -> None:
    other = sign_pdf(paper() + b"\n", key(court.secretary), Role.SECRETARY, SIGNED_US)
    ours, theirs = PLACE.search(once), PLACE.search(other)
    assert ours is not None
    assert theirs is not None
    moved = once.replace(ours[1], theirs[1])
    assert moved != once
    assert codes(checked(moved, court), role="secretary") == {"altered"}


def test_a_missing_signature_is_named(court: Court, once: bytes) -> None:
    report = checked(once, court)
    assert [(item.code, item.role) for item in report.findings] == [("missing-signature", "judge")]
    assert codes(checked(paper(), court)) == {"missing-signature"}


def test_the_wrong_role_is_named(court: Court, once: bytes) -> None:
    as_judge = sign_pdf(paper(), key(court.secretary), Role.JUDGE, SIGNED_US)
    assert codes(checked(as_judge, court), role="judge") == {"wrong-role"}
    stranger = court.authority.person("Бөтен", "IIN1")
    assert codes(checked(sign_pdf(once, key(stranger), Role.JUDGE, SIGNED_US), court)) == {"wrong-role"}


def test_one_person_is_not_two(court: Court, once: bytes) -> None:
    both = sign_pdf(once, key(court.secretary), Role.JUDGE, SIGNED_US)
    assert codes(checked(both, court)) == {"wrong-role", "same-person"}


def test_an_expired_certificate_is_named(court: Court, once: bytes, twice: bytes) -> None:
    old = court.authority.person("Әлиев Берік", court.judge.serial, end=SIGNED - DAY)
    young = court.authority.person("Әлиев Берік", court.judge.serial, start=SIGNED + DAY)
    for human, code in ((old, "expired"), (young, "not-yet-valid")):
        report = checked(sign_pdf(once, key(human), Role.JUDGE, SIGNED_US), court)
        assert codes(report, role="judge") == {code}
        assert codes(report, role="secretary") == set()
    years = LATER_US + 400 * 86_400_000_000
    assert codes(checked(twice, court, years)) == {"expired"}
    assert codes(checked(twice, court, SIGNED_US - 86_400_000_000)) == {
        "not-yet-valid"
    }  # made later than it can have been


def test_an_issuer_that_is_not_on_the_list_is_named(court: Court, once: bytes) -> None:
    impostor = Authority().person(court.judge.name, court.judge.serial)  # names itself as the court's authority does
    report = checked(sign_pdf(once, key(impostor), Role.JUDGE, SIGNED_US), court)
    assert codes(report, role="judge") == {"untrusted-issuer"}


def test_a_revoked_certificate_is_named(court: Court, twice: bytes, tmp_path: Path) -> None:
    roles = {court.secretary: "secretary", court.judge: "judge"}
    crl = court.authority.revocations(court.judge)
    trust = read_trust(trust_folder(tmp_path, court.authority, roles, crl))
    report = check_pdf(twice, trust, LATER_US, SIGNERS)
    assert {(item.code, item.role) for item in report.findings} == {("revoked", "judge")}


def test_revocation_lists_in_the_file_are_enough(court: Court) -> None:
    bare = replace(court.trust, revocations=())
    pdf = paper()
    assert codes(check_pdf(sign_pdf(pdf, key(court.judge), Role.JUDGE, SIGNED_US), bare, LATER_US)) == {
        "revocation-unchecked"
    }
    whole = sign_pdf(pdf, key(court.secretary), Role.SECRETARY, SIGNED_US, court.trust)
    whole = sign_pdf(whole, key(court.judge), Role.JUDGE, SIGNED_US, court.trust)
    assert findings(whole) == []
    assert check_pdf(whole, bare, LATER_US, SIGNERS).findings == ()
    late = check_pdf(whole, bare, LATER_US + 60 * 86_400_000_000, SIGNERS)
    assert codes(late) == {"revocation-unknown"}


def test_a_detached_signature_of_a_manifest(court: Court) -> None:
    manifest = b'{"format":"hattama-manifest/1"}'
    p7s = sign_detached(manifest, key(court.secretary), SIGNED_US)
    report = check_detached(manifest, p7s, Role.SECRETARY, court.trust, LATER_US)
    assert report.findings == ()
    assert [item.at_us for item in report.signatures] == [SIGNED_US // 1_000_000 * 1_000_000]
    early = check_detached(manifest, p7s, Role.SECRETARY, court.trust, SIGNED_US - 3_600_000_000)
    assert codes(early) == {"not-yet-valid"}
    assert codes(check_detached(manifest + b" ", p7s, Role.SECRETARY, court.trust, LATER_US)) == {"altered"}
    assert codes(check_detached(manifest, p7s, Role.JUDGE, court.trust, LATER_US)) == {"wrong-role"}
    for broken in (b"", b"\x30\x80", p7s[:-20], manifest):
        assert codes(check_detached(manifest, broken, Role.JUDGE, court.trust, LATER_US)) == {"malformed"}


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_reads_the_detached_signature(court: Court, tmp_path: Path) -> None:
    (tmp_path / "manifest").write_bytes(b"x" * 1000)
    (tmp_path / "p7s").write_bytes(sign_detached(b"x" * 1000, key(court.judge), SIGNED_US))
    command = ["openssl", "cms", "-verify", "-binary", "-noverify", "-inform", "DER", "-in", str(tmp_path / "p7s")]
    said = subprocess.run(
        [*command, "-content", str(tmp_path / "manifest"), "-out", str(tmp_path / "out")],
        capture_output=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    printed = subprocess.run(
        ["openssl", "cms", "-cmsout", "-print", "-noout", "-inform", "DER", "-in", str(tmp_path / "p7s")],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert f"UTCTIME:{SIGNED:%b} {SIGNED.day:2d} {SIGNED:%H:%M:%S %Y} GMT" in printed.partition("signingTime")[2]


def test_a_detached_signature_has_the_attributes_of_its_level(court: Court) -> None:
    """ETSI EN 319 122-1, 6.3 (B-B): these four are signed, each once. PAdES forbids the time (ETSI EN 319 142-1, 6.3)."""

    def attributes(der: bytes) -> list[str]:
        (info,) = cms.ContentInfo.load(der)["content"]["signer_infos"]
        return sorted(item["type"].native for item in info["signed_attrs"])

    always = ["content_type", "message_digest", "signing_certificate_v2"]
    assert attributes(sign_detached(b"x", key(court.judge), SIGNED_US)) == sorted([*always, "signing_time"])
    assert attributes(key(court.judge).sign_digest(b"x" * 32)) == always


def test_an_older_detached_signature_that_says_no_time_stays_good(court: Court) -> None:
    report = check_detached(b"x", sign_detached(b"x", key(court.secretary)), Role.SECRETARY, court.trust, LATER_US)
    assert (report.findings, report.signatures[0].at_us) == ((), None)


def test_what_cannot_be_signed_is_refused(court: Court, once: bytes) -> None:
    signer: PersonalSigner = key(court.secretary)
    with pytest.raises(AlreadySigned):
        sign_pdf(once, signer, Role.SECRETARY, SIGNED_US)
    for broken in (b"", b"%PDF-1.7\n", b"PK\x03\x04" + b"x" * 500, paper()[:2000]):
        with pytest.raises(NotSignable):
            sign_pdf(broken, signer, Role.SECRETARY, SIGNED_US)
        assert codes(checked(broken, court)) == {"malformed"}


def test_a_key_that_cannot_be_opened_is_refused(court: Court) -> None:
    for content, password in ((court.judge.file, "басқа"), (b"", PASSWORD), (b"x" * 100, "")):
        with pytest.raises(KeyUnusable):
            FileKey(content, password)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("roots/authority.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        ("crls/authority.crl", "x"),
        ("people.toml", "[[person]"),
        ("people.toml", '[[person]]\nname = "A"\nroles = ["judge"]\n'),
        ("people.toml", '[[person]]\nserial_number = "1"\nroles = ["clerk"]\n'),
        ("people.toml", '[[person]]\ncertificate = "12"\nroles = ["judge"]\n'),
        ("people.toml", '[[person]]\nserial_number = "1"\nroles = []\n'),
        ("people.toml", '[[person]]\nserial_number = "1"\nrole = "judge"\n'),
        ("people.toml", "person = 1\n"),
    ],
)
def test_a_malformed_trust_list_is_refused(court: Court, tmp_path: Path, file: str, content: str) -> None:
    trust_folder(tmp_path, court.authority, {}, court.authority.revocations())
    (tmp_path / file).write_text(content, encoding="utf-8")
    with pytest.raises(BadTrustList, match=re.escape(Path(file).name)):
        read_trust(tmp_path)


def test_a_trust_list_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadTrustList, match="roots"):
        read_trust(tmp_path / "none")
