"""Whether a service can listen where its settings say, asked before it starts: a person is told what to do, not an errno."""

from __future__ import annotations

import socket

from hattama.errors import CannotListen


def check_free(host: str, port: int, setting: str) -> None:
    """Bind the address for a moment, as the service will.

    Args:
        host: name or address.
        port: 0 means any.
        setting: table of settings that names them, for the message.

    Raises:
        CannotListen: the port is taken or may not be used, or the host is no address of this machine.
    """
    try:
        family, kind, number, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with socket.socket(family, kind, number) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise CannotListen(f"{host}:{port} ({setting}.host, {setting}.port): {error.strerror or error}") from error
