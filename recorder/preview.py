"""The last key frame of a camera as a tiny file, for whoever makes the preview: the child itself never decodes video."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import av
from av.packet import Packet
from av.video.stream import VideoStream

from protocol.encoding import unb64
from recorder.packets import Picture
from recorder.preview_file import hidden
from recorder.sources.base import byte_stream_codec, time_base

EVERY_US = 900_000


class Preview:
    """Writes key frames, about one a second, each replacing the one before.

    Args:
        path: the file, which FFmpeg opens and which holds one picture: a byte stream of H.264 or H.265 as it came, else an MP4; beside
            it a temporary one. Not evidence: it is not synced.
        template: the stream of the pictures.
        key: base64 of 32 bytes, with which it is encrypted; None: in the clear.
    """

    def __init__(self, path: Path, template: VideoStream, key: str | None = None) -> None:
        self._key = unb64(key, 32) if key is not None else None
        self._path, self._template = path, template
        self._new = path.with_name(path.name + ".new")
        # A byte stream needs no container, only its parameter sets: a muxer for each picture costs as much as the picture's recording.
        self._sets = bytes(template.codec_context.extradata or b"") if byte_stream_codec(template) else None
        self._last_us: int | None = None

    def show(self, picture: Picture) -> None:
        """Write ``picture`` if it is a key frame and its time has come.

        Raises:
            OSError: the file cannot be written.
        """
        if not picture.key or (self._last_us is not None and picture.arrival_us - self._last_us < EVERY_US):
            return
        if self._last_us is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        self._last_us = picture.arrival_us
        data = one_picture(picture, self._template) if self._sets is None else self._sets + picture.data
        self._new.write_bytes(data if self._key is None else hidden(data, self._key, self._path.name))
        self._new.replace(self._path)


def one_picture(picture: Picture, template: VideoStream) -> bytes:
    """An MP4 with this one picture."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream_from_template(template)
        packet: Packet[Any] = picture.packet(time_base(template))
        packet.dts = packet.pts = 0
        packet.stream = stream
        container.mux(packet)
    return file.getvalue()
