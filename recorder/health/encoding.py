"""A camera's encoder that cannot keep up: pictures are left out, and that is said as long as it lasts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from recorder.health.trouble import Key, Trouble, Troubles

CODES = ("encoder-behind",)
#: Over when nothing was left out for so long, s. Longer than two reports are apart while it lasts.
OVER_S = 5.0


@dataclass
class _Behind:
    since: float
    last: float
    pictures: int
    stride: int


class EncodingWatch:
    """Hears how many pictures were left out. Times are CLOCK_MONOTONIC, s."""

    def __init__(self) -> None:
        self._behind: dict[str, _Behind] = {}

    def behind(self, source: str, pictures: int, stride: int, now: float) -> None:
        """``pictures`` were left out since the last report; one of ``stride`` is encoded from now on."""
        known = self._behind.setdefault(source, _Behind(now, now, 0, stride))
        known.last, known.stride, known.pictures = now, stride, known.pictures + pictures

    def look(self, now: float) -> Troubles:
        """What lasts."""
        self._behind = {source: item for source, item in self._behind.items() if now - item.last <= OVER_S}
        found: dict[Key, Trouble] = {}
        for source, item in self._behind.items():
            detail = f"{item.pictures} pictures left out; one of {item.stride} is encoded"
            found["encoder-behind", source] = Trouble("error", item.since, detail)
        return found

    def forget(self, sources: Iterable[str] | None = None) -> None:
        """Nothing is known of these sources, or of any, any more."""
        for source in list(self._behind) if sources is None else sources:
            self._behind.pop(source, None)
