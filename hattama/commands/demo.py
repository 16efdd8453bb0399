"""``hattama demo``: a courtroom without hardware, from the first second to the verified replay."""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hattama.context import settings_of

if TYPE_CHECKING:
    from hattama.demo.processes import Processes


def demo(
    context: typer.Context,
    exit_: Annotated[
        bool, typer.Option("--exit", help="End after the summary instead of serving the pages until Ctrl-C.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the summary as one JSON object on standard output.")
    ] = False,
    seconds: Annotated[float, typer.Option(min=5, max=3600, help="How long the hearing is recorded.")] = 30,
) -> None:
    """Hold a made-up hearing in a courtroom without hardware and show what becomes of it.

    Two cameras and four microphones are recorded live by the same programs as real ones; then the hearing is transcribed, its
    protocol drafted, sealed, uploaded to an archive on this machine and verified there and here. Progress goes to standard
    error. State is kept below STATE_DIR/demo; its keys go to STATE_DIR/trust, so that `hattama verify` knows them.
    """
    outer = settings_of(context)
    from hattama.demo import show
    from hattama.demo.leaving import in_good_order
    from hattama.demo.processes import Processes
    from hattama.demo.setting_up import prepared

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts a job behind it with SIGINT ignored
    begin = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - begin:6.1f} s] {text}", file=sys.stderr, flush=True)

    with (
        prepared(outer) as room,
        Processes(room.settings.state_dir / "logs", room.lock) as processes,
        in_good_order(room.settings, say),
    ):
        say(f"state and logs: {room.settings.state_dir}")
        show.start(room, processes, say)
        for name, password in room.passwords.items():
            say(f"sign in as {name} with password {password}")
        hearing = show.record(room, processes, seconds, say)
        kept = show.keep(room, processes, hearing, say)
        summary = show.summary(kept, room.settings)
        typer.echo(json.dumps(summary, ensure_ascii=False, indent=2) if as_json else told(summary))
        sys.stdout.flush()
        if not exit_:
            _serve(processes, room.passwords, say)


def _serve(processes: Processes, passwords: dict[str, str], say: Any) -> None:
    say(
        "both pages are served until Ctrl-C; sign in as "
        + ", ".join(f"{name} / {word}" for name, word in passwords.items())
    )
    try:
        while True:
            processes.check()
            time.sleep(1)
    except KeyboardInterrupt:
        say("ending")


def _end(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def told(summary: dict[str, Any]) -> str:
    """The summary as a person reads it."""
    verdicts = "\n".join(f"  {question:<13} {answer['verdict']}" for question, answer in summary["verified"].items())
    papers = "\n".join(f"  {path}" for path in summary["protocol_files"])
    pages = "\n".join(f"  {name:<13} {url}" for name, url in summary["urls"].items())
    return (
        f"hearing         {summary['hearing']}\nrecord          {summary['record']}\narchive's copy  {summary['archive_record']}\n"
        f"captured        {summary['tracks']} tracks, {summary['segments']} segments, {summary['words']} words\n"
        f"verified\n{verdicts}\nprotocol\n{papers}\npages\n{pages}\n"
        f"check it yourself: {_called()} verify {summary['record']}"
    )


def _called() -> str:
    """This command as it was called, to be typed again."""
    return sys.argv[0] if Path(sys.argv[0]).name == "hattama" else f"{sys.executable} -m hattama"
