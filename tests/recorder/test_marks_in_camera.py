"""What is said of a moment in camera is sealed, whenever it is said."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx2
from nacl.public import PrivateKey

from device_config.settings import ClosedSettings
from protocol.encoding import b64
from protocol.journal import read_journal
from protocol.opening import opened_entries
from protocol.view import HearingView
from recorder.api import create_app
from tests.support.recorder import check, microphones, plan, running, settings, sync, until

ARCHIVE, ESCROW = PrivateKey(b"\x11" * 32), PrivateKey(b"\x22" * 32)
KEYS = ClosedSettings(archive_key=b64(bytes(ARCHIVE.public_key)), escrow_key=b64(bytes(ESCROW.public_key)))


@sync
async def test_what_is_said_later_of_a_moment_in_camera_is_sealed_too(tmp_path: Path) -> None:
    """Corrections, withdrawals, and a mark that a page kept while its console was away: the hearing is open again when they come."""
    async with running(settings(tmp_path, microphones(), closed=KEYS)) as daemon:
        hearing = await plan(daemon)
        await daemon.move(hearing, "start", "s")
        await until(lambda: daemon.status().recording)
        await daemon.move(hearing, "pause", "s")  # no take: what is sealed is the journal's affair alone
        transport = httpx2.ASGITransport(app=create_app(daemon))
        async with httpx2.AsyncClient(transport=transport, base_url="http://recorder") as client:

            async def say(what: str, **body: Any) -> dict[str, Any]:
                answer = await client.post(f"/v1/hearings/{hearing}/{what}", json={"by": "s", **body})
                assert answer.status_code == 201, answer.text
                told: dict[str, Any] = answer.json()
                return told

            await say("remarks", text="ашық-бұрын")
            closing, early = await asyncio.gather(
                say("stages", code="CLOSED_START"), say("remarks", text="құпия-сол-сәтте")
            )
            first, second = await say("remarks", text="құпия-бір"), await say("remarks", text="құпия-екі")
            begun_us = second["at_us"]
            await asyncio.sleep(0.5)  # so long the last mark's way may take: its moment then still lies in this part
            ended = await say("stages", code="CLOSED_END")
            await say("remarks", text="ашық-кейін")
            await say("remarks", text="құпия-түзетілген", replaces=first["seq"])
            await say("withdrawals", line=second["seq"], reason="құпия-себеп")
            ago = (daemon.clock.now()[0] - begun_us) // 1000
            await say("remarks", text="құпия-кешіккен", ago_ms=ago)
            # One that waited, placed just after the part: its way may have taken longer than its page knew.
            await asyncio.sleep(0.5)
            since_end = (daemon.clock.now()[0] - ended["at_us"]) // 1000
            late = await say("remarks", text="құпия-жолда", ago_ms=since_end - 1)
            assert late["at_us"] > ended["at_us"]
            await say("remarks", text="ашық-кешіккен", ago_ms=100)
            assert (early["seq"] > closing["seq"]) is ("құпия-сол-сәтте" not in _journal(tmp_path))
            assert [item.text for item in daemon.view(hearing).remarks if item.text.startswith("құпия-т")]
        folder = daemon.store.path(hearing)
        await daemon.move(hearing, "stop", "s")
    text = _journal(tmp_path)
    for word in ("құпия-бір", "құпия-екі", "құпия-түзетілген", "құпия-себеп", "құпия-кешіккен", "құпия-жолда"):
        assert word not in text, word
    assert "ашық-бұрын" in text
    assert "ашық-кейін" in text
    assert "ашық-кешіккен" in text
    entries, _ = read_journal((folder / "journal.jsonl").read_bytes())
    view = HearingView.of(opened_entries(entries, bytes(ARCHIVE)))
    assert {"құпия-түзетілген", "құпия-кешіккен"} < {item.text for item in view.remarks}
    assert [item.reason for item in view.withdrawn if item.reason] == ["құпия-себеп"]
    assert check(folder).integrity == "intact"


def _journal(folder: Path) -> str:
    return next(folder.rglob("journal.jsonl")).read_text("utf-8")
