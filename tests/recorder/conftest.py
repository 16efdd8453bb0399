"""The fault table (docs/faults.md) at the end of a run: what was measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.fault_room import Tell


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Tell:
    """Have a measured row shown in the table at the end of the run."""
    return lambda name, measured: record_property("fault", (name, measured.alarm_s, measured.again_s, measured.over_s))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print every row that this run measured."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, [])]
    called = [report for report in reports if getattr(report, "when", "") == "call"]
    rows = [value for report in called for key, value in report.user_properties if key == "fault"]
    if not rows:
        return
    terminalreporter.section("faults: alarm (≤ 10 s), recorded again (≤ 3 s), alarm gone")
    for name, *times in rows:
        shown = "  ".join("    –   " if item is None else f"{item:6.2f} s" for item in times)
        terminalreporter.write_line(f"{name:<44} {shown}")
