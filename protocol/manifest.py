"""Manifests: the list of a record's files as salted Merkle leaves (record format, section 6)."""

from __future__ import annotations

import builtins
import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, TypeAlias

from protocol import canonical
from protocol.encoding import HEARING, b64, check_path, unb64
from protocol.errors import BadEncoding, BadManifest, NotCanonical
from protocol.merkle import Tree, leaf_hash

FORMAT = "hattama-manifest/1"
KINDS = ("capture", "revision", "signature", "amendment", "remarks")
ROLES = ("segment", "transcript", "brief", "brief_pdf", "signature", "amendment", "remarks")
_HEAD_KEYS = {"format", "hearing", "journal", "kind", "number", "previous", "root", "size"}


@dataclass(frozen=True)
class Entry:
    """One file: path, length in bytes, base64 SHA-256, and what it is. ``salt`` is 16 random bytes."""

    path: str
    bytes: int
    sha256: str
    role: str
    salt: builtins.bytes
    take: str | None = None
    source: str | None = None
    publicity: str = "open"
    media: Mapping[str, Any] | None = None
    key: str | None = None
    plain_bytes: int | None = None
    plain_sha256: str | None = None

    def raw(self) -> builtins.bytes:
        """The leaf bytes."""
        return canonical.dumps(_entry_json(self))

    @property
    def leaf(self) -> builtins.bytes:
        """The leaf hash."""
        return leaf_hash(self.raw())


@dataclass(frozen=True)
class WithheldEntry:
    """An entry of a redacted copy of which only the leaf hash is known."""

    leaf: bytes


AnyEntry: TypeAlias = Entry | WithheldEntry


@dataclass(frozen=True)
class Previous:
    """The predecessor: its number, head digest, and the size and root of its seal."""

    number: int
    head_sha256: str
    seal_size: int
    seal_root: str

    def to_json(self) -> dict[str, Any]:
        """As it stands in the manifest."""
        seal = {"root": self.seal_root, "size": self.seal_size}
        return {"head_sha256": self.head_sha256, "number": self.number, "seal": seal}


@dataclass(frozen=True)
class Manifest:
    """A manifest. ``journal_size`` and ``journal_root`` are the journal before the manifest's own line."""

    hearing: str
    number: int
    kind: str
    journal_size: int
    journal_root: str
    previous: Previous | None
    entries: tuple[AnyEntry, ...]

    @cached_property
    def root(self) -> bytes:
        """Merkle root over the entries (32 bytes); computed once, since a hearing has tens of thousands."""
        return Tree(entry.leaf for entry in self.entries).root()

    def head(self) -> dict[str, Any]:
        """The manifest without its entries: what the journal's line commits to."""
        return {
            "format": FORMAT,
            "hearing": self.hearing,
            "journal": {"root": self.journal_root, "size": self.journal_size},
            "kind": self.kind,
            "number": self.number,
            "previous": self.previous.to_json() if self.previous else None,
            "root": b64(self.root),
            "size": len(self.entries),
        }

    @property
    def head_sha256(self) -> str:
        """Base64 SHA-256 of the head's canonical bytes."""
        return b64(hashlib.sha256(canonical.dumps(self.head())).digest())

    @property
    def path(self) -> str:
        """Its file in the record."""
        return path_of(self.number)

    def to_bytes(self) -> bytes:
        """The file's bytes."""
        entries = [_entry_json(entry) for entry in self.entries]
        return canonical.dumps({**self.head(), "entries": entries})

    def withhold(self, paths: frozenset[str]) -> Manifest:
        """The manifest of a redacted copy, without the entries of ``paths``."""
        entries = tuple(
            WithheldEntry(entry.leaf) if isinstance(entry, Entry) and entry.path in paths else entry
            for entry in self.entries
        )
        return replace(self, entries=entries)


def path_of(number: int) -> str:
    """File of manifest ``number``."""
    return f"manifest-{number:04d}.json"


def build(
    hearing: str,
    number: int,
    kind: str,
    journal: tuple[int, bytes],
    previous: Previous | None,
    entries: Sequence[Entry],
) -> Manifest:
    """A manifest over ``entries``, sorted by path.

    Raises:
        BadManifest: an unknown kind or role, or a path that stands twice.
    """
    if kind not in KINDS or any(entry.role not in ROLES for entry in entries):
        raise BadManifest("unknown kind of manifest or role of file")
    ordered = tuple(sorted(entries, key=lambda entry: entry.path))
    if len({entry.path for entry in ordered}) != len(ordered):
        raise BadManifest("a path stands twice in one manifest")
    return Manifest(hearing, number, kind, journal[0], b64(journal[1]), previous, ordered)


