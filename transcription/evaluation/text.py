"""Texts as they are compared: without what a listener cannot hear."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

#: Everything but letters, digits and the apostrophe inside a word; Kazakh letters are letters and stay what they are.
_BREAK: Final = re.compile(r"[^\w']+|_+")
_APOSTROPHES: Final = str.maketrans("’ʼ`´", "''''")


def comparable(text: str) -> list[str]:
    """Words in the form that is scored.

    NFC; small letters; ``ё`` as ``е``, because Russian writes either; punctuation, hyphens among it, parts words.
    ``ә ғ қ ң ө ұ ү һ і`` stay: in Kazakh another letter is another word.
    """
    plain = unicodedata.normalize("NFC", text).lower().replace("ё", "е").translate(_APOSTROPHES)
    return [word for part in _BREAK.split(plain) if (word := part.strip("'"))]
