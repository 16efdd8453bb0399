"""Checks of PDF/A-2 (ISO 19005-2) that a PDF of ours could break, by clause; what veraPDF would test of such a file.

Not the whole standard: what our documents cannot hold (images, forms other than fields of signatures, actions, layers, embedded files, encryption) must
be absent, so that the clauses about them need no finer test. See docs/decisions/0012-pdfa-is-checked-by-clause.md.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree import ElementTree as ET

from fontTools.ttLib import TTFont
from pypdf import PdfReader
from pypdf.generic import ArrayObject, ContentStream, DictionaryObject, IndirectObject, NameObject, StreamObject

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_PDFAID = "{http://www.aiim.org/pdfa/ns/id/}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_XMP = "{http://ns.adobe.com/xap/1.0/}"
_FORBIDDEN_KEYS = {
    "/AA": "6.5.2 additional actions",
    "/EF": "6.8 an embedded file",
    "/OCProperties": "6.9 optional content",
    "/XFA": "6.4.2 an XFA form",
    "/NeedAppearances": "6.4.1 appearances left to the reader",
    "/Alternates": "6.2.8 an alternate image",
    "/OPI": "6.2.9 an OPI reference",
    "/TR": "6.2.5 a transfer function",
    "/HTP": "6.2.5 a halftone",
}
_ACTIONS = (
    "/Launch",
    "/Sound",
    "/Movie",
    "/ResetForm",
    "/ImportData",
    "/Hide",
    "/SetOCGState",
    "/Rendition",
    "/Trans",
    "/GoTo3DView",
    "/JavaScript",
    "/URI",
    "/SubmitForm",
    "/GoToR",
)
_FILTERS = (
    "/FlateDecode",
    "/ASCIIHexDecode",
    "/ASCII85Decode",
    "/RunLengthDecode",
    "/DCTDecode",
    "/CCITTFaxDecode",
    "/JPXDecode",
)
_OPERATORS = set(
    b"BT ET Tf Tm Td TD T* Tj TJ ' \" Tc Tw Tz TL Tr Ts q Q cm w J j M d ri i gs m l c v y h re S s f F f* B B* b b* n W W* CS cs SC SCN sc scn G g RG rg K k sh Do BMC BDC EMC BX EX MP DP d0 d1 BI ID EI".split()
)


def findings(data: bytes) -> list[str]:
    """What breaks PDF/A-2 in a file, each with its clause; empty for a good one."""
    reader = PdfReader(io.BytesIO(data))
    return [text for check in CHECKS for text in check(data, reader)]


def _root(reader: PdfReader) -> DictionaryObject:
    return reader.root_object


def _objects(reader: PdfReader) -> Iterator[Any]:
    """Every object that the root, the info dictionary and the trailer lead to, once."""
    seen: set[int] = set()
    waiting: list[Any] = [reader.trailer]
    while waiting:
        item = waiting.pop()
        if isinstance(item, IndirectObject):
            if item.idnum in seen:
                continue
            seen.add(item.idnum)
            item = item.get_object()
        if isinstance(item, DictionaryObject):
            yield item
            waiting.extend(dict.values(item))  # as they stand in the file: references are followed once
        elif isinstance(item, ArrayObject):
            waiting.extend(list.__iter__(item))
        else:
            yield item


def _file(data: bytes, reader: PdfReader) -> Iterator[str]:
    if not re.match(rb"%PDF-1\.[0-7]\r?\n%[\x80-\xff]{4}", data):
        yield "6.1.2 header: no version 1.n, or no line of four bytes above 127 after it"
    if "/Encrypt" in reader.trailer:
        yield "6.1.3 trailer: the file is encrypted"
    identifiers = reader.trailer.get("/ID")
    if not isinstance(identifiers, ArrayObject) or len(identifiers) != 2:
        yield "6.1.3 trailer: no identifier"
    if data.rstrip(b"\r\n")[-5:] != b"%%EOF":
        yield "6.1.3 trailer: bytes after the end of the file"


def _streams(_data: bytes, reader: PdfReader) -> Iterator[str]:
    for item in _objects(reader):
        if not isinstance(item, StreamObject):
            continue
        if {"/F", "/FFilter", "/FDecodeParms"} & set(item):
            yield "6.1.7.1 a stream lies outside of the file"
        filters = item.get("/Filter", [])
        for name in filters if isinstance(filters, ArrayObject) else [filters] if filters else []:
            if name not in _FILTERS:
                yield f"6.1.7.2 filter {name}"


def _limits(_data: bytes, reader: PdfReader) -> Iterator[str]:
    for item in _objects(reader):
        if (isinstance(item, NameObject) and len(item.encode()) > 127) or (
            isinstance(item, str) and len(item.encode()) > 32767
        ):
            yield "6.1.13 a name or a string is too long"


def _keys(_data: bytes, reader: PdfReader) -> Iterator[str]:
    for item in _objects(reader):
        if isinstance(item, DictionaryObject):
            yield from (clause for key, clause in _FORBIDDEN_KEYS.items() if key in item)
            yield from _object(item)
    names: Any = _root(reader).get("/Names", {})
    if {"/JavaScript", "/EmbeddedFiles", "/AlternatePresentations"} & set(names):
        yield "6.10 scripts, files or alternate presentations"


def _object(item: DictionaryObject) -> Iterator[str]:
    if item.get("/S") in _ACTIONS:
        yield f"6.5.1 action {item['/S']}"
    if item.get("/Subtype") == "/PS" or (item.get("/Type") == "/XObject" and "/Ref" in item):
        yield "6.2.9 a PostScript or a reference XObject"
    if item.get("/Subtype") == "/Image":
        yield "6.2.8 an image: our documents have none"
    if item.get("/Type") == "/Annot" and item.get("/FT") == "/Sig":
        yield from _signature_field(item)
    elif item.get("/Type") == "/Annot" and item.get("/Subtype") != "/Link":
        yield f"6.3.1 annotation {item.get('/Subtype')}"
    if item.get("/BM", "/Normal") not in ("/Normal", "/Compatible") or isinstance(item.get("/SMask"), DictionaryObject):
        yield "6.2.10 transparency"


def _signature_field(item: Any) -> Iterator[str]:
    """A person's signature: a field that takes no place on the page, does nothing, and signs all but itself."""
    flags = int(item.get("/F", 0))
    if not flags & 0b100 or flags & 0b100011:  # Print; Invisible, Hidden, NoView
        yield "6.3.2 a signature's field is not printed"
    if "/AP" not in item and any(item["/Rect"]):
        yield "6.3.3 a signature's field takes place and has no appearance"
    if "/A" in item:
        yield "6.4.1 a field with an action"
    value = item["/V"].get_object()
    start, length, rest, _end = value["/ByteRange"]
    if start != 0 or rest - length != 2 + 2 * len(value["/Contents"].original_bytes):
        yield "6.4.3 a signature that does not cover all but itself"


