"""Make a bundle of a model folder, on a machine with internet, for boxes without."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from device_config.bundles import errors, pickles
from device_config.bundles.manifest import MANIFEST, NOTE, BundledFile, Manifest
from device_config.bundles.signed import sign
from device_config.bundles.source import BLOCK, Entry, FolderSource, list_files
from protocol.durable import write_once
from protocol.note import Signer

_FILE_MODE: Final = 0o644


#: Languages of the courts by their codes of three letters (ISO 639-2), which hearings do not use: they have ISO 639-1's.
_SHORT: Final = {"eng": "en", "kaz": "kk", "rus": "ru"}


@dataclass(frozen=True)
class Description:
    """What the publisher says of a model; ``memory_bytes`` is what its engine needs to run it."""

    name: str
    version: str
    engine: str
    languages: Sequence[str]
    licence: str
    attribution: str
    memory_bytes: int


def pack(folder: Path, about: Description, signer: Signer, out: Path) -> Manifest:
    """Write the bundle of ``folder`` to ``out``: the same folder and key give the same bytes. Returns its manifest.

    Raises:
        BundleError: the folder or what is said of it would be refused by a box.
        RecordExists, DiskFailed: ``out`` is there with other content, or cannot be written.
    """
    if not folder.is_dir():
        raise errors.BundleForm(f"{folder}: no such folder")
    if (folder / MANIFEST).exists() or (folder / NOTE).exists():
        raise errors.BundleForm(f"{folder}: is a bundle already; pack the folder it was made of")
    if out.resolve().is_relative_to(folder.resolve()):
        raise errors.BundleForm(f"{out}: lies in the folder that is packed")
    for language in about.languages:
        if (short := _SHORT.get(language)) is not None:
            raise errors.BundleFormat(
                f"{MANIFEST}: languages: {language!r} matches no hearing; its code here is {short!r}"
            )
    files = tuple(_measure(folder, path, about.engine) for path in list_files(folder))
    made = Manifest(
        name=about.name, version=about.version, engine=about.engine, languages=tuple(about.languages), licence=about.licence,
        attribution=about.attribution, memory_bytes=about.memory_bytes, files=files,
    )  # fmt: skip
    manifest = Manifest.from_bytes(made.to_bytes())
    write_once(out, _archive(folder, manifest, sign(manifest, signer)))
    return manifest


def _measure(folder: Path, path: str, engine: str) -> BundledFile:
    file = folder / path
    pickles.check(file, engine)
    with file.open("rb") as opened:
        return BundledFile(path, file.stat().st_size, hashlib.file_digest(opened, "sha256").digest())


def _archive(folder: Path, manifest: Manifest, note: bytes) -> Iterator[bytes]:
    for path, data in ((MANIFEST, manifest.to_bytes()), (NOTE, note)):
        yield from member(Entry(path, len(data), io.BytesIO(data)))
    for file, entry in zip(manifest.files, FolderSource(folder).entries(), strict=True):
        digest = hashlib.sha256()
        yield from member(entry, digest.update)
        if (entry.path, entry.size, digest.digest()) != (file.path, file.size, file.sha256):
            raise errors.BundleChanged(f"{file.path}: changed while it was packed")
    yield bytes(2 * BLOCK)


def member(entry: Entry, seen: Callable[[bytes], None] | None = None) -> Iterator[bytes]:
    """One entry of the archive: header, bytes, padding to a block. No time, owner or mode of this machine is in it."""
    info = tarfile.TarInfo(entry.path)
    info.size, info.mode = entry.size, _FILE_MODE
    yield info.tobuf(tarfile.GNU_FORMAT)
    for part in entry.parts():
        if seen is not None:
            seen(part)
        yield part
    yield bytes(-entry.size % BLOCK)
