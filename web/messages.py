"""Which texts the sources use, against which texts the catalogues have: ``python -m web.messages`` names what is missing or unused.

Read are the Python files and templates of ``web``, ``recorder/console``, ``recorder/cases``, ``storage/archive``, ``device_config/fleet``, ``transcription/evaluation``, and the TypeScript of
``web/ui/src``. A text is used where it stands as a plain string in ``_("…")``, ``N_("…")``, ``lang("…")`` or, in TypeScript, ``t("…")``.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.extract import extract
from babel.messages.pofile import read_po

from web.i18n import LANGUAGES, LOCALE_DIR

ROOT = Path(__file__).parent.parent
FOLDERS = ("web", "recorder/console", "recorder/cases", "storage/archive", "device_config/fleet", "transcription/evaluation")
UI = "web/ui/src"
_KEYWORDS = {"_": None, "N_": None, "lang": None}
_CALL = re.compile(r'\bt\(\s*"((?:[^"\\]|\\.)*)"')


def used(root: Path = ROOT) -> dict[str, list[str]]:
    """Every text the sources use, with the files it is used in."""
    found: dict[str, list[str]] = {}
    for path, text in _uses(root):
        found.setdefault(text, []).append(str(path.relative_to(root)))
    return found


def translated(language: str, folder: Path = LOCALE_DIR) -> dict[str, str]:
    """Every text of a language's catalogues with its translation; in English an empty one stands for the text itself."""
    found: dict[str, str] = {}
    for path in sorted((folder / language / "LC_MESSAGES").glob("*.po")):
        for message in read_po(BytesIO(path.read_bytes()), locale=language, abort_invalid=True):
            if isinstance(message.id, str) and message.id:
                translation = "" if message.fuzzy else str(message.string)
                found[message.id] = translation or (message.id if language == "en" else "")
    return found


def faults(root: Path = ROOT, folder: Path = LOCALE_DIR) -> list[str]:
    """What is wrong with the catalogues, a sentence each: missing, untranslated, unused texts, lost values."""
    sources = used(root)
    found = []
    for language in LANGUAGES:
        have = translated(language, folder)
        found += [f"{language}: missing: {text!r} ({', '.join(sources[text])})" for text in sources if text not in have]
        found += [f"{language}: not translated: {text!r}" for text, value in have.items() if not value]
        found += [f"{language}: unused: {text!r}" for text in have if text not in sources]
        found += [f"{language}: other values than the text's: {text!r}" for text, value in have.items() if value and values(text) != values(value)]
    return found


def values(text: str) -> set[str]:
    """Names of the values a text is filled with."""
    return set(re.findall(r"\{(\w+)\}", text))


def _uses(root: Path) -> Iterator[tuple[Path, str]]:
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if "node_modules" in path.parts or "ui" in path.relative_to(root).parts[:2] or path == Path(__file__):
                continue
            if path.suffix == ".py":
                yield from ((path, text) for text in _extracted("python", path))
            elif path.suffix in (".html", ".txt") and "templates" in path.parts:
                yield from ((path, text) for text in _extracted("jinja2.ext:babel_extract", path))
    for path in sorted((root / UI).rglob("*.ts")):
        if not path.name.endswith(".test.ts"):
            yield from ((path, json.loads(f'"{match[1]}"')) for match in _CALL.finditer(path.read_text("utf-8")))


def _extracted(method: str, path: Path) -> Iterator[str]:
    for _line, text, _comments, _context in extract(method, BytesIO(path.read_bytes()), _KEYWORDS):
        if isinstance(text, str) and text:
            yield text


if __name__ == "__main__":
    problems = faults()
    sys.stdout.write("".join(f"{problem}\n" for problem in problems))
    sys.exit(1 if problems else 0)
