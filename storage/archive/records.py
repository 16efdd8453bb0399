"""Records as the archive's store holds them: names, the seam that the verifier reads, journal and seal."""

from __future__ import annotations

import re
from collections.abc import Iterator

import structlog

from protocol.checkpoint import Checkpoint, split_notes
from protocol.encoding import HEARING, check_path
from protocol.errors import BadEncoding, ProtocolError
from protocol.journal import Entry, Line, read_journal
from protocol.note import parse_note
from protocol.passage import BadTranscript
from protocol.record import CHECKPOINTS, JOURNAL, UnreadableRecord, read_chunked
from protocol.transcript import Transcript
from protocol.view import HearingView
from storage.errors import BadKey, ObjectMissing
from storage.objects import ObjectStore, read
from storage.receipt import SealPoint

log = structlog.get_logger("storage.archive")

#: What a box may send. The journal and the checkpoints come as chunks only, and the receipt is the archive's own.
_SENT = re.compile(
    r"(?:(?:journal|checkpoints)\.chunks/[0-9]{6}|manifest-[0-9]{4}\.json"
    r"|(?:media|transcript|protocol|signatures|remarks|amendments|timestamps)(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*){1,4})\Z"
)
_READ = re.compile(r"journal\.chunks/[0-9]{6}\Z|transcript/")


def check_hearing(hearing: str) -> str:
    """The identifier of a hearing, or :class:`BadKey`."""
    if not HEARING.match(hearing):
        raise BadKey(f"{hearing[:100]!r} is not an identifier of a hearing")
    return hearing


def check_sent(path: str) -> str:
    """The path, if a box may send a file under it (record format, sections 1 and 1.1).

    Raises:
        BadKey: it may not.
    """
    try:
        check_path(path)
    except BadEncoding as error:
        raise BadKey(str(error)) from error
    if not _SENT.match(path):
        raise BadKey(f"{path!r} is not a file that a box sends")
    return path


def is_read(path: str) -> bool:
    """Whether the catalogue's row of a hearing is made from this file: chunks of the journal, transcripts."""
    return _READ.match(path) is not None


def key_of(hearing: str, path: str) -> str:
    """The store's key of a file of a record."""
    return f"records/{check_hearing(hearing)}/{path}"


class StoredRecord:
    """A record in an object store, as :class:`protocol.record.RecordSource`."""

    def __init__(self, store: ObjectStore, hearing: str) -> None:
        self._store = store
        self._prefix = f"records/{check_hearing(hearing)}"

    def paths(self) -> list[str]:
        """All files, sorted."""
        return sorted(key[len(self._prefix) + 1 :] for key in self._store.list(self._prefix))

    def size(self, path: str) -> int:
        """Bytes of a file."""
        try:
            return self._store.size(f"{self._prefix}/{path}")
        except (ObjectMissing, BadKey) as error:
            raise UnreadableRecord(f"{path}: {error}") from error

    def chunks(self, path: str) -> Iterator[bytes]:
        """The file's bytes, piece by piece."""
        try:
            yield from self._store.get(f"{self._prefix}/{path}")
        except (ObjectMissing, BadKey, OSError) as error:
            raise UnreadableRecord(f"{path}: {error}") from error

    def read(self, path: str) -> bytes:
        """The file's bytes."""
        return b"".join(self.chunks(path))


def read_lines(record: StoredRecord) -> list[Entry]:
    """The journal's lines as far as its chunks have come without a hole.

    Raises:
        ProtocolError: a line is malformed.
    """
    parts: list[bytes] = []
    have = set(record.paths())
    while (path := f"journal.chunks/{len(parts) + 1:06d}") in have:
        parts.append(record.read(path))
    return read_journal(b"".join(parts))[0]


def newest_transcript(store: ObjectStore, hearing: str, view: HearingView) -> Transcript | None:
    """The newest transcript that is not encrypted, has come and can be read."""
    for item in reversed(view.revisions):
        if item.kind != "transcript" or item.path.endswith(".enc"):
            continue
        try:
            return Transcript.from_json(read(store, key_of(hearing, item.path)))
        except (BadTranscript, ObjectMissing, BadKey) as error:
            log.warning("transcript unreadable", action="transcript_unreadable", hearing=hearing, error=str(error))
    return None


def seal_of(record: StoredRecord) -> SealPoint | None:
    """The newest seal of a record: the first checkpoint after the line of its last manifest (section 6).

    Nothing is verified here; None where there is no seal, or the files cannot be read.
    """
    try:
        journal, notes = read_chunked(record, JOURNAL), read_chunked(record, CHECKPOINTS)
        if not journal or not notes:
            return None
        lines, _ = read_journal(journal)
        first, view = lines[0], HearingView.of(lines)
        if not view.manifests or not isinstance(first, Line):
            return None
        last = view.manifests[-1]
        for note in split_notes(notes)[0]:
            point = Checkpoint.from_text(parse_note(note.decode()).text)
            if point.size > last.seq:
                return SealPoint(view.hearing, str(first.data["origin"]), last.number, point.size, point.root)
    except (ProtocolError, UnicodeDecodeError, KeyError, IndexError):
        return None  # the verification that follows names what is wrong with the files
    return None
