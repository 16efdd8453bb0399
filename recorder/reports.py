"""What a capture child tells the daemon: one JSON object a line (docs/architecture.md, "Capture child").

The child is another process, so its lines are checked as they come in: a line that does not fit counts as a failure of
the child, never as something to pass over.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

#: Path of a segment: media/<take>/<source>/<number>.mp4, with ``.enc`` when it is encrypted.
SEGMENT_PATH = r"^media/T[0-9]{2,4}/[a-z0-9][a-z0-9-]{0,39}/[0-9]{4,}\.mp4(\.enc)?$"


class _Report(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class ReadyTrack(_Report):
    """One track that the device gives."""

    source: str
    media: Literal["video", "audio"]
    codec: str
    rate: int
    given: str = ""
    encoder: str = ""


class Ready(_Report):
    """The device is open and gives data."""

    report: Literal["ready"]
    tracks: list[ReadyTrack]


class First(_Report):
    """The first bytes of a track in a take are on disk."""

    report: Literal["first"]
    source: str
    take: str
    start_us: int


class ProgressTrack(_Report):
    """An open segment: ``sha256`` is of its first ``bytes`` bytes, all of them synced."""

    path: str = Field(pattern=SEGMENT_PATH)
    bytes: int
    sha256: str
    end_us: int


class Progress(_Report):
    """Every second while recording."""

    report: Literal["progress"]
    tracks: list[ProgressTrack]


class Closed(_Report):
    """A closed segment, with all keys of the journal's ``segment`` line but ``publicity``."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)

    report: Literal["closed"]
    path: str = Field(pattern=SEGMENT_PATH)
    take: str
    source: str
    number: int
    bytes: int
    sha256: str
    start_us: int
    end_us: int
    media: Literal["video", "audio"]
    codec: str
    rate: int
    units: int
    fragments: int
    closed: Literal["roll", "stop", "lost", "recovered"]
    peak_cdb: int | None
    rms_cdb: int | None

    def line_data(self, publicity: str, key: str | None = None) -> dict[str, Any]:
        """Data of the ``segment`` line; ``key``: name of a closed take's key."""
        data = {**self.model_dump(exclude={"report"}), "publicity": publicity}
        return data if key is None else {**data, "key": key}


class Level(_Report):
    """Every 100 ms: peak and RMS of each sound track in hundredths of a dB of full scale (recorder.levels)."""

    report: Literal["level"]
    levels: dict[str, tuple[int, int]] = Field(strict=False)


class SoundSecond(_Report):
    """One second of one sound track (recorder.health.sound_facts)."""

    clipped: int
    dc_cdb: int
    hum_cdb: int
    flat: bool


class Sound(_Report):
    """Every second: what each sound track measured beside its levels."""

    report: Literal["sound"]
    sources: dict[str, SoundSecond]


class Alive(_Report):
    """Every second: bytes (or samples) that came in since the device was opened, time of the last."""

    report: Literal["alive"]
    bytes: int
    last_us: int | None


class Absent(_Report):
    """The device is not there; the child tries again, about twice a second."""

    report: Literal["absent"]
    code: str
    cause: str


class Behind(_Report):
    """The encoder of a camera cannot keep up: pictures left out before it since the last such report.

    ``stride``: of how many pictures one is encoded now.
    """

    report: Literal["behind"]
    source: str
    pictures: int
    stride: int


class Ended(_Report):
    """All segments of the take are closed."""

    report: Literal["ended"]


class Failed(_Report):
    """The child gives up and exits."""

    report: Literal["failed"]
    code: str
    cause: str
    advice: str


Report = Annotated[
    Ready | First | Progress | Closed | Level | Sound | Alive | Absent | Behind | Ended | Failed,
    Field(discriminator="report"),
]
_ADAPTER: TypeAdapter[Report] = TypeAdapter(Report)


def parse_report(line: bytes) -> Report:
    """One line of a child.

    Raises:
        ValueError: not a report (pydantic's ValidationError is one).
    """
    return _ADAPTER.validate_json(line)
