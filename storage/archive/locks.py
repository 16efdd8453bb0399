"""How long the archive's objects are locked against removal: by the code of the case, from intake on.

The term is the operator's to set and never longer than the law keeps the record: what is locked cannot be destroyed, however lawful the order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from storage.objects import ObjectStore

DAY_US = 86_400_000_000
DEFAULT = "default"


@dataclass(frozen=True)
class LockDays:
    """Days by code of the case (``gpk``, ``upk``, ``appk``, ``koap``), with ``default`` for the rest; empty: nothing is locked."""

    days: Mapping[str, int]

    def until_us(self, code: str, now_us: int) -> int | None:
        """Until when an object that comes now is locked, UTC µs; None: not at all."""
        days = self.days.get(code, self.days.get(DEFAULT, 0))
        return now_us + days * DAY_US if days > 0 else None


def lock_record(store: ObjectStore, hearing: str, until_us: int) -> int:
    """Lock every object of a hearing, receipts included, at least until a moment.

    What came before the code was known has the default's term; a difference of less than a day is left as it is.

    Returns:
        The number of objects whose lock was made longer.
    """
    count = 0
    for prefix in (f"records/{hearing}", f"receipts/{hearing}"):
        for key in store.list(prefix):
            if (store.protection(key).until_us or 0) < until_us - DAY_US:
                store.retain(key, until_us)
                count += 1
    return count
