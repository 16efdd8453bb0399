"""A person's device with passkeys, as a server meets it (WebAuthn 6): ES256 keys, attestation "none", and ways to answer wrongly."""

from __future__ import annotations

import hashlib
import json
import secrets
import struct
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn import base64url_to_bytes
from webauthn.helpers import bytes_to_base64url

_PRESENT, _VERIFIED, _NEW_KEY = 0x01, 0x04, 0x40


@dataclass
class Device:
    """One device with one key.

    Attributes:
        origin: address of the page that asks it, as the browser tells.
        verified: its user gave the PIN, the finger or the face.
        counter: signatures counted so far.
        credential: id of its key.
        handle: whose key it is, as the server said when it was made.
    """

    origin: str
    verified: bool = True
    counter: int = 0
    credential: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    handle: bytes = b""
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def make(self, options: dict[str, Any]) -> dict[str, Any]:
        """A new key's answer to ``navigator.credentials.create``."""
        self.handle = base64url_to_bytes(options["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        about = bytes(16) + struct.pack(">H", len(self.credential)) + self.credential + cbor2.dumps(cose)
        data = self._data(options["rp"]["id"], _NEW_KEY) + about
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        told = self._client("webauthn.create", options["challenge"])
        response = {"clientDataJSON": told, "attestationObject": attestation}
        return self._answer(response, transports=["internal", "hybrid", "carrier-pigeon"])

    def sign(self, options: dict[str, Any], domain: str = "") -> dict[str, Any]:
        """An answer to ``navigator.credentials.get``."""
        self.counter += 1
        data, told = self._data(domain or options["rpId"]), self._client("webauthn.get", options["challenge"])
        signature = self.key.sign(data + hashlib.sha256(told).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(
            {"clientDataJSON": told, "authenticatorData": data, "signature": signature, "userHandle": self.handle}
        )

    def _data(self, domain: str, more: int = 0) -> bytes:
        flags = _PRESENT | (_VERIFIED if self.verified else 0) | more
        return hashlib.sha256(domain.encode()).digest() + struct.pack(">BI", flags, self.counter)

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}).encode()

    def _answer(self, response: dict[str, bytes], **more: Any) -> dict[str, Any]:
        encoded = {name: bytes_to_base64url(value) for name, value in response.items()}
        name = bytes_to_base64url(self.credential)
        return {
            "id": name,
            "rawId": name,
            "type": "public-key",
            "response": {**encoded, **more},
            "clientExtensionResults": {},
        }
