"""Whisper models in CTranslate2 form, through faster-whisper. From a folder on this box only; the network is never asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from device_config.settings import ModelSettings
from transcription.errors import ModelUnusable, RecognitionFailed
from transcription.models import describe
from transcription.recognizer import LoadedModel, Recognition, RecognizedWord, Samples
from transcription.remembered import Remembered

#: Without its own tokenizer.json the library would fetch one from the network.
NEEDED: Final = ("model.bin", "config.json", "tokenizer.json")
OPTIONS: Final = {"compute_type": str, "beam_size": int, "case_words": bool}
_SEED: Final = 1  # the library samples when its first attempt fails; the same sound gives the same words


class FasterWhisperRecognizer(LoadedModel):
    """One Whisper model, loaded."""

    def __init__(self, model: ModelSettings, *, threads: int = 2, device: str = "auto") -> None:
        """Load the folder.

        Args:
            model: folder, languages and options: ``compute_type`` (int8, float16 …), ``beam_size`` and ``case_words`` (whether
                it is given the names of the case; a demonstration model was never taught to be).
            threads: processor threads of one recognition.
            device: auto, cpu or cuda.

        Raises:
            ModelUnusable: the extra is not installed, a file is missing, an option is unknown, or the weights do not load.
        """
        try:
            import ctranslate2
            import faster_whisper
        except ImportError as error:
            raise ModelUnusable(f"faster-whisper is not installed (pip install 'hattama[asr]'): {error}") from error
        for name in NEEDED:
            if not (model.path / name).is_file():
                raise ModelUnusable(f"{model.path}: {name} is missing; see docs/models.md")
        for name, value in model.options.items():
            if name not in OPTIONS or not isinstance(value, OPTIONS[name]):
                raise ModelUnusable(
                    f"{model.path}: option {name} = {value!r}; known are compute_type (text), "
                    "beam_size (number) and case_words (true or false)"
                )
        super().__init__(describe(model.path, "faster-whisper", faster_whisper.__version__), model.languages)
        self._beam = int(model.options.get("beam_size", 5))
        self._prompted = bool(model.options.get("case_words", not self._identity.demonstration))
        self._seed: Any = ctranslate2.set_random_seed
        try:
            self._model: Any = faster_whisper.WhisperModel(
                str(model.path),
                device=device,
                compute_type=str(model.options.get("compute_type", "default")),
                cpu_threads=threads,
                local_files_only=True,
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise ModelUnusable(f"{model.path}: {error}") from error
        # An utterance is asked for its language, then for its words: both are read from one encoding of it.
        self._model.feature_extractor = Remembered(self._model.feature_extractor)
        self._model.encode = Remembered(self._model.encode)
        # The library would quietly write English words for any language.
        if not self._model.model.is_multilingual and self._languages != {"en"}:
            raise ModelUnusable(
                f"{model.path}: an English-only model, but the settings name it for {', '.join(model.languages)}"
            )

    def languages_of(self, samples: Samples) -> Mapping[str, float]:
        """By Whisper's language tokens, shared among the languages of the settings.

        Raises:
            RecognitionFailed: the library stopped with an error.
        """
        if len(self._languages) < 2 or not len(samples):
            return {}
        try:
            # Without the last frame, which lies behind the sound, and as the words are then read from it.
            _, _, every = self._model.detect_language(
                features=self._model.feature_extractor(samples, chunk_length=None)[..., :-1]
            )
        except Exception as error:
            raise RecognitionFailed(f"faster-whisper: {error!r}") from error
        heard = {language: float(share) for language, share in every if language in self._languages}
        whole = sum(heard.values())
        return {language: share / whole for language, share in heard.items()} if whole > 0 else {}

    @property
    def prompted(self) -> bool:
        """As its options say."""
        return self._prompted

    def recognize(self, samples: Samples, language: str, *, prompt: str = "") -> Recognition:
        """Words with times by cross-attention; text before is no prompt, so that one mistake does not breed the next.

        The names of the case are given as the library's hot words, which stand where text before would.

        Raises:
            RecognitionFailed: the library stopped with an error.
        """
        self._seed(_SEED)
        words: list[RecognizedWord] = []
        worst: float | None = None
        nobody: float | None = None
        try:
            segments, _ = self._model.transcribe(
                samples,
                language=language,
                task="transcribe",
                beam_size=self._beam,
                word_timestamps=True,
                condition_on_previous_text=False,
                compression_ratio_threshold=2.4,
                log_prob_threshold=-1.0,
                no_speech_threshold=0.6,
                vad_filter=False,
                hotwords=prompt or None,
            )
            for segment in segments:
                worst = segment.avg_logprob if worst is None else min(worst, segment.avg_logprob)
                nobody = segment.no_speech_prob if nobody is None else max(nobody, segment.no_speech_prob)
                words += [_word(word) for word in segment.words or () if word.word.strip()]
        except Exception as error:
            raise RecognitionFailed(f"faster-whisper: {error!r}") from error
        return Recognition(tuple(words), worst, nobody)


def _word(word: Any) -> RecognizedWord:
    start, end = round(float(word.start) * 1_000_000), round(float(word.end) * 1_000_000)
    probability = min(1000, max(0, round(float(word.probability) * 1000)))
    return RecognizedWord(" ".join(word.word.split()), start, max(start, end), probability)
