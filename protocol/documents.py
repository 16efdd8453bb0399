"""A protocol as a document: the court's template filled, and from it HTML, PDF/A, DOCX, JSON, CSV.

The errors are those of :mod:`protocol.paper.errors`. One model, so that every form says the same; the same protocol gives the
same bytes.
"""

from __future__ import annotations

from protocol.brief import Brief
from protocol.brief_fields import values
from protocol.brief_templates import Templates
from protocol.brief_texts import text
from protocol.paper.as_csv import render_csv
from protocol.paper.as_docx import render_docx
from protocol.paper.as_html import render_html as render_page
from protocol.paper.as_pdf import FONTS, render_pdf
from protocol.paper.blocks import Document, Line, plain, visible
from protocol.paper.errors import BadTemplate, DocumentError, FontMissing, OutsideResource
from protocol.paper.filling import fill
from protocol.transcript import Transcript

__all__ = [
    "FONTS",
    "BadTemplate",
    "Document",
    "DocumentError",
    "FontMissing",
    "OutsideResource",
    "document",
    "render_csv",
    "render_docx",
    "render_html",
    "render_page",
    "render_pdf",
    "visible",
]

#: Codes whose protocol is never without the text of the transcript, where there is one (АППК 147(1)).
ANNEXED = ("appk",)


def document(
    brief: Brief, language: str, *, templates: Templates | None = None, transcript: Transcript | None = None
) -> Document:
    """Fill the template of the protocol's code, form and language.

    Args:
        brief: the protocol.
        language: ``ru`` or ``kk``.
        templates: the court's; the shipped ones where it has none.
        transcript: its text is annexed.

    Raises:
        KeyError: another language.
        BadTemplate: the court's template cannot be used.
    """
    template = (templates or Templates()).load(brief.form, brief.code, language)
    filled = fill(
        template,
        values(brief, language, transcript),
        blank=text("blank", language),
        under=text("signature", language),
    )
    titles = " ".join(plain(block.spans) for block in filled if isinstance(block, Line) and block.kind == "title")
    record = text("footer.record", language, hearing=visible(brief.hearing))
    draft = "" if brief.confirmed else f"{text('draft', language)} № {brief.number} · "
    return Document(
        language=language,
        title=f"{titles} № {brief.number}, {visible(brief.case_number or brief.hearing)}",
        subject=f"{draft}{record}",
        created_us=brief.drafted_at_us,
        footer=f"{draft}{record}",
        blocks=filled,
    )


def annex_of(brief: Brief, transcript: Transcript | None) -> Transcript | None:
    """The transcript, where the code wants its text in the protocol."""
    return transcript if brief.code in ANNEXED else None


def render_html(
    brief: Brief, language: str, *, templates: Templates | None = None, transcript: Transcript | None = None
) -> str:
    """The protocol in ``ru`` or ``kk`` as one HTML text that loads nothing; arguments and errors as for :func:`document`."""
    return render_page(document(brief, language, templates=templates, transcript=transcript))
