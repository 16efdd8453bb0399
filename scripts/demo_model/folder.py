"""A Whisper-shaped network's folder, as faster-whisper loads it: what is the same for every network."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import tokenizers
from ctranslate2.specs.whisper_spec import WhisperSpec
from faster_whisper.tokenizer import _LANGUAGE_CODES

_FEATURES = {"feature_size": 80, "sampling_rate": 16000, "hop_length": 160, "chunk_length": 30, "n_fft": 400}


def save_folder(
    folder: Path,
    spec: WhisperSpec,
    tokenizer: tokenizers.Tokenizer,
    alignment_heads: Sequence[tuple[int, int]] = ((0, 0),),
    quantization: str | None = None,
) -> Path:
    """Write model.bin, config.json, vocabulary.json, tokenizer.json and preprocessor_config.json.

    Args:
        folder: is there.
        spec: with its weights.
        tokenizer: its vocabulary, Whisper's special tokens last.
        alignment_heads: (layer, head) whose attention follows the words.
        quantization: of the weights (CTranslate2's name); none: as they are.
    """
    spec.register_vocabulary([tokenizer.id_to_token(index) for index in range(tokenizer.get_vocab_size())])
    spec.config.lang_ids = [tokenizer.token_to_id(f"<|{code}|>") for code in _LANGUAGE_CODES]
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = []
    spec.config.alignment_heads = list(alignment_heads)
    spec.validate()
    if quantization is not None:
        spec.optimize(quantization=quantization)
    spec.save(str(folder))
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "preprocessor_config.json").write_text(json.dumps(_FEATURES) + "\n")
    return folder
