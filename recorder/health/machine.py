"""What is wrong with the machine: the disk and how long it lasts, the clock, temperature, load."""

from __future__ import annotations

import os
import shutil
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from recorder.clock import Clock, Discipline
from recorder.health.trouble import Key, Trouble, Troubles

CODES = ("disk-low", "disk-full-soon", "clock-unsynchronized", "clock-off", "machine-hot", "machine-busy")


@dataclass(frozen=True)
class MachineLimits:
    """From when on something is wrong.

    Attributes:
        low_bytes: free space; about five hours of four cameras and eight microphones.
        low_s: time left at the present rate.
        full_bytes, full_s: the same, when it is urgent.
        rate_s: the rate is that of so many seconds.
        off_us: how far the system clock may be from the recording's.
        hot_c: °C.
        busy: processes waiting or running, for each core, mean of a minute.
    """

    low_bytes: int = 5 * 2**30
    low_s: float = 4 * 3600
    full_bytes: int = 512 * 2**20
    full_s: float = 1800
    rate_s: float = 120
    off_us: int = 1_000_000
    hot_c: int = 92
    busy: float = 8.0


@dataclass(frozen=True)
class Reading:
    """The machine at one moment; None where it cannot be asked.

    Attributes:
        free: bytes free on the disk of the records.
        off_us: system clock minus the recording's clock, µs.
        hottest_c: hottest part, °C.
        load: processes for each core.
    """

    free: int | None
    discipline: Discipline
    off_us: int
    hottest_c: int | None
    load: float | None


def read(folder: Path, clock: Clock, offset_us: int, system: Path = Path("/sys/class/thermal")) -> Reading:
    """Ask the machine.

    Args:
        folder: of the records.
        clock: the machine's clocks.
        offset_us: of the recording's clock.
        system: where the kernel tells temperatures.
    """
    off_us = clock.utc_us() - clock.mono_us() - offset_us
    return Reading(_free(folder), clock.discipline(), off_us, hottest(system), _load())


def hottest(system: Path) -> int | None:
    """Highest temperature of any part, °C; None where none can be read."""
    found = []
    for path in system.glob("thermal_zone*/temp"):
        try:
            found.append(int(path.read_text(encoding="ascii")) // 1000)
        except (OSError, ValueError):
            continue  # a sensor that does not answer is not hot
    return max(found, default=None)


def _free(folder: Path) -> int | None:
    """None when the disk cannot be asked: then writing will say so."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def _load() -> float | None:
    try:
        return os.getloadavg()[0] / (os.cpu_count() or 1)
    except OSError:
        return None


class DiskForecast:
    """How long the disk lasts at the rate of the last minutes.

    Args:
        span_s: the rate is that of so many seconds.
    """

    def __init__(self, span_s: float) -> None:
        self._span_s = span_s
        self._seen: deque[tuple[float, int]] = deque()

    def left_s(self, free: int, now: float) -> float | None:
        """Seconds until it is full; None when it does not fill, or too little is known (less than a quarter of the span)."""
        self._seen.append((now, free))
        while len(self._seen) > 2 and now - self._seen[1][0] >= self._span_s:
            self._seen.popleft()
        then, before = self._seen[0]
        if now - then < self._span_s / 4 or before <= free:
            return None
        return free * (now - then) / (before - free)


class MachineWatch:
    """Watches the machine.

    Args:
        limits: see there.
    """

    def __init__(self, limits: MachineLimits | None = None) -> None:
        self._limits = limits or MachineLimits()
        self._disk = DiskForecast(self._limits.rate_s)
        self._since: dict[str, float] = {}

    def look(self, reading: Reading, now: float) -> Troubles:
        """What is wrong at ``now`` (CLOCK_MONOTONIC, s)."""
        limits = self._limits
        found = self._disk_troubles(reading.free, now) if reading.free is not None else {}
        if not reading.discipline.synchronized:
            found["clock-unsynchronized"] = ""
        if abs(reading.off_us) > limits.off_us:
            found["clock-off"] = f"the system clock is {reading.off_us / 1e6:+.1f} s from the recording's"
        if reading.hottest_c is not None and reading.hottest_c >= limits.hot_c:
            found["machine-hot"] = f"{reading.hottest_c} °C"
        if reading.load is not None and reading.load >= limits.busy:
            found["machine-busy"] = f"{reading.load:.0f} processes for each core"
        self._since = {code: self._since.get(code, now) for code in found}
        keyed: dict[Key, Trouble] = {}
        for code, detail in found.items():
            keyed[code, None] = Trouble("error" if code == "disk-full-soon" else "warning", self._since[code], detail)
        return keyed

    def _disk_troubles(self, free: int, now: float) -> dict[str, str]:
        limits, left = self._limits, self._disk.left_s(free, now)
        detail = f"{free >> 20} MiB free" + (f", {left / 60:.0f} min at the present rate" if left is not None else "")
        if free < limits.full_bytes or (left is not None and left < limits.full_s):
            return {"disk-full-soon": detail}
        if free < limits.low_bytes or (left is not None and left < limits.low_s):
            return {"disk-low": detail}
        return {}
