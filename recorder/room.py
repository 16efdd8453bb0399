"""The courtroom's devices together, as one hearing after another uses them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path

from device_config.sources import SourceSettings
from recorder.child import CAPTURE, ChildLock, Reserve
from recorder.supervisor import Device, DeviceState, Listener, Order, Patience
from recorder.tracks import Track


class Room:
    """All devices of the settings.

    Args:
        sources: the devices.
        offset_us: of the hearing's clock.
        segment_s: length of a segment, s.
        previews: folder for cameras' last key frames.
        listener: hears every report.
        patience: how long children may take.
        command: the capture program; tests put a shipped fake in its place.
        lock: the lock that children inherit.
    """

    def __init__(
        self,
        sources: Iterable[SourceSettings],
        offset_us: int,
        segment_s: float,
        previews: Path,
        listener: Listener,
        *,
        patience: Patience,
        command: Sequence[str] = CAPTURE,
        lock: ChildLock | None = None,
    ) -> None:
        self._reserve = Reserve(command, lock)
        self.devices = [
            Device(
                source,
                offset_us,
                segment_s,
                previews / f"{source.name}.key" if source.media == "video" else None,
                listener,
                patience=patience,
                reserve=self._reserve,
            )
            for source in sources
        ]
        self.tracks: dict[str, Track] = {track.name: track for device in self.devices for track in device.tracks}
        self._device = {track.name: device for device in self.devices for track in device.tracks}
        self.levels: dict[str, tuple[int, int]] = {}
        self._open = False

    @property
    def is_open(self) -> bool:
        """Whether the devices are wished open."""
        return self._open

    @property
    def tried(self) -> bool:
        """Whether somebody tries to have the devices deliver: one keeper lives, or none is wished."""
        return not self._open or not self.devices or any(device.kept for device in self.devices)

    def open(self) -> None:
        """Open all devices."""
        self._open = True
        for device in self.devices:
            device.open()

    async def close(self) -> None:
        """Close all devices; no child lives when this returns."""
        self._open = False
        await asyncio.gather(*(device.close() for device in self.devices))
        await self._reserve.close()
        self.levels.clear()

    def begin(self, order: Order) -> None:
        """Have all devices record into a take."""
        for device in self.devices:
            device.begin(order)

    async def end(self) -> dict[str, bool]:
        """Have all devices close the take; by device, whether it did."""
        ended = await asyncio.gather(*(device.end() for device in self.devices))
        return {device.name: done for device, done in zip(self.devices, ended, strict=True)}

    def state(self, track: str) -> DeviceState:
        """What the device of a track is doing."""
        return self._device[track].state
