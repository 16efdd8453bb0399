"""Numbers as a court writes them: tables of what is said and written, and every number there and back."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.transcript import Word
from tests.support.number_words import say
from transcription.written_forms import written, written_text
from transcription.written_forms_en import WORDS as EN
from transcription.written_forms_kk_words import WORDS as KK
from transcription.written_forms_numbers import listed, parse_all
from transcription.written_forms_ru_words import WORDS as RU

TABLES = Path(__file__).parent.parent / "assets" / "written_forms"


def cases(language: str) -> list[tuple[str, str]]:
    lines = [line.strip() for line in (TABLES / f"{language}.txt").read_text("utf-8").splitlines()]
    pairs = [line.partition(" = ")[::2] for line in lines if line and not line.startswith("#")]
    return [(said, (form or said).replace("_", "\u00a0")) for said, form in pairs]


TABLE = [
    pytest.param(language, *case, id=f"{language}: {case[0]}")
    for language in ("ru", "kk", "en")
    for case in cases(language)
]


@pytest.mark.parametrize(("language", "said", "form"), TABLE)
def test_as_a_court_writes_it(language: str, said: str, form: str) -> None:
    assert written_text(said, language) == form


def test_the_tables_are_long_enough_and_no_case_stands_twice() -> None:
    for language in ("ru", "kk"):
        said = [case[0] for case in cases(language)]
        assert len(said) == len(set(said)) >= 120
        assert sum(a == b for a, b in cases(language)) >= 40


def word(text: str, start: int, probability: int | None = 900, timing: str = "measured") -> Word:
    return Word(text, start, start + 80, probability, 0, "spread" if timing == "spread" else "measured")


def test_the_words_that_were_said_and_their_time_stay_beside() -> None:
    said = [word("«Двадцать", 100), word("пять", 200, 700), word("тысяч", 300), word("тенге»,", 400)]
    assert written(said, "ru") == (
        Word("«25\u00a0000", 100, 380, 700, 0, spoken="«Двадцать пять тысяч"),
        said[3],
    )
    unsure = [
        word("екі", 0, None, "spread"),
        word("жүз", 90, None),
        word("бірінші", 180, None),
        word("баптың.", 270, None),
    ]
    assert written(unsure, "kk") == (Word("201-баптың.", 0, 350, None, 0, "spread", "екі жүз бірінші баптың."),)
    assert written(said, "de") == tuple(said)
    assert written(said, None) == tuple(said)
    assert written([], "ru") == ()


SOME = st.sampled_from(
    listed(
        "статья часть пункт тенге августа года процентов целых десятых ИИН телефон дефис в до от и один две пять десять сорок сто тысяча тысяч миллион "
        "вторая третьей пятого двадцать двадцатый полтора ноль свидетель бап баптың бөлігі жылғы тамыз теңге сағат бүтін оннан үштен бір екі он жүз мың "
        "екінші отызда дефис жарым article hundred and twenty fifth percent of 25 - « ,. !"
    )
)


@given(
    st.lists(st.tuples(SOME, st.sampled_from(["", "", "", ",", ".", "»"])).map("".join), max_size=14),
    st.sampled_from(["ru", "kk", "en"]),
)
def test_whatever_is_said_nothing_is_lost_and_it_can_be_undone(texts: list[str], language: str) -> None:
    words = [word(text, 100 * n) for n, text in enumerate(texts)]
    made = written(words, language)
    assert [text for one in made for text in (one.spoken or one.text).split()] == texts
    assert all(a.start_us < b.start_us and a.end_us <= b.start_us for a, b in itertools.pairwise(made))
    assert [(w.start_us, w.end_us) for w in made if w.spoken is None] == [
        (w.start_us, w.end_us) for w in words if any(w is one for one in made)
    ]
    for one in made:  # only where a number was said do figures stand that nobody gave
        if one.spoken is not None:
            assert re.search(r"\d", one.text)
    assert written(made, language) == made


NUMBERS = st.integers(0, 10**9) | st.integers(0, 3000)


@given(NUMBERS, st.sampled_from(["ru", "kk", "en"]))
def test_a_number_in_words_is_that_number(value: int, language: str) -> None:
    lexicon = {"ru": RU, "kk": KK, "en": EN}[language]
    (found,) = parse_all(say(value, language).split(), lexicon)
    assert (found.value, found.ordinal) == (value, False)
    form = written_text(say(value, language), language)
    figures = re.sub(r"[\u00a0,]", "", form)
    single = " " not in say(value, language) and "-" not in say(value, language)
    assert form == say(value, language) if single or (language, value) == ("kk", 300) else figures == str(value)


def test_figures_that_an_engine_wrote_are_left_alone() -> None:
    for text in ("статья 282 часть 4", "25 тысяч тенге", "20 пять процентов", "282-бап", "25 мың теңге", "10:30 утра"):
        assert written_text(text, "ru") == text
        assert written_text(text, "kk") == text
