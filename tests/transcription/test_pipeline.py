"""From a record to a transcript, with engines that say what they are told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from device_config.settings import ModelSettings, SpeechSettings
from protocol.transcript import Model, Transcript
from tests.transcription.courtroom import RATE, SECOND, START_US, Courtroom, noise, silence
from transcription.activity import LevelDetector
from transcription.errors import ModelUnusable
from transcription.models import Engines
from transcription.pipeline import transcribe
from transcription.progress import Step
from transcription.recognizer import FakeRecognizer, Recognition, RecognizedWord, Recognizer, Samples

SHA = "A" * 43 + "="
MODEL = Model("fake", "fake", "1", SHA, demonstration=True)


def engines_of(fake: Recognizer, *languages: str) -> Engines:
    settings = ModelSettings(engine="moonshine", path=Path("fake"), languages=languages or ("kk",))
    return Engines(SpeechSettings(models=(settings,)), {"moonshine": lambda _model, _speech: fake})


def says(*script: str) -> FakeRecognizer:
    return FakeRecognizer(MODEL, frozenset({"kk"}), script)


def run(room: Courtroom, engines: Engines | None = None, **more: object) -> Transcript:
    return transcribe(
        room.view, room.record, SpeechSettings(), engines=engines, detector=LevelDetector(), **more  # type: ignore[arg-type]
    )  # fmt: skip


def kinds(transcript: Transcript) -> list[tuple[str, str, str | None]]:
    return [(p.kind, p.source, p.reason) for p in transcript.passages]


def voices(*parts: tuple[str, float]) -> Samples:
    """``("loud" | "quiet", seconds)`` one after another."""
    return np.concatenate([noise(s, -20) if kind == "loud" else silence(s) for kind, s in parts])


@pytest.fixture
def room(tmp_path: Path) -> Courtroom:
    made = Courtroom(tmp_path / "h1")
    made.seat("mic-bench", "judge")
    return made


def test_words_speakers_and_times(room: Courtroom) -> None:
    bench = voices(("quiet", 1), ("loud", 2), ("quiet", 3))
    table = voices(("quiet", 4), ("loud", 1), ("quiet", 1))
    room.take({"mic-bench": bench, "mic-table": table})
    fake = says("сот отырысы", "келісемін")
    transcript = run(room, engines_of(fake))
    assert [(p.source, p.speaker, p.text) for p in transcript.passages] == [
        ("mic-bench", "judge", "сот отырысы"),
        ("mic-table", None, "келісемін"),
    ]
    first = transcript.passages[0]
    assert abs(first.start_us - (START_US + SECOND)) < 250_000
    assert abs(first.end_us - (START_US + 3 * SECOND)) < 250_000
    assert [language for _, language in fake.heard] == ["kk", "kk"]
    assert transcript.models == (MODEL,)
    assert transcript.demonstration
    assert transcript.language == "kk"
    assert transcript.hearing == "h1"
    assert Transcript.from_json(transcript.to_json()) == transcript


def test_no_model_is_no_failure(room: Courtroom) -> None:
    room.take({"mic-bench": voices(("quiet", 1), ("loud", 2), ("quiet", 1))})
    transcript = run(room)
    assert kinds(transcript) == [("missing_model", "mic-bench", None)]
    assert transcript.passages[0].speaker == "judge"
    assert transcript.passages[0].language == "kk"
    (missing,) = transcript.missing
    assert missing.language == "kk"
    assert "Kazakh" in missing.advice("en")
    assert "казахского" in missing.advice("ru")
    assert "қазақ" in missing.advice("kk")
    assert all("docs/models.md" in missing.advice(reader) for reader in ("en", "ru", "kk"))


def test_missing_model_is_named_even_if_nobody_spoke(room: Courtroom) -> None:
    room.take({"mic-bench": silence(2)})
    transcript = run(room)
    assert transcript.passages == ()
    assert [item.language for item in transcript.missing] == ["kk"]


def test_a_model_that_does_not_load_is_as_good_as_missing(room: Courtroom) -> None:
    def broken(_model: ModelSettings, _speech: SpeechSettings) -> Recognizer:
        raise ModelUnusable("/models/x: model.bin is missing")

    room.take({"mic-bench": voices(("loud", 2))})
    settings = ModelSettings(engine="moonshine", path=Path("x"), languages=("kk",))
    transcript = run(room, Engines(SpeechSettings(models=(settings,)), {"moonshine": broken}))
    assert kinds(transcript) == [("missing_model", "mic-bench", None)]
    assert "model.bin is missing" in transcript.missing[0].advice("en")


@pytest.mark.parametrize("error", [RuntimeError("out of memory"), ValueError("x"), AssertionError()])
def test_an_engine_that_raises_costs_one_utterance(room: Courtroom, error: Exception) -> None:
    calls: list[int] = []

    def script(samples: Samples, _language: str) -> Recognition:
        calls.append(len(samples))
        if len(calls) == 1:
            raise error
        return Recognition((RecognizedWord("сот", 0, 500_000, 900),))

    room.take({"mic-bench": voices(("loud", 2), ("quiet", 2), ("loud", 2))})
    transcript = run(room, engines_of(FakeRecognizer(MODEL, frozenset({"kk"}), script)))
    assert kinds(transcript) == [("refused", "mic-bench", "failed"), ("speech", "mic-bench", None)]


def heard(*words: tuple[str, int, int]) -> Callable[[Samples, str], Recognition]:
    return lambda _samples, _language: Recognition(tuple(RecognizedWord(*word, 900) for word in words))


@pytest.mark.parametrize("text", ["со\x00т", " сот", "", " "])
def test_words_that_no_transcript_may_hold_cost_one_utterance(room: Courtroom, text: str) -> None:
    calls: list[int] = []

    def script(samples: Samples, _language: str) -> Recognition:
        calls.append(len(samples))
        return Recognition((RecognizedWord(text if len(calls) == 1 else "сот", 0, 500_000, 900),))

    room.take({"mic-bench": voices(("loud", 2), ("quiet", 2), ("loud", 2))})
    transcript = run(room, engines_of(FakeRecognizer(MODEL, frozenset({"kk"}), script)))
    assert kinds(transcript) == [("refused", "mic-bench", "failed"), ("speech", "mic-bench", None)]


@pytest.mark.parametrize(
    ("script", "found"),
    [
        (heard(), [("refused", "no_text")]),
        (heard(("сот", 0, 100), ("жоқ", 60 * SECOND, 61 * SECOND)), [("speech", None), ("refused", "outside")]),
        (heard(("сот", -5, 100)), [("refused", "outside")]),
        (heard(("сот", 0, 99 * SECOND)), [("speech", None)]),
        (heard(*[("рахмет", 0, 1)] * 9), [("refused", "repetition")]),
    ],
)
def test_guards(
    room: Courtroom, script: Callable[[Samples, str], Recognition], found: list[tuple[str, str | None]]
) -> None:
    room.take({"mic-bench": voices(("loud", 2))})
    transcript = run(room, engines_of(FakeRecognizer(MODEL, frozenset({"kk"}), script)))
    assert [(p.kind, p.reason) for p in transcript.passages] == found
    ends = [p.end_us for p in transcript.passages]
    assert ends == sorted(ends)
    assert abs(ends[-1] - (START_US + 2 * SECOND)) < 100


def test_gaps_are_shown(room: Courtroom) -> None:
    room.take({"mic-bench": voices(("loud", 6))}, leave_out=(2,))
    (room.folder / "media/T01/mic-bench/0003.mp4").write_bytes(b"x")
    transcript = run(room, engines_of(says("сот")))
    assert kinds(transcript) == [
        ("speech", "mic-bench", None),
        ("gap", "mic-bench", "lost"),
        ("gap", "mic-bench", "unreadable"),
    ]
    gap = transcript.passages[1]
    assert (gap.start_us, gap.end_us) == (START_US + 2 * SECOND, START_US + 4 * SECOND)


def test_a_microphone_that_was_lost_for_the_whole_take_is_shown(room: Courtroom) -> None:
    two = voices(("loud", 2))
    room.take({"mic-bench": voices(("loud", 4)), "mic-door": two, "cam": two}, leave_out=(1,))
    for name, media in (("mic-bench", "audio"), ("mic-door", "audio"), ("cam", "video")):
        room.line("source", {"name": name, "kind": "microphone", "media": media, "label": "", "device": ""})
    transcript = run(room, engines_of(says("сот")))
    assert {(p.source, p.reason) for p in transcript.passages if p.kind == "gap"} == {
        ("mic-bench", "lost"),
        ("mic-door", "lost"),
    }
    assert {p.source for p in transcript.passages if p.kind == "speech"} == {"mic-bench"}


def test_closed_takes_stay_out(room: Courtroom) -> None:
    room.take({"mic-bench": voices(("loud", 2))})
    room.take({"mic-bench": voices(("loud", 2))}, take="T02", at=10, publicity="closed")
    transcript = run(room, engines_of(says("сот")))
    assert [span.take for span in transcript.takes] == ["T01"]
    assert {p.take for p in transcript.passages} == {"T01"}
    closed = run(room, engines_of(says("сот")), publicity="closed")
    assert {p.take for p in closed.passages} == {"T02"}


def test_cross_talk_is_written_once(room: Courtroom) -> None:
    loud = voices(("quiet", 1), ("loud", 2), ("quiet", 1))
    room.take({"mic-bench": loud, "mic-table": (loud * 0.12).astype(np.float32)})
    assert kinds(run(room, engines_of(says("сот")))) == [("speech", "mic-bench", None)]


def test_a_shared_microphone_names_nobody(room: Courtroom) -> None:
    room.seat("mic-bench", "secretary")
    room.take({"mic-bench": voices(("loud", 2))})
    assert run(room, engines_of(says("сот"))).passages[0].speaker is None


def test_an_empty_record(room: Courtroom) -> None:
    transcript = run(room)
    assert (transcript.takes, transcript.passages) == ((), ())


def test_numbers_and_progress(room: Courtroom) -> None:
    room.take({"mic-bench": voices(("loud", 1), ("quiet", 1), ("loud", 1))})
    data = {"kind": "transcript", "number": 1, "path": "transcript/0001.json", "bytes": 1, "sha256": SHA, "by": "x"}
    room.line("revision", data)
    seen: list[Step] = []
    transcript = run(room, engines_of(says("сот")), progress=seen.append)
    assert transcript.number == 2
    heard = [step.done_us for step in seen if step.phase == "activity"]
    assert (heard, seen[0].total_us) == ([2 * SECOND, 3 * SECOND, 3 * SECOND], 3 * SECOND)
    written = [step for step in seen if step.phase == "recognition"]
    lengths = [p.end_us - p.start_us for p in transcript.passages]
    assert [step.done_us for step in written] == [0, lengths[0], sum(lengths)]
    assert {step.total_us for step in written} == {sum(lengths)}
    assert RATE == 48_000


def test_each_utterance_has_the_language_it_is_spoken_in(room: Courtroom) -> None:
    room.take({"mic-bench": voices(("loud", 1), ("quiet", 1), ("loud", 1), ("quiet", 1), ("loud", 1), ("quiet", 1))})
    fake = says("бір", "два", "үш")
    fake.detected = [{"kk": 0.9, "ru": 0.1}, {"kk": 0.05, "ru": 0.95}]  # and then it cannot tell
    transcript = run(room, engines_of(fake, "kk", "ru"))
    assert [(p.language, p.text) for p in transcript.passages] == [("kk", "бір"), ("ru", "два"), ("kk", "үш")]
    assert [language for _, language in fake.heard] == ["kk", "ru", "kk"]


def test_an_engine_that_fails_to_tell_the_language_costs_nothing(room: Courtroom) -> None:
    class Failing(FakeRecognizer):
        def languages_of(self, samples: Samples, *, piece: bool = False) -> dict[str, float]:  # noqa: ARG002 - the seam gives it
            raise RuntimeError("no language")

    room.take({"mic-bench": voices(("loud", 1), ("quiet", 1))})
    transcript = run(room, engines_of(Failing(MODEL, frozenset({"kk", "ru"}), ["сөз"]), "kk", "ru"))
    assert [(p.kind, p.language, p.text) for p in transcript.passages] == [("speech", "kk", "сөз")]


def test_where_the_detector_is_never_sure_no_engine_is_asked(room: Courtroom) -> None:
    class Weak(LevelDetector):
        def __call__(self, windows: Samples) -> npt.NDArray[np.float32]:
            return super().__call__(windows) * np.float32(0.65)

    room.take({"mic-bench": voices(("quiet", 1), ("loud", 2), ("quiet", 1))})
    fake = says("сот")
    transcript = transcribe(room.view, room.record, SpeechSettings(), engines=engines_of(fake), detector=Weak())
    assert kinds(transcript) == [("refused", "mic-bench", "unsure")]
    assert fake.heard == []
