"""``python -m transcription.diarization``: pyannote.audio in a process of its own, for one parent (``diarization_process``).

Recognition and diarization want different CUDA libraries, so they never share a process; nor need they share an interpreter.
First line on stdin: ``{"folder", "step", "threads", "device"}``. Answer: ``{"ready": {"version", "telemetry", "alone"}}`` or ``{"unusable": why}``.
Then, again and again: ``{"samples": n, "most": n or null}`` and 4·n bytes of float32 (mono, 16 kHz); answer: ``{"turns": [[start,
end, voice], …], "single": […], "voices": [[…], …]}`` in samples, or ``{"failed": why}``. End of stdin ends it.

Nothing is fetched and nothing is told to anybody: telemetry is off, the hub is off line, the configuration may name only
pyannote's own pipeline and files of its folder, and checkpoints are read by torch's weights-only loader.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import warnings
from pathlib import Path
from typing import IO, Any, Final

#: What these libraries, and those that the engines of speech stand on, read when they are imported (``transcription/__init__.py``).
QUIET: Final = {
    "ORT_DISABLE_TELEMETRY": "1",  # ONNX Runtime, from 1.29 on, tells Microsoft of each model; pyannote.audio imports it too
    "PYANNOTE_METRICS_ENABLED": "0",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "OTEL_SDK_DISABLED": "true",
    "TORCH_FORCE_WEIGHTS_ONLY_LOAD": "1",
}
RATE: Final = 16_000
PIPELINE: Final = "pyannote.audio.pipelines.SpeakerDiarization"
_PARAMS: Final = frozenset(
    {
        "clustering", "segmentation", "segmentation_batch_size", "segmentation_step", "embedding", "embedding_batch_size",
        "embedding_exclude_overlap", "plda",
    }
)  # fmt: skip
_MODELS: Final = ("segmentation", "embedding", "plda")
#: Segmentation finds at most so many voices in a window; embeddings of one window come together.
_LOCAL: Final = 3


class Unusable(Exception):
    """The folder, or what is installed, cannot be used."""


def checked(folder: Path) -> list[Path]:
    """Refuse a configuration that would import, fetch or read anything but pyannote's pipeline and files of this folder.

    Returns:
        the checkpoints that it names, which are to be checked next.

    Raises:
        Unusable: it would.
    """
    import yaml

    file = folder / "config.yaml"
    try:
        config = yaml.safe_load(file.read_text(encoding="utf-8"))
        name, params = config["pipeline"]["name"], dict(config["pipeline"]["params"])
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError) as error:
        raise Unusable(f"{file}: not a pipeline of pyannote.audio 4: {error!r}") from error
    if name != PIPELINE or config["pipeline"].keys() - {"name", "params"}:
        raise Unusable(f"{file}: pipeline {name!r}; only {PIPELINE} is run")
    if unknown := (params.keys() - _PARAMS) | (config.keys() - {"dependencies", "pipeline", "params"}):
        raise Unusable(f"{file}: {', '.join(sorted(map(str, unknown)))}: not known here")
    for key in _MODELS:
        head, _, inside = str(params.get(key)).partition("/")
        if head != "$model" or "@" in inside or ".." in inside.split("/") or not (folder / inside).is_dir():
            raise Unusable(f"{file}: {key}: {params.get(key)!r} is not a folder beside it, written $model/NAME")
    return [folder / str(params[key]).partition("/")[2] / "pytorch_model.bin" for key in _MODELS if key != "plda"]


def checked_checkpoint(file: Path) -> None:
    """A checkpoint names the class that it is loaded into, and loading imports that."""
    import torch

    try:
        found = torch.load(file, map_location="cpu", weights_only=True)
        module = found["pyannote.audio"]["architecture"]["module"]
    except Exception as error:  # torch raises what its reader happens upon
        raise Unusable(f"{file}: not a checkpoint that torch's weights-only loader reads: {error}") from error
    if not str(module).startswith("pyannote.audio.models."):
        raise Unusable(f"{file}: asks for {module!r}, which is not one of pyannote's models")


class Embedding:
    """The pipeline's embedding, asked once for a window and not once for each of its voices; the answers are the same."""

    def __init__(self, inner: Any) -> None:
        """Stand before `inner`, pyannote's PyannoteAudioPretrainedSpeakerEmbedding."""
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def __call__(self, waveforms: Any, masks: Any = None) -> Any:
        """Vectors (n, dimension) of waveforms (n, 1, samples) where masks (n, frames) are 1."""
        import torch

        model, device = self._inner.model_, self._inner.device
        if masks is None or len(waveforms) % _LOCAL or not hasattr(model, "forward_frames"):
            return self._inner(waveforms, masks=masks)
        with torch.inference_mode():
            frames = model.forward_frames(waveforms[::_LOCAL].to(device))
            weights = masks.reshape(-1, _LOCAL, masks.shape[-1]).to(device)
            found = model.forward_embedding(frames, weights=weights)
        return found.reshape(len(waveforms), -1).cpu().numpy()


