"""A witness as a log and a monitor see it: HTTP, answers checked with its key. Its address is the prefix before ``/add-checkpoint``."""

from __future__ import annotations

import hashlib
import ssl
import time
from collections.abc import Callable, Sequence
from typing import Any

import httpx2

from protocol.checkpoint import Checkpoint
from protocol.cosignature import WitnessKey, lines_of
from protocol.errors import BadNote
from protocol.note import VerifierKey, parse_note
from storage.errors import WitnessConflict, WitnessSilent
from storage.witness import make_request

TIMEOUT = httpx2.Timeout(10.0)
LONGEST_S = 15.0  # of an answer: one that sends a byte now and then would hold up the other witnesses
LARGEST = 1 << 16  # bytes of an answer
_UNPROVED = 422
_TRIES = 3  # another process of ours may have asked in between
Prove = Callable[[int, int], Sequence[bytes]]


class WitnessClient:
    """One witness.

    Args:
        url: its prefix.
        key: its key.
        transport: what carries the requests; only tests give one.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        url: str,
        key: WitnessKey,
        transport: httpx2.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.key = key
        self._clock = clock
        verify = ssl.create_default_context() if url.startswith("https:") else True
        self._http = httpx2.Client(
            base_url=url.rstrip("/") + "/", timeout=TIMEOUT, trust_env=False, verify=verify, transport=transport
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def cosign(self, note: str, old: int, prove: Prove) -> tuple[int, str]:
        """Have a checkpoint cosigned.

        Args:
            note: as the log signed it.
            old: size that this witness is believed to have cosigned last.
            prove: the log's consistency proof between two sizes.

        Returns:
            The size it had cosigned before, and its signature line.

        Raises:
            WitnessSilent: no answer, or none that is right.
            WitnessConflict: it cosigned a larger log, or another one.
        """
        point = Checkpoint.from_text(parse_note(note).text)
        for _ in range(_TRIES):
            proof = prove(old, point.size) if old else []
            status, text = self._ask("POST", "add-checkpoint", content=make_request(old, proof, note))
            if status == httpx2.codes.OK:
                return old, self._line(text, point)
            if status == _UNPROVED:
                raise WitnessConflict(
                    f"{self.key.name}: size {old} that it cosigned is not the beginning of size {point.size}"
                )
            if status != httpx2.codes.CONFLICT:
                raise WitnessSilent(f"{self.key.name}: {status} {text[:200]!r}")
            last, old = old, self._size(text)
            if old > point.size or old == last:
                raise WitnessConflict(
                    f"{self.key.name}: cosigned size {old}, and not the size {point.size} that we have"
                )
        raise WitnessSilent(f"{self.key.name}: its size changes with every request")

    def head(self, origin: str, log: VerifierKey) -> Checkpoint | None:
        """The largest checkpoint of a log that it cosigned; None if none.

        Raises:
            WitnessSilent: no answer, or none that log and witness signed.
        """
        status, text = self._ask("GET", f"heads/{hashlib.sha256(origin.encode()).hexdigest()}")
        if status == httpx2.codes.NOT_FOUND:
            return None
        try:
            note = parse_note(text)
            point = Checkpoint.from_text(note.text)
        except BadNote as error:
            raise WitnessSilent(f"{self.key.name}: {status}, and no checkpoint: {error}") from error
        if point.origin != origin or not note.signed_by(log) or self.key.signed_at(note.text, note.signatures) is None:
            raise WitnessSilent(f"{self.key.name}: its head is not signed by the log and by it")
        return point

    def _line(self, text: str, point: Checkpoint) -> str:
        try:
            found = lines_of(text, point.text, {self.key.name: self.key})
        except (BadNote, ValueError) as error:
            raise WitnessSilent(f"{self.key.name}: not a cosignature: {error}") from error
        if not found:
            raise WitnessSilent(f"{self.key.name}: its answer has no cosignature by its key")
        return found[0][1]

    def _size(self, text: str) -> int:
        size = text.removesuffix("\n")
        if not size.isascii() or not size.isdigit() or len(size) > 16:
            raise WitnessSilent(f"{self.key.name}: a conflict without its size")
        return int(size)

    def _ask(self, method: str, path: str, **options: Any) -> tuple[int, str]:
        end = self._clock() + LONGEST_S
        try:
            with self._http.stream(method, path, **options) as answer:
                body = bytearray()
                for piece in answer.iter_bytes():
                    body += piece
                    if len(body) > LARGEST or self._clock() > end:
                        raise WitnessSilent(
                            f"{self.key.name}: the answer is longer than {LARGEST} bytes, or takes longer than {LONGEST_S:.0f} s"
                        )
            return answer.status_code, body.decode()
        except (httpx2.HTTPError, UnicodeDecodeError) as error:
            raise WitnessSilent(f"{self.key.name}: {error or type(error).__name__}") from error
