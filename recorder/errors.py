"""Errors of the recorder package.

::

    RecorderError                 code, exit_status, advice
    ├── NotRead                   a record cannot be read to be copied (recorder.mirror_ends)
    ├── CopyDiffers               the second copy of a record has signed lines that the record lacks (recorder.mirror_ends)
    └── CaptureError              a capture child cannot go on
        ├── BadCaptureConfig      its configuration or a command is wrong
        ├── SourceUnavailable     the device or address cannot be opened
        ├── SourceRefused         the camera refuses the name or password
        ├── SourceFormat          it gives no track of the kind that was asked for
        │   └── NotUnderstood     the recorder's own reader does not know what it says (recorder.sources.rtsp); FFmpeg may
        ├── SourceLost            it gave data and then stopped: end of stream, time-out, unplugged
        ├── CaptureBehind         the disk or the processor cannot keep up; memory would run out
        └── SegmentUnreadable     a file on disk is no segment that can be read back

A failing disk is ``protocol.errors.DiskFailed``. Every error has a stable ``code``, the ``exit_status`` its process ends with
(sysexits.h) and ``advice`` for the person who reads it; pages translate the advice by its code.
"""

from __future__ import annotations

from typing import ClassVar


class RecorderError(Exception):
    """Recording cannot go on, or cannot begin."""

    code: ClassVar[str] = "recorder"
    exit_status: ClassVar[int] = 70  # EX_SOFTWARE
    advice: ClassVar[str] = "Look at the recorder's log."


class CaptureError(RecorderError):
    """A capture child cannot go on."""

    code = "capture"


class BadCaptureConfig(CaptureError):
    """The configuration or a command of a capture child is wrong."""

    code = "capture-config"
    exit_status = 78  # EX_CONFIG
    advice = "Correct this source in settings.toml."


class SourceUnavailable(CaptureError):
    """The device or address cannot be opened."""

    code = "source-unavailable"
    exit_status = 69  # EX_UNAVAILABLE
    advice = "Check that the device has power, that its cable is plugged in, and its name or address in settings.toml."


class SourceRefused(CaptureError):
    """The camera refuses the name or password."""

    code = "source-refused"
    exit_status = 77  # EX_NOPERM
    advice = "Correct the user name and password in the address of this camera in settings.toml."


class SourceFormat(CaptureError):
    """The source gives no track of the kind that was asked for."""

    code = "source-format"
    exit_status = 65  # EX_DATAERR
    advice = "Check what this source gives: video or audio, and the number of its channels."


class NotUnderstood(SourceFormat):
    """The recorder's own reader of RTSP does not know what the camera says, or asks for: FFmpeg is tried."""

    code = "source-not-understood"


class SourceLost(CaptureError):
    """The source gave data and then stopped."""

    code = "source-lost"
    exit_status = 69
    advice = "Check the power and the cable of this device; the recorder tries again by itself."


class CaptureBehind(CaptureError):
    """The disk or the processor cannot keep up with this source."""

    code = "capture-behind"
    exit_status = 75  # EX_TEMPFAIL
    advice = "Check the disk and what else runs on this machine; the recorder tries again by itself."


class SegmentUnreadable(CaptureError):
    """A file on disk is no segment that can be read back."""

    code = "segment-unreadable"
    exit_status = 65
    advice = "Keep the file as it is and check the disk; the other segments are not affected."
