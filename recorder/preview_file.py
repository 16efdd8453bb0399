"""Key frames and their pictures on the disk: encrypted, with a key that nobody keeps (recorder.pictures).

Apart from recorder.preview, which needs FFmpeg: the daemon reads these files, and loads no FFmpeg before its devices are opening.
"""

from __future__ import annotations

from protocol.closed import encrypt_file, open_file
from protocol.errors import Closed


def hidden(data: bytes, key: bytes, name: str) -> bytes:
    """A picture to look at, encrypted as files of closed takes are."""
    return encrypt_file(data, key, name)[0]


def shown(data: bytes, key: bytes, name: str) -> bytes:
    """What :func:`hidden` hid.

    Raises:
        Closed: it was hidden with another key, or is not whole.
    """
    opened = open_file(data, key, name)
    if not opened.final:
        raise Closed(f"{name}: not whole")
    return opened.plain
