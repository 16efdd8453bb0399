"""What a Whisper model's window of 30 s is filled with: the encoder costs as much for a word as for thirty seconds of talk.

``packed``
    Several utterances of a microphone in a window (:mod:`transcription.packing`), decoded once, as faster-whisper's own batched
    pipeline does with what its activity detection finds. For models that know more than one sentence in a window, as Whisper's own do.
``whole``
    An utterance alone in a window. For models that were taught one utterance at a time.

A folder's note (``hattama-model.json``) may say which is the model's own, ``"window": "whole"``; the option ``window`` of the settings
goes before it; else it is ``packed``. ``windows`` is how many are decoded at once: 1 on a processor, more on a GPU that has the memory.

A change of language inside an utterance is looked for in pieces of two seconds (:mod:`transcription.switching`). ``pieces`` says, in the
same two places, what the encoder is given for each: ``window``, silence up to 30 s, which is all that Whisper's own models were taught
with; or ``short``, a second of silence, at a tenth of the cost, for a model that was found to tell as much from it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from device_config.settings import ModelSettings
from transcription.errors import ModelUnusable
from transcription.models import NOTE, said_by
from transcription.packing import InPack, packed, shared_out
from transcription.recognizer import SAMPLE_RATE, Recognition, RecognizedWord, Samples, Spoken

WINDOWS: Final = ("packed", "whole")
PIECES: Final = ("window", "short")
MOST_WINDOWS: Final = 64
#: Seconds of Whisper's window, and samples of a frame of its encoder.
_WINDOW_S: Final = 30
_FRAME: Final = SAMPLE_RATE // 50
#: Silence after a piece: Whisper's encoder is not used to sound up to the very end.
_AFTER: Final = SAMPLE_RATE
#: What a part of a window says of its language is taken where it is so clear, and as its neighbours' is.
_CLEAR: Final = 0.97


@dataclass(frozen=True)
class Filled:
    """What a model's windows are filled with.

    Attributes:
        packed: whether utterances share them.
        windows: how many are decoded at once.
        short_pieces: whether a piece that is looked at for its language has none.
    """

    packed: bool
    windows: int
    short_pieces: bool


def filled(model: ModelSettings) -> Filled:
    """As the settings or the folder's note say.

    Raises:
        ModelUnusable: they name something else.
    """
    windows = int(model.options.get("windows", 1))
    if not 1 <= windows <= MOST_WINDOWS:
        raise ModelUnusable(f"{model.path}: windows = {windows}; it is 1 … {MOST_WINDOWS}")
    return Filled(_said(model, "window", WINDOWS) == "packed", windows, _said(model, "pieces", PIECES) == "short")


def _said(model: ModelSettings, name: str, known: tuple[str, ...]) -> str:
    """The setting, else what the folder's note says, else the first that is known."""
    said = model.options.get(name, said_by(model.path).get(name, known[0]))
    if said not in known:
        raise ModelUnusable(f"{model.path}: {name} = {said!r} (settings or {NOTE}); known are {', '.join(known)}")
    return str(said)


class Pieces:
    """Pieces of an utterance, encoded at their own length and not for thirty seconds."""

    def __init__(self, model: Any) -> None:
        """Use a loaded model; its encoder is used as it is now, so that a memory put before it later is for whole utterances."""
        self._model, self._encode = model, model.encode

    def languages(self, samples: Samples) -> list[tuple[str, float]]:
        """How probable each language of the model is."""
        # Without the last frame, as the library itself does.
        features = self._model.feature_extractor(np.pad(samples, (0, _AFTER)), chunk_length=None)[..., :-1]
        return languages_in(self._model, self._encode(features))


def languages_in(model: Any, encoded: Any) -> list[tuple[str, float]]:
    """How probable each language is, by what the encoder made of one sound."""
    (told,) = model.model.detect_language(encoded)
    return [(token[2:-2], share) for token, share in told]


def among(every: Iterable[tuple[str, float]], languages: Collection[str]) -> dict[str, float]:
    """The shares of some languages, which are all that may be spoken; nothing where they have none."""
    heard = {language: float(share) for language, share in every if language in languages}
    whole = sum(heard.values())
    return {language: share / whole for language, share in heard.items()} if whole > 0 else {}


def recognized(word: Any) -> RecognizedWord:
    """The library's word; its seconds as µs, its probability as per mille."""
    start, end = round(float(word.start) * 1_000_000), round(float(word.end) * 1_000_000)
    probability = min(1000, max(0, round(float(word.probability) * 1000)))
    return RecognizedWord(" ".join(word.word.split()), start, max(start, end), probability)


