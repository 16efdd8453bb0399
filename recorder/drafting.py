"""The brief protocol of a finished hearing: built and rendered in a process of its own, stored by the daemon.

``python -m recorder.drafting`` reads one JSON object on standard input (what to draft), reads the record, and writes one with
the three files in base64. WeasyPrint takes seconds and a lot of memory: neither belongs into the daemon. The worker writes
nothing into the record; that is the daemon's.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from protocol.brief import Brief, CourtFacts, Declared
from protocol.brief_rules import BriefIncomplete, confirm, declared_in
from protocol.closed import encrypt_file
from protocol.encoding import b64, unb64
from protocol.errors import ProtocolError
from protocol.journal import read_journal
from protocol.transcript import Transcript
from protocol.view import HearingView
from protocol.writer import JOURNAL
from recorder.refusals import NotDrafted, ProtocolIncomplete

if TYPE_CHECKING:
    from device_config.settings import Settings

DRAFTING: tuple[str, ...] = (sys.executable, "-m", "recorder.drafting")
LANGUAGES = ("ru", "kk")


@dataclass(frozen=True)
class Task:
    """What to draft.

    Attributes:
        record: folder of the hearing.
        number: revision of the brief protocol.
        drafted_at_us: now, UTC µs.
        transcript: path of the transcript in the record, or None.
        court, courtroom, city: of the settings.
        templates: the court's folder of templates, or None.
        reasons, rejected, full: what people said (:class:`protocol.brief.Declared`); None: as in the protocol ``before``.
        before: path of the newest protocol in the record; empty where this is the first.
        confirms: path of the draft that people confirmed; the files are then its confirmed form, drawn from nothing else. Empty: a draft.
    """

    record: str
    number: int
    drafted_at_us: int
    transcript: str | None
    court: str
    courtroom: str
    city: str
    templates: str | None = None
    reasons: dict[str, str] | None = None
    rejected: str | None = None
    full: bool | None = None
    before: str = ""
    confirms: str = ""


def task_of(record: Path, settings: Settings, number: int, now_us: int, transcript: str | None, **more: Any) -> Task:
    """What to draft of a record in the court of the settings; ``more``: the other attributes of :class:`Task`."""
    return Task(
        record=str(record),
        number=number,
        drafted_at_us=now_us,
        transcript=transcript,
        court=settings.court,
        courtroom=settings.courtroom,
        city=settings.city,
        templates=templates_of(settings),
        **more,
    )


def templates_of(settings: Settings) -> str | None:
    """The court's folder of templates, as tasks name it."""
    return str(settings.templates) if settings.templates else None


@dataclass(frozen=True)
class DraftFile:
    """One file of a draft: its kind in a ``revision`` line, its path in the record, its bytes.

    ``more``: what the line says more: of an encrypted file (record format, section 9), of a confirmed protocol (``of``: its draft).
    """

    kind: str
    path: str
    data: bytes
    more: Mapping[str, str | int] = field(default_factory=dict)


def encrypted(file: DraftFile, name: str, key: bytes) -> DraftFile:
    """The file under a key (32 bytes) of that name."""
    path = f"{file.path}.enc"
    data, stream = encrypt_file(file.data, key, path)
    more: dict[str, str | int] = {"key": name, "plain_bytes": stream.plain_bytes, "plain_sha256": stream.plain_sha256}
    return DraftFile(file.kind, path, data, more)


def draft(task: Task) -> list[DraftFile]:
    """Make the files.

    Raises:
        ProtocolError: the record, the transcript or the fonts are not as they must be.
    """
    # Here: the daemon must not pay for it when it starts.
    from protocol.brief_templates import Templates
    from protocol.documents import annex_of, render_html, render_pdf

    record = Path(task.record)
    transcript = Transcript.from_json((record / task.transcript).read_bytes()) if task.transcript else None
    brief = _confirmed(record, task) if task.confirms else _drawn(record, task, transcript)
    name = f"protocol/brief-{task.number:04d}"
    templates, annex = Templates(Path(task.templates) if task.templates else None), annex_of(brief, transcript)
    files = [DraftFile("brief", f"{name}.json", brief.to_json())]
    for language in LANGUAGES:
        page = render_html(brief, language, templates=templates, transcript=annex)
        files.append(DraftFile("brief_pdf", f"{name}.{language}.pdf", render_pdf(page)))
    return files


def _drawn(record: Path, task: Task, transcript: Transcript | None) -> Brief:
    entries, _ = read_journal((record / JOURNAL).read_bytes())
    return Brief.of(
        HearingView.of(entries),
        transcript,
        court=CourtFacts(task.court, task.courtroom, task.city),
        drafted_at_us=task.drafted_at_us,
        number=task.number,
        declared=declared_of(record, task),
    )


def declared_of(record: Path, task: Task) -> Declared:
    """What people say now, and what they said of the protocol before where they say nothing now: no program forgets a person's reasons."""
    from protocol.brief_reading import BadBrief, read_brief

    before = Declared()
    if task.before:
        try:
            before = declared_in(read_brief((record / task.before).read_bytes()))
        except (BadBrief, OSError) as error:
            # The points then lack their reasons, and nobody can confirm them: people are asked again.
            said = {"action": "reasons_unreadable", "path": task.before, "reason": str(error), "level": "warning"}
            sys.stderr.write(json.dumps(said) + "\n")  # standard output is the answer
    return Declared(
        before.reasons if task.reasons is None else task.reasons,
        before.rejected if task.rejected is None else task.rejected,
        form=before.form if task.full is None else "full" if task.full else None,
    )


def _confirmed(record: Path, task: Task) -> Brief:
    """What people read, word by word; only the number, and what says that it is a draft, are others.

    Raises:
        BriefIncomplete: points of the law are missing without a reason.
    """
    from protocol.brief_reading import read_brief

    read = read_brief((record / task.confirms).read_bytes())
    there = timezone(timedelta(minutes=read.utc_offset_minutes))
    day = datetime.fromtimestamp(task.drafted_at_us // 1_000_000, there).date().isoformat()
    return replace(confirm(read, day), number=task.number, drafted_at_us=task.drafted_at_us)


async def draft_apart(task: Task, command: Sequence[str] = DRAFTING, patience_s: float = 300.0) -> list[DraftFile]:
    """Make the files in a process of its own.

    Raises:
        NotDrafted: it failed, or took too long; the message says why.
    """
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    try:
        async with asyncio.timeout(patience_s):
            output, _ = await process.communicate(json.dumps(asdict(task)).encode())
    except TimeoutError as error:
        process.kill()
        await process.wait()
        raise NotDrafted(f"the brief protocol was not ready within {patience_s:g} s") from error
    try:
        answer: dict[str, Any] = json.loads(output)
    except ValueError as error:
        raise NotDrafted(f"the process that drafts ended with status {process.returncode}") from error
    if "incomplete" in answer:
        raise ProtocolIncomplete(str(answer["incomplete"]))
    if "error" in answer:
        raise NotDrafted(str(answer["error"]))
    return [DraftFile(item["kind"], item["path"], unb64(item["data"])) for item in answer["files"]]


def main() -> int:
    """Draft what standard input asks for."""
    os.nice(10)
    task = Task(**json.load(sys.stdin))
    try:
        files = [{"kind": item.kind, "path": item.path, "data": b64(item.data)} for item in draft(task)]
        answer: dict[str, Any] = {"files": files}
    except BriefIncomplete as error:
        answer = {"incomplete": str(error)}
    except (ProtocolError, OSError) as error:
        answer = {"error": f"{error} {error.advice if isinstance(error, ProtocolError) else ''}".strip()}
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
