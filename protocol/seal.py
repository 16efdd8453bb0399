"""Sealing: manifest file, its journal line, checkpoint, in that order (record format, section 6).

The first seal is final for the capture; each later one takes in what came after and names its predecessor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from protocol import durable, manifest
from protocol.checkpoint import Checkpoint
from protocol.encoding import b64
from protocol.errors import BadManifest
from protocol.hearing import Revision, Segment
from protocol.manifest import Entry, Manifest, Previous
from protocol.view import HearingView
from protocol.writer import JournalWriter

_ROLES = {
    "transcript": "transcript",
    "brief": "brief",
    "brief_pdf": "brief_pdf",
    "signature": "signature",
    "amendment": "amendment",
    "remarks": "remarks",
}


@dataclass(frozen=True)
class Moment:
    """A reading of both clocks, µs, with salts to spend: what :mod:`protocol` may not fetch by itself."""

    at_us: int
    mono_us: int
    salt: Callable[[], bytes]


def seal_capture(writer: JournalWriter, moment: Moment) -> tuple[Manifest, Checkpoint]:
    """Seal number 1: every closed segment of the finished capture.

    Raises:
        BadManifest: the capture is sealed already, or still open.
        DiskFailed: the disk refused; the seal does not stand until a checkpoint follows.
    """
    view = HearingView.of(writer.lines)
    if view.manifests:
        raise BadManifest("the capture is sealed already")
    if view.state.is_open:
        raise BadManifest(f"a hearing that is {view.state} cannot be sealed")
    entries = [_segment_entry(segment, moment.salt()) for segment in view.segments]
    return _seal(writer, view, "capture", entries, moment)


def seal_revision(
    writer: JournalWriter, moment: Moment, kind: str = "revision", publicity: str = "open"
) -> tuple[Manifest, Checkpoint] | None:
    """The next seal, over every ``revision`` line since the last one; None if there is nothing new.

    Raises:
        BadManifest: the capture is not sealed yet.
        DiskFailed: the disk refused.
    """
    view = HearingView.of(writer.lines)
    if not view.manifests:
        raise BadManifest("the capture is not sealed yet")
    new = [item for item in view.revisions if item.seq > view.manifests[-1].seq]
    if not new:
        return None
    entries = [_revision_entry(item, publicity, moment.salt()) for item in new]
    return _seal(writer, view, kind, entries, moment)


def _seal(
    writer: JournalWriter, view: HearingView, kind: str, entries: Sequence[Entry], moment: Moment
) -> tuple[Manifest, Checkpoint]:
    previous = None
    if view.manifests:
        last = view.manifests[-1]
        size, root = _seal_of(writer, last.seq)
        previous = Previous(last.number, last.head_sha256, size, root)
    number = len(view.manifests) + 1
    made = manifest.build(view.hearing, number, kind, (writer.size, writer.root), previous, entries)
    # A crash between the file and its line leaves a manifest that nothing acknowledged; it makes way for the one that counts.
    (writer.folder / made.path).unlink(missing_ok=True)
    durable.write_once(writer.folder / made.path, made.to_bytes())
    data = {
        "head_sha256": made.head_sha256,
        "number": number,
        "path": made.path,
        "root": b64(made.root),
        "size": len(made.entries),
    }
    writer.append("manifest", data, at_us=moment.at_us, mono_us=moment.mono_us, salt=moment.salt())
    return made, writer.checkpoint()


def _seal_of(writer: JournalWriter, seq: int) -> tuple[int, str]:
    """Size and root of the first checkpoint after line ``seq``."""
    for size, root in writer.checkpoints():
        if size > seq:
            return size, b64(root)
    raise BadManifest(f"no checkpoint after line {seq}: the predecessor has no seal")


def _segment_entry(segment: Segment, salt: bytes) -> Entry:
    media = {
        "codec": segment.codec,
        "end_us": segment.end_us,
        "rate": segment.rate,
        "start_us": segment.start_us,
        "units": segment.units,
    }
    return Entry(
        path=segment.path,
        bytes=segment.bytes,
        sha256=segment.sha256,
        role="segment",
        salt=salt,
        take=segment.take,
        source=segment.source,
        publicity=segment.publicity,
        media=media,
        key=segment.key,
        plain_bytes=segment.plain_bytes,
        plain_sha256=segment.plain_sha256,
    )


def _revision_entry(item: Revision, publicity: str, salt: bytes) -> Entry:
    return Entry(
        item.path,
        item.bytes,
        item.sha256,
        _ROLES[item.kind],
        salt,
        publicity=publicity if item.key is None else "closed",
        key=item.key,
        plain_bytes=item.plain_bytes,
        plain_sha256=item.plain_sha256,
    )
