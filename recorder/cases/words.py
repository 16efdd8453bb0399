"""Words that a list may use for a value beside the value itself: a table made by hand is in Kazakh or Russian. Terms as the codes use them."""

from __future__ import annotations

from collections.abc import Mapping

CODES = {
    "gpk": ("гпк", "апк"),
    "upk": ("упк", "қпк"),
    "appk": ("аппк", "әрпк"),
    "koap": ("коап", "әқбтк"),
}

PUBLICITY = {"open": ("открытое", "ашық"), "closed": ("закрытое", "жабық")}

LANGUAGES = {"kk": ("казахский", "қазақ", "қазақша", "каз"), "ru": ("русский", "орыс", "орысша", "рус")}

STATUS = {"planned": ("назначено", "тағайындалды"), "cancelled": ("отменено", "күші жойылды")}

#: Kinds of sitting (docs/brief-protocol.md).
KINDS = {
    "hearing": ("судебное заседание", "сот отырысы"),
    "preliminary": ("предварительное судебное заседание", "алдын ала сот отырысы"),
    "preliminary_hearing": ("предварительное слушание", "алдын ала тыңдау"),
    "proceedings": ("судебное разбирательство", "сот талқылауы"),
    "trial": ("главное судебное разбирательство", "басты сот талқылауы"),
    "reconciliation": ("примирительная процедура", "татуластыру рәсімі"),
    "visiting": ("выездное заседание", "көшпелі сот отырысы"),
    "action": ("процессуальное действие", "процестік әрекет"),
    "investigating_judge": ("заседание у следственного судьи", "тергеу судьясындағы отырыс"),
    "appeal": ("заседание апелляционной инстанции", "апелляциялық сатыдағы отырыс"),
}

ROLES = {
    "judge": ("председательствующий", "төрағалық етуші"),
    "secretary": ("секретарь", "хатшы"),
    "plaintiff": ("истец", "талапкер"),
    "defendant": ("ответчик", "жауапкер"),
    "third_party": ("третье лицо", "үшінші тұлға"),
    "interested_person": ("заинтересованное лицо", "мүдделі тұлға"),
    "representative": ("представитель", "өкіл"),
    "prosecutor": ("прокурор",),
    "state_prosecutor": ("государственный обвинитель", "мемлекеттік айыптаушы"),
    "counsel": ("защитник", "адвокат", "қорғаушы"),
    "accused": ("подсудимый", "сотталушы"),
    "victim": ("потерпевший", "жәбірленуші"),
    "civil_plaintiff": ("гражданский истец", "азаматтық талапкер"),
    "civil_defendant": ("гражданский ответчик", "азаматтық жауапкер"),
    "offender": ("лицо, в отношении которого ведётся производство", "өзіне қатысты іс жүргізіліп жатқан тұлға"),
    "witness": ("свидетель", "куә"),
    "expert": ("эксперт", "сарапшы"),
    "specialist": ("специалист", "маман"),
    "interpreter": ("переводчик", "аудармашы"),
    "other": ("иное лицо", "өзге тұлға"),
}


def value_of(words: Mapping[str, tuple[str, ...]], text: str) -> str | None:
    """The value that a word stands for; None where it stands for none."""
    wanted = " ".join(text.split()).casefold()
    if wanted in words:
        return wanted
    return next((value for value, others in words.items() if wanted in others), None)
