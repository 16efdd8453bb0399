"""A Whisper-shaped model made wider and deeper that writes the same words: speed of a real model's size, with words to count.

Every number of a layer's input stands there several times and every weight is divided by how many times, so that each sum is what
it was; heads are repeated; layers that are added give nothing (Chen et al. 2016, "Net2Net"). Read and written is CTranslate2's
own file (its `model.bin`, version 6).
"""

from __future__ import annotations

import json
import re
import shutil
import struct
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

#: Times the width, layers of the encoder, layers of the decoder. The demonstration model is 128 wide with 3 and 2.
SIZES: Final = {"tiny": (3, 4, 4), "base": (4, 6, 6), "small": (6, 12, 12)}
_TYPES: Final = {0: "<f4", 1: "<i1", 2: "<i2", 3: "<i4", 4: "<f2"}
_CODES: Final = {np.dtype(text): code for code, text in _TYPES.items()}

Array = npt.NDArray[Any]
Weights = dict[str, Array]


def read(path: Path) -> tuple[int, str, int, Weights, list[tuple[str, str]]]:
    """A model.bin: version of the form, name and revision of the specification, weights, aliases (name → whose weight)."""
    data = path.read_bytes()
    at = 0

    def take(form: str) -> int:
        nonlocal at
        (value,) = struct.unpack_from(form, data, at)
        at += struct.calcsize(form)
        return int(value)

    def text() -> str:
        nonlocal at
        length = take("<H")
        found = data[at : at + length - 1].decode()
        at += length
        return found

    version, name, revision = take("<I"), text(), take("<I")
    weights: Weights = {}
    for _ in range(take("<I")):
        key = text()
        shape = [take("<I") for _ in range(take("<B"))]
        kind = np.dtype(_TYPES[take("<B")])
        size = take("<I")
        weights[key] = np.frombuffer(data, kind, size // kind.itemsize, at).reshape(shape)
        at += size
    return version, name, revision, weights, [(text(), text()) for _ in range(take("<I"))]


def write(path: Path, version: int, name: str, revision: int, weights: Weights, aliases: list[tuple[str, str]]) -> None:
    """The reverse of :func:`read`."""

    def text(value: str) -> bytes:
        data = value.encode() + b"\0"
        return struct.pack("<H", len(data)) + data

    with path.open("wb") as out:
        out.write(struct.pack("<I", version) + text(name) + struct.pack("<II", revision, len(weights)))
        for key, value in weights.items():
            out.write(text(key) + struct.pack("<B", value.ndim) + struct.pack(f"<{value.ndim}I", *value.shape))
            out.write(struct.pack("<BI", _CODES[value.dtype], value.nbytes) + value.tobytes())
        out.write(struct.pack("<I", len(aliases)) + b"".join(text(a) + text(b) for a, b in aliases))


def widened(folder: Path, size: str, made: Path) -> Path:
    """The same model at another size.

    Args:
        folder: a faster-whisper folder with weights of 16 or 32 bits.
        size: one of :data:`SIZES`.
        made: the new folder; it must not exist.
    """
    times, encoder_layers, decoder_layers = SIZES[size]
    shutil.copytree(folder, made)
    version, name, revision, weights, aliases = read(folder / "model.bin")
    wide = {key: _wide(key, value, times) for key, value in weights.items()}
    _deeper(wide, aliases, "encoder", encoder_layers)
    _deeper(wide, aliases, "decoder", decoder_layers)
    write(made / "model.bin", version, name, revision, wide, aliases)
    note = json.loads((folder / "hattama-model.json").read_text(encoding="utf-8"))
    note["name"] = f"{note['name']}-{size}"
    (made / "hattama-model.json").write_text(json.dumps(note, ensure_ascii=False), encoding="utf-8")
    return made


def _wide(key: str, value: Array, times: int) -> Array:
    if value.ndim == 0 or "alignment" in key:
        return np.asarray(value * times, value.dtype) if key.endswith("num_heads") else value
    inner = tuple(1 if axis != 1 or "conv1" in key else times for axis in range(value.ndim))
    if "embeddings" in key or "position_encodings" in key:
        return np.ascontiguousarray(np.tile(value, (1, times)))
    if "projection" in key:
        return value
    if key.startswith("decoder/layer_norm/"):  # the projection to words is the embeddings again, which are not divided
        return np.ascontiguousarray((np.tile(value, times) / times).astype(value.dtype))
    parts = 1
    if "attention" in key and (match := re.search(r"linear_(\d)/", key)):
        joined = {"self_attention": {0: 3}, "/attention": {1: 2}}
        parts = next((of.get(int(match[1]), 1) for where, of in joined.items() if where in key), 1)
    rows = np.concatenate([np.concatenate([part] * times) for part in np.split(value, parts)])
    return np.ascontiguousarray(rows if value.ndim == 1 else (np.tile(rows, inner) / inner[1]).astype(value.dtype))


def _deeper(weights: Weights, aliases: list[tuple[str, str]], half: str, wanted: int) -> None:
    """Layers after the last one whose attention and feed-forward add nothing."""
    have = 1 + max(int(match[1]) for key in weights if (match := re.match(rf"{half}/layer_(\d+)/", key)))
    last = f"{half}/layer_{have - 1}/"
    outputs = re.compile(r"(self_attention/linear_1|/attention/linear_2|ffn/linear_1)/(weight|bias)$")
    for number in range(have, wanted):
        new = f"{half}/layer_{number}/"
        for key, value in [item for item in weights.items() if item[0].startswith(last)]:
            weights[key.replace(last, new)] = np.zeros_like(value) if outputs.search(key) else value
        aliases += [(a.replace(last, new), b.replace(last, new)) for a, b in list(aliases) if a.startswith(last)]
