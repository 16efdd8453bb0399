"""What the demonstration model has heard: the demo's own turns, and other sentences of a court, in Kazakh and Russian.

It is a closed set on purpose. A model this small, taught by one speech synthesizer, recognises the demo and little else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from scripts.make_demo_speech import TURNS, VOICES


@dataclass(frozen=True)
class Text:
    """One text to be spoken; ``voice`` is eSpeak NG's variant, pitch and words a minute when it is one of the demo's own."""

    language: str
    text: str
    voice: tuple[str, int, int] | None = None


OTHERS = {
    "ru": (
        "Председательствующий разъясняет права и обязанности сторон.",
        "Слово предоставляется истцу.",
        "Слово предоставляется ответчику.",
        "Поддерживаю исковые требования полностью.",
        "Исковые требования не признаю.",
        "Прошу отложить разбирательство дела.",
        "Ходатайство удовлетворено.",
        "В удовлетворении ходатайства отказать.",
        "Суд удаляется в совещательную комнату.",
        "Суд исследует письменные доказательства.",
        "Свидетель приглашается в зал.",
        "Вы предупреждаетесь об ответственности за ложные показания.",
        "Вопросов к свидетелю не имею.",
        "Переходим к судебным прениям.",
        "Рассмотрение дела по существу окончено.",
        "Оглашается решение суда.",
        "Решение может быть обжаловано в течение месяца.",
        "Судебное заседание объявляется закрытым.",
        "Договор был подписан в марте прошлого года.",
        "Деньги были переданы наличными.",
        "Копия документа имеется в материалах дела.",
        "Представитель ответчика не явился.",
        "Причина неявки суду не известна.",
        "Ведётся аудио и видеозапись.",
    ),
    "kk": (
        "Сот отырысы ашық деп жарияланады.",
        "Сөз талапкерге беріледі.",
        "Сөз жауапкерге беріледі.",
        "Талап қоюды толық қолдаймын.",
        "Талап қоюды мойындамаймын.",
        "Істі қарауды кейінге қалдыруды сұраймын.",
        "Өтінішхат қанағаттандырылды.",
        "Өтінішхатты қанағаттандырудан бас тартылды.",
        "Сот кеңесу бөлмесіне кетеді.",
        "Сот жазбаша дәлелдемелерді зерттейді.",
        "Куә залға шақырылады.",
        "Сіз жалған жауап бергені үшін жауаптылық туралы ескертілесіз.",
        "Куәға сұрағым жоқ.",
        "Сот жарыссөздеріне көшеміз.",
        "Істі мәні бойынша қарау аяқталды.",
        "Соттың шешімі жарияланады.",
        "Шешімге бір ай ішінде шағым жасауға болады.",
        "Шарт өткен жылдың наурыз айында жасалған.",
        "Ақша қолма қол берілген.",
        "Құжаттың көшірмесі іс материалдарында бар.",
        "Жауапкердің өкілі келмеді.",
        "Төрағалық етуші судья отырысты ашты.",
        "Сот құрамына қарсылық бар ма?",
        "Отырыңыздар, сот отырысы басталды.",
    ),
}


def texts() -> list[Text]:
    """Every run of sentences that follow each other in a turn of the demo, in its own voice; and the other sentences."""
    found: dict[Text, None] = {}
    for turn in TURNS:
        parts = re.split(r"(?<=[.!?]) ", turn.text)
        for first in range(len(parts)):
            for last in range(first, len(parts)):
                found[Text(turn.language, " ".join(parts[first : last + 1]), VOICES[turn.channel])] = None
    for language, sentences in OTHERS.items():
        found.update({Text(language, sentence): None for sentence in sentences})
    return list(found)
