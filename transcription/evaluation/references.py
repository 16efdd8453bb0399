"""What was said in a recording, as a person wrote it down beside it: five forms, one meaning.

``NAME.json`` (ours, or a transcript that a person corrected), ``NAME.stm``, ``NAME.ctm``, ``NAME.rttm``, ``NAME.txt``; the
forms are described in docs/commands/evaluate.md. What a form does not tell is None, and what needs it is not measured.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from protocol.errors import ProtocolError
from protocol.transcript import Transcript
from protocol.transcript_imports import read_ctm, read_rttm
from transcription.errors import EvaluationInput

#: In this order, the first that is there tells the words; times of speakers come from an .rttm beside it.
WORDS: Final = (".json", ".stm", ".ctm", ".txt")
TURNS: Final = ".rttm"
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}\Z")
_LABEL: Final = re.compile(r"<([^>]*)>\Z")
_FORMAT: Final = "hattama-transcript/1"


@dataclass(frozen=True, slots=True)
class Said:
    """A stretch of speech.

    Attributes:
        text: what was said; None where only the speaker is known.
        start_s, end_s: from the start of the recording; None where not known.
        speaker: a name, the same for all that one person says; None where not known.
        channel: number of the channel, from 0; None where not known.
        language: ISO 639; None where not known.
    """

    text: str | None
    start_s: float | None = None
    end_s: float | None = None
    speaker: str | None = None
    channel: int | None = None
    language: str | None = None


@dataclass(frozen=True)
class Reference:
    """Everything a person said about one recording.

    Attributes:
        files: where it stands.
        language: of the hearing, given to the pipeline; None: the command's.
        said: words, in the order of their times; or of the lines where there are none.
        turns: who spoke when; from an .rttm, else the same as `said` where that has times and speakers.
        seats: channel → the one person who sits there.
        timed: every stretch has times, so that the rest of the recording is known to be without speech.
    """

    files: tuple[Path, ...]
    language: str | None
    said: tuple[Said, ...]
    turns: tuple[Said, ...]
    seats: Mapping[int, str] = field(default_factory=dict)

    @property
    def timed(self) -> bool:
        """Whether all speech has its times; a reference without any speech has."""
        return all(one.start_s is not None for one in self.said)


def read(audio: Path, languages: Iterable[str] = ()) -> Reference | None:
    """The reference beside a recording; None where there is none.

    Args:
        audio: the recording; the reference has its name and another ending.
        languages: that ``NAME.LANGUAGE.txt`` may name.

    Raises:
        EvaluationInput: a file that is not of its form; the message names it and the line.
    """
    found = next((path for end in WORDS if (path := audio.with_suffix(end)).is_file()), None)
    language = None
    for code in languages if found is None else ():
        if (path := audio.with_suffix(f".{code}.txt")).is_file():
            found, language = path, code
    turns_file = audio.with_suffix(TURNS)
    turns = _rttm(turns_file) if turns_file.is_file() else None
    if found is None and turns is None:
        return None
    files = tuple(path for path in (found, turns_file if turns is not None else None) if path is not None)
    made = _of(found, files) if found is not None else Reference(files, None, (), ())
    if language is not None:
        made = replace(made, language=language, said=tuple(replace(one, language=language) for one in made.said))
    if turns is None:
        turns = tuple(one for one in made.said if one.start_s is not None and one.speaker is not None)
    return replace(made, turns=turns)


def _of(path: Path, files: tuple[Path, ...]) -> Reference:
    text = _text(path)
    if path.suffix == ".json":
        return _json(path, text, files)
    if path.suffix == ".stm":
        return Reference(files, None, _ordered(_stm(path, text)), ())
    if path.suffix == ".ctm":
        return Reference(files, None, _ordered(_ctm(path, text)), ())
    return Reference(files, None, (Said(text.strip()),) if text.strip() else (), ())


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise EvaluationInput(f"{path}: not UTF-8 text (byte {error.start})") from error
    except OSError as error:
        raise EvaluationInput(f"{path}: cannot be read: {error.strerror}") from error


def _ordered(said: Iterable[Said]) -> tuple[Said, ...]:
    return tuple(sorted(said, key=lambda one: (one.start_s or 0.0, one.end_s or 0.0)))


def _channels(names: Iterable[str]) -> dict[str, int]:
    """Channel names of STM and CTM (``1``, ``A``, ``mic-bench``) → numbers in the order of their names."""
    return {name: number for number, name in enumerate(sorted(set(names)))}


def _stm(path: Path, text: str) -> list[Said]:
    """NIST's segment time marks: file, channel, speaker, begin, end, ``<labels>``, words."""
    rows: list[tuple[str, Said]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith(";;"):
            continue
        fields = line.split(None, 5)
        if len(fields) < 5:
            raise EvaluationInput(f"{path}: line {number}: file, channel, speaker, begin, end and words are wanted")
        words, language = fields[5] if len(fields) > 5 else "", None
        label, _, rest = words.partition(" ")
        if match := _LABEL.match(label):
            words = rest
            language = next((part for part in match[1].lower().split(",") if _LANGUAGE.match(part)), None)
        if (
            fields[2].lower() in ("inter_segment_gap", "excluded_region")
            or words.strip().lower() == "ignore_time_segment_in_scoring"
        ):
            raise EvaluationInput(f"{path}: line {number}: stretches left out of the scoring are not supported")
        start, end = _times(path, f"line {number}", fields[3], fields[4])
        rows.append((fields[1], Said(words.strip(), start, end, fields[2], None, language)))
    known = _channels(channel for channel, _ in rows)
    return [replace(one, channel=known[channel] if len(known) > 1 else None) for channel, one in rows]


def _ctm(path: Path, text: str) -> list[Said]:
    try:
        words = read_ctm(text)
    except ProtocolError as error:
        raise EvaluationInput(f"{path}: {error}") from error
    known = _channels(word.source for word in words)
    return [
        Said(word.text, word.start_us / 1e6, word.end_us / 1e6, None, known[word.source] if len(known) > 1 else None)
        for word in words
    ]


def _rttm(path: Path) -> tuple[Said, ...]:
    try:
        turns = read_rttm(_text(path))
    except ProtocolError as error:
        raise EvaluationInput(f"{path}: {error}") from error
    return _ordered(Said(None, turn.start_us / 1e6, turn.end_us / 1e6, turn.speaker or turn.source) for turn in turns)


def _times(path: Path, where: str, start: Any, end: Any) -> tuple[float, float]:
    try:
        found = float(start), float(end)
    except (TypeError, ValueError) as error:
        raise EvaluationInput(f"{path}: {where}: begin {start!r} and end {end!r} are to be seconds") from error
    if not (math.isfinite(found[1]) and 0 <= found[0] < found[1]):
        raise EvaluationInput(f"{path}: {where}: {found[0]:g} … {found[1]:g} s is no stretch of time")
    return found


def _json(path: Path, text: str, files: tuple[Path, ...]) -> Reference:
    try:
        data = json.loads(text)
    except ValueError as error:
        raise EvaluationInput(f"{path}: not JSON: {error}") from error
    if not isinstance(data, dict):
        raise EvaluationInput(f"{path}: an object is wanted")
    if data.get("format") == _FORMAT:
        return _transcript(path, text, files)
    unknown = set(data) - {"language", "segments", "seats"}
    if unknown or not isinstance(data.get("segments"), list):
        raise EvaluationInput(
            f"{path}: keys are segments (a list), language, seats; {', '.join(sorted(unknown)) or 'segments'} is wrong"
        )
    language = _code(path, "language", data.get("language"))
    said = [_segment(path, f"segments[{index}]", one, language) for index, one in enumerate(data["segments"])]
    seats = data.get("seats", {})
    if not isinstance(seats, dict) or not all(
        key.isdigit() and isinstance(name, str) and name for key, name in seats.items()
    ):
        raise EvaluationInput(f'{path}: seats: {{"0": "judge"}} is wanted: channel → the one person who sits there')
    timed = all(one.start_s is not None for one in said)
    return Reference(
        files, language, _ordered(said) if timed else tuple(said), (), {int(key): name for key, name in seats.items()}
    )


def _code(path: Path, where: str, value: Any) -> str | None:
    if value is not None and not (isinstance(value, str) and _LANGUAGE.match(value)):
        raise EvaluationInput(f"{path}: {where}: {value!r} is no language (kk, ru, en)")
    return value


def _segment(path: Path, where: str, one: Any, language: str | None) -> Said:
    if not isinstance(one, dict) or not isinstance(one.get("text"), str):
        raise EvaluationInput(f"{path}: {where}: an object with a text is wanted")
    if unknown := set(one) - {"text", "start", "end", "speaker", "channel", "language"}:
        raise EvaluationInput(f"{path}: {where}: unknown {', '.join(sorted(unknown))}")
    start, end = one.get("start"), one.get("end")
    if (start is None) != (end is None):
        raise EvaluationInput(f"{path}: {where}: start and end go together")
    begin, stop = (None, None) if start is None else _times(path, where, start, end)
    speaker, channel = one.get("speaker"), one.get("channel")
    if speaker is not None and not (isinstance(speaker, str) and speaker.strip()):
        raise EvaluationInput(f"{path}: {where}: speaker: {speaker!r} is no name")
    if channel is not None and not (isinstance(channel, int) and not isinstance(channel, bool) and channel >= 0):
        raise EvaluationInput(f"{path}: {where}: channel: {channel!r} is no number from 0")
    return Said(one["text"], begin, stop, speaker, channel, _code(path, where, one.get("language")) or language)


def _transcript(path: Path, text: str, files: tuple[Path, ...]) -> Reference:
    """A corrected transcript of a record: times from the start of its first take."""
    try:
        made = Transcript.from_json(text.strip().encode())
    except ProtocolError as error:
        raise EvaluationInput(f"{path}: {error}") from error
    origin = made.takes[0].start_us if made.takes else 0
    spoken = [p for p in made.passages if p.kind == "speech"]
    known = _channels(p.source for p in made.passages)
    said = [
        Said(
            " ".join(w.spoken or w.text for w in p.words), (p.start_us - origin) / 1e6, (p.end_us - origin) / 1e6,
            p.speaker or p.source, known[p.source] if len(known) > 1 else None, p.language,
        )
        for p in spoken
    ]  # fmt: skip
    return Reference(files, made.language, _ordered(said), ())
