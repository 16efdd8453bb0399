"""The hearing's clock: monotonic, tied to UTC once in a boot (record format, section 4.1).

``offset_us`` is fixed when the recorder first runs in a boot, kept in ``<state_dir>/clock.json`` and never follows a step
of the system clock: two takes of one boot lie on one time line even when NTP corrects the clock between them. How far
the system clock is from NTP is read from the kernel (``adjtimex(2)``) and journalled beside it.
"""

from __future__ import annotations

import ctypes
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

_STA_UNSYNC = 0x0040
_STA_NANO = 0x2000
_TIME_ERROR = 5


@dataclass(frozen=True)
class Discipline:
    """How the system clock stands to NTP.

    Attributes:
        synchronized: the kernel says that something keeps the clock right.
        ntp_offset_us: last measured offset, µs; None when not synchronized.
    """

    synchronized: bool
    ntp_offset_us: int | None


class Clock(Protocol):
    """Where the daemon reads time; the seam to the machine's clocks."""

    def boot(self) -> str:
        """Identifier of this boot."""
        ...

    def mono_us(self) -> int:
        """CLOCK_MONOTONIC, µs."""
        ...

    def utc_us(self) -> int:
        """System clock, µs since 1970 UTC; read once a boot only."""
        ...

    def discipline(self) -> Discipline:
        """State of the system clock towards NTP."""
        ...


class SystemClock:
    """The clocks of this machine."""

    def boot(self) -> str:
        """``/proc/sys/kernel/random/boot_id``."""
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()

    def mono_us(self) -> int:
        """CLOCK_MONOTONIC, µs."""
        return time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000

    def utc_us(self) -> int:
        """CLOCK_REALTIME, µs."""
        return time.clock_gettime_ns(time.CLOCK_REALTIME) // 1000

    def discipline(self) -> Discipline:
        """Ask the kernel; a kernel that refuses counts as not synchronized."""
        return _adjtimex()


@dataclass(frozen=True)
class HearingClock:
    """A clock whose offset is fixed."""

    clock: Clock
    boot: str
    offset_us: int

    def now(self) -> tuple[int, int]:
        """UTC on the hearing's clock and CLOCK_MONOTONIC of the same moment, both µs."""
        mono = self.clock.mono_us()
        return mono + self.offset_us, mono

    def line_data(self) -> dict[str, Any]:
        """Data of a ``clock`` line."""
        found = self.clock.discipline()
        return {
            "boot": self.boot,
            "offset_us": self.offset_us,
            "synchronized": found.synchronized,
            "ntp_offset_us": found.ntp_offset_us,
        }


def fix_clock(clock: Clock, remembered: Path, journalled: Iterable[tuple[str, int]] = ()) -> HearingClock:
    """Fix the offset of this boot.

    Args:
        clock: the machine's clocks.
        remembered: file that keeps boot and offset; written when this boot is new.
        journalled: boot and offset of ``clock`` lines of open hearings; they win, so that a hearing keeps its clock
            even when the file is lost.

    Raises:
        OSError: the file cannot be written.
    """
    boot = clock.boot()
    known = [offset for journalled_boot, offset in journalled if journalled_boot == boot] or _remembered(remembered, boot)
    offset = known[-1] if known else clock.utc_us() - clock.mono_us()
    text = json.dumps({"boot": boot, "offset_us": offset})
    remembered.parent.mkdir(parents=True, exist_ok=True)
    temporary = remembered.with_suffix(".new")
    temporary.write_text(text, encoding="ascii")
    temporary.replace(remembered)
    return HearingClock(clock, boot, offset)


def _remembered(path: Path, boot: str) -> list[int]:
    try:
        found = json.loads(path.read_text(encoding="ascii"))
        return [int(found["offset_us"])] if found["boot"] == boot else []
    except (OSError, ValueError, KeyError, TypeError):
        return []  # lost or torn: nothing depends on it but two hearings of one boot sharing an offset


class _Timex(ctypes.Structure):
    _fields_ = [
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("constant", ctypes.c_long),
        ("rest", ctypes.c_byte * 256),  # struct timex ends sooner; room so that the kernel never writes past it
    ]


def _adjtimex() -> Discipline:
    timex = _Timex()  # modes = 0: only read
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    except (OSError, AttributeError):
        state = -1
    if state in (-1, _TIME_ERROR) or timex.status & _STA_UNSYNC:
        return Discipline(synchronized=False, ntp_offset_us=None)
    offset = timex.offset // 1000 if timex.status & _STA_NANO else timex.offset
    return Discipline(synchronized=True, ntp_offset_us=int(offset))


class FixedClock:
    """A clock that tests set by hand."""

    def __init__(self, utc_us: int = 1_795_000_000_000_000, mono_us: int = 1_000_000, boot: str = "boot-fixed") -> None:
        self._utc, self._mono = utc_us, mono_us
        self._boot = boot

    def advance(self, us: int) -> None:
        """Let ``us`` microseconds pass."""
        self._utc += us
        self._mono += us

    def step(self, us: int) -> None:
        """Step the system clock only, as NTP does."""
        self._utc += us

    def boot(self) -> str:
        """Identifier of this boot."""
        return self._boot

    def mono_us(self) -> int:
        """Monotonic, µs."""
        return self._mono

    def utc_us(self) -> int:
        """System clock, µs."""
        return self._utc

    def discipline(self) -> Discipline:
        """Never synchronized."""
        return Discipline(synchronized=False, ntp_offset_us=None)
