"""``python -m scripts.make_diarizer --files FOLDER --out FOLDER``: pyannote's community-1 as a folder that pyannote.audio loads.

Its publisher's page wants an account. The same model, under the same licence (CC BY 4.0, pyannoteAI), is carried by the package
moonshine-voice 0.1.5 as files of ONNX Runtime with weights of 8 bits. Here these are read, written out as checkpoints of
pyannote's own classes and put beside the PLDA files, which are unchanged. Rounding to 8 bits is the only difference to the
published weights (on ten seconds of a meeting the segmentation is the same, the embedding within 1e-6 of ONNX Runtime's);
batch normalisation is folded into the convolutions, as the ONNX file has it.

Needs the extras asr, diarize and dev, and torch. Only for tests and measurements: a court packs the published weights (docs/models.md).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

PACKAGE: Final = "moonshine-voice==0.1.5"
#: SHA-256 of what is converted: another file of the same name is another model.
FILES: Final = {
    "embedding.ort": "6e4af7d49562e6e7042672e444d6394935cb2c23c3a7dd4919da45922b91735b",
    "segmentation.ort": "9715e3996ef181252aa1cc0c9398060f42b2c984c2fb65e3604262555e2efb1a",
    "plda.npz": "6635727ceae5e2930bd33f3e6b21d59b198658beb258143fe6964f5831765c67",
    "xvec_transform.npz": "23371fb105ea709d0f7092cbc136701bb7d555b5aa1958cf2d2d9d4d072c3cfa",
}
CONFIG: Final = """\
dependencies:
  pyannote.audio: 4.0.0
pipeline:
  name: pyannote.audio.pipelines.SpeakerDiarization
  params:
    clustering: VBxClustering
    segmentation: $model/segmentation
    segmentation_batch_size: 32
    embedding: $model/embedding
    embedding_batch_size: 32
    embedding_exclude_overlap: true
    plda: $model/plda
params:
  clustering:
    threshold: 0.6
    Fa: 0.07
    Fb: 0.8
  segmentation:
    min_duration_off: 0.0
