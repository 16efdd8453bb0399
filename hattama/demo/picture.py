"""What the demo's cameras see: a drawn courtroom with people who move, the court's name, and a clock that shows each frame.

The clock is part of the picture, not of the player: it lets anyone check with their own eyes that what is replayed is what was
recorded, at the time that the record says.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 640, 360
COURT_TIME = timezone(timedelta(hours=5))  # Kazakhstan has one time zone since 2024

_WALL, _PANEL, _WOOD, _DARK, _FLOOR = (222, 214, 200), (203, 190, 168), (139, 94, 60), (96, 62, 38), (172, 150, 122)
_SKIN = ((236, 200, 168), (214, 170, 130), (226, 186, 150), (200, 160, 124))
_ROBE, _HAIR = (34, 40, 62), (52, 40, 34)
_FONT = "DejaVuSans.ttf"


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    try:
        return ImageFont.truetype(_FONT, size)
    except OSError:  # fonts-dejavu-core is not there: Pillow's own face has digits and Latin letters
        return ImageFont.load_default(size)


class Picture:
    """One camera's view, frame by frame.

    Args:
        view: ``bench`` (the judge and the secretary) or ``room`` (the tables of the parties).
        court: the court's name, shown in the picture.
    """

    def __init__(self, view: str, court: str) -> None:
        self._people = {"bench": _bench_people, "room": _room_people}[view]
        self._still = Image.new("RGB", (WIDTH, HEIGHT), _WALL)
        draw = ImageDraw.Draw(self._still)
        {"bench": _bench, "room": _room}[view](draw)
        draw.rectangle((0, 0, WIDTH, 30), fill=(24, 28, 40))
        draw.text((10, 6), f"{court} · {view}", font=_font(15), fill="white")
        draw.text((WIDTH - 10, 7), "DEMO", font=_font(14), fill=(255, 190, 70), anchor="ra")
        self._large, self._small = _font(30), _font(13)

    def frame(self, number: int, at: datetime) -> Image.Image:
        """The picture (RGB, 640 × 360) at the moment ``at``; ``number`` counts frames from 0."""
        image = self._still.copy()
        draw = ImageDraw.Draw(image)
        self._people(draw, at.timestamp())
        local = at.astimezone(COURT_TIME)
        draw.rectangle((0, HEIGHT - 44, 316, HEIGHT), fill=(16, 18, 26))
        draw.text((10, HEIGHT - 40), f"{local:%H:%M:%S}.{local.microsecond // 100_000}", font=self._large, fill=(120, 255, 150))
        draw.text((180, HEIGHT - 39), f"{local:%Y-%m-%d} UTC+5", font=self._small, fill="white")
        draw.text((180, HEIGHT - 21), f"frame {number:06d}", font=self._small, fill="white")
        return image


def _bench(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((0, 300, WIDTH, HEIGHT), fill=_FLOOR)
    for left in range(20, WIDTH, 124):
        draw.rectangle((left, 50, left + 104, 210), fill=_PANEL, outline=_DARK)
    draw.ellipse((285, 48, 355, 118), fill=(64, 150, 190), outline=(230, 190, 80), width=5)  # a disc, no real emblem
    draw.polygon([(320, 62), (344, 104), (296, 104)], fill=(230, 190, 80))
    draw.rectangle((284, 130, 356, 230), fill=_DARK)


def _bench_people(draw: ImageDraw.ImageDraw, seconds: float) -> None:
    _person(draw, 320, 168, 34, _SKIN[0], _ROBE, seconds, 0.0)
    _person(draw, 140, 210, 26, _SKIN[1], (92, 58, 74), seconds, 1.7)
    draw.polygon([(150, 230), (490, 230), (520, 312), (120, 312)], fill=_WOOD, outline=_DARK)
    draw.rectangle((60, 262, 220, 312), fill=_DARK)
    _hammer(draw, 420, 224, seconds)
    draw.line((320, 229, 320, 205), fill=(30, 30, 30), width=3)
    draw.ellipse((315, 196, 325, 210), fill=(30, 30, 30))


def _room(draw: ImageDraw.ImageDraw) -> None:
    draw.polygon([(0, 230), (WIDTH, 230), (WIDTH, HEIGHT), (0, HEIGHT)], fill=_FLOOR)
    for left in (40, 180, 390, 530):
        draw.rectangle((left, 60, left + 80, 150), fill=(186, 214, 232), outline=_DARK, width=3)
        draw.line((left + 40, 60, left + 40, 150), fill=_DARK, width=2)
    draw.rectangle((0, 196, WIDTH, 206), fill=_DARK)
    for left in range(8, WIDTH, 26):
        draw.line((left, 206, left, 232), fill=_DARK, width=3)


def _room_people(draw: ImageDraw.ImageDraw, seconds: float) -> None:
    walker = int((seconds * 40) % (WIDTH + 80)) - 40  # the usher walks through, so that the picture is never still
    _person(draw, walker, 176, 15, _SKIN[2], (40, 60, 50), seconds * 2, 0.0)
    draw.rectangle((0, 196, WIDTH, 206), fill=_DARK)
    places = ((110, 208, 0.4), (210, 212, 2.1), (430, 208, 1.2), (540, 214, 3.3))
    for number, (x, y, phase) in enumerate(places):
        _person(draw, x, y, 27, _SKIN[number], ((70, 86, 104), (104, 76, 60), (60, 92, 80), (88, 72, 108))[number], seconds, phase)
    for left in (50, 370):
        draw.polygon([(left, 262), (left + 230, 262), (left + 245, 318), (left - 15, 318)], fill=_WOOD, outline=_DARK)
        draw.line((left + 60, 261, left + 60, 240), fill=(30, 30, 30), width=3)


def _person(
    draw: ImageDraw.ImageDraw, x: int, y: int, size: int, skin: tuple[int, ...], cloth: tuple[int, ...], seconds: float, phase: float
) -> None:
    """A head and shoulders that sway a little; the mouth opens and closes."""
    x += round(size * 0.12 * math.sin(seconds * 1.3 + phase))
    y += round(size * 0.06 * math.sin(seconds * 2.1 + 2 * phase))
    draw.ellipse((x - size * 1.35, y + size * 0.8, x + size * 1.35, y + size * 3.4), fill=cloth)
    draw.ellipse((x - size * 0.85, y - size * 1.15, x + size * 0.85, y + size * 0.6), fill=_HAIR)
    draw.ellipse((x - size * 0.75, y - size * 0.95, x + size * 0.75, y + size), fill=skin)
    for side in (-1, 1):
        eye = x + side * size * 0.3
        draw.ellipse((eye - 2, y - size * 0.15 - 2, eye + 2, y - size * 0.15 + 2), fill=(30, 24, 20))
    open_ = size * 0.1 * (1 + math.sin(seconds * 9 + phase * 5)) * (math.sin(seconds * 0.9 + phase) > 0)
    draw.ellipse((x - size * 0.25, y + size * 0.5 - open_, x + size * 0.25, y + size * 0.56 + open_), fill=(140, 60, 60))


def _hammer(draw: ImageDraw.ImageDraw, x: int, y: int, seconds: float) -> None:
    angle = 0.35 + 0.15 * math.sin(seconds * 0.7)
    end = (x + round(34 * math.cos(angle)), y - round(34 * math.sin(angle)))
    draw.line((x, y, *end), fill=_DARK, width=4)
    draw.ellipse((end[0] - 8, end[1] - 8, end[0] + 8, end[1] + 8), fill=_DARK)


