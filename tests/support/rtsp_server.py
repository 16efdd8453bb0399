"""A real RTSP camera for tests: GStreamer's RTSP server, run by the system's Python (its bindings are not on PyPI).

As a program: ``/usr/bin/python3 rtsp_server.py CLIP [USER PASSWORD]`` serves the video of an MP4 file with H.264 (or whatever
a GStreamer pipeline in brackets gives) at a free port of 127.0.0.1, as ``/camera``, and prints ``{"port": N}``. With a name and a
password it asks for digest authentication.
A stream that is played to its end ends, as a camera that loses power does; ``loop`` makes the file long instead.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

SYSTEM_PYTHON = "/usr/bin/python3"
_PROBE = (
    "import gi; gi.require_version('Gst','1.0'); gi.require_version('GstRtspServer','1.0');"
    "from gi.repository import Gst; Gst.init(None);"
    "raise SystemExit(not all(Gst.ElementFactory.find(n) for n in ('qtdemux','h264parse','rtph264pay')))"
)


@dataclass(frozen=True)
class Camera:
    """A running server: where it is, and the process to stop (SIGSTOP freezes it, SIGKILL unplugs it)."""

    url: str
    process: subprocess.Popen[str]

    def freeze(self) -> None:
        """Stop sending without closing anything, as a hanging camera does."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on."""
        self.process.send_signal(signal.SIGCONT)

    def unplug(self) -> None:
        """Be gone at once."""
        self.process.kill()
        self.process.wait(10)


def why_not() -> str | None:
    """Why no RTSP server can be started here; None when one can. For ``pytest.mark.skipif``."""
    if not shutil.which(SYSTEM_PYTHON):
        return f"{SYSTEM_PYTHON} is not there"
    found = subprocess.run([SYSTEM_PYTHON, "-c", _PROBE], capture_output=True, check=False, timeout=60)
    return None if found.returncode == 0 else "GStreamer's RTSP server is not installed (gir1.2-gst-rtsp-server-1.0)"


@contextmanager
def rtsp_server(clip: Path | str, user: str | None = None, password: str | None = None) -> Iterator[Camera]:
    """Serve ``clip`` (MP4 with H.264, or a pipeline in brackets) by RTSP; ``url`` carries the name and password, if any."""
    login = [user, password] if user is not None and password is not None else []
    command = [SYSTEM_PYTHON, __file__, str(clip), *login]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, "the RTSP server did not start"
        name = f"{quote(user, safe='')}:{quote(password, safe='')}@" if user and password else ""
        yield Camera(f"rtsp://{name}127.0.0.1:{json.loads(line)['port']}/camera", process)
    finally:
        process.kill()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()


def serve(clip: str, user: str | None, password: str | None) -> None:
    """Serve until killed (runs in the system's Python)."""
    import gi  # type: ignore[import-not-found, unused-ignore]

    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtspServer  # type: ignore[import-not-found, unused-ignore]

    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service("0")
    factory = GstRtspServer.RTSPMediaFactory()
    picture = f'( filesrc location="{clip}" ! qtdemux ! queue ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1 )'
    factory.set_launch(clip if clip.startswith("(") else picture)
    factory.set_shared(True)
    if user is not None and password is not None:
        permissions = GstRtspServer.RTSPPermissions()
        permissions.add_permission_for_role("court", "media.factory.access", True)
        permissions.add_permission_for_role("court", "media.factory.construct", True)
        factory.set_permissions(permissions)
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", "court")
        auth = GstRtspServer.RTSPAuth()
        auth.set_supported_methods(2)  # digest only
        auth.add_digest(user, password, token)
        server.set_auth(auth)
    server.get_mount_points().add_factory("/camera", factory)
    server.attach(None)
    sys.stdout.write(json.dumps({"port": server.get_bound_port()}) + "\n")
    sys.stdout.flush()
    GLib.MainLoop().run()


if __name__ == "__main__":
    serve(sys.argv[1], *(sys.argv[2:4] if len(sys.argv) > 3 else (None, None)))
