"""The recorder as a courtroom has it: ``python -m hattama recorder`` with a settings.toml, its children, and what it acknowledged."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from bench.machine import raise_session
from device_config.settings import Settings, load
from protocol.hearing import Case
from recorder.client import RecorderClient, Refused
from recorder.status import Status

CASE = Case(number="7512-26-00-2/1234", code="gpk", title="A v. B", judge="J. Judge", secretary="S. Secretary")
BY = "secretary"
#: Bounds a bench that hangs; decides nothing else, s.
PATIENCE_S = 120.0
#: As hattama-recorder.service and its slice have it (Nice=, CPUWeight=); only root may. Without it a busy machine, not the
#: recorder, is measured.
_NICE = -10
_FIRST = ("nice", "-n", str(_NICE)) if os.geteuid() == 0 else ()
T = TypeVar("T")


def wait_for(ask: Callable[[], T], timeout_s: float = PATIENCE_S) -> T:
    """Wait until the answer is true; it.

    Raises:
        TimeoutError: it never was.
    """
    end = time.monotonic() + timeout_s
    while not (answer := ask()):
        if time.monotonic() > end:
            raise TimeoutError(f"not within {timeout_s:g} s")
        time.sleep(0.04)
    return answer


def write_settings(
    path: Path, state_dir: Path, run_dir: Path, sources: list[dict[str, Any]], segment_s: float
) -> Settings:
    """A settings.toml; what it says."""
    lines = [f'state_dir = "{state_dir}"', f'run_dir = "{run_dir}"', f"segment_s = {segment_s}"]
    for source in sources:
        lines.append("[[sources]]")
        for key, value in source.items():
            text = "[" + ", ".join(f'"{item}"' for item in value) + "]" if isinstance(value, tuple) else f'"{value}"'
            lines.append(f"{key} = {text}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return load(path)


def descendants(pid: int) -> list[int]:
    """Process numbers of everything that a process started."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*"):
        with suppress(OSError):
            for child in map(int, (task / "children").read_text().split()):
                found += [child, *descendants(child)]
    return found


class Box:
    """A daemon that can be started again and again.

    Args:
        config: its settings.toml.
        log: where it logs to.
        environment: its variables besides ours.

    Attributes:
        lines: ``line`` events heard: each was acknowledged as being on the disk.
        remarks: text by (hearing, line number) of remarks that the API acknowledged.
    """

    def __init__(self, config: Path, log: Path, environment: Mapping[str, str] | None = None) -> None:
        self.settings = load(config)
        self.lines: list[dict[str, Any]] = []
        self.remarks: dict[tuple[str, int], str] = {}
        self._config, self._log = config, log
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._client: RecorderClient | None = None
        self._threads: list[threading.Thread] = []
        self._written = 0

    @property
    def pid(self) -> int:
        """Of the daemon.

        Raises:
            RuntimeError: it was never started.
        """
        if self._process is None:
            raise RuntimeError("the daemon was never started")
        return self._process.pid

    def launch(self) -> None:
        """Start the daemon; it may not answer yet."""
        command = [*_FIRST, sys.executable, "-m", "hattama", "--config", str(self._config), "recorder"]
        self._close()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, start_new_session=True, env=self._environment
            )
        raise_session(self._process.pid, _NICE)

    def start(self) -> None:
        """Start the daemon and hear its events; it answers when this returns."""
        self.launch()
        wait_for(self._answers)
        self._spawn(self._hear)

    def remark(self, hearing: str, every_s: float) -> None:
        """Write remarks until the daemon is gone."""
        self._spawn(lambda: self._remark(hearing, every_s))

    def client(self) -> RecorderClient:
        """A client of its own, to be closed by whoever asked for it."""
        return RecorderClient(self.settings.socket)

    def status(self) -> Status:
        """What the daemon says; by one client as long as it lives, because one costs 40 ms of a core and the bench asks often."""
        if self._client is None:
            self._client = self.client()
        return self._client.status()

    def kill(self, handed: Callable[[], T]) -> T:
        """SIGKILL the daemon and everything it started, at one moment; what ``handed`` said at that moment."""
        process = self._process
        if process is None:
            raise RuntimeError("the daemon was never started")
        group = [process.pid]
        self._signal(group, signal.SIGSTOP)  # first, so that it starts nothing more
        group += descendants(process.pid)
        self._signal(group, signal.SIGSTOP)  # so that none of them sees the others die
        said = handed()
        self._signal(group, signal.SIGKILL)
        process.wait()
        for thread in self._threads:
            thread.join(PATIENCE_S)
        self._threads = []
        self._close()
        return said

    def stop(self) -> int:
        """SIGTERM; its exit status."""
        if self._process is None:
            return 0
        self._process.terminate()
        status = self._process.wait(PATIENCE_S)
        for thread in self._threads:
            thread.join(PATIENCE_S)
        self._close()
        return status

    def log_tail(self) -> str:
        """The end of its log."""
        return self._log.read_text(encoding="utf-8", errors="replace")[-1000:]

    def _close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def _signal(self, group: list[int], number: int) -> None:
        for pid in group:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _spawn(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _answers(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            raise RuntimeError("the recorder ended by itself")
        try:
            self.status()
        except Refused:
            return False
        return True

    def _hear(self) -> None:
        with suppress(Refused), self.client() as client, client.events() as events:
            self.lines += (event.data for event in events if event.name == "line")

    def _remark(self, hearing: str, every_s: float) -> None:
        with suppress(Refused), self.client() as client:
            while True:
                self._written += 1
                text = f"remark {self._written}"
                self.remarks[hearing, client.remark(hearing, text, BY)] = text
                time.sleep(every_s)
