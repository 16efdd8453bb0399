"""The process that reads a recording for `hattama import`: ``python -m recorder.import_worker``.

A recording from outside is hostile input for a large library. So it is read in a process of its own, without the device's key,
without the network where the kernel allows, with bounded memory and file size. It writes segments into a temporary folder and
reports; the parent decides, journals, signs, and throws the folder away when anything goes wrong.

Standard input: one JSON line ``{"files": [path…], "folder": …, "segment_us": …}``; answer: ``plan``. Then
``{"files": [{"take": …, "zero_us": …, "names": [[source…]…]}…]}``: the names of each stream's tracks; answers until the end.

| report | fields |
|---|---|
| ``plan`` | ``files``: a FilePlan each |
| ``progress`` | ``file``, ``at_us``: how far it is read |
| ``closed`` | ``segment``: a ClosedSegment |
| ``read`` | ``file``, ``faults``: source → reason → count, ``broken``: why reading ended before the end, or null |
| ``done`` | |
| ``failed`` | ``code``, ``message`` |
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any

MEMORY_BYTES = 4 * 2**30
FILE_BYTES = 2**28
PROGRESS_S = 1.0
_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000


def confine() -> None:
    """Take away what reading a file does not need; what the kernel refuses stays as it was."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET) and os.geteuid() != 0:
        libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # after unshare, which clears it
    for what, limit in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_NOFILE, 512),
    ):
        _soft, hard = resource.getrlimit(what)
        resource.setrlimit(what, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write beyond the limit fails instead, and is reported


def report(kind: str, **fields: Any) -> None:
    """One line for the parent."""
    sys.stdout.write(json.dumps({"report": kind, **fields}) + "\n")
    sys.stdout.flush()


class FileReader:
    """Reads one file into the tracks of its take.

    Args:
        number: of the file, from 0.
        path: the file.
        folder: the record.
        segment_us: wanted length of a segment.
        order: what the parent said about this file.
    """

    def __init__(self, number: int, path: Path, folder: Path, segment_us: int, order: dict[str, Any]) -> None:
        self._number, self._path, self._folder, self._segment_us, self._order = number, path, folder, segment_us, order
        self._next = 0.0

    def run(self) -> None:
        """Read to the end, or to the place where the file is broken.

        Raises:
            ImportFailed: it cannot be opened any more.
            DiskFailed: the disk refused.
        """
        from recorder.import_probe import open_recording

        with open_recording(self._path) as container:
            tracks = self._tracks(container)
            streams = [container.streams[index] for index in tracks]
            broken = self._demux(container, streams, tracks)
            for track in tracks.values():
                track.finish()
            faults = {self._names[index][0]: track.faults for index, track in tracks.items() if track.faults}
        report("read", file=self._number, faults=faults, broken=broken)

    def _tracks(self, container: Any) -> dict[int, Any]:
        from recorder.import_probe import probe
        from recorder.import_tracks import CopyImport, EncodeImport, SoundImport

        zero_us = int(self._order["zero_us"])
        plan = probe(self._path)
        self._names = {stream.index: names for stream, names in zip(plan.streams, self._order["names"], strict=True)}
        tracks: dict[int, Any] = {}
        for item in plan.streams:
            stream = container.streams[item.index]
            places = [self._place(name) for name in self._names[item.index]]
            if item.media == "audio":
                tracks[item.index] = SoundImport(stream, item, places, zero_us, _closed)
            elif item.way == "copied":
                tracks[item.index] = CopyImport(stream, places[0], zero_us, _closed)
            else:
                tracks[item.index] = EncodeImport(stream, places[0], zero_us, _closed)
        return tracks

    def _place(self, name: str) -> Any:
        from recorder.segments import Place

        return Place(self._folder, str(self._order["take"]), name, self._segment_us)

    def _demux(self, container: Any, streams: list[Any], tracks: dict[int, Any]) -> str | None:
        """Hand out packets; why it ended before the end of the file, or None."""
        import av

        packets = container.demux(streams)
        while True:
            try:
                packet = next(packets, None)
            except (av.FFmpegError, ValueError) as error:
                return f"{type(error).__name__}: {getattr(error, 'strerror', None) or error}"[:200]
            if packet is None:
                return None
            if packet.size:
                tracks[packet.stream.index].take(packet)
                self._progress(packet)

    def _progress(self, packet: Any) -> None:
        now = time.monotonic()
        if now >= self._next and packet.pts is not None:
            self._next = now + PROGRESS_S
            report("progress", file=self._number, at_us=int(packet.pts * packet.time_base * 1_000_000))


def _closed(segment: Any) -> None:
    report("closed", segment=segment.data())


def main() -> int:
    """Serve one import."""
    confine()
    import av

    av.logging.set_level(None)
    from protocol.errors import ProtocolError
    from recorder.errors import RecorderError
    from recorder.import_probe import probe

    try:
        task = json.loads(sys.stdin.readline())
        paths = [Path(name) for name in task["files"]]
        report("plan", files=[probe(path).to_json() for path in paths])
        line = sys.stdin.readline()
        if not line:
            return 0  # the parent saw enough
        for number, (path, order) in enumerate(zip(paths, json.loads(line)["files"], strict=True)):
            FileReader(number, path, Path(task["folder"]), int(task["segment_us"]), order).run()
        report("done")
    except (RecorderError, ProtocolError) as error:
        report("failed", code=error.code, message=str(error))
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main())
