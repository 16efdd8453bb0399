"""Several bodies under way at once: what one connection waits for (the store's disk, another's processor), the others use.

The jobs run in threads; whoever started them stays in its own, and is asked now and then to do what cannot wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

IDLE_S = 0.25  # between two looks at what cannot wait


def run(jobs: Iterator[Callable[[], object]], lanes: int, idle: Callable[[], None]) -> None:
    """Run jobs, so many at once; the next one is asked for when there is room for it.

    Args:
        jobs: what is to be done, in the order of need.
        lanes: most at once; 1: here, without a thread.
        idle: called while others run, at least every quarter of a second.

    Raises:
        Exception: what the first job that failed raised, when those under way have ended; no further one is begun.
    """
    if lanes == 1:
        for job in jobs:
            job()
        return
    running: set[Future[object]] = set()
    with ThreadPoolExecutor(lanes, thread_name_prefix="lane") as pool:
        for job in jobs:
            running.add(pool.submit(job))
            while len(running) >= lanes:
                running = _waited(running, idle)
        while running:
            running = _waited(running, idle)


def _waited(running: set[Future[object]], idle: Callable[[], None]) -> set[Future[object]]:
    """Those that still run after one ended, or after a moment."""
    done, others = wait(running, IDLE_S, FIRST_COMPLETED)
    for future in done:
        future.result()
    idle()
    return others
