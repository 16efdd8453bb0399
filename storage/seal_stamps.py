"""Time stamps over the seals of this box's records (RFC 3161): asked for by the uploader, which has the network, and kept by the recorder.

::

    seal in ``checkpoints`` ──► authority (archive.tsa.url) ──► token, checked ──► recorder ──► timestamps/NNNN.tst and its line ──► the archive, as any file

The queue is the records themselves: what has a seal and no ``timestamp`` line for it is asked for, looked up at every start and every few seconds.
So an authority that is silent for days and a process that is killed at any moment lose nothing. One request is under way at a time; after trouble
comes a pause that doubles up to ten minutes, and what failed goes to the end, so that one seal that is refused holds up no other. Nothing waits
for any of this: not the capture, not the upload, not the receipt. A list of records that need no more looking at saves reading journals again; it may be lost.
"""

from __future__ import annotations

import hashlib
import random
import secrets
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
from asn1crypto import x509

from device_config.settings import Settings
from protocol import timestamps
from protocol.errors import ProtocolError
from protocol.manifest import path_of
from protocol.record import CHECKPOINTS, JOURNAL
from protocol.seal_stamp import imprint, sealing_note
from protocol.timestamps import BadTimestamp
from storage.chunks import Tail
from storage.done import Done
from storage.errors import AuthoritySilent, RecorderBusy, StorageError
from storage.handover import listens, post
from storage.tsa_client import ask

log = structlog.get_logger("storage.uploader")

LIST: Final = "stamps.sqlite"
LOOK_S: Final = 10.0  # between two looks at the records
BACKOFF_S: Final = (1.0, 600.0)  # first and longest pause after a try that failed


@dataclass(frozen=True)
class Unstamped:
    """A seal without a token: of which manifest of which record, and its signed note, which is what is stamped."""

    folder: Path
    number: int
    note: bytes


