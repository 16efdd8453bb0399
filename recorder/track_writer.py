"""What all writers of tracks share: where segments go, how they are numbered, and what is said of one that is closed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from av.container import OutputContainer
from av.stream import Stream

from recorder.levels import LevelMeter
from recorder.segment_file import Extent, FragmentTransform, SegmentFile, Syncer

SEGMENT_US = 10_000_000
VIDEO_RATE = 90_000
FILE = "file"  # time base of media that was placed by its file's own times


@dataclass(frozen=True)
class Place:
    """Where a track's segments go.

    Attributes:
        record: folder of the hearing.
        take: ``T01`` …
        source: name of the track's source.
        segment_us: wanted length of a segment, µs.
        transform: makes the transform of the segment with this path (closed parts); None writes plain.
    """

    record: Path
    take: str
    source: str
    segment_us: int = SEGMENT_US
    transform: Callable[[str], FragmentTransform] | None = None

    def path(self, number: int) -> str:
        """Path of segment ``number`` in the record, without a transform's suffix."""
        return f"media/{self.take}/{self.source}/{number:04d}.mp4"

    def next_number(self) -> int:
        """One more than the highest segment on disk; 1 when there is none. A child that was started again goes on from there."""
        found = [path.name.split(".")[0] for path in (self.record / self.path(1)).parent.glob("[0-9]*.mp4*")]
        return max((int(name) for name in found if name.isdigit()), default=0) + 1


@dataclass(frozen=True)
class ClosedSegment:
    """A closed segment: the keys of a ``segment`` line (record format, section 4.3) except ``publicity``.

    ``sha256`` is base64; times are µs on the hearing's clock; ``rate`` and ``units`` as in the record format; levels in
    hundredths of dBFS, None for video. ``media_us`` is the length by the media's own count, ``time_base`` what its place rests on
    (record format, section 7.2). ``plain_bytes`` and ``plain_sha256`` only with a transform.
    """

    path: str
    take: str
    source: str
    number: int
    bytes: int
    sha256: str
    start_us: int
    end_us: int
    media: str
    codec: str
    rate: int
    units: int
    fragments: int
    closed: str
    peak_cdb: int | None = None
    rms_cdb: int | None = None
    media_us: int = 0
    time_base: str = FILE
    plain_bytes: int | None = None
    plain_sha256: str | None = None

    def data(self) -> dict[str, Any]:
        """The keys as a journal line carries them; those of encrypted files only where there are any."""
        found = asdict(self)
        if self.plain_sha256 is None:
            del found["plain_bytes"], found["plain_sha256"]
        return found


@dataclass(frozen=True)
class Progress:
    """What of the open segment is durable; ``sha256`` is of the first ``bytes`` bytes."""

    path: str
    bytes: int
    sha256: str
    start_us: int
    end_us: int


class TrackWriter:
    """Numbers, opens and closes the segments of one track.

    Args:
        place: where they go.
        syncer: makes fragments durable while recording; None for imports.
        on_first: called once, by the syncing thread, when the track's first fragment is durable, with its ``start_us``.
    """

    media = ""
    codec = ""
    rate = 0

    def __init__(self, place: Place, syncer: Syncer | None, on_first: Callable[[int], None] | None) -> None:
        self.place = place
        self._syncer = syncer
        self._on_first = on_first
        self._number = place.next_number()
        self._file: SegmentFile | None = None
        self._start_us = 0
        self.time_base = FILE

    def progress(self) -> Progress | None:
        """How far the open segment is durable; None when nothing of it is."""
        if self._file is None:
            return None
        extent = self._file.durable
        if not extent.bytes:
            return None
        return Progress(self._path(), extent.bytes, extent.sha256, self._start_us, extent.end_us)

    def abandon(self) -> None:
        """Let go after an error; what is on disk is left to :func:`recorder.segment_recovery.recover_segment`."""
        if self._file is not None:
            self._file.abandon()
            self._file = None

    def _path(self) -> str:
        return self._file.path.relative_to(self.place.record).as_posix() if self._file else ""

    def _open(self, start_us: int, add_stream: Callable[[OutputContainer], Stream]) -> SegmentFile:
        path = self.place.path(self._number)
        transform = self.place.transform(path) if self.place.transform else None
        self._start_us = start_us
        self._file = SegmentFile(
            self.place.record / (path + (transform.suffix if transform else "")),
            start_us,
            add_stream,
            syncer=self._syncer,
            transform=transform,
            on_synced=self._synced,
        )
        return self._file

    def _synced(self) -> None:
        tell, self._on_first = self._on_first, None
        if tell is not None:
            tell(self._start_us)

    def _finish(
        self, end_us: int, media_us: int, units: int, closed: str, meter: LevelMeter | None
    ) -> ClosedSegment | None:
        """Close the open file; None when it never got a fragment, so that it does not exist."""
        file, path = self._file, self._path()
        if file is None:
            return None
        extent: Extent = file.close(end_us)
        plain = file.plain
        self._file = None
        if not extent.fragments:
            return None
        number, self._number = self._number, self._number + 1
        return ClosedSegment(
            path=path,
            take=self.place.take,
            source=self.place.source,
            number=number,
            bytes=extent.bytes,
            sha256=extent.sha256,
            start_us=self._start_us,
            end_us=end_us,
            media=self.media,
            codec=self.codec,
            rate=self.rate,
            units=units,
            fragments=extent.fragments,
            closed=closed,
            peak_cdb=meter.peak_cdb if meter else None,
            rms_cdb=meter.rms_cdb if meter else None,
            media_us=media_us,
            time_base=self.time_base,
            plain_bytes=plain[0] if plain else None,
            plain_sha256=plain[1] if plain else None,
        )
