"""A whole day in a courtroom in a real browser: ``python -m bench.whole_day [--hands mouse] [--pictures docs/screenshots]``.

The demo's own processes; forty cases imported, three hearings held (civil in Russian, administrative in Kazakh with a part in camera,
criminal with a break, the deliberation room and another day), reviewed, signed by two people, a remark filed and decided, a reconciliation
without a finding. Once by mouse at 1280 pixels, once by keyboard alone at 390. Every page that has an address is looked at in Kazakh, Russian
and English at both widths, its states as they come: axe finds nothing, nothing sticks out to the side. The script is tests/support/day_script.py.

Held so far piece by piece, not yet in one go on a quiet machine: so no test runs it. With ``--pictures`` what was seen is kept as ``PAGE-LANGUAGE-WIDTH.png``. The exit status is not 0 if anything went wrong.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.support.browser import CHROMIUM, FLAGS
from tests.support.day_court import courthouse
from tests.support.day_people import Keys, Mouse
from tests.support.day_script import records_verify, whole_day

HANDS: dict[str, tuple[type[Mouse | Keys], str, int]] = {"mouse": (Mouse, "ru", 1280), "keys": (Keys, "kk", 390)}
#: Languages and widths in which a page is looked at once more; the person's own is left out.
LOOKS = tuple((language, width) for language in ("kk", "ru", "en") for width in (1280, 390))
#: Pictures that docs show, in every language and width, and in three of them; the others are looked at and not kept.
EVERYWHERE = ("day-morning", "recording-civil", "review")
ELSEWHERE = (
    "import", "prepare-c01", "ready-c01", "in-camera", "question-closed", "question-adjourn", "deliberation", "finished-civil", "quality", "protocol",
    "to-sign", "certified", "remark-reviewed", "deadlines", "reconciliation",
)  # fmt: skip
THREE = (("ru", 1280), ("kk", 390), ("en", 1280))
#: Pixels, and how many colours a picture has: docs stay small.
MOST_HEIGHT = 1500
COLOURS = 96


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--hands", choices=("mouse", "keys", "both"), default="both")
    arguments.add_argument("--pictures", type=Path, help="folder for what was seen")
    given = arguments.parse_args()
    chosen = list(HANDS) if given.hands == "both" else [given.hands]
    with tempfile.TemporaryDirectory(prefix="hattama-day-") as place, sync_playwright() as playwright:
        for name in ("STATE", "CONFIG", "CACHE", "DATA"):
            os.environ[f"XDG_{name}_HOME"] = str(Path(place) / "home" / name.lower())
        # The key client's certificate is known to its own computer only.
        flags = [*FLAGS, "--ignore-certificate-errors"]
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=flags)
        for one in chosen:
            took, looks = _day(browser, Path(place) / one, one, given.pictures)
            print(f"{one}: the day took {took:.0f} s; {looks} looks, axe found nothing, nothing stuck out")
        browser.close()
    return 0


def _day(browser: Any, folder: Path, name: str, pictures: Path | None) -> tuple[float, int]:
    hands, language, width = HANDS[name]
    looks = 0

    def picture(page: Any, what: str, tongue: str, wide: int) -> None:
        nonlocal looks
        looks += 1
        if pictures is not None and (what in EVERYWHERE or (what in ELSEWHERE and (tongue, wide) in THREE)):
            keep(page, pictures / f"{what}-{tongue}-{wide}.png")

    def others(own: str) -> tuple[tuple[str, int], ...]:
        """The mouse's day has every other look; the keyboard's its own."""
        return tuple(look for look in LOOKS if look != (own, width)) if name == "mouse" else ()

    with courthouse(folder) as court:
        secretary = hands(browser, court, language, width, picture=picture, others=others(language))
        judge = hands(browser, court, "en", width, picture=picture, others=others("en"))
        begin = time.monotonic()
        held = whole_day(court, secretary, judge)
        took = time.monotonic() - begin
        records_verify(court, held)
        secretary.leave()
        judge.leave()
    return took, looks


def keep(page: Any, path: Path) -> None:
    """Write a picture in few colours, a long page cut."""
    asks = page.query_selector("dialog[open]") is not None
    if not asks:
        page.evaluate("scrollTo(0, 0)")
    image = Image.open(io.BytesIO(page.screenshot(full_page=not asks))).convert("RGB")
    image = image.crop((0, 0, image.width, min(image.height, MOST_HEIGHT)))
    path.parent.mkdir(parents=True, exist_ok=True)
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
