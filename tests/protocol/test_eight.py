"""The eight protocols (four codes, two languages): each point of the law on the page, the same text in every form, PDF/A."""

from __future__ import annotations

import html
import io
import json
import re
import shutil
import subprocess
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.document import Document as DocxDocument
from docx.table import Table as DocxTable
from docx.text.paragraph import Paragraph

from protocol.brief import Brief
from protocol.brief_rules import POINTS, confirm
from protocol.documents import FONTS, Document, document, render_docx, render_page, render_pdf
from protocol.paper.blocks import Line, Signature, Table, plain
from tests.protocol.cases import EIGHT, brief
from tests.support.pdfa import findings

pytestmark = pytest.mark.skipif(not FONTS.is_dir(), reason="fonts-croscore is not installed")

KAZAKH = "әғқңөұүһіӘҒҚҢӨҰҮҺІ"
OFFICE = shutil.which("soffice")


@cache
def filled(code: str, language: str) -> Document:
    drawn, transcript = brief(code, language)
    return document(drawn, language, transcript=transcript)


@cache
def pdf(code: str, language: str) -> bytes:
    return render_pdf(render_page(filled(code, language)))


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def pages(data: bytes) -> list[str]:
    """Text of each page in the order in which it is written, as poppler reads it."""
    done = subprocess.run(["pdftotext", "-raw", "-enc", "UTF-8", "-", "-"], input=data, capture_output=True, check=True)
    return done.stdout.decode().split("\f")[:-1]


