"""Cosignatures of witnesses over a log's checkpoints (https://c2sp.org/tlog-cosignature, version 1, Ed25519).

A cosignature says: at this time, the largest consistent log of this origin that I have seen has this size and root. It stands as
one more signature line of the checkpoint's note; its bytes are a time (POSIX seconds, u64) and the signature.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from nacl.signing import SigningKey

from protocol.encoding import b64, unb64
from protocol.errors import BadEncoding, BadNote
from protocol.note import NoteSignature, VerifierKey, parse_note

COSIGNATURE = b"\x04"
_LENGTH = 8 + 64
_LATEST = 2**63


@dataclass(frozen=True)
class WitnessKey:
    """A witness's public key (32 bytes) and name, as lists carry it: ``name+hex key ID+base64 of 0x04 ‖ key``."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        VerifierKey(self.name, self.public_key)  # the same rules

    @classmethod
    def from_text(cls, text: str) -> WitnessKey:
        """Parse the text form.

        Raises:
            BadNote: another form, not a witness's key, or the key ID does not belong to the key.
        """
        parts = text.split("+", 2)
        if len(parts) != 3:
            raise BadNote(f"{text[:80]!r} is not a witness key")
        try:
            raw = unb64(parts[2], 33)
        except BadEncoding as error:
            raise BadNote(f"witness key {parts[0]!r}: {error}") from error
        if raw[:1] != COSIGNATURE:
            raise BadNote(f"witness key {parts[0]!r}: type {raw[0]} is not that of cosignatures (4)")
        key = cls(parts[0], raw[1:])
        if key.key_id.hex() != parts[1]:
            raise BadNote(f"witness key {parts[0]!r}: key ID {parts[1]} does not belong to it")
        return key

    @property
    def text(self) -> str:
        """The key as lists carry it."""
        return f"{self.name}+{self.key_id.hex()}+{b64(COSIGNATURE + self.public_key)}"

    @property
    def key_id(self) -> bytes:
        """First 4 bytes of ``SHA-256(name ‖ LF ‖ 0x04 ‖ public key)``."""
        return hashlib.sha256(self.name.encode() + b"\n" + COSIGNATURE + self.public_key).digest()[:4]

    def signed_at(self, text: str, signatures: tuple[NoteSignature, ...]) -> int | None:
        """When this witness cosigned the text of a checkpoint, POSIX seconds; None if no line is its own and right."""
        key = VerifierKey(self.name, self.public_key)
        for item in signatures:
            if (item.name, item.key_id, len(item.signature)) != (self.name, self.key_id, _LENGTH):
                continue
            at = int.from_bytes(item.signature[:8], "big")
            if at < _LATEST and key.verify(_message(text, at), item.signature[8:]):
                return at
        return None


class Cosigner:
    """A witness's private key.

    Args:
        name: key name.
        seed: 32 secret bytes.
    """

    def __init__(self, name: str, seed: bytes) -> None:
        self._key = SigningKey(seed)
        self.key = WitnessKey(name, bytes(self._key.verify_key))

    def line(self, text: str, at: int) -> str:
        """The signature line (ending in LF) over the text of a checkpoint.

        Args:
            text: origin, size and root, a line each.
            at: POSIX seconds.
        """
        signature = self._key.sign(_message(text, at)).signature
        return f"— {self.key.name} {b64(self.key.key_id + at.to_bytes(8, 'big') + signature)}\n"


def _message(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def lines_of(answer: str, text: str, keys: dict[str, WitnessKey]) -> list[tuple[WitnessKey, str]]:
    """The right cosignatures by known keys among signature lines that a witness answered with.

    Args:
        answer: signature lines, each ending in LF.
        text: of the checkpoint.
        keys: witnesses by name; lines of others are passed over.

    Raises:
        BadNote: not signature lines.
    """
    found = []
    for line in answer.splitlines(keepends=True):
        (signature,) = parse_note(f"{text}\n{line}").signatures
        key = keys.get(signature.name)
        if key is not None and key.signed_at(text, (signature,)) is not None:
            found.append((key, line))
    return found
