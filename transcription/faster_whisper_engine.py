"""Whisper models in CTranslate2 form, through faster-whisper. From a folder on this box only; the network is never asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import structlog

from device_config.settings import ModelSettings
from transcription.errors import ModelUnusable, RecognitionFailed
from transcription.models import describe
from transcription.recognizer import LoadedModel, Recognition, RecognizedWord, Samples, Spoken
from transcription.remembered import Remembered
from transcription.whisper_windows import PIECES, WINDOWS, Pieces, Together, among, filled, recognized

log = structlog.get_logger(__name__)

#: Without its own tokenizer.json the library would fetch one from the network.
NEEDED: Final = ("model.bin", "config.json", "tokenizer.json")
OPTIONS: Final = {
    "compute_type": str,
    "beam_size": int,
    "case_words": bool,
    "window": str,
    "windows": int,
    "pieces": str,
}
_PROBE_FRAMES: Final = 100  # a second
_SEED: Final = 1  # the library samples when its first attempt fails; the same sound gives the same words


class FasterWhisperRecognizer(LoadedModel):
    """One Whisper model, loaded."""

    def __init__(self, model: ModelSettings, *, threads: int = 2, device: str = "auto") -> None:
        """Load the folder.

        Args:
            model: folder, languages and options: ``compute_type`` (int8, float16 …), ``beam_size``, ``case_words`` (whether
                it is given the names of the case; a demonstration model was never taught to be), ``window``, ``windows`` and
                ``pieces`` (:mod:`transcription.whisper_windows`).
            threads: processor threads of one recognition.
            device: auto, cpu or cuda; auto takes the processor where a GPU does not compute.

        Raises:
            ModelUnusable: the extra is not installed, a file is missing, an option is unknown, the weights do not load, or they
                do not compute on the GPU that was asked for.
        """
        try:
            import ctranslate2
            import faster_whisper
            from threadpoolctl import threadpool_limits
        except ImportError as error:
            raise ModelUnusable(f"faster-whisper is not installed (pip install 'hattama[asr]'): {error}") from error
        for name in NEEDED:
            if not (model.path / name).is_file():
                raise ModelUnusable(f"{model.path}: {name} is missing; see docs/models.md")
        for name, value in model.options.items():
            if name not in OPTIONS or not isinstance(value, OPTIONS[name]):
                raise ModelUnusable(
                    f"{model.path}: option {name} = {value!r}; known are compute_type (text), beam_size (number), "
                    f"case_words (true or false), window ({', '.join(WINDOWS)}), windows (number) and pieces ({', '.join(PIECES)})"
                )
        super().__init__(describe(model.path, "faster-whisper", faster_whisper.__version__), model.languages)
        self._beam = int(model.options.get("beam_size", 5))
        self._prompted = bool(model.options.get("case_words", not self._identity.demonstration))
        windows = filled(model)
        self._seed: Any = ctranslate2.set_random_seed

        def on(place: str) -> Any:
            return faster_whisper.WhisperModel(
                str(model.path),
                device=place,
                compute_type=str(model.options.get("compute_type", "default")),
                cpu_threads=threads,
                local_files_only=True,
            )

        try:
            self._model: Any = _working(on, device)
        except (RuntimeError, ValueError, OSError) as error:
            raise ModelUnusable(f"{model.path}: {error}") from error
        # numpy's BLAS has a thread for each core, which waits busily after each window's spectrum, beside the encoder: a tenth of a small
        # model's processor time, for a product of two small matrices.
        threadpool_limits(1, user_api="blas")
        self._pieces = Pieces(self._model) if windows.short_pieces else None
        # An utterance is asked for its language, then for its words: both are read from one encoding of it.
        self._model.feature_extractor = Remembered(self._model.feature_extractor, most=windows.windows)
        self._model.encode = Remembered(self._model.encode)
        self._together = Together(self._model, self._beam, windows.windows) if windows.packed else None
        # The library would quietly write English words for any language.
        if not self._model.model.is_multilingual and self._languages != {"en"}:
            raise ModelUnusable(
                f"{model.path}: an English-only model, but the settings name it for {', '.join(model.languages)}"
            )

    def languages_of(self, samples: Samples, *, piece: bool = False) -> Mapping[str, float]:
        """By Whisper's language tokens, shared among the languages of the settings.

        Raises:
            RecognitionFailed: the library stopped with an error.
        """
        if len(self._languages) < 2 or not len(samples):
            return {}
        try:
            if piece and self._pieces is not None:
                return among(self._pieces.languages(samples), self._languages)
            # Without the last frame, which lies behind the sound, and as the words are then read from it.
            _, _, every = self._model.detect_language(
                features=self._model.feature_extractor(samples, chunk_length=None)[..., :-1]
            )
        except Exception as error:
            raise RecognitionFailed(f"faster-whisper: {error!r}") from error
        return among(every, self._languages)

    @property
    def windows(self) -> int:
        """As its options or its folder say."""
        return 0 if self._together is None else self._together.windows

    def recognize_together(
        self, sounds: Sequence[Spoken], language: str, *, prompt: str = ""
    ) -> Sequence[Recognition | None]:
        """Words of utterances that share windows, decoded once and without a second try; who is not sure is recognised alone.

        Raises:
            RecognitionFailed: the library stopped with an error.
        """
        if self._together is None:
            return [None] * len(sounds)
        self._seed(_SEED)
        try:
            return self._together.words(sounds, language, prompt)
        except Exception as error:
            raise RecognitionFailed(f"faster-whisper: {error!r}") from error

    def languages_together(self, sounds: Sequence[Spoken]) -> Sequence[Mapping[str, float] | None]:
        """From the encoding that the words are read from afterwards.

        Raises:
            RecognitionFailed: the library stopped with an error.
        """
        if self._together is None or len(self._languages) < 2:
            return [None] * len(sounds)
        try:
            return self._together.languages(sounds, self._languages)
        except Exception as error:
            raise RecognitionFailed(f"faster-whisper: {error!r}") from error

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
                words += [recognized(word) for word in segment.words or () if word.word.strip()]
        except Exception as error:
            raise RecognitionFailed(f"faster-whisper: {error!r}") from error
        return Recognition(tuple(words), worst, nobody)


def _working(on: Callable[[str], Any], device: str) -> Any:
    """The model where it computes: CTranslate2 finds a GPU by its driver, and misses CUDA's libraries at the first sound only.

    Args:
        on: loads it on a device.
        device: auto takes the processor then, and says so.

    Raises:
        RuntimeError: not on a GPU that was asked for.
    """
    loaded = on(device)
    if loaded.model.device != "cuda":
        return loaded
    try:
        loaded.encode(np.zeros((loaded.model.n_mels, _PROBE_FRAMES), np.float32))
    except RuntimeError as error:
        if device == "cuda":
            raise RuntimeError(f"does not compute on the GPU: {error}") from error
        log.warning("GPU without its libraries; the processor is used", action="gpu_unusable", reason=str(error))
        return on("cpu")
    return loaded
