"""Which devices the processes of the recorder hold open, from ``/proc`` and not from what anybody believes (proc(5))."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_PROC = Path("/proc")
#: Sound and video devices of the kernel; a sound server's and a network camera's are held by a capture process only.
_DEVICES = ("/dev/snd/", "/dev/video", "/dev/dsp")
_CAPTURE = b"recorder.capture"


def held(pid: int, proc: Path = _PROC) -> dict[int, str]:
    """Processes that hold a device open, or that are capture processes at all; for each what it is.

    Args:
        pid: of the recorder; its children and theirs are looked at, too.
        proc: where the kernel tells of processes; a seam for tests.

    Returns:
        By process number; empty when every device is closed.
    """
    return {number: found for number in family(pid, proc) if (found := _holds(proc / str(number), own=number == pid))}


def family(pid: int, proc: Path = _PROC) -> Iterator[int]:
    """A process and all that it started, and they."""
    yield pid
    for children in (proc / str(pid) / "task").glob("*/children"):
        try:
            numbers = children.read_text(encoding="ascii").split()
        except OSError:  # the thread has ended meanwhile
            continue
        for number in numbers:
            yield from family(int(number), proc)


def _holds(process: Path, *, own: bool) -> str:
    try:
        if not own and _CAPTURE in (process / "cmdline").read_bytes().split(b"\0"):
            return "a capture process"
        for descriptor in (process / "fd").iterdir():
            if (target := _target(descriptor)).startswith(_DEVICES):
                return target
    except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile, so it holds nothing
        pass
    except OSError as error:  # nobody can say that it holds none
        return f"what cannot be looked at ({error.strerror})"
    return ""


def _target(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except OSError:
        return ""
