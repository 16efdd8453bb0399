"""Marks: written once for each token, at their second; taken back without losing what was marked."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx2
import pytest

from protocol.journal import make_line
from protocol.view import HearingView
from recorder.api import create_app
from recorder.marking import Marks, WithdrawalBody
from recorder.refusals import BadRequest
from recorder.service import Daemon
from tests.support.recorder import check, lines, microphones, plan, running, settings, sync, until


async def _post(daemon: Daemon, hearing: str, what: str, **body: Any) -> httpx2.Response:
    transport = httpx2.ASGITransport(app=create_app(daemon))
    async with httpx2.AsyncClient(transport=transport, base_url="http://recorder") as client:
        return await client.post(f"/v1/hearings/{hearing}/{what}", json=body)


@sync
async def test_marks_of_one_token_undo_and_correction(tmp_path: Path) -> None:
    async with running(settings(tmp_path, microphones())) as daemon:
        hearing = await plan(daemon)
        assert (await _post(daemon, hearing, "withdrawals", line=1, by="s")).json()["code"] == "bad-request"
        await daemon.move(hearing, "start", "s")
        await until(lambda: daemon.status().recording)
        app = create_app(daemon)
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://recorder") as client:
            body = {"code": "OPEN", "by": "s", "token": "token-0001", "ago_ms": 1500}
            answers = await asyncio.gather(
                *(client.post(f"/v1/hearings/{hearing}/stages", json=body) for _ in range(4))
            )
            assert len({answer.json()["seq"] for answer in answers}) == 1
            assert len(lines(daemon, "stage")) == 1
            first = answers[0].json()
            assert daemon.clock.now()[0] - first["at_us"] >= 1_500_000
            refused = {"code": "NONE", "by": "s", "token": "token-0002"}
            assert (await client.post(f"/v1/hearings/{hearing}/stages", json=refused)).status_code == 422
        early, late = Marks(daemon, undo_us=10**12), Marks(daemon, undo_us=0)
        await early.withdraw(hearing, WithdrawalBody(line=first["seq"], by="s"))
        view = daemon.view(hearing)
        assert view.stages == []
        assert [(item.line, item.by, item.was.by) for item in view.withdrawn] == [(first["seq"], "s", "s")]
        again = await _post(daemon, hearing, "withdrawals", line=first["seq"], by="s", reason="x")
        assert again.json()["code"] == "bad-request"

        remark = (await _post(daemon, hearing, "remarks", text="m1", by="s")).json()
        for marks, by in ((late, "s"), (early, "j")):
            with pytest.raises(BadRequest, match="why"):
                await marks.withdraw(hearing, WithdrawalBody(line=remark["seq"], by=by, reason="  "))
        better = (await _post(daemon, hearing, "remarks", text="m2", by="j", replaces=remark["seq"])).json()
        assert better["at_us"] == remark["at_us"]
        view = daemon.view(hearing)
        assert [(item.text, item.by) for item in view.remarks] == [("m2", "j")]
        reasoned = await _post(daemon, hearing, "withdrawals", line=better["seq"], by="s", reason="оговорка")
        assert reasoned.status_code == 201
        await daemon.move(hearing, "stop", "s")
        folder = daemon.store.path(hearing)
    report = check(folder)
    assert report.integrity == "intact"


def line(seq: int, line_type: str, **data: Any) -> Any:
    return make_line(seq, line_type, data, at_us=seq, mono_us=seq, salt=b"\0" * 16)


@pytest.mark.parametrize("names", [0, 2, 3, 99, "1"])
def test_a_withdrawal_that_names_no_standing_mark_changes_nothing(names: Any) -> None:
    marks = [
        line(0, "opened", format="hattama-record/1", hearing="h", device="d", origin="o", software="s"),
        line(1, "stage", code="OPEN", at_us=1, by="s", participant=None, note=""),
        line(2, "stage", code="CLOSED_START", at_us=2, by="s", participant=None, note=""),
    ]
    view = HearingView.of([*marks, line(3, "withdrawn", line=names, at_us=3, by="s", reason="")])
    assert [stage.seq for stage in view.stages] == [1, 2]
    assert view.withdrawn == []
    assert view.publicity == "closed"
