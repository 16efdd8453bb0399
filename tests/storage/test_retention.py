"""What keeps a record on the box, and what lets it go: with a real archive, its real receipt and what it really reads back."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from protocol.encoding import b64, utc_us
from protocol.journal import Line
from protocol.merkle import root_of
from protocol.note import Ed25519Signer
from recorder import removal
from storage import receipt, retention
from storage.chunks import Tail
from storage.client import ArchiveClient
from storage.handover import trusted
from storage.log import Log
from storage.receipt import SealPoint
from storage.retention import Answer, Judgement, Rules, judge
from tests.storage.conftest import TOKEN, Court
from tests.support.kept import DAY_US, HEARING, RECEIVED_US, Kept, kept_box

Break = Callable[[Kept], object]


@pytest.fixture
def kept(court: Court) -> Iterator[Kept]:
    with kept_box(court) as made:
        yield made


def rules(kept: Kept, **more: object) -> Rules:
    """A year after the receipt, and a day more."""
    found = Rules(trusted(kept.settings.state_dir / "trust"), 365, uncertified=False, now_us=RECEIVED_US + 366 * DAY_US)
    return replace(found, **more)  # type: ignore[arg-type]


def judged(kept: Kept, **more: object) -> Judgement:
    with kept.client() as client:
        return judge(kept.record.folder, client, rules(kept, **more))


def overwrite(path: Path, change: Callable[[bytes], bytes]) -> None:
    """As somebody with rights on the disk would."""
    data = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(change(data))


def entry(kind: str, at: str) -> Line:
    return Line(0, at, 0, kind, {}, bytes(16), b"")


def flip(data: bytes) -> bytes:
    return data[:100] + bytes([data[100] ^ 1]) + data[101:]


def test_what_the_archive_has_may_go(kept: Kept) -> None:
    found = judged(kept)
    assert found.answer is Answer.REMOVABLE, found
    assert found.receipt == kept.receipt
    assert found.bytes == sum(path.stat().st_size for path in kept.record.folder.rglob("*") if path.is_file())
    assert kept.record.folder.is_dir(), "nothing is deleted here"


def test_it_stays_until_the_last_day_is_over(kept: Kept) -> None:
    until = RECEIVED_US + 365 * DAY_US
    assert judged(kept, now_us=until - 1).answer is Answer.TOO_EARLY
    assert judged(kept, now_us=until).answer is Answer.REMOVABLE
    assert judged(kept, days=366 * 20).answer is Answer.TOO_EARLY


def forged(kept: Kept) -> None:
    """All is as it should be, but another has signed it, under the archive's name."""
    tail = Tail(kept.record.folder)
    tail.read()
    stranger = Ed25519Signer("archive.test", bytes(32))
    size = tail.signed
    seal = SealPoint(HEARING, tail.origin, tail.view.manifests[-1].number, size, root_of(tail.leaves[:size]))
    with Log(None, stranger) as log:
        text = receipt.make(
            HEARING,
            bytes(16),
            log.add("received", receipt.entry_of(seal, bytes(16), "2020-09-13T13:26:40.000Z")),
            stranger.key,
        )
    overwrite(kept.record.folder / "receipt.json", lambda _data: text)


def of_another_time(kept: Kept) -> None:
    """The date that it says is not the one that was logged."""
    overwrite(kept.record.folder / "receipt.json", lambda data: data.replace(b"2020-09-13T", b"2010-09-13T"))


#: What is broken in a record, or at its archive, and what keeps the record then.
BROKEN: tuple[tuple[Break, Answer], ...] = (
    (forged, Answer.BAD_RECEIPT),
    (of_another_time, Answer.BAD_RECEIPT),
    (lambda kept: overwrite(kept.record.folder / "receipt.json", lambda data: data[:-9]), Answer.BAD_RECEIPT),
    (lambda kept: (kept.record.folder / "receipt.json").unlink(), Answer.NO_RECEIPT),
    (lambda kept: (kept.objects / "media/T01/mic-bench/0002.mp4").unlink(), Answer.MISSING),
    (lambda kept: (kept.objects / "manifest-0002.json").unlink(), Answer.MISSING),
    (lambda kept: overwrite(kept.objects / "media/T01/cam-judge/0001.mp4", flip), Answer.DIFFERS),
    (lambda kept: overwrite(kept.objects / "journal.chunks/000001", flip), Answer.DIFFERS),
    (lambda kept: overwrite(kept.objects / "checkpoints.chunks/000001", flip), Answer.DIFFERS),
    (lambda kept: overwrite(kept.record.folder / "media/T01/mic-bench/0001.mp4", flip), Answer.DIFFERS),
    (lambda kept: (kept.record.folder / "media/T01/mic-bench/0099.mp4").write_bytes(b"x"), Answer.MISSING),
    (lambda kept: (kept.record.folder / "link").symlink_to("/etc/hostname"), Answer.MISSING),
    (lambda kept: overwrite(kept.record.folder / "checkpoints", lambda data: data[:-1]), Answer.UNSEALED),
    (lambda kept: overwrite(kept.record.folder / "journal.jsonl", lambda data: data + b"torn"), Answer.UNSEALED),
    (lambda kept: overwrite(kept.record.folder / "journal.jsonl", flip), Answer.UNREADABLE),
)


