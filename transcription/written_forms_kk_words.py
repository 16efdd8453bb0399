"""Kazakh number words with their case suffixes, and the nouns that make sure a number is meant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from transcription.written_forms_numbers import Lexicon, Numeral, listed

#: Stem, and its suffixes of dative, locative, ablative, genitive, accusative and instrumental, then the possessive.
_FORMS: Final = {
    0: ("нөл", "ге де ден дің ді мен", "і"),
    1: ("бір", "", "і"),  # бірге: together; бірден: at once
    2: ("екі", "ге де ден нің ні мен", "сі"),
    3: ("үш", "ке те тен тің ті пен", "і"),  # үшін: for
    4: ("төрт", "ке те тен тің ті пен", "і"),
    5: ("бес", "ке те тен тің ті пен", "і"),
    6: ("алты", "ға да дан ның ны мен", "сы"),
    7: ("жеті", "ге де ден нің ні мен", "сі"),
    8: ("сегіз", "ге де ден дің ді бен", "і"),
    9: ("тоғыз", "ға да дан дың ды бен", "ы"),
    10: ("он", "ға нан мен", "ы"),  # онда: there; оның: his; оны: him
    20: ("жиырма", "ға да дан ның ны мен", "сы"),
    30: ("отыз", "ға да дан дың ды бен", "ы"),
    40: ("қырық", "қа та тан тың ты пен", ""),
    50: ("елу", "ге де ден дің ді мен", "і"),
    60: ("алпыс", "қа та тан тың ты пен", "ы"),
    70: ("жетпіс", "ке те тен тің ті пен", "і"),
    80: ("сексен", "ге де нен нің ді мен", "і"),
    90: ("тоқсан", "ға да нан ның ды мен", "ы"),
    100: ("жүз", "ге де ден дің ді бен", ""),  # іс жүзінде: in fact
    1000: ("мың", "ға да нан ның ды мен", ""),
    10**6: ("миллион", "ға да нан ның ды мен", ""),
    10**9: ("миллиард", "қа та тан тың ты пен", ""),
}
#: What the possessive goes on with: "жиырма бесінде", on the twenty-fifth.
_FRONT: Final = ("нде", "нен", "не", "нің")
_BACK: Final = ("нда", "нан", "на", "ның")
_ORDINALS: Final = {
    1: "бірінші", 2: "екінші", 3: "үшінші", 4: "төртінші", 5: "бесінші", 6: "алтыншы", 7: "жетінші", 8: "сегізінші", 9: "тоғызыншы",
    10: "оныншы", 20: "жиырмасыншы", 30: "отызыншы", 40: "қырқыншы", 50: "елуінші", 60: "алпысыншы", 70: "жетпісінші", 80: "сексенінші",
    90: "тоқсаныншы", 100: "жүзінші", 1000: "мыңыншы", 10**6: "миллионыншы",
}  # fmt: skip


def _words() -> Iterator[tuple[str, Numeral]]:
    yield "ноль", Numeral(0)
    for value, (stem, cases, possessive) in _FORMS.items():
        multiplies = value >= 100
        yield stem, Numeral(value, multiplies=multiplies)
        endings = cases.split()
        if possessive:
            more = _FRONT if possessive[-1] == "і" else _BACK
            endings += [f"{possessive}{end}" for end in more]
        if value not in (1, 10):
            endings += [possessive] if possessive else []
        yield from (
            (f"{stem}{end}", Numeral(value, multiplies=multiplies, ending=end, nominative=False)) for end in endings
        )
    for value, word in _ORDINALS.items():
        yield word, Numeral(value, ordinal=True, multiplies=value >= 100, ending=word[-2:])


WORDS: Final[Lexicon] = dict(_words())

_SUFFIX: Final = (
    "(?:(?:сы|сі|ы|і)?(?:н[ыі]ң|д[ыі]ң|т[ыі]ң|[ғқгк][аеә]|[нғ]?[ае]|н[ыі]|д[ыі]|т[ыі]|н|[дт][ае]|нд[ае]|[дтн][ае]н|[мбп]ен|"
    "л[ыі]қ|д[ыі]қ|т[ыі]қ|лік|дік|тік|нд[ае][ғг][ыі]|[дт][ае][ғг][ыі]|ғ[ыі]|г[ыі])?)"
)
_MONEY: Final = "теңге|тиын|пайыз|процент|доллар|рубл|рубль|еуро|евро|юань|аек"
_COUNTED: Final = (
    "жыл|ай|апта|күн|тәулік|сағат|минут|секунд|метр|километр|шақырым|гектар|килограмм|тонна|литр|парақ|дана|адам|жас"
)
#: One of these is a number as well: "бір теңге", not "бір адам".
MONEY: Final = re.compile(rf"(?:{_MONEY}){_SUFFIX}\Z")
UNIT: Final = re.compile(rf"(?:{_MONEY}|{_COUNTED}){_SUFFIX}\Z")
YEAR: Final = re.compile(rf"жыл{_SUFFIX}\Z")
MONTH: Final = re.compile(
    rf"(?:қаңтар|ақпан|наурыз|сәуір|мамыр|маусым|шілде|тамыз|қыркүйек|қыркүйег|қазан|қараша|желтоқсан){_SUFFIX}\Z"
)
#: What an ordinal beside it is surely the number of, a single word as well.
LAW: Final = re.compile(rf"(?:бап|баб|тармақ|тармағ|тармақша|тарау|абзац|параграф){_SUFFIX}\Z")
#: Only after an article: "екінші бөлігі" may be the second part of anything.
PART: Final = re.compile(rf"(?:бөлік|бөліг|бөлім){_SUFFIX}\Z")
#: Only with a number of several words.
PLACE: Final = re.compile(rf"(?:кабинет|сынып|сыныб|пәтер|үй|том){_SUFFIX}\Z")
SHARE: Final = re.compile(rf"(?:бөлік|бөліг|үлес){_SUFFIX}\Z")
#: Before a number they make it another one, or none: "бір жарым мың", "бірнеше жүз".
VAGUE: Final = frozenset(listed("жарым жарты бірнеше көп аз неше қанша сонша талай шамалы ұлы орта кіші"))
#: Between the number and its unit.
ADJECTIVES: Final = frozenset(listed("шаршы текше күнтізбелік жұмыс қума америкалық ресей айлық"))
IDENTIFIERS: Final = {
    "жсн": (12,), "бсн": (12,), "иин": (12,), "бин": (12,), "телефон": (6, 7, 10, 11), "телефоны": (6, 7, 10, 11),
}  # fmt: skip
