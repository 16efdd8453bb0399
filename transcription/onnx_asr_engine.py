"""GigaAM, T-one, Vosk, NeMo and Whisper exports through onnx-asr: ONNX Runtime only, no torch. From a folder on this box.

onnx-asr downloads a model when it is given a name without a folder; here it always gets a folder that exists, which makes it
work offline. What it gives are tokens, each with the time it was heard at; tokens that begin with a space begin a word.
"""

from __future__ import annotations

import importlib.metadata
import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import structlog

from device_config.settings import ModelSettings
from transcription.errors import ModelUnusable, RecognitionFailed
from transcription.models import describe
from transcription.recognizer import SAMPLE_RATE, LoadedModel, Recognition, RecognizedWord, Samples, spread

log = structlog.get_logger(__name__)

OPTIONS: Final = {"type": str, "quantization": str}
#: Types whose models know several languages and want to be told which.
_TOLD_LANGUAGE: Final = ("whisper", "whisper-ort", "nemo-canary-1b-v2", "nemo-conformer-aed")
#: A word lasts at most so long after the time of its last token, which is all that these models tell.
_LAST_TOKEN_US: Final = 240_000
#: Shorter sounds break feature extraction; nobody says a word in them.
_SHORTEST: Final = SAMPLE_RATE // 10


class OnnxAsrRecognizer(LoadedModel):
    """One model in ONNX form, loaded."""

    def __init__(self, model: ModelSettings, *, threads: int = 2, device: str = "auto") -> None:
        """Load the folder.

        Args:
            model: folder, languages and options: ``type`` (as onnx-asr names it: gigaam-v3-ctc, t-one-ctc, …) and
                ``quantization`` (the part of the files' names that says so, for instance int8).
            threads: processor threads of one recognition.
            device: auto, cpu or cuda.

        Raises:
            ModelUnusable: the extra is not installed, a file is missing, an option is unknown, or the weights do not load.
        """
        try:
            import onnx_asr
            import onnxruntime
        except ImportError as error:
            raise ModelUnusable(f"onnx-asr is not installed (pip install 'hattama[asr]'): {error}") from error
        for name, value in model.options.items():
            if name not in OPTIONS or not isinstance(value, OPTIONS[name]):
                raise ModelUnusable(f"{model.path}: option {name} = {value!r}; known are type and quantization (texts)")
        self._type = str(model.options.get("type", ""))
        if not self._type or "/" in self._type:
            raise ModelUnusable(
                f"{model.path}: the option type is needed (gigaam-v3-ctc, t-one-ctc, …); see docs/models.md"
            )
        super().__init__(describe(model.path, "onnx-asr", importlib.metadata.version("onnx-asr")), model.languages)
        quantization = model.options.get("quantization")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 4
        try:
            loaded: Any = onnx_asr.load_model(
                self._type,
                model.path,
                quantization=None if quantization is None else str(quantization),
                sess_options=options,
                providers=_providers(onnxruntime.get_available_providers(), device),
            )
        except Exception as error:  # onnx-asr's and ONNX Runtime's errors share no public base class
            raise ModelUnusable(f"{model.path}: {error}") from error
        where = [
            one.get_providers() for one in vars(loaded.asr).values() if isinstance(one, onnxruntime.InferenceSession)
        ]
        _kept_its_word(device, where, str(model.path))
        self._model: Any = loaded.with_timestamps()

    def recognize(self, samples: Samples, language: str, *, prompt: str = "") -> Recognition:  # noqa: ARG002 - takes no words
        """Words with the times of their tokens; spread over the utterance where the model measures none.

        Raises:
            RecognitionFailed: the library stopped with an error.
        """
        if len(samples) < _SHORTEST:
            return Recognition(())
        told = {"language": language} if self._type in _TOLD_LANGUAGE else {}
        try:
            heard: Any = self._model.recognize(np.ascontiguousarray(samples), sample_rate=SAMPLE_RATE, **told)
        except Exception as error:
            raise RecognitionFailed(f"onnx-asr: {error!r}") from error
        length_us = len(samples) * 1_000_000 // SAMPLE_RATE
        if not heard.tokens or heard.timestamps is None:
            return Recognition(spread(heard.text.split(), 0, length_us))
        return joined(heard.tokens, heard.timestamps, heard.logprobs, length_us)


def _providers(available: Sequence[str], device: str) -> list[str]:
    if device == "cuda" and "CUDAExecutionProvider" not in available:
        raise ModelUnusable(
            "device = cuda, and this ONNX Runtime has no CUDA; install onnxruntime-gpu, or set device = cpu"
        )
    cuda = ["CUDAExecutionProvider"] if device != "cpu" and "CUDAExecutionProvider" in available else []
    return [*cuda, "CPUExecutionProvider"]


def _kept_its_word(device: str, where: Sequence[Sequence[str]], path: str) -> None:
    """ONNX Runtime takes the processor, without an error, where CUDA's libraries do not load.

    Raises:
        ModelUnusable: the GPU was asked for.
    """
    if device == "cpu" or all("CUDAExecutionProvider" in providers for providers in where):
        return
    if device == "cuda":
        raise ModelUnusable(
            f"{path}: device = cuda, and ONNX Runtime could not use it: CUDA's or cuDNN's libraries are missing or of another "
            "version (docs/models.md); mend them, or set device = cpu"
        )
    log.info("on the processor", action="model_on_cpu", model=path)


def joined(
    tokens: Sequence[str], times_s: Sequence[float], log_probabilities: Sequence[float] | None, length_us: int
) -> Recognition:
    """Tokens as words.

    Args:
        tokens: pieces of words in order; a leading space, or one that is only a space, begins a word.
        times_s: when each was heard, seconds.
        log_probabilities: natural logarithms, one a token.
        length_us: of the sound; no word ends later.

    Returns:
        words that touch each other at most; a word's probability is the mean of its tokens'.
    """
    words: list[tuple[str, list[int]]] = []
    for index, token in enumerate(tokens):
        if token.startswith(" ") or not words:
            words.append(("", []))
        text, of = words[-1]
        words[-1] = (text + token.strip(), [*of, index] if token.strip() else of)
    kept = [(text, of) for text, of in words if text]
    starts = [min(length_us, round(times_s[of[0]] * 1_000_000)) for _, of in kept] + [length_us]
    found = []
    for number, (text, of) in enumerate(kept):
        last_us = round(times_s[of[-1]] * 1_000_000) + _LAST_TOKEN_US
        end = max(starts[number], min(starts[number + 1], last_us, length_us))
        share = None
        if log_probabilities is not None:
            mean = math.exp(sum(log_probabilities[i] for i in of) / len(of))
            share = min(1000, max(0, round(mean * 1000)))
        found.append(RecognizedWord(text, starts[number], end, share))
    worst = None
    if log_probabilities is not None and len(log_probabilities):
        worst = float(sum(log_probabilities) / len(log_probabilities))
    return Recognition(tuple(found), worst)
