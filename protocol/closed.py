"""Closed parts: encryption from the first write (record format, section 9).

libsodium's secretstream finds truncation, removal, reordering and repetition of chunks; the additional data binds every chunk
to its path. Keys are 32 bytes, one for each closed take, wrapped by sealed boxes to the archive and to escrow.
Randomness enters only through libsodium's own stream headers and sealed boxes.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nacl import bindings
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from protocol import canonical
from protocol.encoding import b64, unb64
from protocol.errors import BadEncoding, Closed, NotCanonical
from protocol.journal import Entry, Line

MAGIC = b"HTMENC01"
HEADER_BYTES = bindings.crypto_secretstream_xchacha20poly1305_HEADERBYTES
OVERHEAD = bindings.crypto_secretstream_xchacha20poly1305_ABYTES
MAX_CHUNK = 16 * 1024 * 1024
FILE_CHUNK = 65_536
_MESSAGE = bindings.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE
_FINAL = bindings.crypto_secretstream_xchacha20poly1305_TAG_FINAL


class StreamEncryptor:
    """Encrypts one file, chunk by chunk, as the fragments come.

    Args:
        key: 32 bytes.
        path: the file's path in the record; bound to every chunk.
    """

    def __init__(self, key: bytes, path: str) -> None:
        self._state = bindings.crypto_secretstream_xchacha20poly1305_state()
        self._header = bindings.crypto_secretstream_xchacha20poly1305_init_push(self._state, key)
        self._ad = path.encode()
        self._plain = hashlib.sha256()
        self.plain_bytes = 0

    @property
    def head(self) -> bytes:
        """The first 32 bytes of the file."""
        return MAGIC + self._header

    @property
    def plain_sha256(self) -> str:
        """Base64 SHA-256 of the plaintext so far."""
        return b64(self._plain.digest())

    def chunk(self, plain: bytes, *, final: bool = False) -> bytes:
        """One chunk with its length: ciphertext is plaintext + 17 bytes.

        Raises:
            Closed: the chunk would be longer than 16 MiB.
        """
        if len(plain) + OVERHEAD > MAX_CHUNK:
            raise Closed(f"a chunk of {len(plain)} bytes is too long")
        tag = _FINAL if final else _MESSAGE
        cipher = bindings.crypto_secretstream_xchacha20poly1305_push(self._state, plain, self._ad, tag)
        self._plain.update(plain)
        self.plain_bytes += len(plain)
        return struct.pack(">I", len(cipher)) + cipher


@dataclass(frozen=True)
class Frame:
    """How an encrypted file is cut: its header, whole chunks, and bytes of a torn last chunk."""

    header: bytes
    chunks: tuple[bytes, ...]
    torn: int


def split_frame(data: bytes) -> Frame:
    """Cut an encrypted file into its chunks; needs no key.

    Raises:
        Closed: the magic, the header or a length is wrong.
    """
    head = len(MAGIC) + HEADER_BYTES
    if data[: len(MAGIC)] != MAGIC or len(data) < head:
        raise Closed("does not begin with HTMENC01 and a stream header")
    chunks: list[bytes] = []
    position = head
    while position < len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        if len(data) - position < 4:
            break
        if not OVERHEAD <= length <= MAX_CHUNK:
            raise Closed(f"chunk {len(chunks)} has an impossible length {length}")
        if position + 4 + length > len(data):
            break
        chunks.append(data[position + 4 : position + 4 + length])
        position += 4 + length
    return Frame(data[len(MAGIC) : head], tuple(chunks), len(data) - position)


@dataclass(frozen=True)
class Chunk:
    """One whole chunk, decrypted.

    Attributes:
        plain: its bytes.
        end: where it ends in the encrypted file.
        final: whether it is the last by its tag.
    """

    plain: bytes
    end: int
    final: bool


def open_chunks(data: bytes, key: bytes, path: str) -> Iterator[Chunk]:
    """Decrypt a file chunk by chunk; a torn last chunk is left out (:func:`split_frame` tells of it).

    Raises:
        Closed: at the first chunk that does not open, or that stands after the final one; what came before is good.
    """
    frame = split_frame(data)
    state = bindings.crypto_secretstream_xchacha20poly1305_state()
    end, final = len(MAGIC) + HEADER_BYTES, False
    for number, cipher in enumerate(frame.chunks):
        if final:
            raise Closed(f"chunk {number} stands after the final one")
        try:
            if not number:
                bindings.crypto_secretstream_xchacha20poly1305_init_pull(state, frame.header, key)
            plain, tag = bindings.crypto_secretstream_xchacha20poly1305_pull(state, cipher, path.encode())
        except (CryptoError, ValueError, TypeError) as error:
            raise Closed(f"chunk {number} does not open: wrong key, or changed bytes") from error
        end, final = end + 4 + len(cipher), tag == _FINAL
        yield Chunk(plain, end, final)


@dataclass(frozen=True)
class Opened:
    """A decrypted file: plaintext of all whole chunks, whether FINAL was seen, bytes of a torn last chunk."""

    plain: bytes
    final: bool
    torn: int


def open_file(data: bytes, key: bytes, path: str) -> Opened:
    """Decrypt a file as far as it goes; a torn last chunk is told from a removed one by ``torn`` and ``final``.

    Raises:
        Closed: wrong key, another path, changed, reordered or repeated chunks, or chunks after FINAL.
    """
    plain, final = [], False
    for chunk in open_chunks(data, key, path):
        plain.append(chunk.plain)
        final = chunk.final
    return Opened(b"".join(plain), final, split_frame(data).torn)


def encrypt_file(data: bytes, key: bytes, path: str) -> tuple[bytes, StreamEncryptor]:
    """A whole file encrypted in chunks of 64 KiB, and the encryptor with the plain digest."""
    encryptor = StreamEncryptor(key, path)
    pieces = [data[i : i + FILE_CHUNK] for i in range(0, len(data), FILE_CHUNK)] or [b""]
    chunks = [encryptor.chunk(piece, final=number == len(pieces)) for number, piece in enumerate(pieces, 1)]
    return encryptor.head + b"".join(chunks), encryptor


def seal_line_data(
    data: Mapping[str, Any], key: bytes, key_name: str, *, line_type: str, seq: int, salt: bytes
) -> dict[str, Any]:
    """The ``data`` of a line whose content is closed.

    Args:
        data: the content.
        key: 32 bytes.
        key_name: the key's name, as in its ``key`` line.
        line_type: type of the line, bound to the content together with ``seq``.
        seq: number of the line.
        salt: 16 random bytes, so that the plain digest cannot be guessed.
    """
    plain = canonical.dumps({"data": data, "salt": b64(salt)})
    encryptor = StreamEncryptor(key, f"{line_type}:{seq}")
    box = encryptor.head[len(MAGIC) :] + encryptor.chunk(plain, final=True)[4:]
    return {"sealed": {"box": b64(box), "key": key_name, "plain_sha256": encryptor.plain_sha256}}


def open_line_data(data: Mapping[str, Any], key: bytes, *, line_type: str, seq: int) -> dict[str, Any]:
    """Content of a sealed line.

    Raises:
        Closed: wrong key, another line, or changed bytes.
    """
    try:
        sealed = data["sealed"]
        box = unb64(sealed["box"])
        state = bindings.crypto_secretstream_xchacha20poly1305_state()
        bindings.crypto_secretstream_xchacha20poly1305_init_pull(state, box[:HEADER_BYTES], key)
        plain, tag = bindings.crypto_secretstream_xchacha20poly1305_pull(
            state, box[HEADER_BYTES:], f"{line_type}:{seq}".encode()
        )
        if tag != _FINAL or b64(hashlib.sha256(plain).digest()) != sealed["plain_sha256"]:
            raise Closed(f"line {seq}: the plain digest is not the one that was signed")
        return dict(canonical.loads(plain)["data"])
    except (CryptoError, ValueError, TypeError, KeyError, BadEncoding, NotCanonical) as error:
        raise Closed(f"line {seq}: does not open: wrong key, or changed bytes") from error


def open_entry(entry: Entry, keys: Mapping[str, bytes]) -> Entry:
    """A journal line with its content open, where it is sealed and its key is there; else the line as it is.

    Args:
        entry: a line.
        keys: 32 bytes, by the key's name.

    Raises:
        Closed: the key is there and does not open it.
    """
    if not isinstance(entry, Line) or not isinstance(sealed := entry.data.get("sealed"), Mapping):
        return entry
    key = keys.get(str(sealed.get("key")))
    if key is None:
        return entry
    return replace(entry, data=open_line_data(entry.data, key, line_type=entry.type, seq=entry.seq))


def key_id(public_key: bytes) -> str:
    """First 8 bytes of SHA-256 of an X25519 public key, hex."""
    return hashlib.sha256(public_key).digest()[:8].hex()


def wrap_key(key: bytes, recipients: Mapping[str, bytes]) -> list[dict[str, str]]:
    """The ``wrapped`` list of a ``key`` line: a sealed box for each recipient's X25519 public key (32 bytes)."""
    return [
        {"box": b64(SealedBox(PublicKey(public)).encrypt(key)), "key_id": key_id(public), "to": name}
        for name, public in sorted(recipients.items())
    ]


def unwrap_key(wrapped: Sequence[Mapping[str, str]], private_key: bytes) -> bytes:
    """The key of a closed take, for the holder of an X25519 private key (32 bytes).

    Raises:
        Closed: no box is for this key, or it does not open.
    """
    private = PrivateKey(private_key)
    mine = key_id(bytes(private.public_key))
    for item in wrapped:
        if item.get("key_id") == mine:
            try:
                return SealedBox(private).decrypt(unb64(item["box"]))
            except (CryptoError, BadEncoding) as error:
                raise Closed("the wrapped key does not open") from error
    raise Closed("the key is not wrapped to this recipient")
