"""``hattama archive``: the central service."""

from __future__ import annotations

import json
import secrets
from typing import Annotated

import typer

from hattama.context import settings_of
from hattama.trust import key_of

app = typer.Typer(help="The central archive and its replay pages.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def serve(context: typer.Context) -> None:
    """Run the archive: takes records from boxes, verifies and keeps them, and replays them to judges.

    Listens on archive.host and archive.port of the settings. Ends on SIGTERM or Ctrl-C.
    """
    settings = settings_of(context)
    from hattama.listening import check_free
    from storage.archive.app import run

    check_free(settings.archive.host, settings.archive.port, "archive")
    run(settings)


@app.command()
def rebuild(context: typer.Context) -> None:
    """Make the catalogue again from the objects alone. Reads and verifies every record."""
    settings = settings_of(context)
    from storage.archive.enrolment import open_archive
    from storage.archive.rebuild import rebuild as run

    with open_archive(settings) as archive:
        typer.echo(f"{run(archive)} hearings")


@app.command()
def scrub(
    context: typer.Context,
    gib: Annotated[float | None, typer.Option(min=0, help="Read at most so many GiB, but for the last record.")] = None,
    minutes: Annotated[float | None, typer.Option(min=0, help="Begin no other record after so many minutes.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as one JSON object.")] = False,
) -> None:
    """Check that objects still are what was received and can be played, the record that was looked at longest ago first.

    At least one record is looked at. Exit status 0 without findings, else 65.
    """
    settings = settings_of(context)
    from storage.archive.enrolment import open_archive
    from storage.archive.scrub import Scrub
    from storage.archive.stamps import authorities_of

    believed = authorities_of(settings)
    with open_archive(settings) as archive:
        budget = None if gib is None else int(gib * (1 << 30))
        run = Scrub(archive, locked=bool(settings.archive.lock_days), authorities=believed)
        report = run.run(budget, None if minutes is None else minutes * 60)
    if as_json:
        typer.echo(json.dumps(report.to_json(), ensure_ascii=False, indent=2))
    else:
        for item in report.findings:
            typer.echo(f"{item.hearing}  {item.code}  {item.path}  {item.detail}  (last good: {item.good_at or 'never'})")
        typer.echo(f"{report.hearings} records, {report.bytes} bytes, {len(report.findings)} findings")
    raise typer.Exit(65 if report.findings else 0)


@app.command()
def enrol(
    context: typer.Context,
    key: Annotated[str, typer.Argument(metavar="FILE|VKEY", help="The box's verifier key: `hattama device key` there.")],
    with_token: Annotated[
        bool, typer.Option("--token", help="Also print a token for a box that cannot sign; see archive.accept_tokens.")
    ] = False,
) -> None:
    """Let a box send records, which signs its requests with this key; prints the archive's key, for the box's trust list."""
    settings = settings_of(context)
    from storage.archive.enrolment import enrol_device, open_archive

    box = key_of(key).text
    token = secrets.token_urlsafe(32) if with_token else None
    with open_archive(settings) as archive:
        ours = enrol_device(archive, box, token)
    typer.echo((f"token: {token}\n" if token else "") + f"archive key: {ours.text}")


@app.command()
def bucket(context: typer.Context) -> None:
    """Make the bucket of archive.s3 with versions and Object Lock, or check the one that is there."""
    settings = settings_of(context)
    from storage.archive.enrolment import bucket_store
    from storage.errors import StoreUnfit

    store = bucket_store(settings)
    if store is None:
        raise StoreUnfit("no bucket is set: objects lie in a folder below state_dir")
    store.create_bucket()
    typer.echo(f"bucket {settings.archive.s3.bucket}: versions and Object Lock are on")


@app.command("key")
def show_key(context: typer.Context) -> None:
    """Print the archive's verifier key (public), which boxes and readers put on their trust list."""
    settings = settings_of(context)
    from storage.archive.enrolment import archive_key

    typer.echo(archive_key(settings).text)
