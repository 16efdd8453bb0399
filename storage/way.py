"""The way to the archive, as the records of a box share it."""

from __future__ import annotations

from typing import Protocol


class Way(Protocol):
    """The way to the archive as a record shares it with others."""

    @property
    def lanes(self) -> int:
        """Files of one record that are sent at once."""
        ...

    def between(self, count: int) -> None:
        """Called before ``count`` bytes of a file are sent, from the file's own lane: may wait."""

    def idle(self) -> None:
        """Called while files are under way, from the thread that sends records: may send other things."""

    def gives_way(self, running: bool) -> bool:
        """Whether a record, of a hearing that is ``running`` or not, should send no file now."""


class Free:
    """A way that nobody else needs."""

    lanes = 8

    def idle(self) -> None:
        """Nothing else is sent."""

    def between(self, count: int) -> None:
        """Nothing waits."""

    def gives_way(self, running: bool) -> bool:  # noqa: ARG002
        """Never."""
        return False
