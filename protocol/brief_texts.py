"""Phrases that values of a protocol are made of, in Russian and Kazakh, by key. The sentences of the law stand in the templates.

The Kazakh follows the wording of the Kazakh codes; docs/brief-protocol.md lists what a court lawyer should read.
"""

from __future__ import annotations

from typing import Final

#: Languages a protocol is written in.
LANGUAGES: Final = ("ru", "kk")

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "draft": ("ПРОЕКТ", "ЖОБА"),
    "date": ("{day} {month} {year} года", "{year} жылғы {day} {month}"),
    "blank": ("не указано", "көрсетілмеген"),
    "clock": ("{hour} час. {minute} мин.", "{hour} сағат {minute} минутта"),
    "publicity.open": ("открытое", "ашық"),
    "publicity.closed": ("закрытое", "жабық"),
    "publicity.part": ("открытое; закрытое {spans}", "ашық; {spans} жабық"),
    "span": ("с {start} до {end}", "{start}–{end} аралығында"),
    "span.open": ("с {start}, окончание не отмечено", "басталуы {start}, аяқталуы белгіленбеген"),
    "take.closed": ("закрытая часть", "жабық бөлігі"),
    "take.reason.pause": ("приостановлена", "тоқтатылды"),
    "take.reason.publicity": ("изменён режим заседания", "отырыс режимі өзгертілді"),
    "take.reason.interrupted": ("прервана", "үзілді"),
    "take.reason.finish": ("окончена", "аяқталды"),
    "take.running": ("не окончена", "аяқталмаған"),
    "course.remark": ("Отметка секретаря", "Хатшының белгісі"),
    "place.none": ("записи нет", "жазба жоқ"),
    "place.offset": ("смещение {offset}", "ығысуы {offset}"),
    "place.others": ("и ещё файлов: {others}", "және тағы {others} файл"),
    "fault.total": (
        "Использование средств записи было невозможно {span}",
        "Жазба құралдарын пайдалану {span} мүмкін болмады",
    ),
    "fault.part": (
        "Запись отдельных источников была невозможна {span}",
        "Жекелеген көздерді жазу {span} мүмкін болмады",
    ),
    "fault.stage": (
        "О невозможности использования средств записи отмечено в {at}",
        "Жазба құралдарын пайдаланудың мүмкін еместігі белгіленді: {at}",
    ),
    "fault.reason": ("причина: {reason}", "себебі: {reason}"),
    "fault.sources": ("источники: {sources}", "көздер: {sources}"),
    "duration": ("длительность {duration}", "ұзақтығы {duration}"),
    "transcript.model": (
        "модель {name} ({engine} {version}), SHA-256 {sha256}",
        "{name} моделі ({engine} {version}), SHA-256 {sha256}",
    ),
    "transcript.demonstration": (
        "ДЕМОНСТРАЦИОННАЯ МОДЕЛЬ: слова могут не соответствовать сказанному",
        "КӨРСЕТУ МОДЕЛІ: сөздер айтылғанға сәйкес келмеуі мүмкін",
    ),
    "signature": ("подпись", "қолы"),
    "annex.list": ("{first} … {last}", "{first} … {last}"),
    "media.audio": ("звук", "дыбыс"),
    "media.video": ("видео", "бейне"),
    "footer.record": ("запись {hearing}", "{hearing} жазбасы"),
    "language.kk": ("казахский", "қазақ тілі"),
    "language.ru": ("русский", "орыс тілі"),
    "passage.missing_model": ("[речь; нет модели для языка: {language}]", "[сөз; мына тілдің моделі жоқ: {language}]"),
    "passage.gap": ("[запись не велась]", "[жазба жүргізілмеді]"),
    "passage.voice": ("{label}, голос {number}", "{label}, {number}-дауыс"),
    "passage.none": ("[слова не распознаны]", "[сөздер танылмады]"),
}

MONTHS: Final[dict[str, tuple[str, ...]]] = {
    "ru": (
        "января",
        "февраля",
        "марта",
        "апреля",
        "мая",
        "июня",
        "июля",
        "августа",
        "сентября",
        "октября",
        "ноября",
        "декабря",
    ),
    "kk": (
        "қаңтар",
        "ақпан",
        "наурыз",
        "сәуір",
        "мамыр",
        "маусым",
        "шілде",
        "тамыз",
        "қыркүйек",
        "қазан",
        "қараша",
        "желтоқсан",
    ),
}

