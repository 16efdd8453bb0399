"""What a page costs until a person can use it: bytes over the wire, and the time to interactive.

``transferred`` is the sum of what the browser took from the network from an empty cache, headers included (DevTools protocol,
``Network.loadingFinished``, ``encodedDataLength``), for everything the page asked for until it was quiet. What a page of a running hearing
fetches on and on (its stream of events, each camera's pictures after the first) is no cost of opening it and is told apart, as ``live``;
so is the sound and the pictures of the record that the review's player takes in before somebody presses play, as ``media``: they are what is played.

``interactive_ms`` is Lighthouse's time to interactive, from the start of the navigation
(https://web.dev/articles/tti; Lighthouse, core/computed/metrics/interactive.js): from the first contentful paint look forward for a *quiet window*, five
seconds without a task of more than 50 ms and with at most two requests under way; then the end of the last long task before that window, and not earlier
than the first contentful paint or the end of DOMContentLoaded. The processor is slowed down four times, as Lighthouse slows it for a telephone
(``Emulation.setCPUThrottlingRate``). The network is the machine's own: the console is served by the box in the same room. Streams and pictures are left out of the
requests under way, because they are never at an end.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

#: A page of the console may transfer less than this (issue 6).
BUDGET_BYTES = 300_000
SLOWED = 4
QUIET_MS = 5000.0
_BUSIEST = 2
_MEDIA = "/files/media/"

_TASKS = """
window.longTasks = [];
new PerformanceObserver((list) => { for (const one of list.getEntries()) longTasks.push([one.startTime, one.startTime + one.duration]); })
  .observe({ type: "longtask", buffered: true });
