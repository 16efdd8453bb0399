"""What the benches need of the machine: CPU time of a process to the nanosecond, and what else was going on."""

from __future__ import annotations

import os
import platform
import time
from contextlib import suppress
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


def busy() -> float:
    """CPU seconds that all cores have worked since the machine was started, whoever's work it was."""
    user, nice, system, _idle, _waiting, irq, softirq, *_ = map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def raise_session(pid: int, nice: int) -> None:
    """Give a whole session priority before others, as a slice's CPUWeight= does; without effect where we may not.

    Where the kernel groups tasks by session (sched_autogroup_enabled), nice(2) counts within the session only.

    Args:
        pid: of any process of the session.
        nice: of the session.
    """
    with suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(str(nice))
