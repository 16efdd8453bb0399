"""A document's HTML as PDF/A (ISO 19005-2, level A: tagged, fonts embedded, text extractable).

The letters come from one font family that is embedded whole or in part, so that the page looks the same in ten years. A
character that the font lacks is shown as ``[U+1F600]``: a reader of a court document must see what is there.
"""

from __future__ import annotations

import io
from functools import cache
from importlib.resources import files
from pathlib import Path

from fontTools.ttLib import TTFont
from weasyprint import HTML
from weasyprint.css import ColorProfile
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from protocol.paper.errors import FontMissing, OutsideResource

#: Where Debian's package fonts-croscore puts Tinos (the letters of Times, with the Kazakh ones, which Debian's Liberation
#: fonts lack) and Cousine.
FONTS = Path("/usr/share/fonts/truetype/croscore")
_FACES = (
    ("Court Serif", "normal", "normal", "Tinos-Regular.ttf"),
    ("Court Serif", "bold", "normal", "Tinos-Bold.ttf"),
    ("Court Serif", "normal", "italic", "Tinos-Italic.ttf"),
    ("Court Mono", "normal", "normal", "Cousine-Regular.ttf"),
)
_FONT_ADDRESS = "court-font:"
_COLOURS = "court-srgb"
PDF_VARIANT = "pdf/a-2a"


def render_pdf(html: str, *, fonts: Path = FONTS) -> bytes:
    """PDF/A (ISO 19005-2, level A: tagged, fonts embedded, text extractable) of a text of :func:`protocol.paper.as_html.render_html`.

    Args:
        html: the document.
        fonts: folder of the fonts Tinos and Cousine.

    Raises:
        FontMissing: a font file is not there.
        OutsideResource: the document refers to something.
    """
    fetcher = _Fonts(fonts)
    config = FontConfiguration()
    document = HTML(string=f"<style>{_faces()}</style>" + _drawable(html, fonts), base_url=None, url_fetcher=fetcher)
    pdf: bytes = document.write_pdf(
        font_config=config, pdf_variant=PDF_VARIANT, color_profiles={_COLOURS: _colours()}, output_intent=_COLOURS
    )
    if fetcher.refused:
        raise OutsideResource(f"the document refers to {fetcher.refused[0][:200]}")
    return pdf


def _faces() -> str:
    return "".join(
        f"@font-face {{ font-family: '{family}'; font-weight: {weight}; font-style: {style}; src: url('{_FONT_ADDRESS}{file}') }}\n"
        for family, weight, style, file in _FACES
    )


def _colours() -> ColorProfile:
    """WeasyPrint's sRGB profile, read from memory: given no profile, it opens the file and leaves it open."""
    data = files("weasyprint.pdf").joinpath("sRGB2014.icc").read_bytes()
    return ColorProfile(io.BytesIO(data), "sRGB2014.icc", "relative-colorimetric", (["r"], ["g"], ["b"]))


class _Fonts(URLFetcher):  # type: ignore[misc]
    """Gives the font files by name and refuses every other address."""

    def __init__(self, folder: Path) -> None:
        super().__init__(allowed_protocols=())
        self._files = {f"{_FONT_ADDRESS}{file}": folder / file for *_face, file in _FACES}
        self.refused: list[str] = []

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:  # noqa: ARG002 - the library's
        """A font file's bytes."""
        if url not in self._files:
            self.refused.append(url)
            raise OutsideResource(f"refused: {url[:200]}")
        return URLFetcherResponse(url, _read(self._files[url]), {"Content-Type": "font/ttf"})


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FontMissing(f"{path}: {error.strerror}") from error


@cache
def _letters(fonts: Path) -> frozenset[int]:
    """Code points that every face can draw."""
    tables = [TTFont(io.BytesIO(_read(fonts / file)), lazy=True).getBestCmap() for *_face, file in _FACES]
    return frozenset(set(tables[0]).intersection(*tables[1:]))


def _drawable(html: str, fonts: Path) -> str:
    """The text with characters that the fonts lack written as code points (PDF/A forbids a glyph for "unknown")."""
    letters = _letters(fonts)
    unknown = {ord(c) for c in set(html)} - letters - {ord(c) for c in "\n\t\r"}
    return html.translate({number: f"[U+{number:04X}]" for number in unknown})