def load(said: dict[str, Any]) -> Any:
    """The pipeline.

    Raises:
        Unusable: with the reason.
    """
    folder = Path(said["folder"])
    try:
        checkpoints = checked(folder)
        import torch
        from pyannote.audio import Pipeline
        from pyannote.audio.core.task import Problem, Resolution, Specifications
    except (ImportError, OSError) as error:
        raise Unusable(f"pyannote.audio or torch is not installed for {sys.executable}: {error}") from error
    torch.set_num_threads(int(said["threads"]))
    torch.serialization.add_safe_globals([Specifications, Problem, Resolution, torch.torch_version.TorchVersion])
    for file in checkpoints:
        checked_checkpoint(file)
    device = "cuda" if said["device"] != "cpu" and torch.cuda.is_available() else "cpu"
    if said["device"] == "cuda" and device == "cpu":
        raise Unusable(f"device cuda: torch {torch.__version__} sees none")
    try:
        pipeline: Any = Pipeline.from_pretrained(folder)
        pipeline.to(torch.device(device))
    except Exception as error:
        raise Unusable(f"{folder}: {error!r}") from error
    window = pipeline._segmentation  # noqa: SLF001 - its step has no public name
    window.step = float(said["step"]) * window.duration
    pipeline._embedding = Embedding(pipeline._embedding)  # noqa: SLF001 - as above
    pipeline.embedding_batch_size = _LOCAL * 11
    return pipeline


def answer(pipeline: Any, data: bytes, most: int | None) -> dict[str, Any]:
    """Turns in the sound."""
    import numpy as np
    import torch

    sound = torch.from_numpy(np.frombuffer(data, np.float32).copy())[None]
    found = pipeline({"waveform": sound, "sample_rate": RATE, "uri": "sound"}, max_speakers=most)
    labels = {label: index for index, label in enumerate(found.speaker_diarization.labels())}
    vectors = found.speaker_embeddings

    def turns(annotation: Any) -> list[list[int]]:
        out = []
        for segment, _, label in annotation.itertracks(yield_label=True):
            start, end = max(0, round(segment.start * RATE)), min(sound.shape[1], round(segment.end * RATE))
            if start < end and label in labels:
                out.append([start, end, labels[label]])
        return sorted(out)

    voices = [] if vectors is None else np.nan_to_num(vectors).round(6).tolist()
    return {
        "turns": turns(found.speaker_diarization),
        "single": turns(found.exclusive_speaker_diarization),
        "voices": voices[: len(labels)],
    }


def main() -> int:
    """Answer until stdin ends."""
    libc = ctypes.CDLL(None)
    # CLONE_NEWUSER, CLONE_NEWNET: whatever a library tries, there is no network. Where that is forbidden the unit denies it.
    alone = libc.unshare(0x10000000 | 0x40000000) == 0
    libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: it never outlives its parent
    os.environ.update(QUIET)
    warnings.filterwarnings("ignore")
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints is not an answer
    given = sys.stdin.buffer

    def say(value: dict[str, Any]) -> None:
        out.write(json.dumps(value) + "\n")
        out.flush()

    try:
        pipeline = load(json.loads(given.readline()))
    except Unusable as error:
        say({"unusable": str(error)})
        return 78
    from importlib.metadata import version

    from pyannote.audio.telemetry.metrics import is_metrics_enabled

    say({"ready": {"version": version("pyannote.audio"), "telemetry": bool(is_metrics_enabled()), "alone": alone}})
    return _serve(pipeline, given, say)


def _serve(pipeline: Any, given: IO[bytes], say: Any) -> int:
    while line := given.readline():
        asked = json.loads(line)
        data = given.read(4 * asked["samples"])
        try:
            say(answer(pipeline, data, asked["most"]))
        except Exception as error:  # noqa: BLE001 - the edge to foreign code; the parent says what it costs
            say({"failed": repr(error)})
    return 0


if __name__ == "__main__":
    sys.exit(main())
