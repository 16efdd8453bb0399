"""A ceiling for the memory of a capture child: what a broken or hostile camera makes it ask for ends that child, not the machine.

RLIMIT_DATA, not RLIMIT_AS: what counts is memory that can be written, while libraries and drivers map address space by the
gigabyte without using it. Above the ceiling an allocation fails; FFmpeg and Python report it, and the child ends.
"""

from __future__ import annotations

import os
import resource

from device_config.sources import SourceSettings

# A copying child has about 100 MiB, and at most 256 MiB of media wait in it for the disk (recorder.inbox).
COPYING_BYTES = 2**30
# An encoder keeps pictures of the full size; a card's driver takes memory of its own.
ENCODING_BYTES = 3 * 2**30
# Around each open segment of sound PyAV has a filter with a thread for every core, and one that rolls is not collected at once.
_THREAD_BYTES = 2 * 8 * 2**20


def ceiling_of(source: SourceSettings, cores: int) -> int:
    """How much memory that can be written a child for this source may have on a machine with so many cores, bytes."""
    if source.media == "audio":
        return COPYING_BYTES + len(source.tracks) * cores * _THREAD_BYTES
    return ENCODING_BYTES if source.device is not None else COPYING_BYTES


def bound_memory(source: SourceSettings) -> None:
    """Set the ceiling for this process; one that is lower already stays."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    ceiling = ceiling_of(source, os.cpu_count() or 1)
    if hard != resource.RLIM_INFINITY:
        ceiling = min(ceiling, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (ceiling, ceiling))
