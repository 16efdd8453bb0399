"""The brief protocol on paper: text that can be read out of the PDF, Kazakh letters, hostile names, PDF/A."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from protocol.brief import Brief, CourtFacts
from protocol.brief_words import ANNEX_LIMIT, Words
from protocol.canonical import loads
from protocol.documents import (
    FONTS,
    FontMissing,
    OutsideResource,
    document,
    render_csv,
    render_docx,
    render_html,
    render_pdf,
    visible,
)
from protocol.hearing import Participant, Stage
from protocol.view import HearingView
from tests.protocol.scene import at, civil, transcript_of

pytestmark = pytest.mark.skipif(not FONTS.is_dir(), reason="fonts-croscore is not installed")

SHORT = 0.4  # minutes of the first take: few files, few pages


def brief_of(view: HearingView) -> Brief:
    return Brief.of(view, court=CourtFacts(city="Алматы"), drafted_at_us=at(40), number=1)


def text_of(pdf: bytes) -> str:
    pages = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    return re.sub(r"\s+", " ", pages)


@pytest.fixture(scope="module")
def pages() -> dict[str, bytes]:
    brief = brief_of(civil(SHORT))
    return {language: render_pdf(render_html(brief, language)) for language in ("ru", "kk")}


def test_each_point_of_the_law_is_on_the_russian_page(pages: dict[str, bytes]) -> None:
    text = text_of(pages["ru"])
    for wanted in (
        "КРАТКИЙ ПРОТОКОЛ судебного заседания",
        "ч. 4 ст. 282 ГПК",
        "22 ноября 2026 года",  # 1) date
        "город Алматы",  # 1) place
        "начато в 09 час. 30 мин., окончено в 09 час. 42 мин.",  # 2)
        "Бостандыкский районный суд",  # 3)
        "Сүлейменова А. Б.",
        "Қожахмет Н. Ү.",
        "7512-26-00-2/1234",  # 4)
        "Явились: истец Әбдіғұлов",  # 6)
        "Не явились: свидетель Жүнісов Ғани Өмірұлы",
        "Перерыв с 09:30:18 до 09:40:30",  # 13-1)
        "Судебный акт оглашён в 09:41:24",  # 16)
        "Порядок и срок обжалования разъяснены",
        "Дата составления протокола в окончательной форме",  # 18)
        "применены средства аудио-, видеозаписи",
        "media/T01/mic-bench/0001.mp4",
        "смещение 00:03.0",
        "Использование средств записи было невозможно",
        "причина: потеряна связь с устройством",
        "не подтверждён и не подписан",
    ):
        assert wanted in text, wanted


def test_each_point_of_the_law_is_on_the_kazakh_page(pages: dict[str, bytes]) -> None:
    text = text_of(pages["kk"])
    for wanted in (
        "СОТ ОТЫРЫСЫНЫҢ ҚЫСҚАША ХАТТАМАСЫ",
        "АПК 282-бабының 4-бөлігі",
        "2026 жылғы 22 қараша",
        "Алматы қаласы",
        "09 сағат 30 минутта басталып, 09 сағат 42 минутта аяқталды",
        "Төрағалық етуші судья: Сүлейменова А. Б.",
        "Сот отырысының хатшысы: Қожахмет Н. Ү.",
        "Азаматтық іс № 7512-26-00-2/1234",
        "Келгендер: талапкер Әбдіғұлов",
        "Қашықтан қатысатындар: жауапкердің өкілі",
        "Үзіліс 09:30:18–09:40:30 аралығында",
        "Сот актісі жарияланды: 09:41:24",
        "Хаттаманың түпкілікті нысанда жасалған күні",
        "электрондық хаттама болып табылады",
        "ығысуы 00:03.0",
        "Һәдия",
        "растамаған және қол қоймаған",
    ):
        assert wanted in text, wanted
    assert set("әғқңөұүһіӘҒҚҢӨҰҮҺІ") <= set(text) | set("ҰІһ")


def test_it_says_that_it_is_pdf_a_and_how_it_is_read(pages: dict[str, bytes]) -> None:
    for language, pdf in pages.items():
        reader = PdfReader(io.BytesIO(pdf))
        root: Any = reader.root_object
        metadata = root["/Metadata"].get_object().get_data().decode()
        assert re.search(r"pdfaid:part\D{1,5}2\b", metadata)
        assert re.search(r"pdfaid:conformance\W{1,5}A\b", metadata)
        assert root["/Lang"] == language
        assert root["/MarkInfo"]["/Marked"] is not None
        assert root["/OutputIntents"][0]["/S"] == "/GTS_PDFA1"
        assert reader.metadata is not None
        assert "7512-26-00-2/1234" in (reader.metadata.title or "")


def test_every_font_is_embedded_and_is_ours(pages: dict[str, bytes]) -> None:
    for pdf in pages.values():
        fonts = {}
        for page in PdfReader(io.BytesIO(pdf)).pages:
            resources: Any = page["/Resources"]
            for font in resources["/Font"].values():
                child = font.get_object()["/DescendantFonts"][0].get_object()
                fonts[child["/BaseFont"]] = child["/FontDescriptor"].get_object()
                assert "/ToUnicode" in font.get_object()
        assert all("/FontFile2" in descriptor or "/FontFile3" in descriptor for descriptor in fonts.values())
        assert all("Court-" in name for name in fonts)


def test_the_same_brief_gives_the_same_bytes(pages: dict[str, bytes]) -> None:
    assert render_pdf(render_html(brief_of(civil(SHORT)), "kk")) == pages["kk"]


def test_the_transcript_is_called_what_it_is() -> None:
    view = civil(SHORT)
    html = render_html(Brief.of(view, transcript_of(view), drafted_at_us=at(40), number=1), "ru")
    text = text_of(render_pdf(html))
    assert "автоматического распознавания (2 сл., исправлено людьми: 1)" in text
    assert "не подтверждена" in text
    assert "ДЕМОНСТРАЦИОННАЯ МОДЕЛЬ" in text


def test_the_annex_lists_every_file_with_its_digest(pages: dict[str, bytes]) -> None:
    brief = brief_of(civil(SHORT))
    text = text_of(pages["ru"]).replace(" ", "")
    words = Words(brief, "ru")
    for file in brief.files:
        assert words.hex(file.sha256) in text
        assert file.path in text


def test_a_long_hearing_lists_its_sources_and_a_digest_of_each_list() -> None:
    view = civil(18)
    brief = brief_of(view)
    assert len(brief.files) > ANNEX_LIMIT
    html = render_html(brief, "ru")
    words = Words(brief, "ru")
    for _label, files in words.annex_groups():
        assert words.list_digest(files) in html
    assert html.count("<tr>") < 60
    assert "protocol/brief-0001.json" in html


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src="http://example.org/x.png" onerror=alert(1)>',
    "{{ 7 * 7 }} {% raw %}",
    "</style><style>* { display: none }",
    "\u202eвоничём\u202c\u2066\u200f\u200b",
    "\U0001f600 名前 \ue000",
    "Ы" * 300,
    "\x00\x01\x7f",
    "url(file:///etc/passwd) {start} {0}",
)


def test_hostile_names_are_harmless_text() -> None:
    view = civil(SHORT)
    for index, name in enumerate(HOSTILE):
        view.participants[f"h{index}"] = Participant(f"h{index}", name, name, note=name)
    view.stages.append(Stage(99, "MOTION", at(0.2), HOSTILE[0], "h0", HOSTILE[1]))
    view.case = replace(view.case, title=HOSTILE[0] + HOSTILE[3], kind=HOSTILE[0], judge=HOSTILE[2])
    html = render_html(brief_of(view), "ru")
    assert "<script" not in html
    assert "<img" not in html
    assert "{{ 7 * 7 }}" in html
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b-\u200f\x00\x01\x7f]", html)
    assert "[U+202E]воничём" in html
    text = text_of(render_pdf(html))
    assert "<script>alert(1)</script>" in text
    assert "[U+1F600]" in text
    assert text.replace(" ", "").count("Ы" * 300) >= 2


def test_hostile_names_are_harmless_in_every_other_form() -> None:
    view = civil(SHORT)
    formulas = ('=HYPERLINK("http://example.org")', "+1+1", "-2", "@SUM(A1)", " =1", *HOSTILE)
    for index, name in enumerate(formulas):
        view.participants[f"h{index}"] = Participant(f"h{index}", "witness", name, note=name)
        view.stages.append(Stage(99 + index, "WITNESS", at(0.2), name, f"h{index}", name))
    drawn = document(brief_of(view), "ru")
    loads(drawn.to_json())
    with zipfile.ZipFile(io.BytesIO(render_docx(drawn))) as package:
        xml = package.read("word/document.xml").decode()
        assert not [name for name in package.namelist() if name.endswith((".bin", ".vml"))]
        assert "http://example.org" not in package.read("word/_rels/document.xml.rels").decode()
    assert "<script" not in xml
    assert "w:hyperlink" not in xml
    assert "w:instrText" not in xml  # fields stand in the foot only
    assert "[U+202E]" in xml
    assert "Ы" * 300 in xml
    cells = [cell for row in csv.reader(io.StringIO(render_csv(drawn).decode("utf-8-sig"))) for cell in row]
    assert not [cell for cell in cells if cell.lstrip().startswith(("=", "+", "-", "@"))]
    for form in (xml, render_csv(drawn).decode(), drawn.to_json().decode(), " ".join(cells)):
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b-\u200f\x00\x01\x7f]", form)


def test_a_formula_that_stands_alone_in_a_cell_is_text_in_csv() -> None:
    view = civil(SHORT)
    view.remarks = [replace(remark, text='=cmd|"/c calc"!A1') for remark in view.remarks]
    assert "\"'=cmd|" in render_csv(document(brief_of(view), "ru")).decode("utf-8-sig")


def test_a_page_that_asks_for_something_is_refused() -> None:
    for address in ("http://127.0.0.1:9/x.png", "file:///etc/passwd", "data:image/png;base64,AAAA"):
        with pytest.raises(OutsideResource):
            render_pdf(f'<html lang="ru"><body><img src="{address}" alt="x"></body></html>')


def test_missing_fonts_are_named(tmp_path: Path) -> None:
    with pytest.raises(FontMissing, match="Tinos-Regular"):
        render_pdf("<p>x</p>", fonts=tmp_path / "none")


def test_what_cannot_be_seen_is_shown() -> None:
    assert visible("a\u200eb\nc\u00ad") == "a[U+200E]b c[U+00AD]"
    assert visible("Әбдіғұлова – № 5\u00a0«ә»") == "Әбдіғұлова – № 5\u00a0«ә»"


def test_an_empty_hearing_makes_a_page_too() -> None:
    brief = Brief.of(HearingView(hearing="empty"), drafted_at_us=at(0), number=1)
    for language in ("ru", "kk"):
        text = text_of(render_pdf(render_html(brief, language)))
        assert {"ru": "Аудио-, видеозапись не велась", "kk": "Аудио-, бейнежазба жүргізілген жоқ"}[language] in text
        assert {"ru": "не указано", "kk": "көрсетілмеген"}[language] in text
