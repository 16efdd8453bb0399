"""What is certified stays as it is: the daemon's one rule about hearings that are certified (ГПК 283(5)).

Every route that is asked to change something of such a hearing answers 409 and logs it, whether or not its author thought of that; only
the routes named in :data:`ADDING` are let through, each of which adds a later seal or a receipt, or takes something away from this box
that the archive has, and changes no line and no file.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog
from fastapi import Request

from protocol.hearing import State
from recorder.refusals import IllegalAction, NoHearing
from recorder.service import Daemon

_log = structlog.get_logger(__name__)
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FIXED = frozenset({State.CERTIFIED, State.ARCHIVED})
_HEARING = "/v1/hearings/{hearing}/"
#: Routes under a hearing that add to a certified record and change nothing of it; ``sending`` touches no record at all.
ADDING = frozenset({"receipt", "timestamps/{number}", "removal", "forget-keys", "protocol-remarks", "amendments", "amendments/{number}/signatures", "amendments/{number}/withdrawal", "sending"})


def guard(daemon: Daemon) -> Callable[[Request], Awaitable[None]]:
    """A dependency for the whole API."""

    async def certified_stays(request: Request) -> None:
        hearing = request.path_params.get("hearing")
        if request.method in _SAFE or hearing is None:
            return
        route = str(getattr(request.scope.get("route"), "path", "")).removeprefix(_HEARING)
        if route in ADDING:
            return
        try:
            state = daemon.view(hearing).state
        except NoHearing:
            return  # the route says so itself
        if state in _FIXED:
            _log.warning("certified_stays", action="refuse", hearing=hearing, route=route, method=request.method)
            raise IllegalAction(
                f"hearing {hearing} is {state}: nothing of it can be changed; remarks and amendments are added by later seals"
            )

    return certified_stays
