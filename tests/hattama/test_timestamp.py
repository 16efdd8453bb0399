"""`hattama timestamp` and protocol.timestamps, against an authority of openssl's: good tokens, and every way in which one can be wrong."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from protocol import timestamps
from protocol.timestamps import BadTimestamp
from tests.support.command import hattama
from tests.support.tsa_http import over_http

OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed (Debian: openssl)")
CONTENT = b'{"format":"hattama-receipt/2"}'
DAY = timedelta(days=1)
CONFIG = """
[ tsa ]
default_tsa = ours
[ ours ]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
"""


@dataclass
class Authority:
    """An authority in a folder: its issuer's certificate and its own."""

    folder: Path
    issuer: bytes

    def answer(self, request: bytes) -> bytes:
        """What `openssl ts` answers."""
        asked, answered = self.folder / "request.tsq", self.folder / "answer.tsr"
        asked.write_bytes(request)
        command = [
            "ts",
            "-reply",
            "-config",
            "tsa.cnf",
            "-queryfile",
            asked,
            "-signer",
            "tsa.pem",
            "-inkey",
            "tsa.key",
            "-chain",
            "issuer.pem",
            "-out",
            answered,
        ]
        _openssl(self.folder, *map(str, command))
        return answered.read_bytes()

    @property
    def trusted(self) -> list[object]:
        return timestamps.certificates(self.issuer)


def _openssl(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [str(OPENSSL), *arguments], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    signer: ec.EllipticCurvePrivateKey,
    until: datetime,
    *,
    usage: bool,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(until - 30 * DAY)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=not usage, path_length=None), critical=True)
    )
    if usage:
        made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    return made.sign(signer, hashes.SHA256())


def make_authority(folder: Path, *, until: datetime | None = None) -> Authority:
    """A new authority; its certificate is valid until then (tomorrow by default)."""
    folder.mkdir()
    until = until or datetime.now(UTC) + DAY
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Issuer of authorities")])
    far = datetime.now(UTC) + 20 * DAY
    root = _certificate("Issuer of authorities", root_key, root_name, root_key, far, usage=False)
    own = _certificate("Test authority", key, root_name, root_key, until, usage=True)
    pem = serialization.Encoding.PEM
    (folder / "issuer.pem").write_bytes(root.public_bytes(pem))
    (folder / "tsa.pem").write_bytes(own.public_bytes(pem))
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "tsa.key").write_bytes(secret)
    (folder / "tsa.cnf").write_text(CONFIG.format(folder=folder))
    (folder / "serial").write_text("01\n")
    return Authority(folder, root.public_bytes(pem))


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return make_authority(tmp_path / "tsa")


def stamp(authority: Authority, content: bytes = CONTENT, nonce: int = 77) -> bytes:
    return timestamps.token_of(authority.answer(timestamps.request(content, nonce)), content, nonce)


def test_a_good_token(authority: Authority, tmp_path: Path) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    token = stamp(authority)
    said = timestamps.check(token, CONTENT, authority.trusted)
    assert before.timestamp() <= said.at_us / 1e6 <= datetime.now(UTC).timestamp() + 2
    assert ("Test authority" in said.authority, said.policy) == (True, "1.2.3.4.1")
    (tmp_path / "token.tst").write_bytes(token)
    (tmp_path / "content").write_bytes(CONTENT)
    command = (
        "ts",
        "-verify",
        "-data",
        "content",
        "-in",
        "token.tst",
        "-token_in",
        "-CAfile",
        str(authority.folder / "issuer.pem"),
    )
    assert "Verification: OK" in _openssl(tmp_path, *command)


def test_a_replayed_answer_and_a_wrong_nonce(authority: Authority) -> None:
    """The answer to an earlier request for the same content, and one for another nonce, are answers to somebody else."""
    old = authority.answer(timestamps.request(CONTENT, 1))
    with pytest.raises(BadTimestamp, match="another nonce"):
        timestamps.token_of(old, CONTENT, 2)
    timestamps.token_of(old, CONTENT, 1)


def test_another_content(authority: Authority) -> None:
    token = stamp(authority)
    with pytest.raises(BadTimestamp, match="another content"):
        timestamps.check(token, CONTENT + b" ", authority.trusted)
    with pytest.raises(BadTimestamp, match="another content"):
        timestamps.token_of(authority.answer(timestamps.request(b"other", 5)), CONTENT, 5)


