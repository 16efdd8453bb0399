"""Make the demonstration model: a small Whisper network for the demo courtroom's own Kazakh and Russian sentences.

Needs espeak-ng (Debian package), torch, faster-whisper and CTranslate2; no other data. Everything is seeded. Writes
hattama/demo/assets/model/, which is committed, so only somebody who changes the demo's text runs this:
``.venv/bin/python -m scripts.make_demo_model`` (about 40 minutes on one core).

What it is not: a recogniser for court. It knows the sentences it was taught and says so in ``hattama-model.json``; every page,
transcript and protocol with its words carries the mark of a demonstration.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import torch

from scripts.demo_model.convert import save
from scripts.demo_model.network import SmallWhisper
from scripts.demo_model.sentences import texts
from scripts.demo_model.sounds import RATE, corpus
from scripts.demo_model.tokens import make_tokenizer
from scripts.demo_model.train import Examples, train

log = logging.getLogger(__name__)

FOLDER = Path(__file__).resolve().parent.parent / "hattama" / "demo" / "assets" / "model"
NOTE: dict[str, object] = {
    "name": "hattama-demonstration",
    "demonstration": True,
    "window": "whole",  # it was taught one utterance at a time, in places up to 8 s
    "pieces": "short",  # it tells the language of two seconds as well without a window's silence
    "about": "Knows the demo courtroom's own sentences in Kazakh and Russian, spoken by eSpeak NG; no recogniser for court.",
    "licence": "Apache-2.0",
    "made_by": "scripts/make_demo_model.py",
}


def main() -> None:
    """Speak, teach, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=1000, help="steps of training")
    parser.add_argument("--seed", type=int, default=2026, help="of voices, noise and weights")
    parser.add_argument("--threads", type=int, default=1, help="processor threads of torch")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the model goes")
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.manual_seed(chosen.seed)
    torch.set_num_threads(chosen.threads)
    clips = corpus(texts(), chosen.seed)
    log.info("%d clips, %.0f minutes", len(clips), sum(len(clip.sound) for clip in clips) / RATE / 60)
    tokenizer = make_tokenizer(word for clip in clips for word in clip.words)
    network = SmallWhisper(tokenizer.get_vocab_size())
    log.info("%.2f million weights", sum(p.numel() for p in network.parameters()) / 1e6)
    train(network, Examples(clips, tokenizer, chosen.seed + 1), chosen.steps)
    network.eval()
    save(network, tokenizer, chosen.folder, NOTE)


if __name__ == "__main__":
    main()
