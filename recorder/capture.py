"""Starts a capture child: ``python -m recorder.capture`` (recorder.capture_process says what it is and does).

In a room of seven devices, seven of these start at one moment when a recorder was killed, and what they load is most of the time until
the room is recorded again. So this loads as little as it can: the collector, which would walk modules that stay, is off meanwhile, and
structlog is kept from loading rich, whose colours are of no use in a log of JSON lines. Together that is a fifth of a child's start.
"""

from __future__ import annotations

import gc
import os
import sys

if __name__ == "__main__":
    gc.disable()  # on again when the child runs (recorder.capture_process)
    sys.modules["rich"] = None  # type: ignore[assignment]  # Python's own way to say that there is none
    from recorder.capture_process import main

    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Not sys.exit: the source's thread may be waiting inside a driver that never answers.
    os._exit(code)
