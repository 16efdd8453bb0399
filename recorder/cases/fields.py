"""One row, checked field by field: a Listed, or every Problem it has."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from recorder.cases import words
from recorder.cases.decoding import looks_like_cp1251, undecoded
from recorder.cases.listed import Deadline, Listed, Party, made_id
from recorder.cases.problems import Problem, shown
from recorder.cases.rows import Row

#: Characters of a value at most; the others have 300.
MOST = {"number": 100, "room": 100}
MOST_TEXT = 300
MOST_PARTIES = 100
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,79}")
_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})|(\d{1,2})\.(\d{1,2})\.(\d{4})")
_TIME = re.compile(r"(\d{1,2})[:.](\d{2})(?::\d{2})?")
_CHOICES: dict[str, tuple[Mapping[str, tuple[str, ...]], str]] = {
    "code": (words.CODES, ""),
    "kind": (words.KINDS, "hearing"),
    "publicity": (words.PUBLICITY, "open"),
    "language": (words.LANGUAGES, "kk"),
    "status": (words.STATUS, "planned"),
}
_TEXTS = ("title", "judge", "secretary", "room")


def clean(text: str) -> str:
    """The text in one spelling (NFC), its white space evened out, without control characters and marks of direction."""
    return " ".join(
        "".join(letter if letter.isprintable() else " " for letter in unicodedata.normalize("NFC", text)).split()
    )


class _Check:
    """Collects what is wrong with one row."""

    def __init__(self, row: Row, encoding: str) -> None:
        self.row = row
        self.encoding = encoding
        self.problems: list[Problem] = []

    def wrong(self, column: str, code: str, **values: object) -> None:
        self.problems.append(Problem(self.row.line, column, code, {name: str(value) for name, value in values.items()}))

    def text(self, column: str) -> str:
        """The value, clean; empty where there is none or it is wrong."""
        return self.cleaned(column, self.row.values.get(column), MOST.get(column, MOST_TEXT))

    def cleaned(self, column: str, value: object, most: int) -> str:
        if value is None:
            return ""
        if not isinstance(value, str):
            self.wrong(column, "not-text", value=shown(json.dumps(value)))
            return ""
        if not self._readable(column, value):
            return ""
        found = clean(value)
        if len(found) > most:
            self.wrong(column, "too-long", length=len(found), most=most)
            return ""
        return found

    def _readable(self, column: str, value: str) -> bool:
        if undecoded(value):
            self.wrong(column, "looks-cp1251" if looks_like_cp1251(value) else "wrong-encoding", encoding=self.encoding)
        elif any("\ud800" <= letter <= "\udfff" for letter in value) or "\N{REPLACEMENT CHARACTER}" in value:
            self.wrong(column, "lost-letters", value=shown(value.encode("utf-8", "replace").decode()))
        else:
            return True
        return False

    def needed(self, column: str) -> str:
        before = len(self.problems)
        found = self.text(column)
        if not found and len(self.problems) == before:
            self.wrong(column, "missing")
        return found

    def choice(self, column: str) -> str:
        offered, default = _CHOICES[column]
        before = len(self.problems)
        given = self.text(column) if default else self.needed(column)
        if not given:
            return default if len(self.problems) == before else ""
        found = words.value_of(offered, given)
        if found is None:
            self.wrong(column, "not-offered", value=shown(given), offered=", ".join(offered))
        return found or ""

    def items(self, column: str, kind: type) -> list[Any]:
        """A list's entries: of JSON as they are, of CSV the parts between ``|``."""
        value = self.row.values.get(column)
        if isinstance(value, str):
            found: list[Any] = [part for part in value.split("|") if part.strip()]
        elif value is None:
            return []
        elif isinstance(value, list):
            found = value
        else:
            self.wrong(column, "not-a-list", value=shown(json.dumps(value)))
            return []
        if len(found) > MOST_PARTIES:
            self.wrong(column, "too-many", length=len(found), most=MOST_PARTIES)
            return []
        for item in found:
            if not isinstance(item, (str, kind)):
                self.wrong(column, "not-text", value=shown(json.dumps(item)))
        return [item for item in found if isinstance(item, (str, kind))]


