"""The recorder's daemon with a system clock that a file steps: ``python -m tests.support.stepped_clock SETTINGS CLOCK``.

Everything else is as always: its process, its capture children, the kernel's monotonic clock. The clock is stepped at the recorder's own seam
(:class:`recorder.clock.Clock`). libfaketime, which would step it for the children too, breaks ``time.sleep`` of Python 3.11 (clock_nanosleep to an
absolute time fails with EINVAL), and the kernel's clock is also that of everybody else.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from device_config.settings import Settings
from recorder.clock import SystemClock
from recorder.daemon import serve
from recorder.service import Daemon
from tests.support.recorder import SIGNER


class SteppedClock(SystemClock):
    """The machine's clocks, the system clock so many seconds from what it is as the file says."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def utc_us(self) -> int:
        """CLOCK_REALTIME and the step, µs."""
        return super().utc_us() + int(self._file.read_text(encoding="ascii")) * 1_000_000


if __name__ == "__main__":
    settings = Settings.model_validate_json(Path(sys.argv[1]).read_text(encoding="utf-8"))
    asyncio.run(serve(Daemon(settings, SIGNER, clock=SteppedClock(Path(sys.argv[2])))))
