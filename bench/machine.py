"""What the benches need of the machine: CPU time of a process to the nanosecond, and what else was going on."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path
from typing import Any

_PROCESS_CLOCK = 2  # CPUCLOCK_SCHED of linux/posix-timers.h: time on a core, user and kernel, of all threads


def cpu_s(pid: int) -> float:
    """CPU seconds that a process of ours has used, its ended threads included (clock_getcpuclockid(3)).

    Raises:
        OSError: there is no such process.
    """
    return time.clock_gettime_ns((~pid << 3) | _PROCESS_CLOCK) / 1e9


def machine() -> dict[str, Any]:
    """Processor, cores and the load of the last minute."""
    names = [line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line]
    return {
        "processor": names[0] if names else platform.machine(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "kernel": platform.release(),
    }
