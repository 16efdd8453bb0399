"""Makes a model folder in the form of GigaAM's CTC export that says one sentence, whatever it hears.

A real ONNX network that ONNX Runtime runs: it takes GigaAM's 64 mel bands and gives one row of log probabilities for each 40 ms,
cut out of a table that is written here by hand. Only the weights know nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FRAME_US = 40_000
FRAMES = 800
SURE = -0.01
UNLIKELY = -12.0


def make_model(folder: Path, words: Sequence[str], *, first_frame: int = 5, frames_per_letter: int = 2) -> Path:
    """Write v2_ctc.onnx and v2_vocab.txt.

    Args:
        folder: is made.
        words: what it says, a letter every `frames_per_letter` frames of 40 ms, a space between two words.
        first_frame: where the first letter stands.
    """
    folder.mkdir(parents=True)
    text = " ".join(words)
    letters = sorted(set(text) | {" "})
    lines = [f"{letter.replace(' ', '▁')} {index}" for index, letter in enumerate(letters)]
    blank = len(letters)
    (folder / "v2_vocab.txt").write_text("\n".join([*lines, f"<blk> {blank}"]) + "\n", encoding="utf-8")
    table = np.full((1, FRAMES, blank + 1), UNLIKELY, np.float32)
    table[0, :, blank] = SURE
    for index, letter in enumerate(text):
        frame = first_frame + index * frames_per_letter
        table[0, frame, blank], table[0, frame, letters.index(letter)] = UNLIKELY, SURE
    onnx.save(_network(table), str(folder / "v2_ctc.onnx"))
    return folder


def _network(table: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> onnx.ModelProto:
    """log_probs = table[:, : (length − 1) // 4 + 1], plus nothing of the features."""
    constants = {"table": table, "zero": np.int64(0), "one": np.int64(1), "four": np.int64(4)}
    constants |= {"first": np.array([0], np.int64), "axis": np.array([1], np.int64), "nothing": np.float32(0)}
    nodes = [
        helper.make_node("ReduceMax", ["feature_lengths"], ["longest"], keepdims=0),
        helper.make_node("Sub", ["longest", "one"], ["less"]),
        helper.make_node("Div", ["less", "four"], ["quarter"]),
        helper.make_node("Add", ["quarter", "one"], ["count"]),
        helper.make_node("Unsqueeze", ["count", "first"], ["until"]),
        helper.make_node("Slice", ["table", "first", "until", "axis"], ["said"]),
        helper.make_node("ReduceMean", ["features"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "nothing"], ["gone"]),
        helper.make_node("Add", ["said", "gone"], ["log_probs"]),
    ]
    given = [
        helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", 64, "time"]),
        helper.make_tensor_value_info("feature_lengths", TensorProto.INT64, ["batch"]),
    ]
    got = [helper.make_tensor_value_info("log_probs", TensorProto.FLOAT, None)]
    weights = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "gigaam", given, got, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
