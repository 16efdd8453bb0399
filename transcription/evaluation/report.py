"""What was measured, as JSON: every rate with the counts that it was divided from (docs/commands/evaluate.md lists the keys)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from transcription.evaluation.calibrating import reliability
from transcription.evaluation.measuring import Evaluation, Recording, Result, Silence
from transcription.evaluation.speakers import SpeakerTime
from transcription.evaluation.words import SWITCH, Errors

FORMAT: Final = "hattama-evaluation/1"


def to_json(found: Evaluation) -> dict[str, Any]:
    """The whole evaluation; null is what could not be measured on these references."""
    return {
        "format": FORMAT,
        "models": [asdict(model) for model in found.models],
        "demonstration": any(model.demonstration for model in found.models),
        "total": _result(found.total),
        "recordings": [_recording(one) for one in found.recordings],
        "without_reference": list(found.unused),
    }


def _recording(one: Recording) -> dict[str, Any]:
    return {"name": one.name, "channels": one.channels, "language": one.language, **_result(one)}


def _result(one: Result) -> dict[str, Any]:
    return {
        "seconds": round(one.seconds, 3),
        "took_s": round(one.took_s, 3),
        "real_time_factor": round(one.speed, 4),
        "wer": _by_name(one.counts.words),
        "cer": _by_name(one.counts.characters),
        "cp_wer": _errors(one.by_speaker),
        "tcp_wer": _errors(one.by_speaker_and_time),
        "der": _speakers(one.speakers),
        "invented": _silence(one.silence),
        "refused": one.refused,
        "doubt": reliability(one.heard),
    }


def _by_name(counts: dict[str, Errors]) -> dict[str, Any] | None:
    if not counts:
        return None
    return {
        "all": _errors(counts.get("", Errors())),
        "languages": {name: _errors(errors) for name, errors in sorted(counts.items()) if name not in ("", SWITCH)},
        "switch_points": _errors(counts.get(SWITCH)),
    }


def _errors(errors: Errors | None) -> dict[str, Any] | None:
    if errors is None:
        return None
    return {
        "rate": _rounded(errors.rate), "said": errors.said, "errors": errors.count,
        "wrong": errors.wrong, "left_out": errors.left_out, "added": errors.added,
    }  # fmt: skip


def _speakers(found: SpeakerTime | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"rate": _rounded(found.rate)} | {key: round(value, 3) for key, value in asdict(found).items()}


def _silence(found: Silence | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"words_per_minute": _rounded(found.rate), "words": found.words, "silent_s": round(found.seconds, 3)}


def _rounded(rate: float | None) -> float | None:
    return None if rate is None else round(rate, 4)
