"""Model folders: their digest, what they say about themselves, and the engines that read them.

Nothing is ever downloaded. An engine is loaded when an utterance first needs it and kept; a model that cannot be loaded is
as good as missing, with its own advice, and is not tried again in this process.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import structlog

from device_config.settings import ModelSettings, SpeechSettings
from protocol.encoding import b64
from protocol.transcript import Model
from transcription.calibration import WHOLE, Calibration, read
from transcription.errors import CalibrationUnusable, ModelUnusable
from transcription.examining import Examiner
from transcription.recognizer import Recognizer
from transcription.working import Memory, RememberingRecognizer

log = structlog.get_logger(__name__)

#: Optional file in a model folder; the digest covers it, so that a setting cannot take the mark of a demonstration away.
NOTE: Final = "hattama-model.json"
Use = Literal["live", "full"]
Loader: TypeAlias = Callable[[ModelSettings, SpeechSettings], Recognizer]
_digests: dict[tuple[str, tuple[tuple[str, int, int], ...]], str] = {}


def folder_digest(folder: Path) -> str:
    r"""Digest of a model folder: SHA-256 over one line for each file, as ``sha256sum`` prints it, sorted by path.

    A line is ``<hex digest of the file>  <path inside the folder>`` and a LF; sorted by the bytes of the path. So
    ``find . -type f -printf '%P\n' | LC_ALL=C sort | xargs -d '\n' sha256sum | sha256sum`` gives the same digest. It is
    kept for as long as names, sizes and times of change stay the same.

    Returns:
        base64 of the 32 bytes.

    Raises:
        ModelUnusable: no folder, no file in it, a link in it, or a file that cannot be read.
    """
    try:
        files = _files(folder)
        key = (str(folder.resolve()), tuple((name, item.st_size, item.st_mtime_ns) for name, item in files))
        if key not in _digests:
            lines = [f"{_file_digest(folder / name)}  {name}\n" for name, _ in files]
            _digests[key] = b64(hashlib.sha256("".join(lines).encode()).digest())
    except OSError as error:
        raise ModelUnusable(f"{folder}: cannot be read: {error.strerror}") from error
    return _digests[key]


def _files(folder: Path) -> list[tuple[str, os.stat_result]]:
    if not folder.is_dir():
        raise ModelUnusable(f"{folder}: no such folder")
    found = []
    for path in folder.rglob("*"):
        facts = path.lstat()
        if stat.S_ISDIR(facts.st_mode):
            continue
        if not stat.S_ISREG(facts.st_mode):
            raise ModelUnusable(f"{path}: a model folder holds plain files only, no links")
        found.append((path.relative_to(folder).as_posix(), facts))
    if not found:
        raise ModelUnusable(f"{folder}: the folder is empty")
    return sorted(found, key=lambda item: item[0].encode())


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def describe(folder: Path, engine: str, version: str) -> Model:
    """What stands in the provenance of each word that this folder's model writes.

    Raises:
        ModelUnusable: as :func:`folder_digest`; or the folder's note is not what docs/models.md says.
    """
    digest = folder_digest(folder)
    said = said_by(folder)
    name, demonstration = said.get("name", folder.resolve().name), said.get("demonstration", False)
    if not isinstance(name, str) or not name.strip() or not isinstance(demonstration, bool):
        raise ModelUnusable(f"{folder / NOTE}: name is a text and demonstration is true or false")
    return Model(engine=engine, name=name, version=version, sha256=digest, demonstration=demonstration)


def said_by(folder: Path) -> dict[str, Any]:
    """What a folder's note says of its model; nothing without one.

    Raises:
        ModelUnusable: it is not a JSON object.
    """
    note = folder / NOTE
    if not note.is_file():
        return {}
    try:
        said = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelUnusable(f"{note}: not a JSON object: {error}") from error
    if not isinstance(said, dict):
        raise ModelUnusable(f"{note}: not a JSON object")
    return said


def _faster_whisper(model: ModelSettings, speech: SpeechSettings) -> Recognizer:
    from transcription.faster_whisper_engine import FasterWhisperRecognizer

    return FasterWhisperRecognizer(model, threads=speech.threads, device=speech.device)


def _moonshine(model: ModelSettings, _speech: SpeechSettings) -> Recognizer:
    from transcription.moonshine_engine import MoonshineRecognizer

    return MoonshineRecognizer(model)


def _onnx_asr(model: ModelSettings, speech: SpeechSettings) -> Recognizer:
    from transcription.onnx_asr_engine import OnnxAsrRecognizer

    return OnnxAsrRecognizer(model, threads=speech.threads, device=speech.device)


#: Engines by the name they have in the settings. Imported when used: none is needed to record.
ENGINES: Final[Mapping[str, Loader]] = {
    "faster-whisper": _faster_whisper,
    "moonshine": _moonshine,
    "onnx-asr": _onnx_asr,
}


class Engines:
    """The installed models, by language: the first in the settings that knows a language is used for it."""

    def __init__(
        self,
        speech: SpeechSettings,
        engines: Mapping[str, Loader] = ENGINES,
        *,
        use: Use = "full",
        memory: Memory | None = None,
        loaded: dict[int, Recognizer | None] | None = None,
        failures: dict[int, str] | None = None,
    ) -> None:
        """Load nothing yet.

        Args:
            speech: the models, in the order in which they are tried.
            engines: the loaders by name.
            use: ``live`` for the draft while a hearing is recorded, ``full`` for the transcript after its end.
            memory: what the engines answered before is taken from there, and kept there.
            loaded: models of other engines with the same settings, shared with them.
            failures: theirs.
        """
        self._speech = speech
        self._engines = engines
        self._use = use
        self._memory = memory
        self._loaded: dict[int, Recognizer | None] = {} if loaded is None else loaded
        self.failures: dict[int, str] = {} if failures is None else failures

    def of(self, use: Use, memory: Memory | None = None) -> Engines:
        """The engines of one use, with the models that are loaded already."""
        return Engines(self._speech, self._engines, use=use, memory=memory, loaded=self._loaded, failures=self.failures)

    @property
    def use(self) -> Use:
        """What these are for."""
        return self._use

    @property
    def languages(self) -> frozenset[str]:
        """Every language that a model in the settings is meant for, loaded or not."""
        return frozenset(language for _, model in self._models() for language in model.languages)

    def _models(self) -> Iterator[tuple[int, ModelSettings]]:
        """Those of this use, with their places in the settings."""
        return ((i, model) for i, model in enumerate(self._speech.models) if model.use in ("both", self._use))

    def for_language(self, language: str) -> Recognizer | None:
        """The engine for a language, loaded now if it was not; None if there is none that works."""
        for index, model in self._models():
            if language not in model.languages:
                continue
            if (engine := self._engine(index, model)) is not None:
                return self._remembering(engine, model)
        return None

    def witness_for(self, language: str, writer: Recognizer) -> Recognizer | None:
        """The first witness for a language that works and is another model than `writer`; None for live words."""
        if self._use == "live":
            return None
        for index, model in self._models():
            if not model.witness or language not in model.languages:
                continue
            engine = self._engine(index, model)
            if engine is not None and engine.identity.sha256 != writer.identity.sha256:
                return self._remembering(engine, model)
        return None

    @property
    def examiner(self) -> Examiner:
        """Who examines what these engines wrote; a file of calibration that cannot be used is passed over, and the log says so."""
        calibration = Calibration()
        if self._speech.calibration is not None:
            try:
                calibration = read(self._speech.calibration)
            except CalibrationUnusable as error:
                log.warning("doubts are not calibrated", action="calibration_unusable", reason=str(error))
        return Examiner(self.witness_for, round(self._speech.witness_from * WHOLE), calibration)

    def _engine(self, index: int, model: ModelSettings) -> Recognizer | None:
        """The engine in this place of the settings, loaded now if it was not."""
        if index not in self._loaded:
            self._loaded[index] = self._load(index, model)
        return self._loaded[index]

    def _remembering(self, engine: Recognizer, model: ModelSettings) -> Recognizer:
        """The engine, with its memory where it has one."""
        if self._memory is None:
            return engine
        settings = [self._speech.device, self._speech.threads, model.model_dump_json(exclude={"path", "use"})]
        return RememberingRecognizer(engine, json.dumps(settings), self._memory)

    def trouble(self, language: str) -> str:
        """Why the models for a language do not work; empty if there is none in the settings."""
        return "; ".join(
            self.failures[i] for i, model in self._models() if language in model.languages and i in self.failures
        )

    def _load(self, index: int, model: ModelSettings) -> Recognizer | None:
        try:
            engine = self._engines[model.engine](model, self._speech)
        except ModelUnusable as error:
            self.failures[index] = str(error)
            log.warning(
                "speech model cannot be used", action="model_unusable", model=str(model.path), reason=str(error)
            )
            return None
        log.info("speech model loaded", action="model_loaded", model=str(model.path), sha256=engine.identity.sha256)
        return engine
