"""Names of the case: heard better where they are said, and never where they are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from device_config.settings import Settings
from protocol.hearing import Case, Participant
from protocol.transcript import Model, Word
from protocol.view import HearingView
from tests.transcription.courtroom import RATE, Courtroom, noise, silence
from transcription.activity import Interval
from transcription.case_words import LONGEST, CaseWords, quiet, sound
from transcription.finding import Utterance
from transcription.language import Languages
from transcription.recognizer import SAMPLE_RATE, FakeRecognizer, Recognition, Samples, spread
from transcription.scribe import Scribe

MODEL = Model("fake", "fake", "1", "A" * 43 + "=")
NAMES = CaseWords(("Ахметова", "Гүлнәр", "Сыздықов", "Қарағанды", "Береке", "Ким", "Абдрахманов"))


def case() -> HearingView:
    people = [
        Participant(
            "p1", "plaintiff", "Ахметова Гүлнәр Серікқызы", identity={"residence": "г. Караганда, ул. Ерубаева, 12"}
        ),
        Participant("p2", "defendant", "ТОО «Береке Құрылыс»", identity={"iin": "900512300123", "seat": "Алматы"}),
    ]
    named = Case(number="7512", title="Ахметова к ТОО «Береке Құрылыс»", judge="Сыздықов Н. А.", secretary="Ким Е.")
    return HearingView(case=named, participants={one.id: one for one in people})


def test_whose_words_they_are() -> None:
    words = CaseWords.of(case())
    assert words.names == (
        "Ахметова",
        "Гүлнәр",
        "Серікқызы",
        "ТОО",
        "Береке",
        "Құрылыс",
        "Сыздықов",
        "Ким",
        "Караганда",
        "Ерубаева",
        "Алматы",
    )
    assert words.prompt.startswith("Ахметова, Гүлнәр, ")
    many = CaseWords(tuple(f"Имя{n}" * 4 for n in range(200)))
    assert len(many.prompt) <= LONGEST + 20
    assert many.prompt.split(", ")[-1] in many.names
    assert CaseWords.of(HearingView()).prompt == ""


CORRECTED = [
    # What was heard, how sure the engine was, what is written.
    ("Ахмитова", 500, "Ахметова"),
    ("ахмитову,", 500, "Ахметову,"),
    ("Охметовой", 500, "Ахметовой"),
    ("Аххметова", 500, "Ахметова"),
    ("Гульнар", 500, "Гүлнәр"),
    ("Сиздыков", 500, "Сыздықов"),
    ("Сыздикова", 500, "Сыздықова"),
    ("Сиздыковтың", 500, "Сыздықовтың"),
    ("Каранганды", 300, "Қарағанды"),
    ("карагандыға", 500, "Қарағандыға"),
    ("Абдрахмонова", 500, "Абдрахманова"),
    ("Абдрахмнову", 300, "Абдрахманову"),
    # The engine was sure.
    ("Ахмитова", 700, "Ахмитова"),
    ("Сиздыков", None, "Сиздыков"),
    # Nearly the same is not enough while it was heard at all.
    ("Каранганды", 500, "Каранганды"),
    # Short words sound like too many others.
    ("кем", 200, "кем"),
    ("кому", 200, "кому"),
    # Other words, however doubted.
    ("ходатайство", 100, "ходатайство"),
    ("заметка", 100, "заметка"),
    ("берегите", 100, "берегите"),
    ("ахнул", 100, "ахнул"),
    ("заседание", 100, "заседание"),
    ("қарағаным", 100, "қарағаным"),
    ("қараңыз", 100, "қараңыз"),
    ("метрова", 100, "метрова"),
]


@pytest.mark.parametrize(("heard", "sure", "written"), CORRECTED)
def test_a_doubted_word_that_sounds_like_a_name_is_the_name(heard: str, sure: int | None, written: str) -> None:
    word = Word(heard, 0, 10, sure, 0)
    (made,) = NAMES.corrected([word])
    assert made.text == written
    assert made.spoken == (heard if heard != written else None)
    assert (made.start_us, made.end_us, made.probability_pm) == (0, 10, sure)


def test_two_names_that_sound_alike_are_left_to_a_person() -> None:
    both = CaseWords(("Ахметова", "Ахмитова"))
    doubted = Word("охметова", 0, 10, 300, 0)
    assert both.corrected([doubted]) == (doubted,)
    assert CaseWords().corrected([doubted]) == (doubted,)
    assert sound("Сәрсенов") == sound("Сарсинов")


def utterance(samples: Samples) -> Utterance:
    whole = Interval(0, len(samples))
    return Utterance("T01", "mic", None, 0, whole, whole)


def parrot(samples: Samples) -> tuple[Scribe, FakeRecognizer]:
    """An engine that repeats what it is given, and without it hears two words."""
    engine = FakeRecognizer(MODEL, frozenset({"ru"}), [], prompted=True)

    def say(given: Samples, _language: str) -> Recognition:
        text = engine.prompts[-1] or "суд идёт"
        return Recognition(spread(text.replace(",", "").split(), 0, len(given) * 1_000_000 // SAMPLE_RATE))

    engine.script = say

    class Engines:
        def for_language(self, _language: str) -> FakeRecognizer:
            return engine

    return Scribe(Engines(), "ru", Languages("ru", ["ru"]), CaseWords(("Ким", "Ахметова"))), engine  # type: ignore[arg-type]


def test_nothing_but_names_is_asked_for_again_without_them() -> None:
    loud = noise(2, -20, SAMPLE_RATE)
    scribe, engine = parrot(loud)
    (made,) = scribe.write(utterance(loud), loud)
    assert made.text == "суд идёт"
    assert engine.prompts == ["Ким, Ахметова", ""]


@pytest.mark.parametrize("level", [-60, -80, None])
def test_nothing_but_names_in_quiet_sound_is_refused(level: int | None) -> None:
    low = np.zeros(2 * SAMPLE_RATE, np.float32) if level is None else noise(2, level, SAMPLE_RATE)
    assert quiet(low)
    scribe, _ = parrot(low)
    (made,) = scribe.write(utterance(low), low)
    assert (made.kind, made.reason) == ("refused", "case_words")


def test_names_among_other_words_are_what_was_heard() -> None:
    assert not CaseWords(("Ким",)).nothing_but(Recognition(spread(["Ким", "пришёл"], 0, 10)))
    assert CaseWords(("Ким",)).nothing_but(Recognition(spread(["Ким,", "ким."], 0, 10)))
    assert not CaseWords(("Ким",)).nothing_but(Recognition(()))


def test_the_demonstration_model_hears_no_name_in_noise_and_silence(tmp_path: Path) -> None:
    """Silence, room tone, loud noise, bursts, a hum: with the names of the case given, and the model told to take them."""
    pytest.importorskip("faster_whisper", reason="needs the extra asr")
    from hattama.demo.room import demonstration_speech
    from transcription.worker import transcribe_record

    room = Courtroom(tmp_path / "h1", language="ru")
    room.seat("mic-bench", "judge")
    hum = (0.1 * np.sin(np.arange(6 * RATE) * 2 * np.pi * 50 / RATE)).astype(np.float32)
    bursts = np.concatenate([piece for level in (-15, -25, -35) for piece in (noise(0.6, level), silence(0.8))])
    room.take({"mic-bench": np.concatenate([silence(6), noise(6, -55), noise(6, -20), bursts, hum])})
    speech = demonstration_speech()
    asked = [model.model_copy(update={"options": {**model.options, "case_words": True}}) for model in speech.models]
    for models in (speech.models, tuple(asked)):
        chosen = speech.model_copy(update={"models": models})
        made = transcribe_record(room.folder, Settings(state_dir=tmp_path, speech=chosen))
        assert [w.text for p in made.passages for w in p.words] == []
