"""What the processes of a box hold on to: memory, descriptors, threads, looked at again and again."""

from __future__ import annotations

import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

#: What may grow between the first and the last quarter of what is looked at, as a share.
MOST_GROWTH = 0.05
T = TypeVar("T")


@dataclass(frozen=True)
class Held:
    """One look at one process: resident memory in KiB (``anonymous``: without files), descriptors, threads."""

    resident: int
    anonymous: int
    descriptors: int
    threads: int


@dataclass
class Watch:
    """Looks at a process and everything it started.

    Args:
        processes: gives process number by role.

    Attributes:
        looks: by role, (seconds, process number, what it held).
        most: processes at one time.
        pids: all that were ever seen.
    """

    processes: Callable[[], dict[int, str]]
    looks: defaultdict[str, list[tuple[float, int, Held]]] = field(default_factory=lambda: defaultdict(list))
    counts: list[tuple[float, int]] = field(default_factory=list)
    pids: set[int] = field(default_factory=set)
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self, every_s: float) -> None:
        """Look until :meth:`stop`."""
        began = time.monotonic()
        while True:
            self.look(time.monotonic() - began)
            if self._stop.wait(every_s):
                return

    def stop(self) -> None:
        """End :meth:`run`."""
        self._stop.set()

    def look(self, at_s: float) -> None:
        """One look at all."""
        found = self.processes()
        self.pids |= set(found)
        self.counts.append((at_s, len(found)))
        for pid, role in found.items():
            with suppress(OSError, KeyError):
                self.looks[role].append((at_s, pid, held(pid)))


def held(pid: int) -> Held:
    """What a process holds.

    Raises:
        OSError: it is gone.
        KeyError: it is ending.
    """
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    values = {name: rest.split() for name, _, rest in (line.partition(":") for line in lines)}
    descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return Held(int(values["VmRSS"][0]), int(values["RssAnon"][0]), descriptors, int(values["Threads"][0]))


def role_of(pid: int, names: Sequence[str]) -> str:
    """What a process is, by its command; a capture child by its number among them.

    Args:
        pid: of the process.
        names: modules that are roles.
    """
    with suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
        return next((name for name in names if name in words), words[0].rsplit("/", 1)[-1])
    return "gone"


def judged(watch: Watch, warm_s: float) -> tuple[dict[str, Any], list[str]]:
    """Figures by process after the warm-up, and what broke a promise.

    The median of the last quarter against that of the first. Of descriptors and threads too: they come and go, and where a
    segment rolls there are fewer for some milliseconds, so neither the least nor the most in a quarter says what is held.
    """
    figures: dict[str, Any] = {}
    broken: list[str] = []
    end_s = watch.counts[-1][0]
    total: defaultdict[float, int] = defaultdict(int)
    by_process: defaultdict[tuple[str, int], list[tuple[float, Held]]] = defaultdict(list)
    for role, looks in watch.looks.items():
        for at_s, pid, look in looks:
            if at_s >= warm_s:
                by_process[role, pid].append((at_s, look))
                total[at_s] += look.resident
    for (role, pid), seen in sorted(by_process.items()):
        first, last = _quarters(seen, warm_s, end_s)
        if not first or not last:  # it did not live all the time: counted in all the others' sum
            figures[f"{role} {pid}"] = {"looks": len(seen), "lived_s": [round(seen[0][0]), round(seen[-1][0])]}
            continue
        figure = _figure(first, last, [look for _, look in seen])
        figures[f"{role} {pid}"] = figure
        broken += [f"{role} {pid}: {text}" for text in _faults(figure)]
    whole = sorted(total.items())
    first_total, last_total = (statistics.median(item) for item in _quarters(whole, warm_s, end_s))
    growth = last_total / first_total - 1
    figures["all"] = {
        "resident_mib": [round(first_total / 1024, 1), round(last_total / 1024, 1)],
        "growth": round(growth, 4),
    }
    if growth > MOST_GROWTH:
        broken.append(f"all together grew by {growth:.1%}")
    counts = [(at_s, count) for at_s, count in watch.counts if at_s >= warm_s]
    first_count, last_count = (statistics.median_low(item) for item in _quarters(counts, warm_s, end_s))
    figures["processes"] = [first_count, last_count, max(count for _, count in counts)]
    if last_count > first_count:
        broken.append(f"{last_count - first_count} processes more at the end than at the beginning")
    return figures, broken


def _quarters(looks: Sequence[tuple[float, T]], begin_s: float, end_s: float) -> tuple[list[T], list[T]]:
    quarter = (end_s - begin_s) / 4
    first = [look for at_s, look in looks if at_s <= begin_s + quarter]
    return first, [look for at_s, look in looks if at_s >= end_s - quarter]


def _figure(first: list[Held], last: list[Held], every: list[Held]) -> dict[str, Any]:
    resident = [statistics.median(look.resident for look in part) / 1024 for part in (first, last)]
    anonymous = [statistics.median(look.anonymous for look in part) / 1024 for part in (first, last)]
    return {
        "resident_mib": [round(value, 1) for value in (*resident, max(look.resident for look in every) / 1024)],
        "anonymous_mib": [round(value, 1) for value in anonymous],
        "growth": round(resident[1] / resident[0] - 1, 4),
        "descriptors": [statistics.median_low(look.descriptors for look in part) for part in (first, last)],
        "threads": [statistics.median_low(look.threads for look in part) for part in (first, last)],
        "looks": len(every),
    }


def _faults(figure: dict[str, Any]) -> list[str]:
    faults = []
    if figure["growth"] > MOST_GROWTH:
        faults.append(f"its memory grew by {figure['growth']:.1%}")
    grown = [what for what in ("descriptors", "threads") if figure[what][1] > figure[what][0]]
    return faults + [f"{what} grew: {figure[what]}" for what in grown]
