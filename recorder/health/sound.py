"""What is wrong with the microphones, from levels (ten a second) and from :class:`recorder.health.sound_facts.SoundFacts`."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field

from recorder.health.facts import SILENCE_CDB, SoundFacts
from recorder.health.trouble import Key, Trouble, Troubles

CODES = ("digital-silence", "microphone-silent", "clipping", "hum", "constant-offset")
#: Seconds of facts that are kept, and seconds over which a microphone that hears nothing is judged.
KEPT = 8
HEARD = 6


@dataclass(frozen=True)
class SoundLimits:
    """From when on something is wrong. Levels in hundredths of dBFS, times in s.

    Attributes:
        dead: nothing but one value for so long.
        silent_cdb: a microphone whose loudest tenth of a second in 6 s is below this hears nothing …
        silent_below_cdb: … if it is also this far below the loudest of the others …
        speech_cdb: … of which one was above this in most of these seconds.
        clipped: samples cut off in a second that count; two such seconds of five are a finding.
        hum_cdb: hum from here on, which in five of six seconds …
        hum_steady_cdb: … differs by no more than this from their median, is a finding.
        offset_cdb: an offset from here on for four seconds is one.
    """

    dead: float = 6.0
    silent_cdb: int = -6500
    silent_below_cdb: int = 3500
    speech_cdb: int = -4500
    clipped: int = 8
    hum_cdb: int = -5500
    hum_steady_cdb: int = 250
    offset_cdb: int = -3400


@dataclass
class _Channel:
    facts: deque[SoundFacts] = field(default_factory=lambda: deque(maxlen=KEPT))
    loudest: dict[int, int] = field(default_factory=dict)  # by second of the clock
    silent_since: float | None = None  # digital silence
    lasting: dict[str, float] = field(default_factory=dict)
    seen: float = 0.0


class SoundWatch:
    """Watches the channels of a room.

    Args:
        limits: see there.
    """

    def __init__(self, limits: SoundLimits | None = None) -> None:
        self._limits = limits or SoundLimits()
        self._channels: dict[str, _Channel] = {}

    def forget(self, sources: Collection[str] | None = None) -> None:
        """Their device was closed or lost (None: all of them)."""
        for name in list(self._channels):
            if sources is None or name in sources:
                del self._channels[name]

    def level(self, source: str, peak_cdb: int, rms_cdb: int, now: float) -> None:
        """A tenth of a second was measured."""
        channel = self._channels.setdefault(source, _Channel())
        channel.seen = now
        second = int(now)
        channel.loudest[second] = max(rms_cdb, channel.loudest.get(second, SILENCE_CDB))
        for old in [at for at in channel.loudest if at < second - HEARD]:
            del channel.loudest[old]
        if peak_cdb > SILENCE_CDB and not (channel.facts and channel.facts[-1].flat):
            channel.silent_since = None
        elif channel.silent_since is None:
            channel.silent_since = now

    def second(self, source: str, facts: SoundFacts, now: float) -> None:
        """A second was measured."""
        channel = self._channels.setdefault(source, _Channel())
        channel.seen = now
        channel.facts.append(facts)
        if not facts.flat and channel.loudest.get(int(now), SILENCE_CDB) > SILENCE_CDB:
            channel.silent_since = None
        elif facts.flat and channel.silent_since is None:
            channel.silent_since = now - 1.0

    def look(self, now: float) -> Troubles:
        """What is wrong at ``now`` (CLOCK_MONOTONIC, s)."""
        found: dict[Key, Trouble] = {}
        for name, channel in self._channels.items():
            dead = channel.silent_since is not None and now - channel.silent_since >= self._limits.dead
            if dead and channel.silent_since is not None:
                found["digital-silence", name] = Trouble("warning", channel.silent_since)
            told = {
                "microphone-silent": None if dead else self._unheard(name, channel, now),
                "clipping": self._clipping(channel),
                "hum": self._hum(channel),
                "constant-offset": self._offset(channel),
            }
            for code, detail in told.items():
                if detail is None:
                    channel.lasting.pop(code, None)
                else:
                    since = channel.lasting.setdefault(code, now)
                    found[code, name] = Trouble("warning", since, detail)
        return found

    def _unheard(self, name: str, channel: _Channel, now: float) -> str | None:
        """The room speaks, and this microphone hears nothing of it."""
        limits, second = self._limits, int(now)
        recent = [level for at, level in channel.loudest.items() if at >= second - 2]
        if "microphone-silent" in channel.lasting:  # also while nobody speaks: it is heard again when it gives something
            return "still nothing" if recent and max(recent) <= limits.silent_cdb else None
        if len(channel.loudest) < HEARD:
            return None
        own = max(channel.loudest.values())
        others = [item for other, item in self._channels.items() if other != name and now - item.seen < 2]
        speaks = [max((item.loudest.get(at, SILENCE_CDB) for item in others), default=SILENCE_CDB) for at in channel.loudest]
        spoken = sum(level >= limits.speech_cdb for level in speaks)
        if own > limits.silent_cdb or spoken * 2 <= len(speaks) or own > max(speaks) - limits.silent_below_cdb:
            return None
        return f"{own / 100:.0f} dB while another microphone has {max(speaks) / 100:.0f} dB"

    def _clipping(self, channel: _Channel) -> str | None:
        recent = [facts.clipped for facts in channel.facts][-5:]
        cut = [count for count in recent if count >= self._limits.clipped]
        return f"{max(cut)} samples cut off in a second" if len(cut) >= 2 else None

    def _hum(self, channel: _Channel) -> str | None:
        recent = [facts.hum_cdb for facts in channel.facts][-6:]
        limit = self._limits.hum_cdb
        if "hum" in channel.lasting:
            lasts = any(level >= limit - 300 for level in recent[-3:])
        else:
            # The mains hum alike all the time; what a voice leaves at these frequencies comes and goes.
            middle = sorted(recent)[len(recent) // 2] if recent else SILENCE_CDB
            lasts = middle >= limit and sum(abs(level - middle) <= self._limits.hum_steady_cdb for level in recent) >= 5
        return f"{max(recent) / 100:.0f} dB at 50 Hz and its multiples" if lasts else None

    def _offset(self, channel: _Channel) -> str | None:
        recent = [SILENCE_CDB if facts.flat else facts.dc_cdb for facts in channel.facts][-4:]
        if len(recent) < 4 or min(recent) < self._limits.offset_cdb:
            return None
        return f"{recent[-1] / 100:.0f} dB"
