"""The journal of an imported record: what it says of where its tracks come from, what is missing, and the seal."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from protocol.encoding import b64
from protocol.hearing import Case
from protocol.note import Signer
from protocol.seal import Moment, seal_capture
from protocol.writer import JournalWriter
from recorder.clock import HearingClock
from recorder.coverage import holes
from recorder.import_errors import InputChanged, InputNotMedia
from recorder.import_plan import Arrangement, FileOnClock, TrackPlan, printable
from recorder.import_reader import Outcome
from recorder.ledger import new_salt
from recorder.tracks import ALLOWED_HOLE_US

Finding = tuple[str, str, str]
_CHUNK = 1 << 20
#: A stream that ends so much before its declared end is cut off, µs; metadata round.
SHORT_US = 500_000
#: Where a file's length is a guess, only a difference of at least so much, and of this part of it, is worth a finding.
GUESS_US = 2_000_000
GUESS_PART = 20


@dataclass(frozen=True)
class Origin:
    """A file that is imported; ``sha256`` (base64) once it is identified."""

    path: Path
    bytes: int
    changed_us: int
    sha256: str = ""

    def identify(self) -> Origin:
        """Hash the file and see that it is still the one that was read.

        Raises:
            InputChanged: it is not.
        """
        digest, length = hashlib.sha256(), 0
        with self.path.open("rb") as file:
            while data := file.read(_CHUNK):
                digest.update(data)
                length += len(data)
        if length != self.bytes or self.path.stat().st_mtime_ns // 1000 != self.changed_us:
            raise InputChanged(f"{self.path.name}: changed while it was read")
        return Origin(self.path, self.bytes, self.changed_us, b64(digest.digest()))


class _Journal:
    def __init__(self, writer: JournalWriter, clock: HearingClock) -> None:
        self._writer, self._clock = writer, clock

    def line(self, kind: str, data: Mapping[str, Any]) -> None:
        utc, mono = self._clock.now()
        self._writer.append(kind, data, at_us=utc, mono_us=mono, salt=new_salt())


@dataclass(frozen=True)
class Contents:
    """What the journal of an import tells: the case, who imports, the files, their places in time, what was read."""

    case: Case
    by: str
    origins: Sequence[Origin]
    arrangement: Arrangement
    outcome: Outcome


def write_record(
    folder: Path, signer: Signer, clock: HearingClock, hearing: str, software: str, contents: Contents
) -> tuple[Finding, ...]:
    """Journal, checkpoints and seal beside the segments that were read.

    Returns:
        what is missing or spoilt: (code, source, detail).

    Raises:
        InputNotMedia: nothing was read.
        DiskFailed: the disk refused.
    """
    arrangement, origins = contents.arrangement, contents.origins
    if not contents.outcome.segments:
        raise InputNotMedia("nothing of the recording could be decoded")
    utc, mono = clock.now()
    writer = JournalWriter.create(folder, signer, hearing, software=software, at_us=utc, mono_us=mono, salt=new_salt())
    try:
        journal = _Journal(writer, clock)
        journal.line("clock", clock.line_data())
        journal.line("case", asdict(contents.case))
        for track in arrangement.sources.values():
            journal.line("source", _source(track, origins, arrangement))
        journal.line("imported", _imported(origins, arrangement))
        findings = _takes(journal, writer, contents)
        utc, mono = clock.now()
        seal_capture(writer, Moment(utc, mono, new_salt))
    finally:
        writer.close()
    return findings


def _source(track: TrackPlan, origins: Sequence[Origin], arrangement: Arrangement) -> dict[str, Any]:
    file = next(file for file in arrangement.files if track in file.tracks)
    name = printable(origins[file.number].path.name)
    return {"device": name, "kind": "file", "label": track.label, "media": track.stream.media, "name": track.source}


def _imported(origins: Sequence[Origin], arrangement: Arrangement) -> dict[str, Any]:
    """Data of the ``imported`` line (record format, section 4.3)."""
    files = [
        {
            "bytes": origin.bytes,
            "changed_us": origin.changed_us,
            "container": placed.plan.container,
            "created_us": placed.plan.created_us,
            "ignored": [{"reason": reason, "stream": index} for index, reason in placed.plan.ignored],
            "name": printable(origin.path.name),
            "sha256": origin.sha256,
            "start_from": placed.start_from,
            "start_us": placed.start_us,
            "take": placed.take,
            "tracks": [
                {
                    "channel": track.channel,
                    "codec": track.stream.codec,
                    "exact": track.stream.exact,
                    "source": track.source,
                    "stream": track.stream.index,
                    "way": track.stream.way,
                }
                for track in placed.tracks
            ],
        }
        for origin, placed in zip(origins, arrangement.files, strict=True)
    ]
    return {"files": files}


def _takes(journal: _Journal, writer: JournalWriter, contents: Contents) -> tuple[Finding, ...]:
    arrangement, outcome, by = contents.arrangement, contents.outcome, contents.by
    findings: list[Finding] = []
    state = "planned"
    last = list(arrangement.takes)[-1]
    for take, files in arrangement.takes.items():
        journal.line("state", {"by": by, "from": state, "reason": "import", "to": "recording"})
        found = _Take(take, files, outcome)
        journal.line(
            "take_started", {"publicity": "open", "sources": found.sources, "start_us": found.start_us, "take": take}
        )
        writer.checkpoint()
        for segment in found.segments:
            journal.line("segment", {**segment, "publicity": "open"})
        for cause, detail, intervals in found.gaps():
            journal.line("gap", {"cause": cause, "detail": detail, "intervals": intervals})
        for code, source, detail in found.findings():
            journal.line("finding", found.finding(code, source, detail))
            findings.append((code, source, detail))
        state = "finished" if take == last else "paused"
        reason = "finish" if take == last else "pause"
        journal.line("take_ended", {"end_us": found.end_us, "reason": reason, "take": take})
        journal.line("state", {"by": by, "from": "recording", "reason": "import", "to": state})
        writer.checkpoint()
    return tuple(findings)


class _Take:
    """One take: its bounds, and what of it is missing."""

    def __init__(self, take: str, files: Sequence[FileOnClock], outcome: Outcome) -> None:
        self._files, self._outcome = files, outcome
        self.segments = [segment for segment in outcome.segments if segment["take"] == take]
        self.sources = sorted(track.source for file in files for track in file.tracks)
        # Decoding of pictures may begin before the first is shown; the take begins with what is seen or heard.
        begin_us = min(file.start_us for file in files)
        self.start_us = max(begin_us, min((segment["start_us"] for segment in self.segments), default=begin_us))
        self._ends = self._declared_ends()
        read = [segment["end_us"] for segment in self.segments]
        self.end_us = max([*read, *(end for end in self._ends.values() if end is not None), self.start_us])

    def _declared_ends(self) -> dict[str, int | None]:
        """When each source should end, where its file says so and it ended clearly earlier; else None."""
        ends: dict[str, int | None] = {}
        for file in self._files:
            read = {track.source: self._read_end(track.source, file.start_us) for track in file.tracks}
            whole = file.declared_end_us(None)
            # A stream may be shorter than its file; only when all are, the file itself is cut off.
            cut = whole is not None and whole - max(read.values()) > SHORT_US
            for track in file.tracks:
                declared = file.declared_end_us(track.stream) or (whole if cut else None)
                short = declared is not None and declared - read[track.source] > SHORT_US
                ends[track.source] = declared if short else None
        return ends

    def gaps(self) -> list[tuple[str, str, list[dict[str, Any]]]]:
        """What no segment covers: (cause, detail, intervals), one for each cause."""
        found: dict[str, list[dict[str, Any]]] = {}
        for file in self._files:
            for track in file.tracks:
                spans = [(s["start_us"], s["end_us"]) for s in self.segments if s["source"] == track.source]
                for start, end in holes(self.start_us, self.end_us, spans, ALLOWED_HOLE_US[track.stream.media]):
                    for cause, part in self._causes(track, spans, start, end):
                        found.setdefault(cause, []).append(
                            {"from_us": part[0], "source": track.source, "to_us": part[1]}
                        )
        details = "; ".join(
            self._outcome.broken[file.number] for file in self._files if file.number in self._outcome.broken
        )
        return [
            (cause, details if cause == "source_damaged" else "", intervals)
            for cause, intervals in sorted(found.items())
        ]

    def _causes(
        self, track: TrackPlan, spans: Sequence[tuple[int, int]], start: int, end: int
    ) -> list[tuple[str, tuple[int, int]]]:
        """Why a hole is there; the one at the end may have two causes."""
        if not spans:
            return [("source_damaged", (start, end))]
        if end <= min(span[0] for span in spans):
            return [("late_start", (start, end))]
        if start < max(span[1] for span in spans):
            return [("source_damaged", (start, end))]
        declared = self._ends[track.source] or start
        parts = [("source_damaged", (start, min(declared, end))), ("source_ended", (max(start, declared), end))]
        return [(cause, part) for cause, part in parts if part[1] > part[0]]

    def findings(self) -> list[Finding]:
        """What was wrong with the recordings: (code, source, detail)."""
        found: list[Finding] = []
        for file in self._files:
            first = file.tracks[0].source
            if reason := self._outcome.broken.get(file.number):
                found.append(("source-damaged", first, reason))
            for source, faults in self._outcome.faults.get(file.number, {}).items():
                detail = ", ".join(f"{reason}: {count}" for reason, count in sorted(faults.items()))
                found.append(("source-faults", source, detail))
            found += [
                (
                    "source-cut-off",
                    track.source,
                    f"{(end - self._read_end(track.source)) / 1e6:.3f} s are missing at the end",
                )
                for track in file.tracks
                if (end := self._ends[track.source]) is not None
            ]
            announced, read = (
                file.plan.length_us or 0,
                max(self._read_end(t.source, file.start_us) for t in file.tracks),
            )
            short_us = file.start_us + announced - read
            if file.plan.estimated and short_us > max(GUESS_US, announced // GUESS_PART):
                detail = (
                    f"the file announces about {announced / 1e6:.0f} s; {short_us / 1e6:.0f} s of them are not there"
                )
                found.append(("source-shorter", first, detail))
            found += [("stream-ignored", first, f"stream {index}: {reason}") for index, reason in file.plan.ignored]
        return found

    def finding(self, code: str, source: str, detail: str) -> dict[str, Any]:
        """Data of a ``finding`` line."""
        severity = "note" if code == "stream-ignored" else "warning"
        return {
            "code": code,
            "detail": detail,
            "end_us": None,
            "severity": severity,
            "source": source,
            "start_us": self._read_end(source) if code in ("source-damaged", "source-cut-off") else self.start_us,
        }

    def _read_end(self, source: str, nothing_us: int | None = None) -> int:
        ends = [int(s["end_us"]) for s in self.segments if s["source"] == source]
        return max(ends, default=self.start_us if nothing_us is None else nothing_us)
