"""One device of the courtroom, as the settings name it.

A module of its own, because every capture child reads it: the library that reads settings from files and the environment costs more
time at a start than all the rest of a child, and a child that is started again must record within seconds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

#: What a stream's address may begin with. SRT is missing: the FFmpeg of PyAV's wheel is built without it.
SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps", "http", "https", "tcp", "unix")
SOURCE_NAME = r"^[a-z0-9][a-z0-9-]{0,39}$"


class SourceSettings(BaseModel):
    """One device of the courtroom: one camera, or one audio device with its channels."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=SOURCE_NAME, description="Name of the device; a camera's name is also its track's.")
    kind: Literal["camera", "microphone", "remote", "file"] = Field(description="What it is.")
    media: Literal["video", "audio"] = Field(description="What is recorded from it.")
    label: str = Field(default="", description="What people call it, for instance Judge's microphone.")
    url: str | None = Field(
        default=None,
        repr=False,
        description="Address of a stream: rtsp://…, rtmp://…, https://…, tcp://…, unix:…; name and password in it are kept secret.",
    )
    device: str | None = Field(
        default=None,
        description="Audio: PortAudio's name of a device, or /dev/snd/by-id/…. Video: a camera of this machine, /dev/v4l/by-id/….",
    )
    path: Path | None = Field(default=None, description="A media file, played at its own pace.")
    loop: bool = Field(default=False, description="Play the file again and again.")
    channels: tuple[str, ...] = Field(default=(), description="Audio: the track name of each channel, in order.")
    labels: tuple[str, ...] = Field(default=(), description="Audio: what people call each channel, in order.")
    rate: int = Field(default=48000, ge=8000, le=192000, description="Audio: samples a second asked of the device.")
    size: str = Field(
        default="1280x720", pattern=r"^[1-9]\d{1,3}x[1-9]\d{1,3}$", description="Camera of this machine: the least width and height."
    )
    fps: int = Field(default=25, ge=5, le=60, description="Camera of this machine: pictures a second.")
    encoder: Literal["auto", "h264_nvenc", "libx264"] = Field(
        default="auto",
        description="Camera of this machine without H.264 of its own: what encodes it; auto takes NVENC where it works, else libx264.",
    )
    reader: Literal["auto", "ffmpeg"] = Field(
        default="auto",
        description="Camera by RTSP: auto takes the recorder's own reader where it understands the camera, else FFmpeg (docs/capture.md, Sources).",
    )
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
        if self.url is not None:
            _check_address(self.url)
        if len(self.labels) > max(1, len(self.channels)):
            raise ValueError("there are more labels than channels")
        return self

    @property
    def tracks(self) -> tuple[str, ...]:
        """Names of its tracks, in the order of its channels."""
        return self.channels or (self.name,)


def _check_address(url: str) -> None:
    """Refuse an address that no source reads; the message never repeats it, for it may carry a password."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - asks for it to be a number
    except ValueError:
        raise ValueError("url: is no address") from None
    if parts.scheme not in SCHEMES:
        raise ValueError(f"url: begins with none of {', '.join(SCHEMES)}")
