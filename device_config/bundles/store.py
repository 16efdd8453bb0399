"""The bundles of this box: list, verify, remove, and what the settings say of them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import structlog

from device_config.bundles import errors, pickles
from device_config.bundles.errors import BundleError
from device_config.bundles.install import ASIDE, locked, models_dir, publishers, receive
from device_config.bundles.manifest import MANIFEST, Manifest
from device_config.bundles.signed import open_signed
from device_config.bundles.source import FolderSource, head
from device_config.settings import ModelSettings, Settings
from protocol.durable import sync_dir
from protocol.note import VerifierKey

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Installed:
    """A bundle of this box: its folder, its manifest, or why it is none."""

    folder: Path
    manifest: Manifest | None
    trouble: BundleError | None = None


def verify(settings: Settings, name: str = "") -> list[Installed]:
    """Read every byte of the installed bundles, or of the one named ``name-version``, against what was signed.

    Raises:
        BundleAbsent: there is none of that name.
    """
    keys = publishers(settings)
    only = _named(settings, name)
    return [_verified(item.folder, keys) for item in installed(settings) if only in (None, item.folder)]


def _verified(folder: Path, keys: Sequence[VerifierKey]) -> Installed:
    manifest = None
    try:
        entries = FolderSource(folder).entries()
        data, note = head(entries)
        manifest, _ = open_signed(data, note, keys)
        if manifest.folder != folder.name:
            raise errors.BundleName(f"{folder}: holds {manifest.folder}")
        receive(entries, manifest, None)
        for file in manifest.files:
            pickles.check(folder / file.path, manifest.engine)
    except BundleError as error:
        return Installed(folder, manifest, error)
    except OSError as error:
        return Installed(
            folder, manifest, errors.BundleChanged(f"{error.filename or folder}: cannot be read: {error.strerror}")
        )
    return Installed(folder, manifest)


def installed(settings: Settings) -> list[Installed]:
    """The bundles of this box by name, unverified; a folder of another kind is not listed."""
    found = []
    models = models_dir(settings)
    for folder in sorted(models.iterdir()) if models.is_dir() else []:
        if folder.name.startswith(".") or not (folder / MANIFEST).is_file():
            continue
        try:
            found.append(Installed(folder, Manifest.from_bytes((folder / MANIFEST).read_bytes())))
        except BundleError as error:
            found.append(Installed(folder, None, error))
    return found


def remove(settings: Settings, name: str) -> Path:
    """Remove the bundle ``name-version``; returns the folder it had.

    Raises:
        BundleAbsent, BundleInUse: it is not there, or the settings name it.
    """
    folder = _named(settings, name)
    if folder is None:
        raise errors.BundleAbsent("no name was given")
    if uses(settings, folder):
        raise errors.BundleInUse(f"{folder}: the settings name it")
    with locked(models_dir(settings)) as models:
        aside = models / f".{folder.name}{ASIDE}"
        folder.rename(aside)
        sync_dir(models)
        shutil.rmtree(aside)
    log.info("bundle removed", action="bundle_removed", bundle=folder.name)
    return folder


def uses(settings: Settings, folder: Path) -> bool:
    """Whether the settings name the model in ``folder``."""
    named = [model.path for model in settings.speech.models]
    if settings.speech.diarization.path is not None:
        named.append(settings.speech.diarization.path)
    return any(path.resolve() == folder.resolve() for path in named)


def settings_lines(manifest: Manifest, folder: Path) -> str:
    """The lines that make an installed bundle a model of the speech settings; empty if no setting knows its engine."""
    path = str(folder).replace("\\", "\\\\").replace('"', '\\"')
    if manifest.engine == "pyannote":
        return f'[speech.diarization]\npath = "{path}"\n'
    if manifest.engine not in get_args(ModelSettings.model_fields["engine"].annotation):
        return ""
    languages = ", ".join(f'"{language}"' for language in manifest.languages)
    lines = f'[[speech.models]]\nengine = "{manifest.engine}"\npath = "{path}"\nlanguages = [{languages}]\n'
    # Which of its families the files are of, nothing in a bundle says; without it the engine refuses to load, and tells so.
    return (
        lines + 'options = { type = "" }  # fill in: docs/models.md, Engines\n'
        if manifest.engine == "onnx-asr"
        else lines
    )


def _named(settings: Settings, name: str) -> Path | None:
    if not name:
        return None
    folder = next((item.folder for item in installed(settings) if item.folder.name == name), None)
    if folder is None:
        raise errors.BundleAbsent(f"{name}: not in {models_dir(settings)}")
    return folder
