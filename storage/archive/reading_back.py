"""What the archive's store gives back of a record today: read again, byte by byte, not from the catalogue."""

from __future__ import annotations

from protocol.encoding import b64
from storage.archive.catalogue import Device
from storage.archive.records import StoredRecord, key_of
from storage.archive.service import RECEIPT, Archive
from storage.objects import digest


def read_back(archive: Archive, device: Device, hearing: str) -> dict[str, str]:
    """Every object of a record is read: path → base64 SHA-256; empty if there is none. Takes as long as reading the disk does.

    Raises:
        NotEnrolled: another device sends this hearing.
        ObjectMissing: an object went away meanwhile.
    """
    if not archive.held(device, hearing):
        return {}
    paths = [
        path for path in StoredRecord(archive.store, hearing).paths() if path != RECEIPT
    ]  # its own, no box sent it
    return {path: b64(digest(archive.store, key_of(hearing, path))) for path in paths}
