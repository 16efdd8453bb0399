"""An amendment of a certified protocol: ``amendments/NNNN.json`` and, signed by both, ``amendments/NNNN.LL.pdf`` (ГПК 283(5)).

It changes nothing of what was certified. It says which file it amends, by path and digest, and what is to be read instead; it
counts because the presiding judge and the secretary have both signed it, and it comes with a later seal.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from protocol.brief import KAZAKHSTAN_MINUTES
from protocol.canonical import dumps, loads
from protocol.errors import NotCanonical, ProtocolError
from protocol.paper.blocks import Document, Line, Signature, Span, visible

FORMAT = "hattama-amendment/1"
LANGUAGES = ("ru", "kk")
_TEXTS = {
    "title": ("ИЗМЕНЕНИЕ В КРАТКИЙ ПРОТОКОЛ", "ҚЫСҚАША ХАТТАМАҒА ӨЗГЕРІС"),
    "number": ("№ {number}, {date}", "№ {number}, {date}"),
    "case": ("Дело № {case}, {title}", "№ {case} іс, {title}"),
    "of": ("Изменяется файл записи {path}", "Жазбаның мына файлы өзгертіледі: {path}"),
    "digest": ("SHA-256 файла: {sha256}", "Файлдың SHA-256 мәні: {sha256}"),
    "was": (
        "Удостоверенный файл остаётся без изменений; читать следует:",
        "Куәландырылған файл өзгеріссіз қалады; мынадай мағынада оқылсын:",
    ),
    "why": ("Основание: {reason}", "Негіздеме: {reason}"),
    "judge": ("Председательствующий", "Төрағалық етуші"),
    "secretary": ("Секретарь судебного заседания", "Сот отырысының хатшысы"),
    "under": ("подпись", "қолы"),
}


class BadAmendment(ProtocolError):
    """An amendment's file is not of its format."""

    code: ClassVar[str] = "bad-amendment"
    advice: ClassVar[str] = "Verify the record: a file that it holds is not what the recorder writes."


@dataclass(frozen=True)
class Amendment:
    """What is amended, and how. ``at_us``: when it was drawn up, UTC µs; ``language``: of its PDF, ru or kk."""

    hearing: str
    number: int
    at_us: int
    by: str
    amends: str
    sha256: str
    text: str
    reason: str
    language: str

    @property
    def path(self) -> str:
        """Of its JSON in the record."""
        return f"amendments/{self.number:04d}.json"

    @property
    def pdf_path(self) -> str:
        """Of the PDF that both have signed."""
        return f"amendments/{self.number:04d}.{self.language}.pdf"

    def to_json(self) -> bytes:
        """Its bytes, canonical."""
        return dumps({"format": FORMAT, **asdict(self)})


def read_amendment(data: bytes) -> Amendment:
    """The amendment of its bytes.

    Raises:
        BadAmendment: it is of another format.
    """
    try:
        value: dict[str, Any] = dict(loads(data))
        if value.pop("format", None) != FORMAT:
            raise BadAmendment(f"format is not {FORMAT}")
        return Amendment(**value)
    except (NotCanonical, TypeError) as error:
        raise BadAmendment(f"not an amendment: {error}") from error


def document(amendment: Amendment, case: str, title: str, judge: str, secretary: str) -> Document:
    """The amendment on paper, in its language.

    Args:
        amendment: what it says.
        case: number of the case.
        title: its parties and subject.
        judge: who will sign as presiding judge.
        secretary: who will sign as secretary.
    """
    which = LANGUAGES.index(amendment.language)

    def say(key: str, **values: object) -> str:
        return visible(_TEXTS[key][which].format(**values))

    day = (
        datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=amendment.at_us, minutes=KAZAKHSTAN_MINUTES)
    ).strftime("%d.%m.%Y")
    lines = [
        Line("title", (Span(say("title")),)),
        Line("centre", (Span(say("number", number=amendment.number, date=day)),)),
        Line("text", (Span(say("case", case=case or amendment.hearing, title=title)),)),
        Line("text", (Span(say("of", path=amendment.amends)),)),
        Line("small", (Span(say("digest", sha256=amendment.sha256)),)),
        Line("text", (Span(say("was")),)),
        *(Line("text", (Span(visible(part)),)) for part in amendment.text.splitlines() if part.strip()),
        Line("text", (Span(say("why", reason=amendment.reason)),)),
    ]
    signers = [
        Signature((Span(say(role)),), say("under"), (Span(visible(name)),))
        for role, name in (("judge", judge), ("secretary", secretary))
    ]
    head = f"{say('title')} № {amendment.number}, {visible(case or amendment.hearing)}"
    return Document(amendment.language, head, head, amendment.at_us, visible(amendment.hearing), (*lines, *signers))
