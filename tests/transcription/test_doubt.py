"""How doubtful words are, what a witness does to them, and that a kill changes neither."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from device_config.settings import ModelSettings, SpeechSettings
from protocol.transcript import Model, Passage, Transcript
from tests.transcription.courtroom import START_US, Courtroom
from tests.transcription.test_pipeline import MODEL, room, run, voices
from transcription.activity import Interval
from transcription.case_words import CaseWords
from transcription.doubt import disagreement, own_doubt, refuted, score, share_of
from transcription.examining import Examiner
from transcription.finding import Utterance
from transcription.language import Languages
from transcription.models import Engines
from transcription.pipeline import transcribe
from transcription.recognizer import FakeRecognizer, Recognition, RecognizedWord, Recognizer, Samples
from transcription.scribe import Scribe
from transcription.working import NAME, WorkingFile

__all__ = ["room"]

SECOND = 1_000_000
OTHER = replace(MODEL, name="other", sha256="B" * 42 + "A=")
SURE, DOUBTED = 950, 400


def said(text: str, probability: int | None = SURE) -> tuple[RecognizedWord, ...]:
    return tuple(RecognizedWord(word, n * 100, n * 100 + 100, probability) for n, word in enumerate(text.split()))


def engine(model: Model, text: str, probability: int | None = SURE) -> FakeRecognizer:
    return FakeRecognizer(model, frozenset({"ru"}), lambda _samples, _language: Recognition(said(text, probability)))


# The score.


def test_each_reason_raises_the_score_and_none_lowers_another() -> None:
    words = said("суд идёт прошу встать")
    assert own_doubt(words) == pytest.approx(0.05)
    assert score(words, 5 * SECOND) == 50
    assert score(words, 500_000) == 525  # 18 letters in half a second: beyond the guards' limit, half
    assert score(words, 5 * SECOND, 0.9) == 145
    assert score(words, 5 * SECOND, 0.9, 0.39) == 145
    assert score(words, 5 * SECOND, 0.9, 0.8) == 487
    assert score(words, 5 * SECOND, None, 0.0) == 50


def test_an_engine_without_probabilities_tells_nothing_alone() -> None:
    assert score(said("суд идёт", None), 2 * SECOND, 0.5) is None
    assert score(said("суд идёт", None), 2 * SECOND, None, 0.2) == 100


def test_share_of_a_language() -> None:
    assert share_of("ru", {"ru": 0.6, "kk": 0.2}) == pytest.approx(0.75)
    assert share_of("en", {"ru": 0.6, "kk": 0.2}) == 0
    assert share_of("ru", {}) is None


@pytest.mark.parametrize(
    ("one", "other", "far"),
    [
        ("Суд идёт!", "суд идет", 0.0),
        ("", "", 0.0),
        ("суд", "", 1.0),
        ("…", "суд", 1.0),
        ("суд идет", "сут идет", 1 / 7),
        ("сот отырысы", "сот отырысын", 1 / 11),
        ("аб", "вг", 1.0),
    ],
)
def test_disagreement_is_by_letters(one: str, other: str, far: float) -> None:
    assert disagreement(one, other) == pytest.approx(far)
    assert disagreement(other, one) == disagreement(one, other)


def test_only_few_improbable_words_with_nothing_in_common_are_refuted() -> None:
    assert refuted(said("да да", DOUBTED), 1.0)
    assert not refuted(said("да да", DOUBTED), 0.7)
    assert not refuted(said("да да", 600), 1.0)
    assert not refuted(said("да да да да", DOUBTED), 1.0)
    assert not refuted(said("да да", None), 1.0)


# What a witness does.


def write(writer: Recognizer, witness: Recognizer | None, from_pm: int = 300) -> list[Passage]:
    class Only:
        """One engine for every language."""

        def for_language(self, _language: str) -> Recognizer:
            return writer

    scribe = Scribe(
        Only(),  # type: ignore[arg-type]
        "ru",
        Languages("ru", ["ru"]),
        CaseWords(),
        examiner=Examiner(lambda _language, _writer: witness, from_pm),
    )
    sound = np.zeros(32_000, np.float32)
    made = scribe.write(Utterance("T01", "mic", "p1", 0, Interval(0, 32_000), Interval(0, 32_000)), sound)
    assert [scribe.models[p.witness] for p in made if p.witness is not None] in ([], [OTHER])
    return made


def told(passages: list[Passage]) -> list[tuple[str, str, str | None, int | None, int | None]]:
    return [(p.kind, p.text, p.reason, p.doubt_pm, p.witness) for p in passages]


def test_sure_words_are_not_heard_twice() -> None:
    witness = engine(OTHER, "совсем другое")
    assert told(write(engine(MODEL, "суд идёт"), witness)) == [("speech", "суд идёт", None, 50, None)]
    assert witness.heard == []


@pytest.mark.parametrize(
    ("text", "witness", "made"),
    [
        ("суд идёт", "Суд идет.", ("speech", "суд идёт", None, 600, 1)),
        ("суд идёт", "сут идёт", ("speech", "суд идёт", None, 600, 1)),
        ("прошу всех встать суд идёт", "вопрос к истцу где договор", ("speech", "прошу всех встать суд идёт", None, 773, 1)),
        ("аминь", "суд", ("refused", "", "witness", None, 0)),
        ("аминь", "", ("refused", "", "witness", None, 0)),
    ],
)  # fmt: skip
def test_a_witness_of_doubted_words(
    text: str, witness: str, made: tuple[str, str, str | None, int | None, int | None]
) -> None:
    assert told(write(engine(MODEL, text, DOUBTED), engine(OTHER, witness))) == [made]


def test_a_witness_that_makes_things_up_or_stops_has_nothing_to_say() -> None:
    def stops(_samples: Samples, _language: str) -> Recognition:
        raise RuntimeError("out of memory")

    alone = [("speech", "аминь", None, 600, None)]
    assert told(write(engine(MODEL, "аминь", DOUBTED), engine(OTHER, "да " * 20))) == alone
    assert told(write(engine(MODEL, "аминь", DOUBTED), FakeRecognizer(OTHER, frozenset({"ru"}), stops))) == alone


def test_words_without_probabilities_are_always_heard_twice() -> None:
    assert told(write(engine(MODEL, "суд идёт", None), None)) == [("speech", "суд идёт", None, None, None)]
    assert told(write(engine(MODEL, "суд идёт", None), engine(OTHER, "суд идёт"))) == [
        ("speech", "суд идёт", None, 0, 1)
    ]


# By the settings, from a record.


def witnessed(writer: Recognizer, witness: Recognizer, **speech: float) -> Engines:
    models = tuple(
        ModelSettings(engine=engine, path=Path(engine), languages=("kk",), witness=second)  # type: ignore[arg-type]
        for engine, second in (("moonshine", False), ("onnx-asr", True))
    )
    loaders = {"moonshine": lambda *_: writer, "onnx-asr": lambda *_: witness}
    return Engines(SpeechSettings(models=models, **speech), loaders)  # type: ignore[arg-type]


def test_the_settings_choose_the_witness(room: Courtroom) -> None:
    room.take({"mic-bench": voices(("quiet", 1), ("loud", 2), ("quiet", 1))})
    writer, witness = engine(MODEL, "сот отырысы ашық деп", DOUBTED), engine(OTHER, "мүлдем басқа сөздер")
    made = run(room, witnessed(writer, witness))
    assert made.models == (MODEL, OTHER)
    assert [(p.witness, {w.model for w in p.words}) for p in made.passages] == [(1, {0})]
    assert run(room, witnessed(writer, witness, witness_from=0.95)).models == (MODEL,)
    # A model is no witness of itself, under whatever name; and live words have no time for one.
    engines = witnessed(writer, engine(MODEL, "мүлдем басқа сөздер"))
    assert run(room, engines).passages[0].witness is None
    assert witnessed(writer, witness).of("live").witness_for("kk", writer) is None


def test_a_calibration_that_cannot_be_read_costs_the_calibration_only(room: Courtroom, tmp_path: Path) -> None:
    room.take({"mic-bench": voices(("quiet", 1), ("loud", 2), ("quiet", 1))})
    engines = witnessed(engine(MODEL, "сот отырысы"), engine(OTHER, "сот"))
    settings = engines._speech.model_copy(update={"calibration": tmp_path / "none.json"})
    again = Engines(settings, engines._engines)
    assert run(room, again).to_json() == run(room, engines).to_json()


# Real engines: the demonstration model, and an ONNX network made here as its witness.


@pytest.fixture(scope="module")
def demonstration_room(tmp_path_factory: pytest.TempPathFactory) -> tuple[Courtroom, Callable[..., SpeechSettings]]:
    """One turn of the demo's, and settings with a witness that says the words given."""
    pytest.importorskip("faster_whisper", reason="needs the extra asr")
    pytest.importorskip("onnx_asr", reason="needs the extra asr")
    from hattama.demo.room import demonstration_speech
    from tests.support.demo_turns import demo_turns
    from tests.transcription.tiny_gigaam import make_model

    folder = tmp_path_factory.mktemp("demonstration")
    made = Courtroom(folder / "h1", language="ru")
    sound = next(sound for language, _, sound in demo_turns() if language == "ru" and 2 <= len(sound) / 16_000 <= 5)
    at_48k = np.interp(np.arange(len(sound) * 3) / 3, np.arange(len(sound)), sound)
    made.take({"mic-bench": np.pad(at_48k, 24_000).astype(np.float32)})
    numbers = itertools.count()

    def settings(*words: str, **speech: object) -> SpeechSettings:
        path = make_model(folder / f"witness-{next(numbers)}", words)
        witness = ModelSettings(
            engine="onnx-asr", path=path, languages=("ru",), options={"type": "gigaam-v2-ctc"}, witness=True
        )
        base = demonstration_speech()
        return base.model_copy(update={"models": (*base.models, witness), "witness_from": 0.0, **speech})

    return made, settings


