"""Errors of the transcription package.

::

    SpeechError                 code, exit_status, advice
    ├── ModelUnusable           a model folder cannot be used: missing, incomplete, a link in it, engine not installed
    ├── RecognitionFailed       an engine stopped with an error on one utterance
    ├── SoundUnreadable         a segment cannot be decoded
    └── RecorderUnreachable     the recorder daemon does not answer, or refuses what it was asked

None of them ends the transcriber: an utterance or a model that fails is marked in the transcript, a hearing that fails is
tried again. ``hattama transcribe`` ends with ``exit_status``.
"""

from __future__ import annotations

from typing import ClassVar


class SpeechError(Exception):
    """Something about speech to text went wrong."""

    code: ClassVar[str] = "speech"
    exit_status: ClassVar[int] = 70  # EX_SOFTWARE of sysexits.h
    advice: ClassVar[str] = "The recording is not touched by this. Look at the transcriber's log."


class ModelUnusable(SpeechError):
    """A speech model named in the settings cannot be used."""

    code = "model-unusable"
    exit_status = 78  # EX_CONFIG
    advice = "Check [[speech.models]] in settings.toml and the folder it names against docs/models.md."


class RecognitionFailed(SpeechError):
    """An engine stopped with an error on one utterance."""

    code = "recognition-failed"
    advice = "The passage is marked in the transcript; listen to it. If it happens often, check the model with docs/models.md."


class SoundUnreadable(SpeechError):
    """A segment of the record cannot be decoded."""

    code = "sound-unreadable"
    exit_status = 65  # EX_DATAERR
    advice = "Run `hattama verify` on the record: it says whether the file was changed."


class RecorderUnreachable(SpeechError):
    """The recorder daemon does not answer, or refuses what it was asked."""

    code = "recorder-unreachable"
    exit_status = 69  # EX_UNAVAILABLE
    advice = "Check that the recorder runs (`systemctl status hattama-recorder`) and that its socket is in run_dir."
