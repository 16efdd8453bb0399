"""``hattama brief``: every form of a record's protocol, the court's templates, what is refused."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from protocol.brief import TranscriptNote
from protocol.brief_reading import BadBrief, read_brief
from protocol.canonical import dumps
from protocol.documents import FONTS
from tests.protocol.cases import EIGHT, brief
from tests.support.command import hattama


@pytest.fixture
def record(tmp_path: Path) -> Path:
    """A record with a protocol of administrative justice and its transcript."""
    folder = tmp_path / "record"
    for name in ("protocol", "transcript"):
        (folder / name).mkdir(parents=True)
    drawn, transcript = brief("appk", "kk")
    assert transcript is not None
    assert isinstance(drawn.transcript, TranscriptNote)
    drawn = replace(
        drawn, transcript=replace(drawn.transcript, path="transcript/0001.json", sha256=drawn.files[0].sha256)
    )
    (folder / "protocol/brief-0001.json").write_bytes(drawn.to_json())
    (folder / "transcript/0001.json").write_bytes(transcript.to_json())
    return folder


def test_every_form_says_the_same(record: Path, tmp_path: Path) -> None:
    if not FONTS.is_dir():
        pytest.skip("fonts-croscore is not installed")
    for form, wanted in (
        ("pdf", b"%PDF-1."),
        ("docx", b"PK"),
        ("html", b"<!doctype"),
        ("json", b"{"),
        ("csv", b"\xef\xbb\xbf"),
    ):
        out = tmp_path / f"x.{form}"
        said = hattama("brief", str(record), "--language", "kk", "--format", form, "--output", str(out))
        assert (said.status, said.err) == (0, "")
        assert out.read_bytes().startswith(wanted)
    html = (tmp_path / "x.html").read_text(encoding="utf-8")
    assert "Құрметті сот" in html  # the transcript is annexed
    blocks = json.loads((tmp_path / "x.json").read_bytes())
    assert blocks["format"] == "hattama-document/1"
    with zipfile.ZipFile(io.BytesIO((tmp_path / "x.docx").read_bytes())) as package:
        assert "Құрметті сот" in package.read("word/document.xml").decode()


def test_the_full_form_and_the_other_language(record: Path, tmp_path: Path) -> None:
    out = tmp_path / "full.html"
    assert hattama("brief", str(record), "--full", "--format", "html", "--output", str(out)).status == 0
    page = out.read_text(encoding="utf-8")
    assert "<h1>ПРОТОКОЛ<br>" in page
    assert "Исследование письменных и вещественных доказательств" in page


def test_the_courts_templates_are_used_or_refused_with_their_line(record: Path, tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    assert hattama("brief", "--check-templates", str(folder)).out == "All templates are good.\n"
    (folder / "part-court.ru.txt").write_text("%hattama-template 1\n{jugde}\n", encoding="utf-8")
    said = hattama("brief", str(record), "--format", "html", "--templates", str(folder))
    assert said.status == 78
    assert "part-court.ru.txt:2: there is no name «jugde». Is judge meant?" in said.err
    said = hattama("brief", "--check-templates", str(folder))
    assert said.status == 78
    assert said.err.count("part-court.ru.txt:2") == 8


def test_what_is_not_there_is_named(record: Path, tmp_path: Path) -> None:
    assert hattama("brief").status == 64
    assert hattama("brief", str(tmp_path / "none")).status == 66
    said = hattama("brief", str(record), "--revision", "7")
    assert (said.status, said.err.splitlines()[0]) == (66, f"error[no-brief]: {record}: no revision 7")
    (record / "protocol/brief-0002.json").write_bytes(b'{"format":"hattama-brief/9"}')
    assert (said := hattama("brief", str(record), "--format", "html")).status == 65
    assert said.err.startswith("error[bad-brief]")


@pytest.mark.parametrize(("code", "language"), EIGHT)
def test_a_protocol_is_read_back_as_it_was(code: str, language: str) -> None:
    drawn, _transcript = brief(code, language)
    assert read_brief(drawn.to_json()) == drawn


def test_an_older_protocol_is_read_and_a_malformed_one_names_its_place() -> None:
    drawn, _transcript = brief("gpk", "ru")
    value = json.loads(drawn.to_json())
    older = {key: item for key, item in value.items() if key not in ("form", "rejected", "final_on", "confirmed")}
    for person in older["participants"]:
        del person["identity"]
    assert read_brief(dumps(older)).form == "brief"
    for key, wrong in (
        ("court", 5),
        ("files", {}),
        ("number", "1"),
        ("form", "long"),
        ("course", [{}]),
        ("start_marked", None),
    ):
        with pytest.raises(BadBrief, match=rf"brief\.{key}"):
            read_brief(dumps({**value, key: wrong}))
    with pytest.raises(BadBrief):
        read_brief(b"not JSON")
