"""What a start of the daemon loads before its devices open: each hundred milliseconds of it are missing from a hearing that was interrupted."""

from __future__ import annotations

import subprocess
import sys


def test_the_daemon_opens_its_devices_before_it_loads_what_they_need() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import sys, recorder.daemon; print(*{name.partition('.')[0] for name in sys.modules})"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    loaded = set(done.stdout.split())
    assert "recorder" in loaded
    assert loaded & {"av", "numpy", "fastapi", "starlette", "uvicorn", "PIL", "pyhanko", "asn1crypto", "reportlab"} == set()
