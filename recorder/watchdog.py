"""Telling systemd that the daemon is able to record, and only then (sd_notify(3), ``WatchdogSec=``).

systemd ends a service that stops feeding its watchdog and starts it anew. That mends what a new process can mend, and
nothing else; so the rule is about the daemon's own abilities (docs/decisions/0007-what-the-watchdog-guards.md):

=====================================================================  =================================================
fed only while …                                                       because else
=====================================================================  =================================================
the event loop turns (the feeder is a task in it)                      nobody could start, mark or stop
the writer thread answers a job posted to it                           a line, or its sync, hangs: nothing is acknowledged
while a take runs, a tick wrote ``progress``, or was refused,          bytes reach the disk and nobody vouches for them
within :data:`TICK_S`
while a take runs and no source delivers, somebody still tries:        the supervision itself died
at least one device has a living keeper
=====================================================================  =================================================

Fed all the same: an idle box; a dead microphone, all microphones dead (their keepers try again without end; a new daemon could
do no more, and would interrupt the others); a disk that *refuses* (an error is an answer, and is a finding); a signer that is away.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from recorder.service import Daemon

#: Progress is written every second; so late, its task hangs or is dead.
TICK_S = 6.0
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Facts:
    """What the rule looks at; the event loop turns, since somebody looks.

    Attributes:
        answered: the writer thread answered since the last look.
        tick_s: since the last tick of the running take, s; None when no take runs.
        delivers: bytes of a source grew lately.
        tried: a device has a living keeper, or none is wished open.
    """

    answered: bool
    tick_s: float | None
    delivers: bool
    tried: bool


def unable(facts: Facts) -> str | None:
    """Why the daemon is not able to record; None when it is."""
    if not facts.answered:
        return "the writer thread does not answer"
    if facts.tick_s is None:
        return None
    if facts.tick_s > TICK_S:
        return "the journal of the running take is not written"
    if not facts.delivers and not facts.tried:
        return "nobody tries to get the sources back"
    return None


def facts_of(daemon: Daemon, *, answered: bool, now: float) -> Facts:
    """The facts about a daemon at a moment of the monotonic clock, s."""
    session = daemon.session
    take = session.take if session is not None else None
    if session is None or take is None or take.start_us is None:
        return Facts(answered, None, delivers=False, tried=True)
    delivers = take.any_growing(now, session.limits.fresh)
    return Facts(answered, now - session.keeper.ticked, delivers, tried=daemon.room.tried)


def status_text(daemon: Daemon) -> str:
    """One line for ``systemctl status``: what is recorded, nothing about the case."""
    status = daemon.status()
    if status.state is None:
        return "no hearing"
    here = sum(source.state == "recording" for source in status.sources)
    return f"{status.state}{f', {status.take}: {here} of {len(status.sources)} sources reach the disk' if status.take else ''}"


class Watchdog:
    """Feeds systemd's watchdog and keeps its status line.

    Args:
        daemon: the daemon.
        tell: sends a state to systemd.
        period_s: time between two looks, s.
    """

    def __init__(self, daemon: Daemon, tell: Callable[[str], None], period_s: float) -> None:
        self._daemon = daemon
        self._tell = tell
        self._period_s = period_s
        self._hungry: str | None = None

    async def run(self) -> None:
        """Look and feed until cancelled."""
        answer = self._daemon.writer_answers()
        while True:
            await asyncio.sleep(self._period_s)
            answered = answer.done()
            if answered:
                answer = self._daemon.writer_answers()
            self._look(unable(facts_of(self._daemon, answered=answered, now=time.monotonic())))

    def _look(self, why: str | None) -> None:
        if why is None:
            self._tell(f"WATCHDOG=1\nSTATUS={status_text(self._daemon)}")
        elif why != self._hungry:
            _log.error("watchdog_not_fed", action="be_restarted", reason=why)
            self._tell(f"STATUS={why}")
        self._hungry = why


def period(environment: Mapping[str, str]) -> float | None:
    """Time between two looks, s: a quarter of what systemd allows (sd_watchdog_enabled(3)); None when it does not ask."""
    if environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    try:
        return int(environment["WATCHDOG_USEC"]) / 4e6
    except (KeyError, ValueError):
        return None


def tell_systemd(state: str) -> None:
    """``sd_notify(3)``, if systemd asked for it."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    name = "\0" + address[1:] if address.startswith("@") else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.sendto(state.encode(), name)
    except OSError as error:
        _log.warning("systemd_not_told", action="go_on", error=str(error))
