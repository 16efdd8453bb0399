"""Words as the archive's search knows them: one way to cut a text into words for both databases, and what a person types made into a query.

A word is a run of letters and digits, folded: NFC, lower case, «ё» as «е». Kazakh letters stay what they are («Ә» is not «А»). There is no
stemming: Kazakh has no list of endings that a court could check, so a person asks for the beginning of a word instead (``взыска*``).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

MOST_TERMS = 20  # of a query; more are passed over
LONGEST = 60  # letters of a word that are kept
SHORTEST = 3  # letters of a beginning; a shorter one is a word of its own
_WORD = re.compile(r"[^\W_]+")
_TERM = re.compile(r'"([^"]*)"?|(\S+)')


def words_of(text: str) -> list[str]:
    """The text's words, folded, in their order."""
    folded = unicodedata.normalize("NFC", text).casefold().replace("ё", "е")
    return [word[:LONGEST] for word in _WORD.findall(unicodedata.normalize("NFC", folded))]


@dataclass(frozen=True)
class Term:
    """Something that must stand in the text.

    Attributes:
        words: one word, or several in a row.
        prefix: the last of them may go on.
    """

    words: tuple[str, ...]
    prefix: bool = False


def terms_of(text: str, *, prefix: bool = False) -> list[Term]:
    """What a person typed: words, ``"exact phrases"``, ``begin*``.

    A word of several pieces (``7512-26-00``) is looked for as a phrase.

    Args:
        text: as typed.
        prefix: every word but a number may go on, not only one with a star.

    Returns:
        The terms that must all stand in a text; empty if there is no word in it.
    """
    terms = []
    for phrase, plain in _TERM.findall(text):
        starred = plain.endswith("*")
        if words := words_of(phrase or plain):
            goes_on = starred or (prefix and not words[-1].isdecimal())
            terms.append(Term(tuple(words), bool(plain) and goes_on and len(words[-1]) >= SHORTEST))
    return terms[:MOST_TERMS]


def match_spans(text: str, terms: list[Term]) -> set[int]:
    """Numbers of the words, separated by white space, that a term covers."""
    words: list[str] = []
    places: list[int] = []
    for place, piece in enumerate(text.split()):
        for word in words_of(piece):
            words.append(word)
            places.append(place)
    return {
        places[at + more]
        for at in range(len(words))
        for term in terms
        if _stands(words[at : at + len(term.words)], term)
        for more in range(len(term.words))
    }


def _stands(words: list[str], term: Term) -> bool:
    if tuple(words) == term.words:
        return True
    whole = len(words) == len(term.words) and tuple(words[:-1]) == term.words[:-1]
    return term.prefix and whole and words[-1].startswith(term.words[-1])
