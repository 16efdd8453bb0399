"""What is left after the kills and cuts, judged by decoding it: nothing here believes the recorder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np

from bench.loss_sources import CAMERA, CHANNELS, CLIP, Numbers, picture_number, sample_numbers
from protocol.hearing import Segment, State
from protocol.journal import Line, read_journal
from protocol.note import VerifierKey
from protocol.record import DirectoryRecord
from protocol.verification import Trust, verify
from protocol.view import HearingView

if TYPE_CHECKING:
    from bench.loss_room import Remote, Room
    from bench.loss_trial import Disaster

#: What the issue promises: lost media, s; a gap from here on is listed, s.
MOST_LOST_S = 0.5
LISTED_FROM_S = 0.02
#: How far a listed gap may be from the true one, s: sources agree within 40 ms, each gap has two ends.
GAP_ERROR_S = 0.08


@dataclass
class Judged:
    """Counts and worst figures; ``violations`` says in words what broke a promise.

    Attributes:
        lost_too_much: violations, too, but of a bound that a starved machine can break.
        lost_s: (moment, track, seconds) of each track at each disaster.
        gap_error_s: by how much listed gaps differ from true ones.
    """

    files: int = 0
    unreadable: int = 0
    hearings: int = 0
    acknowledged: int = 0
    lines_lost: int = 0
    gaps: int = 0
    gaps_unlisted: int = 0
    lost_s: list[tuple[str, str, float]] = field(default_factory=list)
    gap_error_s: list[float] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    lost_too_much: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Piece:
    segment: Segment
    first: int
    last: int


def judge(
    hearings: Path,
    key: VerifierKey,
    disasters: list[Disaster],
    lines: list[dict[str, Any]],
    remarks: Mapping[tuple[str, int], str],
    stopped: list[str],
    room: Room,
) -> Judged:
    """Judge every record of a box.

    Args:
        hearings: folder of the records.
        key: the device's key.
        disasters: kills and cuts.
        lines: ``line`` events that the daemon had sent.
        remarks: text by hearing and line number that the API had acknowledged.
        stopped: hearings whose stop was acknowledged.
        room: where the units came from.
    """
    found = Judged()
    entries: dict[str, list[Line]] = {}
    for journal in sorted(hearings.glob("*/journal.jsonl")):
        read = read_journal(journal.read_bytes())[0]
        entries[journal.parent.name] = [entry for entry in read if isinstance(entry, Line)]
    _acknowledged(found, entries, lines, remarks)
    for hearing, journalled in entries.items():
        view = HearingView.of(journalled)
        found.hearings += 1
        _verified(found, hearings / hearing, view, key)
        if hearing in stopped and not view.manifests:
            found.violations.append(f"{hearing}: its stop was acknowledged, and it is not sealed")
        for track, source in room.by_track.items():
            pieces = _pieces(found, hearings / hearing, view, track, source)
            _lost(found, hearing, track, pieces, disasters, source.rate)
            _gaps(found, hearing, track, pieces, view, source)
    return found


def _acknowledged(
    found: Judged,
    entries: Mapping[str, list[Line]],
    lines: list[dict[str, Any]],
    remarks: Mapping[tuple[str, int], str],
) -> None:
    there = {(line.seq, line.mono, line.type): dict(line.data) for kept in entries.values() for line in kept}
    lost = [line for line in lines if there.get((line["seq"], line["mono"], line["type"])) != line["data"]]
    said = {(hearing, line.seq): line.data.get("text") for hearing, kept in entries.items() for line in kept}
    lost_remarks = [text for place, text in remarks.items() if said.get(place) != text]
    found.acknowledged += len(lines) + len(remarks)
    found.lines_lost += len(lost) + len(lost_remarks)
    found.violations += [f"acknowledged line lost: {line['type']} {line['seq']}" for line in lost]
    found.violations += [f"acknowledged remark lost: {text}" for text in lost_remarks]


def _verified(found: Judged, record: Path, view: HearingView, key: VerifierKey) -> None:
    report = verify(DirectoryRecord(record), Trust(frozenset({key})))
    over = view.state is State.FINISHED and bool(view.manifests)
    failed = [item for item in report.findings if item.severity == "fail"]
    if not over:  # a hearing that never came to its end has no seal, and nothing else may be wrong with it
        failed = [item for item in failed if item.question == "integrity"]
    elif not report.good:
        found.violations.append(
            f"{record.name}: does not verify: {report.integrity}, {report.completeness}, {report.provenance}"
        )
    found.violations += [f"{record.name}: {item.code}: {item}" for item in failed]
    if view.state is not State.PLANNED and not over:
        found.violations.append(f"{record.name}: left {view.state}")


def _pieces(found: Judged, record: Path, view: HearingView, track: str, source: Remote) -> list[_Piece]:
    """The track's segments in time, each with its first and last number; within a segment none may be missing."""
    pieces: list[_Piece] = []
    offset_us = view.clock.offset_us if view.clock else 0
    for segment in sorted((item for item in view.segments if item.source == track), key=lambda item: item.start_us):
        found.files += 1
        try:
            numbers = _numbers(record / segment.path, track)
        except (av.FFmpegError, OSError, ValueError, IndexError) as error:
            found.unreadable += 1
            found.violations.append(f"{record.name}/{segment.path}: unreadable: {error}")
            continue
        if numbers.size != segment.units:
            found.violations.append(
                f"{record.name}/{segment.path}: {numbers.size} units, the journal says {segment.units}"
            )
        modulo = CLIP if track == CAMERA else 2**24
        if set(np.unique(np.diff(numbers) % modulo)) - {1}:
            found.violations.append(f"{record.name}/{segment.path}: units are missing or doubled inside")
        expected = int(((segment.start_us - offset_us) / 1e6 - source.start) * source.rate)
        first = int(numbers[0]) + round((expected - int(numbers[0])) / modulo) * modulo
        pieces.append(_Piece(segment, first, first + int(numbers.size) - 1))
    return pieces