"""
_TIMES = """() => [
  performance.timeOrigin, performance.now(), performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null,
  performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd, window.longTasks,
]"""

Span = tuple[float, float]


@dataclass(frozen=True)
class Cost:
    """What one page cost.

    Attributes:
        page: what it is called.
        transferred: bytes until it was quiet, without what is live and without media.
        requests: how many those were.
        media_bytes: of the record's own sound and pictures, to be played.
        largest: address and bytes of the largest three.
        live_bytes_s: bytes a second of what is live, from the paint to the end of the measurement.
        painted_ms: first contentful paint.
        interactive_ms: time to interactive; None where no window was quiet for as long as was waited.
        busy_ms: all long tasks until then together, over 50 ms each (total blocking time).
    """

    page: str
    transferred: int
    requests: int
    media_bytes: int
    largest: tuple[tuple[str, int], ...]
    live_bytes_s: int
    painted_ms: float | None
    interactive_ms: float | None
    busy_ms: float

    def told(self) -> str:
        """One line for a person."""
        ready = "not within the time waited" if self.interactive_ms is None else f"{self.interactive_ms:.0f} ms"
        largest = ", ".join(f"{name} {size / 1000:.0f}" for name, size in self.largest)
        return (
            f"{self.page:<20} {self.transferred / 1000:6.1f} kB in {self.requests:2} requests, interactive after {ready}"
            f" (painted {self.painted_ms or 0:.0f}, blocked {self.busy_ms:.0f}), live {self.live_bytes_s / 1000:.1f} kB/s, media {self.media_bytes / 1000:.0f} kB; kB: {largest}"
        )


@dataclass
class _Asked:
    """One request; times in seconds since 1970."""

    url: str
    live: bool
    since: float
    until: float | None = None
    size: int = 0
    received: int = 0

    @property
    def bytes(self) -> int:
        return max(self.size, self.received)


@dataclass
class Wire:
    """What one page takes from the network, by the DevTools protocol.

    Args:
        session: of the page (``context.new_cdp_session``).
    """

    session: Any
    asked: dict[str, _Asked] = field(default_factory=dict)
    _wall: float | None = None

    def __post_init__(self) -> None:
        """Begin to listen."""
        self.session.on("Network.requestWillBeSent", self._sent)
        self.session.on("Network.dataReceived", self._data)
        self.session.on("Network.loadingFinished", self._finished)
        self.session.on("Network.loadingFailed", self._finished)
        self.session.send("Network.enable")

    def _sent(self, event: dict[str, Any]) -> None:
        if self._wall is None:
            self._wall = event["wallTime"] - event["timestamp"]
        url, kind = event["request"]["url"], event.get("type", "")
        if url.startswith(("data:", "blob:")):
            return
        again = kind == "Image" and any(_path(one.url) == _path(url) for one in self.asked.values())
        self.asked[event["requestId"]] = _Asked(url, kind == "EventSource" or again, self._at(event))

    def _data(self, event: dict[str, Any]) -> None:
        if one := self.asked.get(event["requestId"]):
            one.received += event["encodedDataLength"]

    def _finished(self, event: dict[str, Any]) -> None:
        if one := self.asked.get(event["requestId"]):
            one.until, one.size = self._at(event), int(event.get("encodedDataLength", 0))

    def _at(self, event: dict[str, Any]) -> float:
        return float(event["timestamp"]) + (self._wall or 0.0)

    def spans(self, origin_ms: float) -> list[tuple[float, float | None]]:
        """From when to when each request was under way, ms after the navigation began; without pictures and streams."""
        timed = [one for one in self.asked.values() if not one.live and "/picture" not in one.url]
        return [
            (one.since * 1000 - origin_ms, None if one.until is None else one.until * 1000 - origin_ms) for one in timed
        ]


def interactive_ms(
    painted: float,
    content: float,
    tasks: Sequence[Span],
    requests: Sequence[tuple[float, float | None]],
    now: float,
    quiet: float = QUIET_MS,
) -> float | None:
    """Time to interactive, or None where no window was quiet yet.

    Args:
        painted: first contentful paint. All times are ms from the start of the navigation.
        content: end of DOMContentLoaded.
        tasks: long tasks, in order.
        requests: each request's begin and end, None: still under way.
        now: how far it was looked.
        quiet: length of the window.
    """
    busy = sorted([span for span in tasks if span[1] > painted] + _crowded(requests, now))
    start = painted
    for begin, end in busy:
        if begin - start >= quiet:
            break
        start = max(start, end)
    if now - start < quiet:
        return None
    before = [end for _begin, end in tasks if painted < end <= start]
    return max([content, painted, *before])


def _crowded(requests: Sequence[tuple[float, float | None]], now: float) -> list[Span]:
    """When more requests were under way than a quiet window allows."""
    changes = sorted(
        [(begin, 1) for begin, _end in requests] + [(now if end is None else end, -1) for _begin, end in requests]
    )
    found, count, since = [], 0, 0.0
    for at, change in changes:
        if change > 0 and count == _BUSIEST:
            since = at
        if change < 0 and count == _BUSIEST + 1:
            found.append((since, at))
        count += change
    return found


def measure(
    context: Any, name: str, address: str, ready: str, quiet: float = QUIET_MS, patience_s: float = 30.0
) -> Cost:
    """Open the page in a fresh tab with an empty cache and say what it cost.

    Args:
        context: a browser context in which somebody is signed in.
        name: what the page is called.
        address: of the page.
        ready: selector that is there when the page's script has done its work.
        quiet: length of the quiet window, ms.
        patience_s: how long a quiet window is waited for; it decides nothing but ``interactive_ms``.
    """
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.clearBrowserCache")
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
    page.add_init_script(_TASKS)
    wire = Wire(session)
    page.goto(address)
    page.wait_for_selector(ready)
    found, limit = None, time.monotonic() + patience_s
    while found is None and time.monotonic() < limit:
        page.wait_for_timeout(250)
        origin, now, painted, content, told = page.evaluate(_TIMES)
        tasks = [(begin, end) for begin, end in told]
        if painted is not None:
            found = interactive_ms(painted, content, tasks, wire.spans(origin), now, quiet)
    page.close()
    opening = [one for one in wire.asked.values() if not one.live and _MEDIA not in one.url]
    media = sum(one.bytes for one in wire.asked.values() if _MEDIA in one.url)
    largest = sorted(((_path(one.url), one.bytes) for one in opening), key=lambda pair: -pair[1])[:3]
    live = sum(one.bytes for one in wire.asked.values() if one.live)
    return Cost(
        name,
        sum(one.bytes for one in opening),
        len(opening),
        media,
        tuple(largest),
        round(live / max((now - (painted or 0)) / 1000, 0.001)),
        painted,
        found,
        sum(end - begin - 50 for begin, end in tasks if found is None or end <= found),
    )


def _path(url: str) -> str:
    return urlsplit(url).path
