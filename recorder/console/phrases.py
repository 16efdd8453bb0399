"""Ready phrases for remarks: a court's own ``<state_dir>/phrases.tsv``, else the shipped one.

Two columns, ``language`` (kk or ru) and ``phrase``, a header, UTF-8 (with or without its mark); empty lines and lines with ``#`` are passed over. A phrase that ends in a colon waits
for more. The file is read when a hearing's page is opened, so that it can be edited at any time; what is wrong with it is logged with its line, and the rest is used.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import structlog

from recorder.cases.fields import clean
from recorder.console.texts import CASE_LANGUAGES

SHIPPED: Final = Path(__file__).with_name("phrases.tsv")
MOST: Final = 40
_MOST_LETTERS: Final = 200
_MOST_BYTES: Final = 2**18

log = structlog.get_logger("console")


def phrases(state_dir: Path, language: str) -> list[str]:
    """The phrases of a language, in the file's order, at most 40."""
    own = state_dir / "phrases.tsv"
    try:
        return _read(own, language)
    except FileNotFoundError:
        return _read(SHIPPED, language)
    except (OSError, UnicodeDecodeError) as error:
        log.warning(
            "the court's phrases cannot be read; the shipped ones are used",
            action="phrases_unreadable",
            path=str(own),
            error=str(error),
        )
        return _read(SHIPPED, language)


def _read(path: Path, language: str) -> list[str]:
    with path.open("rb") as file:
        text = file.read(_MOST_BYTES).decode("utf-8-sig")
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith(("#", "language\t")):
            continue
        named, tab, phrase = line.partition("\t")
        phrase = clean(phrase)
        if not tab or named not in CASE_LANGUAGES or not phrase or len(phrase) > _MOST_LETTERS:
            log.warning(
                "a phrase is passed over",
                action="phrase_wrong",
                path=str(path),
                line=number,
                advice="language (kk or ru), tab, up to 200 characters",
            )
        elif named == language:
            found.append(phrase)
    return found[:MOST]
