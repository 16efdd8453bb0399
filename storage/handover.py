"""The receipt on the box: checked offline, then handed to the recorder daemon, which journals it.

If no daemon runs (an import, a box that only sends), the receipt is written beside the record, once.
"""

from __future__ import annotations

import socket
from pathlib import Path

import httpx2
import structlog

from protocol.durable import write_once
from protocol.errors import BadNote
from protocol.note import VerifierKey
from storage import receipt
from storage.chunks import Tail
from storage.errors import BadReceipt, RecorderBusy
from storage.receipt import Receipt

log = structlog.get_logger("storage.uploader")

RECEIPT = "receipt.json"
DAEMON_S = 60.0  # seconds that the daemon may take


def trusted(folder: Path) -> tuple[VerifierKey, ...]:
    """Keys of the trust list: one verifier key in each ``*.vkey`` file.

    Raises:
        BadReceipt: a file is not a verifier key; a list that cannot be read in full is no list.
    """
    try:
        return tuple(VerifierKey.from_text(path.read_text("utf-8").strip()) for path in sorted(folder.glob("*.vkey")))
    except (OSError, UnicodeDecodeError, BadNote) as error:
        raise BadReceipt(f"{folder}: the trust list cannot be read: {error}") from error


def hand_over(tail: Tail, text: bytes, trust: Path, recorder: Path) -> Receipt:
    """Check a receipt and keep it with its record.

    Args:
        tail: the record's journal, read to the seal at least.
        text: the receipt as the archive gave it.
        trust: folder of the trust list.
        recorder: Unix socket of the recorder daemon.

    Raises:
        BadReceipt: it proves nothing, is for another seal than the newest that was sent, or the daemon refused it; nothing was kept.
        RecorderBusy: the daemon is there but could not take it now.
        RecordExists, DiskFailed: see :func:`protocol.durable.write_once`.
    """
    folder, hearing = tail.folder, tail.view.hearing
    checked = receipt.check(text, trusted(trust), hearing, tail.origin, tail.leaves)
    newest = tail.view.manifests[-1].number if tail.view.manifests else 0
    if checked.seal.number != newest:
        # Taken for the newest, it would end the upload: signatures, remarks or amendments would stay here, believed received.
        raise BadReceipt(f"{hearing}: the receipt is for seal {checked.seal.number}, the newest is {newest}")
    if (folder / RECEIPT).exists():
        # A receipt for a later seal: the archive keeps it in its log; the record keeps the first (record format, section 1).
        log.info("record has a receipt", action="receipt_kept", hearing=hearing, seal=checked.seal.number)
        return checked
    if not _to_daemon(recorder, hearing, text):
        write_once(folder / RECEIPT, text)
    log.info("receipt kept", action="receipt_kept", hearing=hearing, seal=checked.seal.number, index=checked.index)
    return checked


def _to_daemon(path: Path, hearing: str, text: bytes) -> bool:
    """Whether a daemon took the receipt; False if none runs or it does not know the hearing."""
    answer = post(path, f"/v1/hearings/{hearing}/receipt", text, "application/json")
    if answer is None:
        return False
    if answer.is_success:
        return True
    if answer.status_code == httpx2.codes.NOT_FOUND:
        return False
    text_of = f"the recorder daemon did not take the receipt: {answer.status_code} {answer.text[:200]}"
    if answer.is_client_error:
        raise BadReceipt(text_of)
    raise RecorderBusy(text_of)


def post(path: Path, route: str, content: bytes, media_type: str) -> httpx2.Response | None:
    """What the daemon on a socket answers; None if none runs.

    Raises:
        RecorderBusy: it is there and does not answer.
    """
    if not listens(path):
        return None
    transport = httpx2.HTTPTransport(uds=str(path))
    try:
        with httpx2.Client(transport=transport, timeout=DAEMON_S, trust_env=False) as client:
            return client.post(f"http://recorder{route}", content=content, headers={"Content-Type": media_type})
    except httpx2.HTTPError as error:
        raise RecorderBusy(f"the recorder daemon did not take what was handed over: {error}") from error


def listens(path: Path) -> bool:
    """Whether anybody listens on the socket; asked by hand, because httpx2 leaves its socket open when nobody does."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False  # none, or what a dead daemon left
        except OSError as error:
            raise RecorderBusy(f"{path}: {error.strerror}") from error
    return True
