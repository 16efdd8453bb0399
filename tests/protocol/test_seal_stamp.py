"""Time stamps of seals: what is stamped, the walk to a token's digest, and the tokens of the golden record years later."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from protocol import timestamps
from protocol.record import MemoryRecord
from protocol.redaction import redact
from protocol.seal_stamp import BadStamp, imprint, path_of, sealing_note
from protocol.verification import Trust, verify
from tests.support.golden import AUTHORITY, BOX, golden

TRUST = Trust.of(BOX.key)
SEALS = ((1, 10), (2, 14))  # number of the manifest, its line


@pytest.mark.parametrize(("number", "line"), SEALS)
def test_a_token_is_over_its_seal_and_an_authority_gave_it(number: int, line: int) -> None:
    files = golden("stamped")
    note = sealing_note(files["checkpoints"], line)
    assert note is not None
    assert note.endswith(b"\n")
    assert note.split(b"\n")[1] == b"%d" % (line + 1)
    token = files[path_of(number)]
    assert imprint(token) == hashlib.sha256(note).digest() == timestamps.imprint_of(token)
    said = timestamps.check(token, note, timestamps.certificates(AUTHORITY.read_bytes()))
    assert "Test authority" in said.authority


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed (Debian: openssl)")
def test_the_digest_that_openssl_reads_is_the_seals(tmp_path: Path) -> None:
    """Anybody can do it by hand: cut the note out, ask openssl."""
    files = golden("stamped")
    (tmp_path / "note").write_bytes(sealing_note(files["checkpoints"], 10) or b"")
    (tmp_path / "token").write_bytes(files[path_of(1)])
    # The authority's certificate of the golden record was good for a month: looked at as of the token's own day.
    at = timestamps.check(
        files[path_of(1)], (tmp_path / "note").read_bytes(), timestamps.certificates(AUTHORITY.read_bytes())
    )
    command = [
        "openssl",
        "ts",
        "-verify",
        "-data",
        "note",
        "-in",
        "token",
        "-token_in",
        "-CAfile",
        str(AUTHORITY),
        "-attime",
        str(at.at_us // 1_000_000),
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert "Verification: OK" in done.stdout + done.stderr, done


def test_any_other_line_has_another_seal_or_none() -> None:
    notes = golden("stamped")["checkpoints"]
    assert sealing_note(notes, 13) != sealing_note(notes, 14)
    assert sealing_note(notes, 99) is None
    assert sealing_note(b"", 0) is None
    assert sealing_note(b"no note\n\n\n" + notes, 10) == sealing_note(notes, 10)


@pytest.mark.parametrize("cut", range(0, 140, 3))
def test_a_token_cut_anywhere_before_its_digest_is_none(cut: int) -> None:
    with pytest.raises(BadStamp):
        imprint(golden("stamped")[path_of(1)][:cut])


def test_a_redacted_copy_keeps_its_tokens() -> None:
    files = golden("stamped")
    copy = redact(MemoryRecord(files), lines=[2, 3], paths=["media/T01/mic-judge/0001.mp4"])
    report = verify(MemoryRecord(copy), TRUST)
    assert (report.good, report.completeness) == (True, "redacted"), report.failures
    assert [item.subject for item in report.findings if item.code == "timestamp-unchecked"] == [path_of(1), path_of(2)]
    hidden = redact(MemoryRecord(files), lines=[14])  # the manifest's own line: what it seals cannot be said any more
    assert [(item.code, item.subject) for item in verify(MemoryRecord(hidden), TRUST).findings if item.step == 10] == [
        ("timestamp-unchecked", path_of(1)),
        ("timestamp-unchecked", path_of(2)),
    ]