# What each point of the law looks like on the page: (point of protocol.brief_rules, words in Russian, words in Kazakh).
COMMON = (
    ("date", "22 ноября 2026 года", "2026 жылғы 22 қараша"),
    ("place", "город Алматы", "Алматы қаласы"),
    ("start", "начато в 09 час. 30 мин.", "09 сағат 30 минутта басталып"),
    ("end", "окончено в 09 час. 42 мин.", "09 сағат 42 минутта аяқталды"),
    ("judge", "Председательствующий судья: Сүлейменова А. Б.", "Төрағалық етуші судья: Сүлейменова А. Б."),
    ("secretary", "Секретарь судебного заседания: Қожахмет Н. Ү.", "Сот отырысының хатшысы: Қожахмет Н. Ү."),
    ("announced", "Об использовании записи объявлено в 09:30:03", "Жазбаның пайдаланылатыны жарияланды: 09:30:03"),
    ("files", "media/T01/mic-bench/0001.mp4", "media/T02/cam-judge/0012.mp4"),
    ("decision", "Судебный акт оглашён в 09:4", "Сот актісі жарияланды: 09:4"),
    ("appeal", "Порядок и срок обжалования разъяснены в 09:4", "Шағымдану тәртібі мен мерзімі түсіндірілді: 09:4"),
    ("final", "Дата составления протокола в окончательной форме:", "Хаттаманың түпкілікті нысанда жасалған күні:"),
    ("fault_reason", "причина: потеряна связь с устройством", "себебі: құрылғымен байланыс үзілді"),
)
CIVIL = (
    ("break_end", "Перерыв с 09:30:22 до 09:40:27 (до 09:40)", "Үзіліс 09:30:22–09:40:27 аралығында (09:40 дейін)"),
    ("new_date", "Перерывы и отложение разбирательства", "Үзілістер және істі қарауды кейінге қалдыру"),
    ("decision_final", "решение в окончательной форме – 29.11.2026", "шешім түпкілікті нысанда – 29.11.2026"),
)
ON_PAGE: dict[str, tuple[tuple[str, str, str], ...]] = {
    "gpk": (
        *COMMON,
        *CIVIL,
        ("court", "Алмалинский районный суд города Алматы", "Алматы қаласының Алмалы аудандық соты"),
        (
            "case",
            "Гражданское дело № 7512-26-00-2/1234: по иску Әбдіғұлова",
            "Азаматтық іс № 7512-26-00-2/1234: талапкер",
        ),
        (
            "appearance",
            "Не явились: свидетель Жүнісов Ғани Өмірұлы (извещён",
            "Келмегендер: куә Жүнісов Ғани Өмірұлы (10.11.2026",
        ),
    ),
    "appk": (
        *COMMON,
        *CIVIL,
        ("court", "межрайонный административный суд города Алматы", "Мамандандырылған ауданаралық әкімшілік сот"),
        ("case", "Административное дело № 7594-26-00-4/77", "Әкімшілік іс № 7594-26-00-4/77"),
        ("appearance", "Не явились: заинтересованное лицо Ғалымова Іңкәр", "Келмегендер: мүдделі тұлға Ғалымова Іңкәр"),
        ("transcript", "ходатайство поддерживаю", "Құрметті сот, өтінішхатты қолдаймын"),
    ),
    "upk": (
        *(row for row in COMMON if row[0] != "appeal"),  # УПК 347-1(2) does not name it
        ("court", "Алмалинский районный суд города Алматы", "Алматы қаласының Алмалы аудандық соты"),
        ("case", "Уголовное дело № 7514-26-00-1/309: по обвинению", "Қылмыстық іс № 7514-26-00-1/309"),
        (
            "identity",
            "Қуанышбеков Дәурен Ғабитұлы: дата рождения: 14.03.1991",
            "Қуанышбеков Дәурен Ғабитұлы: туған күні: 14.03.1991",
        ),
        (
            "appearance",
            "защитник Ибраев Ұлан Төлегенұлы; потерпевший Шәріпова",
            "қорғаушы Ибраев Ұлан Төлегенұлы; жәбірленуші Шәріпова",
        ),
        ("accused", "подсудимый Қуанышбеков Дәурен Ғабитұлы;", "сотталушы Қуанышбеков Дәурен Ғабитұлы;"),
        ("prosecutor", "государственный обвинитель Нұғманов", "мемлекеттік айыптаушы Нұғманов"),
        ("who_spoke", "свидетель Ким Виктор Андреевич", "куә Ким Виктор Андреевич"),
        ("places", "media/T02/mic-bench/0002.mp4, смещение 00:02.0", "media/T02/mic-bench/0002.mp4, ығысуы 00:02.0"),
        ("debates", "09:41:00 Судебные прения (ст. 383 УПК)", "09:41:00 Сот жарыссөзі (ҚПК 383-бабы)"),
        ("last_word", "Последнее слово подсудимого", "Сотталушының соңғы сөзі"),
        ("removal", "Удаление суда в совещательную комнату", "Соттың кеңесу бөлмесіне кетуі"),
        ("new_date", "Перерывы и отложение разбирательства", "Үзілістер және істі қарауды кейінге қалдыру"),
    ),
    "koap": (
        *COMMON,
        (
            "court",
            "Специализированный суд по административным правонарушениям",
            "құқық бұзушылықтар жөніндегі мамандандырылған сот",
        ),
        (
            "case",
            "Дело об административном правонарушении № 7527-26-00-3/5121",
            "Әкімшілік құқық бұзушылық туралы іс № 7527-26-00-3/5121",
        ),
        ("identity", "Өтегенов Жомарт Һамитұлы: дата рождения", "Өтегенов Жомарт Һамитұлы: туған күні"),
        ("born", "дата рождения: 02.09.1984", "туған күні: 02.09.1984"),
        ("residence", "место жительства: г. Алматы, мкр. Өжет", "тұрғылықты жері: Алматы қ., Өжет"),
        ("document", "удостоверяющий личность: удостоверение", "куәландыратын құжат: № 041234567"),
        ("iin", "ИИН: 840902300457", "ЖСН: 840902300457"),
        ("registration", "место регистрации: там же", "тіркелген жері: сол жерде"),
        ("workplace", "место работы: ТОО «Әлем Көлік»", "жұмыс орны: «Әлем Көлік» ЖШС"),
        (
            "appearance",
            "Явились: лицо, в отношении которого ведётся производство",
            "Келгендер: өзіне қатысты іс жүргізіліп жатқан тұлға",
        ),
        ("notified", "Петров Олег Юрьевич (извещён 18.11.2026)", "Петров Олег Юрьевич (18.11.2026 хабарланған)"),
        ("materials", "протокол № 264010, л. д. 2–9", "№ 264010 хаттама, і. п. 2–9"),
        ("remarks_right", "подать замечания разъяснено в 09:42:00", "ескертулер беру құқығы түсіндірілді: 09:42:00"),
        ("new_date", "Перерывы и отложение разбирательства", "Үзілістер және істі қарауды кейінге қалдыру"),
    ),
}
#: Points of a legal entity; the fixture's person is none.
ENTITY = {"legal_form", "seat", "registered", "bin", "bank"}


