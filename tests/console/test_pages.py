from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from recorder.console import forms
from tests.support.fake_recorder import FakeRecorder

FORM = {
    "number": "7512-26-00-2/1234",
    "title": "Ахметов А. К. к ТОО «Береке» о взыскании задолженности",
    "code": "gpk",
    "language": "ru",
    "publicity": "open",
    "judge": "Сейтқали Б. М.",
    "secretary": "Нурланова А. С.",
    "source-0": "mic-bench",
    "role-0": "judge",
    "source-1": "mic-plaintiff",
    "role-1": "plaintiff",
    "name-1": "Ахметов А. К.",
    "source-2": "mic-defendant",
    "role-2": "defendant",
    "name-4": "Ким В. П.",
    "role-4": "expert",
    "attendance-4": "remote",
}


def opened(client: TestClient, **changes: str) -> str:
    answer = client.post("/hearings", data={**FORM, **changes})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def page_block(text: str, name: str) -> Any:
    _, _, rest = text.partition(f'<script type="application/json" id="{name}">')
    return json.loads(rest.partition("</script>")[0])


def test_the_form_becomes_a_hearing_with_people_on_their_seats(secretary: TestClient, fake: FakeRecorder) -> None:
    opened(secretary)
    name, body = fake.calls[-1]
    assert name == "new"
    assert body["case"] == {
        **{key: FORM[key] for key in ("number", "title", "code", "language", "publicity", "judge", "secretary")},
        "court": "Специализированный межрайонный экономический суд",
        "courtroom": "Зал 3",
    }
    people = [(person["role"], person["name"], person["attendance"]) for person in body["participants"]]
    assert people == [
        ("judge", "Сейтқали Б. М.", "present"),
        ("plaintiff", "Ахметов А. К.", "present"),
        ("expert", "Ким В. П.", "remote"),
    ]
    assert [(seat["source"], seat["label"], seat["participant"]) for seat in body["seats"]] == [
        ("mic-bench", "Стол судьи", "p1"),
        ("mic-plaintiff", "Стол истца", "p2"),
        ("mic-defendant", "Стол ответчика", None),
    ]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"number": "  "}, "number"),
        ({"number": "1" * 101}, "number"),
        ({"title": "1" * 301}, "title"),
        ({"code": "xxx"}, "code"),
        ({"publicity": "secret"}, "publicity"),
        ({"language": "de"}, "language"),
        ({"role-1": "king"}, "role-1"),
        ({"attendance-1": "maybe"}, "role-1"),
        ({"name-1": "x" * 301}, "name-1"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_opened(
    secretary: TestClient, fake: FakeRecorder, changes: dict[str, str], field: str
) -> None:
    assert field in forms.read({**FORM, **changes}, {"mic-plaintiff": "x"}).errors
    answer = secretary.post("/hearings", data={**FORM, **changes})
    assert answer.status_code == 422
    assert "Check the fields that are marked." in answer.text
    assert fake.calls == []


def test_what_was_typed_stays_in_a_refused_form(secretary: TestClient) -> None:
    answer = secretary.post("/hearings", data={**FORM, "number": ""})
    assert "Ахметов А. К. к ТОО" in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_a_change_of_language_on_a_refused_form_leads_to_the_form(secretary: TestClient) -> None:
    answer = secretary.post("/hearings", data={**FORM, "number": ""})
    assert 'name="next" value="/hearings"' in answer.text
    answer = secretary.post("/language", data={"language": "ru", "next": "/hearings"}, follow_redirects=True)
    assert answer.status_code == 200
    assert "<form class=\"card new-hearing\"" in answer.text


def test_a_microphone_that_is_not_in_the_room_is_no_seat(secretary: TestClient, fake: FakeRecorder) -> None:
    opened(secretary, **{"source-1": "mic-of-another-room"})
    assert [seat["source"] for seat in fake.calls[-1][1]["seats"]] == ["mic-bench", "mic-defendant"]


def test_names_are_harmless(secretary: TestClient, fake: FakeRecorder) -> None:
    address = opened(secretary, **{"name-1": "</script><script>alert(1)</script>\u202e\x07", "title": "=1+1 <b>"})
    page = secretary.get(address).text
    assert "<script>alert" not in page
    assert "=1+1 <b>" not in page
    assert fake.calls[-1][1]["participants"][1]["name"] == "</script><script>alert(1)</script>"
    assert page_block(page, "page")["view"]["case"]["title"] == "=1+1 <b>"


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
@pytest.mark.parametrize("code", ["gpk", "upk", "appk", "koap"])
def test_the_hearings_page_brings_stages_and_texts_in_the_readers_language(
    secretary: TestClient, language: str, code: str
) -> None:
    address = opened(secretary, code=code)
    secretary.post("/language", data={"language": language, "next": "/"})
    page = secretary.get(address)
    assert page.status_code == 200
    data = page_block(page.text, "page")
    keys = [stage["key"] for stage in data["stages"] if stage["key"]]
    assert len(keys) == len(set(keys)) >= 10
    assert all(stage["title"] and stage["citation"] for stage in data["stages"])
    assert data["mayOperate"] is True
    assert "segments" not in data["view"]
    messages = page_block(page.text, "messages")
    assert messages["language"] == language


def test_the_list_shows_todays_hearings_with_their_state(secretary: TestClient) -> None:
    address = opened(secretary)
    page = secretary.get("/").text
    assert f'href="{address}"' in page
    assert "Not started" in page


def test_the_administrator_looks_on(secretary: TestClient, sign_in: Callable[[str], TestClient]) -> None:
    address = opened(secretary)
    admin = sign_in("admin")
    assert "New hearing" not in admin.get("/").text
    assert page_block(admin.get(address).text, "page")["mayOperate"] is False


def test_a_hearing_that_is_not_there_is_said_in_words(secretary: TestClient) -> None:
    answer = secretary.get("/hearings/none")
    assert answer.status_code == 404
    assert "This hearing is not on this recorder." in answer.text
    answer = secretary.get("/api/hearings/none")
    assert answer.json() == {
        "code": "no-hearing",
        "message": "This hearing is not on this recorder.",
        "advice": "Choose a hearing from today's list.",
    }


def test_the_recorders_refusal_is_in_the_readers_language(secretary: TestClient) -> None:
    name = opened(secretary).rsplit("/", 1)[1]
    answer = secretary.post(f"/api/hearings/{name}/pause", headers={"Accept-Language": "kk"})
    assert answer.status_code == 409
    assert answer.json()["message"] == "Отырыстың қазіргі күйі бұған мүмкіндік бермейді."


def test_acts_and_marks_reach_the_recorder_with_their_author(secretary: TestClient, fake: FakeRecorder) -> None:
    name = opened(secretary).rsplit("/", 1)[1]
    for act in ("start", "pause", "resume"):
        assert secretary.post(f"/api/hearings/{name}/{act}").status_code == 200
    secretary.post(f"/api/hearings/{name}/marks/stage", json={"code": "MOTION", "participant": "p2", "note": " a "})
    secretary.post(f"/api/hearings/{name}/marks/remark", json={"text": " лист 14 "})
    assert fake.calls[-2:] == [
        ("stage", {"code": "MOTION", "by": "secretary", "note": "a", "participant": "p2"}),
        ("remark", {"text": "лист 14", "by": "secretary"}),
    ]
    secretary.post(f"/api/hearings/{name}/stop")
    view = secretary.get(f"/api/hearings/{name}").json()
    assert (view["state"], len(view["takes"]), len(view["manifests"])) == ("finished", 2, 1)
    assert [state.state_by for state in [fake.hearings[name].view]] == ["secretary"]


@pytest.mark.parametrize("body", [{}, {"code": "lower"}, {"code": "OPEN", "by": "judge"}, {"code": "OPEN", "note": "x" * 2001}])
def test_a_malformed_mark_is_refused_and_nobody_marks_as_another(secretary: TestClient, fake: FakeRecorder, body: dict[str, str]) -> None:
    assert secretary.post("/api/hearings/x/marks/stage", json=body).status_code == 422
    assert fake.calls == []


def test_pictures_come_through_and_a_missing_one_is_no_error(secretary: TestClient, fake: FakeRecorder) -> None:
    answer = secretary.get("/api/sources/cam-judge/picture.jpg")
    assert answer.content[:2] == b"\xff\xd8"
    assert answer.headers["cache-control"] == "no-store"
    fake.lost.add("cam-judge")
    assert secretary.get("/api/sources/cam-judge/picture.jpg").status_code == 204


def test_the_check_says_of_each_source_whether_it_is_ready(secretary: TestClient, fake: FakeRecorder) -> None:
    assert 'action="/check"' in secretary.get("/").text
    good = secretary.post("/check")
    assert (good.status_code, fake.calls[-1][0]) == (200, "check")
    assert "The room is ready" in good.text
    assert "Not ready" not in good.text
    fake.lost = {"mic-bench"}
    for language, verdict, advice in (
        ("en", "The room is not ready", "Check power and cable of this device."),
        ("ru", "Зал не готов", "питание и кабель"),
        ("kk", "Зал дайын емес", "кабел"),
    ):
        bad = secretary.post("/check", headers={"Accept-Language": language}).text
        assert verdict in bad
        assert advice in bad
        assert bad.count('class="chip bad"') == 2, "the room, and the one source"
    assert secretary.get("/check").headers["location"] == "/"


def test_no_check_while_a_hearing_is_recorded_and_none_by_an_onlooker(
    secretary: TestClient, sign_in: Callable[[str], TestClient]
) -> None:
    hearing = opened(secretary).rpartition("/")[2]
    assert secretary.post(f"/api/hearings/{hearing}/start").status_code == 200
    refused = secretary.post("/check")
    assert refused.status_code == 409
    assert "Another hearing is being recorded." in refused.text
    admin = sign_in("admin")
    assert 'action="/check"' not in admin.get("/").text
    assert admin.post("/check").status_code == 403
