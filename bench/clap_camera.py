"""A camera whose flashes have a known time: ``/usr/bin/python3 clap_camera.py CLIP LATE_MS`` (the system's Python, for GStreamer).

Serves the H.264 of an MP4 by RTSP as tests/support/rtsp_server.py does, and prints ``{"port": N}``, then ``{"zero_us": T}``
whenever it knows better when time 0 of the clip was on CLOCK_MONOTONIC: a picture with time *p* is taken at T + p. With LATE_MS it
leaves the camera so much later, as a real one's does, and only the camera's sender reports (RTCP) tell when it was taken.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any


def tell(**fields: Any) -> None:
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


def serve(clip: str, late_ms: int) -> None:
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
                # GStreamer's reports speak of the time of sending (its sinks wait), unless they are told not to.
                tell(zero_us=zero_us + (0 if late_ms else latency_us(media.get_element().get_parent())))
            return Gst.PadProbeReturn.OK

        def capture_time(media: Any) -> None:
            found = media.get_element().get_parent().iterate_recurse()
            found.foreach(lambda item: "rtpbin" in item.get_name() and item.set_property("rtcp-sync-send-time", False))

        if late_ms:
            media.connect("prepared", capture_time)
        clap = media.get_element().get_by_name("clap")
        clap.get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER, leaves)

    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service("0")
    factory = GstRtspServer.RTSPMediaFactory()
    late = f"queue min-threshold-time={late_ms * 1_000_000} max-size-time=0 max-size-buffers=0 max-size-bytes=0"
    pipeline = f"qtdemux ! queue ! h264parse ! identity name=clap sync=true ! {late} ! rtph264pay name=pay0 pt=96 config-interval=-1"
    factory.set_launch(f'( filesrc location="{clip}" ! {pipeline} )')
    factory.set_shared(True)
    factory.connect("media-configure", configure)
    server.get_mount_points().add_factory("/camera", factory)
    server.attach(None)
    tell(port=server.get_bound_port())
    GLib.MainLoop().run()


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
