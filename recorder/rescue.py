"""What a dead capture child left: its open segments, recovered and described as the journal wants them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

import structlog

from protocol.encoding import check_path, sha256_b64
from recorder.clock import HearingClock
from recorder.closed_segments import SUFFIX
from recorder.closed_takes import ClosedTakes
from recorder.findings import Findings
from recorder.mend import Mended, mend_files

_log = structlog.get_logger(__name__)


def unlisted(record: Path, known: Collection[str], take: str | None = None) -> list[str]:
    """Media files on disk that no ``segment`` line names, in order of source and number.

    Args:
        record: folder of the hearing.
        known: paths that are journalled.
        take: only of this take.
    """
    found = (path.relative_to(record).as_posix() for path in (record / "media").glob(f"{take or '*'}/*/*.mp4*"))
    return sorted(check_path(path) for path in found if path not in known)


def segment_data(mended: Mended, closed: ClosedTakes, after_us: int) -> dict[str, Any]:
    """Data of the ``segment`` line of a recovered file.

    An unreadable file is kept and sealed too, as a segment without length at ``after_us``: it may be read one day.
    """
    _, take, source, name = mended.path.split("/")
    data: dict[str, Any] = {
        "path": mended.path,
        "take": take,
        "source": source,
        "number": int(name.split(".")[0]),
        "closed": "recovered",
        "publicity": closed.publicity_of(take),
    }
    if mended.path.endswith(SUFFIX):
        key = closed.of(take)
        nothing_plain = {"plain_bytes": 0, "plain_sha256": sha256_b64(b"")}  # of one that does not open (record format, section 9)
        plain = {name: mended.facts.get(name, value) for name, value in nothing_plain.items()}
        data |= {"key": key.name if key is not None else "K01", **plain}
    if mended.state != "kept":
        nothing = {"media": "audio", "codec": "unknown", "rate": 1, "units": 0, "fragments": 0}
        levels = {"peak_cdb": None, "rms_cdb": None}
        return {**data, **nothing, **levels, **mended.facts, "start_us": after_us, "end_us": after_us}
    keys = ("bytes", "sha256", "start_us", "end_us", "media", "codec", "rate", "units", "fragments", "peak_cdb", "rms_cdb")
    return {**data, **{key: mended.facts[key] for key in keys}}


async def rescue(
    record: Path,
    take: str,
    sources: Iterable[str],
    known: Collection[str],
    promised: Collection[str],
    closed: ClosedTakes,
    findings: Findings,
    clock: HearingClock,
) -> list[dict[str, Any]]:
    """Recover the open segments of some sources in a take; see :func:`keep`.

    Returns:
        Data of their ``segment`` lines.

    Raises:
        DiskFailed: a file can neither be recovered nor read.
    """
    wanted = set(sources)
    paths = [path for path in unlisted(record, known, take) if path.split("/")[2] in wanted]
    return keep(record, await mended(record, paths, closed), promised, closed, findings, clock.now()[0])


async def mended(record: Path, paths: Sequence[str], closed: ClosedTakes) -> list[Mended]:
    """Recover files, those of closed takes with their keys; see :func:`recorder.mend.mend_files`."""
    return await mend_files(record, paths, keys=closed.secret)


def keep(
    record: Path,
    files: Iterable[Mended],
    promised: Collection[str],
    closed: ClosedTakes,
    findings: Findings,
    now_us: int,
) -> list[dict[str, Any]]:
    """``segment`` data of recovered files.

    A file without a whole fragment holds nothing and is deleted, unless a ``progress`` line promised bytes of it: then the
    disk lost what it had acknowledged, and the file stays as the proof of that.

    Args:
        record: folder of the hearing.
        files: what became of them.
        promised: paths that ``progress`` lines name.
        closed: the hearing's closed takes.
        findings: where an unreadable file is told.
        now_us: where an unreadable file is put in time when nothing better is known.
    """
    kept: list[dict[str, Any]] = []
    for item in files:
        source = item.path.split("/")[2]
        _log.info("segment_recovered", action="journal", path=item.path, state=item.state, detail=item.detail)
        if item.state == "empty" and item.path not in promised:
            (record / item.path).unlink()
            continue
        if item.state != "kept":
            findings.set("segment-unreadable", "error", source, now_us, f"{item.path}: {item.detail}")
        before = [data["end_us"] for data in kept if data["source"] == source]
        kept.append(segment_data(item, closed, before[-1] if before else now_us))
    return kept
