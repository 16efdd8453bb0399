"""Teaches the network: next token, and for one head where in the sound the word lies.

eSpeak NG says a text evenly enough for the share of its letters to tell about when each word comes. That guess guides the head's
attention (Tachibana et al., 2017, "guided attention"), which makes so small a network learn in minutes; the head is then what
faster-whisper reads the word's times from.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import tokenizers
import torch
from faster_whisper.feature_extractor import FeatureExtractor
from torch import Tensor
from torch.nn import functional

from scripts.demo_model.network import FRAMES, SmallWhisper
from scripts.demo_model.sounds import RATE, Clip, Sound, in_the_room, only_noise
from scripts.demo_model.tokens import TIME_STEP_S, number_of_word

log = logging.getLogger(__name__)

IGNORED = -100
NOISE_SHARE = 0.06
_MEL = torch.tensor(FeatureExtractor().mel_filters, dtype=torch.float32)
_WINDOW = torch.hann_window(400)


def log_mel(sound: Sound) -> Tensor:
    """Whisper's features as faster-whisper takes them: (80, hundredths of a second)."""
    padded = torch.nn.functional.pad(torch.from_numpy(sound), (0, 160))
    power = torch.stft(padded, 400, 160, window=_WINDOW, return_complex=True)[:, :-1].abs() ** 2
    mel = (_MEL @ power).clamp(min=1e-10).log10()
    return (torch.maximum(mel, mel.max() - 8) + 4) / 4


@dataclass(frozen=True)
class Item:
    """One example: features, tokens, and for each token the frame where its word lies (−1: none)."""

    features: Tensor
    tokens: list[int]
    frames: list[float]


class Examples:
    """Makes examples without end, the same ones for the same seed."""

    def __init__(self, clips: list[Clip], tokenizer: tokenizers.Tokenizer, seed: int) -> None:
        self._clips, self._rng = clips, np.random.default_rng(seed)
        self._number = {word: number_of_word(tokenizer, word) for clip in clips for word in clip.words}
        self._special = {name: int(tokenizer.token_to_id(f"<|{name}|>")) for name in (
            "endoftext", "startoftranscript", "transcribe", "nospeech", "notimestamps", "0.00", "kk", "ru",
        )}  # fmt: skip

    def batches(self, size: int) -> Iterator[list[Item]]:
        """Batches of about the same length each."""
        while True:
            order = self._rng.permutation(len(self._clips))
            for at in range(0, len(order), size * 8):
                near = sorted(order[at : at + size * 8], key=lambda i: len(self._clips[i].sound))
                groups = [near[i : i + size] for i in range(0, len(near), size)]
                self._rng.shuffle(groups)
                for group in groups:
                    yield [self.item(int(i)) for i in group]

    def item(self, index: int) -> Item:
        """One example of a clip, or now and then of noise."""
        special, rng = self._special, self._rng
        if rng.random() < NOISE_SHARE:
            tokens = [special["startoftranscript"], special["nospeech"], special["endoftext"]]
            return Item(log_mel(only_noise(rng)), tokens, [-1.0] * 3)
        clip = self._clips[index]
        sound, begin = in_the_room(clip, self._clips[int(rng.integers(len(self._clips)))], rng)
        length = len(clip.sound) / RATE
        words = [self._number[word] for word in clip.words]
        middles = [(begin + length * share) / TIME_STEP_S for share in shares(clip.words)]
        prompt = [special["startoftranscript"], special[clip.language], special["transcribe"]]
        if rng.random() < 0.5:
            tokens = [*prompt, special["notimestamps"], *words, special["endoftext"]]
            frames = [-1.0] * 4 + middles + [-1.0]
        else:
            first, last = (special["0.00"] + round(t / TIME_STEP_S) for t in (begin, begin + length))
            tokens = [*prompt, first, *words, last, special["endoftext"]]
            frames = [-1.0] * 4 + middles + [-1.0, -1.0]
        return Item(log_mel(sound), tokens, frames)


