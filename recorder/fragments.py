"""Where fragments end: FFmpeg's muxer decides it, and :class:`FragmentStarts` foretells it.

A fragment is let go when the packet that begins the next one arrives. Whoever reads a camera may rest right after that: what comes
meanwhile would wait in the muxer as long as it now waits in the socket, so resting takes nothing more from a crash.
"""

from __future__ import annotations

from fractions import Fraction

from recorder.packets import Picture, ticks_us

# Four blocks of sound, five pictures of 25 a second: with the packet after it the 0.25 s of the record format. Less than the 200 ms
# these have, or a time stamp that is one tick early would make it a picture more.
FRAGMENT_US = 190_000
MUX_OPTIONS = {
    "movflags": "empty_moov+default_base_moof+skip_trailer+frag_keyframe",
    "frag_duration": str(FRAGMENT_US),
    "flush_packets": "1",  # or FFmpeg keeps up to 256 KiB, seconds of sound, in its own memory
}


class FragmentStarts:
    """Tells which pictures of a stream begin a fragment under :data:`MUX_OPTIONS`: every key frame, and the first after :data:`FRAGMENT_US`.

    It need not know where segments begin: they begin with key frames.

    Args:
        base: time base of the pictures.
    """

    def __init__(self, base: Fraction) -> None:
        self._base = base
        self._first: int | None = None

    def begins(self, picture: Picture) -> bool:
        """Whether ``picture``, the next in order of decoding, begins one."""
        first = self._first
        if first is not None and not picture.key and ticks_us(picture.dts - first, self._base) < FRAGMENT_US:
            return False
        self._first = picture.dts
        return True