def parse(data: bytes) -> Manifest:
    """Read a manifest file.

    Raises:
        BadManifest: not canonical, wrong keys or kinds, entries not sorted, or size and root not those of the entries.
    """
    manifest, head = read(data)
    if manifest.head() != head:
        raise BadManifest("size or root are not those of the entries")
    return manifest


def read(data: bytes) -> tuple[Manifest, dict[str, Any]]:
    """A manifest of good form, and its head as the file states it (which may be false: the verifier says so).

    Raises:
        BadManifest: not canonical, wrong keys or kinds, or entries not sorted.
    """
    try:
        value = canonical.loads(data)
        manifest = _parse(value)
    except (NotCanonical, BadEncoding, KeyError, TypeError, AttributeError) as error:
        raise BadManifest(f"{error}") from error
    return manifest, {key: item for key, item in value.items() if key != "entries"}


def _parse(value: dict[str, Any]) -> Manifest:
    if set(value) != _HEAD_KEYS | {"entries"}:
        raise BadManifest(f"keys are {sorted(value)}")
    if value["format"] != FORMAT:
        raise BadManifest(f"format is {value['format']!r}")
    if value["kind"] not in KINDS or not isinstance(value["hearing"], str) or not HEARING.match(value["hearing"]):
        raise BadManifest("bad kind or hearing")
    journal, previous = value["journal"], value["previous"]
    unb64(journal["root"], 32)
    unb64(value["root"], 32)
    _number(value["size"])
    if set(journal) != {"root", "size"} or value["number"] == 0:
        raise BadManifest("bad journal or number")
    manifest = Manifest(
        value["hearing"],
        _number(value["number"]),
        value["kind"],
        _number(journal["size"]),
        journal["root"],
        _parse_previous(previous) if previous is not None else None,
        tuple(_parse_entry(item) for item in value["entries"]),
    )
    paths = [entry.path for entry in manifest.entries if isinstance(entry, Entry)]
    if any(a >= b for a, b in itertools.pairwise(paths)):
        raise BadManifest("entries are not sorted by path, or one stands twice")
    return manifest


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise BadManifest(f"{value!r} is not a number from 0")
    return value


def _parse_previous(value: dict[str, Any]) -> Previous:
    if set(value) != {"head_sha256", "number", "seal"} or set(value["seal"]) != {"root", "size"}:
        raise BadManifest("bad keys in previous")
    unb64(value["head_sha256"], 32)
    unb64(value["seal"]["root"], 32)
    if value["number"] == 0:
        raise BadManifest("manifests are numbered from 1")
    return Previous(
        _number(value["number"]), value["head_sha256"], _number(value["seal"]["size"]), value["seal"]["root"]
    )


def _parse_entry(value: dict[str, Any]) -> AnyEntry:
    if set(value) == {"withheld"}:
        return WithheldEntry(unb64(value["withheld"], 32))
    if set(value) != {item.name for item in fields(Entry)}:
        raise BadManifest(f"keys of an entry are {sorted(value)}")
    check_path(value["path"])
    unb64(value["sha256"], 32)
    _number(value["bytes"])
    if value["role"] not in ROLES or value["publicity"] not in ("open", "closed"):
        raise BadManifest(f"{value['path']}: bad role or publicity")
    if value["plain_sha256"] is not None:
        unb64(value["plain_sha256"], 32)
    for key in ("take", "source", "key"):
        if value[key] is not None and not isinstance(value[key], str):
            raise BadManifest(f"{value['path']}: bad {key}")
    if value["media"] is not None and not isinstance(value["media"], dict):
        raise BadManifest(f"{value['path']}: bad media")
    if value["plain_bytes"] is not None:
        _number(value["plain_bytes"])
    return Entry(**{**value, "salt": unb64(value["salt"], 16)})


def _entry_json(entry: AnyEntry) -> dict[str, Any]:
    if isinstance(entry, WithheldEntry):
        return {"withheld": b64(entry.leaf)}
    return {**vars(entry), "salt": b64(entry.salt)}
