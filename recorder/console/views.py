"""What the daemon says, made ready for a page: hearings of the list, the data of the hearing's page, the texts of a status."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from device_config.settings import Settings
from recorder.console.texts import SPEECH_LANGUAGES, STATES, finding_texts
from web.i18n import COURT_ZONE, Translator

#: What the hearing's page needs of a hearing; segments are thousands and no business of this page.
_PAGE_KEYS = (
    "hearing",
    "state",
    "case",
    "participants",
    "seats",
    "sources",
    "takes",
    "gaps",
    "stages",
    "remarks",
    "withdrawn",
    "findings",
    "revisions",
    "manifests",
    "receipts",
)
OPEN = ("recording", "paused", "faulty", "planned")


@dataclass(frozen=True)
class Microphone:
    """A microphone of the room: name of its track, and what people call it."""

    name: str
    label: str


@dataclass(frozen=True)
class ListedHearing:
    """One row of the list of hearings."""

    hearing: str
    number: str
    title: str
    state: str
    opened: datetime | None

    @property
    def state_text(self) -> str:
        """Message id of the state."""
        return STATES.get(self.state, self.state)

    @property
    def is_open(self) -> bool:
        """Whether the hearing may still be recorded."""
        return self.state in OPEN


def microphones(settings: Settings) -> list[Microphone]:
    """Every microphone of the room, channel by channel, as settings.toml names them."""
    found = []
    for source in settings.sources:
        if source.media != "audio":
            continue
        names = source.channels or (source.name,)
        for number, name in enumerate(names):
            label = source.labels[number] if number < len(source.labels) else (source.label if len(names) == 1 else "")
            found.append(Microphone(name, label or name))
    return found


def listed(rows: Iterable[Mapping[str, Any]]) -> list[ListedHearing]:
    """The daemon's list, newest first."""
    hearings = [
        ListedHearing(
            hearing=str(row["hearing"]),
            number=str(row["number"]),
            title=str(row["title"]),
            state=str(row["state"]),
            opened=_moment(row.get("opened_at")),
        )
        for row in rows
    ]
    oldest = datetime.min.replace(tzinfo=UTC)
    return sorted(hearings, key=lambda item: item.opened or oldest, reverse=True)


def of_today(hearings: Iterable[ListedHearing], now: datetime) -> list[ListedHearing]:
    """Hearings opened on this day in the court's time, and every one that is still open."""
    today = now.astimezone(COURT_ZONE).date()
    return [item for item in hearings if item.is_open or (item.opened and item.opened.astimezone(COURT_ZONE).date() == today)]


def page_view(view: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a hearing that its page needs."""
    return {key: view[key] for key in _PAGE_KEYS if key in view}


def page_status(status: Mapping[str, Any], lang: Translator, now_us: int) -> dict[str, Any]:
    """The daemon's status with findings in the reader's language and the box's time, by which the page counts elapsed time."""
    findings = _with_texts(status.get("findings", []), status, lang)
    # now_us is the hearing's clock where the daemon tells it: that one never follows a step of the system's.
    return {
        **status,
        "findings": findings,
        "missing_models": [lang(SPEECH_LANGUAGES.get(name, name)) for name in status.get("missing_models", [])],
        "now_us": status.get("clock", {}).get("now_us", now_us),
    }


def page_check(result: Mapping[str, Any], lang: Translator) -> dict[str, Any]:
    """What the check of the room found (recorder.checking), in the reader's language; a problem stands under its source, whose name it need not repeat."""
    labels = {str(source["name"]): str(source.get("label") or source["name"]) for source in result.get("sources", [])}
    problems = _with_texts(result.get("problems", []), result, lang)
    for problem in problems:
        said = str(problem["message"]).removeprefix(f"{labels.get(str(problem.get('source')), '')}: ")
        problem["message"] = said[:1].upper() + said[1:]
    return {**result, "problems": problems}


def _with_texts(found: Iterable[Mapping[str, Any]], about: Mapping[str, Any], lang: Translator) -> list[dict[str, Any]]:
    """Findings with message and advice; ``about`` has the sources and what people call them."""
    labels = {str(source["name"]): str(source.get("label") or source["name"]) for source in about.get("sources", [])}
    told = []
    for finding in found:
        source = str(finding.get("source") or "")
        texts = finding_texts(lang, str(finding.get("code", "")), labels.get(source, source))
        told.append({**finding, "message": texts.message, "advice": texts.advice})
    return told


def event(name: str, value: object) -> str:
    """A server-sent event as text."""
    return f"event: {name}\ndata: {json.dumps(value, ensure_ascii=False, separators=(',', ':'))}\n\n"


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)) if text else None
    except ValueError:
        return None
