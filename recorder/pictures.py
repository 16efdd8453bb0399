"""Pictures of the cameras for the page: last key frames, decoded outside capture children and daemon.

``python -m recorder.pictures FOLDER`` runs at the lowest priority, looks once a second for ``*.key`` files that changed
(recorder.preview writes them), puts a JPEG beside each and measures it: ``{"source", "facts"}`` (recorder.health.picture_facts)
goes to standard output, one JSON object a line. It ends when its standard input ends.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import secrets
import select
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from protocol.encoding import b64, unb64
from protocol.errors import Closed
from recorder.health.facts import PictureFacts
from recorder.preview_file import hidden, shown

if TYPE_CHECKING:
    from PIL.Image import Image

    from recorder.health.picture_facts import Grey

PICTURES: tuple[str, ...] = (sys.executable, "-m", "recorder.pictures")
WIDTH = 640
_log = structlog.get_logger(__name__)


class Pictures:
    """Keeps the worker alive and hands out what it made.

    The files are encrypted with a key that nobody keeps: the folder may lie on a disk, and a part in camera leaves no picture there. It goes to the capture children
    and to the worker over their standard inputs.

    Args:
        folder: where the key frames lie; made if needed.
        command: the worker.
        measured: called in the event loop with each key frame's source and facts.
    """

    def __init__(
        self,
        folder: Path,
        command: Sequence[str] = PICTURES,
        measured: Callable[[str, PictureFacts], None] = lambda _source, _facts: None,
    ) -> None:
        self.folder = folder
        self.key = secrets.token_bytes(32)
        self._command = command
        self._measured = measured
        self._process: Process | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; pictures of an earlier life are removed."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.clear()
        self._task = asyncio.create_task(self._keep(), name="pictures")

    def clear(self) -> None:
        """Remove all pictures: what a closed camera last saw is not shown."""
        for path in self.folder.glob("*"):
            path.unlink(missing_ok=True)

    def forget(self, source: str) -> None:
        """Remove the picture of one camera."""
        for path in self.folder.glob(f"{source}.*"):
            path.unlink(missing_ok=True)

    def read(self, source: str) -> bytes | None:
        """The last picture of a camera as JPEG; None when there is none."""
        path = self.folder / f"{source}.jpg"
        try:
            return shown(path.read_bytes(), self.key, path.name)
        except (OSError, Closed):
            return None

    async def close(self) -> None:
        """End the worker."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        process = self._process
        if process is not None and process.returncode is None:
            process.kill()
        if process is not None:
            await process.wait()

    async def _keep(self) -> None:
        wait = 1.0
        while True:
            self._process = await asyncio.create_subprocess_exec(*self._command, str(self.folder), stdin=PIPE, stdout=PIPE)
            if self._process.stdin is not None:
                self._process.stdin.write(b64(self.key).encode() + b"\n")
            await self._hear(self._process)
            status = await self._process.wait()
            _log.warning("pictures_worker_ended", action="restart", status=status)
            await asyncio.sleep(wait)
            wait = min(wait * 2, 60.0)


    async def _hear(self, process: Process) -> None:
        """Pass on what the worker measured, to its end."""
        assert process.stdout is not None  # noqa: S101 - opened with a pipe
        while line := await process.stdout.readline():
            try:
                found = json.loads(line)
                self._measured(str(found["source"]), PictureFacts(**found["facts"]))
            except (ValueError, KeyError, TypeError) as error:
                _log.warning("picture_not_measured", action="skip", error=f"{type(error).__name__}: {error}")


def first_picture(data: bytes) -> Image:
    """First picture of a video file.

    Raises:
        av.FFmpegError: it cannot be decoded.
        StopIteration: it holds no picture.
    """
    import av

    with av.open(io.BytesIO(data), "r") as container:
        return next(container.decode(container.streams.video[0])).to_image()  # type: ignore[no-untyped-call,no-any-return]


def to_jpeg(image: Image, width: int = WIDTH) -> bytes:
    """A picture as JPEG, ``width`` pixels wide; its height follows."""
    small = image.copy()
    small.thumbnail((width, width * 3))
    out = io.BytesIO()
    small.save(out, "JPEG", quality=75)
    return out.getvalue()


@dataclass
class Seen:
    """What of a camera was seen last: when its key frame was written (ns), and the frame itself, thinned out and grey."""

    changed: dict[Path, int] = field(default_factory=dict)
    grey: dict[Path, Grey] = field(default_factory=dict)


def convert(folder: Path, seen: Seen, tell: Callable[[str, PictureFacts], None], key: bytes) -> None:
    """Make JPEGs of the key frames that changed since ``seen``, and measure them; both are encrypted with ``key``."""
    import av
    import numpy as np

    from recorder.health.picture_facts import measure, thinned

    for path in folder.glob("*.key"):
        try:
            changed = path.stat().st_mtime_ns
            if seen.changed.get(path) == changed:
                continue
            seen.changed[path] = changed
            image = first_picture(shown(path.read_bytes(), key, path.name))
            temporary, made = path.with_suffix(".jpg.new"), path.with_suffix(".jpg")
            temporary.write_bytes(hidden(to_jpeg(image), key, made.name))
            temporary.replace(made)
            grey = thinned(np.asarray(image.convert("L")))
            tell(path.stem, measure(grey, seen.grey.get(path)))
            seen.grey[path] = grey
        except (av.FFmpegError, OSError, StopIteration, IndexError, ValueError, Closed) as error:
            _log.warning("no_picture", action="skip", path=path.name, error=f"{type(error).__name__}: {error}")


def _say(source: str, facts: PictureFacts) -> None:
    sys.stdout.write(json.dumps({"source": source, "facts": facts.to_json()}) + "\n")
    sys.stdout.flush()


def _first_line(fd: int) -> str:
    """By os.read: a reader of Python's would take more, and `select` would wait for what is read already."""
    line = b""
    while not line.endswith(b"\n") and (byte := os.read(fd, 1)):
        line += byte
    return line.decode().strip()


def main() -> int:
    """Convert until standard input ends."""
    os.nice(19)  # before anything is loaded: capture children may be starting
    import av

    av.logging.set_level(None)
    # The log goes to standard error: standard output is what the daemon reads.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    folder, seen, key = Path(sys.argv[1]), Seen(), unb64(_first_line(sys.stdin.fileno()), 32)
    with suppress(KeyboardInterrupt):
        while not select.select([sys.stdin], [], [], 1.0)[0]:
            convert(folder, seen, _say, key)
    return 0


if __name__ == "__main__":
    sys.exit(main())
