"""The evaluation as one page: HTML, style and pictures in a file that needs nothing else and runs nothing."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from transcription.evaluation import pictures
from transcription.evaluation.measuring import Evaluation, Recording, Result
from transcription.evaluation.words import SWITCH, UNKNOWN, Errors
from web.i18n import N_, Translator, catalogues

_LANGUAGES = {"kk": N_("Kazakh"), "ru": N_("Russian"), "en": N_("English"), UNKNOWN: N_("language not named")}


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(found: Evaluation, language: str) -> str:
    """The page.

    Args:
        found: what was measured.
        language: of the page: kk, ru, en.
    """
    lang = catalogues().translator(language)
    return (
        _environment()
        .get_template("evaluation.html")
        .render(
            lang=lang,
            language=lang.language,
            found=found,
            demonstration=any(model.demonstration for model in found.models),
            overview=pictures.bars(_overview(found.total, lang), lang("Errors of words and characters by language")),
            each=pictures.bars(
                [
                    (one.name, errors.rate, percent(errors.rate))
                    for one in found.recordings
                    if (errors := words_of(one)) and errors.rate is not None
                ],
                lang("Word errors of each recording"),
            ),
            measures=lambda one: _measures(one, lang),
            timeline=lambda one: _timeline(one, lang),
        )
    )


def percent(rate: float | None) -> str:
    """A rate as people read it; a dash where there is none."""
    return "–" if rate is None else f"{rate * 100:.1f} %"


def words_of(one: Result) -> Errors | None:
    """All word errors; None where no words were compared."""
    return one.counts.words.get("")


def _overview(total: Result, lang: Translator) -> list[tuple[str, float, str]]:
    rows = []
    for kind, counts in (
        (lang("words compared"), total.counts.words),
        (lang("characters compared"), total.counts.characters),
    ):
        for name, errors in sorted(counts.items(), key=lambda item: (item[0] == SWITCH, item[0])):
            if errors.rate is not None:
                rows.append((f"{_name(name, lang)}, {kind}", errors.rate, percent(errors.rate)))
    return rows


def _name(name: str, lang: Translator) -> str:
    if name == "":
        return lang("all languages")
    return lang("at switch points") if name == SWITCH else lang(_LANGUAGES.get(name, name))


def _timeline(one: Recording, lang: Translator) -> Any:
    if not one.said_turns or not one.seconds:
        return None
    return pictures.turns(
        one.said_turns,
        one.heard_turns,
        one.seconds,
        (lang("Who spoke when, and who was found"), lang("spoke:"), lang("found:")),
    )


def _measures(one: Result, lang: Translator) -> list[tuple[str, str, str]]:
    """Name, figure, and what it was divided from."""
    rows = []
    for title, counts in (
        (lang("word errors (WER)"), one.counts.words),
        (lang("character errors (CER)"), one.counts.characters),
    ):
        for name, errors in sorted(counts.items(), key=lambda item: (item[0] == SWITCH, item[0])):
            rows.append((f"{title}: {_name(name, lang)}", percent(errors.rate), _parts(errors, lang)))
    for title, by in (
        (lang("word errors by speaker (cpWER)"), one.by_speaker),
        (lang("word errors by speaker and time (tcpWER)"), one.by_speaker_and_time),
    ):
        if by is not None:
            rows.append((title, percent(by.rate), _parts(by, lang)))
    if one.speakers is not None:
        told = lang(
            "{spoken} s spoken; {missed} s missed, {invented} s invented, {confused} s given to somebody else",
            spoken=f"{one.speakers.spoken_s:.1f}", missed=f"{one.speakers.missed_s:.1f}",
            invented=f"{one.speakers.invented_s:.1f}", confused=f"{one.speakers.confused_s:.1f}",
        )  # fmt: skip
        rows.append((lang("who spoke when (DER)"), percent(one.speakers.rate), told))
    if one.silence is not None:
        told = lang(
            "{words} words in {seconds} s without speech", words=one.silence.words, seconds=f"{one.silence.seconds:.1f}"
        )
        figure = "–" if one.silence.rate is None else f"{one.silence.rate:.2f}"
        rows.append((lang("invented words in a silent minute"), figure, told))
    rows.append((lang("passages not believed"), str(one.refused), ""))
    told = lang("{took} s of work for {seconds} s of sound", took=f"{one.took_s:.1f}", seconds=f"{one.seconds:.1f}")
    rows.append((lang("real-time factor"), f"{one.speed:.3f}", told))
    return rows


def _parts(errors: Errors, lang: Translator) -> str:
    return lang(
        "{said} said: {wrong} wrong, {left_out} left out, {added} added",
        said=errors.said, wrong=errors.wrong, left_out=errors.left_out, added=errors.added,
    )  # fmt: skip
