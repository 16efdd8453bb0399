"""A transcript is corrected through the recorder: revision by revision, all of a list or nothing, never over another's edits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from device_config.settings import Settings
from protocol.transcript import Model, Passage, TakeSpan, Transcript, Word
from recorder.client import RecorderClient
from tests.recorder.test_api import planned, refused, serving
from tests.support.command import hattama
from tests.support.recorder import check, codes, microphones, settings

BY = "S. Secretary"


def draft(hearing: str, start: int) -> Transcript:
    words = (Word("дабро", start + 1000, start + 2000, 700, 0), Word("день", start + 3000, start + 4000, 900, 0))
    passage = Passage("speech", "T01", "mic-bench", start, start + 9000, "ru", None, words)
    model = Model("faster-whisper", "large-v3", "1.2.1", "A" * 43 + "=")
    return Transcript(hearing, 1, "open", "ru", (TakeSpan("T01", start, start + 10_000),), (model,), (), (passage,))


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RecorderClient, Settings, str, Transcript]]:
    box = settings(tmp_path_factory.mktemp("box"), microphones("mics", "mic-bench", "mic-witness"), court="Court")
    with serving(box), RecorderClient(box.socket) as client:
        hearing = planned(client)
        client.start(hearing, BY)
        client.stop(hearing, BY)
        transcript = draft(hearing, client.hearing(hearing)["takes"][0]["start_us"])
        assert client.transcript(hearing, transcript.to_json()) == 1
        yield client, box, hearing, transcript


def at(transcript: Transcript, index: int = 0) -> dict[str, Any]:
    passage = transcript.passages[index]
    return {"index": index, "source": passage.source, "start_us": passage.start_us}


def test_edits_make_the_next_revision(recorded: tuple[RecorderClient, Settings, str, Transcript]) -> None:
    client, box, hearing, first = recorded
    assert Transcript.from_json(client.transcript_json(hearing, 1)) == first
    edits = [
        {"kind": "correct", "passage": at(first), "text": "Добрый день"},
        {"kind": "move", "passage": at(first), "speaker": "p1"},
    ]
    newest = Transcript.from_json(client.transcript_json(hearing))
    number = client.edit_transcript(hearing, newest.number, edits, BY)
    after = Transcript.from_json(client.transcript_json(hearing))
    assert (after.number, after.based_on, [e.kind for e in after.edits]) == (number, number - 1, ["correct", "move"])
    assert {e.by for e in after.edits} == {BY}
    assert (after.passages[0].text, after.passages[0].speaker) == ("Добрый день", "p1")
    assert Transcript.from_json(client.transcript_json(hearing, 1)) == first
    line = client.hearing(hearing)["revisions"][-1]
    assert (line["kind"], line["number"], line["by"]) == ("transcript", number, BY)
    report = check(box.hearings / hearing)
    assert report.good, codes(report)


def test_what_does_not_fit_changes_nothing(recorded: tuple[RecorderClient, Settings, str, Transcript]) -> None:
    client, _, hearing, first = recorded
    newest = Transcript.from_json(client.transcript_json(hearing)).number
    good = {"kind": "delete", "passage": at(first)}

    def send(*edits: Any, based_on: int = newest, to: str = hearing, by: str = BY) -> tuple[str, str]:
        error = refused(client.edit_transcript, to, based_on, list(edits), by)
        return error.code, str(error)

    assert send(good, based_on=newest + 1)[0] == "illegal-move"
    assert send(good, to="2026-01-01_none")[0] == "no-hearing"
    assert send()[0] == "bad-request"
    assert send(good, by="")[0] == "bad-request"
    assert "edits[1].kind" in send(good, {"kind": "invent"})[1]
    assert "edits[0].text: is missing" in send({"kind": "correct", "passage": at(first)})[1]
    assert "edits[0].extra: is unknown" in send({**good, "extra": 1})[1]
    assert "edits[0].passage" in send({**good, "passage": {"index": 0}})[1]
    assert "edits[0].passage.index" in send({**good, "passage": {**at(first), "index": True}})[1]
    assert "edits[0].before" in send({"kind": "split", "passage": at(first), "before": "1"})[1]
    assert "'p9' does not take part" in send({"kind": "move", "passage": at(first), "speaker": "p9"})[1]
    assert "edit 1: " in send(good, good)[1]  # the first would fit: none is done
    assert "edit 0: no passage" in send({**good, "passage": {**at(first), "start_us": 1}})[1]
    assert Transcript.from_json(client.transcript_json(hearing)).number == newest
    assert refused(client.transcript_json, hearing, 99).http_status == 404


def test_the_command_edits_through_the_recorder(
    recorded: tuple[RecorderClient, Settings, str, Transcript], tmp_path: Path
) -> None:
    client, box, hearing, first = recorded
    before = Transcript.from_json(client.transcript_json(hearing)).number
    config, edits = tmp_path / "settings.toml", tmp_path / "edits.json"
    config.write_text(f'state_dir = "{box.state_dir}"\n')
    edits.write_text(
        f'{{"based_on": {before}, "edits": [{{"kind": "split", "passage": {{"index": 0, "source": "mic-bench", "start_us": {first.passages[0].start_us}}}, "before": 1}}]}}'
    )

    def run(*more: str) -> tuple[int, str]:
        said = hattama("--config", str(config), "transcript", "edit", hearing, "--edits", str(edits), *more)
        return said.status, said.out or said.err

    assert run("--by", BY) == (0, f"revision {before + 1}\n")
    assert len(Transcript.from_json(client.transcript_json(hearing)).passages) == 2
    status, said = run("--by", BY)
    assert (status, "error[illegal-move]:" in said) == (65, True), said  # the recorder, in this process, logs beside it
    edits.write_text("{")
    assert run("--by", BY)[0] == 65
    edits.write_text('{"edits": []}')
    assert "based_on" in run("--by", BY)[1]


def test_what_to_check_first(recorded: tuple[RecorderClient, Settings, str, Transcript]) -> None:
    client, _, hearing, first = recorded
    assert client.doubts(hearing, 1) == {"number": 1, "passages": []}
    told = replace(first, passages=(replace(first.passages[0], doubt_pm=310), *first.passages[1:]))
    number = client.transcript(hearing, told.to_json())
    answer = client.doubts(hearing)
    assert answer["number"] == number
    one = answer["passages"][0]
    passage = first.passages[0]
    assert (one["index"], one["doubt_pm"], one["source"], one["start_us"]) == (0, 310, passage.source, passage.start_us)
    assert one["text"] == passage.text
    assert refused(client.doubts, hearing, 99).http_status == 404
