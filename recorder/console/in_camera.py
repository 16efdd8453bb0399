"""What the console shows of a part in camera: the secretary and the presiding judge sit in the room; who only looks on is shown none of it.

The daemon opens what is sealed as long as the box has the keys, and tells it to the console alone. Which lines of a hearing were sealed is not told,
so of a hearing with a part in camera whoever looks on sees the course, and nothing that people said, wrote or are called.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from recorder.console.daemon import Event
from recorder.console.desk import operators
from web.accounts import Account

_SAID = frozenset({"case", "participant", "stage", "remark", "withdrawn"})
_SWITCHES = frozenset({"CLOSED_START", "CLOSED_END"})


def in_the_room(account: Account) -> bool:
    """Whether somebody may see what is said and shown in camera."""
    return operators.roles is not None and account.role in operators.roles


def has_part(view: Mapping[str, Any]) -> bool:
    """Whether a hearing is in camera, or was."""
    return bool(view.get("keys")) or view.get("publicity") == "closed"


def shown_to(account: Account, view: Mapping[str, Any]) -> Mapping[str, Any]:
    """A hearing's view for somebody."""
    if in_the_room(account) or not has_part(view):
        return view
    return {
        **view,
        "case": {**view["case"], "title": ""},
        "participants": [],
        "seats": [{**seat, "participant": None} for seat in view["seats"]],
        "stages": [{**stage, "note": "", "participant": None} for stage in view["stages"]],
        "remarks": [],
        "withdrawn": [],
    }


class Onlooker:
    """Which events pass to somebody who only looks on.

    Args:
        view: gives what the daemon says of a hearing.
    """

    def __init__(self, view: Callable[[str], Awaitable[Mapping[str, Any]]]) -> None:
        self._view = view
        self._hearing: str | None = None
        self._shut = False

    async def may_see(self, item: Event) -> bool:
        """Whether an event passes; to be asked about each, in their order."""
        if item.name not in ("status", "live", "line"):
            return True
        told = json.loads(item.data)
        if item.name == "status":
            if told.get("hearing") != self._hearing:
                hearing = told.get("hearing")
                self._shut = hearing is not None and has_part(await self._view(hearing))
                self._hearing = hearing
            self._shut = self._shut or told.get("publicity") == "closed"
            return True
        if item.name == "live":
            return bool(told.get("publicity") == "open")
        switches = told["type"] == "stage" and told["data"].get("code") in _SWITCHES
        # Keys of remarks (`of`) come of hearings that ended, whatever runs now.
        self._shut = self._shut or switches or (told["type"] == "key" and not told["data"].get("of"))
        return bool(switches or not self._shut or told["type"] not in _SAID)