def test_an_authority_whose_certificate_had_expired(tmp_path: Path) -> None:
    expired = make_authority(tmp_path / "expired", until=datetime.now(UTC) - DAY)
    with pytest.raises(BadTimestamp, match="no authority of the list"):
        timestamps.check(stamp(expired), CONTENT, expired.trusted)


def test_an_authority_that_is_not_on_the_list(authority: Authority, tmp_path: Path) -> None:
    other = make_authority(tmp_path / "other")
    with pytest.raises(BadTimestamp, match="no authority of the list"):
        timestamps.check(stamp(authority), CONTENT, other.trusted)


def test_a_token_altered_anywhere_is_bad(authority: Authority) -> None:
    """Any byte: in the time, in the signature, in the frame. What is not signed (a certificate that is not needed) may differ."""
    token = stamp(authority)
    good = timestamps.check(token, CONTENT, authority.trusted)
    for at in range(0, len(token), 7):
        try:
            said = timestamps.check(token[:at] + bytes([token[at] ^ 1]) + token[at + 1 :], CONTENT, authority.trusted)
        except BadTimestamp:
            continue
        assert said == good, at


@pytest.mark.parametrize("answer", [b"", b"\x30\x00", b"no DER", b"\x30\x05\x30\x03\x02\x01\x02"], ids=repr)
def test_no_answer_of_an_authority(answer: bytes, authority: Authority) -> None:
    with pytest.raises(BadTimestamp):
        timestamps.token_of(answer, CONTENT, 1)
    with pytest.raises(BadTimestamp):
        timestamps.check(answer, CONTENT, authority.trusted)


def test_an_authority_that_refuses() -> None:
    refusal = timestamps.Answer({"status": {"status": "rejection", "status_string": ["not today"]}}).dump()
    with pytest.raises(BadTimestamp, match="refused: rejection"):
        timestamps.token_of(refusal, CONTENT, 1)


@pytest.fixture
def served(authority: Authority) -> Iterator[str]:
    """The authority over HTTP."""
    with over_http(authority.answer) as url:
        yield url


def test_the_command(authority: Authority, served: str, tmp_path: Path) -> None:
    file, trusted = tmp_path / "receipt.json", tmp_path / "authorities.pem"
    file.write_bytes(CONTENT)
    trusted.write_bytes(authority.issuer)
    given = (str(file), "--authorities", str(trusted))
    silent = hattama("timestamp", *given, "--tsa", "http://127.0.0.1:9/")
    assert (silent.status, "error[tsa-silent]" in silent.err) == (75, True)
    made = hattama("timestamp", *given, "--tsa", served)
    assert (made.status, "Test authority" in made.out) == (0, True), made.err
    kept = (tmp_path / "receipt.json.tst").read_bytes()
    for options in ((), ("--tsa", "http://127.0.0.1:9/")):  # it is there: checked, and nobody is asked
        assert hattama("timestamp", *given, *options).out == made.out
    assert (tmp_path / "receipt.json.tst").read_bytes() == kept
    file.write_bytes(CONTENT + b" ")
    bad = hattama("timestamp", *given)
    assert (bad.status, "error[bad-timestamp]" in bad.err) == (65, True)
    trusted.write_bytes(b"no certificate")
    assert hattama("timestamp", *given).status == 65


def test_a_record_takes_no_token(authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").write_bytes(b"")
    (tmp_path / "receipt.json").write_bytes(CONTENT)
    trusted = tmp_path / "authorities.pem"
    trusted.write_bytes(authority.issuer)
    said = hattama(
        "timestamp", str(tmp_path / "receipt.json"), "--authorities", str(trusted), "--tsa", "http://127.0.0.1:9/"
    )
    assert said.status not in (0, 75)
    assert not (tmp_path / "receipt.json.tst").exists()


def test_a_stranger_is_refused_in_two_lines_without_a_traceback(authority: Authority, tmp_path: Path) -> None:
    """As a process of its own: under pytest the library's log would go elsewhere than to standard error."""
    other = make_authority(tmp_path / "other")
    names = {"receipt.json": CONTENT, "receipt.json.tst": stamp(authority), "list.pem": other.issuer}
    for name, content in names.items():
        (tmp_path / name).write_bytes(content)
    command = [sys.executable, "-m", "hattama", "timestamp", "receipt.json", "--authorities", "list.pem"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 65
    told = done.stderr.splitlines()
    assert len(told) == 2, done.stderr
    assert told[0].startswith("error[bad-timestamp]: no authority of the list stands behind the token")