def test_anything_wrong_keeps_it(kept: Kept, tmp_path: Path) -> None:
    whole = {folder: tmp_path / f"whole-{number}" for number, folder in enumerate((kept.record.folder, kept.objects))}
    for folder, copy in whole.items():
        shutil.copytree(folder, copy)
    for number, (broken, answer) in enumerate(BROKEN):
        broken(kept)
        found = judged(kept)
        assert (found.answer, found.receipt) == (answer, b""), f"{number}: {found}"
        for folder, copy in whole.items():
            shutil.rmtree(folder)
            shutil.copytree(copy, folder)
        assert judged(kept).answer is Answer.REMOVABLE, f"{number}: mended"


def test_an_archive_that_is_not_trusted_has_no_say(kept: Kept) -> None:
    assert judged(kept, trusted=()).answer is Answer.BAD_RECEIPT


def test_an_archive_that_does_not_answer(kept: Kept) -> None:
    with ArchiveClient("http://127.0.0.1:9", TOKEN) as client:
        assert judge(kept.record.folder, client, rules(kept)).answer is Answer.UNREACHABLE
    with ArchiveClient(kept.court.url, "another token") as client:
        assert judge(kept.record.folder, client, rules(kept)).answer is Answer.UNREACHABLE


def test_lines_that_were_signed_after_it_was_sent(kept: Kept) -> None:
    kept.record.line("state", **{"from": "certified", "to": "archived", "by": "recorder", "reason": ""})
    kept.record.writer.checkpoint()
    assert judged(kept).answer is Answer.MISSING
    kept.send()
    assert judged(kept).answer is Answer.REMOVABLE


@pytest.mark.parametrize("kind", ["timestamp", "clock", "receipt"])
def test_what_the_box_notes_years_later_begins_no_new_time(kind: str) -> None:
    """A box that gets a time stamp authority stamps the seals of all its records."""
    hearing, note = entry("state", "2020-09-13T12:26:40.000Z"), entry(kind, "2026-09-13T12:26:40.000Z")
    assert retention._last_us([hearing, note]) == removal._last_us([hearing, note]) == utc_us(hearing.at)
    later = entry("state", note.at)
    assert retention._last_us([hearing, later]) == removal._last_us([hearing, later]) == utc_us(later.at)


def test_a_later_seal_needs_its_own_receipt(kept: Kept) -> None:
    kept.record.add_revision("transcript", "transcript/0002.json", b"{}", number=2)
    assert judged(kept).answer is Answer.UNSEALED
    kept.record.draft_again()
    assert judged(kept).answer is not Answer.REMOVABLE
    kept.send()
    found = judged(kept)
    assert found.answer is Answer.REMOVABLE, found
    assert found.receipt != kept.receipt, "the record keeps the first, the last one is asked for"


def test_only_what_is_certified(court: Court) -> None:
    drafted = court.record("2020-09-13_7512-20-00-2-2_bbbb")
    finished = court.record("2020-09-13_7512-20-00-2-3_cccc", drafted=False)
    with court.client() as client:
        plain = Rules((), 1, uncertified=False, now_us=2**60)
        assert judge(drafted.folder, client, plain).answer is Answer.UNCERTIFIED
        assert judge(drafted.folder, client, replace(plain, uncertified=True)).answer is Answer.NO_RECEIPT
        assert judge(finished.folder, client, replace(plain, uncertified=True)).answer is Answer.UNCERTIFIED


def test_what_the_archive_reads_back_is_what_lies_there(kept: Kept) -> None:
    path = "media/T01/cam-judge/0001.mp4"
    with kept.client() as client:
        before, held = client.read_back(HEARING), client.held(HEARING)
        assert before == held
        overwrite(kept.objects / path, flip)
        assert client.held(HEARING) == held, "the catalogue knows what came"
        assert client.read_back(HEARING)[path] not in (held[path], b64(bytes(32)))
        assert client.read_back("2020-09-13_none_dddd") == {}
