"""What a player needs of a hearing's tracks and segments, as JSON values: the same from the box's record and from the archive's."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from protocol.hearing import Segment
from protocol.view import HearingView


def track_facts(view: HearingView, take: str, source: str) -> dict[str, Any]:
    """What one source gave in one take; it has at least one segment."""
    segments = view.track(take, source)
    first, known, person = segments[0], view.sources.get(source), view.participant_of(source)
    return {
        "take": take,
        "source": source,
        "label": (known.label if known else "") or source,
        "kind": known.kind if known else "",
        "media": first.media,
        "codec": first.codec,
        "rate": first.rate,
        "publicity": view.takes[take].publicity if take in view.takes else first.publicity,
        "participant": asdict(person) if person else None,
        "start_us": first.start_us,
        "end_us": max(segment.end_us for segment in segments),
    }


def segment_facts(segment: Segment) -> dict[str, Any]:
    """Where a segment lies, when it was (UTC µs), how long its media is, and its digest."""
    return {
        "path": segment.path,
        "number": segment.number,
        "start_us": segment.start_us,
        "end_us": segment.end_us,
        "media_us": segment.length_us,
        "bytes": segment.bytes,
        "sha256": segment.sha256,
    }


def gap_facts(view: HearingView) -> list[dict[str, Any]]:
    """Every stretch that is missing, with its cause."""
    return [
        {"cause": gap.cause, "detail": gap.detail, **asdict(interval)}
        for gap in view.gaps
        for interval in gap.intervals
    ]
