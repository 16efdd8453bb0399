"""The checks of PDF/A find what they are for: a good file with one defect each (docs/decisions/0012)."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, FloatObject, NameObject, StreamObject, TextStringObject

from protocol.documents import FONTS, Document, render_page, render_pdf
from protocol.paper.blocks import Line, Span
from tests.support.pdfa import findings

pytestmark = pytest.mark.skipif(not FONTS.is_dir(), reason="fonts-croscore is not installed")


@cache
def good() -> bytes:
    words = (Span("Сот отырысы ашық деп жарияланды", "bold"), Span(" media/T01/mic-bench/0001.mp4", "file"))
    document = Document(
        "kk", "Хаттама № 1", "жоба", 1_795_321_800_000_000, "жоба № 1", (Line("title", words), Line("text", words))
    )
    return render_pdf(render_page(document))


def changed(change: Callable[[PdfWriter], None]) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(good())))
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def name(text: str) -> NameObject:
    return NameObject(text)


def a_font(writer: PdfWriter) -> Any:
    resources: Any = writer.pages[0]["/Resources"]
    return next(iter(resources["/Font"].values())).get_object()


def descendant(writer: PdfWriter) -> Any:
    return a_font(writer)["/DescendantFonts"][0].get_object()


def metadata(writer: PdfWriter) -> Any:
    root: Any = writer.root_object
    return root["/Metadata"].get_object()


def append(writer: PdfWriter, operators: bytes) -> None:
    page = writer.pages[0]
    contents: Any = page.get_contents()
    stream = StreamObject()
    stream.set_data(contents.get_data() + b"\n" + operators)
    page[name("/Contents")] = writer._add_object(stream)


def put(target: Any, key: str, value: Any) -> None:
    target[name(key)] = value


def with_metadata(old: bytes, new: bytes) -> Callable[[PdfWriter], None]:
    def change(writer: PdfWriter) -> None:
        stream = metadata(writer)
        assert old in stream.get_data()
        stream.set_data(stream.get_data().replace(old, new))

    return change


def wide(writer: PdfWriter) -> None:
    rows = descendant(writer)["/W"]
    widths: Any = rows[1].get_object()
    widths[0] = FloatObject(float(widths[0]) + 40)


def image(writer: PdfWriter) -> None:
    stream = StreamObject()
    stream.set_data(b"\0")
    stream.update({name("/Type"): name("/XObject"), name("/Subtype"): name("/Image")})
    put(writer.pages[0]["/Resources"], "/XObject", DictionaryObject({name("/I"): writer._add_object(stream)}))


def outside(writer: PdfWriter) -> None:
    put(metadata(writer), "/F", TextStringObject("http://example.org/x"))


DEFECTS: tuple[tuple[str, Callable[[PdfWriter], Any]], ...] = (
    ("6.1.3 trailer: the file is encrypted", lambda w: w.encrypt("", "owner", algorithm="RC4-128")),
    ("6.1.7.1", outside),
    ("6.1.13", lambda w: put(w.root_object, "/Long", TextStringObject("x" * 40000))),
    ("6.5.2", lambda w: put(w.root_object, "/AA", DictionaryObject())),
    ("6.5.1", lambda w: put(w.root_object, "/OpenAction", DictionaryObject({name("/S"): name("/JavaScript")}))),
    ("6.8", lambda w: put(w.root_object, "/Attached", DictionaryObject({name("/EF"): DictionaryObject()}))),
    ("6.9", lambda w: put(w.root_object, "/OCProperties", DictionaryObject())),
    ("6.2.8", image),
    (
        "6.3.1",
        lambda w: put(
            w.pages[0],
            "/Annots",
            ArrayObject([DictionaryObject({name("/Type"): name("/Annot"), name("/Subtype"): name("/Movie")})]),
        ),
    ),
    ("6.2.10", lambda w: put(w.root_object, "/State", DictionaryObject({name("/BM"): name("/Multiply")}))),
    ("6.10", lambda w: put(w.root_object, "/Names", DictionaryObject({name("/EmbeddedFiles"): DictionaryObject()}))),
    ("6.2.3", lambda w: w.root_object.pop("/OutputIntents")),
    ("6.2.4.3", lambda w: append(w, b"0 0 0 1 k")),
    ("6.2.2", lambda w: append(w, b"zz")),
    ("6.2.11.8", lambda w: append(w, b"BT <00000000> Tj ET")),
    ("6.2.11.7", lambda w: a_font(w).pop("/ToUnicode")),
    (
        "6.2.11.4.1",
        lambda w: [
            descendant(w)["/FontDescriptor"].get_object().pop(key, None) for key in ("/FontFile2", "/FontFile3")
        ],
    ),
    ("6.2.11.3.2", lambda w: descendant(w).pop("/CIDToGIDMap")),
    ("6.2.11.5", wide),
    ("6.6.2.1 no XMP", lambda w: w.root_object.pop("/Metadata")),
    ("6.6.2.1 XMP", with_metadata(b"</rdf:RDF>", b"")),
    ("6.6.4", with_metadata(b"pdfaid:part", b"pdfaid:path")),
    ("6.6.3", lambda w: w.add_metadata({"/Title": "another"})),
    ("6.7.2", lambda w: w.root_object.pop("/MarkInfo")),
    ("6.7.3", lambda w: w.root_object.pop("/StructTreeRoot")),
    ("6.7.4", lambda w: w.root_object.pop("/Lang")),
)


def test_a_file_of_ours_is_good_and_stays_so_when_it_is_written_anew() -> None:
    assert findings(good()) == []
    assert findings(changed(lambda _writer: None)) == []


@pytest.mark.parametrize(("clause", "change"), DEFECTS, ids=[clause for clause, _change in DEFECTS])
def test_each_defect_is_found_by_its_clause(clause: str, change: Callable[[PdfWriter], Any]) -> None:
    found = findings(changed(change))
    assert found
    assert all(text.startswith(clause) for text in found), found


def test_the_frame_of_the_file_is_checked_too() -> None:
    assert findings(b"%PDF-1.7\n1 0 obj" + good()[8:])[0].startswith("6.1.2")
    assert findings(good() + b"more") == ["6.1.3 trailer: bytes after the end of the file"]
