"""What the daemon says of itself: the body of ``GET /v1/status`` (docs/architecture.md)."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from protocol.hearing import State


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class SourceStatus(_Model):
    """One source: a camera, or one microphone.

    ``peak_cdb`` and ``rms_cdb`` are hundredths of dBFS, None when unknown; ``bytes`` are those of the running take that are
    known to be on the disk; ``last_us`` is the end of what is on the disk, UTC µs.
    """

    name: str
    kind: str
    media: Literal["video", "audio"]
    label: str
    state: Literal["absent", "ready", "recording", "lost"]
    peak_cdb: int | None = None
    rms_cdb: int | None = None
    bytes: int = 0
    last_us: int | None = None


class FindingStatus(_Model):
    """Something that is wrong at present (recorder.findings)."""

    code: str
    severity: Literal["warning", "error"]
    source: str | None
    start_us: int
    end_us: int | None = None
    detail: str = ""
    advice: str = ""


class ClockStatus(_Model):
    """The hearing's clock (record format, section 4.1)."""

    boot: str
    offset_us: int
    synchronized: bool
    ntp_offset_us: int | None
    now_us: int


class SpeechStatus(_Model):
    """How far the draft of the hearing's words is: every voice before ``up_to_us`` was dealt with; that was ``behind_ms`` ago when it was told."""

    behind_ms: int
    up_to_us: int


class SendingStatus(_Model):
    """How far a record is on its way to the archive, as the uploader told it at ``told_us`` (UTC µs).

    ``lag_s``: how long ago the oldest sound or picture that was not sent was captured; ``kept``: files that cannot be sent as they
    are; ``silent_since_us``: since when the archive does not answer; ``refused``: it does not take the record.
    """

    left_bytes: int
    lag_s: int
    kept: int
    silent_since_us: int | None
    refused: bool
    told_us: int


class Status(_Model):
    """The daemon's state.

    Attributes:
        state: of the current hearing; None when there is none.
        hearing: its identifier.
        take: the running take, or None.
        recording: bytes of every microphone reached the disk within the last 3 s. Nothing else makes it true.
        since_us: start of the running take, UTC µs.
        missing_models: languages (kk, ru) without a speech model on this box.
        publicity: of the current hearing now: closed is in camera.
        speech: of the draft of words, in ``GET /v1/status`` only; None where nobody writes one.
        sending: by hearing, in ``GET /v1/status`` only: what the uploader told in the last 90 s.
    """

    state: State | None = None
    hearing: str | None = None
    take: str | None = None
    recording: bool = False
    sources: tuple[SourceStatus, ...] = ()
    findings: tuple[FindingStatus, ...] = ()
    clock: ClockStatus
    since_us: int | None = None
    missing_models: tuple[str, ...] = ()
    speech: SpeechStatus | None = None
    sending: dict[str, SendingStatus] = {}
    publicity: Literal["open", "closed"] = "open"