@pytest.mark.parametrize(("code", "language"), EIGHT)
def test_each_point_of_the_law_is_on_the_page(code: str, language: str) -> None:
    text = squeezed("".join(re.sub(r"\n[^\n]*\n?\Z", "", page) for page in pages(pdf(code, language))))
    rows = ON_PAGE[code]
    assert {point for point, _ru, _kk in rows} == {key for key, _law, _article in POINTS[code]} - ENTITY
    lacking = [point for point, ru, kk in rows if squeezed(kk if language == "kk" else ru) not in text]
    assert lacking == []


@pytest.mark.parametrize(("code", "language"), EIGHT)
def test_only_the_final_date_is_missing_and_then_nothing(code: str, language: str) -> None:
    drawn, _transcript = brief(code, language)
    assert [point.key for point in drawn.missing] == ["final"]
    done = confirm(drawn, "2026-11-25")
    texts = " ".join(document(done, language).texts())
    assert done.missing == ()
    assert {"ru": "25 ноября 2026 года", "kk": "2026 жылғы 25 қараша"}[language] in texts
    assert {"ru": "ПРОЕКТ", "kk": "ЖОБА"}[language] not in texts + document(done, language).footer


# One text, four forms


def of_html(document_: Document) -> str:
    page = re.sub(r"<head>.*?</head>|<div class=\"running\".*?</div>", "", render_page(document_), flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]*>", " ", page))


def of_json(document_: Document) -> str:
    """Every text of the JSON, by a reader of its own."""
    found: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, list):
            for item in value:
                walk(item)
        elif isinstance(value, dict):
            if value.get("block") == "line" and value["number"]:
                found.append(f"{value['number']}. ")
            for key in ("head", "text", "role", "under", "name", "left", "right", "columns", "rows", "spans"):
                if key in value:
                    found.append(value[key]) if isinstance(value[key], str) else walk(value[key])

    walk(json.loads(document_.to_json())["blocks"])
    return "".join(found)


def of_docx(data: bytes) -> str:
    read: DocxDocument = docx.Document(io.BytesIO(data))
    found: list[str] = []
    for item in read.iter_inner_content():
        if isinstance(item, Paragraph):
            found.append(item.text)
        elif isinstance(item, DocxTable):
            found += [cell.text for row in item.rows for cell in row.cells]
    return "\n".join(found)


def expected(document_: Document) -> str:
    return squeezed("".join(document_.texts()))


@pytest.mark.parametrize(("code", "language"), EIGHT)
def test_html_json_and_docx_say_the_same_in_the_same_order(code: str, language: str) -> None:
    drawn = filled(code, language)
    wanted = expected(drawn)
    assert len(wanted) > 3000
    assert squeezed(of_html(drawn)) == wanted
    assert squeezed(of_json(drawn)) == wanted
    assert squeezed(of_docx(render_docx(drawn))) == wanted


@pytest.mark.parametrize(("code", "language"), EIGHT)
def test_the_pdf_says_the_same(code: str, language: str) -> None:
    """Each paragraph and cell in order; what is left over is the foot of each page and the heads of tables that go on."""
    drawn = filled(code, language)
    left = ""
    text = ""
    for page in pages(pdf(code, language)):
        foot = squeezed(drawn.footer)
        assert foot in squeezed(page)
        text += re.sub(re.escape(foot) + r"\d+/\d+", "", squeezed(page))
    at = 0
    for piece in (squeezed(piece) for piece in drawn.texts()):
        found = text.find(piece, at)
        assert found >= 0, piece
        left += text[at:found]
        at = found + len(piece)
    heads = "".join(
        squeezed(column.head) for block in drawn.blocks if isinstance(block, Table) for column in block.columns
    )
    assert not Counter(left + text[at:]) - Counter(heads * len(pages(pdf(code, language))))


