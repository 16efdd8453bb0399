"""The signer as a process: a Unix socket on which one user may ask for signatures, and others for those of requests to the archive.

One message is one JSON object in one packet (``SOCK_SEQPACKET``), at most 64 KiB:

====================================================  ==================================================================
request                                               answer
====================================================  ==================================================================
``{"do": "key"}``                                     ``{"key": "<verifier key>"}``
``{"do": "sign", "text": "…", "proof": [base64 …]}``  ``{"signature": base64}``, or ``{"prove_from": size}``: the same again
                                                      with the proof; ``proof`` may be missing
``{"do": "request", "base": "…"}``                    ``{"signature": base64}`` over a request to the archive
anything else, or refused                             ``{"code", "message"}``
====================================================  ==================================================================

Clients are served one after another, each for a moment only, so no client can keep it from the next one.
"""

from __future__ import annotations

import json
import os
import pwd
import signal
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import structlog

from device_config.errors import DeviceConfigError, SettingsError, SignerRefusal
from device_config.signer import CheckpointSigner, ProofWanted
from protocol.encoding import b64, unb64
from protocol.errors import BadEncoding

PACKET = 1 << 16
PATIENCE_S = 2.0
_SYSTEMD_FIRST_FD = 3
_log = structlog.get_logger(__name__)


def uid_of(user: str) -> int:
    """Number of a user given by name or number.

    Raises:
        SettingsError: there is no such user.
    """
    try:
        return int(user) if user.isdecimal() else pwd.getpwnam(user).pw_uid
    except KeyError as error:
        raise SettingsError(f"--peer: there is no user {user!r} on this machine") from error


def serve(signer: CheckpointSigner, path: Path | None, peer: int, senders: frozenset[int] = frozenset()) -> None:
    """Answer on the socket until SIGTERM or SIGINT.

    Args:
        signer: what signs.
        path: the socket; ignored when systemd hands one over (sd_listen_fds(3)).
        peer: user number of the one client that is answered (SO_PEERCRED, unix(7)).
        senders: user numbers of those that may ask for the key and have requests to the archive signed.

    Raises:
        SettingsError: no socket.
        SignerMemoryUnusable: the disk refused to remember; systemd starts the service again.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    try:
        with _listening(path) as listener:
            _log.info("signer_started", action="serve", key=signer.key.text, peer=peer)
            while True:
                connection, _ = listener.accept()
                with connection:
                    _attend(connection, signer, peer, senders)
    except _Leave:
        _log.info("signer_stopped", action="leave")


class _Leave(Exception):
    """A signal asked for the end."""


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise _Leave


@contextmanager
def _listening(path: Path | None) -> Iterator[socket.socket]:
    if os.environ.get("LISTEN_PID") == str(os.getpid()) and os.environ.get("LISTEN_FDS") == "1":
        with socket.socket(fileno=_SYSTEMD_FIRST_FD) as given:
            yield given
        return
    if path is None:
        raise SettingsError("signer_socket is not set, and systemd gave no socket")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        before = os.umask(0o177)
        try:
            listener.bind(str(path))
        finally:
            os.umask(before)
        listener.listen(16)
        try:
            yield listener
        finally:
            path.unlink(missing_ok=True)


def _attend(connection: socket.socket, signer: CheckpointSigner, peer: int, senders: frozenset[int]) -> None:
    """Answer one client until it leaves, falls silent or says something wrong."""
    connection.settimeout(PATIENCE_S)
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid, uid, _ = struct.unpack("3i", credentials)
    try:
        while request := connection.recv(PACKET):
            known = uid == peer or uid in senders
            answer = _answer(request, signer, checkpoints=uid == peer) if known else _wrong_peer(uid, pid)
            _say(connection, answer)
            if "code" in answer:
                return
    except OSError as error:
        _log.warning("client_gone", action="next", pid=pid, error=str(error))


def _wrong_peer(uid: int, pid: int) -> dict[str, Any]:
    _log.warning("wrong_peer", action="refuse", uid=uid, pid=pid)
    return {"code": "wrong-peer", "message": f"user {uid} is not served here"}


def _say(connection: socket.socket, answer: dict[str, Any]) -> None:
    connection.send(json.dumps(answer, separators=(",", ":")).encode())


def _answer(request: bytes, signer: CheckpointSigner, *, checkpoints: bool) -> dict[str, Any]:
    try:
        asked = json.loads(request)
        match asked:
            case {"do": "key", **others} if not others:
                return {"key": signer.key.text}
            case {"do": "request", "base": str(base), **others} if not others:
                return {"signature": b64(signer.sign_request(base))}
            case {"do": "sign", **_others} if not checkpoints:
                return {"code": "wrong-peer", "message": "checkpoints are signed for another user"}
            case {"do": "sign", "text": str(text), **others} if not others:
                return {"signature": b64(signer.sign(text))}
            case {"do": "sign", "text": str(text), "proof": [*steps], **others} if not others:
                return {"signature": b64(signer.sign(text, [unb64(step, 32) for step in steps]))}
            case _:
                return {"code": "bad-request", "message": "there is no such request"}
    except ProofWanted as wanted:
        return {"prove_from": wanted.size}
    except (ValueError, TypeError, RecursionError, BadEncoding) as error:
        _log.warning("bad_request", action="refuse", error=str(error)[:200])
        return {"code": "bad-request", "message": str(error)[:200]}
    except SignerRefusal as error:
        _log.warning("not_signed", action="refuse", error=str(error))
        return {"code": error.code, "message": str(error)}
    except DeviceConfigError as error:
        _log.error("memory_failed", action="refuse", error=str(error))
        return {"code": error.code, "message": str(error)}
