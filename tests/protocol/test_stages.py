"""Stage codes: every title in every language, keys unique, articles cited."""

from __future__ import annotations

import re

import pytest

from protocol.stages import CODES, LANGUAGES, cite, stage, stages


@pytest.mark.parametrize("code", CODES)
def test_every_stage_has_all_titles_a_law_and_an_article(code: str) -> None:
    for item in stages(code):
        assert re.fullmatch(r"[A-Z][A-Z_]{1,39}", item.code)
        assert all(item.title(language).strip() for language in LANGUAGES)
        assert item.law in CODES
        assert re.match(r"\d", item.article)


@pytest.mark.parametrize("code", CODES)
def test_codes_and_keys_are_unique(code: str) -> None:
    codes = [item.code for item in stages(code)]
    keys = [item.key for item in stages(code) if item.key]
    assert len(set(codes)) == len(codes)
    assert len(set(keys)) == len(keys)
    assert all(re.fullmatch(r"[0-9A-Z]", key) for key in keys)


@pytest.mark.parametrize("code", CODES)
def test_what_the_brief_protocol_needs_can_be_marked(code: str) -> None:
    needed = {"OPEN", "REC_ANNOUNCE", "APPEARANCE", "BREAK_START", "BREAK_END", "ADJOURN", "ANNOUNCE", "FAULT", "CLOSE"}
    assert needed <= {item.code for item in stages(code)}


@pytest.mark.parametrize("code", CODES)
def test_the_same_key_means_the_same_in_every_code_for_the_common_ones(code: str) -> None:
    for name in ("OPEN", "REC_ANNOUNCE", "APPEARANCE", "DELIBERATION", "ANNOUNCE", "BREAK_START", "BREAK_END", "FAULT"):
        assert stage(code, name).key == stage("gpk", name).key


def test_ended_and_in_camera_are_different_words() -> None:
    """«Закрытое» never means ended (ГПК 222(3) uses one word for both; we do not)."""
    for code in CODES:
        assert "закры" not in stage(code, "CLOSE").ru.lower()
        assert "жабық" not in stage(code, "CLOSE").kk.lower()
        assert "закрыт" in stage(code, "CLOSED_START").ru.lower()


def test_kazakh_titles_are_kazakh() -> None:
    text = "".join(item.kk for code in CODES for item in stages(code)).lower()
    assert set("әғқңөұүһі") - set(text) <= {"һ"}


def test_citations() -> None:
    assert stage("gpk", "APPEARANCE").citation("ru") == "ст. 190 ГПК"
    assert cite("gpk", "189(1)", "ru") == "ч. 1 ст. 189 ГПК"
    assert cite("gpk", "189(1)", "kk") == "АПК 189-бабының 1-бөлігі"
    assert cite("gpk", "282(2)13-1", "ru") == "подп. 13-1) ч. 2 ст. 282 ГПК"
    assert cite("gpk", "282(2)13-1", "kk") == "АПК 282-бабы 2-бөлігінің 13-1) тармақшасы"
    assert cite("gpk", "282(2)13-1", "en") == "CPC art. 282(2) 13-1)"
    assert cite("gpk", "208–209", "kk") == "АПК 208–209-баптары"
    assert cite("upk", "350", "en") == "CrPC art. 350"


def test_unknown_codes_are_refused() -> None:
    with pytest.raises(KeyError):
        stages("zzz")
    with pytest.raises(KeyError):
        stage("gpk", "LAST_WORD")
