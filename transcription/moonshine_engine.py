"""Moonshine models through moonshine-voice (optional extra). Its wheel carries English weights, `assets/tiny-en`.

The library fetches models by itself unless it is given a folder: it always is. Its own activity detection is switched off,
because it cuts words off inside an utterance; ours has run before. The weights in the wheel measure no word times (that
needs one more model file), so words are spread over the utterance and flagged as such.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from pathlib import Path
from typing import Any, Final

from device_config.settings import ModelSettings
from transcription.errors import ModelUnusable, RecognitionFailed
from transcription.models import describe
from transcription.recognizer import SAMPLE_RATE, LoadedModel, Recognition, RecognizedWord, Samples, spread

NEEDED: Final = ("encoder_model.ort", "decoder_model_merged.ort", "tokenizer.bin")
ARCHITECTURES: Final = {"tiny": "TINY", "base": "BASE"}
_OPTIONS: Final = {
    "vad_threshold": "0",
    "vad_max_segment_duration": "30",
    "return_audio_data": "false",
}


def bundled_model() -> Path | None:
    """Folder of the English weights inside the installed wheel, or None."""
    spec = importlib.util.find_spec("moonshine_voice")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (path := Path(folder) / "assets" / "tiny-en").is_dir():
            return path
    return None


class MoonshineRecognizer(LoadedModel):
    """One Moonshine model, loaded."""

    def __init__(self, model: ModelSettings) -> None:
        """Load the folder.

        Args:
            model: folder, languages and the option ``arch`` (tiny, base; default tiny).

        Raises:
            ModelUnusable: the extra is not installed, a file is missing, an option is unknown, or the weights do not load.
        """
        try:
            import moonshine_voice
            from moonshine_voice.transcriber import Transcriber
        except (ImportError, OSError) as error:  # OSError: the library inside the wheel does not fit this machine
            raise ModelUnusable(
                f"moonshine-voice is not installed (pip install 'hattama[moonshine]'): {error}"
            ) from error
        for name in NEEDED:
            if not (model.path / name).is_file():
                raise ModelUnusable(f"{model.path}: {name} is missing; see docs/models.md")
        arch = str(model.options.get("arch", "tiny"))
        if set(model.options) - {"arch"} or arch not in ARCHITECTURES:
            raise ModelUnusable(f"{model.path}: options {model.options}; known is arch (tiny, base)")
        super().__init__(
            describe(model.path, "moonshine", importlib.metadata.version("moonshine-voice")), model.languages
        )
        architecture = getattr(moonshine_voice.ModelArch, ARCHITECTURES[arch])
        try:
            self._transcriber: Any = Transcriber(str(model.path), architecture, options=dict(_OPTIONS))
        except moonshine_voice.MoonshineError as error:
            raise ModelUnusable(f"{model.path}: {error}") from error

    def recognize(self, samples: Samples, language: str, *, prompt: str = "") -> Recognition:  # noqa: ARG002 - a model knows one language, and takes no words
        """Words, spread over the utterance.

        Raises:
            RecognitionFailed: the library stopped with an error.
        """
        try:
            lines = self._transcriber.transcribe_without_streaming(samples.tolist(), SAMPLE_RATE).lines
        except Exception as error:
            raise RecognitionFailed(f"moonshine: {error!r}") from error
        length_us = len(samples) * 1_000_000 // SAMPLE_RATE
        words: list[RecognizedWord] = []
        for line in lines:
            words += _words(line, length_us)
        return Recognition(tuple(words))


def _words(line: Any, length_us: int) -> list[RecognizedWord]:
    begin = round(line.start_time * 1_000_000)
    return list(spread(line.text.split(), begin, min(begin + round(line.duration * 1_000_000), length_us)))
