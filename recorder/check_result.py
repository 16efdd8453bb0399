"""What a check of the room found: the answer to ``POST /v1/check``, kept in ``<state_dir>/check.json`` (recorder.checking)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

#: How long a check captures, s, if nothing else is asked.
SECONDS = 10


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Problem(_Model):
    """Something that the check found; ``advice`` in English, pages have their own by ``code``."""

    code: str
    source: str | None = None
    advice: str = ""
    detail: str = ""


class SourceCheck(_Model):
    """One source: what of it was on the disk, whole and read back."""

    name: str
    media: str
    label: str
    ready: bool
    bytes: int = 0
    units: int = 0
    captured_us: int = 0
    peak_cdb: int | None = None
    rms_cdb: int | None = None


class CheckResult(_Model):
    """What the check found. ``ready``: every source is, the record verifies and the disk has room."""

    at_us: int
    seconds: int
    ready: bool
    verified: bool
    sources: tuple[SourceCheck, ...]
    problems: tuple[Problem, ...]

    def line_data(self) -> dict[str, Any]:
        """Data of a ``check`` line."""
        sources = [item.model_dump(include={"name", "ready", "bytes", "units", "captured_us"}) for item in self.sources]
        problems = [item.model_dump(include={"code", "source"}) for item in self.problems]
        return {**self.model_dump(include={"at_us", "seconds", "ready", "verified"}), "sources": sources, "problems": problems}
