"""One hearing for each of the eight protocols: four codes, each in Russian and in Kazakh, complete but for the final date."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from protocol.brief import Brief, CourtFacts
from protocol.encoding import sha256_b64
from protocol.hearing import Gap, Interval, Participant, Stage
from protocol.transcript import Model, Passage, TakeSpan, Transcript, Word
from protocol.view import HearingView
from tests.protocol.scene import SOURCES, START, at, civil

SHORT = 0.4  # minutes of the first take: few files, few pages
CODES = ("gpk", "upk", "appk", "koap")
EIGHT = [(code, language) for code in CODES for language in ("ru", "kk")]

_Row = tuple[str, float, str | None, str]

_LABELS = {
    "mic-bench": "Төрағалық етушінің микрофоны",
    "mic-plaintiff": "Талапкердің микрофоны",
    "mic-defendant": "Жауапкердің микрофоны",
    "cam-judge": "Камера: сот",
}
_TITLES = {
    "gpk": (
        "по иску Әбдіғұлова Ә. Қ. к ТОО «Өрлеу Құрылыс» о взыскании задолженности",
        "талапкер Ә. Қ. Әбдіғұловтың «Өрлеу Құрылыс» ЖШС-ге қатысты берешекті өндіру туралы",
    ),
    "appk": (
        "по иску Ли М. С. к ГУ «Управление земельных отношений» об оспаривании административного акта",
        "талапкер М. С. Лидің «Жер қатынастары басқармасы» ММ-ге қатысты әкімшілік актіге дау айту туралы",
    ),
    "upk": (
        "по обвинению Қуанышбекова Д. Ғ. по ч. 2 ст. 188 УК РК",
        "Д. Ғ. Қуанышбековті ҚР ҚК 188-бабының 2-бөлігі бойынша айыптау туралы",
    ),
    "koap": (
        "в отношении Өтегенова Ж. Һ. по ч. 1 ст. 608 КоАП РК",
        "Ж. Һ. Өтегеновке қатысты ҚР ӘҚБтК 608-бабының 1-бөлігі бойынша",
    ),
}
_NUMBERS = {
    "gpk": "7512-26-00-2/1234",
    "appk": "7594-26-00-4/77",
    "upk": "7514-26-00-1/309",
    "koap": "7527-26-00-3/5121",
}


def _note(ru: str, kk: str, language: str) -> str:
    return kk if language == "kk" else ru


def hearing(code: str, language: str) -> HearingView:
    """A finished hearing of a code, in a language."""
    view = civil(SHORT)
    view.remarks = [
        replace(remark, text=_note(remark.text, "Талапкер шарттың түпнұсқасын ұсынды", language), at_us=at(0.33))
        for remark in view.remarks
    ]
    view.gaps = [
        Gap(40, "device_lost", "ALSA: no such device", (Interval("mic-plaintiff", at(0.34), at(0.35)),)),
        Gap(41, "power_or_kill", "", tuple(Interval(source.name, at(0.36), at(0.37)) for source in SOURCES)),
    ]
    if language == "kk":
        view.sources = {name: replace(source, label=_LABELS[name]) for name, source in view.sources.items()}
    _CASES[code](view, language)
    view.case = replace(
        view.case,
        code=code,
        number=_NUMBERS[code],
        title=_TITLES[code][language == "kk"],
        court=_court(code, language),
        language=language,
    )
    return view


def _court(code: str, language: str) -> str:
    ru = {
        "appk": "Специализированный межрайонный административный суд",
        "koap": "Специализированный суд по административным правонарушениям",
    }
    kk = {
        "appk": "Мамандандырылған ауданаралық әкімшілік сот",
        "koap": "Әкімшілік құқық бұзушылықтар жөніндегі мамандандырылған сот",
    }
    if language == "kk":
        return f"Алматы қаласының {kk.get(code, 'Алмалы аудандық соты')}"
    return f"{ru.get(code, 'Алмалинский районный суд')} города Алматы"


def _mark(view: HearingView, rows: tuple[_Row, ...]) -> None:
    view.stages = [
        Stage(50 + index, name, at(minutes), "secretary", who, note)
        for index, (name, minutes, who, note) in enumerate(rows)
    ]


def _people(view: HearingView, *people: Participant) -> None:
    view.participants = {person.id: person for person in (Participant("p1", "judge", "Сүлейменова А. Б."), *people)}


def _civil(view: HearingView, language: str) -> None:
    notified = _note(
        "извещён 10.11.2026, причина не сообщена", "10.11.2026 хабарланған, себебі хабарланбаған", language
    )
    _people(
        view,
        Participant("p2", "plaintiff", "Әбдіғұлов Әлихан Қуанышұлы"),
        Participant(
            "p3",
            "representative",
            "Ибрагимова Һәдия Ерланқызы",
            note=_note("доверенность от 01.11.2026", "01.11.2026 сенімхат", language),
        ),
        Participant("p4", "defendant_representative", "Ким Виктор Андреевич", "remote"),
        Participant("p5", "witness", "Жүнісов Ғани Өмірұлы", "absent", notified),
    )
    _mark(view, _civil_course(language))


def _administrative(view: HearingView, language: str) -> None:
    notified = _note(
        "извещена 12.11.2026 электронной повесткой", "12.11.2026 электрондық шақырумен хабарланған", language
    )
    _people(
        view,
        Participant("p2", "plaintiff", "Ли Марина Сергеевна"),
        Participant("p4", "defendant_representative", "Жұмабаев Қаһарман Нұрланұлы", "remote"),
        Participant("p5", "interested_person", "Ғалымова Іңкәр Өмірбекқызы", "absent", notified),
    )
    _mark(view, _civil_course(language))


def _civil_course(language: str) -> tuple[_Row, ...]:
    return (
        ("OPEN", 0.03, None, ""),
        ("REC_ANNOUNCE", 0.06, None, ""),
        ("APPEARANCE", 0.09, None, ""),
        ("COMPOSITION", 0.12, None, ""),
        ("RIGHTS", 0.15, None, ""),
        ("MOTION", 0.20, "p4", _note("об отложении разбирательства", "істі қарауды кейінге қалдыру туралы", language)),
        ("RULING", 0.24, None, _note("в удовлетворении отказано", "қанағаттандырудан бас тартылды", language)),
        ("EXPLANATION", 0.28, "p2", ""),
        ("BREAK_START", 0.38, None, _note("до 09:40", "09:40 дейін", language)),
        ("BREAK_END", 10.45, None, ""),
        ("DOCUMENTS", 10.6, None, _note("л. д. 5–31", "і. п. 5–31", language)),
        ("DEBATES", 11.0, "p2", ""),
        ("DELIBERATION", 11.2, None, ""),
        (
            "ANNOUNCE",
            11.6,
            None,
            _note(
                "резолютивная часть; решение в окончательной форме – 29.11.2026",
                "қарар бөлігі; шешім түпкілікті нысанда – 29.11.2026",
                language,
            ),
        ),
        ("APPEAL_EXPLAIN", 11.9, None, _note("один месяц", "бір ай", language)),
        ("REMARKS_EXPLAIN", 12.1, None, ""),
        ("CLOSE", 12.3, None, ""),
    )


def _criminal(view: HearingView, language: str) -> None:
    _people(
        view,
        Participant("p2", "state_prosecutor", "Нұғманов Ә. Қ."),
        Participant(
            "p3",
            "accused",
            "Қуанышбеков Дәурен Ғабитұлы",
            identity={
                "born": "14.03.1991",
                "birthplace": _note("г. Тараз", "Тараз қаласы", language),
                "citizenship": _note("Республика Казахстан", "Қазақстан Республикасы", language),
                "residence": _note(
                    "г. Алматы, ул. Жандосова, 17, кв. 4", "Алматы қ., Жандосов к-сі, 17, 4-пәтер", language
                ),
                "iin": "910314300125",
                "restraint": _note("подписка о невыезде", "ешқайда кетпеу туралы қолхат", language),
            },
        ),
        Participant("p4", "counsel", "Ибраев Ұлан Төлегенұлы"),
        Participant("p5", "victim", "Шәріпова Һәнифа Ілиясқызы"),
        Participant("p6", "witness", "Ким Виктор Андреевич", "remote"),
    )
    _mark(
        view,
        (
            ("OPEN", 0.03, None, ""),
            ("REC_ANNOUNCE", 0.06, None, ""),
            ("APPEARANCE", 0.09, None, ""),
            ("IDENTITY", 0.12, "p3", ""),
            ("RIGHTS", 0.15, "p3", ""),
            ("CHARGE", 0.18, "p2", ""),
            ("MOTION", 0.21, "p4", _note("о допросе эксперта", "сарапшыдан жауап алу туралы", language)),
            ("RULING", 0.24, None, _note("в удовлетворении отказано", "қанағаттандырудан бас тартылды", language)),
            ("DEFENDANT", 0.27, "p3", ""),
            ("VICTIM", 0.30, "p5", ""),
            ("BREAK_START", 0.38, None, ""),
            ("BREAK_END", 10.45, None, ""),
            ("WITNESS", 10.6, "p6", ""),
            (
                "PHYSICAL",
                10.7,
                None,
                _note("нож, протокол выемки л. д. 41", "пышақ, алу хаттамасы, і. п. 41", language),
            ),
            ("DOCUMENTS", 10.8, None, _note("л. д. 12–38", "і. п. 12–38", language)),
            ("JOIN", 10.9, "p4", _note("характеристика с места работы", "жұмыс орнынан мінездеме", language)),
            ("DEBATES", 11.0, "p2", ""),
            ("DEBATES", 11.2, "p4", ""),
            ("LAST_WORD", 11.4, "p3", ""),
            ("DELIBERATION", 11.6, None, _note("оглашение в 16:00", "жариялау сағат 16:00-де", language)),
            ("ANNOUNCE", 12.0, None, _note("приговор", "үкім", language)),
            ("APPEAL_EXPLAIN", 12.2, None, _note("15 суток", "15 тәулік", language)),
            ("CLOSE", 12.35, None, ""),
        ),
    )


def _offence(view: HearingView, language: str) -> None:
    _people(
        view,
        Participant(
            "p2",
            "offender",
            "Өтегенов Жомарт Һамитұлы",
            identity={
                "born": "02.09.1984",
                "residence": _note("г. Алматы, мкр. Өжет, 41", "Алматы қ., Өжет ы/а, 41", language),
                "registration": _note("там же", "сол жерде", language),
                "document": _note(
                    "удостоверение личности № 041234567, МВД РК, 11.05.2019",
                    "№ 041234567 жеке куәлік, ҚР ІІМ, 11.05.2019",
                    language,
                ),
                "iin": "840902300457",
                "workplace": _note("ТОО «Әлем Көлік», водитель", "«Әлем Көлік» ЖШС, жүргізуші", language),
            },
        ),
        Participant("p3", "advocate", "Сейітқали Іңкәр Ұланқызы"),
        Participant(
            "p4",
            "witness",
            "Петров Олег Юрьевич",
            "absent",
            _note("извещён 18.11.2026", "18.11.2026 хабарланған", language),
        ),
    )
    _mark(
        view,
        (
            ("OPEN", 0.03, None, ""),
            ("REC_ANNOUNCE", 0.06, None, ""),
            ("APPEARANCE", 0.09, None, ""),
            ("IDENTITY", 0.12, "p2", ""),
            ("RIGHTS", 0.15, "p2", ""),
            ("EXPLANATION", 0.22, "p2", ""),
            ("BREAK_START", 0.38, None, ""),
            ("BREAK_END", 10.45, None, ""),
            ("DOCUMENTS", 10.6, None, _note("протокол № 264010, л. д. 2–9", "№ 264010 хаттама, і. п. 2–9", language)),
            ("ANNOUNCE", 11.6, None, _note("постановление", "қаулы", language)),
            ("APPEAL_EXPLAIN", 11.8, None, _note("10 суток", "10 тәулік", language)),
            ("REMARKS_EXPLAIN", 12.0, None, _note("трое суток", "үш тәулік", language)),
            ("CLOSE", 12.3, None, ""),
        ),
    )


_CASES: dict[str, Callable[[HearingView, str], None]] = {
    "gpk": _civil,
    "appk": _administrative,
    "upk": _criminal,
    "koap": _offence,
}


def transcript(view: HearingView, language: str) -> Transcript:
    """A transcript of four passages, one of them silence; no word of it is by a demonstration model."""
    people = [person.id for person in view.participants.values() if person.attendance == "present"]
    said = (
        ("Құрметті сот, өтінішхатты қолдаймын", "талап қоюға қарсымын")
        if language == "kk"
        else ("Уважаемый суд, ходатайство поддерживаю", "возражаю против иска")
    )
    passages = []
    for number, text in enumerate(said):
        begin = at(0.1 + number / 10)
        words = tuple(
            Word(word, begin + 200_000 * i, begin + 200_000 * (i + 1), 900 - 50 * i, 0)
            for i, word in enumerate(text.split())
        )
        passages.append(
            Passage("speech", "T01", "mic-plaintiff", begin, begin + 2_000_000, language, people[-1 - number], words)
        )
    model = Model("faster-whisper", "court-kk-ru", "1.2.1", sha256_b64(b"court model"))
    return Transcript(
        view.hearing, 1, "open", language, (TakeSpan("T01", START, at(SHORT)),), (model,), (), tuple(passages)
    )


def brief(code: str, language: str) -> tuple[Brief, Transcript | None]:
    """The protocol of :func:`hearing`, and the transcript that is annexed to it (АППК)."""
    view = hearing(code, language)
    annex = transcript(view, language) if code == "appk" else None
    return Brief.of(view, annex, court=CourtFacts(city="Алматы"), drafted_at_us=at(40), number=1), annex
