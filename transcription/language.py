"""Which language an utterance is spoken in: what the sound says, weighed with what is to be expected.

In a Kazakh court a sentence may be in Kazakh and its answer in Russian. The engine of the hearing's language tells how probable
each installed language is for the sound alone (Whisper's language tokens); that is weighed with how often the same speaker has
used the language so far, to begin with their own as the case has it, or the hearing's. An engine that cannot tell leaves it at the hearing's language.
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

    def __init__(self, hearing: str, installed: Sequence[str], own: Mapping[str, str] | None = None) -> None:
        """Begin with nothing heard.

        Args:
            hearing: the hearing's language, ISO 639.
            installed: languages that some model in the settings knows.
            own: participant → the language that they speak, where the case says it; it stands for the hearing's.
        """
        self._hearing = hearing
        self._own = dict(own or {})
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
            the language with the greatest product of both; the speaker's where they are equal or nothing was heard, if a
            model knows it, else the hearing's.
        """
        expected = self._expected(speaker)
        if not any(heard.get(language, 0.0) > 0 for language in self._known):
            return expected
        weights = self.weights(speaker)
        best = max(self._known, key=lambda one: (heard.get(one, 0.0) * weights[one], one == expected))
        self.note(speaker, best)
        return best

    def weights(self, speaker: str) -> dict[str, float]:
        """How much each language is to be expected of a speaker, before anything of an utterance is heard."""
        expected, spoken = self._expected(speaker), self._spoken.get(speaker, Counter())
        return {one: (_EXPECTED if one == expected else _OTHER) + spoken[one] for one in self._known}

    def note(self, speaker: str, language: str) -> None:
        """The speaker has spoken this language."""
        self._spoken.setdefault(speaker, Counter())[language] += 1

    def _expected(self, speaker: str) -> str:
        own = self._own.get(speaker, self._hearing)
        return own if own in self._known else self._hearing
