"""Words and queries of the search: pure, so that both databases get the same."""

from __future__ import annotations

import pytest

from storage.archive.search_pages import excerpt
from storage.archive.words import Term, match_spans, terms_of, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Суд идёт!", ["суд", "идет"]),
        ("ЁЛКА елка", ["елка", "елка"]),
        ("Әлия мен Қожахмет Ү. Ғ. Һ", ["әлия", "мен", "қожахмет", "ү", "ғ", "һ"]),
        ("7512-26-00-2/1234", ["7512", "26", "00", "2", "1234"]),
        ("й и\u0306", ["й", "й"]),  # composed and not
        ("a_b % * \"'\\ | & ! <->", ["a", "b"]),
        ("x" * 100, ["x" * 60]),
        ("", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


@pytest.mark.parametrize(
    ("typed", "terms"),
    [
        ("суд идёт", [Term(("суд",)), Term(("идет",))]),
        ('"суд идёт" взыска*', [Term(("суд", "идет")), Term(("взыска",), prefix=True)]),
        ('"суд идёт', [Term(("суд", "идет"))]),
        ("7512-2612*", [Term(("7512", "2612"), prefix=True)]),
        ("вз* а*", [Term(("вз",)), Term(("а",))]),  # too short a beginning
        ('* ** "" %', []),
        ("a " * 50, [Term(("a",))] * 20),
    ],
)
def test_queries(typed: str, terms: list[Term]) -> None:
    assert terms_of(typed) == terms


def test_what_was_found_is_marked_and_the_rest_cut() -> None:
    text = "Прошу взыскать с ответчика сумму основного долга и неустойку."
    assert match_spans(text, terms_of('"основного долга" неусто*')) == {5, 6, 8}
    assert excerpt(text, terms_of("ответчика"), 1) == [
        ("… с", False),
        ("ответчика", True),
        ("сумму", False),
        ("…", False),
    ]
    assert excerpt("", terms_of("x")) == []
    assert excerpt("слово", []) == [("слово", False)]
