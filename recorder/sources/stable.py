"""An audio device by a name that survives a restart and another socket.

The kernel numbers sound cards in the order in which it finds them, and PortAudio's names carry that number: ``hw:1,0`` may be
another device tomorrow. udev keeps links by the maker's name and serial number (``/dev/snd/by-id``) and by the socket
(``/dev/snd/by-path``, for two devices of one kind without serial numbers): these are resolved each time the device is opened.
"""

from __future__ import annotations

import re
from pathlib import Path

from recorder.errors import SourceUnavailable


def portaudio_name(device: str) -> str:
    """The part of PortAudio's name by which it finds this device now: ``(hw:2,0)``, its first input, for a link of udev's, else ``device`` itself.

    Raises:
        SourceUnavailable: the link is not there, or leads to no sound card: the device is not plugged in.
    """
    if not device.startswith("/"):
        return device
    try:
        target = Path(device).resolve(strict=True)
    except OSError as error:
        raise SourceUnavailable(f"{device}: {error.strerror}") from error
    found = re.fullmatch(r"controlC(\d+)", target.name)
    if found is None:
        raise SourceUnavailable(f"{device}: is no sound card")
    return f"(hw:{found[1]},0)"
