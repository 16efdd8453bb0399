"""What a capture child is told, and the one queue in which commands and media wait in the order in which they came."""

from __future__ import annotations

import queue
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, TypeAdapter, ValidationError, model_validator

from device_config.sources import SourceSettings
from protocol.encoding import TAKE
from recorder.errors import BadCaptureConfig, CaptureBehind, CaptureError
from recorder.sources.base import Item, PictureGroup, PictureItem, SoundBlock

# Media waiting for a disk that does not answer: about five minutes of eight channels, or of a camera of 6 Mbit/s.
MOST_WAITING_BYTES = 256 * 2**20


class CaptureConfig(BaseModel):
    """First line of standard input."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    source: SourceSettings
    record: Path | None = None
    offset_us: int
    segment_s: float = Field(default=10.0, gt=0, le=20)
    preview: Path | None = None
    preview_key: SecretStr | None = None  # pictures to look at are encrypted with it, base64
    wait: bool = False  # for a device that is not there


class Begin(BaseModel):
    """Write segments from now."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    do: Literal["begin"]
    take: str = Field(pattern=TAKE.pattern.replace(r"\Z", "$"))
    folder: Path | None = None
    publicity: Literal["open", "closed"] = "open"
    key: SecretStr | None = None  # of a closed take, base64; shown in no log

    @model_validator(mode="after")
    def _check_key(self) -> Self:
        """A closed take is never written in the clear, whatever was forgotten to be sent."""
        if (self.publicity == "closed") != (self.key is not None):
            raise ValueError("a closed take has a key, an open one has none")
        return self


class End(BaseModel):
    """Close all segments."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    do: Literal["end"]


class Quit(BaseModel):
    """Close all segments and leave."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    do: Literal["quit"]


Command = Begin | End | Quit
_COMMAND: TypeAdapter[Command] = TypeAdapter(Command)


def parse_config(line: bytes) -> CaptureConfig:
    """First line of standard input.

    Raises:
        BadCaptureConfig: no configuration.
    """
    try:
        return CaptureConfig.model_validate_json(line)
    except ValidationError as error:
        raise BadCaptureConfig(_told(error)) from error


def parse_command(line: bytes) -> Command:
    """Any later line.

    Raises:
        BadCaptureConfig: no command of this child's.
    """
    try:
        return _COMMAND.validate_json(line)
    except ValidationError as error:
        raise BadCaptureConfig(_told(error)) from error


def _told(error: ValidationError) -> str:
    """Which settings are wrong; never their values, which may carry a password."""
    return "; ".join(f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors())


class Inbox:
    """Items and commands in the order in which they came. ``put`` may be called from any thread and from a signal handler."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Item | Command | CaptureError] = queue.SimpleQueue()
        self._in = self._out = 0  # bytes; each counted by one thread only
        self._full = False

    def put(self, item: Item | Command | CaptureError) -> None:
        """Add; once the main thread is too far behind, media is dropped and the child fails for it."""
        self._in += _weight(item)
        if self._in - self._out > MOST_WAITING_BYTES:
            if not self._full:
                self._queue.put(CaptureBehind(f"{MOST_WAITING_BYTES >> 20} MiB of media wait for the disk"))
            self._full = True
            return
        self._queue.put(item)

    def get(self, timeout_s: float) -> Item | Command | CaptureError | None:
        """Next one; None when nothing came in time."""
        try:
            item = self._queue.get(timeout=max(0.0, timeout_s))
        except queue.Empty:
            return None
        self._out += _weight(item)
        return item


def _weight(item: Item | Command | CaptureError) -> int:
    if isinstance(item, SoundBlock):
        return item.samples.nbytes
    if isinstance(item, PictureGroup):
        return sum(len(picture.data) for picture in item.pictures)
    return len(item.picture.data) if isinstance(item, PictureItem) else 0
