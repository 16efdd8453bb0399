"""Names, places and companies of the case: told to the engine, and put right where it heard them nearly.

Two ways, and neither makes a word appear that was not said. An engine that takes words beforehand (Whisper) gets them before
each utterance; what then comes out as nothing but such words is not believed on its own: in sound as quiet as this it is
refused, else the engine is asked again without them. Whatever the engine, a word that it doubts itself and that sounds the same
as a name is written as the name; what it wrote stays beside, as the word's ``spoken``. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np

from protocol.hearing import Participant
from protocol.transcript import Word
from protocol.view import HearingView
from transcription.recognizer import SAMPLE_RATE, Recognition, Samples
from transcription.written_forms_numbers import MARKS

#: Characters given to an engine; Whisper takes 223 tokens, and a Kazakh word may be five of them.
LONGEST: Final = 400
#: Loudest tenth of a second, dBFS, below which nobody is believed to say nothing but names.
QUIET_DBFS: Final = -45.0
#: What a participant's identity may hold that is named in a hearing.
_NAMED: Final = ("birthplace", "residence", "seat", "workplace", "bank")
_NAME: Final = re.compile(r"[А-ЯӘҒҚҢӨҰҮҺІЁA-Z][\w-]{2,}")
#: The engine's own probability, per mille, under which a word of the same sound is taken for the name, and one of nearly the same.
_DOUBTED: Final = 600
_HARDLY_HEARD: Final = 400
_SHORTEST: Final = 5
_SHORTEST_NEAR: Final = 7
_ENDINGS: Final = frozenset(
    [
        "", "а", "я", "у", "ю", "е", "ы", "и", "о", "ой", "ей", "ою", "ом", "ем", "ым", "им", "ого", "его", "ому", "ему", "ую", "ая", "ов", "ев",
        "ами", "ями", "ах", "ях", "ам", "ям", "ның", "нің", "дың", "дің", "тың", "тің", "ға", "ге", "қа", "ке", "ны", "ні", "ды", "ді", "ты", "ті",
        "да", "де", "та", "те", "дан", "ден", "тан", "тен", "нан", "нен", "мен", "бен", "пен",
    ]
)  # fmt: skip
_LONGEST_ENDING: Final = 3
#: Letters that are heard as one another: Russian vowels without stress, Kazakh letters in Russian mouths.
_SAME: Final = str.maketrans("ёйәғқңөұүһіэыщоеюя", "ииагкнауухииишаиуи", "ъь'’`")
_VOICED: Final = dict(zip("бвгджз", "пфктшс", strict=True))


@dataclass(frozen=True)
class CaseWords:
    """The words of one case.

    Attributes:
        names: as the case has them, each once, in the order of the participants.
    """

    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, view: HearingView) -> Self:
        """Those of a hearing: participants, judge, secretary, the parties of the title, places and companies."""
        case = view.case
        texts = [person.name for person in view.participants.values()]
        texts += [case.judge, case.secretary, case.title]
        texts += [text for person in view.participants.values() for text in _places(person)]
        return cls(tuple(dict.fromkeys(name for text in texts for name in _NAME.findall(text))))

    @property
    def prompt(self) -> str:
        """What an engine gets beforehand; whole names only."""
        taken: list[str] = []
        for name in self.names:
            if sum(len(one) + 2 for one in taken) + len(name) > LONGEST:
                break
            taken.append(name)
        return ", ".join(taken)

    def nothing_but(self, heard: Recognition) -> bool:
        """Whether an engine said something, and all of it are case words."""
        known = {name.lower() for name in self.names}
        said = [part for word in heard.words for part in word.text.strip(MARKS).lower().split()]
        return bool(said) and all(part in known for part in said)

    def corrected(self, words: Sequence[Word]) -> tuple[Word, ...]:
        """The words, with names where the engine doubted what it wrote and a name sounds the same."""
        return tuple(self._corrected(word) for word in words)

    def _corrected(self, word: Word) -> Word:
        plain = word.text.strip(MARKS)
        sure = word.probability_pm
        if sure is None or sure >= _DOUBTED or len(plain) < _SHORTEST or word.spoken is not None or not self.names:
            return word
        near = sure < _HARDLY_HEARD and len(plain) >= _SHORTEST_NEAR
        meant = {name for one in self.names if (name := _as_name(plain, one, near=near)) is not None}
        if len(meant) != 1 or plain in meant:
            return word  # two names sound like it: nobody knows which
        return replace(word, text=word.text.replace(plain, meant.pop()), spoken=word.text)


def _places(person: Participant) -> Iterable[str]:
    return (person.identity.get(key, "") for key in _NAMED)


def _as_name(heard: str, name: str, *, near: bool) -> str | None:
    """The name with the ending that was heard, or None where it does not sound like it."""
    for base in (name, name[:-1] if name[-1:].lower() in "аяйьы" else name):
        if len(base) < _SHORTEST - 1:
            continue
        for length in range(min(_LONGEST_ENDING, len(heard) - _SHORTEST + 1) + 1):
            stem, ending = heard[: len(heard) - length], heard[len(heard) - length :]
            if ending.lower() not in _ENDINGS:
                continue
            one, other = sound(stem), sound(base)
            if one == other or (near and len(base) >= _SHORTEST_NEAR and _one_apart(one, other)):
                return base + ending
    return None


def sound(text: str) -> str:
    """Letters that are heard alike as one letter, doubled ones as one."""
    folded = text.lower().translate(_SAME)
    # A voiced consonant loses its voice at the end and before one without.
    folded = re.sub(r"[бвгджз](?=[пфктшсхцч]|$)", lambda found: _VOICED[found[0]], folded)
    return re.sub(r"(.)\1+", r"\1", folded)


def _one_apart(one: str, other: str) -> bool:
    """Whether one letter inside was changed, put in or left out; the first and the last carry too much."""
    if one[:1] != other[:1] or one[-1:] != other[-1:]:
        return False
    at = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return one[at + 1 :] in (other[at + 1 :], other[at:]) or one[at:] == other[at + 1 :]


def quiet(samples: Samples) -> bool:
    """Whether the sound is so low that nobody is believed to say nothing but names in it."""
    cell = SAMPLE_RATE // 10
    whole = samples[: len(samples) // cell * cell].reshape(-1, cell).astype(np.float64)
    loudest = float(np.sqrt((whole**2).mean(axis=1)).max(initial=0.0))
    return loudest < 10 ** (QUIET_DBFS / 20)
