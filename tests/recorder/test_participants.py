"""Somebody joins, moves and leaves while the hearing runs; a protected witness; in camera; and when it is too late."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2

from device_config.settings import Settings
from protocol.hearing import Participant, Seat
from recorder.client import RecorderClient
from tests.recorder.test_api import serving
from tests.support.recorder import CASE, microphones, settings


def told(box: Settings, hearing: str, **person: Any) -> httpx2.Response:
    body = {
        "by": "secretary",
        "role": "witness",
        "name": "Иванов И. И.",
        "said": "К заседанию присоединяется свидетель",
        **person,
    }
    with httpx2.Client(
        transport=httpx2.HTTPTransport(uds=str(box.socket)), base_url="http://recorder", timeout=60
    ) as http:
        return http.post(f"/v1/hearings/{hearing}/participants", json=body)


def test_joins_moves_leaves(tmp_path: Path) -> None:
    box = settings(tmp_path, microphones("mics", "mic-bench", "mic-witness"))
    with serving(box) as daemon, RecorderClient(box.socket) as room:
        people = [Participant("p1", "judge", "Судья С."), Participant("p2", "plaintiff", "Истец И.")]
        seats = [Seat("s1", "Стол судьи", "mic-bench", "p1")]
        hearing = room.plan(CASE, people, seats)
        assert told(box, hearing).status_code == 409  # not begun: the form is for that
        room.start(hearing, "secretary")

        one = told(box, hearing, source="mic-witness")
        assert (one.status_code, one.json()["id"]) == (201, "p3"), one.text
        view = daemon.view(hearing)
        assert (view.participants["p3"].name, view.participants["p3"].attendance) == ("Иванов И. И.", "present")
        assert view.seats["s2"] == Seat("s2", "mic-witness", "mic-witness", "p3")
        assert (view.remarks[-1].seq, view.remarks[-1].text) == (
            one.json()["seq"],
            "К заседанию присоединяется свидетель",
        )

        moved = told(box, hearing, id="p3", attendance="remote", source="mic-bench")
        assert moved.status_code == 201
        view = daemon.view(hearing)
        assert view.participants["p3"].attendance == "remote"
        assert [(seat.source, seat.participant) for seat in view.seats.values()] == [
            ("mic-bench", "p3"),
            ("mic-witness", None),
        ]

        assert told(box, hearing, id="p3", attendance="left", said="Заседание покидает свидетель").status_code == 201
        assert daemon.view(hearing).participants["p3"].attendance == "remote"  # they took part
        assert daemon.view(hearing).remarks[-1].text == "Заседание покидает свидетель"

        hidden = told(box, hearing, name="Свидетель Омега", protected=True).json()["id"]
        assert daemon.view(hearing).participants[hidden] == Participant(
            hidden, "witness", "Свидетель Омега", protected=True
        )
        for wrong in (
            {"id": "p9"}, {"attendance": "left"}, {"id": "p2", "protected": True}, {"id": hidden, "protected": False},
            {"source": "mic-none"}, {"name": ""}, {"attendance": "absent"}, {"identity": {"iin": "1"}},
        ):  # fmt: skip
            assert told(box, hearing, **wrong).status_code == 422, wrong
        room.stop(hearing, "secretary")
        assert told(box, hearing).status_code == 409
