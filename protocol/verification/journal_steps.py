"""Steps 1 to 4: read, journal lines, checkpoints, roots."""

from __future__ import annotations

import re

from protocol.checkpoint import Checkpoint, split_notes
from protocol.encoding import MAX_FILE_BYTES, check_path
from protocol.errors import BadEncoding, BadLine, BadNote, NotCanonical
from protocol.journal import Line, Withheld, parse_line, split_lines
from protocol.merkle import leaf_hash
from protocol.note import parse_note
from protocol.record import CHECKPOINTS, JOURNAL, ChunkError, MixedChunks, UnreadableRecord, chunk_folder, read_chunked
from protocol.verification.context import Context, Ended, Malformed, line_subject
from protocol.verification.line_kinds import UnknownFormat, opened, wrong_key

_CHUNK = re.compile(r"(journal|checkpoints)\.chunks/")


def read_record(context: Context) -> None:
    """(1): names and sizes of all files; the bytes of journal and checkpoints."""
    paths = context.record.paths()
    context.paths = frozenset(paths)
    for path in paths:
        try:
            check_path(path)
        except BadEncoding:
            context.fail("bad-path", path)
            continue
        if context.record.size(path) > MAX_FILE_BYTES:
            context.too_large.add(path)
            context.fail("file-too-large", path)
    journal = _read(context, JOURNAL)
    checkpoints = _read(context, CHECKPOINTS)
    if journal is None:
        raise Ended
    context.journal = journal
    context.checkpoint_bytes = checkpoints


def _read(context: Context, name: str) -> bytes | None:
    """Bytes of journal or checkpoints; None if they cannot be read (reported, but for absent checkpoints)."""
    parts = {name} | {path for path in context.paths if path.startswith(chunk_folder(name) + "/")}
    if parts & context.too_large:
        context.checkpoints_readable &= name != CHECKPOINTS
        return None
    try:
        data = read_chunked(context.record, name)
    except (MixedChunks, ChunkError, UnreadableRecord) as error:
        code = "mixed-chunks" if isinstance(error, MixedChunks) else "bad-chunk"
        context.fail(code, name, str(error))
        context.checkpoints_readable &= name != CHECKPOINTS
        return None
    if data is None and name == JOURNAL:
        context.fail("no-journal", JOURNAL)
    return data


def read_lines(context: Context) -> None:
    """(2): every line canonical, well-formed, in sequence, on a clock that does not run backwards."""
    raw_lines, torn = split_lines(context.journal)
    if torn:
        context.note("torn-tail", JOURNAL, f"{len(torn)} bytes")
    if not raw_lines:
        context.fail("not-opened", line_subject(0))
        raise Ended
    for seq, raw in enumerate(raw_lines):
        _read_line(context, seq, raw)
        if seq == 0:
            _read_opened(context)
    _check_mono(context)


def _read_line(context: Context, seq: int, raw: bytes) -> None:
    leaf = leaf_hash(raw)
    try:
        row = parse_line(raw, seq)
    except NotCanonical as error:
        context.fail("not-canonical", line_subject(seq), str(error))
        row = None
    except BadLine as error:
        context.fail("bad-line", line_subject(seq), str(error))
        row = None
    if row is None:
        context.rows.append(Malformed(seq))
    elif isinstance(row, Withheld):
        leaf = row.leaf
        context.rows.append(row)
        if seq:
            context.note("withheld-line", line_subject(seq))
    elif seq and (wrong := wrong_key(row)):
        context.fail("bad-line", line_subject(seq), f"{row.type}: {wrong}")
        context.rows.append(Malformed(seq))
    else:
        if row.seq != seq:
            context.fail("bad-sequence", line_subject(seq), f"says that it is line {row.seq}")
            row = Line(seq, row.at, row.mono, row.type, row.data, row.salt, row.raw)
        context.rows.append(row)
    context.tree.append(leaf)


def _read_opened(context: Context) -> None:
    first = context.rows[0]
    if isinstance(first, Malformed):
        raise Ended
    if isinstance(first, Withheld) or first.type != "opened":
        context.fail("not-opened", line_subject(0))
        raise Ended
    try:
        found = opened(first.data)
    except UnknownFormat as error:
        context.fail("unknown-format", line_subject(0), str(error))
        raise Ended from error
    if found is None:
        context.fail("bad-line", line_subject(0), "opened")
        raise Ended
    context.hearing, context.key, context.origin = found
    context.device = context.key.text


def _check_mono(context: Context) -> None:
    last: int | None = None
    boot: str | None = None
    for row in context.rows:
        if not isinstance(row, Line):
            last = None
            continue
        if row.type == "clock" and row.data["boot"] != boot:
            boot, last = row.data["boot"], None
        if last is not None and row.mono < last:
            context.fail("mono-backwards", line_subject(row.seq), f"{row.mono} after {last}")
        last = row.mono


def read_checkpoints(context: Context) -> None:
    """(3): every checkpoint well-formed, for this record, signed by the device alone, in order."""
    if not context.checkpoints_readable:
        return
    notes, torn = split_notes(context.checkpoint_bytes or b"")
    if torn:
        context.note("torn-checkpoint", CHECKPOINTS, f"{len(torn)} bytes")
    if not notes:
        context.fail("no-checkpoints", CHECKPOINTS)
    last = -1
    for number, raw in enumerate(notes, 1):
        subject = f"{CHECKPOINTS}#{number}"
        try:
            text = raw.decode()
            note = parse_note(text)
            point = Checkpoint.from_text(note.text)
        except (BadNote, UnicodeDecodeError) as error:
            context.fail("bad-checkpoint", subject, str(error))
            continue
        code = _signature_fault(context, text, point)
        if code:
            context.fail(code, subject)
        if point.size <= last:
            context.fail("checkpoint-order", subject, f"size {point.size} after {last}")
        elif code is None:
            context.notes.append((number, point))
        last = point.size


def _signature_fault(context: Context, text: str, point: Checkpoint) -> str | None:
    note, key = parse_note(text), context.key
    if key is None:
        raise Ended
    if point.origin != context.origin:
        return "wrong-origin"
    if not note.signatures:
        return "unsigned"
    if len(note.signatures) > 1 or any(item.name != key.name or item.key_id != key.key_id for item in note.signatures):
        return "unknown-signature"
    return None if note.signed_by(key) else "bad-signature"


def check_roots(context: Context) -> None:
    """(4): the journal's root at each signed size is the signed one, and nothing stands after the last."""
    if not context.notes:
        return
    size = context.tree.size
    largest = context.notes[-1][1].size
    if largest > size:
        context.fail("journal-cut", JOURNAL, f"{largest} lines were signed, {size} are there")
    failed = False
    for number, point in context.notes:
        if point.size > size:
            continue
        if context.tree.root(point.size) == point.root:
            context.proven.append(point)
        elif not failed:
            failed = True
            proven = context.proven[-1].size if context.proven else 0
            context.fail("root-mismatch", f"{CHECKPOINTS}#{number}", f"a line from {proven} to {point.size - 1}")
    if largest < size:
        still_open = state_of(context) in ("planned", "recording", "paused", "faulty")
        report = context.note if still_open else context.fail
        report("uncovered-lines", JOURNAL, f"lines from {largest}")


def state_of(context: Context) -> str:
    """The hearing's last state, as its readable lines say."""
    states = context.of_type("state")
    return str(states[-1].data["to"]) if states else "planned"
