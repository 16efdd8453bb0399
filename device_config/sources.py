"""One device of the courtroom, as the settings name it.

A module of its own, because every capture child reads it: the library that reads settings from files and the environment costs more
time at a start than all the rest of a child, and a child that is started again must record within seconds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

SOURCE_NAME = r"^[a-z0-9][a-z0-9-]{0,39}$"


class SourceSettings(BaseModel):
    """One device of the courtroom: one camera, or one audio device with its channels."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=SOURCE_NAME, description="Name of the device; a camera's name is also its track's.")
    kind: Literal["camera", "microphone", "remote", "file"] = Field(description="What it is.")
    media: Literal["video", "audio"] = Field(description="What is recorded from it.")
    label: str = Field(default="", description="What people call it, for instance Judge's microphone.")
    url: str | None = Field(default=None, description="Address of a stream: rtsp://…, tcp://…, unix:….")
    device: str | None = Field(default=None, description="Name of an audio device as PortAudio knows it, or /dev/video0.")
    path: Path | None = Field(default=None, description="A media file, played at its own pace.")
    loop: bool = Field(default=False, description="Play the file again and again.")
    channels: tuple[str, ...] = Field(default=(), description="Audio: the track name of each channel, in order.")
    labels: tuple[str, ...] = Field(default=(), description="Audio: what people call each channel, in order.")
    rate: int = Field(default=48000, ge=8000, le=192000, description="Audio: samples a second asked of the device.")
    delay_ms: int = Field(
        default=0,
        ge=-1000,
        le=5000,
        description="What it gives comes so much later than it happened, ms (docs/capture.md, Time).",
    )
    sender_time: bool = Field(
        default=True, description="Whether a stream's own reports of time (RTCP) are used where they can be believed."
    )

    @model_validator(mode="after")
    def _check_reachable(self) -> Self:
        """A source that says nowhere, or two places, where its data come from would fail when a hearing is to begin."""
        if sum(place is not None for place in (self.url, self.device, self.path)) != 1:
            raise ValueError("give one of url, device and path")
        if len(self.labels) > max(1, len(self.channels)):
            raise ValueError("there are more labels than channels")
        return self

    @property
    def tracks(self) -> tuple[str, ...]:
        """Names of its tracks, in the order of its channels."""
        return self.channels or (self.name,)
