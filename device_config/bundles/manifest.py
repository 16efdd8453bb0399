"""What a bundle says about itself: ``hattama-bundle.json``, canonical JSON (record format, section 2; docs/models.md)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any, Final

from device_config.bundles import errors
from protocol.canonical import JsonObject, dumps, loads
from protocol.encoding import b64, unb64
from protocol.errors import BadEncoding, NotCanonical

FORMAT: Final = 1
MANIFEST: Final = "hattama-bundle.json"
NOTE: Final = "hattama-bundle.note"
#: Bounds of a bundle: bytes of all files (the largest model known here has 7 GB), files, bytes of manifest and of note.
MAX_BYTES: Final = 64 * 2**30
MAX_FILES: Final = 2000
MAX_MANIFEST: Final = 2**20
MAX_NOTE: Final = 2**14

#: What each engine cannot do without, as patterns of paths. A folder without is not that engine's.
ENGINE_FILES: Final[dict[str, tuple[str, ...]]] = {
    "faster-whisper": ("model.bin", "config.json", "tokenizer.json", "vocabulary.*"),
    "moonshine": ("encoder_model.ort", "decoder_model_merged.ort", "tokenizer.bin"),
    "onnx-asr": ("*.onnx", "*vocab*"),
    "pyannote": ("config.yaml",),
}
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?\Z")
_VERSION = re.compile(r"[a-z0-9](?:[a-z0-9.]{0,30}[a-z0-9])?\Z")
_LANGUAGE = re.compile(r"[a-z]{2,3}\Z")
_PART = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9._+-]*\Z")
_KEYS = {"format", "name", "version", "engine", "languages", "licence", "attribution", "memory_bytes", "files"}


@dataclass(frozen=True)
class BundledFile:
    """One file: path inside the bundle, length in bytes, SHA-256 (32 bytes)."""

    path: str
    size: int
    sha256: bytes


@dataclass(frozen=True)
class Manifest:
    """A bundle's description; ``memory_bytes`` is what the engine needs to run it. Files are sorted by path."""

    name: str
    version: str
    engine: str
    languages: tuple[str, ...]
    licence: str
    attribution: str
    memory_bytes: int
    files: tuple[BundledFile, ...]

    @property
    def folder(self) -> str:
        """Name of the folder that it is installed in. A version holds no hyphen, so two bundles never share one."""
        return f"{self.name}-{self.version}"

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return sum(file.size for file in self.files)

    def to_bytes(self) -> bytes:
        """The manifest as it is signed."""
        files = [{"path": file.path, "bytes": file.size, "sha256": b64(file.sha256)} for file in self.files]
        value = {key: getattr(self, key) for key in _KEYS - {"format", "files", "languages"}}
        return dumps({**value, "format": FORMAT, "languages": list(self.languages), "files": files})

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """Read and check a manifest.

        Raises:
            BundleError: of the kind that says what is wrong.
        """
        try:
            value = loads(data)
        except NotCanonical as error:
            raise errors.BundleFormat(f"{MANIFEST}: {error}") from error
        if value.get("format") != FORMAT or isinstance(value["format"], bool):
            raise errors.BundleFormat(f"{MANIFEST}: format {value.get('format')!r}, not {FORMAT}")
        for key in ("licence", "attribution"):
            _check_line(key, value.get(key))
        if set(value) != _KEYS:
            raise errors.BundleFormat(f"{MANIFEST}: wrong keys: {', '.join(sorted(set(value) ^ _KEYS))}")
        _check_head(value)
        files = tuple(_file(item) for item in _list(value["files"], "files"))
        head = {key: value[key] for key in _KEYS - {"format", "files", "languages"}}
        made = cls(**head, languages=tuple(value["languages"]), files=files)
        _check_files(made)
        return made


def _list(value: object, what: str) -> Sequence[Any]:
    if not isinstance(value, list):
        raise errors.BundleFormat(f"{MANIFEST}: {what} is not a list")
    return value


def _check_line(key: str, value: object) -> None:
    if not isinstance(value, str) or not value.strip() or not value.isprintable() or len(value) > 500:
        raise errors.BundleLicence(f"{MANIFEST}: {key} has to be one line of text")


def _check_head(value: JsonObject) -> None:
    for key, form in (("name", _NAME), ("version", _VERSION)):
        if not isinstance(value[key], str) or not form.match(value[key]):
            raise errors.BundleName(f"{MANIFEST}: {key} {value[key]!r}")
    if value["engine"] not in ENGINE_FILES:
        raise errors.BundleEngine(f"{MANIFEST}: engine {value['engine']!r} is not one of {', '.join(ENGINE_FILES)}")
    languages = _list(value["languages"], "languages")
    if not all(isinstance(item, str) and _LANGUAGE.match(item) for item in languages):
        raise errors.BundleFormat(f"{MANIFEST}: languages are codes such as kk, ru, en")
    if not languages and value["engine"] != "pyannote":
        raise errors.BundleFormat(f"{MANIFEST}: languages: none is named; {value['engine']} writes words of some")
    memory = value["memory_bytes"]
    if not isinstance(memory, int) or isinstance(memory, bool) or memory <= 0:
        raise errors.BundleFormat(f"{MANIFEST}: memory_bytes is a number of bytes")


def _file(item: object) -> BundledFile:
    if (
        not isinstance(item, dict)
        or set(item) != {"path", "bytes", "sha256"}
        or type(item["bytes"]) is not int
        or item["bytes"] < 0
    ):
        raise errors.BundleFormat(f"{MANIFEST}: a file has path, bytes, sha256")
    try:
        return BundledFile(check_path(item["path"]), item["bytes"], unb64(item["sha256"], 32))
    except BadEncoding as error:
        raise errors.BundleFormat(f"{MANIFEST}: {item['path']}: {error}") from error


def _check_files(manifest: Manifest) -> None:
    paths = [file.path for file in manifest.files]
    if len(set(paths)) < len(paths):
        raise errors.BundleTwice(f"{MANIFEST}: a path stands in it twice")
    if folders := {str(parent) for path in paths for parent in PurePosixPath(path).parents} & set(paths):
        raise errors.BundleTwice(f"{MANIFEST}: {', '.join(folders)}: a file and a folder of one name")
    if paths != sorted(paths):
        raise errors.BundleFormat(f"{MANIFEST}: files are not sorted by path")
    if len(paths) > MAX_FILES or manifest.size > MAX_BYTES:
        raise errors.BundleOversize(
            f"{MANIFEST}: {len(paths)} files, {manifest.size} bytes; {MAX_FILES} and {MAX_BYTES} are allowed"
        )
    for pattern in ENGINE_FILES[manifest.engine]:
        if not any(fnmatchcase(path, pattern) for path in paths):
            raise errors.BundleEngine(
                f"{manifest.folder}: {manifest.engine} needs {pattern}, which is not among its files"
            )


def check_path(path: object) -> str:
    """A path inside a bundle.

    Raises:
        BundleAbsolute, BundleOutside, BundlePath: it is not one.
    """
    if not isinstance(path, str):
        raise errors.BundlePath(f"{path!r} is not a path")
    if path.startswith("/"):
        raise errors.BundleAbsolute(f"{path!r} is absolute")
    parts = path.split("/")
    if ".." in parts:
        raise errors.BundleOutside(f"{path!r} leads out of the bundle")
    if len(path) > 100 or path in (MANIFEST, NOTE) or not all(_PART.match(part) for part in parts):
        raise errors.BundlePath(f"{path!r} is not a path of a bundle")
    return path
