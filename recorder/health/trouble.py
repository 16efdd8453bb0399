"""What a watch says: the troubles that last at a moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from recorder.findings import Severity

#: A trouble's stable code and the source concerned, or None.
Key = tuple[str, str | None]


@dataclass(frozen=True)
class Trouble:
    """One thing that is wrong.

    Attributes:
        severity: see recorder.findings.
        since: CLOCK_MONOTONIC when it began, s.
        detail: measured values, in English.
    """

    severity: Severity
    since: float
    detail: str = ""


Troubles = Mapping[Key, Trouble]
