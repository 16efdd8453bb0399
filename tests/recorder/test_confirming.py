"""Section by section, a person confirms what a program drew up: only that is signed, and it does not call itself a draft."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from protocol.brief_reading import read_brief
from protocol.brief_rules import points_of
from protocol.canonical import loads
from protocol.journal import read_journal
from protocol.transcript import Transcript
from protocol.view import HearingView
from recorder.certification import confirmed
from recorder.client import RecorderClient, Refused
from recorder.papers import next_brief
from tests.protocol.test_documents import text_of
from tests.recorder.test_api import serving
from tests.support.confirming import drafted_and_confirmed
from tests.support.recorder import CASE, check, microphones, settings, wait_for


def test_a_draft_becomes_what_is_signed_when_every_section_was_confirmed(tmp_path: Path) -> None:
    box = settings(tmp_path, microphones())
    with serving(box), RecorderClient(box.socket) as client:
        hearing = client.plan(CASE, (), ())
        wait_for(lambda: all(source.state == "ready" for source in client.status().sources))
        client.start(hearing, "secretary")
        with pytest.raises(Refused, match="recording"):
            client.confirm(hearing, 1, ["x"], "secretary")
        client.stop(hearing, "secretary")
        with pytest.raises(Refused, match="no protocol"):
            client.confirm(hearing, 1, ["x"], "secretary")
        folder = box.hearings / hearing

        client.draft(hearing)
        titles = client.sections(hearing, "ru")
        assert titles[0] == "КРАТКИЙ ПРОТОКОЛ"
        assert "Ход заседания" in titles, titles
        before = (folder / "journal.jsonl").read_bytes()
        for number, sections, told in (
            (2, titles, "not the newest"),
            (1, titles[1:], "not confirmed: КРАТКИЙ ПРОТОКОЛ"),
            (1, [*titles, "Приговор"], "none of these: Приговор"),
            (1, titles, "lacks"),  # points of the law are missing, and nobody said why
        ):
            with pytest.raises(Refused, match=told):
                client.confirm(hearing, number, sections, "secretary")
        assert (folder / "journal.jsonl").read_bytes() == before
        assert not (folder / "protocol" / "brief-0002.json").exists()

        number = drafted_and_confirmed(client, hearing)
        drafted, final = (read_brief((folder / "protocol" / f"brief-{n:04d}.json").read_bytes()) for n in (2, number))
        assert (number, drafted.confirmed, final.confirmed) == (3, False, True)
        assert final.final_on
        assert (final.participants, final.start_us, final.decision) == (
            drafted.participants,
            drafted.start_us,
            drafted.decision,
        )
        assert all(point.reason for point in final.missing)
        assert {point.key for point in drafted.missing} <= {key for key, _, _ in points_of("gpk")}
        for language, word in (("ru", "ПРОЕКТ"), ("kk", "ЖОБА")):
            texts = [text_of((folder / "protocol" / f"brief-{n:04d}.{language}.pdf").read_bytes()) for n in (2, number)]
            assert [word in text.upper() for text in texts] == [True, False]
        said = [
            loads(line)
            for line in (folder / "journal.jsonl").read_bytes().splitlines()
            if b"sections_confirmed" in line
        ]
        assert [(line["data"]["by"], line["data"]["of"], line["data"]["sections"][0]) for line in said] == [
            ("secretary", "protocol/brief-0002.json", "КРАТКИЙ ПРОТОКОЛ")
        ]
        with pytest.raises(Refused, match="confirmed already"):
            client.confirm(hearing, number, titles, "secretary")
        assert client.draft(hearing)[0] == "protocol/brief-0004.json"
        number = drafted_and_confirmed(client, hearing)
        with httpx2.Client(
            transport=httpx2.HTTPTransport(uds=str(box.socket)), base_url="http://recorder", timeout=120
        ) as raw:
            at = f"/v1/hearings/{hearing}"
            assert raw.get(f"{at}/signing").json()["outdated"] is False
            decision = {"by": "judge", "accepted": False, "reason": "истца не слышно"}
            assert raw.post(f"{at}/quality", json=decision).status_code == 201
            assert raw.get(f"{at}/signing").json()["outdated"] is True, (
                "what was confirmed says nothing of the rejection"
            )
            path = client.draft(hearing)[0]  # as the transcriber asks, which knows of no decision
            redrawn = read_brief((folder / path).read_bytes())
            assert (redrawn.form, redrawn.rejected) == ("full", "истца не слышно")
            assert raw.get(f"{at}/signing").json()["outdated"] is False
            assert raw.post(f"{at}/quality", json={**decision, "accepted": True}).status_code == 201
            assert raw.get(f"{at}/signing").json()["outdated"] is True, "a full form that nobody asks for any more"
            assert raw.post(f"{at}/quality", json={**decision, "accepted": True}).status_code == 201
            assert read_brief((folder / client.draft(hearing)[0]).read_bytes()).form == "brief"
            assert raw.get(f"{at}/signing").json()["outdated"] is False
        client.transcript(hearing, Transcript(hearing, 1, "open", "ru", (), (), (), ()).to_json())
        client.draft(hearing)
        assert client.sections(hearing, "kk")
        found = check(folder)
        assert found.integrity == "intact"


def test_when_the_power_goes_between_the_lines_of_a_confirmation_there_is_no_half_one(tmp_path: Path) -> None:
    box = settings(tmp_path, microphones())
    with serving(box), RecorderClient(box.socket) as client:
        hearing = client.plan(CASE, (), ())
        wait_for(lambda: all(source.state == "ready" for source in client.status().sources))
        client.start(hearing, "secretary")
        client.stop(hearing, "secretary")
        assert drafted_and_confirmed(client, hearing) == 2
    lines = (box.hearings / hearing / "journal.jsonl").read_bytes().splitlines()
    first = next(n for n, line in enumerate(lines) if b"sections_confirmed" in line)
    last = next(n for n, line in enumerate(lines) if n > first and b'"kind":"brief"' in line)
    named = [loads(line)["data"]["path"] for line in lines[first + 1 : last + 1]]
    assert named[-1] == "protocol/brief-0002.json", "the last line of the job makes it a protocol"
    for kept in range(first, last + 1):
        entries, _ = read_journal(b"".join(line + b"\n" for line in lines[:kept]))
        view = HearingView.of(entries)
        assert confirmed(view) is None
        assert next_brief(view) == (2 if kept < first + 2 else 3), "a number whose files were named is not used again"
