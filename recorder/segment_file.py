"""One segment on disk: a muxer's output as whole fragments, each by one write, hashed as it grows, synced by a side thread.

Three hands, one file: the writer (the child's main loop) appends fragments, the :class:`Syncer` thread makes them durable,
and anyone may ask for the :class:`Extent` that is durable so far. What a power cut can take is the fragment being collected
and the one being synced.
"""

from __future__ import annotations

import contextlib
import hashlib
import queue
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import av
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream

from protocol.durable import DurableFile
from protocol.encoding import b64
from protocol.errors import DiskFailed, ProtocolError
from recorder.boxes import BoxSplitter
from recorder.fragments import MUX_OPTIONS

# Room for a whole fragment: what the muxer writes comes in one piece, which need not be put together again.
_BUFFER_BYTES = 1 << 18
START_MARK = "start_us="


class FragmentTransform(Protocol):
    """What is done to each fragment before it is written: the seam for the encryption of closed parts (section 9)."""

    suffix: str

    def head(self) -> bytes:
        """Bytes before the first fragment."""
        ...

    def chunk(self, fragment: bytes) -> bytes:
        """The bytes written for one fragment."""
        ...

    def finish(self) -> bytes:
        """Bytes after the last fragment; may be none."""
        ...


@dataclass(frozen=True)
class Extent:
    """How far a segment reaches.

    Attributes:
        bytes: length of the file.
        sha256: base64 of the digest of these bytes.
        end_us: end of the media in them, on the hearing's clock.
        fragments: whole fragments.
    """

    bytes: int
    sha256: str
    end_us: int
    fragments: int


@dataclass(frozen=True)
class _Mark:
    bytes: int
    hash: hashlib._Hash
    end_us: int
    fragments: int

    def extent(self) -> Extent:
        return Extent(self.bytes, b64(self.hash.digest()), self.end_us, self.fragments)


class Syncer:
    """A thread that syncs every file that changed, as often as the disk allows; the writer never waits for it."""

    def __init__(self) -> None:
        # SimpleQueue: waiting in it costs no Python, several times a second.
        self._changed: queue.SimpleQueue[SegmentFile | None] = queue.SimpleQueue()
        self._error: ProtocolError | None = None
        self._thread = threading.Thread(target=self._run, name="syncer", daemon=True)
        self._thread.start()

    def changed(self, file: SegmentFile) -> None:
        """Have ``file`` synced soon.

        Raises:
            DiskFailed: an earlier sync failed.
        """
        self.check()
        if not file.waits:
            file.waits = True
            self._changed.put(file)

    def check(self) -> None:
        """Raise what the thread met.

        Raises:
            DiskFailed: a sync failed.
        """
        if self._error is not None:
            raise DiskFailed(str(self._error)) from self._error

    def close(self) -> None:
        """Sync what is left and end the thread."""
        self._changed.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (file := self._changed.get()) is not None:
            file.waits = False  # before the sync: what is written from now on needs another one
            try:
                file.sync()
            except ProtocolError as error:
                self._error = error
                return


