"""Which language an utterance is spoken in: what the sound says, weighed with what is to be expected.

In a Kazakh court a sentence may be in Kazakh and its answer in Russian. The engine of the hearing's language tells how probable
each installed language is for the sound alone (Whisper's language tokens); that is weighed with how often the same speaker has
used the language so far, to begin with the hearing's language. An engine that cannot tell leaves it at the hearing's language.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

#: The hearing's language counts as so many utterances already heard of a speaker, every other installed one as one of them.
_EXPECTED: Final = 2.0
_OTHER: Final = 1.0


class Languages:
    """Decides utterance by utterance, and remembers what each speaker spoke.

    The same utterances in the same order give the same languages.
    """

    def __init__(self, hearing: str, installed: Sequence[str]) -> None:
        """Begin with nothing heard.

        Args:
            hearing: the hearing's language, ISO 639.
            installed: languages that some model in the settings knows.
        """
        self._hearing = hearing
        self._known = tuple(sorted({hearing, *installed}))
        self._spoken: dict[str, Counter[str]] = {}

    @property
    def open(self) -> bool:
        """Whether there is anything to decide."""
        return len(self._known) > 1

    def decide(self, speaker: str, heard: Mapping[str, float]) -> str:
        """The language of an utterance.

        Args:
            speaker: participant, or the source where nobody is seated.
            heard: probability of each language by the sound; empty when the engine cannot tell.

        Returns:
            the language with the greatest product of both; the hearing's where they are equal or nothing was heard.
        """
        if not any(heard.get(language, 0.0) > 0 for language in self._known):
            return self._hearing
        spoken = self._spoken.setdefault(speaker, Counter())

        def weight(language: str) -> float:
            expected = _EXPECTED if language == self._hearing else _OTHER
            return heard.get(language, 0.0) * (expected + spoken[language])

        best = max(self._known, key=lambda language: (weight(language), language == self._hearing))
        spoken[best] += 1
        return best
