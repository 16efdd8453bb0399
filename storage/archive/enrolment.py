"""The archive's own key, and the devices that may send to it.

An enrolment is an object as well (``devices/<key ID>-<token digest>.json``), so that the catalogue can be made again from the
objects. It holds the token's digest, never the token.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING

from device_config.identity import load_or_create_seed
from device_config.settings import Settings
from protocol import canonical
from protocol.encoding import b64, unb64, utc_text
from protocol.errors import BadNote
from protocol.note import Ed25519Signer, VerifierKey
from storage.archive.locks import LockDays
from storage.archive.service import Archive
from storage.errors import NotEnrolled, StoreUnfit
from storage.objects import read

if TYPE_CHECKING:
    from storage.s3_store import S3Store

TOKEN_MIN = 32  # characters; 256 random bits as urlsafe base64 are 43
PREFIX = "devices"


def archive_dir(settings: Settings) -> Path:
    """Folder of the embedded archive."""
    return settings.state_dir / "archive"


def archive_signer(settings: Settings) -> Ed25519Signer:
    """The archive's signer; its key is made on first use in ``<state_dir>/archive/keys/archive.seed`` (0600)."""
    return Ed25519Signer(settings.archive.name, load_or_create_seed(archive_dir(settings) / "keys" / "archive.seed"))


def archive_key(settings: Settings) -> VerifierKey:
    """The archive's verifier key: what boxes put on their trust list."""
    return archive_signer(settings).key


def bucket_store(settings: Settings) -> S3Store | None:
    """The store in the bucket that is set; None where objects lie in a folder.

    Raises:
        StoreUnfit: the program was installed without what a bucket needs.
    """
    chosen = settings.archive.s3
    if chosen.bucket is None:
        return None
    try:
        from storage.s3_heads import S3Heads
        from storage.s3_store import Bucket, S3Store, connect
        from storage.s3_tickets import S3Tickets
    except ImportError as error:
        raise StoreUnfit(
            "archive.s3.bucket is set and boto3 is not installed: pip install 'hattama[archive]'"
        ) from error
    bundle = str(chosen.ca_bundle) if chosen.ca_bundle is not None else None
    bucket = Bucket(chosen.endpoint, chosen.bucket, chosen.region, chosen.access_key, chosen.secret_key, bundle)
    tickets = S3Tickets(bucket, chosen.boxes_endpoint) if chosen.boxes_endpoint else None
    return S3Store(connect(bucket), chosen.bucket, tickets=tickets, heads=S3Heads(bucket))


def open_archive(settings: Settings) -> Archive:
    """The archive of these settings.

    Raises:
        StoreUnfit, StoreUnavailable: the bucket keeps no versions or locks, or does not answer.
        DatabaseUnfit, DatabaseUnavailable: the database cannot be used, or does not answer.
        LogBroken: the log is not the one that was signed.
    """
    store = bucket_store(settings)
    if store is not None:
        store.check_bucket()
        if store.tickets is not None:
            store.tickets.check()
    locks = LockDays({str(code): days for code, days in settings.archive.lock_days.items()})
    database = settings.archive.database
    return Archive.open(archive_dir(settings), archive_signer(settings), database=database, store=store, locks=locks)


def enrol_device(archive: Archive, verifier_key: str, token: str | None = None) -> VerifierKey:
    """Let a device send records. The box must trust the archive's key too (``state_dir/trust``), or it refuses receipts.

    Args:
        archive: the archive.
        verifier_key: the device's key as trust lists carry it.
        token: secret of the device, at least 32 characters, where it cannot sign; only its SHA-256 is kept. None: one that nobody knows.

    Returns:
        The archive's verifier key.

    Raises:
        NotEnrolled: the key is malformed or the token is short.
    """
    try:
        key = VerifierKey.from_text(verifier_key)
    except BadNote as error:
        raise NotEnrolled(f"not a verifier key: {error}") from error
    if token is None:
        known = [name for name in archive.store.list(PREFIX) if name.startswith(f"{PREFIX}/{key.key_id.hex()}-")]
        if known:
            load_device(archive, known[0])
            return archive.key
        token = secrets.token_urlsafe(32)  # fills the place of one; nobody knows it
    if len(token) < TOKEN_MIN:
        raise NotEnrolled(f"a token has at least {TOKEN_MIN} characters")
    digest = hashlib.sha256(token.encode()).digest()
    name = f"{PREFIX}/{key.key_id.hex()}-{digest.hex()}.json"
    if not archive.store.exists(name):
        enrolled_at = utc_text(time.time_ns() // 1000)
        text = canonical.dumps({"enrolled_at": enrolled_at, "key": key.text, "token_sha256": b64(digest)})
        archive.store.put_once(name, [text], hashlib.sha256(text).digest())
    load_device(archive, name)
    return archive.key


def load_device(archive: Archive, name: str) -> None:
    """Take an enrolment object into the catalogue."""
    value = canonical.loads(read(archive.store, name))
    key = VerifierKey.from_text(value["key"])
    archive.catalogue.add_device(key.name, key.text, unb64(value["token_sha256"], 32), value["enrolled_at"])
