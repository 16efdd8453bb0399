"""``python -m hattama.demo.tied PROGRAM ARGS…``: becomes the program, which ends when the demo does, however the demo ends.

Linux sends SIGTERM to this process when its parent dies (``prctl(PR_SET_PDEATHSIG)``, kept across ``execve``). Only the demo
needs this; on a real box systemd holds the processes.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    """Tie this process to its parent, then become the program named on the command line."""
    parent = int(sys.argv[1])
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)  # it died before the tie held
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - the program is the caller's own choice


if __name__ == "__main__":
    main()
