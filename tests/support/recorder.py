"""A recorder daemon for tests: in the test's own loop with fake children, or as a process of its own with real ones."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from device_config.settings import Settings, SourceSettings
from protocol.hearing import Case
from protocol.note import Ed25519Signer
from protocol.record import DirectoryRecord
from protocol.verification import Report, Trust, verify
from recorder.client import RecorderClient, Refused
from recorder.keeper import Limits
from recorder.service import Daemon
from recorder.supervisor import Patience

SIGNER = Ed25519Signer("box.court.test", bytes(range(32)))
FAKE = (sys.executable, "-m", "tests.support.fake_capture")
CASE = Case(number="7512-26-00-2/1234", code="gpk", title="A v. B", judge="J. Judge", secretary="S. Secretary")
#: Quick where a person would wait, generous where a loaded machine needs time.
PATIENCE = Patience(tick=0.1, open=20.0, silent=2.0, end=10.0, backoff=0.1, backoff_max=0.5)
LIMITS = Limits(start=20.0, resume=20.0, late=10.0, readback=60.0, tick=0.3)
T = TypeVar("T")


def microphones(name: str = "mics", *channels: str, device: str = "") -> SourceSettings:
    """An audio device."""
    return SourceSettings(name=name, kind="microphone", media="audio", device=device, channels=channels)


def camera(name: str = "cam-judge", device: str = "") -> SourceSettings:
    """A camera."""
    return SourceSettings(name=name, kind="camera", media="video", device=device)


def settings(folder: Path, *sources: SourceSettings, segment_s: float = 2.0, **more: Any) -> Settings:
    """Settings of a box whose state lies in ``folder``; without a reserve, which would heal what tests break."""
    return Settings(state_dir=folder / "state", sources=sources, segment_s=segment_s, **{"reserve_mib": 0, **more})


@asynccontextmanager
async def running(
    box: Settings, *, patience: Patience = PATIENCE, limits: Limits = LIMITS, **more: Any
) -> AsyncIterator[Daemon]:
    """A daemon with fake children in this loop."""
    daemon = Daemon(box, SIGNER, command=more.pop("command", FAKE), patience=patience, limits=limits, **more)
    await daemon.start()
    try:
        yield daemon
    finally:
        await daemon.stop()


async def plan(daemon: Daemon, **more: Any) -> str:
    """A hearing whose devices are ready."""
    hearing = await daemon.plan(CASE, more.get("participants", ()), more.get("seats", ()))
    await until(lambda: all(source.state == "ready" for source in daemon.status().sources))
    return hearing


async def until(true: Callable[[], Any], timeout_s: float = 60.0) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(timeout_s):
        while not true():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.02)


def wait_for(ask: Callable[[], T], timeout_s: float = 90.0) -> T:
    """Wait until the answer is true; it."""
    end = time.monotonic() + timeout_s
    while not (answer := ask()):
        if time.monotonic() > end:
            raise TimeoutError(f"not within {timeout_s} s: {ask}")
        time.sleep(0.1)
    return answer


def check(folder: Path) -> Report:
    """Verify a record against the tests' key."""
    return verify(DirectoryRecord(folder), Trust(frozenset({SIGNER.key})))


def codes(report: Report) -> list[str]:
    """Codes of everything the verification found."""
    return sorted(finding.code for finding in report.findings)


def lines(daemon: Daemon, *types: str) -> list[dict[str, Any]]:
    """Data of the current journal's lines of some types."""
    assert daemon.session is not None
    writer = daemon.session.ledger._writer
    return [dict(line.data) for line in writer.lines if line.type in types]


class Box:
    """A daemon as a process of its own, with real capture children.

    Attributes:
        first: what stands before its command.
        program: arguments of Python, if it is not the daemon as it is.
    """

    first: tuple[str, ...] = ()
    program: tuple[str, ...] = ()

    def __init__(self, box: Settings, log: Path, environment: Mapping[str, str] | None = None) -> None:
        self.settings = box
        self.log = log
        self.environment = {**os.environ, **(environment or {})}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the daemon; it answers when this returns."""
        self.launch()
        wait_for(self._answers)

    def launch(self) -> None:
        """Start the daemon; it may not answer yet."""
        code = (
            "import sys; from pathlib import Path; from device_config.settings import Settings\n"
            "from recorder.daemon import run; from tests.support.recorder import SIGNER\n"
            "run(Settings.model_validate_json(Path(sys.argv[1]).read_text()), SIGNER)"
        )
        config = self.log.with_suffix(".json")
        config.write_text(self.settings.model_dump_json())
        with self.log.open("ab") as log:
            command = [*self.first, sys.executable, *(self.program or ("-c", code, str(config)))]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=self.environment, process_group=0)

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        try:
            with self.client() as client:
                client.status()
        except Refused:
            return False
        return True

    def client(self) -> RecorderClient:
        """A client."""
        return RecorderClient(self.settings.socket)

    def children(self) -> list[int]:
        """Process numbers of everything the daemon started."""
        assert self.process is not None
        return [int(pid) for task in Path(f"/proc/{self.process.pid}/task").glob("*") for pid in (task / "children").read_text().split()]

    def programs(self) -> list[bytes]:
        """Command line of everything the daemon started."""
        found = []
        for pid in self.children():
            with suppress(OSError):  # it ended meanwhile
                found.append(Path(f"/proc/{pid}/cmdline").read_bytes())
        return found

    def capture(self, source: str) -> int:
        """Process number of the capture child of a device, by what it holds open."""
        for pid in self.children():
            if b"recorder.capture" in Path(f"/proc/{pid}/cmdline").read_bytes() and self._holds(pid, f"/{source}/"):
                return pid
        raise AssertionError(f"no capture child writes {source}")

    def _holds(self, pid: int, part: str) -> bool:
        return any(part in str(fd.readlink()) for fd in Path(f"/proc/{pid}/fd").glob("*") if fd.is_symlink())

    def kill_all(self) -> None:
        """SIGKILL the daemon and everything it started, as a power cut would end them."""
        assert self.process is not None
        group = [self.process.pid, *self.children()]
        for pid in group:
            os.kill(pid, signal.SIGSTOP)  # so that none of them sees the others die
        for pid in group:
            os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM; its exit status."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(60)


@contextmanager
def box_running(box: Settings, log: Path, environment: Mapping[str, str] | None = None) -> Iterator[Box]:
    """A daemon process for as long as the block runs."""
    found = Box(box, log, environment)
    found.start()
    try:
        yield found
    finally:
        if found.process is not None and found.process.poll() is None:
            found.stop()


def sync(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run an async test in a loop of its own."""
    import functools
    import inspect

    @functools.wraps(test)
    def wrapped(*args: Any, **more: Any) -> None:
        async def body() -> None:
            await test(*args, **more)

        asyncio.run(body())

    wrapped.__signature__ = inspect.signature(test)  # type: ignore[attr-defined]
    return wrapped