def _colours(_data: bytes, reader: PdfReader) -> Iterator[str]:
    intents = [item.get_object() for item in _root(reader).get("/OutputIntents", [])]
    found = [item for item in intents if item.get("/S") == "/GTS_PDFA1"]
    if len(found) != 1:
        yield "6.2.3 not one output intent"
        return
    profile = found[0]["/DestOutputProfile"].get_object()
    icc = profile.get_data()
    if icc[36:40] != b"acsp" or icc[16:20] != b"RGB " or profile.get("/N") != 3 or icc[12:16] not in (b"mntr", b"prtr"):
        yield "6.2.3 the output intent has no RGB profile"
    for page in reader.pages:
        for operands, operator in ContentStream(page.get_contents(), reader).operations:
            if operator in (b"k", b"K"):
                yield "6.2.4.3 CMYK colours without a CMYK output intent"
            if operator not in _OPERATORS:
                yield f"6.2.2 operator {operator!r}"
            if operator == b"ri" and operands[0] not in (
                "/RelativeColorimetric",
                "/AbsoluteColorimetric",
                "/Perceptual",
                "/Saturation",
            ):
                yield "6.2.6 rendering intent"


def _fonts(_data: bytes, reader: PdfReader) -> Iterator[str]:
    seen = set()
    for page in reader.pages:
        resources: Any = page["/Resources"]
        for font in (item.get_object() for item in resources.get("/Font", {}).values()):
            if id(font) not in seen:
                seen.add(id(font))
                yield from _font(font)


