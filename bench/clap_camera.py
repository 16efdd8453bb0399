"""A camera whose flashes have a known time: ``/usr/bin/python3 clap_camera.py CLIP`` (the system's Python, for GStreamer).

Serves the H.264 of an MP4 by RTSP as tests/support/rtsp_server.py does, and prints ``{"port": N}``, then ``{"zero_us": T}``
whenever it knows better when time 0 of the clip was on CLOCK_MONOTONIC: a picture with time *p* leaves the camera at T + p.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any


def tell(**fields: Any) -> None:
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


def serve(clip: str) -> None:
    """Serve until killed."""
    import gi  # type: ignore[import-not-found, unused-ignore]

    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtspServer  # type: ignore[import-not-found, unused-ignore]

    def latency_us(element: Any) -> int:
        """What the server's sinks wait beyond a picture's time (GStreamer: processing-deadline, 20 ms)."""
        query = Gst.Query.new_latency()
        return query.parse_latency()[1] // 1000 if element.query(query) else 0

    def configure(_factory: Any, media: Any) -> None:
        best: list[int] = []

        def leaves(_pad: Any, info: Any) -> Any:
            zero_us = (time.clock_gettime_ns(time.CLOCK_MONOTONIC) - info.get_buffer().pts) // 1000
            if not best or zero_us < best[0]:  # a busy machine is late, never early
                best[:] = [zero_us]
                tell(zero_us=zero_us + latency_us(media.get_element().get_parent()))
            return Gst.PadProbeReturn.OK

        clap = media.get_element().get_by_name("clap")
        clap.get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER, leaves)

    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service("0")
    factory = GstRtspServer.RTSPMediaFactory()
    pipeline = "qtdemux ! queue ! h264parse ! identity name=clap sync=true ! rtph264pay name=pay0 pt=96 config-interval=-1"
    factory.set_launch(f'( filesrc location="{clip}" ! {pipeline} )')
    factory.set_shared(True)
    factory.connect("media-configure", configure)
    server.get_mount_points().add_factory("/camera", factory)
    server.attach(None)
    tell(port=server.get_bound_port())
    GLib.MainLoop().run()


if __name__ == "__main__":
    serve(sys.argv[1])