def checked(row: Row, encoding: str = "utf-8") -> tuple[Listed | None, list[Problem]]:
    """The hearing of a row, or None and everything that is wrong with it."""
    check = _Check(row, encoding)
    number, day, time = check.needed("number"), _day(check, "date"), _time(check)
    values = {name: check.choice(name) for name in _CHOICES} | {name: check.text(name) for name in _TEXTS}
    panel = tuple(_names(check))
    parties, deadlines = tuple(_parties(check)), tuple(_deadlines(check))
    given = check.text("id")
    if given and not _ID.fullmatch(given):
        check.wrong("id", "bad-id", value=shown(given))
    if check.problems:
        return None, check.problems
    found = Listed(
        given or made_id(number, day, time),
        number,
        day=day,
        time=time,
        panel=panel,
        parties=parties,
        deadlines=deadlines,
        **values,
    )
    return found, []


def day_of(text: str) -> str | None:
    """``2026-11-23`` or ``23.11.2026`` as ``2026-11-23``; None where there is no such day."""
    match = _DAY.fullmatch(text) if text.isascii() else None
    if match is None:
        return None
    year, month, day = (match[1], match[2], match[3]) if match[1] else (match[6], match[5], match[4])
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None


def _day(check: _Check, column: str) -> str:
    given = check.needed(column)
    found = day_of(given) if given else None
    if given and found is None:
        check.wrong(column, "no-such-date", value=shown(given))
    return found or ""


def _time(check: _Check) -> str:
    given = check.needed("time")
    match = _TIME.fullmatch(given) if given.isascii() else None
    if match and int(match[1]) < 24 and int(match[2]) < 60:
        return f"{int(match[1]):02}:{match[2]}"
    if given:
        check.wrong("time", "no-such-time", value=shown(given))
    return ""


def _names(check: _Check) -> Iterable[str]:
    for item in check.items("panel", str):
        if name := check.cleaned("panel", item, MOST_TEXT):
            yield name


def _parties(check: _Check) -> Iterable[Party]:
    for item in check.items("parties", dict):
        role, attendance, name = _party_parts(item)
        if role is None:
            text = item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)
            if check.cleaned("parties", text, 20_000):
                check.wrong("parties", "bad-party", value=shown(text))
            continue
        found = words.value_of(words.ROLES, clean(str(role)))
        cleaned = check.cleaned("parties", name, MOST_TEXT)
        if found is None:
            check.wrong("parties", "not-offered", value=shown(role), offered=", ".join(words.ROLES))
        elif attendance not in ("present", "remote"):
            check.wrong("parties", "not-offered", value=shown(attendance), offered="present, remote")
        elif cleaned:
            yield Party(found, cleaned, attendance)
        elif not check.problems:
            check.wrong("parties", "missing")


def _party_parts(item: str | Mapping[str, Any]) -> tuple[Any, str, Any]:
    """Role, attendance and name of ``role: name`` or ``role/remote: name``; role None where it is neither."""
    if not isinstance(item, str):
        known = set(item) <= {"role", "name", "attendance"} and {"role", "name"} <= set(item)
        return (item["role"], str(item.get("attendance", "present")), item["name"]) if known else (None, "", "")
    role, colon, name = item.partition(":")
    role, slash, attendance = role.partition("/")
    return (role if colon else None), (clean(attendance).casefold() if slash else "present"), name


def _deadlines(check: _Check) -> Iterable[Deadline]:
    for item in check.items("deadlines", dict):
        if isinstance(item, str):
            day, _, what = item.partition(":")
        else:
            day, what = str(item.get("date", "")), item.get("what", "")
        found, said = day_of(day.strip()), check.cleaned("deadlines", what, MOST_TEXT)
        if found and said:
            yield Deadline(found, said)
        else:
            check.wrong("deadlines", "bad-deadline", value=shown(item))
