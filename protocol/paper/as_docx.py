"""A document as DOCX (ECMA-376), for a court that goes on writing in it; the PDF is the copy that is signed.

Written with python-docx; the same document gives the same bytes: no clock is read, and the parts of the package carry a fixed time.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import docx
from docx.document import Document as DocxDocument
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.section import Section
from docx.shared import Mm, Pt
from docx.styles.style import ParagraphStyle
from docx.table import Table as DocxTable
from docx.text.paragraph import Paragraph

from protocol.paper.blocks import Block, Document, Line, Pair, Ruled, Sheet, Signature, Spans, Table

FONT: Final = "Times New Roman"
MONO: Final = "Courier New"
LOCALES: Final = {"ru": "ru-RU", "kk": "kk-KZ"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STAMP = (1980, 1, 1, 0, 0, 0)  # the earliest time a ZIP can say
_UPRIGHT = (30, 15)  # margins left and right, mm
_LANDSCAPE = (15, 15)
_ALIGNMENT = {
    "title": WD_ALIGN_PARAGRAPH.CENTER,
    "centre": WD_ALIGN_PARAGRAPH.CENTER,
    "right": WD_ALIGN_PARAGRAPH.RIGHT,
    "text": WD_ALIGN_PARAGRAPH.JUSTIFY,
}


def render_docx(document: Document) -> bytes:
    """The document as the bytes of a DOCX file."""
    writer = _Writer(document)
    for block in document.blocks:
        writer.add(block)
    return writer.data()


class _Writer:
    def __init__(self, document: Document) -> None:
        self.source = document
        self.docx: DocxDocument = docx.Document()
        self.width = 0  # of the text, mm
        self._styles()
        self._page(self.docx.sections[0], landscape=False)
        self._footer(self.docx.sections[0])

    def add(self, block: Block) -> None:
        match block:
            case Line():
                self._line(block)
            case Pair():
                paragraph = self.docx.add_paragraph()
                paragraph.paragraph_format.tab_stops.add_tab_stop(Mm(self.width), WD_TAB_ALIGNMENT.RIGHT)
                _spans(paragraph, block.left)
                paragraph.add_run("\t")
                _spans(paragraph, block.right)
            case Table():
                self._table(block)
            case Signature():
                self._signature(block)
            case Ruled():
                for _ in range(block.count):
                    _border(self.docx.add_paragraph(), ("bottom",))
            case Sheet():
                self._page(self.docx.add_section(WD_SECTION.NEW_PAGE), landscape=block.landscape)

    def data(self) -> bytes:
        """The file, its parts without the time of day."""
        created = (_EPOCH + timedelta(microseconds=self.source.created_us)).replace(tzinfo=None, microsecond=0)
        core = self.docx.core_properties
        core.title, core.subject, core.author = self.source.title[:255], self.source.subject[:255], "Hattama"
        core.comments, core.language = "", LOCALES[self.source.language]
        core.created = core.modified = created
        core.last_modified_by, core.revision = "Hattama", 1
        made = io.BytesIO()
        self.docx.save(made)
        out = io.BytesIO()
        with zipfile.ZipFile(made) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
            for item in old.infolist():
                new.writestr(zipfile.ZipInfo(item.filename, _STAMP), old.read(item), zipfile.ZIP_DEFLATED)
        return out.getvalue()

    def _styles(self) -> None:
        for name, size, bold, before, after in (
            ("Normal", 12, None, 0, 5),
            ("Title", 14, True, 10, 2),
            ("Heading 1", 12, True, 11, 4),
        ):
            style = self.docx.styles[name]
            if not isinstance(style, ParagraphStyle):
                continue
            style.font.size, style.font.bold, style.font.name = Pt(size), bold, FONT
            properties = style.element.get_or_add_rPr()
            for child in (
                *properties.findall(qn("w:color")),
                *properties.findall(qn("w:spacing")),
                *properties.findall(qn("w:kern")),
            ):
                properties.remove(child)
            fonts = properties.get_or_add_rFonts()
            fonts.attrib.clear()
            for script in ("ascii", "hAnsi", "cs", "eastAsia"):
                fonts.set(qn(f"w:{script}"), FONT)
            for child in style.element.get_or_add_pPr().findall(qn("w:pBdr")):
                style.element.get_or_add_pPr().remove(child)
            style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(before), Pt(after)
        locale = OxmlElement("w:lang")
        locale.set(qn("w:val"), LOCALES[self.source.language])
        normal: Any = self.docx.styles["Normal"].element
        normal.get_or_add_rPr().append(locale)
        for old in self.docx.styles.element.iter(qn("w:lang")):
            old.set(qn("w:val"), LOCALES[self.source.language])

    def _page(self, section: Section, *, landscape: bool) -> None:
        width, height = (297, 210) if landscape else (210, 297)
        left, right = _LANDSCAPE if landscape else _UPRIGHT
        section.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
        section.page_width, section.page_height = Mm(width), Mm(height)
        section.left_margin, section.right_margin = Mm(left), Mm(right)
        section.top_margin = section.bottom_margin = Mm(20)
        self.width = width - left - right

    def _footer(self, section: Section) -> None:
        paragraph = section.footer.paragraphs[0]
        paragraph.add_run(f"{self.source.footer}    ")
        _field(paragraph, "PAGE")
        paragraph.add_run(" / ")
        _field(paragraph, "NUMPAGES")
        for run in paragraph.runs:
            run.font.size = Pt(9)

    def _line(self, line: Line) -> None:
        paragraph = self.docx.add_paragraph(style={"title": "Title", "heading": "Heading 1"}.get(line.kind))
        if line.kind in _ALIGNMENT:
            paragraph.alignment = _ALIGNMENT[line.kind]
        if line.kind == "item":
            paragraph.paragraph_format.left_indent, paragraph.paragraph_format.first_line_indent = Mm(6), Mm(-6)
        if line.number:
            paragraph.add_run(f"{line.number}. ")
        if line.boxed:
            _border(paragraph, ("top", "left", "bottom", "right"))
        _spans(paragraph, line.spans, {"small": 9.5, "centre": 10.0}.get(line.kind))

    def _table(self, block: Table) -> None:
        table = self.docx.add_table(rows=1, cols=len(block.columns), style="Table Grid")
        table.alignment = WD_TABLE_ALIGNMENT.CENTER
        table.autofit = False
        rest = self.width - sum(column.width_mm or 0 for column in block.columns)
        open_columns = sum(column.width_mm is None for column in block.columns)
        widths = [column.width_mm or rest // open_columns for column in block.columns]
        for column, width in zip(table.columns, widths, strict=True):
            column.width = Mm(width)
        for cell, column, width in zip(table.rows[0].cells, block.columns, widths, strict=True):
            cell.width = Mm(width)
            run = cell.paragraphs[0].add_run(column.head)
            run.bold, run.font.size = True, Pt(10)
        _row_property(table, 0, "w:tblHeader")
        for number, row in enumerate(block.rows, 1):
            for cell, spans, width in zip(table.add_row().cells, row, widths, strict=True):
                cell.width = Mm(width)
                cell.paragraphs[0].paragraph_format.space_after = Pt(0)
                _spans(cell.paragraphs[0], spans, 10.0)
            _row_property(table, number, "w:cantSplit")
        self.docx.add_paragraph().paragraph_format.space_after = Pt(0)  # two tables in a row would become one

    def _signature(self, block: Signature) -> None:
        table = self.docx.add_table(rows=1, cols=3)
        for cell, spans in zip(table.rows[0].cells, (block.role, None, block.name), strict=True):
            paragraph = cell.paragraphs[0]
            paragraph.paragraph_format.space_before = Pt(14)
            if spans is None:
                paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
                _border(paragraph, ("bottom",))
                paragraph.add_run(block.under).font.size = Pt(8)
            else:
                _spans(paragraph, spans)
        _row_property(table, 0, "w:cantSplit")


def _spans(paragraph: Paragraph, spans: Spans, size: float | None = None) -> None:
    for span in spans:
        run = paragraph.add_run(span.text)
        if size is not None:
            run.font.size = Pt(size)
        match span.style:
            case "bold":
                run.bold = True
            case "blank":
                run.italic = run.underline = True
            case "file":
                run.font.name, run.font.size = MONO, Pt(8)


def _border(paragraph: Paragraph, sides: Iterable[str]) -> None:
    borders = OxmlElement("w:pBdr")
    for side in sides:
        line = OxmlElement(f"w:{side}")
        for name, value in (("val", "single"), ("sz", "6"), ("space", "4"), ("color", "000000")):
            line.set(qn(f"w:{name}"), value)
        borders.append(line)
    properties: Any = paragraph._p.get_or_add_pPr()  # noqa: SLF001 - python-docx has no borders of paragraphs
    properties.insert_element_before(borders, "w:shd", "w:tabs", "w:spacing", "w:ind", "w:jc", "w:rPr", "w:sectPr")


def _row_property(table: DocxTable, row: int, name: str) -> None:
    properties: Any = table.rows[row]._tr.get_or_add_trPr()  # noqa: SLF001 - nor of repeated heads
    properties.append(OxmlElement(name))


def _field(paragraph: Paragraph, name: str) -> None:
    """A field that the reader's program counts: PAGE, NUMPAGES."""
    run: Any = paragraph.add_run()
    for kind in ("begin", None, "separate", "end"):
        if kind is None:
            part = OxmlElement("w:instrText")
            part.text = name
        else:
            part = OxmlElement("w:fldChar")
            part.set(qn("w:fldCharType"), kind)
        run._r.append(part)  # noqa: SLF001 - nor of fields
