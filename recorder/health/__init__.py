"""Health of room and machine: what is wrong is worked out here from measurements, and from nothing else (docs/recorder.md, "Findings").

::

    capture child ── sound_facts ──► sound      clipping, hum, offset, silence, dead channel
    pictures worker ── picture_facts ► picture    black, frozen, covered or out of focus
    watch (once a second) ──────────► machine    disk, clock, temperature, load

``sound``, ``picture`` and ``machine`` are pure: times and measurements come in as arguments.
"""
