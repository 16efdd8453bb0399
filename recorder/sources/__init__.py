"""Sources: where pictures and sound come from. The seam is :class:`recorder.sources.base.CaptureSource`.

::

    url    video   recorder.sources.video.StreamVideo    RTSP over TCP, RTMP and others (device_config.sources.SCHEMES)
                   recorder.sources.rtsp                 RTSP with H.264 and H.265; the others by FFmpeg
    url    audio   recorder.sources.sound.DecodedSound   sound of a stream
    path   video   recorder.sources.video.FileVideo      a file at its own pace
    path   audio   recorder.sources.sound.DecodedSound   a file at its own pace
    device audio   recorder.sources.device.DeviceSound   microphones through PortAudio
    device video   recorder.sources.camera.CameraVideo   a camera of this machine (V4L2)
    (tests)        recorder.sources.scripted.ScriptedSource
"""

from __future__ import annotations

from device_config.sources import SourceSettings
from recorder.errors import BadCaptureConfig
from recorder.sources.base import CaptureSource, track_names


def open_source(settings: SourceSettings) -> CaptureSource:
    """The source that settings describe; nothing is opened yet.

    Raises:
        BadCaptureConfig: not exactly one of url, device and path, or a kind of device that is not read.
    """
    given = [key for key in ("url", "device", "path") if getattr(settings, key) is not None]
    if len(given) != 1:
        raise BadCaptureConfig(
            f"{settings.name}: one of url, device, path must be set, not {', '.join(given) or 'none'}"
        )
    if settings.media == "video":
        return _video(settings)
    from recorder.sources.device import DeviceSound
    from recorder.sources.sound import DecodedSound

    names = track_names(settings.name, settings.channels)
    if settings.device is not None:
        return DeviceSound(names, settings.device, settings.rate)
    if settings.path is not None:
        return DecodedSound(names, settings.path, paced=True, loop=settings.loop)
    return DecodedSound(names, settings.url or "", paced=False)


def _video(settings: SourceSettings) -> CaptureSource:
    from recorder.sources.video import FileVideo, StreamVideo

    if len(settings.channels) > 1:
        raise BadCaptureConfig(f"{settings.name}: a camera has no channels")
    if settings.url is not None:
        return StreamVideo(settings.name, settings.url, settings.reader)
    if settings.path is not None:
        return FileVideo(settings.name, settings.path, loop=settings.loop)
    from recorder.sources.camera import CameraVideo, encoders_of  # loads the encoders, which only such cameras need
    from recorder.sources.v4l2 import Wish

    width, height = (int(part) for part in settings.size.split("x"))
    wish = Wish(width, height, settings.fps)
    return CameraVideo(settings.name, settings.device or "", wish, encoders_of(settings.encoder))
