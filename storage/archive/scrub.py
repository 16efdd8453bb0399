"""Fixity of the archive, a budget at a time: are the objects still what was received, and can they still be played?

The record that was looked at longest ago comes first; what a run begins with it ends. Each record is verified as the store holds it (on a bucket by version id):
every byte against the manifests, the journal and the device's signatures, so that an operator who alters an object *and* the catalogue is found as well. Then
what verification does not know of: files that were noted at intake and are gone, receipts against the log, time stamps, versions and delete markers under our names, locks
that are missing, and whether one segment of each track decodes. At the end, every hearing that the log received must still be in the catalogue.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import av
import av.error
import structlog
from asn1crypto import x509

from protocol import canonical
from protocol.encoding import utc_text
from protocol.errors import ProtocolError
from protocol.hearing import Segment
from protocol.record import JOURNAL
from protocol.verification import Report
from storage.archive.records import StoredRecord, key_of
from storage.archive.scrub_notes import GONE, ScrubNotes
from storage.archive.scrub_stamps import bad_stamps
from storage.archive.search import reread_unmarked
from storage.archive.service import Archive
from storage.errors import ObjectMissing, StorageError, StoreUnavailable
from storage.objects import read

log = structlog.get_logger("storage.archive")


@dataclass(frozen=True)
class ScrubFinding:
    """Something that is not as it should be.

    Attributes:
        code: what, stable: a code of the verifier, or ``object-missing``, ``receipt-altered``, ``timestamp-altered``, ``stray-version``, ``stray-marker``, ``lock-missing``,
            ``not-playable``, ``unreadable``, ``record-gone``.
        hearing: which record.
        path: which file of it, or a line as ``journal.jsonl#12``.
        found_at: when this run found it, UTC.
        good_at: when a run last found the record good, UTC; empty: never.
        detail: more, for people.
    """

    code: str
    hearing: str
    path: str
    found_at: str
    good_at: str
    detail: str = ""


@dataclass
class ScrubReport:
    """What a run did and found."""

    hearings: int = 0
    bytes: int = 0
    findings: list[ScrubFinding] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


class Scrub:
    """One run.

    Args:
        archive: what is looked at.
        clock: seconds since 1970, UTC.
        locked: objects of received records must be locked.
        authorities: certificates of the time stamp authorities that are believed, or of their issuers.
    """

    def __init__(
        self,
        archive: Archive,
        clock: Callable[[], float] = time.time,
        *,
        locked: bool = False,
        authorities: Sequence[x509.Certificate] = (),
    ) -> None:
        self._archive, self._clock, self._locked, self._authorities = archive, clock, locked, authorities

    def run(self, max_bytes: int | None = None, max_s: float | None = None) -> ScrubReport:
        """Look at records until the budget is used up, at least at one.

        Args:
            max_bytes: bytes to read at most, but for the last record.
            max_s: seconds after which no other record is begun.

        Raises:
            StoreUnavailable, DatabaseUnavailable: nothing more can be looked at; what was found until then is in the catalogue.
        """
        report, end = ScrubReport(), None if max_s is None else self._clock() + max_s
        notes = ScrubNotes(self._archive.catalogue.database)
        run = notes.begin(self._now_us())
        for hearing, size, good_us in self._archive.catalogue.to_scrub():
            over = report.hearings and max_bytes is not None and report.bytes + size > max_bytes
            if over or (report.hearings and end is not None and self._clock() > end):
                break
            found = list(self._record(hearing, utc_text(good_us) if good_us else ""))
            notes.looked(run, hearing, found, size)  # first: killed in between, the record is looked at again
            if reread_unmarked(self._archive.catalogue.database, hearing):
                log.warning(
                    "an older program wrote what a search passes over: read again", action="unmarked", hearing=hearing
                )
            self._archive.catalogue.set_scrubbed(hearing, self._now_us(), good=not found)
            self._tell(found)
            report.hearings, report.bytes = report.hearings + 1, report.bytes + size
            report.findings += found
        gone = list(self._gone())
        notes.ended(run, gone, self._now_us())
        self._tell(gone)
        report.findings += gone
        log.info(
            "scrubbed", action="scrubbed", hearings=report.hearings, bytes=report.bytes, findings=len(report.findings)
        )
        return report

    def _now_us(self) -> int:
        return int(self._clock() * 1_000_000)

    def _tell(self, found: list[ScrubFinding]) -> None:
        for item in found:
            log.error("scrub found something", action="scrub_finding", **asdict(item))

    def _record(self, hearing: str, good_at: str) -> Iterator[ScrubFinding]:
        def finding(code: str, path: str, detail: str = "") -> ScrubFinding:
            return ScrubFinding(code, hearing, path, utc_text(self._now_us()), good_at, detail)

        try:
            there = set(StoredRecord(self._archive.store, hearing).paths())
            for path in sorted(set(self._archive.catalogue.stored(hearing)) - there):
                yield finding("object-missing", path, "was noted at intake")
            report = self._archive.verify(hearing)
            received = bool(self._archive.catalogue.receipts(hearing))
            for item in _against(report, received=received):
                yield finding(item.code, item.subject, item.detail)
            for code, path, detail in (
                *self._receipts(hearing),
                *bad_stamps(self._archive, hearing, self._authorities),
                *self._beside(hearing, received),
                *self._unplayable(hearing),
            ):
                yield finding(code, path, detail)
        except StoreUnavailable:
            raise
        except (StorageError, ProtocolError, OSError) as error:
            yield finding("unreadable", JOURNAL, str(error))

    def _receipts(self, hearing: str) -> Iterator[tuple[str, str, str]]:
        """Each receipt that was given is in the store as it was given."""
        for number, text in self._archive.catalogue.receipts(hearing).items():
            path = f"receipts/{hearing}/{number:04d}.json"
            try:
                if read(self._archive.store, path) != text:
                    yield "receipt-altered", path, "is not the one that was given"
            except ObjectMissing:
                yield "receipt-altered", path, "is gone"

    def _beside(self, hearing: str, received: bool) -> Iterator[tuple[str, str, str]]:
        """What else stands under the record's names, and objects that should be locked and are not."""
        prefix = key_of(hearing, "").rstrip("/")
        for stray in self._archive.store.strays(prefix):
            path = stray.key.removeprefix(prefix + "/")
            yield f"stray-{stray.what}", path, f"version {stray.version} came at {utc_text(stray.at_us)}"
        if not (self._locked and received):
            return
        for key in self._archive.store.list(prefix):
            if self._archive.store.protection(key).until_us is None:
                yield "lock-missing", key.removeprefix(prefix + "/"), ""

    def _unplayable(self, hearing: str) -> Iterator[tuple[str, str, str]]:
        """One segment of each track, another at each run, is decoded to its end."""
        view = self._archive.view(hearing)
        for take, source in view.tracks():
            segments = [segment for segment in view.track(take, source) if segment.key is None]
            if not segments:
                continue
            chosen = segments[int(self._clock()) // 86_400 % len(segments)]
            try:
                data = read(self._archive.store, key_of(hearing, chosen.path))
            except ObjectMissing:
                continue  # is missing, or has not come yet: said elsewhere
            if problem := unplayable(data, chosen):
                yield "not-playable", chosen.path, problem

    def _gone(self) -> Iterator[ScrubFinding]:
        """Hearings that the log received and of which the catalogue knows nothing."""
        seen: set[str] = set()
        for start in range(0, self._archive.log.size, 256):
            for text in self._archive.log.entries(start):
                entry = canonical.loads(text)
                if entry.get("type") != "received":
                    continue
                subject = str(entry.get("subject", ""))
                hearing = entry.get("hearing") or self._archive.log.hearing_of(subject) or subject
                if hearing in seen:
                    continue
                seen.add(hearing)
                if self._archive.catalogue.owner(hearing) is None and not self._archive.destroyed(hearing):
                    at = str(entry.get("received_at", ""))
                    yield ScrubFinding(GONE, hearing, "", utc_text(self._now_us()), at, "the log says it was received")


def _against(report: Report, *, received: bool) -> Iterator[Any]:
    """Failures that mean a loss: all of a record that had its receipt; of another one those of integrity, for it may not be complete yet."""
    for item in report.failures:
        if received or item.question == "integrity":
            yield item


def unplayable(data: bytes, segment: Segment) -> str:
    """Why a segment does not decode to as much as the journal says; empty if it does."""
    units = 0
    try:
        with av.open(io.BytesIO(data), "r") as container:
            for frame in container.decode(container.streams[0]):
                units += frame.samples if isinstance(frame, av.AudioFrame) else 1
    except (av.error.FFmpegError, IndexError, ValueError) as error:
        return f"does not decode: {error}"
    return "" if units == segment.units else f"{units} of {segment.units} pictures or samples decode"
