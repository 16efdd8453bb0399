"""What somebody who only looks on is shown of a hearing in camera: nothing that is said, written or seen there."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from recorder.console.daemon import Event
from recorder.console.in_camera import Onlooker, shown_to
from web.accounts import Account, Role

VIEW: dict[str, Any] = {
    "case": {"number": "1", "title": "құпия"}, "participants": [{"id": "p1", "name": "құпия"}],
    "seats": [{"id": "s1", "participant": "p1"}], "stages": [{"code": "OPEN", "note": "құпия", "participant": "p1"}],
    "remarks": [{"text": "құпия"}], "withdrawn": [{"reason": "құпия"}], "keys": {}, "publicity": "open",
}  # fmt: skip


def account(role: Role) -> Account:
    return Account("a", "A", role)


@pytest.mark.parametrize("more", [{"keys": {"K01": {}}}, {"publicity": "closed"}])
def test_the_view_of_a_hearing_with_a_part_in_camera(more: dict[str, Any]) -> None:
    view = VIEW | more
    for role in (Role.SECRETARY, Role.JUDGE):
        assert shown_to(account(role), view) == view
    assert shown_to(account(Role.ADMIN), VIEW) == VIEW
    shown = shown_to(account(Role.ADMIN), view)
    assert "құпия" not in json.dumps(shown, ensure_ascii=False)
    assert shown.keys() == view.keys()
    assert shown["case"]["number"] == "1"


def _line(line_type: str, **data: Any) -> Event:
    return Event("line", json.dumps({"seq": 1, "type": line_type, "data": data}))


def test_events_in_their_order() -> None:
    asked: list[str] = []

    async def view(hearing: str) -> Mapping[str, Any]:
        asked.append(hearing)
        return VIEW | {"keys": {"K01": {}} if hearing == "h2" else {}}

    def status(hearing: str | None, publicity: str = "open") -> Event:
        return Event("status", json.dumps({"hearing": hearing, "publicity": publicity}))

    remark = _line("remark", text="x")
    steps = [
        (status("h1"), True), (remark, True), (_line("stage", code="CLOSED_START"), True), (remark, False),
        (Event("live", json.dumps({"publicity": "closed"})), False), (_line("segment"), True), (Event("levels", "{}"), True),
        (status("h1", "closed"), True), (remark, False), (_line("stage", code="CLOSED_END"), True), (status("h1"), True),
        (remark, False), (Event("live", json.dumps({"publicity": "open"})), True),
        (status(None), True), (status("h2"), True), (remark, False), (status("h3"), True), (remark, True),
        (_line("key", of="remarks/0001.json"), True), (remark, True), (_line("key"), True), (remark, False),
    ]  # fmt: skip

    async def seen() -> list[bool]:
        onlooker = Onlooker(view)
        return [await onlooker.may_see(event) for event, _ in steps]

    assert asyncio.run(seen()) == [passes for _, passes in steps]
    assert asked == ["h1", "h2", "h3"]
