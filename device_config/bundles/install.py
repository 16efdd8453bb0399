"""Put a bundle into ``<state_dir>/models/<name>-<version>/``: whole and verified, or not at all.

The keys of publishers lie in ``<state_dir>/trust/publishers``, apart from those whose records count: who may bring a model is
not thereby a box whose records are believed, nor the other way round.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import structlog

from device_config.bundles import errors, pickles
from device_config.bundles.errors import BundleError
from device_config.bundles.manifest import MANIFEST, NOTE, Manifest
from device_config.bundles.signed import open_signed
from device_config.bundles.source import Entry, FolderSource, Source, head, opened
from device_config.identity import trust_dir, trusted_keys
from device_config.settings import Settings
from protocol.durable import DurableFile, make_dirs, sync_dir
from protocol.note import VerifierKey

log = structlog.get_logger(__name__)

ASIDE: Final = ".tmp"


def models_dir(settings: Settings) -> Path:
    """Where bundles are installed."""
    return settings.state_dir / "models"


def publishers_dir(settings: Settings) -> Path:
    """Where the keys of trusted publishers lie."""
    return trust_dir(settings) / "publishers"


def publishers(settings: Settings) -> tuple[VerifierKey, ...]:
    """The trusted publishers' keys.

    Raises:
        TrustUnusable: one of them cannot be read.
    """
    return trusted_keys(publishers_dir(settings))


def add(settings: Settings, path: Path) -> tuple[Manifest, Path]:
    """Install the bundle at ``path``; installing it again reads both and writes nothing. Returns its manifest and its folder.

    Everything is written and checked in a folder beside, which then gets its name: killed at any moment, the bundle is there or not.

    Raises:
        BundleError: it is refused, and nothing of it is left.
        DiskFailed: the disk refused.
    """
    keys = publishers(settings)
    with locked(models_dir(settings)) as models, opened(path) as source:
        try:
            manifest, folder = _install(models, source, keys)
        except BundleError as error:
            log.warning("bundle refused", action="bundle_refused", path=str(path), code=error.code, reason=str(error))
            raise
    log.info("bundle installed", action="bundle_installed", bundle=manifest.folder, folder=str(folder))
    return manifest, folder


def _install(models: Path, source: Source, keys: Sequence[VerifierKey]) -> tuple[Manifest, Path]:
    entries = source.entries()
    data, note = head(entries)
    manifest, _ = open_signed(data, note, keys)
    folder = models / manifest.folder
    if folder.exists():
        if not (folder / MANIFEST).is_file() or (folder / MANIFEST).read_bytes() != data:
            raise errors.BundleExists(f"{folder}: is there already with other bytes")
        receive(entries, manifest, None)  # a broken copy of what is installed is refused as any broken one
        _intact(folder, manifest)
        return manifest, folder
    if manifest.size > shutil.disk_usage(models).free:
        raise errors.BundleOversize(f"{manifest.folder}: {manifest.size} bytes do not fit on the disk of {models}")
    if manifest.memory_bytes > _memory():
        raise errors.BundleMemory(
            f"{manifest.folder}: needs {manifest.memory_bytes >> 20} MiB of memory; this box has {_memory() >> 20}"
        )
    aside = models / f".{manifest.folder}{ASIDE}"
    try:
        for name, content in ((MANIFEST, data), (NOTE, note or b"")):
            _write(aside / name, [content])
        receive(entries, manifest, aside)
        for file in manifest.files:
            pickles.check(aside / file.path, manifest.engine)
        aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    sync_dir(models)
    return manifest, folder


def _intact(folder: Path, manifest: Manifest) -> None:
    """Read what is installed: whoever adds a bundle again may do so because the disk changed it."""
    there = FolderSource(folder).entries()
    head(there)
    try:
        receive(there, manifest, None)
    except BundleError as error:
        raise type(error)(f"{folder}, as installed: {error}") from error


def _memory() -> int:
    """Bytes of this machine's memory."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def receive(entries: Iterator[Entry], manifest: Manifest, aside: Path | None) -> None:
    """Read every file against the manifest, and write it to ``aside`` if that is given."""
    due = {file.path: file for file in manifest.files}
    seen: set[str] = set()
    for entry in entries:
        if entry.path in seen or entry.path in (MANIFEST, NOTE):
            raise errors.BundleTwice(f"{entry.path}: stands in it twice")
        if entry.path not in due:
            raise errors.BundleExtra(f"{entry.path}: the manifest does not name it")
        file = due[entry.path]
        if entry.size > file.size:
            raise errors.BundleOversize(f"{entry.path}: {entry.size} bytes; the manifest says {file.size}")
        digest = hashlib.sha256()
        if aside is None:
            for part in entry.parts():
                digest.update(part)
        else:
            _write(aside / entry.path, _hashed(entry, digest.update))
        if digest.digest() != file.sha256:
            raise errors.BundleChanged(f"{entry.path}: not the bytes that were signed")
        seen.add(entry.path)
    if missing := sorted(set(due) - seen):
        raise errors.BundleMissing(f"{', '.join(missing[:5])}: not there")


def _hashed(entry: Entry, seen: Callable[[bytes], None]) -> Iterator[bytes]:
    for part in entry.parts():
        seen(part)
        yield part


def _write(path: Path, parts: Iterable[bytes]) -> None:
    file = DurableFile(path)
    try:
        for part in parts:
            file.write(part)
    finally:
        file.close()


@contextmanager
def locked(models: Path) -> Iterator[Path]:
    """One command at a time changes the folder; what a killed one left is cleared away."""
    make_dirs(models)
    fd = os.open(models, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        for left in models.glob(f".*{ASIDE}"):
            shutil.rmtree(left)
        yield models
    finally:
        os.close(fd)