"""
Weights = dict[str, npt.NDArray[Any]]


def initializers(file: Path) -> tuple[Weights, list[Any]]:
    """The arrays of an ONNX Runtime file, 8-bit ones as float32 again, and its nodes in their order."""
    import onnx
    import onnxruntime
    from onnx import numpy_helper

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.add_session_config_entry("session.save_model_format", "ONNX")
    with tempfile.TemporaryDirectory() as folder:
        options.optimized_model_filepath = str(Path(folder) / "model.onnx")
        onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        graph = onnx.load(options.optimized_model_filepath).graph
    raw = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    found: Weights = {}
    for name, array in raw.items():
        if name.endswith("_quantized"):
            plain = name.removesuffix("_quantized")
            scaled = array.astype(np.float32) * raw[f"{plain}_scale"] + raw[f"{plain}_zero_point"]
            found[plain] = scaled.astype(np.float32)
        elif not name.endswith(("_scale", "_zero_point")):
            found[name] = array
    return found, list(graph.node)


def _numbered(weights: Weights, kind: str) -> list[str]:
    """Names that the exporter numbered in the order of use."""
    return sorted((n for n in weights if n.startswith(f"onnx::{kind}_")), key=lambda n: int(n.rsplit("_", 1)[1]))


def segmentation(file: Path) -> Any:
    """PyanNet of pyannote (powerset, windows of 10 s) with the weights of the file."""
    import torch
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from pyannote.audio.models.segmentation import PyanNet

    weights, _ = initializers(file)
    model = PyanNet(
        lstm={"hidden_size": 128, "num_layers": 4, "bidirectional": True, "monolithic": True, "dropout": 0.5},
        linear={"hidden_size": 128, "num_layers": 2},
        sincnet={"stride": 10},
    )
    model.specifications = Specifications(
        problem=Problem.MONO_LABEL_CLASSIFICATION,
        resolution=Resolution.FRAME,
        duration=10.0,
        min_duration=None,
        warm_up=(0.0, 0.0),
        classes=["speaker#1", "speaker#2", "speaker#3"],
        powerset_max_classes=2,
        permutation_invariant=True,
    )
    model.build()  # type: ignore[no-untyped-call]
    state = {name.removeprefix("inner."): array for name, array in weights.items() if name.startswith("inner.")}
    products = _numbered(weights, "MatMul")
    for name, source in zip(("linear.0.weight", "linear.1.weight", "classifier.weight"), products, strict=True):
        state[name] = np.ascontiguousarray(weights[source].T)
    state |= _lstm(weights, layers=4, size=128)
    _load(model, {name: torch.from_numpy(np.array(array)) for name, array in state.items()})
    return model


def _lstm(weights: Weights, *, layers: int, size: int) -> Weights:
    """ONNX has the gates in the order i o f c, torch i f g o; biases of both halves lie in one array."""

    def gates(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        i, o, f, c = (array[at * size : (at + 1) * size] for at in range(4))
        return np.concatenate([i, f, c, o])

    names = _numbered(weights, "LSTM")
    made: Weights = {}
    for layer in range(layers):
        bias, inputs, recurrent = (weights[name] for name in names[layer * 3 : layer * 3 + 3])
        for direction, suffix in enumerate(("", "_reverse")):
            made[f"lstm.weight_ih_l{layer}{suffix}"] = gates(inputs[direction])
            made[f"lstm.weight_hh_l{layer}{suffix}"] = gates(recurrent[direction])
            made[f"lstm.bias_ih_l{layer}{suffix}"] = gates(bias[direction][: 4 * size])
            made[f"lstm.bias_hh_l{layer}{suffix}"] = gates(bias[direction][4 * size :])
    return made


def embedding(file: Path) -> Any:
    """WeSpeakerResNet34 of pyannote with the weights of the file; normalisation does nothing but add the bias."""
    import torch
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from pyannote.audio.models.embedding.wespeaker import WeSpeakerResNet34

    weights, nodes = initializers(file)
    model = WeSpeakerResNet34()
    model.specifications = Specifications(
        problem=Problem.REPRESENTATION, resolution=Resolution.CHUNK, duration=10.0, classes=None
    )
    model.build()  # type: ignore[no-untyped-call]
    pairs = [(item.input[1], item.input[2]) for item in nodes if item.op_type == "Conv"]
    # Weights reach a convolution through the node that makes them float; the numbers are those of the initializers.
    kernels = [name for name in _numbered(weights, "Conv") if weights[name].ndim == 4]
    biases = {second for _, second in pairs}
    modules = dict(model.resnet.named_modules())
    convolutions = [name for name, module in modules.items() if isinstance(module, torch.nn.Conv2d)]
    state = dict(model.resnet.state_dict())
    for name, kernel in zip(convolutions, kernels, strict=True):
        normal = _normal_of(name)
        bias = weights[f"onnx::Conv_{int(kernel.rsplit('_', 1)[1]) + 1}"]
        if f"onnx::Conv_{int(kernel.rsplit('_', 1)[1]) + 1}" not in biases:
            raise SystemExit(f"{file}: {kernel} has no bias")
        state[f"{name}.weight"] = torch.from_numpy(weights[kernel].copy())
        state[f"{normal}.weight"] = torch.ones(len(bias))
        state[f"{normal}.bias"] = torch.from_numpy(bias.copy())
        state[f"{normal}.running_mean"] = torch.zeros(len(bias))
        state[f"{normal}.running_var"] = torch.ones(len(bias)) - modules[normal].eps
    state["seg_1.weight"] = torch.from_numpy(weights["resnet.seg_1.weight"].copy())
    state["seg_1.bias"] = torch.from_numpy(weights["resnet.seg_1.bias"].copy())
    _load(model.resnet, state)
    return model


def _normal_of(convolution: str) -> str:
    head, _, last = convolution.rpartition(".")
    last = last.replace("conv", "bn") if last.startswith("conv") else str(int(last) + 1)
    return f"{head}.{last}" if head else last


def _load(module: Any, state: dict[str, Any]) -> None:
    """Every array by name and shape; nothing left over, nothing left as it was made at random."""
    wanted = {name: item.shape for name, item in module.state_dict().items()}
    given = {name: state[name] for name in wanted if name in state}
    missing = [
        name for name in wanted if name not in given and not name.endswith(("window_", "n_", "num_batches_tracked"))
    ]
    if missing:
        raise SystemExit(f"no weights for {', '.join(missing)}")
    module.load_state_dict(given, strict=False)


def checkpoint(model: Any, hyper_parameters: dict[str, Any]) -> dict[str, Any]:
    """What pyannote's Model.from_pretrained reads: tensors, numbers and its own description of the task."""
    import torch

    return {
        "state_dict": model.state_dict(),
        "hyper_parameters": hyper_parameters,
        "hparams_name": "kwargs",
        "epoch": 0,
        "global_step": 0,
        "pytorch-lightning_version": "2.0.0",
        "pyannote.audio": {
            "versions": {"torch": str(torch.__version__), "pyannote.audio": "4.0.0"},
            "architecture": {"module": type(model).__module__, "class": type(model).__name__},
            "specifications": model.specifications,
        },
    }


def convert(files: Path, out: Path) -> None:
    """Write the folder.

    Args:
        files: folder of the files named in `FILES`.
        out: is made; holds config.yaml, segmentation/, embedding/, plda/ afterwards.
    """
    import torch

    for name, digest in FILES.items():
        if hashlib.sha256((files / name).read_bytes()).hexdigest() != digest:
            raise SystemExit(f"{files / name}: not the file of {PACKAGE}")
    for model in (segmentation(files / "segmentation.ort"), embedding(files / "embedding.ort")):
        folder = out / ("segmentation" if type(model).__name__ == "PyanNet" else "embedding")
        folder.mkdir(parents=True, exist_ok=True)
        plain = json.loads(json.dumps(dict(model.hparams), default=str))
        torch.save(checkpoint(model, plain), folder / "pytorch_model.bin")
    (out / "plda").mkdir(exist_ok=True)
    for name in ("plda.npz", "xvec_transform.npz"):
        (out / "plda" / name).write_bytes((files / name).read_bytes())
    (out / "config.yaml").write_text(CONFIG, encoding="utf-8")


def main() -> int:
    """Read the arguments, convert."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", type=Path, required=True, help="folder of the four files named in FILES")
    parser.add_argument("--out", type=Path, required=True, help="folder to make")
    chosen = parser.parse_args()
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read when ONNX Runtime is imported
    convert(chosen.files, chosen.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
