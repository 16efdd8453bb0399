"""The trained network as a folder that faster-whisper loads: CTranslate2's weights, tokenizer, features, the note of a demonstration."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import tokenizers
import torch
from ctranslate2.specs.whisper_spec import WhisperSpec
from torch import nn

from scripts.demo_model.folder import save_folder
from scripts.demo_model.network import (
    ALL_FRAMES,
    DECODER_LAYERS,
    ENCODER_LAYERS,
    FRAMES,
    HEADS,
    Attention,
    Layer,
    SmallWhisper,
)

#: Head whose attention follows the words: the first of the last layer, as ``train`` taught it.
ALIGNMENT_HEADS = [(DECODER_LAYERS - 1, 0)]
MODES = 448  # places of the decoder that faster-whisper counts on


def save(network: SmallWhisper, tokenizer: tokenizers.Tokenizer, folder: Path, note: dict[str, object]) -> None:
    """Write model.bin (16-bit), config.json, vocabulary.json, tokenizer.json, preprocessor_config.json, hattama-model.json."""
    folder.mkdir(parents=True, exist_ok=True)
    spec = WhisperSpec(ENCODER_LAYERS, HEADS, DECODER_LAYERS, HEADS)
    encoder, decoder = spec.encoder, spec.decoder
    _linear(encoder.conv1, network.conv1)
    _linear(encoder.conv2, network.conv2)
    rest = network.places[FRAMES:].expand(ALL_FRAMES - FRAMES, -1)
    encoder.position_encodings.encodings = _numbers(torch.cat([network.places[:FRAMES], rest]))
    _norm(encoder.layer_norm, network.encoder_norm)
    for made, layer in zip(encoder.layer, network.encoder, strict=True):
        _layer(made, layer)
    decoder.embeddings.weight = _numbers(network.words)
    decoder.projection.weight = _numbers(network.words)
    decoder.projection.bias = np.zeros(tokenizer.get_vocab_size(), np.float32)
    places = np.zeros((MODES, network.word_places.shape[1]), np.float32)
    places[: len(network.word_places)] = _numbers(network.word_places)
    decoder.position_encodings.encodings = places
    _norm(decoder.layer_norm, network.decoder_norm)
    for made, layer in zip(decoder.layer, network.decoder, strict=True):
        _layer(made, layer)
    save_folder(folder, spec, tokenizer, ALIGNMENT_HEADS, "float16")
    (folder / "hattama-model.json").write_text(json.dumps(note, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _numbers(tensor: torch.Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.ascontiguousarray(tensor.detach().numpy().astype(np.float32))


def _linear(made: object, given: nn.Linear | nn.Conv1d) -> None:
    made.weight = _numbers(given.weight)  # type: ignore[attr-defined]
    made.bias = np.zeros(len(given.weight), np.float32) if given.bias is None else _numbers(given.bias)  # type: ignore[attr-defined]


def _norm(made: object, given: nn.LayerNorm) -> None:
    made.gamma, made.beta = _numbers(given.weight), _numbers(given.bias)  # type: ignore[attr-defined]


def _joined(made: object, *given: nn.Linear) -> None:
    made.weight = np.concatenate([_numbers(one.weight) for one in given])  # type: ignore[attr-defined]
    biases = [np.zeros(len(one.weight), np.float32) if one.bias is None else _numbers(one.bias) for one in given]
    made.bias = np.concatenate(biases)  # type: ignore[attr-defined]


def _layer(made: object, layer: nn.Module) -> None:
    if not isinstance(layer, Layer):
        raise TypeError(layer)
    own, feed = made.self_attention, made.ffn  # type: ignore[attr-defined]
    _norm(own.layer_norm, layer.norm_self)
    _joined(own.linear[0], layer.attention.query, layer.attention.key, layer.attention.value)
    _linear(own.linear[1], layer.attention.out)
    if layer.cross is not None and layer.norm_cross is not None:
        _cross(made.attention, layer.norm_cross, layer.cross)  # type: ignore[attr-defined]
    _norm(feed.layer_norm, layer.norm_feed)
    _linear(feed.linear_0, layer.feed_in)
    _linear(feed.linear_1, layer.feed_out)


def _cross(made: object, norm: nn.LayerNorm, attention: Attention) -> None:
    _norm(made.layer_norm, norm)  # type: ignore[attr-defined]
    linear = made.linear  # type: ignore[attr-defined]
    _linear(linear[0], attention.query)
    _joined(linear[1], attention.key, attention.value)
    _linear(linear[2], attention.out)
