"""Errors of the transcription package.

::

    SpeechError                 code, exit_status, advice
    ├── ModelUnusable           a model folder cannot be used: missing, incomplete, a link in it, engine not installed
    ├── RecognitionFailed       an engine stopped with an error on one utterance
    ├── DiarizationFailed       the process that tells voices apart died, hung, or gave no answer
    ├── SoundUnreadable         a segment cannot be decoded
    ├── CalibrationUnusable     the file of learnt curves of doubt is not of its form
    ├── EvaluationInput         a recording or a reference that is measured on cannot be used
    ├── TooLittleToLearn        fewer words than a calibration wants
    ├── EvaluationUnable        the packages that measure are not installed
    ├── RecorderUnreachable     the recorder daemon does not answer, or refuses what it was asked
    │   └── RecorderRefused         it answers, and refuses
    ├── TakesLeft               a closed take failed; the others have their transcripts
    └── WorkingFileBusy         another transcriber works on the same hearing

None of them ends the transcriber: an utterance or a model that fails is marked in the transcript, a hearing that fails is
tried again. ``hattama transcriber`` and ``hattama evaluate`` end with ``exit_status``.
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


class DiarizationFailed(SpeechError):
    """The process that tells voices apart died, hung, or gave no answer."""

    code = "diarization-failed"
    advice = "The transcript is made without telling the voices of shared microphones apart. The log says what the process wrote last."


class CalibrationUnusable(SpeechError):
    """The file that the setting ``speech.calibration`` names cannot be used. The transcriber goes on without it."""

    code = "calibration-unusable"
    exit_status = 78  # EX_CONFIG
    advice = "Make the file again with `hattama evaluate … --calibrate FILE`, or take `calibration` out of [speech] in settings.toml."


class SoundUnreadable(SpeechError):
    """A segment of the record cannot be decoded."""

    code = "sound-unreadable"
    exit_status = 65  # EX_DATAERR
    advice = "Run `hattama verify` on the record: it says whether the file was changed."


class EvaluationInput(SpeechError):
    """A recording or a reference of `hattama evaluate` cannot be used; the message names file and line."""

    code = "evaluation-input"
    exit_status = 65  # EX_DATAERR
    advice = "docs/commands/evaluate.md describes the folder and the forms of references. Nothing was measured."


class TooLittleToLearn(SpeechError):
    """The recordings hold fewer words with a doubt and a reference than a calibration wants."""

    code = "too-little-to-learn"
    exit_status = 65
    advice = "No calibration was written; the figures that were measured stand. Measure on more recordings of the court's own."


class EvaluationUnable(SpeechError):
    """The packages that measure are not installed."""

    code = "evaluation-unable"
    exit_status = 69  # EX_UNAVAILABLE
    advice = "Install them: pip install 'hattama[evaluate]'. The recorder and the transcriber do not need them."


class RecorderUnreachable(SpeechError):
    """The recorder daemon does not answer, or refuses what it was asked."""

    code = "recorder-unreachable"
    exit_status = 69  # EX_UNAVAILABLE
    advice = "Check that the recorder runs (`systemctl status hattama-recorder`) and that its socket is in run_dir."


class RecorderRefused(RecorderUnreachable):
    """The recorder daemon answers, and refuses what it was asked."""

    code = "recorder-refused"
    advice = (
        "The message holds the recorder's own code and reason; its log (`journalctl -u hattama-recorder`) says more."
    )


class TakesLeft(SpeechError):
    """A closed take of a hearing has no transcript yet; it is tried again with the hearing."""

    code = "takes-left"
    advice = "The transcriber's log says what each of these takes failed of. Every other take has its transcript."


class WorkingFileBusy(SpeechError):
    """Another transcriber works on the same hearing."""

    code = "working-file-busy"
    exit_status = 75  # EX_TEMPFAIL
    advice = "Let one transcriber run on a box (`systemctl status hattama-transcriber`)."
