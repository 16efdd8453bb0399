"""A whole day in a courtroom in a real browser: ``python -m bench.whole_day [--hands mouse] [--pictures docs/screenshots]``.

The demo's own processes; forty cases imported, three hearings held (civil in Russian, administrative in Kazakh with a part in camera,
criminal with a break, the deliberation room and another day), reviewed, signed by two people, a remark filed and decided, a reconciliation
without a finding. Once by mouse, once by keyboard alone; of the two people one has a wide and one a narrow window. In the mouse's day every page
that has an address is looked at once more in Kazakh, Russian and English at both widths (not with ``--own``), its states as they come: axe finds
nothing, nothing sticks out to the side. The script is tests/support/day_script.py.

With ``--pictures`` what was seen is kept as ``PAGE-LANGUAGE-WIDTH.png``. The exit status is not 0 if anything went wrong; what both saw last and
what the processes said is then left in test-output/whole-day.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from tests.support.browser import chromium
from tests.support.day_court import Courthouse, courthouse
from tests.support.day_people import Keys, Mouse, Person
from tests.support.day_script import records_verify, short_day, whole_day

#: A day's script: the court, the secretary, the judge; identifiers of the hearings.
Script = Callable[[Courthouse, Person, Person], list[str]]
#: Language and width of a person's pages.
Look = tuple[str, int]
#: Whose hands do the day, what the secretary sees, what the judge sees.
HANDS: dict[str, tuple[type[Mouse | Keys], Look, Look]] = {
    "mouse": (Mouse, ("ru", 1280), ("en", 390)),
    "keys": (Keys, ("kk", 390), ("ru", 1280)),
}
#: Languages and widths in which a page is looked at once more; the person's own is left out.
LOOKS: tuple[Look, ...] = tuple((language, width) for language in ("kk", "ru", "en") for width in (1280, 390))
#: Pictures that docs show, in every language and width, and in three of them; the others are looked at and not kept.
EVERYWHERE = ("day-morning", "recording-civil", "review")
ELSEWHERE = (
    "import", "prepare-c01", "ready-c01", "in-camera", "question-closed", "question-adjourn", "deliberation", "finished-civil", "quality", "protocol",
    "to-sign", "certified", "remark-reviewed", "deadlines", "reconciliation",
)  # fmt: skip
THREE = (("ru", 1280), ("kk", 390), ("en", 390))
#: Where what was seen last lies when something went wrong.
FAILED = Path(__file__).parents[1] / "test-output" / "whole-day"
#: Pixels, and how many colours a picture has: docs stay small.
MOST_HEIGHT = 1500
COLOURS = 96


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--hands", choices=("mouse", "keys", "both"), default="both")
    arguments.add_argument("--pictures", type=Path, help="folder for what was seen")
    arguments.add_argument("--short", action="store_true", help="one hearing instead of three")
    arguments.add_argument("--own", action="store_true", help="each page in its person's own language and width only")
    given = arguments.parse_args()
    chosen = list(HANDS) if given.hands == "both" else [given.hands]
    # The key client's certificate is known to its own computer only.
    with (
        tempfile.TemporaryDirectory(prefix="hattama-day-") as place,
        chromium("--ignore-certificate-errors") as browser,
    ):
        for name in ("STATE", "CONFIG", "CACHE", "DATA"):
            os.environ[f"XDG_{name}_HOME"] = str(Path(place) / "home" / name.lower())
        for one in chosen:
            day = short_day if given.short else whole_day
            took, looks = _day(browser, Path(place) / one, one, given.pictures, day, everywhere=not given.own)
            print(f"{one}: the day took {took:.0f} s; {looks} looks, axe found nothing, nothing stuck out")
    return 0


def _day(
    browser: Any, folder: Path, name: str, pictures: Path | None, day: Script, *, everywhere: bool
) -> tuple[float, int]:
    hands, *seen = HANDS[name]
    looks = 0

    def picture(page: Any, what: str, tongue: str, wide: int) -> None:
        nonlocal looks
        looks += 1
        if pictures is not None and (what in EVERYWHERE or (what in ELSEWHERE and (tongue, wide) in THREE)):
            keep(page, pictures / f"{what}-{tongue}-{wide}.png")

    def others(own: Look) -> tuple[Look, ...]:
        """The mouse's day has every other look; the keyboard's its own."""
        return tuple(look for look in LOOKS if look != own) if name == "mouse" and everywhere else ()

    with courthouse(folder) as court:
        secretary, judge = (hands(browser, court, *own, picture=picture, others=others(own)) for own in seen)
        begin = time.monotonic()
        try:
            held = day(court, secretary, judge)
        except BaseException:
            _what_was_there(court, FAILED / name, {"secretary": secretary, "judge": judge})
            raise
        took = time.monotonic() - begin
        records_verify(court, held)
        secretary.leave()
        judge.leave()
    return took, looks


def _what_was_there(court: Courthouse, place: Path, people: dict[str, Person]) -> None:
    """Something went wrong: keep what both saw, and what the processes said."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for name, person in people.items():
        print(
            f"{name}: {person.page.url}: {person.told()}; {person.faults}",
            *person.asked[-12:],
            sep="\n  ",
            file=sys.stderr,
        )
        person.page.screenshot(path=str(place / f"{name}.png"), full_page=True)
    shutil.copytree(court.folder / "logs", place / "logs")
    print(f"kept: {place}", file=sys.stderr)


def keep(page: Any, path: Path) -> None:
    """Write a picture in few colours, a long page cut."""
    asks = page.query_selector("dialog[open]") is not None
    at = page.evaluate("scrollY")
    if not asks:
        page.evaluate("scrollTo(0, 0)")
    image = Image.open(io.BytesIO(page.screenshot(full_page=not asks))).convert("RGB")
    page.evaluate("at => scrollTo(0, at)", at)
    image = image.crop((0, 0, image.width, min(image.height, MOST_HEIGHT)))
    path.parent.mkdir(parents=True, exist_ok=True)
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
