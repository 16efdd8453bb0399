"""What the judge's replay page needs of a hearing, as values: from the record as the archive holds it.

No HTTP here; methods block. Journals are read once for each number of chunks and kept for the hearings that were looked at last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import structlog

from protocol.canonical import loads
from protocol.errors import ProtocolError
from protocol.hearing import Segment, Take
from protocol.playback import gap_facts, segment_facts, track_facts
from protocol.view import HearingView
from storage.archive import hls, protocol_remarks
from storage.archive.records import StoredRecord, key_of, newest_transcript
from storage.archive.service import Archive
from storage.archive.stamps import Stamps, facts
from storage.errors import BadContainer, ObjectMissing, StorageError

log = structlog.get_logger("storage.archive")

_TYPES = {
    ".json": "application/json",
    ".pdf": "application/pdf",
    ".jsonl": "application/jsonl; charset=utf-8",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


@dataclass(frozen=True)
class Known:
    """A hearing's view, and the files of it that stand in closed takes."""

    view: HearingView
    closed: frozenset[str]
    segments: Mapping[str, Segment]

    def take(self, take: str) -> Take:
        """The take, or :class:`ObjectMissing`."""
        if take not in self.view.takes:
            raise ObjectMissing(f"there is no take {take}")
        return self.view.takes[take]

    def is_closed(self, path: str) -> bool:
        """Whether a file belongs to a closed part, or may: media of which the journal, as far as it has come, says nothing."""
        if path.endswith(".enc") or path in self.closed:
            return True
        folder, _, rest = path.partition("/")
        if folder != "media" or path in self.segments:
            return False
        take = self.view.takes.get(rest.partition("/")[0])
        return take is None or take.publicity == "closed"


class Media:
    """Reads hearings for replay.

    Args:
        archive: where they are.
        stamps: time stamps over its receipts.
    """

    def __init__(self, archive: Archive, stamps: Stamps) -> None:
        self._archive = archive
        self._stamps = stamps
        self._known = lru_cache(maxsize=16)(self._read)
        self._init = lru_cache(maxsize=65536)(self._read_init)  # objects never change

    def known(self, hearing: str) -> Known:
        """The hearing as far as its journal has come.

        Raises:
            ObjectMissing: there is no such hearing.
            StorageError: its journal cannot be read.
        """
        return self._known(hearing, self._archive.catalogue.journal_chunks(hearing))

    def _read(self, hearing: str, _chunks: int) -> Known:
        try:
            view = self._archive.view(hearing)
        except ProtocolError as error:
            raise StorageError(f"{hearing}: the journal cannot be read: {error}") from error
        segments = {segment.path: segment for segment in view.segments}
        return Known(view, frozenset(path for path, s in segments.items() if s.publicity == "closed"), segments)

    def is_closed(self, hearing: str, path: str) -> bool:
        """See :meth:`Known.is_closed`."""
        return self.known(hearing).is_closed(path)

    def init_bytes(self, hearing: str, path: str) -> int:
        """Length of ``ftyp`` and ``moov`` of a segment.

        Raises:
            BadContainer: it is not a fragmented MP4.
            ObjectMissing: it has not come yet.
        """
        return self._init(key_of(hearing, path))

    def _read_init(self, key: str) -> int:
        size = min(hls.HEAD_BYTES, self._archive.store.size(key))
        return hls.init_length(b"".join(self._archive.store.get(key, 0, size)))

    def track(self, hearing: str, take: str, source: str) -> list[Segment]:
        """Segments of a track that the archive has and a browser can open, in order."""
        return [s for s in self.known(hearing).view.track(take, source) if self._playable(hearing, s)]

    def _playable(self, hearing: str, segment: Segment) -> bool:
        if segment.key is not None:
            return False
        try:
            self.init_bytes(hearing, segment.path)
        except (BadContainer, ObjectMissing) as error:
            log.warning(
                "segment not playable", action="not_playable", hearing=hearing, path=segment.path, error=str(error)
            )
            return False
        return True

    def playlist(self, hearing: str, take: str, source: str) -> str:
        """HLS playlist of a track; addresses are relative to ``/hearings/<id>/tracks/<take>/``.

        Raises:
            ObjectMissing: there is no such track, or nothing of it can be played.
        """
        known = self.known(hearing)
        segments = self.track(hearing, take, source)
        if not segments:
            raise ObjectMissing(f"{take}/{source}: nothing of it can be played")
        parts = hls.parts_of(segments, lambda path: f"../../files/{path}", lambda path: self.init_bytes(hearing, path))
        ended = known.take(take).end_us is not None
        return hls.playlist(parts, known.take(take), segments[0].media, ended=ended)

    def replay(self, hearing: str, *, closed: bool) -> dict[str, Any]:
        """Everything the replay page shows, as JSON values; docs/archive.md lists the keys.

        Args:
            hearing: identifier.
            closed: the reader may see closed parts.
        """
        view = self.known(hearing).view
        tracks = [self._track_json(hearing, view, *track) for track in view.tracks()]
        transcript = newest_transcript(self._archive.store, hearing, view)
        return {
            "hearing": hearing,
            "state": str(view.state),
            "opened_at": view.opened_at,
            "case": asdict(view.case),
            "participants": [asdict(item) for item in view.participants.values()],
            "takes": [asdict(take) for take in view.takes.values()],
            "tracks": [track for track in tracks if closed or track["publicity"] == "open"],
            "stages": [asdict(stage) for stage in view.stages],
            "remarks": [asdict(remark) for remark in view.remarks],
            "protocol_remarks": protocol_remarks.told(StoredRecord(self._archive.store, hearing), view),
            "gaps": gap_facts(view),
            "transcript": asdict(transcript) if transcript is not None else None,
            "documents": [asdict(item) for item in view.revisions if item.kind.startswith("brief")],
            "verification": self._archive.catalogue.report(hearing),
            "receipt": self._receipt(hearing),
        }

    def _track_json(self, hearing: str, view: HearingView, take: str, source: str) -> dict[str, Any]:
        playable = {s.path for s in self.track(hearing, take, source)}
        return {
            **track_facts(view, take, source),
            "playlist": f"tracks/{take}/{source}.m3u8" if playable else None,
            "segments": [
                {
                    **segment_facts(s),
                    "playable": s.path in playable,
                    "init_bytes": self.init_bytes(hearing, s.path) if s.path in playable else None,
                }
                for s in view.track(take, source)
            ],
        }

    def _receipt(self, hearing: str) -> dict[str, Any] | None:
        receipts = self._archive.catalogue.receipts(hearing)
        if not receipts:
            return None
        value = loads(receipts[max(receipts)])
        entry = loads(value["entry"].encode())
        return {
            "archive": value["archive"], "index": value["index"], "received_at": entry["received_at"],
            "seal_number": entry["seal_number"], "journal_size": entry["journal_size"], "count": len(receipts),
            "timestamp": facts(self._stamps.of(hearing, max(receipts))),
        }  # fmt: skip

    def content_type(self, hearing: str, path: str) -> str:
        """Media type of a file: by what the journal says of it, else by its name; never by its bytes."""
        segment = self.known(hearing).segments.get(path)
        if segment is not None and path.endswith(".mp4"):
            return f"{segment.media}/mp4"
        if path.startswith("checkpoints"):
            return "text/plain; charset=utf-8"
        if path.startswith("journal"):
            return _TYPES[".jsonl"]
        return _TYPES.get(path[path.rfind(".") :], "application/octet-stream")
