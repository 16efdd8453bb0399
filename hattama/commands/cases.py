"""``hattama cases``: the day's list of hearings on this box, and its reconciliation with the records."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hattama.context import By, settings_of
from hattama.errors import BadArgument
from hattama.files import there

if TYPE_CHECKING:
    from recorder.cases.reconciliation import Finding
    from recorder.cases.store import CaseList

app = typer.Typer(help="The day's list of hearings.", no_args_is_help=True, rich_markup_mode=None)

#: Exit status of an import that left rows out (EX_DATAERR), and of a day that is not in order.
ROWS_LEFT_OUT = 65
NOT_IN_ORDER = 20

Day = Annotated[str, typer.Option(metavar="DAY", help="Day as 2026-11-23.", show_default="today")]


def _cases(context: typer.Context) -> CaseList:
    from recorder.cases.store import CaseList

    return CaseList(settings_of(context).state_dir / "cases.sqlite")


@app.command("import")
def import_(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(callback=there, metavar="FILE", help="CSV or JSON (docs/case-import.md); - is standard input."),
    ],
    encoding: Annotated[
        str | None, typer.Option(help="Encoding of the file, where its bytes do not say it: utf-8, windows-1251.")
    ] = None,
    by: By = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON object.")] = False,
) -> None:
    """Put the hearings of a file into the list; the same file again changes nothing.

    A wrong row is named by line and column and left out, the others are kept. Exit status 0 if every row was taken, 65 if not.
    """
    from recorder.cases.decoding import MOST_BYTES
    from recorder.cases.reading import read
    from recorder.cases.report import told

    if str(file) == "-":
        data = sys.stdin.buffer.read(MOST_BYTES + 1)
    else:
        with file.open("rb") as opened:
            data = opened.read(MOST_BYTES + 1)
    report = _cases(context).take(
        read(data, encoding), name=file.name, way="command", by=by, at_us=time.time_ns() // 1000
    )
    typer.echo(json.dumps(report.to_json(), ensure_ascii=False, indent=2) if as_json else told(report), nl=as_json)
    raise typer.Exit(ROWS_LEFT_OUT if report.refused else 0)


@app.command("list")
def list_(
    context: typer.Context,
    day: Day = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, an object a line.")] = False,
) -> None:
    """Print the hearings of a day: time, number, code, room, status, title."""
    wanted = _day(day)
    for item in _cases(context).days(wanted, wanted):
        row = item.listed
        cells = (row.time, row.number, row.code, row.room, row.status, row.title)
        typer.echo(
            json.dumps({**row.to_json(), "hearing": item.hearing}, ensure_ascii=False) if as_json else "\t".join(cells)
        )


@app.command()
def reconcile(
    context: typer.Context,
    day: Day = "",
    days: Annotated[int, typer.Option(min=1, max=366, help="How many days, the last of them DAY.")] = 1,
    every_room: Annotated[
        bool, typer.Option("--every-room", help="Hearings that are listed for other rooms, too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, an object a line.")] = False,
) -> None:
    """Compare the list with the records: hearings without a sealed record, records that nobody listed, protocols unsigned or overdue.

    Needs the recorder. Exit status 0 if nothing is wrong (protocols may still be in their term), 20 if something is.
    """
    from protocol.working_days import read_calendar
    from recorder.cases.listed import same_room
    from recorder.cases.reconciliation import reconcile as compared
    from recorder.cases.reconciliation import recorded
    from recorder.client import RecorderClient

    settings = settings_of(context)
    last = _day(day)
    first = (date.fromisoformat(last) - timedelta(days=days - 1)).isoformat()
    listed = [
        item
        for item in _cases(context).days(first, last)
        if every_room or same_room(item.listed.room, settings.courtroom)
    ]
    with RecorderClient(settings.socket) as client:
        rows = client.hearings()
    remembered = {item.hearing for item in listed}
    records = [item for item in recorded(rows) if first <= item.day <= last or item.hearing in remembered]
    found = compared(listed, records, datetime.now(UTC), read_calendar())
    for item in found:
        typer.echo(json.dumps(_facts(item), ensure_ascii=False) if as_json else _told(item))
    if not as_json:
        alarms = sum(item.alarm for item in found)
        typer.echo(
            f"{first} to {last}: {len(listed)} listed, {len(records)} recorded, {alarms} wrong, {len(found) - alarms} still in their term"
        )
    raise typer.Exit(NOT_IN_ORDER if any(item.alarm for item in found) else 0)


def _day(given: str) -> str:
    from recorder.cases.fields import day_of
    from recorder.cases.reconciliation import ZONE

    found = day_of(given) if given else datetime.now(ZONE).date().isoformat()
    if found is None:
        raise BadArgument(f"--day: {given[:40]!r} is no date that exists; write it as 2026-11-23")
    return found


def _facts(item: Finding) -> dict[str, object]:
    return {
        "code": item.code,
        "alarm": item.alarm,
        "listed": item.listed.listed.id if item.listed else None,
        "hearing": item.record.hearing if item.record else None,
        "number": item.listed.listed.number if item.listed else item.record.number if item.record else "",
        "due": item.due.date.isoformat() if item.due else None,
    }


def _told(item: Finding) -> str:
    facts = _facts(item)
    time_of_day = item.listed.listed.time if item.listed else "     "
    rest = " ".join(str(facts[key]) for key in ("hearing", "due") if facts[key])
    return f"{'!' if item.alarm else ' '} {time_of_day} {facts['number']} {item.code} {rest}".rstrip()
