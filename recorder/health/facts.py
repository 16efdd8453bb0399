"""What is measured of sound and pictures, as plain values: read by the daemon, which must start without the libraries that measure."""

from __future__ import annotations

from dataclasses import asdict, dataclass

#: Level of digital silence, hundredths of dBFS: below the last bit of 24-bit sound (-13847).
SILENCE_CDB = -15000


@dataclass(frozen=True)
class SoundFacts:
    """One second of one channel.

    Attributes:
        clipped: samples at full scale that follow another one there.
        dc_cdb: constant offset, hundredths of dBFS.
        hum_cdb: RMS of the lines at 50 Hz and its harmonics, hundredths of dBFS.
        flat: every sample had the same value.
    """

    clipped: int
    dc_cdb: int
    hum_cdb: int
    flat: bool


@dataclass(frozen=True)
class PictureFacts:
    """One key frame. Brightness in steps of 255.

    Attributes:
        mean: brightness.
        bright: brightness that 1 % of the pixels exceed.
        edges: step between neighbours that 1 % of them exceed, after a small blur against noise.
        changed_pm: mean change since the key frame before, thousandths of a step; None for the first.
    """

    mean: int
    bright: int
    edges: int
    changed_pm: int | None

    def to_json(self) -> dict[str, int | None]:
        """As the worker says it."""
        return asdict(self)
