"""A transcript as other programs read it: plain text, WebVTT, RTTM, CTM (docs/transcript-format.md, section 8).

Whatever a word or a name holds, it stays text: no line break, mark-up or control character of it takes effect in the
file. :mod:`protocol.transcript_imports` reads the last three back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Final

from protocol.encoding import utc_text
from protocol.passage import Passage
from protocol.transcript import Transcript
from protocol.voice import voice_of

#: Stands before the words of a demonstration model; escaped text cannot look like it.
DEMONSTRATION: Final = "<i>[demonstration model]</i> "
#: Who spoke is not known: this and the source, in RTTM.
UNKNOWN: Final = "unknown/"

_MS: Final = 1000
_SECOND: Final = 1_000_000
_BREAKS: Final = re.compile(r"[\t-\r\x1c-\x1f\x85\u2028\u2029 ]+")
# Control characters, and what turns the direction of the text after it: a name must not reverse the time beside it.
_HOSTILE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_NOT_IN_A_FIELD: Final = re.compile(
    r"[\s\\<>\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)


@dataclass(frozen=True, slots=True)
class Cue:
    """What one speaker said without a pause, as WebVTT has it: times in whole milliseconds of its file, `speaker` as it is shown.

    `take` and `source` are None in a file from elsewhere.
    """

    start_us: int
    end_us: int
    speaker: str | None
    text: str
    take: str | None = None
    source: str | None = None
    demonstration: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody speaks, as RTTM has it: `speaker` is the participant's id or None; `source` is known only where he is not."""

    hearing: str
    start_us: int
    end_us: int
    speaker: str | None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class TimedWord:
    """One word as CTM has it; `probability_pm` per mille or None."""

    hearing: str
    source: str
    start_us: int
    end_us: int
    text: str
    probability_pm: int | None


def origin(transcript: Transcript) -> int:
    """Where the exports count from: the start of the first take, UTC µs (0 if there is none)."""
    return min((span.start_us for span in transcript.takes), default=0)


def clean(text: str) -> str:
    """The text on one line: breaks become spaces; control characters and changes of direction become U+FFFD."""
    return _HOSTILE.sub("\ufffd", _BREAKS.sub(" ", text)).strip(" ")


