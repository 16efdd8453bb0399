"""What is thought of words that the guards believed: their doubt, and what a witness says to them.

A witness is another installed model that hears the same sound, when the first one's words are doubtful. It writes no word. What it makes
up itself is held against the same guards, and then it has nothing to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import structlog

from protocol.passage import Model
from transcription.calibration import Calibration
from transcription.doubt import disagreement, refuted, score, share_of
from transcription.guards import judge
from transcription.recognizer import RecognizedWord, Recognizer, Samples

log = structlog.get_logger(__name__)

#: The witness for a language, other than the engine that wrote; None where there is none.
Witnesses: TypeAlias = Callable[[str, Recognizer], Recognizer | None]


@dataclass(frozen=True)
class Examined:
    """What is thought of some words.

    Attributes:
        doubt_pm: estimated probability that one of them, whichever, is wrong, per mille; None where nothing tells.
        witness: the model that listened as well and had something to say.
        refused: its disagreement takes the words away.
    """

    doubt_pm: int | None = None
    witness: Model | None = None
    refused: bool = False


def _none(_language: str, _writer: Recognizer) -> Recognizer | None:
    return None


@dataclass(frozen=True)
class Examiner:
    """Examines words.

    Attributes:
        witnesses: who may be asked.
        witness_from_pm: the score before calibration from which a witness is asked.
        calibration: how often words are wrong at a score.
    """

    witnesses: Witnesses = _none
    witness_from_pm: int = 1000
    calibration: Calibration = field(default_factory=Calibration)

    def examine(
        self,
        words: tuple[RecognizedWord, ...],
        writer: Recognizer,
        language: str,
        samples: Samples,
        length_us: int,
        shares: Mapping[str, float],
    ) -> Examined:
        """What is thought of the words.

        Args:
            words: believed by the guards; not empty.
            writer: the engine that wrote them.
            language: that it was told.
            samples: the sound that it was given.
            length_us: length of that.
            shares: how probable each language is for that sound; empty where unknown.
        """
        share = share_of(language, shares)
        found, witness, against = score(words, length_us, share), None, None
        if found is None or found >= self.witness_from_pm:
            witness = self.witnesses(language, writer)
        if witness is not None:
            against = self._heard_by(witness, words, language, samples, length_us)
            found = score(words, length_us, share, against)
        said = None if witness is None or against is None else witness.identity
        if against is not None and refuted(words, against):
            return Examined(None, said, True)
        return Examined(None if found is None else self.calibration.doubt(writer.identity, found), said)

    def _heard_by(
        self, witness: Recognizer, words: tuple[RecognizedWord, ...], language: str, samples: Samples, length_us: int
    ) -> float | None:
        """How far the witness disagrees, 0 … 1; None where it has nothing to say."""
        try:
            heard = witness.recognize(samples, language)
        except Exception as error:
            # As for the writer: an engine's fault costs what it was asked for, and no more.
            log.exception("engine failed", action="engine_failed", engine=witness.identity.engine, reason=str(error))
            return None
        judged = judge(heard, length_us)
        if judged.reason not in (None, "no_text"):
            return None
        return disagreement(" ".join(word.text for word in words), " ".join(word.text for word in judged.words))
