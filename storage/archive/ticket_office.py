"""Tickets for boxes, and what came by them (:mod:`storage.tickets`). No HTTP here; methods block."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import structlog

from protocol.encoding import b64
from protocol.errors import ProtocolError
from storage.archive.catalogue import Device
from storage.archive.notes import Note
from storage.archive.records import check_sent, is_read, key_of
from storage.archive.service import Archive
from storage.errors import BadKey, DigestMismatch, TooLarge
from storage.tickets import FOLDER, MOST, Announced, Ticket

log = structlog.get_logger("storage.archive")

_LARGEST = 256 << 10  # bytes of a question


class TicketOffice:
    """Gives tickets, and looks at what was put with them.

    Args:
        archive: whose store.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    @property
    def is_open(self) -> bool:
        """Whether there are tickets here at all."""
        return self._archive.store.tickets is not None

    def answer(self, device: Device, hearing: str, chunks: Iterable[bytes], sha256: bytes) -> dict[str, Any]:
        """What is answered to a box's question: ``{"found": {path: SHA-256}, "tickets": {path: ticket}}``.

        Args:
            device: who asks.
            hearing: identifier.
            chunks: the question, ``{"put": {path: announced}, "wanted": {path: announced}}``.
            sha256: digest of it that was signed.

        Raises:
            DigestMismatch: it is another question.
            BadKey: it is none.
        """
        put, wanted = _read(chunks, sha256)
        found = self.arrived(device, hearing, put) if put else []
        tickets = self.give(device, hearing, wanted) if wanted else {}
        return {
            "found": {path: b64(put[path].sha256) for path in found},
            "tickets": {path: ticket.to_json() for path, ticket in tickets.items()},
        }

    def give(self, device: Device, hearing: str, files: Mapping[str, Announced]) -> dict[str, Ticket]:
        """Tickets for files of a record, as far as there are any; who gets none sends the file to the archive.

        Args:
            device: who will send them.
            hearing: identifier.
            files: path → what will be sent.

        Raises:
            BadKey: not a path of a recorded file.
            NotEnrolled, Destroyed: as of :meth:`Archive.put`.
        """
        maker, archive = self._archive.store.tickets, self._archive
        keys = {path: _key(hearing, path) for path in files}
        archive.claim(device, hearing)
        if maker is None or archive.catalogue.receipts(hearing):
            return {}
        until_us = archive.locked_until(hearing)
        given = {}
        for path, announced in files.items():
            if archive.catalogue.stored_digest(hearing, path) is None:  # with other bytes: said at its own PUT
                given[path] = maker.make(keys[path], announced, until_us=until_us)
        return given

    def arrived(self, device: Device, hearing: str, files: Mapping[str, Announced]) -> list[str]:
        """Look for files that a box has put, and note those that are there as announced (length, SHA-256), and locked.

        Args:
            device: who put them.
            hearing: identifier.
            files: path → what was sent.

        Returns:
            Paths of those that are there now.
        """
        archive = self._archive
        keys = {path: _key(hearing, path) for path in files}
        archive.claim(device, hearing)
        sizes, locks = archive.store.sizes(list(keys.values())), archive.locked_until(hearing) is not None
        there = [
            path
            for path, announced in files.items()
            if sizes.get(keys[path]) == announced.size and self._is_of_ticket(keys[path], announced, locks)
        ]
        archive.check_not_destroyed(hearing, [keys[path] for path in there])
        archive.catalogue.note_all(
            [Note(hearing, path, files[path].size, files[path].sha256, is_read(path)) for path in there]
        )
        log.info(
            "files stored by ticket",
            action="stored_by_ticket",
            hearing=hearing,
            files=len(there),
            missing=len(files) - len(there),
        )
        return there

    def _is_of_ticket(self, key: str, announced: Announced, locks: bool) -> bool:
        """Whether what is there was put with the ticket for these bytes, whose SHA-256 the service compared."""
        found = self._archive.store.protection(key)
        if locks and found.until_us is None:  # until when is signed; only that a lock is dropped was ever seen
            return False
        return found.sha256 == announced.sha256.hex()


def _key(hearing: str, path: str) -> str:
    if not path.startswith(FOLDER):
        raise BadKey(f"{path!r} is not a recorded file")
    return key_of(hearing, check_sent(path))


def _read(chunks: Iterable[bytes], sha256: bytes) -> tuple[dict[str, Announced], dict[str, Announced]]:
    text = b""
    for chunk in chunks:
        text += chunk
        if len(text) > _LARGEST:
            raise TooLarge(f"a question about tickets has {_LARGEST} bytes at most")
    if hashlib.sha256(text).digest() != sha256:
        raise DigestMismatch("the question came with another SHA-256 than was signed")
    try:
        value = json.loads(text)
        put, wanted = (
            {path: Announced.from_json(item) for path, item in value[name].items()} for name in ("put", "wanted")
        )
    except (ProtocolError, ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise BadKey(f"not a question about tickets: {error}") from error
    if len(put) > MOST or len(wanted) > MOST:
        raise BadKey(f"more than {MOST} files")
    return put, wanted
