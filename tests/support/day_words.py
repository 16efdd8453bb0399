"""What the transcriber tells of a hearing, told without it: live words, and the transcript with its draft."""

from __future__ import annotations

from typing import Any

from protocol.encoding import b64
from protocol.transcript import Model, Passage, TakeSpan, Transcript, Word
from recorder.client import RecorderClient

_MODEL = Model("faster-whisper", "demo", "1", b64(bytes(32)))
#: What is said at each microphone, in the hearing's language.
_SAID = {
    "ru": {
        "mic-bench": "Судебное заседание объявляется открытым.",
        "mic-plaintiff": "Исковые требования поддерживаю в полном объёме.",
        "mic-defendant": "Долг признаю частично, прошу рассрочку.",
    },
    "kk": {
        "mic-bench": "Сот отырысы ашық деп жарияланады.",
        "mic-plaintiff": "Талап арызымды толық қолдаймын.",
        "mic-defendant": "Талапты мойындамаймын, құжаттар тапсырылды.",
    },
}


def say_live(recorder: RecorderClient, hearing: str) -> None:
    """A few words of the running take, the last still open."""
    view = recorder.hearing(hearing)
    take, language = view["takes"][-1], view["case"]["language"]
    passages = []
    for place, (source, text) in enumerate(_SAID[language].items()):
        start = take["start_us"] + place * 2_000_000
        passages.append(
            {
                "id": f"{take['id']}/{source}/{place}",
                "revision": 1,
                "settled": place < 2,
                "take": take["id"],
                "source": source,
                "speaker": _speaker(view, source),
                "start_us": start,
                "end_us": start + 1_500_000,
                "language": language,
                "text": text,
                "demonstration": True,
            }
        )
    body = {"publicity": "open", "up_to_us": passages[-1]["end_us"], "behind_ms": 1200, "passages": passages}
    recorder._post(f"/v1/hearings/{hearing}/live", body)


def transcribe(recorder: RecorderClient, hearing: str) -> None:
    """The transcript of the open takes, and the protocol's draft."""
    view = recorder.hearing(hearing)
    language = view["case"]["language"]
    spans, passages = [], []
    for take in view["takes"]:
        if take["publicity"] != "open":
            continue
        spans.append(TakeSpan(take["id"], take["start_us"], take["end_us"]))
        step = (take["end_us"] - take["start_us"]) // len(_SAID[language])
        for place, (source, text) in enumerate(_SAID[language].items()):
            start = take["start_us"] + place * step
            words = _words(text, start, min(step, 4_000_000))
            doubt = (120, 640, 310)[place]
            end = words[-1].end_us
            speaker = _speaker(view, source)
            passages.append(Passage("speech", take["id"], source, start, end, language, speaker, words, doubt_pm=doubt))
    found = Transcript(hearing, 1, "open", language, tuple(spans), (_MODEL,), (), tuple(passages))
    recorder.transcript(hearing, found.to_json(), "transcriber")
    recorder.draft(hearing)


def _words(text: str, start_us: int, length_us: int) -> tuple[Word, ...]:
    said = text.split()
    step = length_us // len(said)
    return tuple(
        Word(word, start_us + i * step, start_us + (i + 1) * step - 1, 930 if i % 4 else 410, 0)
        for i, word in enumerate(said)
    )


def _speaker(view: dict[str, Any], source: str) -> str | None:
    return next((seat["participant"] for seat in view["seats"] if seat["source"] == source), None)
