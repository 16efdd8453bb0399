"""A living RTSP camera for tests: it shows what it is told to, can hang, be unplugged, and come back at the same address.

As a program (run by the system's Python, as :mod:`tests.support.rtsp_server`): ``/usr/bin/python3 live_camera.py [PORT]`` encodes
a test picture with H.264 and a key frame each second, serves it at ``/camera`` on 127.0.0.1, and prints ``{"port": N}``. A line
``live``, ``black`` or ``frozen`` on standard input changes the picture at once.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

SYSTEM_PYTHON = "/usr/bin/python3"
#: Of GStreamer's videotestsrc. Both "smpte" pictures have edges and brightness; only the first has a field of noise, as a living sensor.
PICTURES = {"live": "smpte", "black": "black", "frozen": "smpte75"}
_LAUNCH = (
    "( videotestsrc name=scene is-live=true pattern=smpte ! video/x-raw,width=320,height=240,framerate=10/1"
    " ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=10 threads=1 ! rtph264pay name=pay0 pt=96 config-interval=-1 )"
)


class LiveCamera:
    """A running camera.

    Attributes:
        port: stays the same for its whole life.
    """

    def __init__(self) -> None:
        self.port = 0
        self._process = self._started()

    @property
    def url(self) -> str:
        """Its address."""
        return f"rtsp://127.0.0.1:{self.port}/camera"

    def show(self, picture: str) -> None:
        """Change the picture: ``live``, ``black`` or ``frozen``."""
        if self._process.stdin is None:
            raise RuntimeError("opened with a pipe")
        self._process.stdin.write(f"{picture}\n")
        self._process.stdin.flush()

    def hang(self) -> None:
        """Stop sending without closing anything: the system goes on acknowledging for it."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Be as before."""
        self._process.send_signal(signal.SIGCONT)

    def unplug(self) -> None:
        """Be gone at once."""
        self._process.kill()
        self._process.wait(10)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def plug_in(self) -> None:
        """Come back at the same address; it answers when this returns."""
        self._process = self._started()

    def _started(self) -> subprocess.Popen[str]:
        command = [SYSTEM_PYTHON, __file__, str(self.port)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = process.stdout.readline() if process.stdout is not None else ""
        if not line:
            raise RuntimeError("the camera did not start")
        self.port = int(json.loads(line)["port"])
        return process


@contextmanager
def live_camera() -> Iterator[LiveCamera]:
    """A camera for as long as the block runs."""
    camera = LiveCamera()
    try:
        yield camera
    finally:
        camera.unplug()


def serve(port: str) -> None:
    """Serve until killed (runs in the system's Python)."""
    import gi  # type: ignore[import-not-found, unused-ignore]

    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtspServer  # type: ignore[import-not-found, unused-ignore]

    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(_LAUNCH)
    factory.set_shared(True)
    scenes: list[Any] = []
    shown = ["live"]

    def configure(_factory: object, media: Any) -> None:
        scene = media.get_element().get_by_name("scene")
        scene.set_property("pattern", PICTURES[shown[0]])
        scenes[:] = [scene]

    def told(_source: object, _condition: object) -> bool:
        line = sys.stdin.readline().strip()
        if line in PICTURES:
            shown[0] = line
            for scene in scenes:
                scene.set_property("pattern", PICTURES[line])
        return bool(line)

    factory.connect("media-configure", configure)
    GLib.io_add_watch(0, GLib.IO_IN | GLib.IO_HUP, told)
    server.get_mount_points().add_factory("/camera", factory)
    if not server.attach(None):
        raise SystemExit(f"port {port} is not free")
    sys.stdout.write(json.dumps({"port": server.get_bound_port()}) + "\n")
    sys.stdout.flush()
    GLib.MainLoop().run()


def why_not() -> str | None:
    """Why no such camera can run here; None when one can."""
    from tests.support import rtsp_server

    probe = "import gi; gi.require_version('Gst','1.0'); from gi.repository import Gst; Gst.init(None); raise SystemExit(not Gst.ElementFactory.find('x264enc'))"
    if (missing := rtsp_server.why_not()) is not None:
        return missing
    found = subprocess.run([SYSTEM_PYTHON, "-c", probe], capture_output=True, check=False, timeout=60)
    return None if found.returncode == 0 else "GStreamer has no x264enc (gstreamer1.0-plugins-ugly)"


if __name__ == "__main__":
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).resolve().parent]
    serve(sys.argv[1] if len(sys.argv) > 1 else "0")
