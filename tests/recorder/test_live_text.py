"""Live words and progress: told by the transcriber's own client, shown, bounded, never written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from device_config.settings import Settings
from recorder.client import RecorderClient
from recorder.live_text import MOST_PASSAGES, LiveBody, LiveText
from tests.recorder.test_api import planned, serving
from tests.support.recorder import microphones, settings
from transcription.client import SocketClient
from transcription.errors import RecorderUnreachable
from transcription.live_passages import LiveNews, LivePassage
from transcription.progress import Progress

ONE = LivePassage("T01/mic-bench/0", 1, False, "T01", "mic-bench", "p1", 1_000_000, 2_000_000, "ru", "speech", "суд")
NEWS = LiveNews("open", 1_500_000, 800, (ONE,))


@pytest.fixture
def box(tmp_path: Path) -> Settings:
    return settings(tmp_path, microphones("mics", "mic-bench"))


@pytest.fixture
def room(box: Settings) -> Iterator[RecorderClient]:
    with serving(box), RecorderClient(box.socket) as client:
        yield client


def asked(box: Settings, path: str) -> Any:
    with httpx2.Client(transport=httpx2.HTTPTransport(uds=str(box.socket)), base_url="http://recorder") as http:
        answer = http.get(path)
        return answer.json() if answer.is_success else answer.status_code


def test_words_on_their_way(box: Settings, room: RecorderClient) -> None:
    hearing = planned(room)
    speech = f"/v1/hearings/{hearing}/speech"
    with SocketClient(box.socket) as transcriber:
        with pytest.raises(RecorderUnreachable, match="409"):
            transcriber.post_live(hearing, NEWS)
        room.start(hearing, "secretary")
        at = transcriber.room()
        assert (at.state, at.hearing, at.now_us > 0) == ("recording", hearing, True)
        assert transcriber.live_known(hearing) == (None, ())
        assert asked(box, speech) == {"live": None, "progress": None}
        with room.events() as events:
            transcriber.post_live(hearing, NEWS)
            told = next(event.data for event in events if event.name == "live")
        assert (told["hearing"], told["behind_ms"], told["passages"][0]["text"]) == (hearing, 800, "суд")
        assert asked(box, "/v1/status")["speech"] == {"behind_ms": 800, "up_to_us": 1_500_000}
        transcriber.post_live(
            hearing, replace(NEWS, passages=(replace(ONE, revision=3, settled=True, text="суд идёт"),))
        )
        transcriber.post_live(hearing, NEWS)  # late: an older revision replaces nothing
        assert [one["text"] for one in asked(box, speech)["live"]["passages"]] == ["суд идёт"]
        transcriber.post_live(hearing, replace(NEWS, passages=(replace(ONE, id="T01/mic-bench/9"),)))
        assert transcriber.live_known(hearing) == (1_000_000, (replace(ONE, id="T01/mic-bench/9").withdrawn(),))
        room.stop(hearing, "secretary")
        transcriber.post_live(hearing, NEWS)  # the last words, and then how far the transcript is
        transcriber.post_progress(hearing, Progress(431, 120))
        assert asked(box, speech)["progress"] == {"done_pm": 431, "left_s": 120}
    record = box.hearings / hearing
    assert not [path for path in record.rglob("*") if path.is_file() and "суд".encode() in path.read_bytes()]


def test_what_is_refused(box: Settings, room: RecorderClient) -> None:
    hearing = planned(room)
    room.start(hearing, "secretary")
    with SocketClient(box.socket) as transcriber:
        for bad in (
            replace(ONE, revision=0),
            replace(ONE, text="x" * 10_001),
            replace(ONE, id="a b"),
            replace(ONE, language="русский"),
        ):
            with pytest.raises(RecorderUnreachable, match=r"4\d\d"):
                transcriber.post_live(hearing, replace(NEWS, passages=(bad,)))
        with pytest.raises(RecorderUnreachable, match=r"404|409"):
            transcriber.post_progress("2026-01-01_none", Progress(1))
        with pytest.raises(RecorderUnreachable, match="409"):
            transcriber.post_live("2026-01-01_none", NEWS)
    assert asked(box, "/v1/hearings/2026-01-01_none/speech") == 404
    assert room.status().recording


def body(publicity: str, *ids: str, take: str = "T01") -> LiveBody:
    passages = [{**vars_of(ONE), "id": one, "take": take} for one in ids]
    return LiveBody.model_validate({"publicity": publicity, "up_to_us": 1, "behind_ms": 0, "passages": passages})


def vars_of(passage: LivePassage) -> dict[str, Any]:
    return {name: getattr(passage, name) for name in passage.__dataclass_fields__}


def test_what_is_kept_is_bounded() -> None:
    live = LiveText()
    for first in range(0, 3 * MOST_PASSAGES, 100):
        live.add("h1", body("open", *(f"T01/m/{number}" for number in range(first, first + 100))))
    kept = live.of("h1", "T01")["live"]["passages"]
    assert (len(kept), kept[-1]["id"]) == (MOST_PASSAGES, f"T01/m/{3 * MOST_PASSAGES - 1}")
    live.add("h2", body("open", "T01/m/1"))
    assert live.of("h1", "T01")["live"] is None, "another hearing is in the room"


def test_a_closed_take_is_forgotten_when_it_is_over() -> None:
    live = LiveText()
    live.add("h1", body("open", "T01/m/1"))
    live.add("h1", body("closed", "T02/m/1", take="T02"))
    assert [one["id"] for one in live.of("h1", "T02")["live"]["passages"]] == ["T01/m/1", "T02/m/1"]
    assert [one["id"] for one in live.of("h1", None)["live"]["passages"]] == ["T01/m/1"]
    assert [one["id"] for one in live.of("h1", "T02")["live"]["passages"]] == ["T01/m/1"]
