"""``hattama monitor``: looks at an archive's log from outside."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from hattama.context import settings_of

if TYPE_CHECKING:
    from device_config.settings import Settings
    from storage.monitor import MonitorReport

#: Exit status when something speaks against the log, or a hearing is overdue (EX_DATAERR).
FOUND = 65
#: And when only a witness did not answer (EX_TEMPFAIL); the same when the log did not.
SILENT_STATUS = 75


def monitor(
    context: typer.Context,
    full: Annotated[bool, typer.Option("--full", help="Also read again every entry that was seen before.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON object.")] = False,
) -> None:
    """Read an archive's log once, and say what must not be.

    That is: entries altered, dropped or moved, a fork, an older state, hearings that were opened and never sealed, seals that were
    never received. Log, key and witnesses stand in monitor.* of the settings; what was seen is kept in <state_dir>/monitor. Exit status 0 if all is
    well; 65 with findings, a line each; 75 if the log, or only a witness, does not answer.
    """
    report = _run(settings_of(context), full=full)
    if as_json:
        typer.echo(json.dumps(report.to_json(), ensure_ascii=False, indent=2))
    else:
        for item in report.findings:
            typer.echo(f"{item.code}  {item.subject}  {item.detail}")
        typer.echo(
            f"{report.origin}: {report.size} entries, {report.size - report.before} new, {len(report.findings)} findings"
        )
    raise typer.Exit(_status(report))


def _run(settings: Settings, *, full: bool) -> MonitorReport:
    from protocol.cosignature import WitnessKey
    from protocol.note import VerifierKey
    from storage.monitor import HOUR_US, Monitor, Patience
    from storage.monitor_memory import MonitorMemory
    from storage.setting_errors import NoLog
    from storage.tile_reader import TileReader
    from storage.witness_client import WitnessClient

    chosen = settings.monitor
    if not chosen.url or not chosen.key:
        raise NoLog("no log is set: monitor.url and monitor.key are needed")
    key = VerifierKey.from_text(chosen.key)
    witnesses = [WitnessClient(item.url, WitnessKey.from_text(item.key)) for item in chosen.witnesses]
    reader, memory = (
        TileReader(chosen.url),
        MonitorMemory(settings.state_dir / "monitor" / "seen.sqlite", f"{key.name}/log"),
    )
    try:
        patience = Patience(int(chosen.sealed_h * HOUR_US), int(chosen.received_h * HOUR_US))
        return Monitor(reader, key, memory, witnesses, patience).run(full=full)
    finally:
        memory.close()
        reader.close()
        for witness in witnesses:
            witness.close()


def _status(report: MonitorReport) -> int:
    from storage.monitor import SILENT

    if any(item.code not in SILENT for item in report.findings):
        return FOUND
    return SILENT_STATUS if report.findings else 0
