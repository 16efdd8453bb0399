"""Russian number words in every case, and the nouns that make sure a number is meant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from protocol.brief_texts import MONTHS as BRIEF_MONTHS
from transcription.written_forms_numbers import Lexicon, Numeral, listed

_ONES: Final = {
    1: "один одна одно одну|одного одной одному одним одном одною",
    2: "два две|двух двум двумя",
    3: "три|трех трем тремя",
    4: "четыре|четырех четырем четырьмя",
    8: "восемь|восьми восемью восьмью",
    40: "сорок|сорока",
    90: "девяносто|девяноста",
    100: "сто|ста",
    200: "двести|двухсот двумстам двумястами двухстах",
    300: "триста|трехсот тремстам тремястами трехстах",
    400: "четыреста|четырехсот четыремстам четырьмястами четырехстах",
}
_SOFT: Final = {
    5: "пят", 6: "шест", 7: "сем", 9: "девят", 10: "десят", 11: "одиннадцат", 12: "двенадцат", 13: "тринадцат", 14: "четырнадцат",
    15: "пятнадцат", 16: "шестнадцат", 17: "семнадцат", 18: "восемнадцат", 19: "девятнадцат", 20: "двадцат", 30: "тридцат",
}  # fmt: skip
_BOTH: Final = {
    50: ("пят", "пяти", "пятью"),
    60: ("шест", "шести", "шестью"),
    70: ("сем", "семи", "семью"),
    80: ("восем", "восьми", "восемью"),
}
_ORDINALS: Final = {
    1: "перв", 2: "втор", 4: "четверт", 5: "пят", 6: "шест", 7: "седьм", 8: "восьм", 9: "девят", 10: "десят", 11: "одиннадцат",
    12: "двенадцат", 13: "тринадцат", 14: "четырнадцат", 15: "пятнадцат", 16: "шестнадцат", 17: "семнадцат", 18: "восемнадцат",
    19: "девятнадцат", 20: "двадцат", 30: "тридцат", 40: "сороков", 50: "пятидесят", 60: "шестидесят", 70: "семидесят",
    80: "восьмидесят", 90: "девяност", 100: "сот", 200: "двухсот", 300: "трехсот", 400: "четырехсот", 500: "пятисот", 600: "шестисот",
    700: "семисот", 800: "восьмисот", 900: "девятисот", 1000: "тысячн", 2000: "двухтысячн", 1_000_000: "миллионн",
}  # fmt: skip
#: The ending of an ordinal, and how it is written after a figure (ГОСТ 7.12: one letter after a vowel, two after a consonant).
_ENDINGS: Final = {
    "ый": "й", "ой": "й", "ая": "я", "ое": "е", "ого": "го", "ому": "му", "ым": "м", "ом": "м", "ую": "ю", "ые": "е", "ых": "х",
    "ыми": "ми",
}  # fmt: skip
_THIRD: Final = {
    "ий": "й", "ья": "я", "ье": "е", "ьего": "го", "ьему": "му", "ьим": "м", "ьем": "м", "ьей": "й", "ью": "ю", "ьи": "и", "ьих": "х",
    "ьими": "ми",
}  # fmt: skip
_SCALES: Final = {
    1000: ("тысяча тысячу", "тысячи тысяч тысячей тысячью тысяче тысячам тысячами тысячах"),
    10**6: ("миллион", "миллиона миллиону миллионом миллионе миллионы миллионов миллионам миллионами миллионах"),
    10**9: (
        "миллиард",
        "миллиарда миллиарду миллиардом миллиарде миллиарды миллиардов миллиардам миллиардами миллиардах",
    ),
}
#: Ordinals of several: "двадцать первых" may be the first twenty.
PLURAL: Final = frozenset({"х", "ми", "и"})


def _words() -> Iterator[tuple[str, Numeral]]:
    yield from (("ноль", Numeral(0)), ("нуль", Numeral(0)))
    yield from (
        (form, Numeral(0, nominative=False))
        for form in ("ноля", "нолю", "нолем", "ноле", "нуля", "нулю", "нулем", "нуле")
    )
    for value, forms in _ONES.items():
        straight, oblique = forms.split("|")
        yield from ((form, Numeral(value)) for form in straight.split())
        yield from ((form, Numeral(value, nominative=False)) for form in oblique.split())
    for value, stem in _SOFT.items():
        last = value == 10
        yield f"{stem}ь", Numeral(value, last=last)
        yield from ((f"{stem}{end}", Numeral(value, nominative=False, last=last)) for end in ("и", "ью"))
    for value, (stem, genitive, instrumental) in _BOTH.items():
        yield f"{stem}ьдесят", Numeral(value)
        yield from (
            (f"{form}десят{end}", Numeral(value, nominative=False))
            for form, end in ((genitive, "и"), (instrumental, "ью"))
        )
    yield "восьмьюдесятью", Numeral(80, nominative=False)
    for value, stem, genitive in (
        (500, "пят", "пяти"), (600, "шест", "шести"), (700, "сем", "семи"), (800, "восем", "восьми"), (900, "девят", "девяти"),
    ):  # fmt: skip
        yield f"{stem}ьсот", Numeral(value)
        oblique_forms = (f"{genitive}сот", f"{genitive}стам", f"{stem}ьюстами", f"{genitive}стах")
        yield from ((form, Numeral(value, nominative=False)) for form in oblique_forms)
    for value, (alone, counted) in _SCALES.items():
        yield from ((form, Numeral(value, multiplies=True)) for form in alone.split())
        yield from ((form, Numeral(value, multiplies=True, alone=False)) for form in counted.split())
    for value, stem in _ORDINALS.items():
        for end, written in _ENDINGS.items():
            yield f"{stem}{end}", Numeral(value, ordinal=True, ending=written, multiplies=value >= 1000)
    for end, written in _THIRD.items():
        yield f"трет{end}", Numeral(3, ordinal=True, ending=written)


WORDS: Final[Lexicon] = dict(_words())

MONTHS: Final = BRIEF_MONTHS["ru"]
YEARS: Final = frozenset({"год", "года", "году", "годом", "годе"})
#: A cardinal after these is a number, one as well.
NUMBERED: Final = frozenset({"номер", "№", "номером", "кабинет", "кабинете"})
#: A noun of the law, and the endings of an ordinal that agrees with it: "часть третья", never "часть третьей комнаты".
LEGAL: Final = {
    **dict.fromkeys(("статья", "часть", "глава"), ("я",)),
    **dict.fromkeys(("статьи", "статье", "статьей", "части", "частью", "главы", "главе", "главой"), ("й",)),
    **dict.fromkeys(("статью", "главу"), ("ю",)),
    **dict.fromkeys(("пункт", "подпункт", "абзац", "раздел", "параграф"), ("й",)),
    **dict.fromkeys(("пункта", "подпункта", "абзаца", "раздела", "параграфа"), ("го",)),
    **dict.fromkeys(("пункту", "подпункту", "абзацу", "разделу", "параграфу"), ("му",)),
    **dict.fromkeys(("пунктом", "подпунктом", "абзацем", "разделом", "параграфом"), ("м",)),
    **dict.fromkeys(("пункте", "подпункте", "абзаце", "разделе", "параграфе"), ("м",)),
    **dict.fromkeys(("статей", "статьям", "статьями", "статьях", "частей", "пунктов", "пунктами", "пунктах"), ("й", "я", "ю", "м", "го")),
    **dict.fromkeys(NUMBERED, ()),
}  # fmt: skip
LEGAL["часть"] = ("я", "ю")
_NOUNS: Final = (
    "тенге тиын тиына тиынов рубль рубля рублю рублем рублей рублям рублями рублях копейка копейки копейку копеек копейками доллар доллара "
    "долларов долларам долларами евро юань юаней юаня мрп процент процента проценту процентом процентов процентам процентами процентах"
)
#: One of these is a number as well: "один процент", not "один человек".
MONEY: Final = frozenset(_NOUNS.split())
UNITS: Final = MONEY | frozenset(
    listed(
        "час часа часов часу часам часами часах минута минуты минуту минут минутам минутами минутах секунда секунды секунду секунд секундами "
        "день дня дней дню дням днями днях сутки суток суткам сутками неделя недели неделю недель неделями месяц месяца месяцев месяцам месяцами месяцах "
        "год года лет годам годами годах метр метра метров метрах метрами километр километра километров километрах километрами сантиметр сантиметра "
        "сантиметров гектар гектара гектаров грамм грамма граммов килограмм килограмма килограммов тонна тонны тонну тонн литр литра литров "
        "лист листа листов листах экземпляр экземпляра экземплярах экземпляров человек человека раз раза"
    )
)
#: May stand between the number and its unit.
ADJECTIVES: Final = ("квадратн", "кубическ", "календарн", "рабоч", "погонн", "месячн", "американск", "российск")
#: Before a number they make it another one, or none: "полторы тысячи", "несколько тысяч".
VAGUE: Final = frozenset(
    listed(
        "полтора полторы пара пару несколько много немного сколько столько десятки десятков десяток сотни сотен пол половина половиной"
    )
)
#: After these the digits of one number are read, however they are bundled: word → lengths that are whole.
IDENTIFIERS: Final = {
    "иин": (12,), "бин": (12,), "телефон": (6, 7, 10, 11), "телефона": (6, 7, 10, 11), "телефону": (6, 7, 10, 11),
}  # fmt: skip
