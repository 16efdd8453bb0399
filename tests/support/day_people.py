"""A person at a browser whose hands are the mouse, or the keyboard and nothing else: one day is told once and done both ways.

``Mouse`` points at what is there and clicks; ``Keys`` only presses keys: it goes to a place with Tab (or Shift+Tab), and where it comes
the focus has to be seen. Neither calls a page's script to act; scripts are read only, to see what the page shows.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.console.test_browser import AXE, LOCALES, Visit

#: Tab presses after which a place counts as not reachable; the day's list alone has forty links.
MOST_TABS = 150
#: Bounds what hangs: a signature is checked in two seconds, and took two minutes on a machine with load 17.
PATIENCE_MS = 600_000
#: Picture of a look: the page, what it is called, a language, a width.
Picture = Callable[[Any, str, str, int], None]
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_WRONG = (
    "tags => axe.run(document, {runOnly: tags}).then(r => r.violations.map("
    "v => [v.id, v.nodes.map(n => n.html.slice(0, 160) + ' ' + n.any.map(a => a.message).join('; '))]))"
)
#: What has the focus: whether it is the place, whether it is seen, what it is.
_FOCUS = """where => {
  const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  return {
    there: one.matches(where), ring: ring || style.boxShadow !== "none",
    seen: box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    what: one.outerHTML.slice(0, 160),
  };
}"""


#: Whether the place stands before what has the focus.
_BEFORE = """where => Boolean(
  document.activeElement.compareDocumentPosition(document.querySelector(where)) & Node.DOCUMENT_POSITION_PRECEDING
)"""


class Person(Visit):
    """Somebody who is at work: what both kinds of hands can do alike.

    Args:
        browser: the browser.
        served: has the console's address.
        language: of the pages.
        width: of the window, pixels.
        picture: keeps a picture of a look, if pictures are wanted.
        others: more languages and widths in which each page that has an address of its own is looked at.
    """

    def __init__(
        self,
        browser: Any,
        served: Any,
        language: str,
        width: int,
        *,
        picture: Picture | None = None,
        others: tuple[tuple[str, int], ...] = (),
    ) -> None:
        super().__init__(browser, served, language, width)
        self._browser = browser
        self.language, self._width = language, width
        self._address = served.address
        self._picture = picture
        self._others = others
        #: What the browser asked for and got, for who looks at a day that went wrong.
        self.asked: list[str] = []
        self._listen()
        self.page.set_default_timeout(PATIENCE_MS)

    def _listen(self) -> None:
        started = time.monotonic()

        def asked(word: str, request: Any) -> None:
            if "/static/" not in request.url and "/api/" not in request.url:
                at = f"{time.monotonic() - started:.1f} s"
                self.asked.append(f"{at} {word} {request.method} {request.url.removeprefix(self._address)}")

        self.page.on("request", lambda one: asked("asks", one))
        self.page.on("requestfinished", lambda one: asked("got", one))
        self.page.on("requestfailed", lambda one: asked("failed", one))

    def enter(self, name: str, password: str) -> None:
        """Sign in."""
        self.page.goto("/")
        self.write("[name=name]", name)
        self.write("[name=password]", password)
        self.press("Enter")
        self.see(".top .me")

    def see(self, where: str) -> None:
        """Wait until it is there."""
        self.page.wait_for_selector(where)

    def act(self, where: str) -> None:
        """Press a button, follow a link."""
        raise NotImplementedError

    def follow(self, where: str) -> None:
        """Press or follow what leads to another page."""
        with self.page.expect_navigation():
            self.act(where)

    def told(self) -> list[str]:
        """What the page tells by itself: alerts and states."""
        self.page.wait_for_load_state()
        shown = self.page.locator("[role=alert]:visible, [role=status]:visible").all_inner_texts()
        return [text.strip() for text in shown if text.strip()]

    def follow_to_window(self, where: str) -> None:
        """Follow what opens a window of its own, and go on there."""
        with self.context.expect_page() as opened:
            self.act(where)
        self.page.close()
        self.page = opened.value
        self.page.set_default_timeout(PATIENCE_MS)
        self.watch()

    def write(self, where: str, text: str) -> None:
        """Write into a box, in the place of what stands there."""
        self._into(where)
        self.press("Control+a")
        self.type(text)

    def _into(self, where: str) -> None:
        raise NotImplementedError

    def tick(self, where: str) -> None:
        """Choose one of several, or tick a box."""
        raise NotImplementedError

    def give(self, where: str, file: Path) -> None:
        """Give a file."""
        with self.page.expect_file_chooser() as chooser:
            self.act(where)
        chooser.value.set_files(str(file))

    def mark(self, key: str, code: str) -> None:
        """Mark a stage."""
        raise NotImplementedError

    def order(self, key: str, act: str) -> None:
        """Start, pause, resume, stop."""
        raise NotImplementedError

    def watch(self) -> None:
        """Keep what goes wrong in this window, too."""
        self.page.on("console", lambda one: self.faults.append(one.text) if one.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", lambda request: self._asked(request.url, self._address))
        self._listen()

    def look(self, what: str, *, lasting: bool = True) -> None:
        """What is there has no violation of WCAG 2.2 A and AA and nothing sticks out; ``lasting``: its address shows the same again."""
        self.page.wait_for_timeout(200)
        self._judge(self.page, what, self.language, self._width)
        for language, width in self._others if lasting else ():
            context = self._browser.new_context(
                locale=LOCALES[language],
                viewport={"width": width, "height": 900},
                storage_state=self.context.storage_state(),
                base_url=self._address,
            )
            context.add_cookies([{"name": "hattama-language", "value": language, "url": self._address}])
            page = context.new_page()
            page.goto(self.page.url)
            page.wait_for_load_state("load")
            page.wait_for_timeout(1200)
            self._judge(page, what, language, width)
            context.close()

    def _judge(self, page: Any, what: str, language: str, width: int) -> None:
        where = f"{what} {language} {width}"
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if self._picture is not None:
            self._picture(page, what, language, width)
        assert over <= 0, f"{where}: {over} px stick out to the side"
        page.evaluate(AXE.read_text("utf-8"))
        found = page.evaluate(_WRONG, _TAGS)
        assert found == [], f"{where}: {found}"

    def leave(self, *expected: str) -> None:
        """Go; nothing may have gone wrong but what names one of ``expected``."""
        self.context.close()
        assert [fault for fault in self.faults if not any(one in fault for one in expected)] == []


class Mouse(Person):
    """Points and clicks; types where there is something to type."""

    def act(self, where: str) -> None:
        self.page.click(where)

    def _into(self, where: str) -> None:
        self.page.click(where)

    def tick(self, where: str) -> None:
        self.page.click(where)

    def mark(self, key: str, code: str) -> None:  # noqa: ARG002 - the other hands use it
        self.page.click(f'[data-stage="{code}"]')

    def order(self, key: str, act: str) -> None:  # noqa: ARG002 - the other hands use it
        self.page.click(f"[data-act={act}]")


class Keys(Person):
    """Presses keys and touches nothing else."""

    def reach(self, where: str) -> None:
        """Go there by Tab, or by Shift+Tab where it stands before, and see that the focus is seen."""
        self.see(where)
        back = self.page.evaluate(_BEFORE, where)
        found = self.page.evaluate(_FOCUS, where)
        for _ in range(MOST_TABS):
            if found["there"]:
                break
            self.press("Shift+Tab" if back else "Tab")
            found = self.page.evaluate(_FOCUS, where)
        assert found["there"], f"{where} cannot be reached by Tab on {self.page.url}"
        assert found["ring"], f"the focus has no ring: {found['what']}"
        assert found["seen"], f"the focus is out of sight: {found['what']}"

    def act(self, where: str) -> None:
        self.reach(where)
        self.press("Enter")

    def _into(self, where: str) -> None:
        self.reach(where)

    def tick(self, where: str) -> None:
        """Tab comes to the chosen one of several, arrows go on from it; to the first where none is chosen."""
        self.see(where)
        group = self.page.eval_on_selector(where, "one => one.type === 'radio' ? `[name='${one.name}']` : ''")
        self.reach(group or where)
        for _ in range(20 if group else 0):
            if self.page.evaluate(_FOCUS, where)["there"]:
                break
            self.press("ArrowDown")
        if not self.page.is_checked(where):
            self.press("Space")
        assert self.page.is_checked(where), where

    def mark(self, key: str, code: str) -> None:  # noqa: ARG002 - the other hands use it
        self.press(key)

    def order(self, key: str, act: str) -> None:
        self.see(f"[data-act={act}]:not([disabled])")
        self.press(key)