def shares(words: tuple[str, ...]) -> list[float]:
    """Where the middle of each word lies in its text, 0 … 1, by letters; a full stop is a pause."""
    weights = [len(word) + (5 if word[-1] in ".!?" else 2 if word[-1] in ",-" else 0.6) for word in words]
    whole, at, middles = sum(weights) - (weights[-1] - len(words[-1])), 0.0, []
    for word, weight in zip(words, weights, strict=True):
        middles.append((at + len(word) / 2) / whole)
        at += weight
    return middles


def collate(items: list[Item], *, whole: bool) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Features (batch, 80, 2 × frames), tokens in, tokens out, frames of the tokens out."""
    longest = 2 * FRAMES if whole else min(2 * FRAMES, max(item.features.shape[1] for item in items) // 2 * 2 + 20)
    features = torch.zeros(len(items), 80, longest)
    count = max(len(item.tokens) for item in items) - 1
    given, wanted = torch.zeros(len(items), count, dtype=torch.long), torch.full((len(items), count), IGNORED)
    frames = torch.full((len(items), count), -1.0)
    for row, item in enumerate(items):
        part = item.features[:, :longest]
        features[row, :, : part.shape[1]] = part
        size = len(item.tokens) - 1
        given[row, :size] = torch.tensor(item.tokens[:-1])
        wanted[row, :size] = torch.tensor(item.tokens[1:])
        # What stands at token i when it is given aims at the word that comes next; the library reads it one step later.
        frames[row, :size] = torch.tensor(item.frames[1:])
    return features, given, wanted, frames


def guidance(weights: Tensor, frames: Tensor) -> Tensor:
    """How much of the first head's attention lies far from where the word is thought to be."""
    at = torch.arange(weights.shape[3])[None, None]
    far = 1 - torch.exp(-((at - frames[..., None]) ** 2) / (2 * 12.0**2))
    mask = (frames >= 0).float()
    return ((weights[:, 0] * far).sum(-1) * mask).sum() / mask.sum().clamp(min=1)


def train(network: SmallWhisper, examples: Examples, steps: int, *, batch: int = 16, rate: float = 1.5e-3) -> None:
    """Teach in place; says how it goes every 50 steps."""
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate, betas=(0.9, 0.98), weight_decay=0.01)
    started, mean = time.monotonic(), [0.0, 0.0]
    generator = torch.Generator().manual_seed(7)
    for step, items in enumerate(examples.batches(batch)):
        if step == steps:
            return
        done = step / steps
        scale = min(1.0, (step + 1) / 150) * (
            1.0 if done < 0.3 else 0.5 * (1 + math.cos(math.pi * (done - 0.3) / 0.7)) + 0.01
        )
        for group in optimizer.param_groups:
            group["lr"] = rate * scale
        features, given, wanted, frames = collate(items, whole=done > 0.9)
        if torch.rand((), generator=generator) < 0.5:
            low = int(torch.randint(0, 70, (), generator=generator))
            features[:, low : low + int(torch.randint(1, 10, (), generator=generator))] = 0
        network.train()
        heard, plus = network.hear(features, 0.1)
        scores, weights = network.say(given, heard, plus, 0.1)
        loss = functional.cross_entropy(scores.transpose(1, 2), wanted, ignore_index=IGNORED, label_smoothing=0.03)
        guided = guidance(weights, frames)
        optimizer.zero_grad()
        (loss + (1.0 if done < 0.5 else 0.2) * guided).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        for index, value in enumerate((loss.item(), guided.item())):
            mean[index] = value if step == 0 else 0.97 * mean[index] + 0.03 * value
        if step % 50 == 49:
            took = time.monotonic() - started
            log.info("%d/%d: next word %.3f, guidance %.3f, %.0f s", step + 1, steps, *mean, took)
