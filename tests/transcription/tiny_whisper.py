"""Makes a Whisper-shaped CTranslate2 model folder that says one sentence, whatever it hears.

Its weights are written by hand. Every residual layer adds nothing, so the decoder sees only where it stands: position *i* is
the unit vector *i*, and the projection gives it one next token. In the cross-attention the query of position *i* meets the
key of one stretch of frames, so that the library's alignment finds the word there. Real code all the way: only the weights
know nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tokenizers
from ctranslate2.specs.whisper_spec import WhisperSpec

from scripts.demo_model.folder import save_folder
from scripts.demo_model.tokens import make_tokenizer

WIDTH = 40
FRAMES_PER_BIN = 10  # 0.2 s: a frame of the encoder is 20 ms
PROMPT = 3  # start of transcript, language, task
SHARP = 4.0

Array = npt.NDArray[np.float32]


def make_model(
    folder: Path, words: Sequence[str], *, first_bin: int = 1, repeat: int = 1, multilingual: bool = True
) -> Path:
    """Write the folder: model.bin, config.json, vocabulary.json, tokenizer.json, preprocessor_config.json.

    Args:
        folder: is made.
        words: what it says; word *n* at ``(first_bin + n) * 0.2 s``.
        first_bin: where the first word stands.
        repeat: how often it says all of it (to meet the guards).
        multilingual: whether its vocabulary marks it as a model of many languages.
    """
    folder.mkdir(parents=True)
    tokenizer = make_tokenizer(words, multilingual=multilingual)
    tokens = [tokenizer.id_to_token(index) for index in range(tokenizer.get_vocab_size())]
    said = [*words] * repeat
    identifiers = [
        len(tokenizers.pre_tokenizers.ByteLevel.alphabet()) + list(dict.fromkeys(words)).index(w) for w in said
    ]
    number = {token: index for index, token in enumerate(tokens)}
    ending = number[f"<|{min(30.0, (first_bin + len(said)) * 0.2):.2f}|>"]
    output = [number["<|0.00|>"], *identifiers, ending, number["<|endoftext|>"]]
    spec = WhisperSpec(1, 1, 1, 1)
    _encoder(spec)
    _decoder(spec, len(tokens), {PROMPT - 1 + step: token for step, token in enumerate(output)}, first_bin, len(said))
    return save_folder(folder, spec, tokenizer)


def _zeros(*shape: int) -> Array:
    return np.zeros(shape, np.float32)


def _norm(norm: object) -> None:
    norm.gamma, norm.beta = np.ones(WIDTH, np.float32), _zeros(WIDTH)  # type: ignore[attr-defined]


def _linear(linear: object, weight: Array) -> None:
    linear.weight, linear.bias = weight, _zeros(len(weight))  # type: ignore[attr-defined]


def _silent_layer(layer: object) -> None:
    """Self-attention and feed-forward that add nothing."""
    attention, feed = layer.self_attention, layer.ffn  # type: ignore[attr-defined]
    _norm(attention.layer_norm)
    _linear(attention.linear[0], _zeros(3 * WIDTH, WIDTH))
    _linear(attention.linear[1], _zeros(WIDTH, WIDTH))
    _norm(feed.layer_norm)
    _linear(feed.linear_0, _zeros(4 * WIDTH, WIDTH))
    _linear(feed.linear_1, _zeros(WIDTH, 4 * WIDTH))


def _encoder(spec: WhisperSpec) -> None:
    encoder = spec.encoder
    for conv, channels in ((encoder.conv1, 80), (encoder.conv2, WIDTH)):
        conv.weight, conv.bias = _zeros(WIDTH, channels, 3), _zeros(WIDTH)
    places = _zeros(1500, WIDTH)
    places[np.arange(1500), np.minimum(np.arange(1500) // FRAMES_PER_BIN, WIDTH - 1)] = 1
    encoder.position_encodings.encodings = places
    _norm(encoder.layer_norm)
    _silent_layer(encoder.layer[0])


def _decoder(spec: WhisperSpec, vocabulary: int, next_token: dict[int, int], first_bin: int, words: int) -> None:
    decoder = spec.decoder
    decoder.embeddings.weight = _zeros(vocabulary, WIDTH)
    places = _zeros(448, WIDTH)
    places[np.arange(WIDTH), np.arange(WIDTH)] = 1
    decoder.position_encodings.encodings = places
    _norm(decoder.layer_norm)
    _silent_layer(decoder.layer[0])
    cross = decoder.layer[0].attention
    _norm(cross.layer_norm)
    query = _zeros(WIDTH, WIDTH)
    for index in range(words + 1):  # the last one is the end of the last word
        query[min(first_bin + index, WIDTH - 1), PROMPT + index] = SHARP
    _linear(cross.linear[0], query)
    _linear(cross.linear[1], np.vstack([np.eye(WIDTH, dtype=np.float32), _zeros(WIDTH, WIDTH)]))
    _linear(cross.linear[2], _zeros(WIDTH, WIDTH))
    weight = _zeros(vocabulary, WIDTH)
    for place, token in next_token.items():
        weight[token, place] = SHARP
    _linear(decoder.projection, weight)
