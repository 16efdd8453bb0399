"""The journal of one hearing behind an asyncio face.

Every line is written and synced by **one** writer thread, in the order in which :meth:`Ledger.post` was called; the event
loop never waits for the disk unless a caller awaits. The view of the hearing follows the lines that are on disk.

When the disk refuses, the writer is of no further use (record format: after a failed sync a file is never trusted). The
ledger then cuts both files back to what was acknowledged, opens them anew and writes first what must not be lost: facts the
capture children told (``keep=True``). What a person asked for is refused, and the person is told.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import Any, TypeVar

import structlog

from protocol import durable
from protocol.errors import BadLine, DiskFailed, NotCanonical, NotSigned
from protocol.journal import SALT_BYTES, Line, make_line
from protocol.note import Signer
from protocol.seal import Moment
from protocol.view import HearingView
from protocol.writer import JOURNAL, JournalWriter
from recorder.clock import HearingClock
from recorder.closed_takes import ClosedTakes, Sealed
from recorder.refusals import DiskRefused, Unsigned
from recorder.reserve import Reserve
from recorder.vault import NO_KEYS, Vault

_log = structlog.get_logger(__name__)
T = TypeVar("T")
Entry = tuple[str, Mapping[str, Any]]
#: Lines after which room for more is kept.
_EXTEND_LINES = 64


def new_salt() -> bytes:
    """16 random bytes."""
    return secrets.token_bytes(SALT_BYTES)


class Ledger:
    """One hearing's journal and checkpoints.

    Args:
        writer: the open journal; used by the writer thread only.
        signer: the device's key, to open the journal again.
        clock: the hearing's clock.
        thread: an executor with exactly one thread.
        on_line: called in the event loop for each line on disk, in order.
        reserve: room on the disk for the journal and the seal.
        vault: keys of closed takes: what people say while the hearing is closed is sealed, and opened again for the view and ``on_line``.
    """

    def __init__(
        self,
        writer: JournalWriter,
        signer: Signer,
        clock: HearingClock,
        thread: Executor,
        on_line: Callable[[Line], None],
        reserve: Reserve | None = None,
        vault: Vault = NO_KEYS,
    ) -> None:
        self._opener = vault.opener(writer.hearing)
        self._writer = writer
        self._signer = signer
        self._clock = clock
        self._thread = thread
        self._on_line = on_line
        self._reserve = reserve
        self._extended = -_EXTEND_LINES  # lines when room was last kept ahead
        self._broken: str | None = None
        self._unsigned: str | None = None
        self._signing = False
        self._kept: list[Entry] = []
        self._closed = False
        self._interruption: dict[str, Any] = {}
        self.view = HearingView.of(map(self._opener, writer.lines))
        self.closed = ClosedTakes(vault, self.view)

    @property
    def broken(self) -> str | None:
        """Why the journal cannot be written at present; None when it can."""
        return self._broken

    @property
    def unsigned(self) -> str | None:
        """Why the last checkpoint could not be signed; None when it was. The lines stand, the next checkpoint covers them."""
        return self._unsigned

    @property
    def covered(self) -> bool:
        """Whether the last checkpoint covers every line."""
        return self._writer.signed >= self._writer.size

    def post(self, *entries: Entry, checkpoint: bool = False, keep: bool = False) -> asyncio.Future[list[Line]]:
        """Write lines, in order and together; the caller may wait for the future or not.

        Args:
            entries: type and data of each line.
            checkpoint: sign the journal after them. A signer that does not answer stops no recording: see `unsigned`.
            keep: write them later when the disk refuses now.

        Returns:
            The lines, once they are on disk; the future fails with :class:`DiskRefused`.

        Raises:
            KeysForgotten: the hearing is closed, and no key is here to seal with what somebody said.
        """
        entries = tuple((line_type, self.closed.sealed(line_type, data)) for line_type, data in entries)
        future = asyncio.wrap_future(self._thread.submit(self._write, entries, checkpoint, keep))
        future.add_done_callback(self._written)
        return future

    def opened(self, line: Line) -> Line:
        """A line as it was meant, where it is sealed and its key is here."""
        found = self._opener(line)
        return found if isinstance(found, Line) else line

    async def read_again(self) -> None:
        """Fold the journal anew: keys were forgotten, and what they opened is not known here any more."""
        view = await asyncio.wrap_future(
            self._thread.submit(lambda: HearingView.of(map(self._opener, self._writer.lines)))
        )
        self.view = view
        self.closed = self.closed.anew(view)

    def sign_again(self) -> None:
        """Have the writer thread try the checkpoint again that the signer did not sign."""
        if not self._signing:
            self._signing = True
            self.post(checkpoint=True).add_done_callback(self._tried)

    def _tried(self, _future: asyncio.Future[list[Line]]) -> None:
        self._signing = False

    async def work(self, job: Callable[[JournalWriter, Moment], T]) -> T:
        """Run a job that writes lines itself (a seal) in the writer thread.

        Raises:
            DiskRefused: the disk refused.
            Unsigned: its lines stand, its checkpoint does not yet.
        """
        written: list[Line] = []

        def run(*, again: bool = True) -> T:
            try:
                written.extend(self._write((), checkpoint=False, keep=False))  # first what waits for the disk
            except DiskRefused as error:
                written.extend(error.lines)
                raise
            before = self._writer.size
            utc, mono = self._clock.now()
            try:
                return job(self._writer, Moment(utc, mono, new_salt))
            except DiskFailed as error:
                refusal = self._refuse(error)
                if not (again and self._reserve is not None and self._reserve.release()):
                    raise refusal from error
            except NotSigned as error:
                self._signed(error)
                raise Unsigned(str(error), tuple(self._writer.lines[before:])) from error
            finally:
                written.extend(self._writer.lines[before:])
            return run(again=False)

        try:
            return await asyncio.wrap_future(self._thread.submit(run))
        finally:
            self._publish(written)  # of a job that failed too: they stand

    async def close(self) -> None:
        """Close the files after everything posted is written."""
        try:
            if self._unsigned is not None:
                await asyncio.wrap_future(self._thread.submit(self._checkpoint))
            await asyncio.wrap_future(self._thread.submit(self._close))
        except DiskFailed as error:  # every line was synced before it was acknowledged, so nothing is lost by this
            _log.error("journal_closed_dirty", action="leave", hearing=self.view.hearing, error=str(error))

    def _close(self) -> None:
        self._closed = True
        self._writer.close()
        if self._reserve is not None:
            self._reserve.settle(self._writer.folder)

    def _write(self, entries: tuple[Entry, ...], checkpoint: bool, keep: bool) -> list[Line]:
        for entry in entries:  # what cannot stand in a record is refused before anything is written
            make_line(0, *entry, at_us=0, mono_us=0, salt=bytes(SALT_BYTES))
        lines: list[Line] = []
        try:
            self._mend()
            self._extend()
            for entry in [*self._kept, *entries]:
                lines.append(self._append(*entry))  # noqa: PERF401 - what was written before a failure counts
            self._kept = []
            if checkpoint:
                self._checkpoint()
        except (DiskFailed, DiskRefused) as error:
            self._kept = [*self._kept, *(entries if keep else ())][len(lines) :]
            refusal = error if isinstance(error, DiskRefused) else self._refuse(error)
            refusal.lines = tuple(lines)
            raise refusal from error
        return lines

    def _extend(self) -> None:
        """Keep room for the next lines, before the media of other sources take it."""
        if self._reserve is not None and self._writer.size - self._extended >= _EXTEND_LINES:
            self._extended = self._writer.size
            self._reserve.extend(self._writer.folder)

    def _checkpoint(self) -> None:
        try:
            self._writer.checkpoint()
        except NotSigned as error:
            self._signed(error)
        else:
            self._signed(None)

    def _signed(self, error: NotSigned | None) -> None:
        if error is not None and self._unsigned is None:
            _log.error("not_signed", action="retry", hearing=self.view.hearing, error=str(error))
        elif error is None and self._unsigned is not None:
            _log.warning("signed_again", action="go_on", hearing=self.view.hearing)
        self._unsigned = None if error is None else str(error)

    def _append(self, line_type: str, data: Mapping[str, Any]) -> Line:
        utc, mono = self._clock.now()
        if isinstance(data, Sealed):
            data = data.sealed(line_type, self._writer.size, new_salt())
        return self._writer.append(line_type, data, at_us=utc, mono_us=mono, salt=new_salt())

    def _refuse(self, error: Exception) -> DiskRefused:
        if self._broken is None:
            _log.error("journal_failed", action="retry", hearing=self.view.hearing, error=str(error))
        self._broken = str(error)
        return DiskRefused(str(error))

    def _mend(self) -> None:
        """Open the journal again after the disk refused."""
        if self._closed:  # another may have opened the journal since
            raise DiskRefused(f"the journal of {self.view.hearing} was closed")
        if self._broken is None:
            return
        acknowledged = self._writer.lines.bytes
        try:
            self._writer.close()
        except DiskFailed:
            _log.info("journal_closed_dirty", action="reopen", hearing=self.view.hearing)
        try:
            durable.cut(self._writer.folder / JOURNAL, acknowledged)
            self._writer, _ = JournalWriter.reopen(self._writer.folder, self._signer)
        except (DiskFailed, BadLine, NotCanonical, OSError) as error:
            raise self._refuse(error) from error
        utc, _ = self._clock.now()
        data = {"code": "journal-interrupted", "severity": "error", "source": None, "start_us": utc, "end_us": utc}
        self._broken, why = None, self._broken
        if self._kept[:1] != [("finding", self._interruption)]:  # refused again and again: told once
            self._interruption = data
            self._kept.insert(0, ("finding", data))
        _log.warning("journal_reopened", action="go_on", hearing=self.view.hearing, after=why)

    def _written(self, future: asyncio.Future[list[Line]]) -> None:
        if future.cancelled():
            return
        error = future.exception()  # marks it as seen: a caller that does not wait has asked for `keep`
        if error is None:
            self._publish(future.result())
        elif isinstance(error, DiskRefused):
            self._publish(error.lines)
        else:
            _log.error("journal_line_refused", action="report", hearing=self.view.hearing, exc_info=error)

    def _publish(self, lines: list[Line] | tuple[Line, ...]) -> None:
        for written in lines:
            line = self.opened(written)
            self.view.add(line)
            self._on_line(line)
