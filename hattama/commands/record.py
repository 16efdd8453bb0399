"""``hattama record``: drive the recording daemon from the command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from hattama.context import By, settings_of
from hattama.errors import BadArgument, NoOpenHearing

if TYPE_CHECKING:
    from protocol.hearing import Participant, Seat
    from recorder.client import RecorderClient
    from recorder.status import Status

app = typer.Typer(help="Plan, record and finish a hearing.", no_args_is_help=True, rich_markup_mode=None)

Hearing = Annotated[str | None, typer.Argument(help="The hearing; by default the one that is open.", show_default=False)]


def _client(context: typer.Context) -> RecorderClient:
    from recorder.client import RecorderClient

    return RecorderClient(settings_of(context).socket)


def _hearing(client: RecorderClient, named: str | None) -> str:
    """The named hearing; else the daemon's current one; else the newest that is open."""
    if named:
        return named
    if current := client.status().hearing:
        return current
    from protocol.hearing import State

    if found := [item for item in client.hearings() if State(item["state"]).is_open]:
        return str(max(found, key=lambda item: item["opened_at"])["hearing"])
    raise NoOpenHearing("no hearing is open")


@app.command()
def new(
    context: typer.Context,
    number: Annotated[str, typer.Argument(help="Number of the case.")],
    code: Annotated[str, typer.Option(help="Procedural code: gpk, upk, appk or koap.")] = "gpk",
    title: Annotated[str, typer.Option(help="What the case is about.")] = "",
    kind: Annotated[str, typer.Option(help="Kind of the sitting.")] = "",
    language: Annotated[str, typer.Option(help="Language of the proceedings: kk or ru.")] = "ru",
    judge: Annotated[str, typer.Option(help="Presiding judge.")] = "",
    secretary: Annotated[str, typer.Option(help="Secretary of the sitting.")] = "",
    participant: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROLE:NAME[@MICROPHONE]", help="A participant and the microphone in front of them; may be repeated."
        ),
    ] = None,
) -> None:
    """Plan a hearing and print its identifier. Court and courtroom come from the settings."""
    from protocol.hearing import Case

    settings = settings_of(context)
    case = Case(
        number=number,
        code=code,
        court=settings.court,
        courtroom=settings.courtroom,
        title=title,
        kind=kind,
        language=language,
        judge=judge,
        secretary=secretary,
    )
    people, seats = _people(participant or [])
    with _client(context) as client:
        typer.echo(client.plan(case, people, seats))


def _people(texts: list[str]) -> tuple[list[Participant], list[Seat]]:
    from protocol.hearing import Participant, Seat

    people, seats = [], []
    for place, text in enumerate(texts, 1):
        role, colon, rest = text.partition(":")
        name, _, microphone = rest.partition("@")
        if not (role and colon and name):
            raise BadArgument(f"participant {text!r}: say ROLE:NAME or ROLE:NAME@MICROPHONE")
        people.append(Participant(f"p{place}", role.strip(), name.strip()))
        if microphone:
            seats.append(Seat(f"s{place}", name.strip(), microphone.strip(), f"p{place}"))
    return people, seats


@app.command()
def start(context: typer.Context, hearing: Hearing = None, by: By = "") -> None:
    """Start recording. Returns when sound of every microphone is on the disk."""
    with _client(context) as client:
        typer.echo(_told(client.start(_hearing(client, hearing), by)))


@app.command()
def pause(context: typer.Context, hearing: Hearing = None, by: By = "") -> None:
    """Pause: nothing is recorded until `hattama record resume`."""
    with _client(context) as client:
        typer.echo(_told(client.pause(_hearing(client, hearing), by)))


@app.command()
def resume(context: typer.Context, hearing: Hearing = None, by: By = "") -> None:
    """Go on after a pause."""
    with _client(context) as client:
        typer.echo(_told(client.resume(_hearing(client, hearing), by)))


@app.command()
def stop(context: typer.Context, hearing: Hearing = None, by: By = "") -> None:
    """Finish the hearing and seal its record."""
    with _client(context) as client:
        typer.echo(_told(client.stop(_hearing(client, hearing), by)))


@app.command()
def stage(
    context: typer.Context,
    code: Annotated[str, typer.Argument(help="Code of the stage, as in protocol.stages: OPEN, RIGHTS, …")],
    hearing: Hearing = None,
    participant: Annotated[str | None, typer.Option(help="Identifier of the participant whom it is about.")] = None,
    note: Annotated[str, typer.Option(help="A word on it.")] = "",
    by: By = "",
) -> None:
    """Mark a stage of the hearing at this moment."""
    with _client(context) as client:
        typer.echo(f"line {client.stage(_hearing(client, hearing), code, by, participant, note)}")


@app.command()
def remark(context: typer.Context, text: Annotated[str, typer.Argument(help="The remark.")], hearing: Hearing = None, by: By = "") -> None:
    """Note a remark at this moment."""
    with _client(context) as client:
        typer.echo(f"line {client.remark(_hearing(client, hearing), text, by)}")


@app.command()
def status(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
    list_all: Annotated[bool, typer.Option("--all", help="List every hearing on this box instead.")] = False,
) -> None:
    """What is true at this moment: state, sources and their levels, what is wrong."""
    with _client(context) as client:
        if list_all:
            hearings = client.hearings()
            typer.echo(json.dumps(hearings, ensure_ascii=False, indent=2) if as_json else "\n".join(f"{item['state']:<10} {item['hearing']}" for item in hearings))
            return
        now = client.status()
    typer.echo(now.model_dump_json(indent=2) if as_json else _told(now))


def _told(status: Status) -> str:
    """The status as a person reads it."""
    lines = [f"{status.hearing or 'no hearing'}: {status.state or 'idle'}" + (f", take {status.take}" if status.take else "")]
    lines.append("RECORDING" if status.recording else "not recording")
    if status.since_us is not None:
        lines[-1] += f" since {datetime.fromtimestamp(status.since_us / 1e6, UTC):%Y-%m-%d %H:%M:%S} UTC"
    for source in status.sources:
        level = "" if source.rms_cdb is None else f"{source.rms_cdb / 100:7.1f} dB"
        lines.append(f"  {source.name:<20} {source.state:<10} {source.bytes:>12} bytes {level}".rstrip())
    lines += [f"  {item.severity}: {item.code} {item.source or ''} {item.detail} {item.advice}".rstrip() for item in status.findings]
    return "\n".join(lines)
