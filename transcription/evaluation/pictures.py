"""Drawings of the evaluation's page: SVG inside the page, without scripts; colours are the page's own classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup, escape

from transcription.evaluation.speakers import Turn

_WIDE: Final = 720
_LABEL: Final = 250
_ROW: Final = 26


def bars(rows: Sequence[tuple[str, float, str]], name: str) -> Markup:
    """A bar for each row.

    Args:
        rows: label, rate from 0 (1 fills the picture, more is cut there), and the figure to write beside the bar.
        name: what the picture shows, for people who do not see it.
    """
    room = _WIDE - _LABEL - 120
    parts = []
    for number, (label, rate, figure) in enumerate(rows):
        top, width = number * _ROW, min(1.0, max(0.0, rate)) * room
        parts.append(
            Markup(
                '<text class="label" x="{}" y="{}" text-anchor="end">{}</text>'
                '<rect class="frame" x="{}" y="{}" width="{}" height="16"/><rect class="bar" x="{}" y="{}" width="{:.1f}" height="16"/>'
                '<text class="figure" x="{:.1f}" y="{}">{}</text>'
            ).format(
                _LABEL - 10, top + 16, _short(label), _LABEL, top + 4, room, _LABEL, top + 4, width, _LABEL + room + 8, top + 16, figure
            )
        )  # fmt: skip
    return _picture(parts, len(rows) * _ROW + 4, name)


def turns(said: Sequence[Turn], heard: Sequence[Turn], seconds: float, names: tuple[str, str, str]) -> Markup:
    """Who spoke when: a row for each speaker of the reference, then one for each that was found.

    Args:
        said: of the reference.
        heard: of the transcript.
        seconds: length of the recording.
        names: what the picture shows; the words before a speaker of the reference, and before one that was found.
    """
    room, parts, row = _WIDE - _LABEL - 10, [], 0
    for kind, all_turns, before in (("said", said, names[1]), ("heard", heard, names[2])):
        for speaker in sorted({turn.speaker for turn in all_turns}):
            label = _short(f"{before} {speaker}".strip())
            parts.append(
                Markup(
                    '<text class="label" x="{}" y="{}" text-anchor="end">{}</text><rect class="frame" x="{}" y="{}" width="{}" height="16"/>'
                ).format(_LABEL - 10, row * _ROW + 16, label, _LABEL, row * _ROW + 4, room)
            )
            for turn in all_turns:
                if turn.speaker == speaker:
                    left = _LABEL + room * turn.start_s / seconds
                    width = max(1.0, room * (turn.end_s - turn.start_s) / seconds)
                    parts.append(
                        Markup('<rect class="{}" x="{:.1f}" y="{}" width="{:.1f}" height="16"/>').format(
                            kind, left, row * _ROW + 4, width
                        )
                    )
            row += 1
    return _picture(parts, row * _ROW + 4, names[0])


def curve(points: Sequence[tuple[float, float, int]], name: str, across: str, up: str) -> Markup:
    """Figures against what they should be: on the diagonal they are right; the larger the dot, the more cases.

    Args:
        points: what was foretold and what came, both 0 to 1, and of how many cases.
        name: what the picture shows.
        across: name of what was foretold.
        up: name of what came.
    """
    side, left, most = 260, 60, max((count for _, _, count in points), default=1)
    parts = [
        Markup('<rect class="frame" x="{0}" y="4" width="{1}" height="{1}"/>').format(left, side),
        Markup('<line class="line" x1="{}" y1="{}" x2="{}" y2="4"/>').format(left, side + 4, left + side),
    ]
    for foretold, came, count in points:
        parts.append(
            Markup('<circle class="bar" cx="{:.1f}" cy="{:.1f}" r="{:.1f}"/>').format(
                left + side * foretold, 4 + side * (1 - came), 3 + 7 * (count / most) ** 0.5
            )
        )
    for number in range(6):
        share = number / 5
        parts.append(
            Markup('<text class="figure" x="{:.1f}" y="{}" text-anchor="middle">{:.1f}</text>').format(
                left + side * share, side + 20, share
            )
        )
        parts.append(
            Markup('<text class="figure" x="{}" y="{:.1f}" text-anchor="end">{:.1f}</text>').format(
                left - 6, 8 + side * (1 - share), share
            )
        )
    parts.append(Markup('<text class="label" x="{}" y="{}">{}</text>').format(left, side + 40, across))
    parts.append(Markup('<text class="label" x="{}" y="{}">{}</text>').format(left + side + 12, 16, up))
    return _picture(parts, side + 50, name)


def _short(label: str) -> str:
    return label if len(label) <= 34 else f"{label[:33]}…"


def _picture(parts: Sequence[Markup], height: int, name: str) -> Markup:
    head = Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">').format(_WIDE, height, escape(name))
    return head + Markup("").join(parts) + Markup("</svg>")
