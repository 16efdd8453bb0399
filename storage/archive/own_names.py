"""The names under which boxes reach this archive.

What a box signed for another archive is not for us, though its key is enrolled at both: whoever runs the other one, or listens there, has
requests of the box in hand for as long as they are good.

A box signs the name that it sends to (``@authority``: what stands in ``archive.url``). A name of ours with a port stands for that port; one without for any.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_ANYWHERE = ("0.0.0.0", "::", "")  # noqa: S104 - addresses to listen at, which nobody sends to
_PORT = re.compile(r"(?P<host>.*?)(?::(?P<port>[0-9]{1,5}))?\Z", re.DOTALL)


class OwnNames:
    """Tells what was sent to this archive.

    Args:
        names: ``host`` or ``host:port`` of each (``archive.addresses``); without any, the loopback's and where it listens.
        listens: the address it listens at.
    """

    def __init__(self, names: Iterable[str] = (), listens: str = "") -> None:
        given = tuple(names) or (*_LOOPBACK, *([_bracketed(listens)] if listens not in _ANYWHERE else []))
        self._names = frozenset(_parts(name) for name in given)

    def has(self, authority: str) -> bool:
        """Whether a request with this ``Host`` is for this archive."""
        host, port = _parts(authority)
        return (host, port) in self._names or (host, None) in self._names


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address and not address.startswith("[") else address


def _parts(authority: str) -> tuple[str, str | None]:
    found = _PORT.match(authority.lower())
    assert found is not None  # noqa: S101 - every text matches
    return found["host"].removesuffix("."), found["port"]
