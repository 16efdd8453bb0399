"""Step 7: states, takes, segment numbers, coverage, gaps."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from protocol.errors import IllegalMove
from protocol.hearing import State, Take, check_move
from protocol.journal import Line, Withheld
from protocol.manifest import Entry
from protocol.verification.context import Context, line_subject
from protocol.verification.journal_steps import is_open, state_of
from protocol.verification.membership import Membership, Span

#: Longest hole that needs no gap line, µs (record format, section 7.1).
HOLE_US = {"audio": 20_000, "video": 200_000}
_CHANGES = ("source_added", "source_removed")


def check_timeline(context: Context) -> None:
    """(7): the hearing's life, and that every recorded stretch is covered or its gap explained."""
    _check_states(context)
    takes, membership = _check_takes(context)
    tracks = _check_segments(context, takes, membership)
    gaps = _explained(context)
    for (name, source), spans in membership.spans.items():
        take = takes[name][1] if name in takes else None
        if take is not None and take.end_us is not None:
            for span in spans:
                _check_coverage(context, take, source, span, tracks[name, source], gaps[source])
    _check_sealed(context)
    _note_gaps(context)
    if is_open(context):
        context.fail("still-open", "journal.jsonl", state_of(context))


def _check_states(context: Context) -> None:
    state, hidden = State.PLANNED, False
    for row in context.rows:
        hidden = hidden or isinstance(row, Withheld)
        if not isinstance(row, Line) or row.type != "state":
            continue
        old, new = State(row.data["from"]), State(row.data["to"])
        if not _legal(old, new) or (old != state and not hidden):
            context.fail("illegal-move", line_subject(row.seq), f"from {old} to {new}; it was {state}")
        state, hidden = new, False


def _legal(old: State, new: State) -> bool:
    try:
        check_move(old, new)
    except IllegalMove:
        return False
    return True


def _check_takes(context: Context) -> tuple[dict[str, tuple[int, Take]], Membership]:
    """Takes by name, each with the number of the line that started it; and which sources belonged to them when."""
    takes: dict[str, tuple[int, Take]] = {}
    membership = Membership()
    running: str | None = None
    for line in context.lines:
        data = line.data
        if line.type == "take_started":
            sources = data["sources"]
            in_order = running is None and data["take"] == f"T{len(takes) + 1:02d}" and sources == sorted(set(sources))
            if not in_order and not context.withheld:
                context.fail("bad-take", line_subject(line.seq), str(data["take"]))
            running = data["take"]
            takes[running] = (line.seq, Take(running, data["publicity"], data["start_us"], tuple(sources)))
            membership.start(running, sources, line.seq)
        elif line.type == "take_ended":
            running = _end_take(context, line, takes, running)
        elif line.type in _CHANGES and not membership.change(line, running) and not context.withheld:
            context.fail("bad-take", line_subject(line.seq), f"{line.type} {data['source']}")
    if running is not None and not is_open(context) and not context.withheld:
        context.fail("bad-take", line_subject(takes[running][0]), f"{running} never ended")
    return takes, membership


def _end_take(context: Context, line: Line, takes: dict[str, tuple[int, Take]], running: str | None) -> str | None:
    """Take in a `take_ended` line; the take that runs after it."""
    data = line.data
    known = data["take"] in takes and (context.withheld or data["take"] == running)
    if not known:
        if not context.withheld:
            context.fail("bad-take", line_subject(line.seq), str(data["take"]))
        return running
    seq, take = takes[data["take"]]
    if data["end_us"] < take.start_us:
        context.fail("bad-take", line_subject(line.seq), "ends before it starts")
    takes[take.id] = (seq, replace(take, end_us=data["end_us"], reason=data["reason"]))
    return None if running == take.id else running


