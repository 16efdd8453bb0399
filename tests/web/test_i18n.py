from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from web import messages
from web.errors import CatalogueError
from web.i18n import LANGUAGES, Catalogues, catalogues, choose_language, fill, from_us


def test_every_text_is_translated_and_none_is_unused() -> None:
    assert messages.faults() == []


def test_the_reader_of_sources_finds_python_templates_and_typescript() -> None:
    found = messages.used()
    assert "web/signin.py" in found["The name or the password is wrong."]
    assert "web/templates/sign-in.html" in found["Password"]
    assert any(path.endswith(".ts") for path in found["NOT RECORDING"])


def test_finished_and_in_camera_are_two_words() -> None:
    # ГПК 222(3) calls the end of a hearing «закрытым», 19(8) a hearing in camera «закрытое»: no page may use one word for both.
    for language in LANGUAGES:
        lang = catalogues().translator(language)
        root = {"ru": "закрыт", "kk": "жабық", "en": "in camera"}[language]
        assert root in lang("Hearing in camera").lower()
        assert not [text for text in ("Finished", "Finish", "Finish the hearing", "The recording is closed.") if root in lang(text).lower()]


@pytest.mark.parametrize(
    ("chosen", "accept", "expected"),
    [
        (None, None, "kk"),
        (None, "", "kk"),
        ("ru", "en", "ru"),
        ("xx", "en-GB,en;q=0.9", "en"),
        (None, "de,ru;q=0.5,kk;q=0.4", "ru"),
        (None, "ru;q=0.5,en;q=0.8", "en"),
        (None, "en;q=0,ru;q=0.1", "ru"),
        (None, "EN-us", "en"),
        (None, "ru;q=nonsense", "kk"),
        (None, "," * 5000, "kk"),
        (None, "*", "kk"),
    ],
)
def test_the_language_is_the_choice_else_the_browsers_else_kazakh(chosen: str | None, accept: str | None, expected: str) -> None:
    assert choose_language(chosen, accept) == expected


def test_values_are_put_in_and_a_slip_breaks_nothing() -> None:
    assert fill("{a} and {b}", {"a": 1}) == "1 and {b}"
    assert fill("{a.__class__} {0} {", {"a": 1}) == "{a.__class__} {0} {"


def test_times_are_the_courts() -> None:
    moment = datetime(2026, 11, 22, 20, 30, tzinfo=UTC)
    assert catalogues().translator("ru").date(moment).split() == ["23", "ноября", "2026", "г."]
    assert catalogues().translator("kk").date(moment).split() == ["2026", "ж.", "23", "қараша"]
    assert catalogues().translator("kk").time(moment) == "01:30"
    assert "23" in catalogues().translator("en").date_time(moment)
    assert from_us(1_000_001).microsecond == 1
    assert catalogues().translator("ru").number(1234.5).split() == ["1", "234,5"]


def write(folder: Path, name: str, body: str, language: str = "ru") -> None:
    path = folder / language / "LC_MESSAGES" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n{body}', encoding="utf-8")


def test_two_files_are_put_together(tmp_path: Path) -> None:
    write(tmp_path, "a.po", 'msgid "One"\nmsgstr "Один"\n')
    write(tmp_path, "b.po", 'msgid "Two"\nmsgstr "Два"\n\nmsgid "One"\nmsgstr "Один"\n')
    lang = Catalogues(tmp_path).translator("ru")
    assert (lang("One"), lang("Two"), lang("Three")) == ("Один", "Два", "Three")


def test_two_files_that_contradict_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "a.po", 'msgid "One"\nmsgstr "Один"\n')
    write(tmp_path, "b.po", 'msgid "One"\nmsgstr "Раз"\n')
    with pytest.raises(CatalogueError, match=r"b\.po"):
        Catalogues(tmp_path)


def test_a_broken_file_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "a.po", 'msgid "One"\nnonsense\n')
    with pytest.raises(CatalogueError, match=r"a\.po"):
        Catalogues(tmp_path)


def test_an_unsure_translation_is_not_used(tmp_path: Path) -> None:
    write(tmp_path, "a.po", '#, fuzzy\nmsgid "One"\nmsgstr "Один"\n')
    assert Catalogues(tmp_path).translator("ru")("One") == "One"


def test_a_fault_is_named(tmp_path: Path) -> None:
    for language in LANGUAGES:
        write(tmp_path, "a.po", 'msgid "Nobody {says} this"\nmsgstr "{other}"\n', language)
    found = messages.faults(folder=tmp_path)
    assert "ru: unused: 'Nobody {says} this'" in found
    assert "kk: other values than the text's: 'Nobody {says} this'" in found
    assert any(fault.startswith("en: missing: 'Password'") for fault in found)
