"""The golden records: good when they were made, good for ever, byte for byte the same (docs/record-format.md, version 1)."""

from __future__ import annotations

import hashlib

import pytest

from protocol.hearing import Span
from protocol.journal import read_journal
from protocol.record import DirectoryRecord, MemoryRecord
from protocol.verification import Trust, verify
from protocol.view import HearingView
from tests.support.golden import ARCHIVE, BOX, CAMERA, FIRST, GOOD, MIC, NAMES, REMOTE, SECOND, Files, golden

TRUST = Trust.of(BOX.key, ARCHIVE.key)

#: name → SHA-256 of all its files, completeness, notes. A record that was ever valid stays valid: these lines are never changed.
EXPECTED: dict[str, tuple[str, str, set[str]]] = {
    "plain": ("8d4121760946f16419f657aa0c17d89a7e0850b2e5cc60075362701775bebad0", "complete", set()),
    "gaps": ("4fd80d74520f80b11cd130e1cd6fe3f9b2a3258147d2b770448026ed22ad083b", "complete-with-gaps", {"gap"}),
    "paused": ("cf942a7138b5e19aa330079755fba8577ebefd3b78a23bbed2991301d425e655", "complete", set()),
    "recovered": ("49ba7004646832cef80a05da9533243d5e9fea3c790df8cbfaa1858db95e040c", "complete", set()),
    "sources": ("1d80d93774386571c60bd00774181a9709f28b37aa84116702466606efc74fad", "complete", set()),
    "encrypted": ("43ce9d42d2294a4b99ab2be93263da54f3c78afe0f8412a36a4310d28a7bf5e6", "complete", set()),
    "imported": ("e9bf3e0e99cac56495ac5248bf36bcf975334c0eb89729e6b430aa35a75f158d", "complete", set()),
    "later-seals": ("820c64fb98b80e6aa4011d06f0e09b5d749fa90038b7b04bb402ce650b3ed722", "complete", set()),
    "salted-receipt": ("df47351ddd1b5067061158d245b1eddf94195ab0a61d4596e03b3c4e4469e321", "complete", set()),
    "encrypted-twin": ("d911fd4740a30fd2180456234ec7fb8072925a870ce300f973ecd4db52ce6a80", "complete", set()),
    "stamped": ("f83dbd824b5297510870da4b196cc927eed695877a2542cb6b0d4bcf4b17de03", "complete", {"timestamp-unchecked"}),
    "withdrawn": ("427bab891aaa0243705be4d958dd03a4905de873e613044033eac70121e34369", "complete", set()),
    "redacted": (
        "8c76821d6048cb15e920b92c78be5b2b0469443e65cad80234624c0645770d72",
        "redacted",
        {"withheld-entry", "withheld-line"},
    ),
    "chunks": ("fbefb0c901bcec467bd2c0f2c51e6cbb0d3bbcde0ea8ddcef5fedf7477ae9a2f", "complete", set()),
    "torn": (
        "b7b00e2b24c4a7b6085368ac49889410ba3d0f27de952890800121a40e09cb4a",
        "complete-with-gaps",
        {"gap", "torn-checkpoint", "torn-tail"},
    ),
}


def digest_of(files: Files) -> str:
    """SHA-256 over path, length and bytes of every file, in order of their paths."""
    whole = hashlib.sha256()
    for path, data in sorted(files.items()):
        whole.update(f"{path}\n{len(data)}\n".encode() + data)
    return whole.hexdigest()


def test_each_is_named_here() -> None:
    assert {path.name for path in GOOD.iterdir()} == set(NAMES) == set(EXPECTED)


@pytest.mark.parametrize("name", NAMES)
def test_good_for_ever(name: str) -> None:
    files = golden(name)
    digest, completeness, notes = EXPECTED[name]
    assert digest_of(files) == digest, "a golden record was changed: take its bytes from the history"
    report = verify(MemoryRecord(files), TRUST)
    assert not report.failures
    assert (report.integrity, report.completeness, report.provenance) == ("intact", completeness, "trusted")
    assert {item.code for item in report.findings} == notes
    assert report.good
    assert verify(DirectoryRecord(GOOD / name), TRUST) == report


def test_a_view_knows_who_belonged_to_a_take_and_when() -> None:
    entries, _ = read_journal(golden("sources")["journal.jsonl"])
    view = HearingView.of(entries)
    take = view.takes["T01"]
    assert take.sources == (CAMERA, MIC, REMOTE)
    assert take.spans == (
        Span(CAMERA, None, FIRST + 10 * SECOND),
        Span(REMOTE, FIRST + 5 * SECOND, FIRST + 15 * SECOND),
        Span(REMOTE, FIRST + 17 * SECOND, None),
    )
    assert take.present == (MIC, REMOTE)
    assert view.removed == {CAMERA}
    assert view.to_json()["removed"] == [CAMERA]
