"""Completeness and quality of a recording, for the presiding judge (УПК 347-1(2-1)): what was measured, and what falls short of the profile.

::

    journal ── view ──┐
                      ├──► report(view, sounds, profile) ──► Report: per source figures, shortcomings by code ──► the judge decides
    media ── Sound ───┘    (recorder.quality_reading decodes, in a process of its own)

Values only. The profile (docs/quality.md) is a file with a name, a version, the order it stands for and its date; no number of it stands
in the program. Levels are hundredths of dB; 0 cdB is full scale.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from protocol.hearing import Segment
from protocol.view import HearingView
from recorder.errors import RecorderError
from recorder.levels import SILENCE_CDB, cdb

SHIPPED: Final = Path(__file__).parent / "templates" / "requirements-profile.toml"
#: Levels are taken over stretches of this length, s: shorter than a syllable's pause, longer than a period of any voice.
FRAME_S: Final = 0.05
#: What is loud: one stretch in ten is louder; what is quiet: one in ten is quieter. Digital silence counts as neither.
_LOUD, _QUIET = 90, 10
#: So many samples in a row at full scale are a cut top; a single one may be a peak that just fits.
_RUN: Final = 3


class BadProfile(RecorderError):
    """The requirements profile cannot be read."""

    code = "bad-profile"
    exit_status = 78  # EX_CONFIG
    advice = "Correct the named file by docs/quality.md, or remove it: then the shipped profile is used."


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AudioProfile(_Part):
    """What is required of a microphone."""

    codecs: tuple[str, ...]
    rate_min: int
    level_min_cdb: int
    snr_min_cdb: int
    clipped_max_ppm: int


class VideoProfile(_Part):
    """What is required of a camera."""

    codecs: tuple[str, ...]
    fps_min: float


class RecordProfile(_Part):
    """What is required of every source."""

    missing_max_pm: int
    sync_max_ms: int


class Profile(_Part):
    """A requirements profile («норматив-профиль»): its name stands in every report made by it."""

    name: str = Field(min_length=1, max_length=200)
    version: int = Field(ge=1)
    order: str = Field(default="", max_length=300)
    date: str = Field(default="", max_length=40)
    audio: AudioProfile
    video: VideoProfile
    record: RecordProfile


def read_profile(path: Path = SHIPPED) -> Profile:
    """A profile from its TOML file.

    Raises:
        BadProfile: it cannot be read, or lacks something.
    """
    try:
        return Profile.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise BadProfile(f"{path}: {error}") from error


@dataclass(frozen=True)
class Sound:
    """One microphone over all its files.

    Attributes:
        seconds: of media.
        peak_cdb: the loudest sample.
        loud_cdb, quiet_cdb: RMS of what is loud, and of what is quiet; :data:`SILENCE_CDB` where there is nothing.
        clipped_ppm: samples in cut tops, of a million.
        silent_s: digital silence, which no microphone that is switched on gives.
    """

    seconds: float
    peak_cdb: int
    loud_cdb: int
    quiet_cdb: int
    clipped_ppm: int
    silent_s: float

    @property
    def snr_cdb(self) -> int:
        """Signal to noise: from quiet to loud."""
        return self.loud_cdb - self.quiet_cdb


class SoundMeter:
    """Takes the samples of one microphone, in pieces of any size.

    Args:
        rate: samples a second.
    """

    def __init__(self, rate: int) -> None:
        self._frame = max(1, round(rate * FRAME_S))
        self._rate = rate
        self._rest = np.zeros(0, dtype=np.float32)
        self._levels: list[NDArray[np.float32]] = []
        self._peak = 0.0
        self._clipped = self._samples = 0

    def add(self, samples: NDArray[np.float32]) -> None:
        """Samples from -1 to 1, one axis."""
        if not samples.size:
            return
        self._samples += samples.size
        self._peak = max(self._peak, float(np.abs(samples).max()))
        self._clipped += _in_runs(np.abs(samples) >= 0.9999)
        together = np.concatenate((self._rest, samples))
        whole = together.size // self._frame * self._frame
        if whole:
            frames = together[:whole].reshape(-1, self._frame).astype(np.float64)
            self._levels.append(np.sqrt(np.square(frames).mean(axis=1)).astype(np.float32))
        self._rest = together[whole:]

    @property
    def sound(self) -> Sound:
        """What was measured."""
        levels = np.concatenate(self._levels) if self._levels else np.zeros(0, dtype=np.float32)
        heard = levels[levels > 0]
        loud, quiet = (
            (float(np.percentile(heard, _LOUD)), float(np.percentile(heard, _QUIET))) if heard.size else (0.0, 0.0)
        )
        return Sound(
            seconds=round(self._samples / self._rate, 3),
            peak_cdb=cdb(self._peak),
            loud_cdb=cdb(loud),
            quiet_cdb=cdb(quiet),
            clipped_ppm=round(1_000_000 * self._clipped / self._samples) if self._samples else 0,
            silent_s=round(float(levels.size - heard.size) * FRAME_S, 2),
        )


def _in_runs(full: NDArray[np.bool_]) -> int:
    """How many stand in runs of at least :data:`_RUN`."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], full, [False])).astype(np.int8)))
    lengths = edges[1::2] - edges[::2]
    return int(lengths[lengths >= _RUN].sum())


