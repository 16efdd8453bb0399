"""Stages of a hearing: the codes that a secretary marks with one key, by procedural code.

Each stage has a title in Russian, Kazakh and English and the article of law that prescribes it. The journal's
``stage`` lines carry the code only; titles come from here, so a wording can be mended without touching a record.

Sources: ГПК ch. 18 (art. 187 to 223), УПК art. 347-1 and 350 to 402, АППК art. 147 (hearings follow the rules of ГПК),
КоАП art. 829-12 and 829-13. Where КоАП prescribes no article for an action, its place in the protocol is cited.
The tables stand in ``stages.tsv`` (``key``: ``-`` for none; ``person``: the stage is usually about one participant); АППК has
the stages of ГПК. The Kazakh titles follow the wording of the codes; a court lawyer who speaks Kazakh should still read them once.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).with_name("stages.tsv")

#: Procedural codes, as ``case.code`` of the journal names them.
CODES = ("gpk", "upk", "appk", "koap")

#: Languages every title exists in.
LANGUAGES = ("ru", "kk", "en")

#: Short names of the codes.
LAW_NAMES: dict[str, dict[str, str]] = {
    "gpk": {"ru": "ГПК", "kk": "АПК", "en": "CPC"},
    "upk": {"ru": "УПК", "kk": "ҚПК", "en": "CrPC"},
    "appk": {"ru": "АППК", "kk": "ӘРПК", "en": "APPC"},
    "koap": {"ru": "КоАП", "kk": "ӘҚБтК", "en": "CoAO"},
}

_ARTICLE = re.compile(r"(?P<article>\d+(?:-\d+)?)(?:\((?P<part>\d+(?:-\d+)?)\)(?P<point>\d+(?:-\d+)?)?)?\Z")


@dataclass(frozen=True)
class Stage:
    """One kind of stage that can be marked.

    Attributes:
        code: stable name, ``[A-Z][A-Z_]*``, as it stands in the journal.
        ru: title in Russian.
        kk: title in Kazakh.
        en: title in English.
        law: procedural code of ``article``, one of :data:`CODES`.
        article: article of law, for instance ``189(1)``.
        key: suggested key, ``0``-``9`` or ``A``-``Z`` (the physical key of a Latin keyboard, so that the same finger
            works in the Kazakh and Russian layouts), or None; unique within one procedural code.
        person: whether the stage is usually about one participant (a witness, who made a motion).
    """

    code: str
    ru: str
    kk: str
    en: str
    law: str
    article: str
    key: str | None
    person: bool

    def title(self, language: str) -> str:
        """Title in ``ru``, ``kk`` or ``en``.

        Raises:
            KeyError: another language.
        """
        return {"ru": self.ru, "kk": self.kk, "en": self.en}[language]

    def citation(self, language: str) -> str:
        """The article as a person writes it, for instance ``ст. 189(1) ГПК``."""
        return cite(self.law, self.article, language)


def cite(law: str, article: str, language: str) -> str:
    """An article of a procedural code in words.

    ``282(2)16`` is sub-point 16 of part 2 of article 282: ``подп. 16) ч. 2 ст. 282 ГПК``,
    ``АПК 282-бабы 2-бөлігінің 16) тармақшасы``, ``CPC art. 282(2) 16)``. Lists and ranges (``208–209``) stay as they are.

    Raises:
        KeyError: an unknown code or language.
    """
    name = LAW_NAMES[law][language]
    found = _ARTICLE.match(article)
    if found is None:  # a list or a range
        return {"ru": f"ст. {article} {name}", "kk": f"{name} {article}-баптары", "en": f"{name} art. {article}"}[
            language
        ]
    number, part, point = found["article"], found["part"], found["point"]
    if language == "ru":
        return (f"подп. {point}) " if point else "") + (f"ч. {part} " if part else "") + f"ст. {number} {name}"
    if language == "kk":
        if not part:
            return f"{name} {number}-бабы"
        return (
            f"{name} {number}-бабы {part}-бөлігінің {point}) тармақшасы"
            if point
            else f"{name} {number}-бабының {part}-бөлігі"
        )
    return f"{name} art. {article}" if not point else f"{name} art. {number}({part}) {point})"


@cache
def stages(code: str) -> tuple[Stage, ...]:
    """The stages of a procedural code, in the order in which a hearing usually meets them.

    Raises:
        KeyError: not one of :data:`CODES`.
    """
    return _tables()["gpk" if code == "appk" else code]


@cache
def _tables() -> dict[str, tuple[Stage, ...]]:
    found: dict[str, list[Stage]] = {}
    with _TABLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, dialect="excel-tab"):
            key = None if row["key"] == "-" else row["key"]
            item = Stage(
                row["code"], row["ru"], row["kk"], row["en"], row["law"], row["article"], key, row["person"] == "yes"
            )
            found.setdefault(row["law"], []).append(item)
    return {law: tuple(items) for law, items in found.items()}


def stage(code: str, stage_code: str) -> Stage:
    """One stage.

    Raises:
        KeyError: the procedural code has no such stage.
    """
    return _by_code(code)[stage_code]


@cache
def _by_code(code: str) -> dict[str, Stage]:
    return {item.code: item for item in stages(code)}
