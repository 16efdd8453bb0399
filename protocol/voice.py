"""Names of voices that were told apart on a shared microphone and are nobody's yet (docs/transcript-format.md, section 5).

``voice/MICROPHONE/NUMBER`` stands where a participant's id would. No participant's id begins so: ids hold no slash.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_VOICE: Final = re.compile(r"voice/(?P<source>[^/\s]+)/(?P<number>[1-9][0-9]{0,3})\Z")


@dataclass(frozen=True, slots=True)
class Voice:
    """The `number`-th voice, in the order in which they were first heard, of the microphone `source` in this hearing."""

    source: str
    number: int


def voice_name(source: str, number: int) -> str:
    """The name of a voice: ``voice/mic-hall/2``."""
    return f"voice/{source}/{number}"


def voice_of(speaker: str | None) -> Voice | None:
    """The voice that a passage's speaker names; None where it names a participant, or nobody."""
    found = _VOICE.match(speaker or "")
    return Voice(found["source"], int(found["number"])) if found else None
