"""An import's report as text: what a clerk reads beside the file, and the command prints. English; pages word it in the reader's language."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from recorder.cases.problems import Problem
from recorder.cases.store import Report
from web.i18n import Translator

#: Letters at which a spreadsheet begins to calculate (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def told(report: Report, most: int | None = None) -> str:
    """The whole report; ``most``: how many problems at most."""
    counts = f"{report.added} added, {report.changed} changed, {report.unchanged} unchanged, {report.refused} left out"
    lines = [f"{report.name}: {report.rows} rows ({report.encoding}): {counts}"]
    lines += [line_of(item) for item in report.problems[:most]]
    if most is not None and len(report.problems) > most:
        lines.append(f"… and {len(report.problems) - most} more")
    return "\n".join(lines) + "\n"


def line_of(problem: Problem) -> str:
    """One problem on one line: ``row 7, date: «31.02.2026» is no date that exists. Write …``."""
    what, advice = problem.told()
    place = f"row {problem.line}" + (f", {problem.column}" if problem.column else "")
    return f"{place}: {what} {advice}"


def table(problems: Iterable[Problem], lang: Translator) -> str:
    """Problems as CSV that a spreadsheet opens without calculating anything."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["row", "column", "code", "what", "advice"])
    for item in problems:
        writer.writerow([str(item.line), *(harmless(text) for text in (item.column, item.code, *item.told(lang)))])
    return "\ufeff" + out.getvalue()


def harmless(text: str) -> str:
    """A text that a spreadsheet shows and does not calculate."""
    return f"'{text}" if text.startswith(_FORMULA) else text
