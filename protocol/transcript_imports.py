"""WebVTT, RTTM and CTM read back, ours or another program's (docs/transcript-format.md, section 8).

What cannot be understood is refused with its line; nothing is passed over except what the formats say is a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Final

from protocol.errors import ProtocolError
from protocol.transcript_exports import DEMONSTRATION, UNKNOWN, Cue, TimedWord, Turn, clean

_CLOCK: Final = r"(?:(\d{2,7}):)?([0-5]\d):([0-5]\d)\.(\d{3})"
_TIMES: Final = re.compile(rf"[ \t]*{_CLOCK}[ \t]+-->[ \t]+{_CLOCK}(?:[ \t].*)?\Z", re.ASCII)
_OUR_ID: Final = re.compile(r"\d+ (T[0-9]{2,4}) ([a-z0-9][a-z0-9-]{0,39})\Z", re.ASCII)
_VOICE: Final = re.compile(r"<v(?:\.[^\s>]*)?[ \t]+([^>]*)>")
_TAG: Final = re.compile(r"<[^>]*>")
_SECONDS: Final = re.compile(r"(\d{1,10})(?:\.(\d{1,12}))?\Z", re.ASCII)
_SURE: Final = re.compile(r"(?:0(?:\.\d{1,12})?|1(?:\.0{1,12})?)\Z", re.ASCII)
_ESCAPE: Final = re.compile(r"\\u([0-9a-f]{4})|\\U([0-9a-f]{8})")


class BadExport(ProtocolError):
    """A WebVTT, RTTM or CTM text cannot be read; the message names the line."""

    code = "bad-export"
    advice = "Check that the file has the format that was named, and is whole."


def read_webvtt(content: str, origin_us: int = 0) -> list[Cue]:
    """The cues of a WebVTT file; a cue with two voices becomes two, with the same times.

    Args:
        content: the file.
        origin_us: what is added to its times (:func:`protocol.transcript_exports.origin`).

    Raises:
        BadExport: no WebVTT, or a block that is no cue.
    """
    lines = re.split(r"\r\n|\r|\n", content.removeprefix("\ufeff"))
    if not re.match(r"WEBVTT(?:[ \t]|\Z)", lines[0]):
        raise BadExport("line 1: does not begin with WEBVTT")
    found: list[Cue] = []
    for number, block in _blocks(lines[1:]):
        if "-->" in block[0] or not re.match(r"(?:NOTE|STYLE|REGION)(?:[ \t]|\Z)", block[0]):
            found += _cues(block, number, origin_us)
    return found


def _blocks(lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    """What stands between empty lines, and the number of its first line. Lines right under WEBVTT are part of its head."""
    block: list[str] = []
    head = True
    for number, line in enumerate([*lines, ""], 2):
        if line:
            block.append(line)
            continue
        if block and not (head and "-->" not in "".join(block[:2])):
            yield number - len(block), block
        head, block = False, []


def _cues(block: list[str], number: int, origin_us: int) -> list[Cue]:
    place = 0 if "-->" in block[0] else 1
    times = _TIMES.match(block[place]) if place < len(block) else None
    if times is None:
        raise BadExport(f"line {number}: a block without times HH:MM:SS.mmm --> HH:MM:SS.mmm")
    start, end = _clock_us(times.groups()[:4]), _clock_us(times.groups()[4:])
    if end <= start:
        raise BadExport(f"line {number + place}: the cue ends before it starts")
    ours = _OUR_ID.match(block[0]) if place else None
    take, source = (ours[1], ours[2]) if ours else (None, None)
    first, *voices = _VOICE.split(" ".join(block[place + 1 :]))
    said = [(None, first), *((clean(unescape(a)) or None, b) for a, b in zip(voices[::2], voices[1::2], strict=True))]
    return [
        Cue(origin_us + start, origin_us + end, who, words, take, source, raw.startswith(DEMONSTRATION))
        for who, raw in said
        if (words := clean(unescape(_TAG.sub("", raw.removeprefix(DEMONSTRATION)))))
    ]


def _clock_us(parts: tuple[str | None, ...]) -> int:
    hours, minutes, seconds, ms = (int(part or 0) for part in parts)
    return (((hours * 60 + minutes) * 60 + seconds) * 1000 + ms) * 1000


def read_rttm(content: str, origin_us: int = 0) -> list[Turn]:
    """The SPEAKER lines of an RTTM file; other kinds of line and comments (``;;``) are none.

    Raises:
        BadExport: a SPEAKER line with too few fields, or times that are none.
    """
    found = []
    for number, parts in _fields(content):
        if parts[0] != "SPEAKER":
            continue
        if len(parts) < 8:
            raise BadExport(f"line {number}: a SPEAKER line has 8 to 10 fields")
        start = origin_us + _us(parts[3], number)
        end = start + _us(parts[4], number)
        unknown = parts[7].removeprefix(UNKNOWN) if parts[7].startswith(UNKNOWN) else None
        speaker = None if unknown is not None or parts[7] == "<NA>" else _plain(parts[7], number)
        found.append(Turn(parts[1], start, end, speaker, unknown))
    return found


def read_ctm(content: str, origin_us: int = 0) -> list[TimedWord]:
    """The words of a CTM file; comments (``;;``) are passed over.

    Raises:
        BadExport: a line with too few or too many fields, or times or a probability that are none.
    """
    found = []
    for number, parts in _fields(content):
        if len(parts) not in (5, 6):
            raise BadExport(f"line {number}: a line has 5 or 6 fields")
        start = origin_us + _us(parts[2], number)
        end = start + _us(parts[3], number)
        sure = None if len(parts) == 5 or parts[5] == "NA" else _per_mille(parts[5], number)
        found.append(TimedWord(parts[0], parts[1], start, end, _plain(parts[4], number), sure))
    return found


def _fields(content: str) -> Iterator[tuple[int, list[str]]]:
    """The fields of each line that is not empty and not a comment, and its number. Only blanks and tabs separate."""
    for number, line in enumerate(re.split(r"\r\n|\r|\n", content.removeprefix("\ufeff")), 1):
        parts = [part for part in re.split(r"[ \t]+", line) if part]
        if parts and not parts[0].startswith(";;"):
            yield number, parts


def _us(value: str, number: int) -> int:
    """Microseconds of decimal seconds; what is finer is cut."""
    match = _SECONDS.match(value)
    if match is None:
        raise BadExport(f"line {number}: {value[:40]!r} is no time in seconds")
    return int(match[1]) * 1_000_000 + int((match[2] or "").ljust(6, "0")[:6])


def _per_mille(value: str, number: int) -> int:
    if not _SURE.match(value):
        raise BadExport(f"line {number}: {value[:40]!r} is no probability")
    whole, _, fraction = value.partition(".")
    return int(whole) * 1000 + int(fraction.ljust(3, "0")[:3])


def _plain(value: str, number: int) -> str:
    """The field's text: the escapes of :func:`protocol.transcript_exports.field` undone; any other backslash is itself."""

    def character(found: re.Match[str]) -> str:
        code = int(found[1] or found[2], 16)
        if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            raise BadExport(f"line {number}: {found[0]} is no character")
        return chr(code)

    return _ESCAPE.sub(character, value)
