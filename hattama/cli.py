"""The ``hattama`` command: its options, its subcommands, and how an error is told.

Every package's errors carry ``code``, ``exit_status`` and ``advice``. Here they become two lines on standard error and the
exit status (docs/exit-statuses.md); anything else that escapes is a fault of ours and keeps its traceback.
"""

from __future__ import annotations

import sys
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Annotated

import typer

from hattama.commands import (
    archive,
    brief,
    cases,
    check,
    console,
    demo,
    destruction,
    device,
    evaluate,
    export,
    keys,
    models,
    monitor,
    record,
    recorder,
    retention,
    settings,
    sign,
    signatures,
    signer,
    sources,
    timestamp,
    transcriber,
    transcript,
    uploader,
    user,
    verify,
    witness,
)
from hattama.commands import import_ as importer
from hattama.context import Options
from hattama.errors import SystemRefused
from hattama.files import there
from hattama.logs import configure

WIDTH = 100
USAGE = 64  # EX_USAGE of sysexits.h
ENDED = 130  # 128 and SIGINT, as shells say it

app = typer.Typer(
    name="hattama",
    help="Record court hearings and turn them into the electronic protocol.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "terminal_width": WIDTH, "max_content_width": WIDTH},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"hattama {installed_version('hattama')}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", "-c", callback=there, metavar="FILE", help="Settings file (TOML). [env: HATTAMA_CONFIG]"
        ),
    ] = None,
    version: Annotated[  # noqa: ARG001 - acts through its callback
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Print the version and end.")
    ] = False,
) -> None:
    """Record court hearings and turn them into the electronic protocol."""
    configure()
    context.obj = Options(config)


app.command("recorder")(recorder.recorder)
app.command("signer")(signer.signer)
app.command("console")(console.console)
app.command("transcriber")(transcriber.transcriber)
app.command("uploader")(uploader.uploader)
app.add_typer(archive.app, name="archive")
app.add_typer(destruction.app, name="destruction")
app.add_typer(record.app, name="record")
app.command("import")(importer.import_)
app.add_typer(transcript.app, name="transcript")
app.command("brief")(brief.brief)
app.command("sign")(sign.sign)
app.command("signatures")(signatures.signatures)
app.command("timestamp")(timestamp.timestamp)
app.command("verify")(verify.verify)
app.command("export")(export.export)
app.command("evaluate")(evaluate.evaluate)
app.add_typer(cases.app, name="cases")
app.command("check")(check.check)
app.command("witness")(witness.witness)
app.command("monitor")(monitor.monitor)
app.command("retention")(retention.retention)
app.add_typer(sources.app, name="sources")
app.add_typer(user.app, name="user")
app.add_typer(settings.app, name="settings")
app.add_typer(device.app, name="device")
app.add_typer(keys.app, name="keys")
app.add_typer(models.app, name="models")
app.command("demo")(demo.demo)


def tell(error: BaseException) -> int | None:
    """Print an error that is meant for people; its exit status, or None if it is not such an error."""
    code, status = getattr(error, "code", None), getattr(error, "exit_status", None)
    if not isinstance(code, str) or not isinstance(status, int):
        return None
    for line in str(error).splitlines() or [type(error).__doc__ or code]:
        print(f"error[{code}]: {line}", file=sys.stderr)
    if advice := getattr(error, "advice", ""):
        print(f"  {advice}", file=sys.stderr)
    return status


def _refused(error: OSError) -> SystemRefused:
    """What the operating system said, as a person reads it. Its traceback would help nobody whose folder may not be written."""
    return SystemRefused(": ".join(str(part) for part in (error.filename, error.strerror or error) if part))


def _tell_usage(error: Exception) -> int | None:
    """Print what is wrong with how the command was used; None if the error is of another kind. Typer keeps the class of these to itself."""
    message = getattr(error, "format_message", None)
    if message is None:
        return None
    said = str(message())
    if said.startswith("Usage:"):  # no subcommand was given: this is the help
        print(said, file=sys.stderr)
    else:
        context = getattr(error, "ctx", None)
        print(
            f"error[usage]: {said}\n  See `{context.command_path if context else 'hattama'} --help`.", file=sys.stderr
        )
    return USAGE


def main() -> None:
    """Entry point of the command."""
    try:
        sys.exit(app(prog_name="hattama", standalone_mode=False) or 0)
    except typer.Abort:
        sys.exit(ENDED)  # Ctrl-C, or the end of standard input, where something was asked for
    except Exception as error:
        status = _tell_usage(error)
        if status is not None:
            sys.exit(status)
        status = tell(error)
        if status is None and isinstance(error, OSError):
            status = tell(_refused(error))
        if status is None:
            raise
        sys.exit(status or 1)
    except KeyboardInterrupt:
        sys.exit(ENDED)
