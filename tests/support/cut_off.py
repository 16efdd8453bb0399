"""Work that is cut off between two things that it does to the disk, as a process that is killed there: nothing after it is done."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

#: What changes a disk. Syncs count too: between a write and its sync there is a moment.
_CALLS: frozenset[Callable[..., Any]] = frozenset(
    {os.write, os.fsync, os.fdatasync, os.ftruncate, os.replace, os.rename, os.unlink, os.mkdir, os.rmdir, os.link}
)


class CutOff(BaseException):
    """Here the process was killed; no handler of errors may take it for one."""


@contextmanager
def cut_off(after: int) -> Iterator[None]:
    """Let so many calls that change the disk be made, and raise :class:`CutOff` instead of the next."""
    left = after

    def seen(_frame: FrameType, event: str, called: Any) -> None:
        nonlocal left
        if event == "c_call" and called in _CALLS:
            if not left:
                raise CutOff
            left -= 1

    sys.setprofile(seen)
    try:
        yield
    finally:
        sys.setprofile(None)