def _check_segments(
    context: Context, takes: dict[str, tuple[int, Take]], membership: Membership
) -> dict[tuple[str, str], list[Line]]:
    tracks: dict[tuple[str, str], list[Line]] = defaultdict(list)
    seen: set[tuple[str, str, int]] = set()
    for line in context.of_type("segment"):
        data = line.data
        started, take = takes.get(data["take"], (0, None))
        key = (data["take"], data["source"])
        place = line.seq, data["start_us"], data["end_us"], HOLE_US[data["media"]]
        strange = take is None or started > line.seq or not any(span.holds(*place) for span in membership.spans.get(key, ()))
        twice = (*key, data["number"]) in seen
        if (strange and not context.withheld) or twice or _wrong_length(data):
            context.fail("bad-take", line_subject(line.seq), data["path"])
        seen.add((*key, data["number"]))
        tracks[key].append(line)
    for track in tracks.values():
        track.sort(key=lambda line: int(line.data["number"]))
        _check_numbers(context, track)
    return tracks


def _wrong_length(data: Mapping[str, Any]) -> bool:
    """Whether a segment ends before its start, or its place hides a hole or an overlap (section 7.2)."""
    length = data["end_us"] - data["start_us"]
    media = data.get("media_us", length)
    return bool(length < 0 or abs(length - media) > HOLE_US[data["media"]])


def _check_numbers(context: Context, track: list[Line]) -> None:
    due = 1
    for line in track:
        number, data = line.data["number"], line.data
        if number > due:
            subject = f"media/{data['take']}/{data['source']}/{due:04d}.mp4"
            _missing(context, "segment-missing", subject, f"{number - due} missing from here")
        due = number + 1
    end: int | None = None
    for line in track:
        if end is not None and line.data["start_us"] < end - HOLE_US[line.data["media"]]:
            context.fail("overlap", line.data["path"])
        end = line.data["end_us"] if end is None else max(end, line.data["end_us"])


def _missing(context: Context, code: str, subject: str, detail: str = "") -> None:
    if context.withheld:
        context.note("withheld-hole", subject, detail)
    else:
        context.fail(code, subject, detail)


def _explained(context: Context) -> dict[str, list[tuple[int, int]]]:
    """By source, the stretches that gap lines explain: sorted, those that touch made one."""
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for line in context.of_type("gap"):
        for item in line.data["intervals"]:
            if item["to_us"] > item["from_us"]:
                found[item["source"]].append((item["from_us"], item["to_us"]))
    for source, spans in found.items():
        joined: list[tuple[int, int]] = []
        for first, last in sorted(spans):
            if joined and first <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
            else:
                joined.append((first, last))
        found[source] = joined
    return found


def _check_coverage(
    context: Context, take: Take, source: str, span: Span, track: list[Line], explained: list[tuple[int, int]]
) -> None:
    hole = HOLE_US[track[0].data["media"] if track else "audio"]
    first, last = span.within(take.start_us, take.end_us or take.start_us)
    covered = [(line.data["start_us"], line.data["end_us"]) for line in track]
    index = bisect_right(explained, first, key=lambda span: span[1])  # the first that ends in the stretch
    while index < len(explained) and explained[index][0] < last:
        covered.append(explained[index])
        index += 1
    for start, end in _holes(covered, first, last):
        if end - start > hole:
            seconds = f"{(end - start) / 1e6:.3f} s from {start}"
            _missing(context, "unexplained-gap", f"media/{take.id}/{source}", seconds)


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
    if not context.of_type("manifest") or context.entries_withheld:
        return
    listed = {entry.path for made in context.manifests.values() for entry in made.entries if isinstance(entry, Entry)}
    for line in context.of_type("segment"):
        if line.data["path"] not in listed:
            context.fail("unlisted-segment", line.data["path"])


def _note_gaps(context: Context) -> None:
    for line in context.of_type("gap"):
        for item in line.data["intervals"]:
            if item["to_us"] > item["from_us"]:
                seconds = (item["to_us"] - item["from_us"]) / 1e6
                context.note("gap", line_subject(line.seq), f"{item['source']}: {seconds:.3f} s, {line.data['cause']}")
