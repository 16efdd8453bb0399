"""Somebody joins and leaves during a hearing, in a real browser: by keyboard, in three languages, a protected witness, a refusal that loses nothing typed."""

from __future__ import annotations

from typing import Any

from tests.console.test_browser import Visit, pytestmark, served, visits
from tests.support.console_server import Served

__all__ = ["pytestmark", "served", "visits"]


def opened(visit: Visit) -> None:
    """A hearing that is being recorded, with one participant and one who is protected from the beginning."""
    visit.sign_in()
    visit.type("7512-26-00-2/1234")
    visit.tab_to("name-1")
    visit.type("Ахметов А. К.")
    visit.tab_to("name-3")
    visit.type("Свидетель Альфа")
    visit.tab_to("protected-3")
    visit.press("Space")
    visit.look("people-form")
    visit.press("Enter")
    visit.page.wait_for_selector(".state.planned")
    visit.press("F9")
    visit.page.wait_for_selector(".state.recording")


def test_somebody_joins_and_leaves(browser: Any, served: Served, visits: list[Visit]) -> None:
    visit = Visit(browser, served, "ru", 1280)
    visits.append(visit)
    page = visit.page
    opened(visit)
    planned = served.fake.calls[0][1]["participants"]
    assert [(person["name"], person["protected"]) for person in planned] == [
        ("Ахметов А. К.", False),
        ("Свидетель Альфа", True),
    ]

    page.focus("[data-act=people]")
    visit.press("Enter")
    page.wait_for_selector(".ask-person[open]")
    visit.tab_to("name")
    visit.type("Смагулова А.")
    visit.look("people-new")
    visit.press("Enter")
    page.wait_for_selector(".ask-person", state="detached")
    page.wait_for_selector(".log :text('К заседанию присоединяется Свидетель: Смагулова А.')")
    kind, told = served.fake.calls[-1]
    assert (kind, told["name"], told["attendance"], told["source"], told["protected"]) == (
        "participant",
        "Смагулова А.",
        "present",
        "",
        False,
    )

    page.click("[data-act=people]")
    page.select_option("[name=who]", label="Свидетель: Смагулова А.")
    assert page.input_value(".ask-person [name=name]") == "Смагулова А."
    page.check(".ask-person [value=left]")
    page.click(".ask-person button.primary")
    page.wait_for_selector(".log :text('Заседание покидает Свидетель: Смагулова А.')")
    assert "source" not in served.fake.calls[-1][1]

    page.click("[data-act=people]")  # a new one is asked about: nothing is left of the last
    assert page.input_value(".ask-person [name=name]") == ""
    page.check(".ask-person [name=protected]")
    assert page.is_visible(".ask-person :text('Псевдоним')")
    page.fill(".ask-person [name=name]", "Свидетель Омега")
    served.fake.refuse_people = True
    page.click(".ask-person button.primary")
    page.wait_for_selector(".ask-person .alert")
    assert page.input_value(".ask-person [name=name]") == "Свидетель Омега"
    served.fake.refuse_people = False
    page.click(".ask-person button.primary")
    page.wait_for_selector(".ask-person", state="detached")
    assert (served.fake.calls[-1][1]["name"], served.fake.calls[-1][1]["protected"]) == ("Свидетель Омега", True)
    visit.faults[:] = [fault for fault in visit.faults if "422" not in fault]  # the browser tells of the refusal, too

    for language in ("kk", "en"):
        other = Visit(browser, served, language, 390)
        visits.append(other)
        other.context.add_cookies(visit.context.cookies())
        other.page.goto(page.url)
        other.page.click("[data-act=people]")
        other.page.wait_for_selector(".ask-person[open]")
        other.look("people-new")
