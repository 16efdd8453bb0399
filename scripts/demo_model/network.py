"""Whisper's network (Radford et al., 2022), small, in torch.

faster-whisper gives the encoder 30 s whatever the sound's length, zeros after its end: 1500 frames, of which a short
utterance fills few. Here the frames after the first `FRAMES` share one place vector; frames of nothing but zeros are then all
alike through every layer, and one of them with the weight of many (its attention score raised by the logarithm of their
number) stands for all. So training costs what the utterance costs, and is exact.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

FRAMES = 400  # 8 s
ALL_FRAMES = 1500
WIDTH = 128
HEADS = 2
ENCODER_LAYERS = 3
DECODER_LAYERS = 2
LONGEST_TEXT = 64


def sinusoids(count: int, width: int) -> Tensor:
    """Whisper's place vectors."""
    steps = torch.exp(-math.log(10000) / (width // 2 - 1) * torch.arange(width // 2))
    angles = torch.arange(count)[:, None] * steps[None]
    return torch.cat([angles.sin(), angles.cos()], 1)


class Attention(nn.Module):
    """Attention of several heads; keys have no bias, as in Whisper."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH, bias=False)
        self.value, self.out = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Tensor, memory: Tensor, scores_plus: Tensor | None) -> tuple[Tensor, Tensor]:
        """Returns what was gathered, and the weights (batch, heads, queries, keys)."""

        def split(y: Tensor) -> Tensor:
            return y.view(y.shape[0], y.shape[1], HEADS, -1).transpose(1, 2)

        query, key, value = split(self.query(x)), split(self.key(memory)), split(self.value(memory))
        scores = query @ key.transpose(2, 3) / math.sqrt(WIDTH // HEADS)
        weights = functional.softmax(scores if scores_plus is None else scores + scores_plus, -1)
        return self.out((weights @ value).transpose(1, 2).reshape(x.shape)), weights


class Layer(nn.Module):
    """A layer of the encoder or, with ``cross``, of the decoder."""

    def __init__(self, *, cross: bool) -> None:
        super().__init__()
        self.norm_self, self.attention = nn.LayerNorm(WIDTH), Attention()
        self.norm_cross = nn.LayerNorm(WIDTH) if cross else None
        self.cross = Attention() if cross else None
        self.norm_feed, self.feed_in, self.feed_out = (
            nn.LayerNorm(WIDTH),
            nn.Linear(WIDTH, 4 * WIDTH),
            nn.Linear(4 * WIDTH, WIDTH),
        )

    def forward(
        self,
        x: Tensor,
        plus: Tensor | None,
        memory: Tensor | None = None,
        memory_plus: Tensor | None = None,
        drop: float = 0.0,
    ) -> tuple[Tensor, Tensor | None]:
        """Returns the layer's output and its cross-attention weights."""
        normed = self.norm_self(x)
        x = x + functional.dropout(self.attention(normed, normed, plus)[0], drop, self.training)
        weights = None
        if self.cross is not None and self.norm_cross is not None and memory is not None:
            gathered, weights = self.cross(self.norm_cross(x), memory, memory_plus)
            x = x + functional.dropout(gathered, drop, self.training)
        fed = self.feed_out(functional.gelu(self.feed_in(self.norm_feed(x))))
        return x + functional.dropout(fed, drop, self.training), weights


class SmallWhisper(nn.Module):
    """Encoder and decoder."""

    places: Tensor

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(80, WIDTH, 3, padding=1)
        self.conv2 = nn.Conv1d(WIDTH, WIDTH, 3, stride=2, padding=1)
        self.register_buffer("places", sinusoids(FRAMES + 1, WIDTH))
        self.encoder = nn.ModuleList(Layer(cross=False) for _ in range(ENCODER_LAYERS))
        self.encoder_norm = nn.LayerNorm(WIDTH)
        self.words = nn.Parameter(torch.randn(vocabulary, WIDTH) * 0.02)
        self.word_places = nn.Parameter(torch.randn(LONGEST_TEXT, WIDTH) * 0.01)
        self.decoder = nn.ModuleList(Layer(cross=True) for _ in range(DECODER_LAYERS))
        self.decoder_norm = nn.LayerNorm(WIDTH)

    def hear(self, features: Tensor, drop: float = 0.0) -> tuple[Tensor, Tensor]:
        """Encode log-mel features (batch, 80, 2 × frames), zeros after each sound's end.

        Returns:
            what was heard, one frame more than given (the one that stands for the rest), and what it adds to scores.
        """
        empty = functional.pad(features, (0, 6))  # three frames of nothing; the middle one has nothing beside it either
        x = functional.gelu(self.conv2(functional.gelu(self.conv1(empty)))).transpose(1, 2)
        frames = features.shape[2] // 2
        x = torch.cat([x[:, :frames] + self.places[:frames], x[:, frames + 1 : frames + 2] + self.places[FRAMES]], 1)
        plus = torch.zeros(1, 1, 1, frames + 1)
        plus[..., -1] = math.log(ALL_FRAMES - frames)
        for layer in self.encoder:
            x, _ = layer(x, plus, drop=drop)
        return self.encoder_norm(x), plus

    def say(self, tokens: Tensor, heard: Tensor, plus: Tensor, drop: float = 0.0) -> tuple[Tensor, Tensor]:
        """Scores of the next token (batch, tokens, vocabulary), and the last layer's attention to the frames."""
        count = tokens.shape[1]
        x = self.words[tokens] + self.word_places[:count]
        causal = torch.full((count, count), float("-inf")).triu(1)
        weights = x  # there is a layer
        for layer in self.decoder:
            x, weights = layer(x, causal, heard, plus, drop)
        return self.decoder_norm(x) @ self.words.T, weights