class Together:
    """Several windows at once, each with several utterances in it, through faster-whisper's batched pipeline."""

    def __init__(self, model: Any, beam: int, windows: int) -> None:
        """Use a loaded model, whose encoder remembers what it encoded last."""
        import ctranslate2
        from faster_whisper import BatchedInferencePipeline
        from faster_whisper.audio import pad_or_trim

        self._model, self._beam, self.windows = model, beam, windows
        self._batched: Any = BatchedInferencePipeline(model)
        self._padded: Callable[[Any], Any] = pad_or_trim
        self._library: Any = ctranslate2

    def words(self, sounds: Sequence[Spoken], language: str, prompt: str) -> list[Recognition | None]:
        """What each sound has of its window's words."""
        if len(sounds) == 1 and self.windows == 1:
            return [None]  # nothing is shared, so it may as well be tried again where the first try fails
        made = packed(sounds)
        every = np.zeros(len(made) * _WINDOW_S * SAMPLE_RATE, np.float32)
        clips = []
        for number, (_, pack) in enumerate(made):
            start = number * _WINDOW_S * SAMPLE_RATE
            every[start : start + len(pack.samples)] = pack.samples
            # The library cuts fractions of a sample off.
            clips.append({"start": number * _WINDOW_S, "end": (start + len(pack.samples) + 0.5) / SAMPLE_RATE})
        segments, _ = self._batched.transcribe(
            every,
            language=language,
            task="transcribe",
            beam_size=self._beam,
            batch_size=self.windows,
            clip_timestamps=clips,
            vad_filter=False,
            without_timestamps=True,
            word_timestamps=True,
            hotwords=prompt or None,
        )
        heard: list[list[InPack]] = [[] for _ in made]
        for segment in segments:
            for word in segment.words or ():
                if word.word.strip():
                    number = min(int(word.start // _WINDOW_S), len(made) - 1)
                    own = _earlier(recognized(word), number * _WINDOW_S * 1_000_000)
                    heard[number].append(InPack(own, segment.avg_logprob, segment.no_speech_prob))
        found: list[Recognition | None] = [None] * len(sounds)
        for (places, pack), its in zip(made, heard, strict=True):
            for place, one in zip(places, shared_out(pack, its), strict=True):
                found[place] = one
        return found

    def languages(self, sounds: Sequence[Spoken], languages: Collection[str]) -> list[dict[str, float] | None]:
        """What each sound's part of its window tells; None for one that is not clear, or tells another language than most."""
        made = packed(sounds)
        found: list[dict[str, float] | None] = [None] * len(sounds)
        for some in (made[first : first + self.windows] for first in range(0, len(made), self.windows)):
            # The same array as the batched pipeline makes, so that it is encoded once.
            features = [self._model.feature_extractor(pack.samples)[..., :-1] for _, pack in some]
            encoded = self._model.encode(np.stack([self._padded(one) for one in features]))
            heard = np.array(encoded.to_device(self._library.Device.cpu).to(self._library.DataType.float32))
            for number, (places, pack) in enumerate(some):
                for place, bounds in zip(places, pack.bounds, strict=True):
                    found[place] = self._told(heard[number : number + 1, _frames(*bounds)], languages)
        return as_most(found)

    def _told(self, part: npt.NDArray[np.float32], languages: Collection[str]) -> dict[str, float]:
        view = self._library.StorageView.from_array(np.ascontiguousarray(part))
        return among(languages_in(self._model, view), languages)


def as_most(found: Sequence[Mapping[str, float] | None]) -> list[dict[str, float] | None]:
    """The clear ones of the language that most are clearly in; None for the others, who are to be asked alone."""
    clear = [max(one, key=one.__getitem__) if one and max(one.values()) >= _CLEAR else None for one in found]
    named = [language for language in clear if language is not None]
    most = max(sorted(set(named)), key=named.count, default=None)
    return [
        dict(one) if one is not None and language is not None and language == most else None
        for one, language in zip(found, clear, strict=True)
    ]


def _frames(first: int, last: int) -> slice:
    """Frames of the encoder that a sound fills; one at least."""
    return slice(first // _FRAME, max(first // _FRAME + 1, last // _FRAME))


def _earlier(word: RecognizedWord, us: int) -> RecognizedWord:
    return RecognizedWord(word.text, word.start_us - us, word.end_us - us, word.probability_pm, word.timing)
