"""Make the catalogue again from the objects alone: enrolments, files with their digests, hearings, receipts, reports."""

from __future__ import annotations

from itertools import groupby

import structlog

from protocol import canonical
from protocol.errors import ProtocolError
from storage.archive.enrolment import PREFIX, load_device
from storage.archive.records import StoredRecord, is_read, read_lines
from storage.archive.service import Archive
from storage.objects import digest, read

log = structlog.get_logger("storage.archive")


def rebuild(archive: Archive) -> int:
    """Fill the archive's catalogue, which may be empty or hold some of it, from its objects.

    Every object is read and every record verified, so this takes as long as reading the disk does.

    Returns:
        The number of hearings found.
    """
    for name in archive.store.list(PREFIX):
        load_device(archive, name)
    count = 0
    keys = (key.split("/", 2) for key in archive.store.list("records"))
    for hearing, parts in groupby(keys, key=lambda part: part[1]):
        paths = [path for _, _, path in parts]
        if archive.destroyed(hearing):
            continue  # what is left of it is under a lock
        owner = _owner(archive, hearing)
        if owner is None:
            log.warning("no journal: hearing not rebuilt", action="rebuild_skipped", hearing=hearing, files=len(paths))
            continue
        archive.catalogue.claim(hearing, owner)
        for path in paths:
            key = f"records/{hearing}/{path}"
            if path != "receipt.json":
                archive.catalogue.note_stored(
                    hearing, path, archive.store.size(key), digest(archive.store, key), dirty=is_read(path)
                )
        archive.reindex(hearing)
        for name in archive.store.list(f"receipts/{hearing}"):
            if not name.endswith(".json"):
                continue  # a time stamp, which no table knows
            text = read(archive.store, name)
            number = canonical.loads(canonical.loads(text)["entry"].encode())["seal_number"]
            archive.catalogue.add_receipt(hearing, number, text)
        archive.verify(hearing)
        count += 1
    log.info("catalogue rebuilt", action="rebuilt", hearings=count)
    return count


def _owner(archive: Archive, hearing: str) -> str | None:
    """Key of the device that began the journal; None if it cannot be read."""
    try:
        lines = read_lines(StoredRecord(archive.store, hearing))
        return str(lines[0].data["device"]) if lines and hasattr(lines[0], "data") else None
    except (ProtocolError, KeyError):
        return None
