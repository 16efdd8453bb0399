"""Which tracks the courtroom's devices give: a camera one, an audio device one for each channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

from device_config.sources import SourceSettings

#: A hole that coverage allows, µs (record format, section 7.1).
ALLOWED_HOLE_US = {"audio": 20_000, "video": 200_000}


@dataclass(frozen=True)
class Track:
    """One source of the record: a camera's picture, or one channel of an audio device.

    Attributes:
        name: the source's name in the record.
        device: name of the device that gives it.
        place: where the device is found, without a password.
    """

    name: str
    device: str
    kind: str
    media: Literal["video", "audio"]
    label: str
    place: str

    def line_data(self) -> dict[str, Any]:
        """Data of the ``source`` line."""
        return {"name": self.name, "kind": self.kind, "media": self.media, "label": self.label, "device": self.place}

    @property
    def allowed_hole_us(self) -> int:
        """How much may be missing without an explanation, µs."""
        return ALLOWED_HOLE_US[self.media]


def tracks_of(source: SourceSettings) -> tuple[Track, ...]:
    """The tracks of one device, in the order of its channels."""
    names = source.channels if source.media == "audio" and source.channels else (source.name,)
    labels = source.labels if len(source.labels) == len(names) else (source.label,) * len(names)
    return tuple(
        Track(name, source.name, source.kind, source.media, label or name, _place(source))
        for name, label in zip(names, labels, strict=True)
    )


def _place(source: SourceSettings) -> str:
    """Address, device or file name; credentials never reach a record."""
    if source.url is not None:
        parts = urlsplit(source.url)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    if source.path is not None:
        return source.path.name
    return source.device or ""
