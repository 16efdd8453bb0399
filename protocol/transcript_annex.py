"""A transcript as a document of its own: the annex that is attached to a file or sent, in Kazakh or Russian.

Made of the same blocks as a protocol, so DOCX, PDF, HTML and JSON come from the same code (:mod:`protocol.documents`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from protocol.paper.blocks import Block, Column, Document, Line, Span, Spans, Table, visible
from protocol.passage import Passage
from protocol.transcript import Transcript
from protocol.transcript_exports import origin
from protocol.voice import voice_of

_TEXTS: Final = {
    "title": ("ТЕКСТОВАЯ РАСШИФРОВКА АУДИОЗАПИСИ", "АУДИОЖАЗБАНЫҢ МӘТІНДІК НҰСҚАСЫ"),
    "machine": (
        "Получена путём автоматического распознавания, № {number}. Слова могут не соответствовать сказанному; доказательством является запись.",
        "Автоматты тану арқылы алынған, № {number}. Сөздер айтылғанға сәйкес келмеуі мүмкін; дәлелдеме – жазбаның өзі.",
    ),
    "edited": ("Исправлена людьми по сравнению с № {based_on}.", "№ {based_on} нұсқамен салыстырғанда адамдар түзеткен."),
    "demonstration": (
        "ДЕМОНСТРАЦИОННАЯ МОДЕЛЬ: слова могут не соответствовать сказанному.",
        "КӨРСЕТУ МОДЕЛІ: сөздер айтылғанға сәйкес келмеуі мүмкін.",
    ),
    "record": ("Запись {hearing}", "Жазба {hearing}"),
    "time": ("Время", "Уақыты"),
    "who": ("Кто говорит", "Кім сөйлейді"),
    "words": ("Текст", "Мәтін"),
    "missing_model": ("речь; модели для языка «{language}» нет", "сөйлеу; «{language}» тілінің моделі жоқ"),
    "voice": ("{source}, голос {number}", "{source}, {number}-дауыс"),
    "gap": ("запись отсутствует: {reason}", "жазба жоқ: {reason}"),
    "refused": ("слов нет: {reason}", "сөз жоқ: {reason}"),
    "spoken": ("Числа: как написано и как произнесено", "Сандар: жазылуы және айтылуы"),
    "written": ("Написано", "Жазылуы"),
    "said": ("Произнесено", "Айтылуы"),
}  # fmt: skip
_LANGUAGES: Final = ("ru", "kk")


def annex(transcript: Transcript, names: Mapping[str, str], language: str, created_us: int) -> Document:
    """The document.

    Args:
        transcript: a revision.
        names: participant's id → name.
        language: of the document's own words, ``ru`` or ``kk``.
        created_us: stands in the file's description (UTC µs).

    Raises:
        KeyError: another language.
    """
    if language not in _LANGUAGES:
        raise KeyError(language)

    def say(key: str, **more: object) -> str:
        shown = {name: visible(str(value)) for name, value in more.items()}
        return _TEXTS[key][_LANGUAGES.index(language)].format(**shown)

    def unnamed(passage: Passage) -> str:
        voice = voice_of(passage.speaker)
        told = say("voice", source=voice.source, number=voice.number) if voice else passage.speaker
        return told or passage.source

    footer = say("record", hearing=transcript.hearing)
    blocks: list[Block] = [Line("title", (Span(say("title")),)), Line("centre", (Span(footer),))]
    notes = [say("machine", number=transcript.number)]
    if transcript.based_on is not None:
        notes.append(say("edited", based_on=transcript.based_on))
    if transcript.demonstration:
        notes.append(say("demonstration"))
    blocks += [Line("text", (Span(note, "bold"),), boxed=True) for note in notes]
    zero = origin(transcript)
    rows = tuple(
        _row(p, zero, names, unnamed(p), "" if p.words else say(p.kind, reason=p.reason, language=p.language))
        for p in transcript.passages
    )
    if rows:
        blocks.append(Table((Column(say("time"), 18), Column(say("who"), 45), Column(say("words"), None)), rows))
    if spoken := tuple(_spoken(transcript, zero)):
        blocks.append(Line("heading", (Span(say("spoken")),)))
        blocks.append(Table((Column(say("time"), 18), Column(say("written"), 45), Column(say("said"), None)), spoken))
    title = f"{say('title')} № {transcript.number}"
    return Document(language, title, footer, created_us, footer, tuple(blocks))


def _row(passage: Passage, zero: int, names: Mapping[str, str], unnamed: str, absence: str) -> tuple[Spans, ...]:
    who = names.get(passage.speaker or "") or unnamed
    said = Span(visible(passage.text)) if passage.words else Span(f"({absence})")
    return (Span(_clock(passage.start_us - zero)),), (Span(visible(who)),), (said,)


def _spoken(transcript: Transcript, zero: int) -> Iterator[tuple[Spans, ...]]:
    for passage in transcript.passages:
        for word in passage.words:
            if word.spoken is not None:
                yield (Span(_clock(word.start_us - zero)),), (Span(visible(word.text)),), (Span(visible(word.spoken)),)


def _clock(us: int) -> str:
    """``HH:MM:SS``."""
    seconds = us // 1_000_000
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
