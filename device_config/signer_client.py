"""The signer service as its clients see it: a :class:`protocol.note.LogSigner` that holds no key."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from protocol.durable import write_once
from protocol.encoding import b64, unb64
from protocol.errors import BadEncoding, BadNote, NotSigned
from protocol.note import VerifierKey

PATIENCE_S = 2.0
_PACKET = 1 << 16


class SignerClient:
    """Asks the signer service.

    Args:
        path: its socket.
        known: a file for the public key, so that a recorder can begin while the service is away; None keeps none.
        patience_s: how long one answer may take, s.

    Raises:
        NotSigned: the service does not answer and its key is not known yet.
        DiskFailed: the key could not be kept.
    """

    def __init__(self, path: Path, known: Path | None = None, patience_s: float = PATIENCE_S) -> None:
        self._path = path
        self._patience_s = patience_s
        self.key = self._key(known)

    def sign(self, message: bytes) -> bytes:
        """Signature (64 bytes) over the text of a journal's first checkpoint, or of the one signed last.

        Raises:
            NotSigned: refused, or no answer.
        """
        return self.sign_checkpoint(message.decode(), lambda _size: [])

    def sign_checkpoint(self, text: str, prove: Callable[[int], Sequence[bytes]]) -> bytes:
        """Signature (64 bytes) over the text of a checkpoint.

        Args:
            text: the checkpoint.
            prove: consistency proof from a size the service asks for to the checkpoint's.

        Raises:
            NotSigned: refused, or no answer, or not a signature by the device's key.
        """
        with self._connected() as connection:
            answer = self._ask(connection, {"do": "sign", "text": text})
            if isinstance(size := answer.get("prove_from"), int):
                try:
                    proof = [b64(step) for step in prove(size)]
                except ValueError as error:
                    raise NotSigned(f"the signer signed size {size} of this journal already: {error}") from error
                answer = self._ask(connection, {"do": "sign", "text": text, "proof": proof})
        return self._checked(answer, text.encode())

    def sign_request(self, base: bytes) -> bytes:
        """Signature (64 bytes) over the signature base of a request to the archive (RFC 9421).

        Raises:
            NotSigned: refused, or no answer, or not a signature by the device's key.
        """
        with self._connected() as connection:
            return self._checked(self._ask(connection, {"do": "request", "base": base.decode()}), base)

    def _checked(self, answer: dict[str, Any], message: bytes) -> bytes:
        try:
            signature = unb64(answer["signature"], 64)
        except (KeyError, TypeError, BadEncoding) as error:
            raise NotSigned(f"the signer gave no signature: {error}") from error
        if not self.key.verify(message, signature):
            raise NotSigned("what the signer gave is no signature by this device's key")
        return signature

    def _key(self, known: Path | None) -> VerifierKey:
        try:
            with self._connected() as connection:
                key = VerifierKey.from_text(str(self._ask(connection, {"do": "key"}).get("key")))
        except BadNote as error:
            raise NotSigned(f"the signer's key: {error}") from error
        except NotSigned:
            if known is None or not known.exists():
                raise
            return VerifierKey.from_text(known.read_text("utf-8").strip())
        if known is not None and not (known.exists() and known.read_text("utf-8").strip() == key.text):
            known.unlink(missing_ok=True)  # another key is another device: it cannot go on with the old one's journals
            write_once(known, f"{key.text}\n".encode())
        return key

    def _connected(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        connection.settimeout(self._patience_s)
        try:
            connection.connect(str(self._path))
        except OSError as error:
            connection.close()
            raise NotSigned(f"{self._path}: the signer cannot be reached: {error}") from error
        return connection

    def _ask(self, connection: socket.socket, request: dict[str, Any]) -> dict[str, Any]:
        try:
            connection.send(json.dumps(request, separators=(",", ":")).encode())
            answer = json.loads(connection.recv(_PACKET) or b"null")
        except (OSError, ValueError) as error:
            raise NotSigned(f"{self._path}: the signer does not answer: {error}") from error
        if not isinstance(answer, dict):
            raise NotSigned(f"{self._path}: the signer closed the connection")
        if "code" in answer:
            raise NotSigned(f"the signer refused ({answer['code']}): {answer.get('message')}")
        return answer
