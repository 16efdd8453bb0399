"""What is wrong at present, for the secretary; journalled when it concerns a recording.

Codes are stable (docs/recorder.md lists them); pages say in Kazakh, Russian and English what to do about each.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["warning", "error"]


@dataclass(frozen=True)
class HealthFinding:
    """One thing that is wrong.

    Attributes:
        code: stable name.
        severity: ``error``: something is not being recorded or cannot be relied on; ``warning``: look at it.
        source: the source concerned, or None.
        start_us: since when, on the hearing's clock.
        end_us: until when; None while it lasts.
        detail: in English, for the log and the administrator.
        advice: what to do, in English.
    """

    code: str
    severity: Severity
    source: str | None
    start_us: int
    detail: str = ""
    advice: str = ""
    end_us: int | None = None

    def to_json(self) -> dict[str, Any]:
        """As the status shows it."""
        return asdict(self)

    def line_data(self) -> dict[str, Any]:
        """Data of a ``finding`` line."""
        return {key: value for key, value in asdict(self).items() if key != "advice"}


ADVICE = {
    "source-lost": "Check the power and the cable of this device; the recorder tries again by itself.",
    "nothing-recorded": "Nothing is being recorded. Tell the judge; keep a written protocol until a source is back.",
    "digital-silence": "This microphone gives no sound at all: check its switch and cable.",
    "journal-failed": "The disk refuses the journal. Check free space; tell the administrator.",
    "disk-low": "The disk is nearly full. Let records be sent to the archive, or free space.",
    "clock-unsynchronized": "The clock is not kept right by a time server. Tell the administrator.",
    "readback-differs": "What was written is not what was captured. Tell the administrator; keep a written protocol.",
    "readback-failed": "A closed file cannot be read back. Tell the administrator; keep a written protocol.",
    "segment-unreadable": "After a crash a file could not be read. The rest is kept. Tell the administrator.",
}


class Findings:
    """The findings that last at present, by code and source."""

    def __init__(self) -> None:
        self._active: dict[tuple[str, str | None], HealthFinding] = {}

    def set(self, code: str, severity: Severity, source: str | None, at_us: int, detail: str = "") -> HealthFinding | None:
        """Something is wrong; the finding if it is new, None if it was known."""
        if (code, source) in self._active:
            return None
        finding = HealthFinding(code, severity, source, at_us, detail, ADVICE.get(code, ""))
        self._active[code, source] = finding
        return finding

    def clear(self, code: str, source: str | None, at_us: int) -> HealthFinding | None:
        """It is over; the ended finding, None if there was none."""
        finding = self._active.pop((code, source), None)
        return None if finding is None else HealthFinding(**{**asdict(finding), "end_us": at_us})

    def forget(self, *codes: str) -> None:
        """Drop findings that make no sense any more (devices were closed)."""
        self._active = {key: value for key, value in self._active.items() if key[0] not in codes}

    def to_json(self) -> list[dict[str, Any]]:
        """All of them, worst first."""
        ordered = sorted(self._active.values(), key=lambda item: (item.severity != "error", item.code, item.source or ""))
        return [item.to_json() for item in ordered]
