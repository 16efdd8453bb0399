"""How values of a brief protocol are said in one language: times, spans, places, roles, reasons."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

from protocol.brief import Brief, Fault, Place, RecordedFile, TakeLine
from protocol.brief_texts import CAUSES, MONTHS, ROLES, named, text
from protocol.encoding import unb64
from protocol.stages import cite

#: With more files than this the annex lists sources, not files: a hundred pages of digests help nobody.
ANNEX_LIMIT = 400

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Words:
    """A brief protocol's values in the words of one language (``ru`` or ``kk``)."""

    def __init__(self, brief: Brief, language: str) -> None:
        self._brief = brief
        self.language = language
        self._zone = timezone(timedelta(minutes=brief.utc_offset_minutes))
        self._day = self._local(brief.start_us).date() if brief.start_us is not None else None
        self._labels = {source.name: source.label or source.name for source in brief.sources}

    def t(self, key: str, **values: object) -> str:
        """A text by key."""
        return text(key, self.language, **values)

    def _local(self, at_us: int) -> datetime:
        return (_EPOCH + timedelta(microseconds=at_us)).astimezone(self._zone)

    # Times

    def date(self, at_us: int) -> str:
        """«22 ноября 2026 года», «2026 жылғы 22 қараша»."""
        day = self._local(at_us)
        return self.t("date", day=day.day, month=MONTHS[self.language][day.month - 1], year=day.year)

    def at(self, at_us: int) -> str:
        """Local time ``09:30:05``; with its date if it is another day than the hearing's first."""
        local = self._local(at_us)
        clock = f"{local:%H:%M:%S}"
        return clock if local.date() == self._day else f"{local:%d.%m.%Y} {clock}"

    def moment(self, at_us: int) -> str:
        """Date and local time to the minute."""
        return f"{self._local(at_us):%d.%m.%Y %H:%M}"

    def clock(self, at_us: int) -> str:
        """«09 час. 30 мин.», «09 сағат 30 минутта»."""
        local = self._local(at_us)
        words = self.t("clock", hour=f"{local:%H}", minute=f"{local:%M}")
        return words if local.date() == self._day else f"{self.date(at_us)} {words}"

    def zone(self) -> str:
        """``UTC+5``."""
        hours, minutes = divmod(abs(self._brief.utc_offset_minutes), 60)
        sign = "-" if self._brief.utc_offset_minutes < 0 else "+"
        return f"UTC{sign}{hours}" + (f":{minutes:02d}" if minutes else "")

    def span(self, from_us: int, to_us: int | None) -> str:
        """«с 10:00:00 до 10:20:00»."""
        if to_us is None:
            return self.t("span.open", start=self.at(from_us))
        return self.t("span", start=self.at(from_us), end=self.at(to_us))

    def duration(self, length_us: int) -> str:
        """``0:35:10``; below a minute ``12,3 с`` (seconds are «с» in both languages)."""
        if length_us < 60_000_000:
            tenths = length_us // 100_000
            return f"{tenths // 10},{tenths % 10}\N{NO-BREAK SPACE}с"
        seconds = length_us // 1_000_000
        return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"

    # Case and people

    def article(self) -> str:
        """What prescribes this document."""
        return cite(self._brief.law, self._brief.article, self.language)

    def cite(self, law: str, article: str) -> str:
        """An article in words; empty where there is none."""
        return cite(law, article, self.language) if article else ""

    def publicity(self) -> str:
        """Open, closed, or open with closed parts and their times."""
        closed = [take for take in self._brief.takes if take.publicity == "closed"]
        if self._brief.publicity == "closed" or (closed and len(closed) == len(self._brief.takes)):
            return self.t("publicity.closed")
        if not closed:
            return self.t("publicity.open")
        return self.t("publicity.part", spans=", ".join(self.span(take.start_us, take.end_us) for take in closed))

    def language_name(self, language: str) -> str:
        """Name of the language of the proceedings; the code itself where it is another than Kazakh or Russian."""
        return self.t(f"language.{language}") if language in ("kk", "ru") else language

    def role(self, role: str) -> str:
        """Name of a role."""
        return named(ROLES, role, self.language)

    # Recording

    def label(self, source: str) -> str:
        """What people call a source."""
        return self._labels.get(source, source)

    def place(self, place: Place | None) -> str:
        """``media/T01/mic-judge/0003.mp4, смещение 00:07.3``, or that there is no recording."""
        if place is None:
            return self.t("place.none")
        return f"{place.path}, {self.t('place.offset', offset=self.offset(place))}"

    def offset(self, place: Place) -> str:
        """Offset in a file, ``00:07.3``: minutes, seconds, tenths."""
        tenths = place.offset_us // 100_000
        return f"{tenths // 600:02d}:{tenths // 10 % 60:02d}.{tenths % 10}"

    def take(self, take: TakeLine) -> str:
        """When one take was recorded and why it ended."""
        if take.end_us is None:
            return f"{take.take}: {self.span(take.start_us, None)} ({self.t('take.running')})"
        reason = (
            self.t(f"take.reason.{take.reason}")
            if f"{take.reason}" in ("pause", "publicity", "interrupted", "finish")
            else ""
        )
        notes = [self.t("duration", duration=self.duration(take.end_us - take.start_us)), reason]
        if take.publicity == "closed":
            notes.append(self.t("take.closed"))
        return f"{take.take}: {self.span(take.start_us, take.end_us)} ({', '.join(note for note in notes if note)})"

    def fault(self, fault: Fault) -> str:
        """A fault in the words of the law: recording was not possible, where, for how long and why."""
        if fault.cause == "stage":
            parts = [self.t("fault.stage", at=self.at(fault.from_us))]
            reason = fault.detail or self.t("blank")
        else:
            parts = [self.t("fault.total" if fault.total else "fault.part", span=self.span(fault.from_us, fault.to_us))]
            if fault.to_us is not None:
                parts.append(self.t("duration", duration=self.duration(fault.to_us - fault.from_us)))
            reason = named(CAUSES, fault.cause, self.language)
            if fault.cause not in CAUSES and fault.detail:
                reason = f"{fault.detail} ({reason})"
        if fault.sources:
            parts.append(self.t("fault.sources", sources=", ".join(f"«{self.label(name)}»" for name in fault.sources)))
        parts.append(self.t("fault.reason", reason=reason))
        return "; ".join(parts)

    # Annex

    def full_annex(self) -> bool:
        """Whether every file is listed on paper."""
        return len(self._brief.files) <= ANNEX_LIMIT

    def annex_groups(self) -> list[tuple[str, list[RecordedFile]]]:
        """Files of each track (take and source), named by the source's label."""
        groups: dict[tuple[str, str], list[RecordedFile]] = {}
        for file in self._brief.files:
            groups.setdefault((file.take, file.source), []).append(file)
        return [(f"{take}, {self.label(source)}", files) for (take, source), files in groups.items()]

    def first_to_last(self, files: Sequence[RecordedFile]) -> str:
        """``media/T01/cam-judge/0001.mp4 … 0024.mp4``."""
        if len(files) == 1:
            return files[0].path
        return self.t("annex.list", first=files[0].path, last=files[-1].path.rsplit("/", 1)[-1])

    def hex(self, sha256: str) -> str:
        """A digest as ``sha256sum`` prints it."""
        return unb64(sha256, 32).hex()

    def list_digest(self, files: Sequence[RecordedFile]) -> str:
        """SHA-256 of the list that ``sha256sum`` would print of the files, in order of their names."""
        lines = (f"{self.hex(file.sha256)}  {file.path}\n" for file in sorted(files, key=lambda item: item.path))
        return hashlib.sha256("".join(lines).encode()).hexdigest()
