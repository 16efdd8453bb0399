"""Disks that a test can pull the plug of: a loop-mounted ext4 or xfs, or a plain folder that only processes die on.

The cut is ``EXT4_IOC_SHUTDOWN`` / ``XFS_IOC_GOINGDOWN`` with NOLOGFLUSH: from that moment nothing reaches the disk, and what
was never synced is gone at the next mount. It drops the page cache and the log as a power cut does; it models neither a disk
that lies about its cache nor a torn sector. Needs root.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import struct
import subprocess
import time
from pathlib import Path

_GOINGDOWN = 0x8004587D  # _IOR('X', 125, __u32): the same number in fs/ext4 and fs/xfs
_NOLOGFLUSH = 2
_IMAGE_BYTES = 320 << 20  # mkfs.xfs makes nothing smaller than 300 MiB
PLAIN = "plain"
FILE_SYSTEMS = ("ext4", "xfs")


def why_not() -> str | None:
    """Why power cuts cannot be simulated here; None when they can."""
    if os.geteuid() != 0:
        return "power cuts need root (loop mounts)"
    for program in ("losetup", "mkfs.ext4", "mkfs.xfs"):
        if shutil.which(program) is None:
            return f"power cuts need {program}"
    if not Path("/dev/loop-control").exists():
        return "power cuts need loop devices"
    return None


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout.strip()


class Disk:
    """A plain folder: processes can be killed on it, the power cannot be cut."""

    kind = PLAIN

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "disk"
        self.folder.mkdir(parents=True)

    def cut(self) -> None:
        """Pull the plug."""
        raise NotImplementedError

    def back(self) -> None:
        """Power is back."""

    def close(self) -> None:
        """Let go of it."""


class LoopDisk(Disk):
    """A file system in a file.

    Args:
        folder: where the image and the mount point go.
        kind: ``ext4`` or ``xfs``.
        size: bytes of the image.
    """

    def __init__(self, folder: Path, kind: str, size: int = _IMAGE_BYTES) -> None:
        super().__init__(folder)
        self.kind = kind
        image = folder / "image"
        with image.open("wb") as file:
            file.truncate(size)
        _run(f"mkfs.{kind}", "-q", str(image))
        self._loop = _run("losetup", "--find", "--show", str(image))
        self.mounted = False
        self.back()

    def cut(self) -> None:
        """Pull the plug: what was not synced is lost, and every write fails from now on."""
        fd = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(fd, _GOINGDOWN, struct.pack("<I", _NOLOGFLUSH))
        finally:
            os.close(fd)

    def back(self) -> None:
        """Mount again, which replays the file system's log."""
        if self.mounted:
            self._unmount()
        _run("mount", "-t", self.kind, self._loop, str(self.folder))
        self.mounted = True

    def close(self) -> None:
        """Unmount and free the loop device."""
        with contextlib.suppress(OSError):
            self._unmount()
        with contextlib.suppress(OSError):
            _run("losetup", "--detach", self._loop)

    def _unmount(self) -> None:
        for attempt in range(50):  # a process that was killed lets go of its files a moment later
            try:
                _run("umount", str(self.folder))
            except OSError:
                if attempt == 49:
                    raise
                time.sleep(0.1)
            else:
                self.mounted = False
                return


def make_disk(folder: Path, kind: str) -> Disk:
    """A disk of a kind: ``plain``, ``ext4`` or ``xfs``."""
    return Disk(folder) if kind == PLAIN else LoopDisk(folder, kind)