class SealStamps:
    """Asks for the tokens of this box's seals.

    Args:
        settings: of the box; ``archive.tsa.url`` must be set.
        authorities: certificates of who is believed.
        look_s: seconds between two looks.
        first_s: the first pause after a failure, seconds; it doubles.
    """

    def __init__(
        self,
        settings: Settings,
        authorities: Iterable[x509.Certificate],
        *,
        look_s: float = LOOK_S,
        first_s: float = BACKOFF_S[0],
    ) -> None:
        self._settings = settings
        self._authorities = list(authorities)
        self._look_s, self._first_s = look_s, first_s
        self._done = Done(settings.state_dir / LIST)
        self._read: dict[
            Path, tuple[int, list[Unstamped]]
        ] = {}  # of records that are not done: length of the journal, what it lacks
        self._failed: Counter[Unstamped] = Counter()
        self._came = 0  # tokens that the recorder took
        self._tokens: dict[Unstamped, bytes] = {}  # checked, and not yet taken by the recorder
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="seal stamps", daemon=True)
        #: What keeps tokens from coming, as it was last said; empty: nothing.
        self.trouble = ""

    def start(self) -> None:
        """Ask from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Ask no more. A request that is under way is left to itself: it is made again."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(1.0)
        else:
            self._done.close()

    def _run(self) -> None:
        wait_s = 0.0
        while not self._stopped.wait(wait_s):
            if self.step():
                wait_s = self._look_s
            else:
                longer = self._first_s if wait_s in (0.0, self._look_s) else wait_s * 2
                wait_s = min(BACKOFF_S[1], longer) * random.uniform(0.8, 1.2)  # noqa: S311

    def stamp(self, folder: Path) -> int:
        """Have the seals of one record stamped, as :meth:`step` does all; how many tokens came."""
        before = self._came
        self._step(lambda: self._of(folder))
        return self._came - before

    def step(self) -> bool:
        """Have every seal stamped that is not; False at the first trouble."""
        return self._step(self.missing)

    def _step(self, missing: Callable[[], Iterable[Unstamped]]) -> bool:
        try:
            for seal in sorted(missing(), key=lambda item: self._failed[item]):
                if self._stopped.is_set():
                    return True
                self._failed[seal] += 1
                self._stamp(seal)
                self._came += 1
                del self._failed[seal]
        except Exception as error:  # noqa: BLE001 - a thread that ends unheard would leave every later seal without a token
            known = isinstance(error, StorageError | ProtocolError | OSError | sqlite3.Error)
            if str(error) != self.trouble:  # once for each cause, and not each ten minutes for three days
                tell = (
                    log.warning
                    if isinstance(error, AuthoritySilent | RecorderBusy)
                    else log.error
                    if known
                    else log.exception
                )
                code, advice = getattr(error, "code", "failed"), getattr(error, "advice", "")
                tell("seal not stamped", action="not_stamped", code=code, error=str(error), advice=advice)
            self.trouble = str(error)
            return False
        self.trouble = ""
        return True

    def missing(self) -> Iterator[Unstamped]:
        """Seals without a token, by record and number."""
        for folder in sorted(self._settings.hearings.glob("*")):
            if (folder / path_of(1)).is_file() and not self._done.is_done(folder):
                yield from self._of(folder)
            else:
                self._read.pop(folder, None)

    def _of(self, folder: Path) -> list[Unstamped]:
        size = (folder / JOURNAL).stat().st_size
        if folder in self._read and self._read[folder][0] == size:
            return self._read[folder][1]
        tail = Tail(folder)
        try:
            tail.read()
        except ProtocolError as error:  # the uploader says so as well; the other records go on
            log.warning("record unreadable", action="not_stamped", record=folder.name, error=str(error))
            self._read[folder] = size, []
            return []
        have = {item["number"] for item in tail.view.timestamps}
        notes = (folder / CHECKPOINTS).read_bytes()
        wanted = [
            (item.number, sealing_note(notes, item.seq)) for item in tail.view.manifests if item.number not in have
        ]
        found = [Unstamped(folder, number, note) for number, note in wanted if note is not None]
        if not wanted:
            self._done.mark(folder, tail.line_ends[-1])
        elif len(found) == len(wanted):  # else a seal is being signed just now
            self._read[folder] = tail.line_ends[-1], found
        return found

    def _stamp(self, seal: Unstamped) -> None:
        route = f"/v1/hearings/{seal.folder.name}/timestamps/{seal.number}"
        token = self._tokens.get(seal)
        if token is None:
            if not listens(self._settings.socket):
                raise RecorderBusy("no recorder runs on this box that could keep a time stamp")
            token = self._tokens[seal] = self._token(seal.note)
        answer = post(self._settings.socket, route, token, "application/timestamp-reply")
        if answer is None or answer.is_server_error:
            raise RecorderBusy(
                f"the recorder did not take the time stamp: {answer.text[:200] if answer else 'it is gone'}"
            )
        del self._tokens[seal]  # taken; or refused, and then the same one would be again
        if not answer.is_success:
            raise BadTimestamp(
                f"{seal.folder.name}: the recorder refused the time stamp of seal {seal.number}: {answer.text[:200]}"
            )
        log.info("seal stamped", action="stamped", hearing=seal.folder.name, seal=seal.number)

    def _token(self, note: bytes) -> bytes:
        """A token of the authority that stands every check.

        Raises:
            AuthoritySilent: no answer.
            BadTimestamp, BadStamp: the answer proves nothing, or is in no form that a record takes.
        """
        tsa = self._settings.archive.tsa
        assert tsa.url is not None  # noqa: S101 - stamps_of has seen to it
        nonce = secrets.randbits(timestamps.NONCE_BITS)
        answer = ask(tsa.url, timestamps.request(note, nonce, tsa.policy))
        token = timestamps.token_of(answer, note, nonce, tsa.policy)
        timestamps.check(token, note, self._authorities)
        if imprint(token) != hashlib.sha256(note).digest():
            raise BadTimestamp("the token is for another content")
        return token


def seal_stamps_of(settings: Settings) -> SealStamps | None:
    """Those of the settings; None where no authority is set, or its list cannot be read: uploads go on without."""
    path = settings.archive.tsa.authorities
    if settings.archive.tsa.url is None or path is None:
        return None
    try:
        authorities = timestamps.certificates(path.read_bytes())
    except (OSError, BadTimestamp) as error:
        _tell_unstamped("bad-authorities", f"{path}: {error}", "Correct archive.tsa.authorities")
        return None
    try:
        return SealStamps(settings, authorities)
    except (OSError, sqlite3.Error) as error:
        file = settings.state_dir / LIST
        _tell_unstamped("bad-list", f"{file}: {error}", f"Delete {LIST}, which only saves reading journals again,")
        return None


def _tell_unstamped(code: str, error: str, what: str) -> None:
    advice = f"{what} and start the uploader again; seals are stamped then, the older ones too."
    log.error("no seal is stamped", action="not_stamped", code=code, error=error, advice=advice)