class SegmentFile:
    """A segment that is being written.

    The file appears on disk with its first whole fragment.

    Args:
        path: its final name; must not exist.
        start_us: time of its first sample or frame on the hearing's clock; also written into the file (``comment``).
        add_stream: adds the one track to the container.
        syncer: makes fragments durable while recording; without one the file is synced when it is closed (imports).
        transform: see :class:`FragmentTransform`.
        on_synced: called, by whichever thread syncs, after each sync.
    """

    def __init__(
        self,
        path: Path,
        start_us: int,
        add_stream: Callable[[OutputContainer], Stream],
        *,
        syncer: Syncer | None = None,
        transform: FragmentTransform | None = None,
        on_synced: Callable[[], None] | None = None,
    ) -> None:
        self.path = path
        self.waits = False  # for the syncer
        self._syncer, self._transform, self._on_synced = syncer, transform, on_synced
        self._splitter = BoxSplitter()
        self._file: DurableFile | None = None
        self._closing = threading.Lock()  # a sync must not meet a closed descriptor
        self._plain = hashlib.sha256()
        self._plain_bytes = 0
        self._mark = _Mark(0, hashlib.sha256(), start_us, 0)
        self._synced = self._mark
        self._upto_us = start_us
        self._container = av.open(self, "w", format="mp4", options=MUX_OPTIONS, buffer_size=_BUFFER_BYTES)
        self._container.metadata["comment"] = f"{START_MARK}{start_us}"
        self.stream = add_stream(self._container)

    def mux(self, packets: Iterable[Packet[Any]], from_us: int) -> None:
        """Hand packets to the muxer.

        Args:
            packets: of :attr:`stream`, decode times from 0.
            from_us: when they begin on the hearing's clock: fragments that these packets push out end there.

        Raises:
            DiskFailed: the disk refused, now or in the side thread.
        """
        self._upto_us = from_us
        for packet in packets:
            self._container.mux(packet)

    def write(self, data: bytes) -> int:
        """Called by the muxer."""
        for fragment in self._splitter.feed(data):
            self._put(fragment)
        return len(data)

    def close(self, end_us: int) -> Extent:
        """Flush the last fragment, sync, close.

        Args:
            end_us: end of the last sample or frame.

        Raises:
            DiskFailed: the disk refused, now or in the side thread.
        """
        self._upto_us = end_us
        self._container.close()
        if self._transform is not None and self._file is not None:
            self._append(self._transform.finish(), 0)
        with self._closing:
            if self._file is not None:
                self._file.close()
            self._synced = self._mark
        if self._syncer is not None:
            self._syncer.check()
        if self._file is not None and self._on_synced is not None:
            self._on_synced()
        self._let_go()
        return self._mark.extent()

    def abandon(self) -> None:
        """Let go of the file after an error, as a killed process would: it stays on disk for recovery."""
        with contextlib.suppress(ProtocolError, av.FFmpegError, OSError):
            self._container.close()
        with self._closing, contextlib.suppress(ProtocolError, OSError):
            if self._file is not None:
                self._file.close()
        self._let_go()

    def sync(self) -> None:
        """Make what was written so far durable (called by the :class:`Syncer`)."""
        with self._closing:
            mark = self._mark
            if self._file is None or mark is self._synced:
                return
            self._file.sync()
            self._synced = mark
        if self._on_synced is not None:
            self._on_synced()

    @property
    def durable(self) -> Extent:
        """What is known to be on the disk."""
        return self._synced.extent()

    @property
    def length(self) -> int:
        """Bytes written so far."""
        return self._mark.bytes

    @property
    def plain(self) -> tuple[int, str] | None:
        """Length and base64 SHA-256 of the bytes before the transform; None without one."""
        return None if self._transform is None else (self._plain_bytes, b64(self._plain.digest()))

    def _let_go(self) -> None:
        """Forget the muxer, which knows this file as this file knows it.

        Otherwise every closed segment keeps its encoder and its buffers until Python's collector of cycles comes, which in a
        child that does nothing new takes minutes: half a gigabyte of four microphones was measured.
        """
        del self._container, self.stream

    def _put(self, fragment: bytes) -> None:
        data = fragment
        if self._transform is not None:
            self._plain.update(fragment)
            self._plain_bytes += len(fragment)
            data = self._transform.chunk(fragment)
            if self._file is None:
                data = self._transform.head() + data
        if self._file is None:
            self._file = DurableFile(self.path)
        self._append(data, 1)
        if self._syncer is not None:
            self._syncer.changed(self)

    def _append(self, data: bytes, fragments: int) -> None:
        if not data or self._file is None:
            return
        self._file.write(data)
        digest = self._mark.hash.copy()
        digest.update(data)
        self._mark = _Mark(self._mark.bytes + len(data), digest, self._upto_us, self._mark.fragments + fragments)
