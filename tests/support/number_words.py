"""Numbers in words, in the dictionary form: what the reading of numbers is tested against, made without its tables."""

from __future__ import annotations


def _words(text: str) -> list[str]:
    return text.split()


RU_ONES = _words(
    "ноль один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать тринадцать четырнадцать пятнадцать шестнадцать семнадцать восемнадцать девятнадцать"
)
RU_TENS = _words("двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто")
RU_HUNDREDS = _words("сто двести триста четыреста пятьсот шестьсот семьсот восемьсот девятьсот")
RU_SCALES = [
    ("", "", ""),
    ("тысяча", "тысячи", "тысяч"),
    ("миллион", "миллиона", "миллионов"),
    ("миллиард", "миллиарда", "миллиардов"),
]
KK_ONES = _words("нөл бір екі үш төрт бес алты жеті сегіз тоғыз")
KK_TENS = _words("он жиырма отыз қырық елу алпыс жетпіс сексен тоқсан")
KK_SCALES = ["", "мың", "миллион", "миллиард"]
EN_ONES = _words(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
)
EN_TENS = _words("twenty thirty forty fifty sixty seventy eighty ninety")
EN_SCALES = ["", "thousand", "million", "billion"]


def say(value: int, language: str) -> str:
    """0 … 10^12 in words.

    Args:
        value: the number.
        language: ru, kk or en.
    """
    group = {"ru": _ru, "kk": _kk, "en": _en}[language]
    if value == 0:
        return {"ru": RU_ONES, "kk": KK_ONES, "en": EN_ONES}[language][0]
    said: list[str] = []
    scale = 0
    while value:
        value, low = divmod(value, 1000)
        said = (group(low, scale) if low else []) + said
        scale += 1
    return " ".join(said)


def _ru(value: int, scale: int) -> list[str]:
    said = [RU_HUNDREDS[value // 100 - 1]] if value >= 100 else []
    rest = value % 100
    if rest >= 20:
        said.append(RU_TENS[rest // 10 - 2])
        rest %= 10
    if rest:
        said.append({1: "одна", 2: "две"}.get(rest, RU_ONES[rest]) if scale == 1 else RU_ONES[rest])
    if scale:
        one, few, many = RU_SCALES[scale]
        said.append(many if 11 <= value % 100 <= 19 else one if rest == 1 else few if 2 <= rest <= 4 else many)
    return said


def _kk(value: int, scale: int) -> list[str]:
    said = [KK_ONES[value // 100], "жүз"] if value >= 200 else ["жүз"] if value >= 100 else []
    said += [KK_TENS[value // 10 % 10 - 1]] if value // 10 % 10 else []
    said += [KK_ONES[value % 10]] if value % 10 else []
    return said + ([KK_SCALES[scale]] if scale else [])


def _en(value: int, scale: int) -> list[str]:
    said = [EN_ONES[value // 100], "hundred"] if value >= 100 else []
    rest = value % 100
    if rest >= 20:
        said.append(EN_TENS[rest // 10 - 2])
        rest %= 10
    if rest:
        said.append(EN_ONES[rest])
    return said + ([EN_SCALES[scale]] if scale else [])
