"""A civil hearing as its journal would tell it, for tests of the brief protocol."""

from __future__ import annotations

import hashlib

from protocol.encoding import b64, sha256_b64
from protocol.hearing import Case, Gap, Interval, Participant, Remark, Seat, Segment, Source, Stage, State, Take
from protocol.transcript import Model, Passage, TakeSpan, Transcript, Word
from protocol.view import HearingView

SECOND = 1_000_000
#: 22 November 2026, 09:30:00 in Kazakhstan (04:30 UTC).
START = 1_795_321_800 * SECOND

SOURCES = (
    Source("mic-bench", "microphone", "audio", "Микрофон председательствующего"),
    Source("mic-plaintiff", "microphone", "audio", "Микрофон истца"),
    Source("mic-defendant", "microphone", "audio", "Микрофон ответчика"),
    Source("cam-judge", "camera", "video", "Камера: суд"),
)


def at(minutes: float) -> int:
    """A moment of the hearing, µs."""
    return START + round(minutes * 60 * SECOND)


def segments(take: str, start_us: int, end_us: int, length_us: int = 10 * SECOND) -> list[Segment]:
    """Files of every source, without a hole."""
    found = []
    for source in SOURCES:
        for index, begin in enumerate(range(start_us, end_us, length_us)):
            path = f"media/{take}/{source.name}/{index + 1:04d}.mp4"
            digest = b64(hashlib.sha256(path.encode()).digest())
            end = min(begin + length_us, end_us)
            audio = source.media == "audio"
            found.append(
                Segment(path, take, source.name, index + 1, 100_000 + index, digest, begin, end, source.media,
                        "flac" if audio else "h264", 48000 if audio else 90000, 480_000 if audio else 250, 40, "roll")
            )  # fmt: skip
    return found


def civil(minutes: float = 4.0) -> HearingView:
    """A finished civil hearing of two takes with a break between them, one fault and one remark."""
    view = HearingView(
        hearing="2026-11-22_7512-26-00-2-1234_k3f9", state=State.DRAFTED, state_at="2026-11-22T05:10:00.000Z"
    )
    view.case = Case(
        number="7512-26-00-2/1234",
        code="gpk",
        court="Бостандыкский районный суд города Алматы",
        courtroom="№ 5",
        title="по иску Әбдіғұлова Ә. Қ. к ТОО «Өрлеу Құрылыс» о взыскании задолженности",
        judge="Сүлейменова А. Б.",
        secretary="Қожахмет Н. Ү.",
    )
    for person in (
        Participant("p1", "judge", "Сүлейменова А. Б."),
        Participant("p2", "plaintiff", "Әбдіғұлов Әлихан Қуанышұлы"),
        Participant("p3", "representative", "Ибрагимова Һәдия Ерланқызы", note="доверенность от 01.11.2026"),
        Participant("p4", "defendant_representative", "Ким Виктор Андреевич", "remote"),
        Participant("p5", "witness", "Жүнісов Ғани Өмірұлы", "absent", "извещён 10.11.2026, причина не сообщена"),
    ):
        view.participants[person.id] = person
    view.seats["bench"] = Seat("bench", "Суд", "mic-bench", "p1")
    view.sources = {source.name: source for source in SOURCES}
    first, second = at(minutes), at(minutes + 10)
    last = at(minutes + 12)
    view.takes["T01"] = Take("T01", "open", START, tuple(sorted(view.sources)), first, "pause")
    view.takes["T02"] = Take("T02", "open", second, tuple(sorted(view.sources)), last, "finish")
    view.segments = segments("T01", START, first) + segments("T02", second, last)
    view.gaps.append(
        Gap(40, "device_lost", "ALSA: no such device", (Interval("mic-plaintiff", at(1), at(1) + 12_300_000),))
    )
    view.gaps.append(
        Gap(
            41,
            "power_or_kill",
            "",
            tuple(Interval(s.name, at(2), at(2) + 8 * SECOND + i) for i, s in enumerate(SOURCES)),
        )
    )
    stages = (
        ("OPEN", 0.05, None, ""),
        ("REC_ANNOUNCE", 0.3, None, ""),
        ("APPEARANCE", 0.5, None, ""),
        ("MOTION", 1.2, "p4", "об отложении разбирательства"),
        ("RULING", 1.9, None, "в удовлетворении отказано"),
        ("EXPLANATION", 2.4, "p2", ""),
        ("BREAK_START", minutes - 0.1, None, "до 09:44"),
        ("BREAK_END", minutes + 10.1, None, ""),
        ("ANNOUNCE", minutes + 11, None, "резолютивная часть; решение в окончательной форме – 29.11.2026"),
        ("APPEAL_EXPLAIN", minutes + 11.5, None, ""),
        ("CLOSE", minutes + 11.9, None, ""),
    )
    view.stages = [Stage(50 + i, code, at(m), "secretary", who, note) for i, (code, m, who, note) in enumerate(stages)]
    view.remarks.append(Remark(90, "Истец предъявил подлинник договора", at(2.6), "secretary"))
    return view


def transcript_of(view: HearingView) -> Transcript:
    """Two words of the first take: one by a demonstration model, one typed by a person."""
    word = Word("сәлем", at(1), at(1.01), 800, 0)
    typed = Word("сот", at(1.01), at(1.02), None, None, edited_by="secretary", edited_us=at(30))
    passage = Passage("speech", "T01", "mic-bench", at(1), at(1.1), "kk", "p1", (word, typed))
    model = Model("moonshine", "tiny-en", "0.0.73", sha256_b64(b"model"), demonstration=True)
    span = TakeSpan("T01", START, at(4))
    return Transcript(view.hearing, 2, "open", "kk", (span,), (model,), (), (passage,))
