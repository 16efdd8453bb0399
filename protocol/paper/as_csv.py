"""The tables of a document as CSV (RFC 4180, UTF-8 with a byte order mark, so that office programs read the letters right).

A cell that an office program would take for a formula begins with an apostrophe.
"""

from __future__ import annotations

import csv
import io

from protocol.paper.blocks import Document, Table, plain

_FORMULA = ("=", "+", "-", "@")


def render_csv(document: Document) -> bytes:
    """Every table with its head; an empty line parts two tables."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    for number, table in enumerate(block for block in document.blocks if isinstance(block, Table)):
        if number:
            out.write("\r\n")
        writer.writerow([_harmless(column.head) for column in table.columns])
        writer.writerows([_harmless(plain(cell)) for cell in row] for row in table.rows)
    return out.getvalue().encode("utf-8-sig")


def _harmless(value: str) -> str:
    return f"'{value}" if value.lstrip().startswith(_FORMULA) else value