def cues(transcript: Transcript, names: Mapping[str, str] | None = None, only: str | None = None) -> list[Cue]:
    """The speech as cues.

    Args:
        transcript: what is exported.
        names: participant's id → name to show; the id where it has none.
        only: id of the one speaker whose words are wanted.
    """
    zero, found = origin(transcript), []
    for passage in transcript.passages:
        if passage.kind != "speech" or only not in (None, passage.speaker):
            continue
        start = (passage.start_us - zero) // _MS * _MS
        end = -((zero - passage.end_us) // _MS) * _MS
        demonstration = any(w.model is not None and transcript.models[w.model].demonstration for w in passage.words)
        found.append(
            Cue(
                zero + start, zero + end, _name(passage.speaker, names), clean(passage.text),
                passage.take, passage.source, demonstration,
            )
        )  # fmt: skip
    return found


def webvtt(transcript: Transcript, names: Mapping[str, str] | None = None, only: str | None = None) -> str:
    """WebVTT (W3C, 2019) with a voice for each speaker; arguments as for :func:`cues`."""
    zero = origin(transcript)
    blocks = ["WEBVTT", f"NOTE {transcript.hearing}, revision {transcript.number}; 00:00 is {utc_text(zero)}"]
    for number, cue in enumerate(cues(transcript, names, only), 1):
        times = f"{_clock(cue.start_us - zero)} --> {_clock(cue.end_us - zero)}"
        voice = "" if cue.speaker is None else f"<v {escape(cue.speaker, quote=False)}>"
        text = (DEMONSTRATION if cue.demonstration else "") + escape(cue.text, quote=False)
        blocks.append(f"{number} {cue.take} {cue.source}\n{times}\n{voice}{text}")
    return "\n\n".join(blocks) + "\n"


def turns(transcript: Transcript) -> list[Turn]:
    """Who spoke when; speech in a language without a model, too."""
    spoken = (passage for passage in transcript.passages if passage.kind in ("speech", "missing_model"))
    return [
        Turn(transcript.hearing, p.start_us, p.end_us, p.speaker, p.source if p.speaker is None else None)
        for p in spoken
    ]


def rttm(transcript: Transcript) -> str:
    """RTTM (NIST, RT-09 evaluation plan, appendix A): one SPEAKER line a turn, in seconds from :func:`origin`."""
    zero, lines = origin(transcript), []
    for turn in turns(transcript):
        who = f"{UNKNOWN}{turn.source}" if turn.speaker is None else _speaker_field(turn.speaker)
        times = f"{_seconds(turn.start_us - zero)} {_seconds(turn.end_us - turn.start_us)}"
        lines.append(f"SPEAKER {turn.hearing} 1 {times} <NA> <NA> {who} <NA> <NA>\n")
    return "".join(lines)


def timed_words(transcript: Transcript) -> list[TimedWord]:
    """The words by source, then by time, as scoring programs want them."""
    found = [
        TimedWord(transcript.hearing, p.source, w.start_us, w.end_us, w.text, w.probability_pm)
        for p in transcript.passages
        for w in p.words
    ]
    return sorted(found, key=lambda word: (word.source, word.start_us))


def ctm(transcript: Transcript) -> str:
    """CTM (NIST, sclite): hearing, source as channel, seconds from :func:`origin`, word, and its probability where there is one."""
    zero, lines = origin(transcript), []
    for word in timed_words(transcript):
        times = f"{_seconds(word.start_us - zero)} {_seconds(word.end_us - word.start_us)}"
        sure = "" if word.probability_pm is None else f" {word.probability_pm // 1000}.{word.probability_pm % 1000:03d}"
        lines.append(f"{word.hearing} {word.source} {times} {field(word.text)}{sure}\n")
    return "".join(lines)


def text(transcript: Transcript, names: Mapping[str, str] | None = None) -> str:
    """Plain text for reading: a head that says what it is, then one line a passage with its time from :func:`origin`."""
    zero = origin(transcript)
    lines = [*_head(transcript), ""]
    for passage in transcript.passages:
        who = _name(passage.speaker, names) or passage.source
        lines.append(f"[{_clock(passage.start_us - zero)[:-4]}] {who}: {clean(passage.text) or _absence(passage)}")
    return "\n".join(lines) + "\n"


def _head(transcript: Transcript) -> Iterator[str]:
    based = "" if transcript.based_on is None else f", edited by hand from revision {transcript.based_on}"
    yield f"Hearing {transcript.hearing}, {transcript.publicity} takes: transcript, revision {transcript.number}{based}"
    yield f"00:00:00 is {utc_text(origin(transcript))}"
    yield "The recording is the protocol: listen before you rely on a word."
    if transcript.demonstration:
        yield "A demonstration model wrote words of this text. It is not fit for court."
    for missing in transcript.missing:
        yield f"No model for {missing.language}: {clean(missing.advice_en)}"


def _absence(passage: Passage) -> str:
    if passage.kind == "missing_model":
        return f"(speech; no model for {passage.language})"
    said = "not recorded" if passage.kind == "gap" else "no words"
    return f"({said}: {passage.reason})"


def _name(speaker: str | None, names: Mapping[str, str] | None) -> str | None:
    if speaker is None:
        return None
    voice = voice_of(speaker)
    told = f"voice {voice.number}, {voice.source}" if voice else speaker
    return clean((names or {}).get(speaker) or "") or clean(told)


def field(value: str) -> str:
    r"""The text as one field of RTTM or CTM: white space, ``\ < >``, control and direction characters as ``\uXXXX`` or ``\UXXXXXXXX``."""
    return _NOT_IN_A_FIELD.sub(lambda found: _escaped(found[0]), value)


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _speaker_field(speaker: str) -> str:
    """A speaker who is called like an unknown one is told apart by the form of the first letter."""
    return _escaped(speaker[0]) + field(speaker[1:]) if speaker.startswith(UNKNOWN) else field(speaker)


def _seconds(us: int) -> str:
    return f"{us // _SECOND}.{us % _SECOND:06d}"


def _clock(us: int) -> str:
    """``HH:MM:SS.mmm``."""
    ms = us // _MS
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"