def heard(room: Courtroom, speech: SpeechSettings, file: WorkingFile | None = None) -> Transcript:
    return transcribe(room.view, room.record, speech, memory=file)


def test_a_real_witness_raises_the_doubt_of_real_words_and_a_kill_changes_nothing(
    demonstration_room: tuple[Courtroom, Callable[..., SpeechSettings]], tmp_path: Path
) -> None:
    room, settings = demonstration_room
    alone = heard(room, settings("а", witness_from=1.0))
    spoken = [p for p in alone.passages if p.kind == "speech"]
    assert len(spoken) == 1
    assert all(p.doubt_pm is not None and p.witness is None for p in spoken)
    against = settings("мүлдем", "басқа", "сөз")
    with WorkingFile(tmp_path) as file:
        once = heard(room, against, file)
    doubted = [p for p in once.passages if p.kind == "speech"]
    assert [(p.text, p.start_us) for p in doubted] == [(p.text, p.start_us) for p in spoken]
    for before, after in zip(spoken, doubted, strict=True):
        assert before.doubt_pm is not None
        assert after.doubt_pm is not None
        assert after.doubt_pm >= before.doubt_pm + 200 * (1 - before.doubt_pm / 1000)
        assert after.witness is not None
        assert once.models[after.witness].engine == "onnx-asr"
    assert {once.models[w.model].engine for p in doubted for w in p.words if w.model is not None} == {"faster-whisper"}
    # A second model that hears the same is heard, and leaves the doubt as it was.
    agreed = heard(room, settings(*" ".join(p.text for p in spoken).lower().replace(",", "").replace(".", "").split()))
    assert [(p.doubt_pm, p.witness is not None) for p in agreed.passages] == [(spoken[0].doubt_pm, True)]
    # Killed after any line of the working file: the same bytes.
    lines = (tmp_path / NAME).read_bytes().splitlines(keepends=True)
    for kept in range(0, len(lines) + 1, max(1, len(lines) // 4)):
        (tmp_path / NAME).write_bytes(b"".join(lines[:kept]))
        with WorkingFile(tmp_path) as file:
            assert heard(room, against, file).to_json() == once.to_json()


def test_a_real_witness_takes_away_what_nobody_said(
    demonstration_room: tuple[Courtroom, Callable[..., SpeechSettings]],
) -> None:
    room, _ = demonstration_room
    from hattama.demo.room import demonstration_speech

    base = demonstration_speech()
    witness = base.models[0].model_copy(update={"witness": True, "languages": ("ru",)})
    writer = ModelSettings(engine="moonshine", path=Path("fake"), languages=("ru",))
    from transcription.models import ENGINES

    loaders = {**ENGINES, "moonshine": lambda *_: engine(OTHER, "аминь", DOUBTED)}
    speech = base.model_copy(update={"models": (writer, witness)})
    made = transcribe(room.view, room.record, speech, engines=Engines(speech, loaders))
    assert {(p.kind, p.reason) for p in made.passages} == {("refused", "witness")}
    witnesses = [made.models[p.witness].engine for p in made.passages if p.witness is not None]
    assert witnesses == ["faster-whisper"] * len(made.passages)
    assert made.passages[0].start_us >= START_US
