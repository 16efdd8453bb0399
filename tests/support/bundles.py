"""Model bundles in tests: a small folder, and archives put together by hand, so that each can be wrong in one way."""

from __future__ import annotations

import hashlib
import io
import pickle
import tarfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from device_config.bundles.manifest import MANIFEST, NOTE
from protocol.canonical import dumps
from protocol.encoding import b64, sha256_b64
from protocol.note import Ed25519Signer, sign_note

PUBLISHER = Ed25519Signer("models.court.test", bytes(range(32)))
STRANGER = Ed25519Signer("models.stranger.test", bytes(32))

MODEL = {
    "config.json": b"{}",
    "model.bin": b"\x06\x00\x00\x00\x0c\x00WhisperSpec\x00" + bytes(range(256)) * 40,
    "tokenizer.json": b'{"version": "1.0"}',
    "vocabulary.json": b"[]",
}


class RunsCode:
    """What pickles as a call of ``os.system``; never unpickled here."""

    def __reduce__(self) -> tuple[Any, ...]:
        import os

        return os.system, ("true",)


def make_folder(folder: Path, files: dict[str, bytes] | None = None) -> Path:
    for name, data in (MODEL if files is None else files).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def checkpoint(data: bytes, compression: int = zipfile.ZIP_STORED, name: str = "archive/data.pkl") -> bytes:
    """A torch.save file around a pickle."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        archive.writestr(name, data)
        archive.writestr("archive/data/0", bytes(64))
    return out.getvalue()


def pickled(value: object, protocol: int = 2) -> bytes:
    return pickle.dumps(value, protocol)


@dataclass
class Parts:
    """An archive before it is written: manifest, files, and what is laid in besides."""

    files: dict[str, bytes] = field(default_factory=lambda: dict(MODEL))
    value: dict[str, Any] = field(
        default_factory=lambda: {
            "format": 1, "name": "whisper-tiny", "version": "1.0", "engine": "faster-whisper", "languages": ["ru", "kk"],
            "licence": "MIT", "attribution": "OpenAI", "memory_bytes": 2**28,
        }
    )  # fmt: skip
    signer: Ed25519Signer = PUBLISHER
    note: bytes | None = None
    signed: bool = True
    #: Entries after those of the files: name, type, bytes, where a link leads.
    more: list[tuple[str, bytes, bytes, str]] = field(default_factory=list)
    #: Bytes in the archive that are not those that were signed; None leaves a file out.
    instead: dict[str, bytes | None] = field(default_factory=dict)

    def manifest(self) -> bytes:
        files = [
            {"path": path, "bytes": len(data), "sha256": b64(hashlib.sha256(data).digest())}
            for path, data in sorted(self.files.items())
        ]
        return dumps({"files": files, **self.value})

    def sign(self, manifest: bytes) -> bytes:
        folder = f"{self.value['name']}-{self.value['version']}"
        return sign_note(f"hattama model bundle 1\n{folder}\n{sha256_b64(manifest)}\n", self.signer).encode()

    def write(self, path: Path) -> Path:
        manifest = self.manifest()
        entries: list[tuple[str, bytes, bytes, str]] = [(MANIFEST, tarfile.REGTYPE, manifest, "")]
        if self.signed:
            entries.append((NOTE, tarfile.REGTYPE, self.note or self.sign(manifest), ""))
        for name, data in sorted(self.files.items()):
            found = self.instead.get(name, data)
            if found is not None:
                entries.append((name, tarfile.REGTYPE, found, ""))
        with path.open("wb") as out:
            for name, kind, data, link in [*entries, *self.more]:
                info = tarfile.TarInfo(name)
                info.type, info.size, info.linkname = kind, len(data), link
                out.write(info.tobuf(tarfile.GNU_FORMAT) + data + bytes(-len(data) % 512))
            out.write(bytes(1024))
        return path