def _numbers(path: Path, track: str) -> Numbers:
    with av.open(str(path)) as container:
        if track == CAMERA:
            container.streams.video[0].codec_context.thread_count = 1
            return np.array([picture_number(frame) for frame in container.decode(video=0)], np.int64)
        blocks: list[Any] = [frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]
    return sample_numbers(np.concatenate(blocks), CHANNELS.index(track))


def _lost(found: Judged, hearing: str, track: str, pieces: list[_Piece], disasters: list[Disaster], rate: int) -> None:
    """At each disaster: the last unit handed over against the last that can be decoded from before it."""
    for disaster in disasters:
        if disaster.hearing != hearing or disaster.handed is None:
            continue
        handed = disaster.handed[track]  # the number that would have come next
        kept = [piece.last + 1 for piece in pieces if piece.first < handed]
        lost = max(0, handed - max(kept, default=0)) / rate
        found.lost_s.append((disaster.moment, track, lost))
        if lost > MOST_LOST_S:
            found.lost_too_much.append(f"{hearing} {track}: {lost:.3f} s lost ({disaster.moment})")


def _gaps(found: Judged, hearing: str, track: str, pieces: list[_Piece], view: HearingView, source: Remote) -> None:
    """Each jump of the numbers against the intervals of ``gap`` lines between the two segments."""
    listed = [item for gap in view.gaps for item in gap.intervals if item.source == track]
    for before, after in pairwise(pieces):
        true_s = (after.first - before.last - 1) / source.rate
        if true_s < 0:
            found.violations.append(f"{hearing} {track}: {after.segment.path} repeats {-true_s:.3f} s")
        if true_s < LISTED_FROM_S:
            continue
        begin, end = before.segment.end_us, after.segment.start_us
        spans = [(max(item.from_us, begin), min(item.to_us, end)) for item in listed]
        said_s = sum(max(0, stop - start) for start, stop in spans) / 1e6
        found.gaps += 1
        if said_s == 0:
            found.gaps_unlisted += 1
            found.violations.append(
                f"{hearing} {track}: a gap of {true_s:.3f} s before {after.segment.path} is not listed"
            )
            continue
        found.gap_error_s.append(abs(said_s - true_s))
        if abs(said_s - true_s) > GAP_ERROR_S + source.late_s:  # what comes late is placed late
            found.violations.append(f"{hearing} {track}: a gap of {true_s:.3f} s is listed as {said_s:.3f} s")