@dataclass(frozen=True)
class SourceQuality:
    """One source of the hearing.

    Attributes:
        recorded_s, owed_s: what is there, and how long the takes were that it belonged to.
        missing_s: what the journal's gaps name.
        drift_ms: most that the media of a segment differs in length from its place on the hearing's clock.
        unread: segments that did not read back as they were captured.
        sound: of a microphone; None for a camera, or where nothing could be decoded.
        fps: of a camera.
        short: what falls short of the profile, by code.
    """

    source: str
    media: str
    label: str
    codec: str
    rate: int
    recorded_s: float
    owed_s: float
    missing_s: float
    drift_ms: float
    unread: int
    sound: Sound | None
    fps: float | None
    short: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """The whole of it; ``good``: nothing falls short."""

    hearing: str
    profile: Profile
    sources: tuple[SourceQuality, ...]

    @property
    def good(self) -> bool:
        """Whether nothing falls short."""
        return all(not source.short for source in self.sources)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        profile = self.profile.model_dump(mode="json")
        rows = [
            {**asdict(one), "short": list(one.short), "snr_cdb": one.sound.snr_cdb if one.sound else None}
            for one in self.sources
        ]
        return {"hearing": self.hearing, "good": self.good, "profile": profile, "sources": rows}


def report(view: HearingView, sounds: Mapping[str, Sound], profile: Profile) -> Report:
    """The report on a hearing.

    Args:
        view: what its journal says.
        sounds: by microphone, what its files say.
        profile: what is required.
    """
    names = dict.fromkeys(
        [*(s.source for s in view.segments), *(name for take in view.takes.values() for name in take.sources)]
    )
    return Report(view.hearing, profile, tuple(_source(view, name, sounds.get(name), profile) for name in names))


def _source(view: HearingView, name: str, sound: Sound | None, profile: Profile) -> SourceQuality:
    segments = [segment for segment in view.segments if segment.source == name]
    known = view.sources.get(name)
    takes = [take for take in view.takes.values() if name in take.sources and take.end_us is not None]
    missing = sum(i.to_us - i.from_us for gap in view.gaps for i in gap.intervals if i.source == name)
    media = segments[0].media if segments else (known.media if known else "audio")
    length_us = sum(segment.length_us for segment in segments)
    found = SourceQuality(
        source=name,
        media=media,
        label=(known.label if known else "") or name,
        codec=segments[0].codec if segments else "",
        rate=segments[0].rate if segments else 0,
        recorded_s=round(length_us / 1e6, 3),
        owed_s=round(sum((take.end_us or 0) - take.start_us for take in takes) / 1e6, 3),
        missing_s=round(missing / 1e6, 3),
        drift_ms=max((abs(s.end_us - s.start_us - s.length_us) / 1000 for s in segments), default=0.0),
        unread=sum(
            item.source == name and item.code in ("readback-differs", "readback-failed") for item in view.findings
        ),
        sound=sound,
        fps=round(sum(s.units for s in segments) * 1e6 / length_us, 2) if media == "video" and length_us else None,
        short=(),
    )
    return SourceQuality(**{**vars(found), "short": tuple(_short(found, segments, profile))})


def _short(found: SourceQuality, segments: Sequence[Segment], profile: Profile) -> Iterator[str]:
    if not segments:
        yield "nothing-recorded"
        return
    if found.missing_s * 1000 > profile.record.missing_max_pm * found.owed_s:
        yield "missing"
    if found.drift_ms > profile.record.sync_max_ms:
        yield "sync"
    if found.unread:
        yield "unread"
    codecs = {segment.codec for segment in segments}
    if found.media == "video":
        yield from _picture_short(found, codecs, profile.video)
    else:
        yield from _sound_short(found, codecs, profile.audio)


def _picture_short(found: SourceQuality, codecs: set[str], profile: VideoProfile) -> Iterator[str]:
    if not codecs <= set(profile.codecs):
        yield "codec"
    if found.fps is not None and found.fps < profile.fps_min:
        yield "fps"


def _sound_short(found: SourceQuality, codecs: set[str], profile: AudioProfile) -> Iterator[str]:
    if not codecs <= set(profile.codecs):
        yield "codec"
    if found.rate < profile.rate_min:
        yield "rate"
    if found.sound is None:
        yield "undecoded"
        return
    if found.sound.loud_cdb <= SILENCE_CDB:
        yield "silent"
        return
    if found.sound.loud_cdb < profile.level_min_cdb:
        yield "quiet"
    if found.sound.snr_cdb < profile.snr_min_cdb:
        yield "noise"
    if found.sound.clipped_ppm > profile.clipped_max_ppm:
        yield "clipped"
