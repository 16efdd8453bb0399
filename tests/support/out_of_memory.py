"""Have the kernel's out-of-memory killer take a chosen process: it is put into a memory control group that another process then fills."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

LIMIT = 48 << 20
_V1 = Path("/sys/fs/cgroup/memory")
_V2 = Path("/sys/fs/cgroup")
#: Joins the group, then takes memory until it is ended.
_HOG = "import sys, os; open(sys.argv[1] + '/cgroup.procs', 'w').write(str(os.getpid())); kept = [bytearray(1 << 20) for _ in range(4096)]"


def why_not() -> str | None:
    """Why nothing can be killed so here; None when it can."""
    if os.geteuid() != 0:
        return "control groups need root"
    try:
        group = _group()
    except OSError as error:
        return f"no memory control group can be made here: {error}"
    group.rmdir()
    return None


def kill(pid: int) -> None:
    """Have it killed; it is gone when this returns.

    Raises:
        RuntimeError: the kernel took something else, or nothing.
    """
    group = _group()
    try:
        Path(f"/proc/{pid}/oom_score_adj").write_text(
            "1000", encoding="ascii"
        )  # so that it is the one, as the greediest would be
        (group / "cgroup.procs").write_text(str(pid), encoding="ascii")
        with subprocess.Popen([sys.executable, "-c", _HOG, str(group)], stderr=subprocess.DEVNULL) as hog:
            _wait_for(pid)
            hog.kill()
        if _kills(group) < 1:
            raise RuntimeError(f"{pid} ended, but not by the out-of-memory killer")
    finally:
        _remove(group)


def _group() -> Path:
    """A new group with a limit."""
    v1 = _V1.is_dir()
    group = (_V1 if v1 else _V2) / f"hattama-test-{os.getpid()}"
    if not v1 and "memory" not in (_V2 / "cgroup.subtree_control").read_text(encoding="ascii").split():
        (_V2 / "cgroup.subtree_control").write_text("+memory", encoding="ascii")
    group.mkdir(exist_ok=True)
    limit = group / ("memory.limit_in_bytes" if v1 else "memory.max")
    try:
        limit.write_text(str(LIMIT), encoding="ascii")
    except OSError:
        group.rmdir()
        raise
    return group


def _kills(group: Path) -> int:
    """How often the kernel killed in it."""
    v1 = group / "memory.oom_control"
    text = (v1 if v1.exists() else group / "memory.events").read_text(encoding="ascii")
    return max((int(line.split()[1]) for line in text.splitlines() if line.startswith("oom_kill ")), default=0)


def _wait_for(pid: int) -> None:
    for _ in range(600):
        try:
            if Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] in "ZX":
                return
        except OSError:
            return
        time.sleep(0.05)
    raise RuntimeError(f"{pid} was not killed")


def _remove(group: Path) -> None:
    for _ in range(100):
        with suppress(OSError):
            group.rmdir()
            return
        time.sleep(0.05)
