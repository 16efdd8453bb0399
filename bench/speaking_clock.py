"""A Whisper-shaped model at a real model's cost that hears whether there is sound, and nothing else: every 0.2 s it says a word, or a blank.

For measuring speed where no weights of that size can be had. Width, heads, layers and vocabulary are Whisper's; each window is decoded
in as many steps whatever it holds, with times that are right, so neither side of a comparison decodes less than the other. Its weights
are written by hand as CTranslate2 reads them: the encoder's convolutions give a frame's loudness, the decoder's attention at step *n*
goes to the frames at 0.2 × *n* seconds, and what it finds there decides between word *n* and the blank. All other layers add nothing,
at their full cost.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from scripts.demo_model.tokens import make_tokenizer, number_of_word

#: Width, heads, layers of the encoder and of the decoder.
SIZES: Final = {"tiny": (384, 6, 4, 4), "base": (512, 8, 6, 6), "small": (768, 12, 12, 12)}
VOCABULARY: Final = 51_865
WORDS: Final = 150
_FRAMES: Final = 10  # of 20 ms
_PROMPT: Final = 3  # start of transcript, language, task; then the first time, or the token that there are none
_CODE: Final = 62  # numbers of the first head that tell the time; the next one is the loudness
_LOUD: Final = 0.05  # of the features' own scale, in the bands of a voice; what the library puts after a sound is 0
_BANDS: Final = slice(3, 41)
_LETTERS: Final = "абвгдежзиклмнопрстуфхцчшщыэюя"

Array = npt.NDArray[np.float32]


def words() -> list[str]:
    """What it says, each once in a window; of letters by chance, so that nobody takes it for a loop."""
    rng = np.random.default_rng(2)
    return ["".join(rng.choice(list(_LETTERS), 5)) for _ in range(WORDS)]


def make(folder: Path, size: str) -> Path:
    """Write the model's folder, which must not exist."""
    import tokenizers
    from ctranslate2.specs.whisper_spec import WhisperSpec

    from scripts.demo_model.folder import save_folder

    width, heads, encoder_layers, decoder_layers = SIZES[size]
    folder.mkdir(parents=True)
    spec = WhisperSpec(encoder_layers, heads, decoder_layers, heads)
    known = [*words(), "blank"]
    bare = make_tokenizer(known).get_vocab_size()
    tokenizer = make_tokenizer([*known, *(f"filler{n}" for n in range(VOCABULARY - bare))])
    blank = tokenizer.id_to_token(number_of_word(tokenizer, "blank"))
    tokenizer.add_special_tokens([tokenizers.AddedToken(blank, special=True, normalized=False)])  # written as nothing
    codes = np.random.default_rng(1).choice([-3.0, 3.0], (WORDS + 1, _CODE)).astype(np.float32)
    _encoder(spec.encoder, width, codes)
    _decoder(spec.decoder, width, codes, tokenizer)
    return save_folder(folder, spec, tokenizer)


def _zeros(*shape: int) -> Array:
    return np.zeros(shape, np.float32)


def _linear(linear: Any, weight: Array) -> None:
    linear.weight, linear.bias = weight, _zeros(len(weight))


def _silent(layer: Any, width: int) -> None:
    """Attention and feed-forward that add nothing."""
    for norm in (layer.self_attention.layer_norm, layer.ffn.layer_norm):
        norm.gamma, norm.beta = np.ones(width, np.float32), _zeros(width)
    _linear(layer.self_attention.linear[0], _zeros(3 * width, width))
    _linear(layer.self_attention.linear[1], _zeros(width, width))
    _linear(layer.ffn.linear_0, _zeros(4 * width, width))
    _linear(layer.ffn.linear_1, _zeros(width, 4 * width))


def _encoder(encoder: Any, width: int, codes: Array) -> None:
    loudness, passed = _zeros(width, 80, 3), _zeros(width, width, 3)
    loudness[_CODE, _BANDS, 1] = 10 / len(range(*_BANDS.indices(80)))
    passed[_CODE, _CODE, 1] = 1
    encoder.conv1.weight, encoder.conv1.bias = loudness, _zeros(width)
    encoder.conv1.bias[_CODE] = -10 * _LOUD
    encoder.conv2.weight, encoder.conv2.bias = passed, _zeros(width)
    places = _zeros(1500, width)
    places[:, :_CODE] = codes[np.arange(1500) // _FRAMES]
    places[:, _CODE] = -1
    encoder.position_encodings.encodings = places
    encoder.layer_norm.gamma, encoder.layer_norm.beta = np.ones(width, np.float32), _zeros(width)
    for layer in encoder.layer:
        _silent(layer, width)


def _decoder(decoder: Any, width: int, codes: Array, tokenizer: Any) -> None:
    places = _zeros(448, width)
    steps = np.arange(min(len(places), width - 1))
    places[steps, steps] = 10
    decoder.embeddings.weight = _zeros(tokenizer.get_vocab_size(), width)
    decoder.position_encodings.encodings = places
    decoder.layer_norm.gamma, decoder.layer_norm.beta = np.ones(width, np.float32), _zeros(width)
    for layer in decoder.layer:
        _silent(layer, width)
        cross = layer.attention
        cross.layer_norm.gamma, cross.layer_norm.beta = np.ones(width, np.float32), _zeros(width)
        _linear(cross.linear[0], _zeros(width, width))
        _linear(cross.linear[1], _zeros(2 * width, width))
        _linear(cross.linear[2], _zeros(width, width))
    first = decoder.layer[0].attention
    for step in range(WORDS + 1):
        first.linear[0].weight[:_CODE, _PROMPT + step] = codes[step] / 60
    first.linear[1].weight[np.arange(_CODE), np.arange(_CODE)] = 1  # keys: the time
    first.linear[1].weight[width, _CODE] = 1  # values: the loudness
    first.linear[2].weight[width - 1, 0] = 10
    said = _zeros(tokenizer.get_vocab_size(), width)
    for step, word in enumerate(words()):
        said[number_of_word(tokenizer, word), [_PROMPT + step, width - 1]] = 2
    blank = number_of_word(tokenizer, "blank")
    said[blank, _PROMPT : _PROMPT + WORDS], said[blank, width - 1] = 2, -2
    fixed = {0: "<|ru|>", _PROMPT - 1: "<|0.00|>", _PROMPT + WORDS: "<|30.00|>", _PROMPT + WORDS + 1: "<|endoftext|>"}
    for place, token in fixed.items():
        said[tokenizer.token_to_id(token), place] = 20
    _linear(decoder.projection, said)
