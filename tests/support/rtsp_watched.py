"""A stream read in a thread of this process until it has given enough, or has failed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import structlog

from recorder.errors import CaptureError
from recorder.packets import Picture
from recorder.sources.base import Opened, PictureGroup
from recorder.sources.video import StreamVideo

ENOUGH = 30  # pictures


class Watched:
    """A source that is read until it has given so many pictures, or has failed."""

    def __init__(
        self, url: str, enough: int = ENOUGH, reader: Any = "auto", until: Callable[[], bool] = lambda: True
    ) -> None:
        self.opened: Opened | None = None
        self.pictures: list[Picture] = []
        self.error: CaptureError | None = None
        self._enough, self._source, self._until = enough, StreamVideo("cam", url, reader), until
        with structlog.testing.capture_logs() as self.logs:
            thread = threading.Thread(target=self._run)
            thread.start()
            thread.join(60)
            assert not thread.is_alive()

    @property
    def own(self) -> bool:
        """Whether it was read without FFmpeg."""
        return not any(line["action"] == "reader_ffmpeg" for line in self.logs)

    def _run(self) -> None:
        try:
            self._source.run(self._put)
        except CaptureError as error:
            self.error = error

    def _put(self, item: Any) -> None:
        if isinstance(item, Opened):
            self.opened = item
        if isinstance(item, PictureGroup):
            self.pictures += item.pictures
        if len(self.pictures) >= self._enough and self._until():
            self._source.stop()
