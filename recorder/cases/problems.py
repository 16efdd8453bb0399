"""What can be wrong with a row of a list: where, what, and what to do. Message ids; pages and the command word them by :data:`TEXTS`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from web.i18n import N_, Translator, fill

#: By code: what is wrong, what to do.
TEXTS: dict[str, tuple[str, str]] = {
    "missing": (N_("Nothing is entered."), N_("Enter it: without it the hearing cannot be listed.")),
    "not-offered": (N_("«{value}» is not one of the values offered."), N_("Use one of: {offered}.")),
    "no-such-date": (N_("«{value}» is no date that exists."), N_("Write the day as 2026-11-23 or 23.11.2026.")),
    "no-such-time": (N_("«{value}» is no time of day."), N_("Write hours and minutes as 09:30.")),
    "too-long": (N_("It has {length} characters, more than {most}."), N_("Shorten it.")),
    "too-many": (
        N_("There are {length} of them, more than {most}."),
        N_("Split the hearing or enter the rest by hand."),
    ),
    "bad-id": (
        N_("«{value}» cannot be an identifier."),
        N_("Use up to 80 Latin letters, digits, points, hyphens, colons, underlines."),
    ),
    "bad-party": (N_("«{value}» is no participant."), N_("Write role: name, several with | between them.")),
    "bad-deadline": (
        N_("«{value}» is no deadline."),
        N_("Write 2026-12-20: what is due, several with | between them."),
    ),
    "not-text": (N_("A text is expected here, not {value}."), N_("Put the value in quotes.")),
    "not-a-list": (N_("A list is expected here, not {value}."), N_("Put the values in square brackets.")),
    "not-an-object": (N_("This entry is no object but {value}."), N_("Write each hearing as an object in braces.")),
    "duplicate": (N_("The same case at the same time stands in row {value} already."), N_("Keep one of the two rows.")),
    "duplicate-id": (
        N_("The same identifier stands in row {value} already."),
        N_("Give each hearing an identifier of its own."),
    ),
    "taken": (
        N_("The list already has this case at this time, under identifier {value}."),
        N_("Cancel one of the two in the case system."),
    ),
    "wrong-encoding": (
        N_("The bytes are not {encoding}: the letters cannot be read."),
        N_("Save the file as UTF-8 and import it again."),
    ),
    "looks-cp1251": (
        N_("The bytes are not {encoding}; they look like Windows-1251, which has no Kazakh letters."),
        N_("Save the file as UTF-8, or name the encoding if no Kazakh letter is in it."),
    ),
    "lost-letters": (N_("Letters were lost before the file came here: «{value}»."), N_("Export it again as UTF-8.")),
    "bad-quotes": (
        N_("The quotation marks do not match."),
        N_("A quotation mark inside a value is written twice; a value has no line break."),
    ),
    "columns": (
        N_("The row has {length} values, the header {most}."),
        N_("Put values that contain the separator in quotation marks."),
    ),
    "unknown-column": (N_("There is no column «{value}»; it was not read."), N_("Remove it, or mend its name.")),
    "row-too-long": (N_("The row is longer than {most} characters."), N_("Shorten it.")),
    "too-many-rows": (
        N_("Rows from here on were not read: a list has at most {most}."),
        N_("Import the rest as a second file."),
    ),
}

#: Reasons for which a file as a whole is refused (:class:`recorder.cases.errors.UnreadableFile`).
REFUSALS: dict[str, tuple[str, str]] = {
    "empty": (N_("The file is empty."), N_("Export the list again.")),
    "too-large": (N_("The file is larger than {most} MiB."), N_("Import it in parts.")),
    "utf16-unmarked": (N_("The file looks like UTF-16 without its mark."), N_("Save it as UTF-8.")),
    "utf32": (N_("The file is UTF-32."), N_("Save it as UTF-8.")),
    "spreadsheet": (N_("This is a spreadsheet, not a text."), N_("In the spreadsheet choose «Save as», CSV UTF-8.")),
    "no-json": (N_("The file begins like JSON but is none: {value}."), N_("Export it again.")),
    "no-hearings": (N_("The file has no list «hearings»."), N_("docs/case-import.md shows the form.")),
    "no-columns": (
        N_("The header lacks: {value}."),
        N_("The first row names the columns: number, code, date, time are needed."),
    ),
    "encoding": (N_("The encoding {value} is not read here."), N_("Use utf-8, utf-16 or windows-1251.")),
}


@dataclass(frozen=True)
class Problem:
    """One thing wrong with one row.

    Attributes:
        line: line of the file, from 1 (CSV), or place in the list, from 1 (JSON).
        column: name of the field; empty for the row as a whole.
        code: key of :data:`TEXTS`.
        values: what its texts are filled with.
        refused: whether the row was left out for it.
    """

    line: int
    column: str
    code: str
    values: dict[str, str] = field(default_factory=dict)
    refused: bool = True

    def told(self, lang: Translator | None = None) -> tuple[str, str]:
        """What is wrong and what to do, in a language; without one in English."""
        what, advice = TEXTS[self.code]
        if lang is None:
            return fill(what, self.values), fill(advice, self.values)
        return lang(what, **self.values), lang(advice, **self.values)

    def to_json(self) -> dict[str, Any]:
        """For the report and the API."""
        what, advice = self.told()
        return {
            "line": self.line,
            "column": self.column,
            "code": self.code,
            "refused": self.refused,
            "what": what,
            "advice": advice,
        }


def shown(value: object, most: int = 60) -> str:
    """A value of the file as a message may show it: short, on one line, without control and direction marks."""
    text = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in str(value)[: most + 1])
    return text if len(text) <= most else text[:most] + "…"