def _font(font: Any) -> Iterator[str]:
    name = font.get("/BaseFont")
    if "/ToUnicode" not in font:
        yield f"6.2.11.7 {name} has no map to Unicode"
    elif re.search(rb"<(0000|FEFF|FFFE)>\s*$", font["/ToUnicode"].get_data(), re.MULTILINE | re.IGNORECASE):
        yield f"6.2.11.7 {name} maps a glyph to no character"
    if font.get("/Subtype") != "/Type0" or font.get("/Encoding") != "/Identity-H":
        yield f"6.2.11.3 {name} is not what this check knows (Type0, Identity-H)"
        return
    child = font["/DescendantFonts"][0].get_object()
    descriptor = child["/FontDescriptor"].get_object()
    file: Any = descriptor.get("/FontFile2") or descriptor.get("/FontFile3")
    if file is None:
        yield f"6.2.11.4.1 {name} is not embedded"
        return
    if child.get("/Subtype") == "/CIDFontType2" and "/CIDToGIDMap" not in child:
        yield f"6.2.11.3.2 {name} has no CIDToGIDMap"
    yield from _widths(name, child, file.get_object().get_data())


def _widths(name: str, child: Any, data: bytes) -> Iterator[str]:
    """Widths of the dictionary against those of the font program (6.2.11.5): at most one unit of a thousand apart."""
    with TTFont(io.BytesIO(data), lazy=False) as font:
        units = font["head"].unitsPerEm
        metrics, order = font["hmtx"], font.getGlyphOrder()
    rows: list[Any] = list(child.get("/W", []))
    for first, widths in zip(rows[::2], rows[1::2], strict=False):
        for glyph, width in enumerate(_resolved(widths), int(first)):
            if glyph >= len(order) or abs(metrics[order[glyph]][0] * 1000 / units - float(width)) > 1:
                yield f"6.2.11.5 {name}: width of glyph {glyph}"


def _resolved(value: Any) -> Any:
    return value.get_object() if isinstance(value, IndirectObject) else value


def _glyphs(_data: bytes, reader: PdfReader) -> Iterator[str]:
    """No text with the glyph for "unknown" (6.2.11.8): glyph 0 in two-byte codes."""
    for page in reader.pages:
        for operands, operator in ContentStream(page.get_contents(), reader).operations:
            shown = operands[0] if operator == b"TJ" else operands if operator == b"Tj" else []
            for text in shown:
                raw = getattr(text, "original_bytes", b"")
                if any(raw[i : i + 2] == b"\0\0" for i in range(0, len(raw), 2)):
                    yield "6.2.11.8 text with the glyph for an unknown character"


def _metadata(_data: bytes, reader: PdfReader) -> Iterator[str]:
    stream: Any = _root(reader).get("/Metadata")
    if stream is None:
        yield "6.6.2.1 no XMP metadata"
        return
    try:
        tree = ET.fromstring(stream.get_object().get_data().strip())  # noqa: S314 - our own file
    except ET.ParseError as error:
        yield f"6.6.2.1 XMP: {error}"
        return
    values = {
        key: value
        for node in tree.iter(f"{_RDF}Description")
        for key, value in [*node.attrib.items(), *((c.tag, "".join(c.itertext()).strip()) for c in node)]
    }
    if (values.get(f"{_PDFAID}part"), values.get(f"{_PDFAID}conformance")) not in {("2", "A"), ("2", "U"), ("2", "B")}:
        yield "6.6.4 the XMP metadata does not say PDF/A-2"
    info: Any = reader.metadata or {}
    pairs = (("/Title", f"{_DC}title"), ("/Subject", f"{_DC}description"), ("/Creator", f"{_XMP}CreatorTool"))
    for key, name in pairs:
        if key in info and info[key] != values.get(name):
            yield f"6.6.3 {key} differs from XMP"


def _structure(_data: bytes, reader: PdfReader) -> Iterator[str]:
    root = _root(reader)
    if not root.get("/MarkInfo", {}).get("/Marked"):
        yield "6.7.2 the file is not marked as tagged"
    if "/StructTreeRoot" not in root:
        yield "6.7.3 no structure"
    if not re.fullmatch(r"[a-z]{2}(-[A-Z]{2})?", str(root.get("/Lang", ""))):
        yield "6.7.4 no language"
    for page in reader.pages:
        if "/StructParents" not in page:
            yield "6.7.3 a page is not in the structure"


CHECKS: tuple[Callable[[bytes, PdfReader], Iterator[str]], ...] = (
    _file, _streams, _limits, _keys, _colours, _fonts, _glyphs, _metadata, _structure,
)  # fmt: skip
