"""The national key client, as far as a page meets it: a WebSocket server on this computer that speaks its protocol (RFC 6455, TLS).

It has one person's key, opens no window, and can be told to behave as a person who closes it would.
"""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from protocol.signatures.pkcs12 import FileKey
from tests.support.people import PASSWORD, Human

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3


@dataclass
class KeyClient:
    """What it does, and what it was asked.

    Attributes:
        address: where it listens.
        person: whose key it has; None: the person closes its window.
        asked: every request.
    """

    address: str
    person: Human | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """To one request."""
        self.asked.append(request)
        if request["module"] != "kz.gov.pki.knca.commonUtils":
            return {"code": "500", "message": "module.notfound"}
        if request["method"] == "getActiveTokens":
            return {"code": "200", "responseObject": []}
        if request["method"] != "createCAdESFromBase64Hash":
            return {"code": "500", "message": "method.notfound"}
        if self.person is None:
            return {"code": "500", "message": "action.canceled"}
        cms = FileKey(self.person.file, PASSWORD).sign_digest(base64.b64decode(request["args"][2]))
        return {"code": "200", "responseObject": base64.encodebytes(cms).decode()}


@contextmanager
def key_client(folder: Path) -> Iterator[KeyClient]:
    """A running key client with a certificate for 127.0.0.1 that nobody else knows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_certificate(folder / "key-client.pem"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = KeyClient(f"wss://127.0.0.1:{listener.getsockname()[1]}")
        thread = threading.Thread(target=_serve, args=(listener, context, client), daemon=True)
        thread.start()
        try:
            yield client
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def _serve(listener: socket.socket, context: ssl.SSLContext, client: KeyClient) -> None:
    while True:
        try:
            plain, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_talk, args=(plain, context, client), daemon=True).start()


def _talk(plain: socket.socket, context: ssl.SSLContext, client: KeyClient) -> None:
    plain.settimeout(60)
    with (
        suppress(OSError, ssl.SSLError, EOFError, ValueError),
        plain,
        context.wrap_socket(plain, server_side=True) as line,
    ):
        stream = line.makefile("rb")
        headers = dict(part.split(b": ", 1) for part in iter(lambda: stream.readline().strip(), b"") if b": " in part)
        key = {name.lower(): value for name, value in headers.items()}[b"sec-websocket-key"]
        accept = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
        line.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
            + accept
            + b"\r\n\r\n"
        )
        _say(line, {"result": {"version": "1.4"}})
        while (text := _hear(stream)) is not None:
            _say(line, client.answer(json.loads(text)))


def _say(line: ssl.SSLSocket, value: dict[str, Any]) -> None:
    data = json.dumps(value).encode()
    length = bytes([len(data)]) if len(data) < 126 else b"\x7e" + struct.pack(">H", len(data))
    line.sendall(b"\x81" + length + data)


def _hear(stream: Any) -> bytes | None:
    """A text message; None when the page has closed."""
    first, second = _read(stream, 2)
    size = second & 0x7F
    if size >= 126:
        size = int.from_bytes(_read(stream, 2 if size == 126 else 8), "big")
    mask, data = _read(stream, 4), _read(stream, size)
    return bytes(byte ^ mask[at % 4] for at, byte in enumerate(data)) if first & 0x0F == 1 else None


def _read(stream: Any, size: int) -> bytes:
    data: bytes = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data


def _certificate(path: Path) -> Path:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    made = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now - timedelta(days=1), now + timedelta(days=1)
    )
    made = made.add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return path
