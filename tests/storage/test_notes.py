"""Notes that several threads write together: each is written when its thread goes on, and nobody fails for another's."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from storage.archive.catalogue import Catalogue
from storage.archive.notes import Note, Together
from storage.database import Database


def note(number: int) -> Note:
    return Note("h", f"media/{number}", 1, bytes(32), dirty=False)


class Slow:
    """Its first transaction lasts until it may go on; a note named bad is refused with all that stand beside it."""

    def __init__(self, bad: Note | None = None) -> None:
        self.written: list[list[Note]] = []
        self.begun, self.go_on = threading.Event(), threading.Event()
        self._bad = bad

    def write(self, notes: Sequence[Note]) -> None:
        self.begun.set()
        assert self.go_on.wait(60)
        if self._bad in notes:
            raise ValueError("refused")
        self.written.append(list(notes))


def held_up(slow: Slow, together: Together, others: int) -> list[BaseException | None]:
    """One note, and while it is written the others; what each raised."""
    with ThreadPoolExecutor(others + 1) as pool:
        futures = [pool.submit(together.add, note(0))]
        assert slow.begun.wait(60)
        futures += [pool.submit(together.add, note(number)) for number in range(1, others + 1)]
        while len(together._waiting) < others:
            threading.Event().wait(0.01)
        assert not any(future.done() for future in futures)
        slow.go_on.set()
        return [future.exception(60) for future in futures]


def test_who_comes_meanwhile_shares_the_next_transaction() -> None:
    slow = Slow()
    assert held_up(slow, Together(slow.write), 5) == [None] * 6
    assert [len(notes) for notes in slow.written] == [1, 5]
    assert {item.path for notes in slow.written for item in notes} == {f"media/{number}" for number in range(6)}


def test_nobody_fails_for_anothers_note() -> None:
    slow = Slow(bad=note(3))
    raised = held_up(slow, Together(slow.write), 5)
    assert [type(error) for error in raised] == [type(None)] * 3 + [ValueError] + [type(None)] * 2
    assert sorted(item.path for notes in slow.written for item in notes) == [
        f"media/{number}" for number in (0, 1, 2, 4, 5)
    ]


def test_a_note_that_an_ended_thread_took_is_written_all_the_same() -> None:
    slow, calls = Slow(), list[int]()

    def write(notes: Sequence[Note]) -> None:
        calls.append(len(notes))
        if len(calls) == 2:
            raise SystemExit
        slow.write(notes)

    raised = held_up(slow, Together(write), 2)
    assert calls == [1, 2, 1]
    assert sorted(str(type(error).__name__) for error in raised) == ["NoneType", "NoneType", "SystemExit"]
    assert [len(notes) for notes in slow.written] == [1, 1]


def test_files_noted_at_once_are_all_in_the_catalogue(tmp_path: Path) -> None:
    catalogue = Catalogue(Database.at(tmp_path / "catalogue.sqlite"))
    catalogue.claim("h", "key")
    with ThreadPoolExecutor(8) as pool:
        for number in range(40):  # each one twice: a row stays as it was
            for _ in range(2):
                pool.submit(
                    catalogue.note_stored, "h", f"media/{number}", number, bytes([number]) * 32, dirty=number == 7
                )
    assert catalogue.stored("h") == {f"media/{number}": bytes([number]) * 32 for number in range(40)}
    assert catalogue.dirty() == ["h"]
    catalogue.close()
