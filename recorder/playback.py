"""Playing the box's own record: what of a hearing can be played now, and bytes of its files.

::

    journal ──► view ──► segments that are closed, and of those that still grow the part that a `progress` line promises
                             │                                                          │
    disk  ◄── read in pieces ┘ (record format, section 4.3: synced, its digest signed) ◄┘

Nothing here writes, and nothing waits for a capture child: a hearing is played back while it is recorded, as far as it is on the
disk and signed, 2 or 3 s behind the voice. Parts in camera are not given out (:func:`withheld`).
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import structlog

from protocol.hearing import Segment
from protocol.playback import gap_facts, segment_facts, track_facts
from protocol.view import HearingView
from recorder.refusals import NoFile, PartInCamera
from recorder.segment_file import START_MARK

#: Papers of a hearing that a page may show, by the kind of their `revision` line.
PAPERS = frozenset({"brief", "brief_pdf", "quality"})
_OPEN_PATH = re.compile(r"media/(T[0-9]{2,})/([^/]+)/([0-9]{4,})\.mp4\Z")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Readable:
    """A file of the record that may be read: its first ``bytes`` bytes, their digest, and what the browser is told it is."""

    path: str
    bytes: int
    sha256: str
    media_type: str


def withheld(view: HearingView, take: str) -> bool:
    """Whether a take's media is not given out: it was in camera. The seam for opening it with its key."""
    known = view.takes.get(take)
    return known is None or known.publicity != "open"


def readable(view: HearingView, path: str) -> Readable:
    """A file that a page may read.

    Raises:
        NoFile: the journal names no such file.
        PartInCamera: it is of a part in camera.
    """
    for segment in view.segments:
        if segment.path == path:
            if segment.publicity != "open" or segment.key is not None or withheld(view, segment.take):
                raise PartInCamera(f"{path}: a part of the hearing in camera")
            return Readable(path, segment.bytes, segment.sha256, f"{segment.media}/mp4")
    if (track := view.progress.get(path)) is not None and (match := _OPEN_PATH.match(path)):
        if withheld(view, match[1]):
            raise PartInCamera(f"{path}: a part of the hearing in camera")
        return Readable(path, int(track["bytes"]), str(track["sha256"]), f"{_media(view, match[2])}/mp4")
    for item in view.revisions:
        if item.path == path and item.kind in PAPERS:
            return Readable(
                path, item.bytes, item.sha256, "application/pdf" if path.endswith(".pdf") else "application/json"
            )
    raise NoFile(f"{path[:200]!r} is no file of this hearing that a page may read")


def description(folder: Path, view: HearingView, since_us: int = 0) -> dict[str, Any]:
    """What a player needs: takes, tracks with their segments, gaps; keys as the archive's ``replay.json`` has them.

    A segment that still grows stands at the end of its track with ``"growing": true``, its bytes and digest those that are signed.
    Blocks for as long as the heads of growing files take to read.

    Args:
        folder: the record.
        view: what its journal says; lines may be added meanwhile by another thread.
        since_us: only segments that end after this moment (UTC µs), for a page that knows the earlier ones.
    """
    tracks = []
    for take, source in view.tracks():
        if not withheld(view, take):
            segments = [item for item in view.track(take, source) if item.end_us > since_us]
            facts = [{**segment_facts(item), "playable": _plays(item)} for item in segments]
            tracks.append({**track_facts(view, take, source), "segments": facts})
    for path, promised in sorted(view.progress.items()):
        match = _OPEN_PATH.match(path)
        if match is not None and not withheld(view, match[1]):
            _add_growing(tracks, folder, view, match, promised)
    return {
        "hearing": view.hearing,
        "state": view.state.value,
        "participants": [asdict(item) for item in tuple(view.participants.values())],
        "takes": [asdict(item) for item in tuple(view.takes.values())],
        "tracks": tracks,
        "gaps": gap_facts(view),
        "stages": [asdict(item) for item in tuple(view.stages)],
        "remarks": [asdict(item) for item in tuple(view.remarks)],
    }


def _plays(segment: Segment) -> bool:
    return segment.key is None and segment.units > 0


def _add_growing(
    tracks: list[dict[str, Any]], folder: Path, view: HearingView, match: re.Match[str], promised: Mapping[str, Any]
) -> None:
    take, source, number = match[1], match[2], int(match[3])
    place = _place(str(folder / match[0]), int(promised["bytes"]))
    if place is None:
        return
    start_us, length_us = place
    fact = {
        "path": match[0], "number": number, "start_us": start_us, "end_us": start_us + length_us, "media_us": length_us,
        "bytes": int(promised["bytes"]), "sha256": str(promised["sha256"]), "playable": True, "growing": True,
    }  # fmt: skip
    track = next((item for item in tracks if (item["take"], item["source"]) == (take, source)), None)
    if track is None:
        known, person = view.sources.get(source), view.participant_of(source)
        track = {
            "take": take, "source": source, "label": (known.label if known else "") or source, "kind": known.kind if known else "",
            "media": _media(view, source), "codec": "", "rate": 0, "publicity": "open",
            "participant": asdict(person) if person else None, "start_us": start_us, "segments": [],
        }  # fmt: skip
        tracks.append(track)
    track["segments"].append(fact)
    track["end_us"] = start_us + length_us


def _media(view: HearingView, source: str) -> str:
    known = view.sources.get(source)
    return known.media if known is not None else "audio"


@lru_cache(maxsize=64)  # a prefix of a growing file never changes
def _place(path: str, size: int) -> tuple[int, int] | None:
    """When the first ``size`` bytes of a growing segment begin (UTC µs, as its writer noted) and how long they are; None: cannot be told."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(size)
        with av.open(io.BytesIO(data), mode="r") as container:
            comment = container.metadata.get("comment", "")
            stream = container.streams[0]
            end = max(
                (packet.dts + (packet.duration or 0) for packet in container.demux(stream) if packet.dts is not None),
                default=0,
            )
            length_us = int(end * (stream.time_base or 0) * 1_000_000)
    except (OSError, av.FFmpegError, IndexError, ValueError) as error:
        _log.info("growing_segment_unread", action="leave_out", path=path, error=str(error))
        return None
    if not comment.startswith(START_MARK) or length_us <= 0:
        return None
    return int(comment.removeprefix(START_MARK)), length_us


def check_length(path: Path, found: Readable) -> None:
    """Raise :class:`NoFile` where the disk has less of the file than the journal names: it was damaged or removed."""
    try:
        have = path.stat().st_size
    except OSError as error:
        raise NoFile(f"{found.path}: {error.strerror}") from error
    if have < found.bytes:
        raise NoFile(f"{found.path}: {have} bytes on the disk, {found.bytes} in the journal")


def pieces(path: Path, start: int, end: int, size: int = 1 << 18) -> Callable[[], bytes]:
    """A reader of the bytes from ``start`` to before ``end``; each call blocks for one piece, an empty one is the end."""
    state = {"at": start}

    def next_piece() -> bytes:
        with path.open("rb") as file:
            file.seek(state["at"])
            data = file.read(min(size, end - state["at"]))
        state["at"] += len(data)
        return data

    return next_piece
