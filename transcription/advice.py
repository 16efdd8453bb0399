"""What a person is told when a language has no model, in the three languages of the readers."""

from __future__ import annotations

from typing import Final

from protocol.transcript import Missing

_NAMES: Final = {
    "kk": {"en": "Kazakh", "ru": "казахского", "kk": "қазақ"},
    "ru": {"en": "Russian", "ru": "русского", "kk": "орыс"},
    "en": {"en": "English", "ru": "английского", "kk": "ағылшын"},
}
_HOW: Final = {
    "en": (
        "No working speech model for {name} is installed on this box, so its speech is marked and not written. The recording is complete. "
        "An administrator copies a model folder to the box and adds it under [[speech.models]] in settings.toml "
        "(docs/models.md); hearings after that get their text."
    ),
    "ru": (
        "На этом устройстве нет рабочей модели распознавания {name} языка: речь отмечена, но не записана текстом. Аудиозапись полная. "
        "Администратор копирует папку модели на устройство и добавляет её в [[speech.models]] файла settings.toml "
        "(docs/models.md); следующие заседания получат текст."
    ),
    "kk": (
        "Бұл құрылғыда {name} тілін танитын жарамды модель орнатылмаған: сөйлеу белгіленді, бірақ мәтінге түсірілмеді. Аудиожазба толық. "
        "Әкімші модель қалтасын құрылғыға көшіріп, settings.toml файлының [[speech.models]] бөліміне қосады "
        "(docs/models.md); келесі отырыстардың мәтіні жазылады."
    ),
}


def missing(language: str, trouble: str = "") -> Missing:
    """The entry of a transcript for a language without a model that works.

    Args:
        language: ISO 639 code of the speech.
        trouble: why the installed model does not work; empty if none is installed.
    """
    texts = {}
    for reader, text in _HOW.items():
        name = _NAMES.get(language, {}).get(reader, f"«{language}»")
        texts[reader] = text.format(name=name) + (f" ({trouble})" if trouble else "")
    return Missing(language, texts["en"], texts["kk"], texts["ru"])
