"""Pictures of the cameras for the page: last key frames, decoded outside capture children and daemon.

``python -m recorder.pictures FOLDER`` runs at the lowest priority, looks once a second for ``*.key`` files that changed
(recorder.preview writes them), and puts a JPEG beside each. It ends when its standard input ends.
"""

from __future__ import annotations

import asyncio
import io
import os
import select
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import structlog

PICTURES: tuple[str, ...] = (sys.executable, "-m", "recorder.pictures")
WIDTH = 640
_log = structlog.get_logger(__name__)


class Pictures:
    """Keeps the worker alive and hands out what it made.

    Args:
        folder: where the key frames lie; made if needed.
        command: the worker.
    """

    def __init__(self, folder: Path, command: Sequence[str] = PICTURES) -> None:
        self.folder = folder
        self._command = command
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

    def read(self, source: str) -> bytes | None:
        """The last picture of a camera as JPEG; None when there is none."""
        try:
            return (self.folder / f"{source}.jpg").read_bytes()
        except OSError:
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
            self._process = await asyncio.create_subprocess_exec(*self._command, str(self.folder), stdin=PIPE)
            status = await self._process.wait()
            _log.warning("pictures_worker_ended", action="restart", status=status)
            await asyncio.sleep(wait)
            wait = min(wait * 2, 60.0)


def to_jpeg(data: bytes, width: int = WIDTH) -> bytes:
    """First picture of a video file as JPEG.

    Args:
        data: the file.
        width: of the picture, pixels; its height follows.

    Raises:
        av.FFmpegError: it cannot be decoded.
        StopIteration: it holds no picture.
    """
    import av

    with av.open(io.BytesIO(data), "r") as container:
        image = next(container.decode(container.streams.video[0])).to_image()  # type: ignore[no-untyped-call]
    image.thumbnail((width, width * 3))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=75)
    return out.getvalue()


def convert(folder: Path, seen: dict[Path, int]) -> None:
    """Make JPEGs of the key frames that changed since ``seen``."""
    import av

    for path in folder.glob("*.key"):
        try:
            changed = path.stat().st_mtime_ns
            if seen.get(path) == changed:
                continue
            seen[path] = changed
            picture = to_jpeg(path.read_bytes())
            temporary = path.with_suffix(".jpg.new")
            temporary.write_bytes(picture)
            temporary.replace(path.with_suffix(".jpg"))
        except (av.FFmpegError, OSError, StopIteration, IndexError, ValueError) as error:
            _log.warning("no_picture", action="skip", path=path.name, error=f"{type(error).__name__}: {error}")


def main() -> int:
    """Convert until standard input ends."""
    import av

    av.logging.set_level(None)
    os.nice(19)
    folder, seen = Path(sys.argv[1]), dict[Path, int]()
    with suppress(KeyboardInterrupt):
        while not select.select([sys.stdin], [], [], 1.0)[0]:
            convert(folder, seen)
    return 0


if __name__ == "__main__":
    sys.exit(main())