@pytest.mark.parametrize(("code", "language"), EIGHT)
def test_the_pdf_keeps_the_clauses_of_pdf_a(code: str, language: str) -> None:
    assert findings(pdf(code, language)) == []


def test_every_kazakh_letter_can_be_read_out_of_the_pdf() -> None:
    text = "".join(page for code, language in EIGHT if language == "kk" for page in pages(pdf(code, language)))
    assert set(KAZAKH) <= set(text)
    line = render_pdf(
        f'<html lang="kk"><head><title>x</title></head><body><p>{KAZAKH} <b>{KAZAKH}</b> <span class="file" style="font-family: Court Mono">{KAZAKH}</span></p></body></html>'
    )
    assert squeezed("".join(pages(line))).count(KAZAKH) == 3


@pytest.mark.parametrize(("code", "language"), EIGHT)
def test_no_heading_ends_a_page_and_no_signature_begins_one(code: str, language: str) -> None:
    drawn = filled(code, language)
    headings = {
        squeezed(plain(block.spans)) for block in drawn.blocks if isinstance(block, Line) and block.kind == "heading"
    }
    signers = tuple(squeezed(plain(block.role)) for block in drawn.blocks if isinstance(block, Signature))
    for page in pages(pdf(code, language)):
        lines = [squeezed(line) for line in page.splitlines()]
        lines = [
            line for line in lines if line and not re.fullmatch(re.escape(squeezed(drawn.footer)) + r"|\d+/\d+", line)
        ]
        assert lines[-1] not in headings
        assert not lines[0].startswith(signers)


@pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed (libreoffice-writer-nogui)")
def test_libreoffice_reads_the_same_text_out_of_the_docx(tmp_path: Path) -> None:
    assert OFFICE is not None
    for code, language in EIGHT:
        (tmp_path / f"{code}.{language}.docx").write_bytes(render_docx(filled(code, language)))
    command = [
        OFFICE,
        "--headless",
        "--norestore",
        f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}",
        "--convert-to",
        "txt:Text (encoded):UTF8",
        "--outdir",
        str(tmp_path / "out"),
    ]
    done = subprocess.run(
        [*command, *map(str, sorted(tmp_path.glob("*.docx")))], capture_output=True, text=True, check=False, timeout=280
    )
    assert done.returncode == 0, done.stderr
    for code, language in EIGHT:
        text = (tmp_path / "out" / f"{code}.{language}.txt").read_text(encoding="utf-8-sig")
        assert squeezed(text) == expected(filled(code, language))


# The full protocol


@pytest.mark.parametrize(("code", "language"), EIGHT)
def test_a_rejected_recording_opens_the_full_form(code: str, language: str) -> None:
    drawn, _transcript = brief(code, language)
    rejected = replace(drawn, form="full", rejected="<b>ничего не слышно</b>")
    full = document(rejected, language)
    texts = list(full.texts())
    assert texts[1] == {"ru": "ПРОТОКОЛ", "kk": "СОТ ОТЫРЫСЫНЫҢ"}[language]
    assert any("<b>ничего не слышно</b>" in text for text in texts)
    assert sum(type(block).__name__ == "Ruled" for block in full.blocks) >= len(drawn.course)
    assert "&lt;b&gt;" in render_page(full)
    data = render_docx(full)
    assert squeezed(of_docx(data)) == expected(full)
    assert squeezed(of_html(full)) == expected(full)


def test_the_same_document_gives_the_same_docx() -> None:
    drawn: Brief = brief("upk", "kk")[0]
    assert render_docx(document(drawn, "kk")) == render_docx(document(drawn, "kk"))
