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
    """The devices: those of the settings, and what a hearing has changed of them (recorder.sourcing).

    Args:
        sources: the devices.
        offset_us: of the hearing's clock.
        segment_s: length of a segment, s.
        previews: folder for cameras' last key frames.
        listener: hears every report.
        patience: how long children may take.
        command: the capture program; tests put a shipped fake in its place.
        lock: the lock that children inherit.
        preview_key: pictures to look at are encrypted with it.
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
        preview_key: bytes | None = None,
    ) -> None:
        self._preview_key = preview_key
        self._reserve = Reserve(command, lock)
        self._offset_us, self._segment_s, self._previews = offset_us, segment_s, previews
        self._listener, self._patience = listener, patience
        self.devices: list[Device] = []
        self.tracks: dict[str, Track] = {}
        self._device: dict[str, Device] = {}
        self.levels: dict[str, tuple[int, int]] = {}
        self._open = False
        for source in sources:
            self.add(source)

    @property
    def is_open(self) -> bool:
        """Whether the devices are wished open."""
        return self._open

    @property
    def tried(self) -> bool:
        """Whether somebody tries to have the devices deliver: one keeper lives, or none is wished."""
        return not self._open or not self.devices or any(device.kept for device in self.devices)

    def add(self, source: SourceSettings) -> Device:
        """One device more; it is opened if the others are wished open, and records when it is told to."""
        preview = self._previews / f"{source.name}.key" if source.media == "video" else None
        device = Device(
            source,
            self._offset_us,
            self._segment_s,
            preview,
            self._listener,
            patience=self._patience,
            reserve=self._reserve,
            preview_key=self._preview_key,
        )
        self.devices.append(device)
        for track in device.tracks:
            self.tracks[track.name] = track
            self._device[track.name] = device
        if self._open:
            device.open()
        return device

    async def remove(self, device: Device) -> None:
        """One device less; its child has left when this returns. The others do not notice."""
        await device.close()
        if device not in self.devices:  # another hearing got the room meanwhile
            return
        self.devices.remove(device)
        for track in device.tracks:
            del self.tracks[track.name], self._device[track.name]
            self.levels.pop(track.name, None)

    async def arrange(self, sources: Sequence[SourceSettings]) -> None:
        """Have these devices and no others, in this order; those that stay are not touched."""
        for device in [device for device in self.devices if device.source not in sources]:
            await self.remove(device)
        present = {device.source for device in self.devices}
        for source in sources:
            if source not in present:
                self.add(source)
        self.devices.sort(key=lambda device: sources.index(device.source))
        self.tracks = {track.name: track for device in self.devices for track in device.tracks}

    def device(self, name: str) -> Device | None:
        """The device of that name."""
        return next((device for device in self.devices if device.name == name), None)

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