#: Roles of participants; another role is shown as it is written.
ROLES: Final[dict[str, tuple[str, str]]] = {
    "judge": ("судья", "судья"),
    "presiding_judge": ("председательствующий", "төрағалық етуші"),
    "secretary": ("секретарь судебного заседания", "сот отырысының хатшысы"),
    "plaintiff": ("истец", "талапкер"),
    "defendant": ("ответчик", "жауапкер"),
    "third_party": ("третье лицо", "үшінші тұлға"),
    "interested_person": ("заинтересованное лицо", "мүдделі тұлға"),
    "representative": ("представитель", "өкіл"),
    "plaintiff_representative": ("представитель истца", "талапкердің өкілі"),
    "defendant_representative": ("представитель ответчика", "жауапкердің өкілі"),
    "legal_representative": ("законный представитель", "заңды өкіл"),
    "prosecutor": ("прокурор", "прокурор"),
    "state_prosecutor": ("государственный обвинитель", "мемлекеттік айыптаушы"),
    "private_accuser": ("частный обвинитель", "жекеше айыптаушы"),
    "counsel": ("защитник", "қорғаушы"),
    "advocate": ("адвокат", "адвокат"),
    "accused": ("подсудимый", "сотталушы"),
    "victim": ("потерпевший", "жәбірленуші"),
    "civil_plaintiff": ("гражданский истец", "азаматтық талапкер"),
    "civil_defendant": ("гражданский ответчик", "азаматтық жауапкер"),
    "offender": ("лицо, в отношении которого ведётся производство", "өзіне қатысты іс жүргізіліп жатқан тұлға"),
    "witness": ("свидетель", "куә"),
    "expert": ("эксперт", "сарапшы"),
    "specialist": ("специалист", "маман"),
    "interpreter": ("переводчик", "аудармашы"),
    "bailiff": ("судебный пристав", "сот приставы"),
    "psychologist": ("психолог", "психолог"),
    "pedagogue": ("педагог", "педагог"),
    "mediator": ("медиатор", "медиатор"),
    "juror": ("присяжный заседатель", "алқаби"),
    "other": ("участник", "қатысушы"),
}

#: Causes of faults, as the journal's ``gap`` lines name them; another cause is shown as it is written, with its detail.
CAUSES: Final[dict[str, tuple[str, str]]] = {
    "power_or_kill": (
        "отключение питания или остановка программы записи",
        "қуат көзінің ажыратылуы немесе жазба бағдарламасының тоқтауы",
    ),
    "starting": ("источник ещё не начал передавать данные", "көз деректерді әлі бере бастаған жоқ"),
    "dropped": ("часть данных потеряна", "деректердің бір бөлігі жоғалды"),
    "restart": ("перезапуск программы записи", "жазба бағдарламасы қайта іске қосылды"),
    "frozen": ("программа записи источника перестала отвечать", "көзді жазу бағдарламасы жауап беруді тоқтатты"),
    "killed": ("программа записи источника остановлена", "көзді жазу бағдарламасы тоқтатылды"),
    "exited": ("программа записи источника остановлена", "көзді жазу бағдарламасы тоқтатылды"),
    "no_process": ("программа записи источника не запустилась", "көзді жазу бағдарламасы іске қосылмады"),
    "bad_report": ("сбой программы записи источника", "көзді жазу бағдарламасының ақауы"),
    "not_opened": ("устройство не ответило", "құрылғы жауап бермеді"),
    "no_bytes": ("устройство перестало передавать данные", "құрылғы деректер беруді тоқтатты"),
    "file_ended": ("файл источника закончился", "көздің файлы аяқталды"),
    "source_unavailable": ("устройство недоступно", "құрылғы қолжетімсіз"),
    "source_refused": ("камера отказала в доступе", "камера қол жеткізуден бас тартты"),
    "source_format": ("устройство передаёт данные неподходящего вида", "құрылғы сәйкес келмейтін деректер береді"),
    "source_lost": ("потеряна связь с устройством", "құрылғымен байланыс үзілді"),
    "capture_behind": ("диск или процессор не успевает", "диск немесе процессор үлгермейді"),
    "lost": ("потеряна связь с устройством", "құрылғымен байланыс үзілді"),
    "device_lost": ("потеряна связь с устройством", "құрылғымен байланыс үзілді"),
    "stalled": ("устройство перестало передавать данные", "құрылғы деректер беруді тоқтатты"),
    "overrun": ("потеря части звука при перегрузке", "жүктеме кезінде дыбыстың бір бөлігі жоғалды"),
    "disk_full": ("на диске нет места", "дискіде орын жоқ"),
    "disk_failed": ("отказ диска", "диск істен шықты"),
    "late_start": ("источник начал работать позже", "көз кейінірек іске қосылды"),
    "source_ended": ("в исходном файле этот источник короче остальных", "бастапқы файлда бұл көз басқаларынан қысқа"),
    "source_damaged": ("исходный файл повреждён или обрывается", "бастапқы файл бүлінген немесе үзілген"),
}


def text(key: str, language: str, **values: object) -> str:
    """A text with its values filled in.

    Raises:
        KeyError: no such key, language or value.
    """
    return TEXTS[key][LANGUAGES.index(language)].format(**values) if values else TEXTS[key][LANGUAGES.index(language)]


def named(table: dict[str, tuple[str, str]], key: str, language: str) -> str:
    """The name of a code in a table, or the code itself where the table does not know it."""
    return table[key][LANGUAGES.index(language)] if key in table else key
