"""``hattama retention``: delete from this box what the archive has, can read today, and has had for long enough."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import structlog
import typer

from hattama.context import By, settings_of

if TYPE_CHECKING:
    from device_config.settings import Settings
    from storage.retention import Judgement

#: Exit status when a record whose time has come stays, because something is wrong with it, here or at the archive.
SOMETHING_WRONG = 21
#: And when only the archive did not answer (EX_TEMPFAIL).
NO_ANSWER = 75
_log = structlog.get_logger(__name__)


def retention(
    context: typer.Context,
    by: By = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be deleted; delete nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Delete records from this box that the archive has received, as long ago as retention_days says.

    Each is compared first, file by file, with what the archive reads back. Its second copy goes with it. Needs the archive, and
    the recorder, which deletes. Exit status 0 if nothing is wrong; 21 if a record whose time has come stays; 75 if the archive
    does not answer.
    """
    settings = settings_of(context)
    judged = _judged(settings)
    results = [(item, "" if dry_run else _remove(settings, item, by)) for item in judged]
    if as_json:
        typer.echo(
            json.dumps({"dry_run": dry_run, "records": [_values(item, said) for item, said in results]}, indent=2)
        )
    for item, said in [] if as_json else results:
        typer.echo(_told(item, said, dry_run))
    raise typer.Exit(_status(results))


def _judged(settings: Settings) -> list[Judgement]:
    """Every record on this box; oldest name first."""
    from hattama.signing import request_signer_of
    from storage.handover import trusted
    from storage.retention import Rules, judge
    from storage.uploader import client_of

    client = client_of(settings, lambda: request_signer_of(settings))
    keys = trusted(settings.state_dir / "trust")
    rules = Rules(keys, settings.retention_days, settings.retention_uncertified, time.time_ns() // 1000)
    folders = sorted(path.parent for path in settings.hearings.glob("*/journal.jsonl") if not path.parent.is_symlink())
    with client:
        return [judge(folder, client, rules) for folder in folders]


def _remove(settings: Settings, item: Judgement, by: str) -> str:
    """Have the recorder delete it; why it did not, if so."""
    from recorder.client import RecorderClient, Refused, Unreachable
    from storage.retention import Answer

    if item.answer is not Answer.REMOVABLE:
        return ""
    try:
        with RecorderClient(settings.socket) as client:
            client.remove(item.hearing, item.receipt, item.lines, by)
    except Unreachable:
        raise
    except Refused as error:
        _log.error("record_not_removed", action="keep", hearing=item.hearing, code=error.code, error=str(error))
        return f"{error.code}: {error}"
    return "deleted"


def _values(item: Judgement, said: str) -> dict[str, Any]:
    values = {key: value for key, value in asdict(item).items() if key != "receipt"}
    return {**values, "deleted": said == "deleted", "refused": said if said != "deleted" else ""}


def _told(item: Judgement, said: str, dry_run: bool) -> str:
    from storage.retention import Answer

    if item.answer is not Answer.REMOVABLE:
        return f"{item.hearing}  kept: {item.answer}" + (f" ({item.detail})" if item.detail else "")
    size = f"{item.bytes} bytes"
    if dry_run:
        return f"{item.hearing}  would be deleted, {size}"
    return f"{item.hearing}  deleted, {size}" if said == "deleted" else f"{item.hearing}  kept: {said}"


def _status(results: list[tuple[Judgement, str]]) -> int:
    from storage.retention import Answer

    wrong = {item.answer for item, _ in results if not item.answer.waits and item.answer is not Answer.REMOVABLE}
    if wrong - {Answer.UNREACHABLE} or any(said not in ("", "deleted") for _, said in results):
        return SOMETHING_WRONG
    return NO_ANSWER if wrong else 0
