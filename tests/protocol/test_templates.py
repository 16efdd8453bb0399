"""Templates of the court: the language, what is refused with file and line, whose file is used."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocol.brief_fields import values
from protocol.brief_names import CATALOGUE
from protocol.brief_rules import SHOWN, points_of
from protocol.brief_templates import SHIPPED, Templates, required
from protocol.documents import BadTemplate, document
from protocol.paper.blocks import Line, Pair, Ruled, Sheet, Signature, Table, plain
from protocol.paper.checking import load
from protocol.paper.filling import fill
from protocol.paper.language import FIRST_LINE, WORDS, parse
from protocol.paper.names import Catalogue, Requirement, Values
from tests.protocol.cases import brief

NAMES = Catalogue(
    texts={"judge": "", "city": "", "empty": ""},
    flags={"draft": ""},
    lists={"people": "", "none": ""},
    items={"people": {"name": "", "note": ""}, "none": {"name": ""}},
)
VALUES = Values(
    texts={"judge": "А. {city} **Б**", "city": "Алматы", "empty": " "},
    flags={"draft": True},
    lists={"people": ({"name": "В", "note": "г"}, {"name": "Д", "note": ""}), "none": ()},
)


def filled(text: str, *required_: Requirement) -> list[object]:
    template = load("t.txt", f"{FIRST_LINE}\n{text}", lambda _name: None, NAMES, required_)
    return list(fill(template, VALUES, blank="нет", under="подпись"))


def texts(text: str) -> list[str]:
    return [plain(block.spans) for block in filled(text) if isinstance(block, Line)]


def test_lines_become_blocks() -> None:
    blocks = filled(
        "# a remark\n\n%title T\n%pair {city} | right\n%table 10mm A | B\n%row {judge} | x || y\n%end\n%sign Судья | {judge}\n%lines 3\n%page landscape\nend"
    )
    assert [type(block) for block in blocks] == [Line, Pair, Table, Signature, Ruled, Sheet, Line]
    table = blocks[2]
    assert isinstance(table, Table)
    assert [(column.head, column.width_mm) for column in table.columns] == [("A", 10), ("B", None)]
    assert [plain(cell) for cell in table.rows[0]] == ["А. {city} **Б**", "x | y"]


def test_a_value_is_never_read_as_an_instruction() -> None:
    assert texts("{judge}") == ["А. {city} **Б**"]
    assert texts("%if judge\n%item {judge}\n%end") == ["А. {city} **Б**"]


def test_styles_blanks_and_optional_text() -> None:
    (line,) = filled("**Суд:** {empty}, `{city}`")
    assert isinstance(line, Line)
    assert [(span.text, span.style) for span in line.spans] == [
        ("Суд:", "bold"),
        (" ", ""),
        ("нет", "blank"),
        (", ", ""),
        ("Алматы", "file"),
    ]
    assert texts("a[ ({empty})]b[ ({city})] {{x}} [[y]] 2 * 2") == ["ab (Алматы) {x} [y] 2 * 2"]


def test_conditions_and_repetitions() -> None:
    assert texts("%if draft\nda\n%else\nnet\n%end\n%unless empty\nleer\n%end\n%if none\nx\n%end") == ["da", "leer"]
    assert texts("%each people\n%item {people.name}[, {people.note}] {city}\n%end") == ["В, г Алматы", "Д Алматы"]
    items = [
        block.number
        for block in filled("%each people\n%item {people.name}\n%end\nx\n%item again")
        if isinstance(block, Line)
    ]
    assert items == [1, 2, 0, 1]


def test_a_table_without_rows_is_left_out() -> None:
    assert filled("%table A\n%each none\n%row {none.name}\n%end\n%end") == []


WRONG = (
    ("%titel X", 2, "no instruction %titel"),
    ("%title", 2, "no text"),
    ("ok\n{jugde}", 3, "Is judge meant"),
    ("{people.name}", 2, "stands outside its list"),
    ("%each people\n{people.nmae}\n%end", 3, "Is people.name meant"),
    ("{draft}", 2, "no text but a condition"),
    ("{people}", 2, "is a list"),
    ("%each judge\n%end", 2, "no list"),
    ("%each people\n%each people\n%end\n%end", 3, "%each stands within %each"),
    ("%if drafd\n%end", 2, "no name"),
    ("x\n%if draft\ny", 3, "not ended"),
    ("%end", 2, "without a block"),
    ("%if draft\n%else\n%else\n%end", 4, "two %else"),
    ("%each people\n%else\n%end", 3, "no %else"),
    ("%end now", 2, "stands alone"),
    ("%table A | B\n%row 1\n%end", 3, "1 cells, the table 2"),
    ("%table A\ntext\n%end", 3, "stands in a table"),
    ("%table A {judge}\n%end", 2, "head has a name"),
    ("%table A\n%else\n%end", 3, "no %else"),
    ("%pair one", 2, "%pair LEFT | RIGHT"),
    ("%lines many", 2, "%lines 5"),
    ("%lines 50", 2, "%lines 5"),
    ("%page round", 2, "%page upright"),
    ("%include ../secret", 2, "%include head"),
    ("%include nothing", 2, "no part"),
    ("{judge", 2, "stands alone"),
    ("judge}", 2, "stands alone"),
    ("{Judge Name}", 2, "is not a name"),
    ("{judge.__class__.x}", 2, "is not a name"),
    ("[judge]", 2, "no optional text"),
    ("[a [b {judge}]]", 2, "[ stands within"),
    ("[{judge}", 2, "[ is not ended"),
    ("**bold", 2, "is not ended"),
    ("x" * 5000, 2, "too long"),
    ("%if draft\n" * 9, 10, "too many blocks"),
)


@pytest.mark.parametrize(("text", "line", "said"), WRONG)
def test_a_wrong_template_is_refused_with_its_line(text: str, line: int, said: str) -> None:
    with pytest.raises(BadTemplate) as caught:
        filled(text)
    assert (caught.value.file, caught.value.line) == ("t.txt", line)
    assert said in str(caught.value)
    assert caught.value.remedy
    assert str(caught.value).startswith(f"t.txt:{line}: ")


def test_a_file_that_is_no_template_is_refused() -> None:
    for text in ("", "<html>", "%hattama-template 2\nx"):
        with pytest.raises(BadTemplate, match="first line"):
            parse("t.txt", text)
    with pytest.raises(BadTemplate, match="too many lines"):
        parse("t.txt", FIRST_LINE + "\n" * 2001)


def test_a_template_that_hides_what_the_law_wants_is_refused() -> None:
    wanted = Requirement(("judge",), "подп. 3) ч. 2 ст. 282 ГПК")
    with pytest.raises(BadTemplate, match=r"nothing shows \{judge\}.*282 ГПК"):
        filled("{city}", wanted)
    assert filled("{judge}", wanted)


# The shipped ones, and the court's own


def test_every_shipped_template_is_good_and_used() -> None:
    assert list(Templates().check()) == []
    parts = {path.name.split(".")[0].removeprefix("part-") for path in SHIPPED.glob("part-*")}
    included = {
        line.split()[1]
        for path in SHIPPED.glob("*.txt")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.startswith("%include ")
    }
    assert parts == included
    assert len(list(SHIPPED.glob("brief.*.txt"))) == len(list(SHIPPED.glob("full.*.txt"))) == 8


def test_both_languages_of_a_template_have_the_same_skeleton() -> None:
    for path in SHIPPED.glob("part-*.ru.txt"):
        kazakh = path.with_name(path.name.replace(".ru.", ".kk."))
        words = [
            [line.split()[0] for line in file.read_text(encoding="utf-8").splitlines() if line.startswith("%")]
            for file in (path, kazakh)
        ]
        assert words[0] == words[1], path.name


def test_every_point_says_what_a_template_must_show() -> None:
    for code in ("gpk", "upk", "appk", "koap"):
        for key, _law, _article in points_of(code):
            names = SHOWN.get(key, ())
            for name in names:
                first, _, second = name.partition(".")
                assert second in CATALOGUE.items[first] if second else name in CATALOGUE.texts
        assert {"{" + item.names[0] + "}" for item in required("brief", code, "kk")}


@pytest.mark.parametrize("language", ["ru", "kk"])
def test_every_name_of_the_catalogue_has_a_value(language: str) -> None:
    drawn, transcript = brief("appk", language)
    found = values(drawn, language, transcript)
    assert set(found.texts) == set(CATALOGUE.texts)
    assert set(found.flags) == set(CATALOGUE.flags)
    assert set(found.lists) == set(CATALOGUE.lists) == set(CATALOGUE.items)
    for name, items in found.lists.items():
        assert all(set(item) == set(CATALOGUE.items[name]) for item in items)
    assert not set(CATALOGUE.texts) & set(CATALOGUE.flags) | set(CATALOGUE.texts) & set(CATALOGUE.lists)


def test_the_courts_file_is_used_and_parts_may_be_its_own(tmp_path: Path) -> None:
    shipped = (SHIPPED / "brief.gpk.ru.txt").read_text(encoding="utf-8")
    (tmp_path / "brief.gpk.ru.txt").write_text(shipped + "Дело хранится в канцелярии № 2.\r\n", encoding="utf-8-sig")
    (tmp_path / "part-court.ru.txt").write_text(
        f"{FIRST_LINE}\n**Алмалинский суд:** {{court}}; {{judge}}; {{secretary}}\n", encoding="utf-8"
    )
    templates = Templates(tmp_path)
    assert list(templates.check()) == []
    texts = list(document(brief("gpk", "ru")[0], "ru", templates=templates).texts())
    assert texts[-1] == "Дело хранится в канцелярии № 2."
    assert any(text.startswith("Алмалинский суд: Алмалинский районный") for text in texts)
    assert "Алмалинский суд:" not in " ".join(document(brief("gpk", "kk")[0], "kk", templates=templates).texts())


def test_the_courts_mistakes_are_named_before_a_hearing_ends(tmp_path: Path) -> None:
    (tmp_path / "brief.upk.kk.txt").write_bytes("%hattama-template 1\nқ\n".encode("utf-16"))
    (tmp_path / "brief.koap.ru.txt").write_text(f"{FIRST_LINE}\n{{date}} {{judge}}\n", encoding="utf-8")
    (tmp_path / "part-end.kk.txt").write_text(f"{FIRST_LINE}\n%include end\n", encoding="utf-8")
    (tmp_path / "kratkiy.txt").write_text("x", encoding="utf-8")
    said = [str(error) for error in Templates(tmp_path).check()]
    assert any("brief.upk.kk.txt:1: the file is not UTF-8" in text for text in said)
    assert any("brief.koap.ru.txt: nothing shows {city}" in text and "829-13" in text for text in said)
    assert any("part-end.kk.txt:2" in text and "includes itself" in text for text in said)
    assert any("kratkiy.txt: no protocol would use" in text for text in said)
    assert [str(error).partition(": ")[2][:20] for error in Templates(tmp_path / "gone").check()] == [
        "there is no such fold"[:20]
    ]


def test_every_instruction_is_in_the_documentation() -> None:
    page = (Path(__file__).parents[2] / "docs" / "brief-protocol.md").read_text(encoding="utf-8")
    assert [word for word in WORDS if f"`%{word}" not in page] == []
    names = [
        *CATALOGUE.texts,
        *CATALOGUE.flags,
        *CATALOGUE.lists,
        *(f"{name}.{item}" for name in ("course", "files", "missing") for item in CATALOGUE.items[name]),
    ]
    assert [name for name in names if f"`{name}`" not in page] == []
