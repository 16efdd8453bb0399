"""What was worked out already, kept on disk until the transcript is accepted, so that ``kill -9`` costs one utterance.

The file lies outside the record, in ``<working>/<hearing>/transcript.work``. Each line is a result under a key; a key is the
digest of everything that the result depends on (the sound itself, model, its settings, arguments, this package's code), so that what was worked out
from other input is never taken: it is merely not found. Everything between those results is worked out again at each start,
by the same code in the same order, so that a transcript made in one go and one made in fifty are the same bytes.

A line is ``<check> <key> <JSON>``: 16 hexadecimal digits of the SHA-256 of what follows, 32 of the key. A last line that is
torn, or does not match its check, is cut off.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self

import structlog

from protocol import durable
from protocol.errors import DiskFailed
from protocol.transcript import Model
from transcription.errors import WorkingFileBusy
from transcription.recognizer import Recognition, RecognizedWord, Recognizer, Samples, Spoken

log = structlog.get_logger(__name__)

NAME: Final = "transcript.work"
_CHECK, _KEY = 16, 32


class Memory(Protocol):
    """Remembers what was worked out."""

    def remember(self, parts: object, compute: Callable[[], Any]) -> Any:
        """The result of `compute`, which depends on `parts` and nothing else.

        Args:
            parts: JSON values.
            compute: gives a JSON value.
        """


class Forgetful:
    """Remembers nothing: everything is worked out when it is asked for."""

    def remember(self, parts: object, compute: Callable[[], Any]) -> Any:  # noqa: ARG002 - the seam gives it
        """What `compute` gives."""
        return compute()


class WorkingFile:
    """One hearing's results on disk. A disk that refuses costs the memory, never the transcript."""

    def __init__(self, folder: Path) -> None:
        """Open or begin the file in `folder`, and cut a torn end off.

        Raises:
            WorkingFileBusy: another transcriber works on the same hearing.
        """
        self.path = folder / NAME
        self._at: dict[str, tuple[int, int]] = {}
        self._size = 0
        self._file: durable.AppendFile | None = None
        self._fd = -1
        try:
            self._file = durable.AppendFile(self.path)
            self._fd = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
            self._lock()
            self._scan()
        except (DiskFailed, OSError) as error:
            self._give_up(str(error))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def results(self) -> int:
        """How many are kept."""
        return len(self._at)

    def remember(self, parts: object, compute: Callable[[], Any]) -> Any:
        """The kept result, or what `compute` gives, kept now. It comes as read back, whether it was kept before or not."""
        text = json.dumps([_code(), parts], ensure_ascii=False, separators=(",", ":"))
        key = hashlib.sha256(text.encode()).hexdigest()[:_KEY]
        if (found := self._at.get(key)) is not None:
            return json.loads(os.pread(self._fd, found[1], found[0]))
        value = json.dumps(compute(), ensure_ascii=False, separators=(",", ":"), default=float)
        self._keep(key, value.encode())
        return json.loads(value)

    def close(self) -> None:
        """Let go of the file; it stays."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        if self._file is not None:
            file, self._file = self._file, None
            try:
                file.close()
            except DiskFailed as error:
                log.warning("working file not kept", action="working_lost", path=str(self.path), reason=str(error))

    def remove(self) -> None:
        """The transcript is accepted: nothing of its making stays."""
        self.close()
        remove(self.path.parent)

    def _lock(self) -> None:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.close()
            raise WorkingFileBusy(f"{self.path}: another transcriber works on this hearing") from error

    def _scan(self) -> None:
        """Learn where every result stands; what follows the last good line goes."""
        with self.path.open("rb") as file:
            for line in file:
                if not _whole(line):
                    break
                key = line[_CHECK + 1 : _CHECK + 1 + _KEY].decode()
                head = _CHECK + _KEY + 2
                self._at[key] = (self._size + head, len(line) - head - 1)
                self._size += len(line)
        if self._size < self.path.stat().st_size:
            log.info("torn end of working file cut", action="working_cut", path=str(self.path), size=self._size)
            durable.cut(self.path, self._size)

    def _keep(self, key: str, value: bytes) -> None:
        if self._file is None:
            return
        rest = key.encode() + b" " + value
        line = hashlib.sha256(rest).hexdigest()[:_CHECK].encode() + b" " + rest + b"\n"
        try:
            self._file.write(line)
            self._file.sync()
        except DiskFailed as error:
            self._give_up(str(error))
            return
        self._at[key] = (self._size + _CHECK + _KEY + 2, len(value))
        self._size += len(line)

    def _give_up(self, reason: str) -> None:
        """Go on without the disk; what was kept can still be read where the file is open."""
        log.warning("working file not kept", action="working_lost", path=str(self.path), reason=reason)
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except DiskFailed:
                return  # said above


@cache
def _code() -> str:
    """Digest of this package's own code, on which every result depends as well."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _whole(line: bytes) -> bool:
    check, _, rest = line.partition(b" ")
    return line.endswith(b"\n") and hashlib.sha256(rest[:-1]).hexdigest()[:_CHECK].encode() == check


