"""Texts, dates and numbers in Kazakh, Russian and English.

Message ids are the English sentences themselves. The catalogues are ``web/locale/<language>/LC_MESSAGES/*.po``, read once at start (no
compiled .mo to forget); in ``en`` an empty translation means the id as it stands. A language has as many .po files as is handy, one an
app: their messages are put together, and two files that translate one id differently are refused.

Times are shown in the time of the court, UTC+5 all over Kazakhstan since 1 March 2024; the zone is fixed here because older time zone
tables on a box would still say UTC+6 for Almaty.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from pathlib import Path

from babel import Locale
from babel.dates import format_date, format_datetime, format_time
from babel.messages.catalog import Catalog
from babel.messages.pofile import PoFileError, read_po
from babel.numbers import format_decimal

from web.errors import CatalogueError

LANGUAGES = ("kk", "ru", "en")
#: What each language calls itself.
LANGUAGE_NAMES = {"kk": "Қазақша", "ru": "Русский", "en": "English"}
DEFAULT_LANGUAGE = "kk"
COURT_ZONE = timezone(timedelta(hours=5), "UTC+5")
LOCALE_DIR = Path(__file__).parent / "locale"

_VALUE = re.compile(r"\{(\w+)\}")


def N_(text: str) -> str:  # noqa: N802 - gettext's own name
    """Mark a text for translation where it stands; it is translated where it is shown."""
    return text


def fill(text: str, values: Mapping[str, object]) -> str:
    """Replace ``{name}`` by ``values["name"]``; an unknown name stays as it is, so a slip in a catalogue never breaks a page."""
    return _VALUE.sub(lambda match: str(values[match[1]]) if match[1] in values else match[0], text)


class Translator:
    """Texts, dates and numbers of one language.

    Args:
        language: one of :data:`LANGUAGES`.
        texts: message id to translation.
    """

    def __init__(self, language: str, texts: Mapping[str, str]) -> None:
        self.language = language
        self.texts = texts
        self._locale = Locale.parse(language)

    def __call__(self, text: str, **values: object) -> str:
        """The text in this language, its ``{name}`` parts filled."""
        return fill(self.texts.get(text, text), values)

    def date(self, moment: datetime) -> str:
        """The day in the court's time, written out, for instance 23 November 2026."""
        return format_date(_court_time(moment).date(), "long", locale=self._locale)

    def time(self, moment: datetime) -> str:
        """Hour and minute in the court's time: ``09:30``."""
        return format_time(_court_time(moment), "HH:mm", tzinfo=COURT_ZONE, locale=self._locale)

    def date_time(self, moment: datetime) -> str:
        """Day, hour and minute, short."""
        return format_datetime(_court_time(moment), "short", tzinfo=COURT_ZONE, locale=self._locale)

    def number(self, value: float) -> str:
        """A number with the language's separators."""
        return format_decimal(value, locale=self._locale)


def from_us(us: int) -> datetime:
    """A moment from UTC microseconds since 1970."""
    return datetime.fromtimestamp(us // 1_000_000, UTC) + timedelta(microseconds=us % 1_000_000)


class Catalogues:
    """All languages.

    Args:
        folder: holds ``<language>/LC_MESSAGES/*.po``.

    Raises:
        CatalogueError: a file cannot be read, is for another language, or contradicts another.
    """

    def __init__(self, folder: Path = LOCALE_DIR) -> None:
        self._translators = {language: Translator(language, _read(folder, language)) for language in LANGUAGES}

    def translator(self, language: str) -> Translator:
        """The texts of this language; the default's for an unknown one."""
        return self._translators.get(language) or self._translators[DEFAULT_LANGUAGE]


@cache
def catalogues() -> Catalogues:
    """The catalogues of this installation, read at the first call."""
    return Catalogues()


def choose_language(chosen: str | None, accept: str | None) -> str:
    """The language of a request.

    Args:
        chosen: what the person chose (a cookie), if anything.
        accept: header Accept-Language (RFC 9110, 12.5.4).

    Returns:
        The choice, else the most wanted of ours, else Kazakh, the state language.
    """
    if chosen in LANGUAGES:
        return str(chosen)
    wanted: list[tuple[float, int, str]] = []
    for order, part in enumerate((accept or "").split(",")[:20]):
        name, _, rest = part.strip().partition(";")
        language = name.strip().lower().split("-")[0]
        weight = _weight(rest)
        if language in LANGUAGES and weight > 0:
            wanted.append((-weight, order, language))
    return min(wanted)[2] if wanted else DEFAULT_LANGUAGE


def _weight(text: str) -> float:
    match = re.fullmatch(r"\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*", text)
    if match:
        return float(match[1])
    return 0.0 if text.strip() else 1.0


def _court_time(moment: datetime) -> datetime:
    return moment.astimezone(COURT_ZONE)


def _read(folder: Path, language: str) -> dict[str, str]:
    texts: dict[str, str] = {}
    paths = sorted((folder / language / "LC_MESSAGES").glob("*.po"))
    for path in paths:
        for text, translation in _entries(path, language):
            if texts.setdefault(text, translation) != translation:
                raise CatalogueError(f"{path}: {text!r} is translated otherwise in another file")
    return texts


def _entries(path: Path, language: str) -> Iterable[tuple[str, str]]:
    try:
        with path.open("rb") as file:
            catalogue: Catalog = read_po(file, locale=language, abort_invalid=True)
    except (OSError, PoFileError, UnicodeDecodeError) as error:
        raise CatalogueError(f"{path}: {error}") from error
    for message in catalogue:
        if not message.id or message.fuzzy:
            continue
        text, translation = message.id, message.string
        if not isinstance(text, str) or not isinstance(translation, str):
            raise CatalogueError(f"{path}: {text!r} has plural forms; write a sentence that needs none")
        if translation or language == "en":
            yield text, translation or text
