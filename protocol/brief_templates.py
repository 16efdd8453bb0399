"""Where templates of protocols are found: the court's folder first, then the shipped ones.

A file is ``FORM.CODE.LANGUAGE.txt`` (``brief.gpk.kk.txt``), a part ``part-NAME.LANGUAGE.txt``. A template is checked when it is
loaded; :meth:`Templates.check` loads them all, so that a court learns of a mistake before a hearing ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args

from protocol.brief import Form
from protocol.brief_names import CATALOGUE
from protocol.brief_rules import SHOWN, points_of
from protocol.brief_texts import LANGUAGES
from protocol.paper.checking import Template, load
from protocol.paper.errors import BadTemplate
from protocol.paper.names import Requirement
from protocol.stages import CODES, cite

SHIPPED: Final = Path(__file__).parent / "templates"
#: Bytes of a template; a longer file is no text that a court wrote.
LARGEST: Final = 256 * 1024


@dataclass(frozen=True)
class Templates:
    """Templates of one court; `folder` is its own, or None."""

    folder: Path | None = None

    def load(self, form: Form, code: str, language: str) -> Template:
        """The checked template of a protocol; an unknown code gets the civil one.

        Raises:
            KeyError: another language.
            BadTemplate: it cannot be used.
        """
        if language not in LANGUAGES:
            raise KeyError(language)
        known = code if code in CODES else "gpk"
        name = f"{form}.{known}.{language}.txt"
        found = self._read(name)
        if found is None:
            raise BadTemplate(name, 0, "there is no such template", "Install the program anew: it ships one.")
        return load(
            *found, lambda part: self._read(f"part-{part}.{language}.txt"), CATALOGUE, required(form, known, language)
        )

    def check(self) -> Iterator[BadTemplate]:
        """What is wrong with any template that may be used, and with files of the folder that none would be."""
        for form in get_args(Form):
            for code in CODES:
                for language in LANGUAGES:
                    try:
                        self.load(form, code, language)
                    except BadTemplate as error:
                        yield error
        yield from self._strangers()

    def _strangers(self) -> Iterator[BadTemplate]:
        if self.folder is None:
            return
        if not self.folder.is_dir():
            yield BadTemplate(str(self.folder), 0, "there is no such folder", "Create it, or take the setting out.")
            return
        wanted = {
            f"{form}.{code}.{language}.txt" for form in get_args(Form) for code in CODES for language in LANGUAGES
        }
        for path in sorted(self.folder.glob("*.txt")):
            if path.name not in wanted and not path.name.startswith("part-"):
                yield BadTemplate(
                    str(path),
                    0,
                    "no protocol would use a file of this name",
                    "Name it FORM.CODE.LANGUAGE.txt (brief.gpk.kk.txt) or part-NAME.LANGUAGE.txt",
                )

    def _read(self, name: str) -> tuple[str, str] | None:
        for folder in (self.folder, SHIPPED):
            path = folder / name if folder else None
            if path is None or not path.is_file():
                continue
            shown = name if folder == SHIPPED else str(path)
            try:
                data = path.read_bytes()
            except OSError as error:
                raise BadTemplate(
                    shown, 0, f"it cannot be read: {error.strerror}", "Let the program read the file."
                ) from error
            if len(data) > LARGEST:
                raise BadTemplate(shown, 0, "the file is too large", f"Keep it below {LARGEST // 1024} kB.")
            try:
                return shown, data.decode("utf-8-sig")
            except UnicodeDecodeError as error:
                line = data[: error.start].count(b"\n") + 1
                raise BadTemplate(shown, line, "the file is not UTF-8", "Save it as UTF-8 (Unicode).") from error
        return None


def required(form: Form, code: str, language: str) -> tuple[Requirement, ...]:
    """Names that a template must use, each with the article that wants it."""
    points = points_of(code, form)
    return tuple(Requirement(SHOWN[key], cite(law, article, language)) for key, law, article in points if key in SHOWN)