def remove(folder: Path) -> None:
    """Remove a hearing's working file, and its folder where nothing else is in it."""
    try:
        (folder / NAME).unlink(missing_ok=True)
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    except OSError as error:
        log.warning("working file stays", action="working_stays", path=str(folder), reason=str(error))


class RememberingRecognizer:
    """An engine whose answers are remembered. What it raises is not: it is asked again at the next start."""

    def __init__(self, engine: Recognizer, settings: str, memory: Memory) -> None:
        """Stand before `engine`; `settings` is all that its answers depend on besides its identity and the arguments."""
        self._engine, self._memory = engine, memory
        self._parts = [asdict(engine.identity), settings]

    @property
    def identity(self) -> Model:
        """The engine's."""
        return self._engine.identity

    @property
    def languages(self) -> frozenset[str]:
        """The engine's."""
        return self._engine.languages

    @property
    def prompted(self) -> bool:
        """The engine's."""
        return self._engine.prompted

    def languages_of(self, samples: Samples, *, piece: bool = False) -> Mapping[str, float]:
        """The engine's answer for this sound."""
        parts = ["languages_of", *self._parts, _digest(samples), piece]
        found: dict[str, float] = self._memory.remember(
            parts, lambda: dict(self._engine.languages_of(samples, piece=piece))
        )
        return found

    def recognize(self, samples: Samples, language: str, *, prompt: str = "") -> Recognition:
        """The engine's answer for this sound, language and words."""
        parts = ["recognize", *self._parts, _digest(samples), language, prompt]
        found = self._memory.remember(parts, lambda: asdict(self._engine.recognize(samples, language, prompt=prompt)))
        return _recognition(found)

    @property
    def windows(self) -> int:
        """The engine's."""
        return self._engine.windows

    def recognize_together(
        self, sounds: Sequence[Spoken], language: str, *, prompt: str = ""
    ) -> Sequence[Recognition | None]:
        """The engine's answer for these sounds together: what one of them gets depends on the others."""
        parts = ["recognize_together", *self._parts, [_place(one) for one in sounds], language, prompt]
        found = self._memory.remember(
            parts,
            lambda: [
                None if one is None else asdict(one)
                for one in self._engine.recognize_together(sounds, language, prompt=prompt)
            ],
        )
        return [None if one is None else _recognition(one) for one in found]

    def languages_together(self, sounds: Sequence[Spoken]) -> Sequence[Mapping[str, float] | None]:
        """The engine's answer for these sounds together."""
        parts = ["languages_together", *self._parts, [_place(one) for one in sounds]]
        found: list[dict[str, float] | None] = self._memory.remember(
            parts,
            lambda: [None if one is None else dict(one) for one in self._engine.languages_together(sounds)],
        )
        return found


def _recognition(found: dict[str, Any]) -> Recognition:
    words = tuple(RecognizedWord(**word) for word in found["words"])
    return Recognition(words, found["log_probability"], found["no_speech"])


def _place(sound: Spoken) -> list[Any]:
    return [_digest(sound.samples), *sound.voice]


def _digest(samples: Samples) -> str:
    return hashlib.sha256(samples.tobytes()).hexdigest()
