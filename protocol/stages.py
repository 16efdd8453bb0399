"""Stages of a hearing: the codes that a secretary marks with one key, by procedural code.

Each stage has a title in Russian, Kazakh and English and the article of law that prescribes it. The journal's
``stage`` lines carry the code only; titles come from here, so a wording can be mended without touching a record.

Sources: ГПК ch. 18 (art. 187 to 223), УПК art. 347-1 and 350 to 402, АППК art. 147 (hearings follow the rules of ГПК),
КоАП art. 829-12 and 829-13. Where КоАП prescribes no article for an action, its place in the protocol is cited.
The Kazakh titles follow the wording of the codes; a court lawyer who speaks Kazakh should still read them once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from protocol import stage_tables

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
    """An article of a procedural code in words: ``ст. 190 ГПК``, ``АПК 190-бабы``, ``CPC art. 190``.

    Raises:
        KeyError: an unknown code or language.
    """
    name = LAW_NAMES[law][language]
    if language == "ru":
        return f"ст. {article} {name}"
    if language == "kk":
        number, bracket, rest = article.partition("(")
        return f"{name} {number}-бабы" + (f" {bracket}{rest}" if bracket else "")
    return f"{name} art. {article}"


@cache
def stages(code: str) -> tuple[Stage, ...]:
    """The stages of a procedural code, in the order in which a hearing usually meets them.

    Raises:
        KeyError: not one of :data:`CODES`.
    """
    return tuple(Stage(*row) for row in stage_tables.TABLES[code])


def stage(code: str, stage_code: str) -> Stage:
    """One stage.

    Raises:
        KeyError: the procedural code has no such stage.
    """
    return _by_code(code)[stage_code]


@cache
def _by_code(code: str) -> dict[str, Stage]:
    return {item.code: item for item in stages(code)}
