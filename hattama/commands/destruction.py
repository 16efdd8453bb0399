"""``hattama destruction``: acts of destruction and legal holds at the archive."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hattama.context import settings_of
from hattama.files import there

if TYPE_CHECKING:
    from device_config.settings import Settings
    from storage.archive.destruction import Destruction, Standing
    from storage.archive.service import Archive

app = typer.Typer(
    help="Destroy records by a signed act of two officers, or hold them.", no_args_is_help=True, rich_markup_mode=None
)

_Act = Annotated[str, typer.Argument(metavar="ACT", help="Identifier of the act.")]
_By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who does it.")]
_Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.")]


def _open(settings: Settings) -> Archive:
    from storage.archive.enrolment import open_archive

    return open_archive(settings)


def _of(settings: Settings, archive: Archive) -> Destruction:
    from protocol.signatures.trust import read_trust
    from storage.archive.destruction import Destruction

    officers = read_trust(settings.archive.officers) if settings.archive.officers else None
    keep_days = {str(code): days for code, days in settings.archive.keep_days.items()}
    return Destruction(archive, keep_days, settings.archive.destruction_wait_days, officers)


def _tell(standing: Standing) -> None:
    act, more = standing.act, ""
    if standing.due_at:
        more = f", may be carried out from {standing.due_at}"
    if standing.locked_until:
        more = f", objects under a lock until {standing.locked_until} remain: carry it out again then"
    typer.echo(f"{act.id}  {standing.stage}{more}")
    for item in act.items:
        typer.echo(f"  {item.hearing}  {item.code}  had to be kept until {item.kept_until}")


@app.command()
def propose(
    context: typer.Context,
    hearings: Annotated[list[str], typer.Argument(metavar="HEARING...", help="Identifiers of the hearings.")],
    by: _By,
    reason: _Reason,
    grounds: Annotated[
        str, typer.Option(metavar="TEXT", help="Order or list of retention periods, with number and date.")
    ],
    commission: Annotated[
        list[str],
        typer.Option("--looked-through-by", metavar="NAME", help="Who looked each record through; twice at least."),
    ],
) -> None:
    """Write an act. Every record must have been received whole, have been kept long enough, and be under no hold.

    Prints the act's identifier; nothing is destroyed.
    """
    settings = settings_of(context)
    with _open(settings) as archive:
        typer.echo(_of(settings, archive).propose(hearings, by, reason, grounds, commission).id)


@app.command()
def show(context: typer.Context, act: _Act) -> None:
    """Print an act's bytes: what the officers sign (`hattama sign --detached --role officer`)."""
    settings = settings_of(context)
    with _open(settings) as archive:
        typer.echo(_of(settings, archive).text(act).decode(), nl=False)


@app.command()
def sign(
    context: typer.Context,
    act: _Act,
    signature: Annotated[
        Path, typer.Argument(callback=there, metavar="FILE.p7s", help="An officer's detached signature over the act.")
    ],
) -> None:
    """Take an officer's signature. The second one, of another person, begins the time of waiting."""
    settings = settings_of(context)
    with _open(settings) as archive:
        _tell(_of(settings, archive).sign(act, signature.read_bytes()))


@app.command()
def withdraw(context: typer.Context, act: _Act, by: _By, reason: _Reason) -> None:
    """Give an act up, before it is carried out."""
    settings = settings_of(context)
    with _open(settings) as archive:
        _tell(_of(settings, archive).withdraw(act, by, reason))


@app.command("carry-out")
def carry_out(context: typer.Context, act: _Act) -> None:
    """Destroy what an act names, after its time of waiting. What is under a lock of the store goes when that ends: run it again then.

    Exit status 75 while objects remain.
    """
    settings = settings_of(context)
    with _open(settings) as archive:
        standing = _of(settings, archive).carry_out(act)
    _tell(standing)
    raise typer.Exit(75 if standing.locked_until else 0)


@app.command("list")
def list_(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> None:
    """All acts, and how far they are."""
    settings = settings_of(context)
    with _open(settings) as archive:
        destruction = _of(settings, archive)
        found = [destruction.standing(act) for act in destruction.acts()]
    if as_json:
        rows = [
            {
                "act": item.act.id, "due_at": item.due_at, "hearings": [one.hearing for one in item.act.items],
                "locked_until": item.locked_until, "stage": str(item.stage),
            }
            for item in found
        ]  # fmt: skip
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for item in found:
        _tell(item)


@app.command()
def hold(
    context: typer.Context,
    hearing: Annotated[str, typer.Argument(help="Identifier of the hearing.")],
    by: _By,
    reason: _Reason,
    lift: Annotated[bool, typer.Option("--lift", help="Lift a hold.")] = False,
    number: Annotated[
        int | None,
        typer.Option(min=1, help="Which hold is lifted, where several lie on the record.", show_default=False),
    ] = None,
) -> None:
    """Lay a legal hold on a record, or lift one. What is held is not destroyed; several may lie on one record, and the last must be lifted.

    Prints the hold's number and how many lie on the record then.
    """
    settings = settings_of(context)
    from hattama.errors import BadArgument
    from storage.archive.holds import Holds

    if number is not None and not lift:
        raise BadArgument("--number is of --lift: a new hold gets its number")
    with _open(settings) as archive:
        holds = Holds(archive)
        done = holds.lift(hearing, by, reason, number) if lift else holds.lay(hearing, by, reason)
    said = f"hold {done.number}" if done.number else "the store's hold"
    if not lift:
        typer.echo(f"{hearing}: {said} on {done.objects} objects")
    elif done.standing:
        typer.echo(f"{hearing}: {said} lifted; the record stays held")
    else:
        typer.echo(f"{hearing}: {said} lifted from {done.objects} objects")
    for item in done.standing:
        typer.echo(f"  hold {item.number}  {item.by}  {item.reason}  since {item.at}")
