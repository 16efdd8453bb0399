"""What is wrong at present, for the secretary; journalled when it concerns a recording.

Codes are stable (docs/recorder.md lists them); pages say in Kazakh, Russian and English what to do about each.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
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
    "microphone-silent": "Others are heard and this microphone hears nothing: check that it is switched on and stands in its place.",
    "clipping": "This microphone is too loud and its sound is cut off: turn its gain down or move it away.",
    "hum": "Mains hum on this microphone: keep its cable away from power cables; tell the administrator.",
    "constant-offset": "This microphone or its interface is faulty. Use another one; tell the administrator.",
    "picture-black": "The picture is black: open the lens or switch the light on.",
    "picture-frozen": "The picture does not change: switch the camera off and on; tell the administrator.",
    "picture-blurred": "The camera is covered or out of focus: look at its picture, uncover or clean the lens.",
    "encoder-behind": "This camera's pictures cannot be encoded fast enough, and some are missing. Tell the administrator: a smaller picture, or a camera that gives H.264.",
    "heard-in-pause": "A device gives sound or pictures although the hearing is paused: switch it off at its own switch; tell the administrator.",
    "journal-failed": "The disk refuses the journal. Check free space; tell the administrator.",
    "disk-low": "The disk is nearly full. Let records be sent to the archive, or free space.",
    "disk-full-soon": "The disk is full in less than half an hour. Tell the administrator now; prepare to end the hearing.",
    "clock-unsynchronized": "The clock is not kept right by a time server. Tell the administrator.",
    "clock-off": "The system clock was moved away from the recording's. Note the true time in a remark; tell the administrator.",
    "machine-hot": "The recorder is too hot: clear its air openings; tell the administrator.",
    "machine-busy": "The recorder is overloaded. Tell the administrator.",
    "readback-differs": "What was written is not what was captured. Tell the administrator; keep a written protocol.",
    "readback-failed": "A closed file cannot be read back. Tell the administrator; keep a written protocol.",
    "second-copy-failed": "The second copy is not being written; the recording goes on. Check the second disk; what is missing is added when it is back.",
    "segment-damaged": "The disk refused while a file was written: what could be saved of it is kept. Tell the administrator: this disk may be failing.",
    "segment-unreadable": "After a crash a file could not be read. The rest is kept. Tell the administrator.",
}


class Findings:
    """The findings that last at present, by code and source, and which of them the running take's journal names."""

    def __init__(self) -> None:
        self._active: dict[tuple[str, str | None], HealthFinding] = {}
        self._told: set[tuple[str, str | None]] = set()

    def set(self, code: str, severity: Severity, source: str | None, at_us: int, detail: str = "") -> HealthFinding | None:
        """Something is wrong; the finding if it is new, None if it was known (then only its detail is brought up to date)."""
        known = self._active.get((code, source))
        if known is not None:
            self._active[code, source] = replace(known, detail=detail)
            return None
        finding = HealthFinding(code, severity, source, at_us, detail, ADVICE.get(code, ""))
        self._active[code, source] = finding
        return finding

    def clear(self, code: str, source: str | None, at_us: int) -> HealthFinding | None:
        """It is over; the ended finding, None if there was none."""
        finding = self._active.pop((code, source), None)
        self._told.discard((code, source))
        return None if finding is None else replace(finding, end_us=max(at_us, finding.start_us))

    def told(self, code: str, source: str | None) -> bool:
        """Whether the running take's journal names it (see :meth:`untold`)."""
        return (code, source) in self._told

    def forget(self, *codes: str) -> None:
        """Drop findings that make no sense any more (devices were closed)."""
        self._active = {key: value for key, value in self._active.items() if key[0] not in codes}
        self._told &= set(self._active)

    def keys(self, codes: Collection[str]) -> list[tuple[str, str | None]]:
        """Code and source of those that last, of these codes."""
        return [key for key in self._active if key[0] in codes]

    def untold(self, otherwise: Collection[str]) -> list[HealthFinding]:
        """Those that last and that the running take's journal does not name yet; from now on it does.

        Args:
            otherwise: codes that other lines say.
        """
        fresh = [item for key, item in self._active.items() if key not in self._told and item.code not in otherwise]
        self._told |= {(item.code, item.source) for item in fresh}
        return fresh

    def take_ended(self, end_us: int) -> list[HealthFinding]:
        """A take ends: those that its journal names, with their end; a next take begins with none told."""
        told, self._told = self._told, set()
        return [replace(item, end_us=max(end_us, item.start_us)) for key, item in self._active.items() if key in told]

    def to_json(self) -> list[dict[str, Any]]:
        """All of them, worst first."""
        ordered = sorted(self._active.values(), key=lambda item: (item.severity != "error", item.code, item.source or ""))
        return [item.to_json() for item in ordered]
