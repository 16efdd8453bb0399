"""What is wrong with the cameras' pictures, from :class:`recorder.health.picture_facts.PictureFacts` of key frames, about one a second."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field

from recorder.health.facts import PictureFacts
from recorder.health.trouble import Key, Trouble, Troubles

CODES = ("picture-black", "picture-frozen", "picture-blurred")


@dataclass(frozen=True)
class PictureLimits:
    """From when on something is wrong; brightness in steps of 255, times in s.

    Attributes:
        black_mean: a picture darker than this on average …
        black_bright: … with hardly a pixel brighter than this is black.
        edges: a picture whose steepest 1 % is flatter than this is covered or out of focus …
        edges_pct: … and one that is flatter than this share, %, of what the camera has kept up for five pictures since it was opened.
        still_pm: a picture that changes by less than this is the same one (thousandths of a step): a living sensor's noise is more.
        black, frozen, blurred: for so long, and in two pictures at least.
    """

    black_mean: int = 12
    black_bright: int = 32
    edges: int = 7
    edges_pct: int = 35
    still_pm: int = 60
    black: float = 3.0
    frozen: float = 5.0
    blurred: float = 5.0


@dataclass
class _Camera:
    began: dict[str, float] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)
    recent: deque[int] = field(default_factory=lambda: deque(maxlen=5))  # edges of the last pictures
    sharp: int = 0
    facts: PictureFacts | None = None
    last: float = 0.0


class PictureWatch:
    """Watches the cameras of a room.

    Args:
        limits: see there.
    """

    def __init__(self, limits: PictureLimits | None = None) -> None:
        self._limits = limits or PictureLimits()
        self._cameras: dict[str, _Camera] = {}

    def forget(self, sources: Collection[str] | None = None) -> None:
        """Their device was closed or lost (None: all of them)."""
        for name in list(self._cameras):
            if sources is None or name in sources:
                del self._cameras[name]

    def picture(self, source: str, facts: PictureFacts, now: float) -> None:
        """A key frame was measured."""
        limits = self._limits
        camera = self._cameras.setdefault(source, _Camera())
        camera.recent.append(facts.edges)
        if len(camera.recent) == camera.recent.maxlen:
            camera.sharp = max(camera.sharp, min(camera.recent))
        black = facts.mean < limits.black_mean and facts.bright < limits.black_bright
        wrong = {
            "picture-black": black,
            "picture-blurred": not black and facts.edges < max(limits.edges, camera.sharp * limits.edges_pct / 100),
            "picture-frozen": facts.changed_pm is not None and facts.changed_pm < limits.still_pm and not black,
        }
        for code, is_so in wrong.items():
            if is_so:
                # Frozen: since the picture before, of which this one is the same.
                since = camera.last if code == "picture-frozen" else now
                camera.began.setdefault(code, since)
                camera.seen[code] = camera.seen.get(code, 0) + 1
            else:
                camera.began.pop(code, None)
                camera.seen.pop(code, None)
        camera.facts, camera.last = facts, now

    def look(self, now: float) -> Troubles:
        """What is wrong at ``now`` (CLOCK_MONOTONIC, s)."""
        limits = self._limits
        patience = {"picture-black": limits.black, "picture-frozen": limits.frozen, "picture-blurred": limits.blurred}
        found: dict[Key, Trouble] = {}
        for name, camera in self._cameras.items():
            facts = camera.facts
            for code, since in camera.began.items():
                if facts is not None and camera.seen[code] >= 2 and now - since >= patience[code]:
                    detail = f"brightness {facts.mean}, edges {facts.edges}, change {facts.changed_pm}/1000"
                    found[code, name] = Trouble("warning", since, detail)
        return found
