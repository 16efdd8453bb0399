"""Write what the code knows better into docs/: the settings' tables and each command's ``--help``.

A test (tests/test_house.py) fails when a page differs from the code; ``make docs`` mends it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from device_config import reference
from hattama import helptext

DOCS = Path(__file__).resolve().parent.parent / "docs"


def pages() -> dict[Path, str]:
    """Each page that holds generated text, as it should be."""
    settings = DOCS / "settings.md"
    wanted = {settings: reference.put_between(settings.read_text(encoding="utf-8"), *reference.MARKERS, reference.tables())}
    for name in helptext.commands():
        page = DOCS / "commands" / f"{name}.md"
        text = page.read_text(encoding="utf-8") if page.exists() else f"# hattama {name}\n\n## Help\n\n{helptext.EMPTY}"
        wanted[page] = reference.put_between(text, *helptext.MARKERS, helptext.block(name))
    return wanted


def main() -> None:
    """Write the pages that differ, and name them."""
    for page, text in pages().items():
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.parent.mkdir(exist_ok=True)
            page.write_text(text, encoding="utf-8")
            sys.stderr.write(f"docs: {page.relative_to(DOCS.parent)}\n")


if __name__ == "__main__":
    main()
