"""Steps 1 to 4: read, journal lines, checkpoints, roots."""

from __future__ import annotations

import re

from protocol.checkpoint import Checkpoint, split_notes
from protocol.encoding import MAX_FILE_BYTES, check_path
from protocol.errors import BadEncoding, BadLine, BadNote, NotCanonical
from protocol.hearing import State
from protocol.journal import Line, Withheld, parse_line, split_lines
from protocol.merkle import leaf_hash
from protocol.note import parse_note
from protocol.record import CHECKPOINTS, JOURNAL, chunk_folder
from protocol.verification.context import Context, Ended, Malformed, line_subject, lines_subject
from protocol.verification.line_kinds import UnknownFormat, opened, wrong_key

_CHUNK_NAME = re.compile(r"(?!000000)[0-9]{6}\Z")


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
    journal, context.journal_cuts = _read(context, JOURNAL)
    if journal is None:
        context.fail("no-journal", JOURNAL)
        raise Ended
    context.journal = journal
    context.checkpoint_bytes, cuts = _read(context, CHECKPOINTS)
    ends = _note_ends(context.checkpoint_bytes or b"")
    for path, end in cuts:
        if end not in ends:
            context.fail("bad-chunk", path, "does not end after a whole note")
    for path, end in context.journal_cuts:
        if journal[end - 1 : end] != b"\n":
            context.fail("bad-chunk", path, "does not end after a line")


def _read(context: Context, name: str) -> tuple[bytes | None, list[tuple[str, int]]]:
    """Journal or checkpoints, and where its chunks end; None if there are none that can be read."""
    folder = chunk_folder(name)
    usable = context.paths - context.too_large
    chunks = {path for path in usable if path.startswith(folder + "/") and _CHUNK_NAME.match(path[len(folder) + 1 :])}
    if name in context.paths:
        if chunks:
            context.fail("mixed-chunks", name)
        return (context.record.read(name) if name in usable else None), []
    if not chunks:
        return None, []
    parts, cuts, end = list[bytes](), [], 0
    for number in range(1, len(chunks) + 1):
        path = f"{folder}/{number:06d}"
        if path not in chunks:
            context.fail("bad-chunk", path, "is missing")
            break
        parts.append(context.record.read(path))
        end += len(parts[-1])
        cuts.append((path, end))
    return b"".join(parts), cuts


def _note_ends(data: bytes) -> set[int]:
    """Offsets at which whole notes end."""
    position, ends = 0, set()
    for note in split_notes(data)[0]:
        position += len(note) + 1
        ends.add(position)
    return ends


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
    opened_well = _read_opened(context)
    _check_mono(context)
    if not opened_well:
        raise Ended


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


def _read_opened(context: Context) -> bool:
    first = context.rows[0]
    if isinstance(first, Malformed):
        return False
    if isinstance(first, Withheld) or first.type != "opened":
        context.fail("not-opened", line_subject(0))
        return False
    try:
        found = opened(first.data)
    except UnknownFormat as error:
        context.fail("unknown-format", line_subject(0), str(error))
        return False
    if found is None:
        context.fail("bad-line", line_subject(0), "opened")
        return False
    context.hearing, context.key, context.origin = found
    context.device = context.key.text
    return True


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
    notes, torn = split_notes(context.checkpoint_bytes or b"")
    if torn:
        context.note("torn-checkpoint", CHECKPOINTS, f"{len(torn)} bytes")
    if not notes:
        context.fail("no-checkpoints", CHECKPOINTS)
    sizes: list[int] = []
    for number, raw in enumerate(notes, 1):
        codes, point = _read_note(context, raw)
        if point is not None and "bad-checkpoint" not in codes:
            if sizes and point.size <= sizes[-1]:
                codes.append("checkpoint-order")
            sizes.append(point.size)
        for code in codes:
            context.fail(code, f"{CHECKPOINTS}#{number}")
        if point is not None and not codes:
            context.notes.append((number, point))
    _check_cuts(context, set(sizes))


def _read_note(context: Context, raw: bytes) -> tuple[list[str], Checkpoint | None]:
    """The codes of one note's failures, and its checkpoint if the text has the right form."""
    key = context.key
    if key is None:
        raise Ended
    text, _, tail = raw.partition(b"\n\n")
    codes: list[str] = []
    point = None
    try:
        point = Checkpoint.from_text(text.decode() + "\n")
    except (BadNote, UnicodeDecodeError):
        codes.append("bad-checkpoint")
    signatures = tail.split(b"\n")[:-1]
    own = 0
    for line in signatures:
        try:
            (item,) = parse_note(f"x\n\n{line.decode()}\n").signatures
        except (BadNote, UnicodeDecodeError, ValueError):
            codes.append("bad-checkpoint")
            continue
        own += item.name == key.name and item.key_id == key.key_id
        if item.name != key.name or item.key_id != key.key_id or own > 1:
            codes.append("unknown-signature")
        elif not key.verify(text + b"\n", item.signature):
            codes.append("bad-signature")
    if not signatures:
        codes.append("unsigned")
    if point is not None and point.origin != context.origin:
        codes.append("wrong-origin")
    return list(dict.fromkeys(codes)), point


def _check_cuts(context: Context, sizes: set[int]) -> None:
    """Journal chunks end where a checkpoint stands (step 1; it needs the notes' sizes)."""
    lines = start = 0
    for path, end in context.journal_cuts if sizes else []:
        lines, start = lines + context.journal.count(b"\n", start, end), end
        if lines not in sizes:
            context.fail("bad-chunk", path, "ends where no checkpoint stands")


def check_roots(context: Context) -> None:
    """(4): the journal's root at each signed size is the signed one, and nothing stands after the last."""
    if not context.notes and {code for code, *_ in context.said} & {"no-checkpoints", "unsigned"}:
        return
    size = context.tree.size
    covered = max((point.size for _, point in context.notes), default=0)
    proven = {0}
    for number, point in context.notes:
        if point.size > size:
            continue
        if context.tree.root(point.size) != point.root:
            first = max((known for known in proven if known < point.size), default=0)
            context.fail("root-mismatch", lines_subject(first, point.size - 1), f"{CHECKPOINTS}#{number}")
            break
        proven.add(point.size)
    if covered > size:
        context.fail("journal-cut", JOURNAL, f"{covered} lines were signed, {size} are there")
    if covered < size:
        report = context.note if is_open(context) else context.fail
        report("uncovered-lines", line_subject(covered))


def is_open(context: Context) -> bool:
    """Whether the hearing's last state is one in which it goes on."""
    return State(state_of(context)).is_open


def state_of(context: Context) -> str:
    """The hearing's last state, as its readable lines say."""
    states = context.of_type("state")
    return str(states[-1].data["to"]) if states else "planned"
