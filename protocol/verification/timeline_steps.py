"""Step 7: states, takes, segment numbers, coverage, gaps."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable

from protocol.errors import IllegalMove
from protocol.hearing import State, Take, check_move
from protocol.journal import Line
from protocol.manifest import Entry
from protocol.verification.context import Context, line_subject
from protocol.verification.journal_steps import state_of

#: Longest hole that needs no gap line, µs (record format, section 7.1).
HOLE_US = {"audio": 20_000, "video": 200_000}


def check_timeline(context: Context) -> None:
    """(7): the hearing's life, and that every recorded stretch is covered or its gap explained."""
    _check_states(context)
    takes = _check_takes(context)
    tracks = _check_segments(context, takes)
    for take in takes.values():
        if take.end_us is not None:
            for source in take.sources:
                _check_coverage(context, take, source, tracks[take.id, source])
    _check_sealed(context)
    _note_gaps(context)
    if State(state_of(context)).is_open:
        context.fail("still-open", "journal.jsonl", state_of(context))


def _check_states(context: Context) -> None:
    state = State.PLANNED
    for line in context.of_type("state"):
        new = State(line.data["to"])
        if line.data["from"] != state or not _legal(state, new):
            context.fail("illegal-move", line_subject(line.seq), f"from {line.data['from']} to {new}; it was {state}")
        state = new


def _legal(old: State, new: State) -> bool:
    try:
        check_move(old, new)
    except IllegalMove:
        return False
    return True


def _check_takes(context: Context) -> dict[str, Take]:
    takes: dict[str, Take] = {}
    running: str | None = None
    for line in context.lines:
        data = line.data
        if line.type == "take_started":
            if running is not None or data["take"] != f"T{len(takes) + 1:02d}":
                context.fail("bad-take", line_subject(line.seq), str(data["take"]))
            running = data["take"]
            takes[data["take"]] = Take(data["take"], data["publicity"], data["start_us"], tuple(data["sources"]))
        elif line.type == "take_ended":
            take = takes.get(data["take"])
            if take is None or running != data["take"] or data["end_us"] < take.start_us:
                context.fail("bad-take", line_subject(line.seq), str(data["take"]))
            if take is not None:
                takes[take.id] = Take(
                    take.id, take.publicity, take.start_us, take.sources, data["end_us"], data["reason"]
                )
            running = None
    if running is not None and not State(state_of(context)).is_open:
        started = [line for line in context.of_type("take_started") if line.data["take"] == running]
        context.fail("bad-take", line_subject(started[-1].seq), f"{running} never ended")
    return takes


def _check_segments(context: Context, takes: dict[str, Take]) -> dict[tuple[str, str], list[Line]]:
    tracks: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in context.of_type("segment"):
        data = line.data
        take, track = takes.get(data["take"]), tracks[data["take"], data["source"]]
        if (
            take is None
            or data["source"] not in take.sources
            or data["end_us"] < data["start_us"]
            or any(other.data["number"] == data["number"] for other in track)
        ):
            context.fail("bad-take", line_subject(line.seq), data["path"])
            continue
        track.append(line)
    for track in tracks.values():
        track.sort(key=lambda line: int(line.data["number"]))
        _check_numbers(context, track)
    return tracks


def _check_numbers(context: Context, track: list[Line]) -> None:
    if not track:
        return
    numbers = {line.data["number"] for line in track}
    data = track[-1].data
    for number in range(1, max(numbers)):
        if number not in numbers:
            path = f"media/{data['take']}/{data['source']}/{number:04d}.mp4{'.enc' if data.get('key') else ''}"
            _missing(context, "segment-missing", path)
    for before, after in itertools.pairwise(track):
        if before.data["end_us"] - after.data["start_us"] > HOLE_US[after.data["media"]]:
            context.fail("overlap", after.data["path"])


def _missing(context: Context, code: str, subject: str, detail: str = "") -> None:
    if context.withheld:
        context.note("withheld-hole", subject, detail)
    else:
        context.fail(code, subject, detail)


def _check_coverage(context: Context, take: Take, source: str, track: list[Line]) -> None:
    hole = HOLE_US[track[0].data["media"] if track else "audio"]
    covered = [(line.data["start_us"], line.data["end_us"]) for line in track]
    for line in context.of_type("gap"):
        covered += [(item["from_us"], item["to_us"]) for item in line.data["intervals"] if item["source"] == source]
    for start, end in _holes(covered, take.start_us, take.end_us or take.start_us):
        if end - start > hole:
            seconds = f"{(end - start) / 1e6:.3f} s from {start}"
            _missing(context, "unexplained-gap", f"{take.id}/{source}", seconds)


def _holes(covered: Iterable[tuple[int, int]], start: int, end: int) -> list[tuple[int, int]]:
    """Stretches of [start, end) that no interval covers."""
    holes, position = [], start
    for first, last in sorted(covered):
        if first >= end:
            break
        if first > position:
            holes.append((position, first))
        position = max(position, last)
    if position < end:
        holes.append((position, end))
    return holes


def _check_sealed(context: Context) -> None:
    first = next(iter(context.of_type("manifest")), None)
    if first is None or first.seq not in context.manifests:
        return
    entries = context.manifests[first.seq].entries
    listed = {entry.path for entry in entries if isinstance(entry, Entry)}
    if len(listed) < len(entries):
        return
    for line in context.of_type("segment"):
        if line.data["path"] not in listed:
            context.fail("unlisted-segment", line.data["path"])


def _note_gaps(context: Context) -> None:
    for line in context.of_type("gap"):
        for item in line.data["intervals"]:
            if item["to_us"] > item["from_us"]:
                seconds = (item["to_us"] - item["from_us"]) / 1e6
                context.note("gap", line_subject(line.seq), f"{item['source']}: {seconds:.3f} s, {line.data['cause']}")
