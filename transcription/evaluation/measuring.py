"""A folder of recordings through the pipeline, and every measure of each and of all together."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from device_config.settings import SpeechSettings
from protocol.transcript import Model, Transcript
from transcription.activity import Detector
from transcription.errors import EvaluationInput
from transcription.evaluation import references
from transcription.evaluation.references import Reference, Said
from transcription.evaluation.sound import SoundRecord
from transcription.evaluation.speakers import SpeakerTime, Turn, attributed, speaker_time
from transcription.evaluation.text import comparable
from transcription.evaluation.words import Counts, Errors, aligned, units
from transcription.models import Engines
from transcription.pipeline import default_detector, transcribe

SOUNDS: Final = frozenset(
    f".{end}" for end in ("wav", "flac", "ogg", "oga", "opus", "mp3", "m4a", "mp4", "mka", "mkv", "webm", "aac", "wma")
)
#: Speech ends gently: a word that begins so close to somebody's speech was not invented.
MARGIN_S: Final = 0.5

Progress = Callable[[int, int, str], None]


@dataclass
class Silence:
    """Stretches in which nobody speaks, and the words written there."""

    seconds: float = 0.0
    words: int = 0

    @property
    def rate(self) -> float | None:
        """Invented words for each silent minute; None where nobody is ever silent."""
        return self.words * 60 / self.seconds if self.seconds else None


@dataclass(frozen=True, slots=True)
class HeardWord:
    """A word of the transcript, as it is judged.

    Attributes:
        passage: number of its passage in the transcript.
        probability_pm: the engine's, or None.
        doubt_pm: its passage's, or None.
        right: the reference has it there.
        model: that wrote it; None for a person's.
    """

    passage: int
    probability_pm: int | None
    doubt_pm: int | None
    right: bool
    model: Model | None = None


@dataclass
class Result:
    """Every measure of one recording, or of all; None where the reference does not tell what it needs.

    Attributes:
        seconds, took_s: length of the recordings, and of the pipeline's work on them without loading models.
        counts: errors of words and characters, by language and at switch points.
        by_speaker, by_speaker_and_time: cpWER and tcpWER.
        speakers: who spoke when.
        silence: invented words.
        refused: passages whose text was not believed.
        heard: words, for the calibration.
    """

    name: str
    seconds: float = 0.0
    took_s: float = 0.0
    counts: Counts = field(default_factory=Counts)
    by_speaker: Errors | None = None
    by_speaker_and_time: Errors | None = None
    speakers: SpeakerTime | None = None
    silence: Silence | None = None
    refused: int = 0
    heard: list[HeardWord] = field(default_factory=list)

    @property
    def speed(self) -> float:
        """Real-time factor: seconds of work for each second of sound."""
        return self.took_s / self.seconds if self.seconds else 0.0


@dataclass
class Recording(Result):
    """One recording: its measures, and what the page draws of it."""

    channels: int = 1
    language: str = ""
    said_turns: tuple[Turn, ...] = ()
    heard_turns: tuple[Turn, ...] = ()


@dataclass
class Evaluation:
    """What was measured.

    Attributes:
        models: that wrote words.
        recordings: in the order of their names.
        total: of all of them.
        unused: recordings without a reference, by name.
    """

    models: tuple[Model, ...]
    recordings: tuple[Recording, ...]
    total: Result
    unused: tuple[str, ...]


def found_in(folder: Path, languages: Iterable[str]) -> tuple[list[tuple[Path, Reference]], list[str]]:
    """Recordings of a folder with their references, and the names of those without one.

    Raises:
        EvaluationInput: no folder, nothing in it to measure on, or a reference that is not of its form.
    """
    if not folder.is_dir():
        raise EvaluationInput(f"{folder}: no such folder")
    known = sorted(languages)
    sounds = sorted(path for path in folder.iterdir() if path.suffix.lower() in SOUNDS and path.is_file())
    if twice := next((b for a, b in itertools.pairwise(sounds) if a.stem == b.stem), None):
        raise EvaluationInput(f"{twice}: another recording has the same name, and so the same reference")
    read = [(path, references.read(path, known)) for path in sounds]
    unused = [path.name for path, reference in read if reference is None]
    pairs = [(path, reference) for path, reference in read if reference is not None]
    if not pairs:
        raise EvaluationInput(
            f"{folder}: no recording with a reference beside it ({len(sounds)} recordings without one)"
        )
    return pairs, unused


def evaluate(
    folder: Path,
    speech: SpeechSettings,
    language: str,
    *,
    detector: Detector | None = None,
    engines: Engines | None = None,
    progress: Progress | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Evaluation:
    """Measure the pipeline on a folder.

    Args:
        folder: recordings and references, as docs/commands/evaluate.md describes.
        speech: models and their settings: what is measured.
        language: of the hearing, where the reference names none.
        detector: default: the pipeline's own.
        engines: default: those of `speech`.
        progress: called with (recordings done, recordings, name of the next).
        clock: seconds, for the real-time factor.

    Raises:
        EvaluationInput: a recording or a reference cannot be used.
    """
    kept = engines or Engines(speech)
    pairs, unused = found_in(folder, {*kept.languages, "kk", "ru", "en"})
    heard_by = detector or default_detector()
    for code in sorted({language, *(reference.language or language for _, reference in pairs)}):
        kept.for_language(code)  # loading is not counted as work
    made: list[Recording] = []
    models: list[Model] = []
    for number, (path, reference) in enumerate(pairs):
        if progress:
            progress(number, len(pairs), path.name)
        with SoundRecord(path, reference.language or language, reference.seats) as record:
            started = clock()
            transcript = transcribe(record.view, record, speech, engines=kept, detector=heard_by)
            took = clock() - started
            made.append(measured(path, reference, transcript, record.seconds, record.channels, took))
        models += [model for model in transcript.models if model not in models]
    if progress:
        progress(len(pairs), len(pairs), "")
    return Evaluation(tuple(models), tuple(made), together(made), tuple(unused))


def measured(
    path: Path, reference: Reference, transcript: Transcript, seconds: float, channels: int, took_s: float
) -> Recording:
    """Hold a transcript against its reference.

    Raises:
        EvaluationInput: the reference names a channel or a time that the recording has not.
    """
    _check(path, reference, seconds, channels)
    found = Recording(path.name, seconds, took_s, channels=channels, language=transcript.language or "")
    found.refused = sum(passage.kind == "refused" for passage in transcript.passages)
    found.heard_turns = tuple(
        Turn(p.speaker or p.source, p.start_us / 1e6, p.end_us / 1e6, p.text)
        for p in transcript.passages
        if p.kind != "gap"
    )
    found.said_turns = tuple(_turn(one) for one in reference.turns)
    if reference.said or reference.turns == ():
        _compare_words(found, reference, transcript, channels)
    if reference.timed and (reference.said or reference.turns == ()):
        found.silence = _silence(reference.said, transcript, seconds)
    if reference.turns:
        found.speakers = speaker_time(found.said_turns, found.heard_turns, seconds)
    if reference.said and all(one.speaker is not None and one.start_s is not None for one in reference.said):
        said = [_turn(one) for one in reference.said]
        heard = [
            Turn(p.speaker or p.source, w.start_us / 1e6, w.end_us / 1e6, w.spoken or w.text)
            for p in transcript.passages
            for w in p.words
        ]
        found.by_speaker = attributed(said, heard, timed=False)
        found.by_speaker_and_time = attributed(said, heard, timed=True)
    return found


def _check(path: Path, reference: Reference, seconds: float, channels: int) -> None:
    names = ", ".join(file.name for file in reference.files)
    for one in (*reference.said, *reference.turns):
        if one.channel is not None and one.channel >= channels:
            raise EvaluationInput(f"{names}: channel {one.channel}, and {path.name} has {channels} (counted from 0)")
        if one.start_s is not None and one.start_s >= seconds:
            raise EvaluationInput(f"{names}: speech at {one.start_s:g} s, and {path.name} is {seconds:.1f} s long")
    if missing := [channel for channel in reference.seats if channel >= channels]:
        raise EvaluationInput(
            f"{names}: a seat at channel {missing[0]}, and {path.name} has {channels} (counted from 0)"
        )


def _turn(one: Said) -> Turn:
    return Turn(one.speaker or "", one.start_s or 0.0, one.end_s or 0.0, one.text or "")


def _compare_words(found: Recording, reference: Reference, transcript: Transcript, channels: int) -> None:
    apart = channels > 1 and bool(reference.said) and all(one.channel is not None for one in reference.said)
    for channel in range(channels) if apart else (None,):
        said = [(one.text or "", one.language) for one in reference.said if channel in (None, one.channel)]
        heard = [
            (plain, number, word, passage.doubt_pm)
            for number, passage in enumerate(transcript.passages)
            if channel is None or passage.source == f"channel-{channel}"
            for word in passage.words
            for plain in comparable(word.spoken or word.text)
        ]
        match = aligned(units(said), [plain for plain, *_ in heard])
        found.counts.add(match.counts)
        found.heard += [
            HeardWord(
                number,
                word.probability_pm,
                doubt,
                right,
                None if word.model is None else transcript.models[word.model],
            )
            for (_, number, word, doubt), right in zip(heard, match.right, strict=True)
        ]


def _silence(said: Sequence[Said], transcript: Transcript, seconds: float) -> Silence:
    """What is left of the recording, all channels taken together."""
    spans = sorted(
        (max(0.0, (one.start_s or 0.0) - MARGIN_S), min(seconds, (one.end_s or 0.0) + MARGIN_S)) for one in said
    )
    quiet: list[tuple[float, float]] = []
    at = 0.0
    for start, end in [*spans, (seconds, seconds)]:
        if at < start:
            quiet.append((at, start))
        at = max(at, end)
    middles = [(w.start_us + w.end_us) / 2e6 for p in transcript.passages for w in p.words]
    return Silence(
        sum(end - start for start, end in quiet), sum(any(start <= at < end for start, end in quiet) for at in middles)
    )


def together(recordings: Sequence[Recording]) -> Result:
    """The measures of all recordings: errors and seconds are summed, then divided."""
    total = Result("")
    for one in recordings:
        total.seconds += one.seconds
        total.took_s += one.took_s
        total.refused += one.refused
        total.counts.add(one.counts)
        total.heard += one.heard
        total.by_speaker = _sum(total.by_speaker, one.by_speaker)
        total.by_speaker_and_time = _sum(total.by_speaker_and_time, one.by_speaker_and_time)
        if one.speakers is not None:
            total.speakers = total.speakers or SpeakerTime()
            total.speakers.add(one.speakers)
        if one.silence is not None:
            total.silence = total.silence or Silence()
            total.silence.seconds += one.silence.seconds
            total.silence.words += one.silence.words
    return total


def _sum(one: Errors | None, other: Errors | None) -> Errors | None:
    if other is None:
        return one
    whole = one or Errors()
    whole.add(other)
    return whole
