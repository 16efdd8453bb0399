"""What a camera says that it gives: the one track of pictures in its description (RFC 4566; RFC 6184, 8.2; RFC 7798, 7.2)."""

from __future__ import annotations

import base64
import binascii
import math
import re
from dataclasses import dataclass, field

from recorder.errors import NotUnderstood

CLOCK = 90_000
MOST_MEDIA = 32
_START = b"\x00\x00\x00\x01"
_CODECS = {"H264": "h264", "H265": "hevc"}
_MOST_FPS = 240.0


@dataclass(frozen=True)
class Pictures:
    """The track of pictures.

    Attributes:
        codec: ``h264`` or ``hevc``.
        payload_type: of its RTP packets.
        control: its address, absolute or to be put behind the base; may be empty.
        all_control: that of the whole presentation.
        sets: its parameter sets with start codes; empty when they come in band only.
        fps: pictures a second, 0 when it does not say.
    """

    codec: str
    payload_type: int
    control: str
    all_control: str
    sets: bytes
    fps: float


@dataclass
class _Media:
    line: str = ""
    attributes: dict[str, list[str]] = field(default_factory=dict)

    def all(self, name: str) -> list[str]:
        return self.attributes.get(name, [])

    def of_type(self, name: str, payload_type: int) -> str:
        """Value of an attribute that is said for a payload type."""
        head = f"{payload_type} "
        return next((value[len(head) :].strip() for value in self.all(name) if value.startswith(head)), "")


def pictures_of(description: bytes) -> Pictures:
    """The track of pictures.

    Raises:
        NotUnderstood: there is none, several, or one that is not read here.
    """
    session, *media = _sections(description.decode("utf-8", "replace"))
    shown = [item for item in media if item.line.split(" ")[0] == "video"]
    if len(shown) != 1:
        raise NotUnderstood(f"{len(shown)} tracks of pictures")
    one = shown[0]
    words = one.line.split()
    if len(words) < 4 or words[2] != "RTP/AVP" or not re.fullmatch(r"\d{1,3}", words[3], re.ASCII):
        raise NotUnderstood("pictures that do not come by plain RTP")
    payload_type = int(words[3])
    name, _, clock = one.of_type("rtpmap", payload_type).partition("/")
    codec = _CODECS.get(name.strip().upper())
    if codec is None or clock.split("/")[0].strip() != str(CLOCK):
        raise NotUnderstood("another codec than H.264 and H.265")
    given = _parameters(one.of_type("fmtp", payload_type))
    if given.get("packetization-mode", "0") not in ("0", "1") or given.get("sprop-max-don-diff", "0") != "0":
        raise NotUnderstood("pictures that are packed in another order than that of decoding")
    return Pictures(codec, payload_type, _control(one), _control(session), _sets(codec, given), _fps(one))


def _sections(text: str) -> list[_Media]:
    """The presentation, and each of its media."""
    sections = [_Media()]
    for line in re.split(r"\r\n|\n|\r", text):
        if line.startswith("m="):
            sections.append(_Media(line[2:].strip()))
            if len(sections) > MOST_MEDIA:
                raise NotUnderstood(f"more than {MOST_MEDIA} tracks")
        elif line.startswith("a="):
            name, _, value = line[2:].partition(":")
            sections[-1].attributes.setdefault(name.strip().lower(), []).append(value.strip())
    return sections


def _control(media: _Media) -> str:
    control = next(iter(media.all("control")), "")
    return "" if control == "*" else control


def _parameters(value: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in value.split(";"))
    return {name.strip().lower(): text.strip() for name, _, text in pairs}


def _sets(codec: str, given: dict[str, str]) -> bytes:
    names = ("sprop-parameter-sets",) if codec == "h264" else ("sprop-vps", "sprop-sps", "sprop-pps")
    found = b""
    for part in ",".join(given.get(name, "") for name in names).split(","):
        try:
            unit = base64.b64decode(part + "=" * (-len(part) % 4), validate=True)
        except (binascii.Error, ValueError):  # the sets then come in band, or the stream is refused
            continue
        found += _START + unit if unit else b""
    return found


def _fps(media: _Media) -> float:
    try:
        fps = float(next(iter(media.all("framerate")), "0"))
    except ValueError:
        return 0.0
    return fps if math.isfinite(fps) and 0 < fps <= _MOST_FPS else 0.0
