"""Tracks cut into segments (record format, section 7): one writer for each track of a take.

::

    TrackWriter                 numbering, closing, what is durable so far
    ├── SoundWriter             samples of one channel, encoded as FLAC; joins are exact to the sample
    └── PacketWriter            packets copied as a camera or a file gave them; cut at key frames

Both place every segment from one anchor by integer arithmetic, so nothing adds up: ``end_us`` of a segment is ``start_us``
of the next. FLAC has no priming and no memory between blocks, so each segment has an encoder of its own and is a whole FLAC
stream; a lossy encoder would not allow that (restarting AAC adds some milliseconds each time).

The daemon uses them through the capture child, `hattama import` directly (without a :class:`Syncer`).
"""

from __future__ import annotations

from recorder.packet_writer import PacketWriter
from recorder.segment_file import Extent, FragmentTransform, Syncer
from recorder.sound_writer import SoundWriter
from recorder.track_writer import SEGMENT_US, VIDEO_RATE, ClosedSegment, Place, Progress, TrackWriter

__all__ = [
    "SEGMENT_US",
    "VIDEO_RATE",
    "ClosedSegment",
    "Extent",
    "FragmentTransform",
    "PacketWriter",
    "Place",
    "Progress",
    "SoundWriter",
    "Syncer",
    "TrackWriter",
]
