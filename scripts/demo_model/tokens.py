"""Whisper's special tokens in Whisper's order, after a vocabulary of whole words.

A token for each word, punctuation included, makes the decoder's work short enough for a network of this size. The bytes are
there too, so that any prompt can be written down.
"""

from __future__ import annotations

from collections.abc import Iterable

import tokenizers
from faster_whisper.tokenizer import _LANGUAGE_CODES

#: CTranslate2 4.8 takes a model for an English-only one unless its vocabulary has the empty token, as Whisper's has.
MULTILINGUAL = ""
TIME_STEP_S = 0.02


def special_tokens() -> list[str]:
    """In the order of the multilingual Whisper models."""
    languages = [f"<|{code}|>" for code in _LANGUAGE_CODES]
    tasks = ["<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"]
    times = [f"<|{index * TIME_STEP_S:.2f}|>" for index in range(1501)]
    return ["<|endoftext|>", "<|startoftranscript|>", *languages, *tasks, *times]


def make_tokenizer(words: Iterable[str], *, multilingual: bool = True) -> tokenizers.Tokenizer:
    """Byte-level tokens, as Whisper's, with each of ``words`` a token of its own after a space."""
    alphabet = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    whole = [_token_of(word) for word in dict.fromkeys(words)]
    last = [MULTILINGUAL] if multilingual else []
    vocabulary = {token: index for index, token in enumerate([*alphabet, *whole, *last])}
    made = tokenizers.Tokenizer(tokenizers.models.BPE(vocab=vocabulary, merges=[]))
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    made.add_special_tokens(
        [tokenizers.AddedToken(token, special=True, normalized=False) for token in special_tokens()]
    )
    return made


def number_of_word(tokenizer: tokenizers.Tokenizer, word: str) -> int:
    """The token of a word of the vocabulary."""
    number: int | None = tokenizer.token_to_id(_token_of(word))
    if number is None:
        raise KeyError(word)
    return number


def _token_of(word: str) -> str:
    """A word after a space, in the letters that byte-level tokens are written in."""
    splitter = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    token: str = splitter.pre_tokenize_str(" " + word)[0][0]
    return token
