"""How far the records are on their way to the archive: told by the uploader, shown, believed for a while, never written."""

from __future__ import annotations

import time
from pathlib import Path

import httpx2

from recorder.client import RecorderClient
from recorder.console.sending import sending_text
from recorder.sending import BELIEVED_US, Sending, SendingBody
from storage.telling import Teller, Told
from tests.recorder.test_api import planned, serving
from tests.support.recorder import microphones, settings
from web.i18n import catalogues


def test_told_by_the_uploaders_own_teller(tmp_path: Path) -> None:
    box = settings(tmp_path, microphones("mics", "mic-bench"))
    with serving(box), RecorderClient(box.socket) as room:
        hearing = planned(room)
        teller = Teller(box.socket, time.monotonic)
        with room.events() as events:
            assert teller.tell(hearing, Told(12_000_000, 8, 0, None, refused=False))
            told = next(event.data for event in events if event.name == "sending")
        assert (told["hearing"], told["left_bytes"], told["lag_s"]) == (hearing, 12_000_000, 8)
        with httpx2.Client(transport=httpx2.HTTPTransport(uds=str(box.socket)), base_url="http://recorder") as http:
            status = http.get("/v1/status").json()
            assert status["sending"][hearing]["left_bytes"] == 12_000_000
            assert http.post(f"/v1/hearings/{hearing}/sending", json={"left_bytes": -1}).status_code == 422
        assert teller.tell(
            "2026-01-01_none_abcd", Told(0, 0, 0, None, refused=False)
        )  # of a record that is gone: nothing to say
        assert list(status["sending"]) == [hearing]


def test_it_is_believed_for_a_while() -> None:
    sending = Sending()
    for number in range(300):
        sending.tell(f"h{number}", SendingBody(left_bytes=number), 1_000_000)
    assert len(sending.now(1_000_000)) == 200
    sending.tell("h1", SendingBody(left_bytes=5), 60_000_000)
    assert list(sending.now(1_000_000 + BELIEVED_US + 1)) == ["h1"]


def test_the_line_says_what_is_so() -> None:
    lang = catalogues().translator("ru")
    base = {"left_bytes": 12_340_000, "lag_s": 8, "kept": 0, "silent_since_us": None, "refused": False}

    def said(*, running: bool = False, **told: object) -> str:
        return sending_text(lang, {**base, **told}, running=running).replace("\xa0", " ")

    assert sending_text(lang, None, running=True) == ""
    assert said() == "В архив: осталось 12,3 МБ, отставание 8 с"
    assert said(lag_s=0) == "В архив: осталось 12,3 МБ"
    assert said(left_bytes=0, lag_s=0) == "В архив: всё отправлено"
    assert said(left_bytes=0, lag_s=0, running=True) == "В архив: всё записанное отправляется без задержки"
    assert "не отвечает с 14:00" in said(silent_since_us=1_795_424_400_000_000)
    assert "не принимает" in said(refused=True)
    assert said(left_bytes=0, kept=2).startswith("В архив: файлов, которые нельзя отправить: 2")
