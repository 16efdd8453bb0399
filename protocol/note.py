"""C2SP signed notes (https://c2sp.org/signed-note) with Ed25519 keys.

A note is text ending in LF, an empty line, and signature lines ``— <name> <base64 of key ID ‖ signature>``.
The signature is over the text without the empty line.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from protocol.encoding import b64, unb64
from protocol.errors import BadEncoding, BadNote

ED25519 = b"\x01"
#: What no key name holds: "+", control characters, white space (record format, section 5; each language's \\s is another).
_NO_NAME = r"+\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_NAME = re.compile(rf"[^{_NO_NAME}]+\Z")
_SIGNATURE = re.compile(rf"— (?P<name>[^{_NO_NAME}]+) (?P<data>[A-Za-z0-9+/=]+)\Z")


def _check_name(name: str) -> str:
    if not _NAME.match(name):
        raise BadNote(f"{name!r} is not a key name: no white space, no '+'")
    return name


@dataclass(frozen=True)
class VerifierKey:
    """An Ed25519 public key (32 bytes) with its name, as written in trust lists: ``name+hex key ID+base64``."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        _check_name(self.name)
        if len(self.public_key) != 32:
            raise BadNote("an Ed25519 public key has 32 bytes")

    @classmethod
    def from_text(cls, text: str) -> VerifierKey:
        """Parse ``<name>+<key ID>+<base64 of 0x01 ‖ key>``.

        Raises:
            BadNote: another form, another algorithm, or the key ID does not belong to the key.
        """
        parts = text.split("+", 2)
        if len(parts) != 3:
            raise BadNote(f"{text[:80]!r} is not a verifier key")
        name, key_id, data = parts
        try:
            raw = unb64(data, 33)
        except BadEncoding as error:
            raise BadNote(f"verifier key {name!r}: {error}") from error
        if raw[:1] != ED25519:
            raise BadNote(f"verifier key {name!r}: algorithm {raw[0]} is not Ed25519")
        key = cls(name, raw[1:])
        if key.key_id.hex() != key_id:
            raise BadNote(f"verifier key {name!r}: key ID {key_id} does not belong to it")
        return key

    @property
    def text(self) -> str:
        """The key as trust lists carry it."""
        return f"{self.name}+{self.key_id.hex()}+{b64(ED25519 + self.public_key)}"

    @property
    def key_id(self) -> bytes:
        """First 4 bytes of ``SHA-256(name ‖ LF ‖ 0x01 ‖ public key)``."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public_key).digest()[:4]

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether ``signature`` (64 bytes) over ``message`` is by this key."""
        try:
            VerifyKey(self.public_key).verify(message, signature)
        except (BadSignatureError, ValueError):
            return False
        return True


class Signer(Protocol):
    """Who holds a private key: this process, or the signer service."""

    @property
    def key(self) -> VerifierKey:
        """The key's public half."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Ed25519 signature (64 bytes).

        Raises:
            NotSigned: it refused, or does not answer.
        """
        ...


@runtime_checkable
class LogSigner(Signer, Protocol):
    """A signer that remembers what it signed and wants to see that a log only grew."""

    def sign_checkpoint(self, text: str, prove: Callable[[int], Sequence[bytes]]) -> bytes:
        """Ed25519 signature (64 bytes) over the text of a checkpoint.

        Args:
            text: origin, size and root, a line each.
            prove: the proof (RFC 6962, section 2.1.2) that the log of that size is the beginning of the log of the text.

        Raises:
            NotSigned: it refused, or does not answer.
        """
        ...


class Ed25519Signer:
    """A signer in this process.

    Args:
        name: key name, no white space, no ``+``.
        seed: 32 secret bytes.
    """

    def __init__(self, name: str, seed: bytes) -> None:
        self._key = SigningKey(seed)
        self.key = VerifierKey(name, bytes(self._key.verify_key))

    def sign(self, message: bytes) -> bytes:
        """Ed25519 signature (64 bytes)."""
        return self._key.sign(message).signature

    def sign_request(self, base: bytes) -> bytes:
        """Ed25519 signature (64 bytes) over the signature base of a request to the archive (RFC 9421)."""
        return self.sign(base)


@dataclass(frozen=True)
class NoteSignature:
    """One signature line: key name, 4-byte key ID, signature bytes."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True)
class Note:
    """A note: its text (ending in LF) and its signature lines, unverified."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def signed_by(self, key: VerifierKey) -> bool:
        """Whether one signature line is by ``key`` and right."""
        return any(
            item.name == key.name and item.key_id == key.key_id and key.verify(self.text.encode(), item.signature)
            for item in self.signatures
        )


def sign_note(text: str, signer: Signer) -> str:
    """The note: text, empty line, one signature line."""
    if not text.endswith("\n"):
        raise BadNote("the text of a note ends in LF")
    return _note(text, signer.key, signer.sign(text.encode()))


def sign_checkpoint(text: str, signer: Signer, prove: Callable[[int], Sequence[bytes]]) -> str:
    """The note of a checkpoint; a signer that wants one gets the proof that the log only grew.

    Raises:
        NotSigned: the signer refused, or does not answer.
    """
    if isinstance(signer, LogSigner):
        return _note(text, signer.key, signer.sign_checkpoint(text, prove))
    return sign_note(text, signer)


def _note(text: str, key: VerifierKey, signature: bytes) -> str:
    return f"{text}\n— {key.name} {b64(key.key_id + signature)}\n"


def parse_note(note: str) -> Note:
    """Take a note apart.

    Raises:
        BadNote: no empty line, or a signature line in another form.
    """
    head, separator, tail = note.rpartition("\n\n")
    if not separator or not note.endswith("\n"):
        raise BadNote("no empty line between text and signatures, or no LF at the end")
    signatures = []
    for line in tail[:-1].split("\n") if tail else []:
        match = _SIGNATURE.match(line)
        if not match:
            raise BadNote(f"{line[:60]!r} is not a signature line")
        try:
            data = unb64(match["data"])
        except BadEncoding as error:
            raise BadNote(f"signature by {match['name']!r}: {error}") from error
        if len(data) < 5:
            raise BadNote(f"signature by {match['name']!r} is too short")
        signatures.append(NoteSignature(match["name"], data[:4], data[4:]))
    return Note(head + "\n", tuple(signatures))
