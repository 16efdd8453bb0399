"""Which language: the sound weighed with what is to be expected."""

from __future__ import annotations

from transcription.language import Languages


def test_the_sound_decides_where_it_is_clear() -> None:
    languages = Languages("ru", ["kk", "ru"])
    assert languages.decide("p1", {"kk": 0.95, "ru": 0.05}) == "kk"
    assert languages.decide("p1", {"kk": 0.02, "ru": 0.98}) == "ru"


def test_in_doubt_it_is_the_hearings_language() -> None:
    assert Languages("ru", ["kk", "ru"]).decide("p1", {"kk": 0.55, "ru": 0.45}) == "ru"
    assert Languages("kk", ["kk", "ru"]).decide("p1", {"kk": 0.45, "ru": 0.55}) == "kk"


def test_a_speaker_keeps_their_language_in_doubt_and_nobody_elses_changes() -> None:
    languages = Languages("ru", ["kk", "ru"])
    for _ in range(4):
        assert languages.decide("p2", {"kk": 0.9, "ru": 0.1}) == "kk"
    assert languages.decide("p2", {"kk": 0.4, "ru": 0.6}) == "kk"
    assert languages.decide("p1", {"kk": 0.4, "ru": 0.6}) == "ru"


def test_an_engine_that_cannot_tell_and_languages_that_nobody_installed() -> None:
    languages = Languages("ru", ["kk"])
    assert languages.decide("p1", {}) == "ru"
    assert languages.decide("p1", {"de": 1.0}) == "ru"
    assert languages.decide("p1", {"de": 0.9, "kk": 0.1, "ru": 0.0}) == "kk"
    assert not Languages("ru", ["ru"]).open
    assert languages.open
