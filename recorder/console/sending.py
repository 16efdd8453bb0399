"""How far a record is on its way to the archive, in one line for the reader (recorder.sending)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from web.i18n import Translator, from_us


def sending_text(lang: Translator, told: Mapping[str, Any] | None, *, running: bool) -> str:
    """The line; empty where nothing was told.

    Args:
        lang: of the reader.
        told: what the uploader told last.
        running: more is being recorded: then nothing is ever "all".
    """
    if told is None:
        return ""
    left, lag = int(told["left_bytes"]), int(told["lag_s"])
    size = lang("{mb} MB", mb=lang.number(max(0.1, round(left / 1e6, 1))))
    if told.get("refused"):
        return lang("To the archive: it does not take this record; tell the administrator")
    if told.get("silent_since_us") is not None:
        since = lang.time(from_us(int(told["silent_since_us"])))
        return lang("To the archive: it has not answered since {time}; {size} wait", time=since, size=size)
    if told.get("kept"):
        return lang("To the archive: files that cannot be sent: {count}; tell the administrator", count=told["kept"])
    if running and lag == 0:
        return lang("To the archive: up to date")
    if left == 0:
        return lang("To the archive: all sent")
    if lag == 0:
        return lang("To the archive: {size} left", size=size)
    return lang("To the archive: {size} left, {seconds} s behind", size=size, seconds=lang.number(lag))
