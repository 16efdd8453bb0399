"""Remarks on a part in camera in a real browser, over the real recorder: filed, shown to the judge, decided on, and then nobody's here."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recorder.console.app import create_app
from recorder.console.daemon import socket_client
from tests.console.test_browser import Visit, pytestmark, visits
from tests.recorder.test_closed_remarks import KEYS, WORD, Room
from tests.recorder.test_closed_remarks import room as recording
from tests.support.console_server import Served, make_accounts, serving
from tests.support.fake_recorder import FakeRecorder
from tests.support.recorder import settings
from tests.support.records import HEARING

__all__ = ["pytestmark", "visits"]
PAGE = f"/hearings/{HEARING}/remarks"


@pytest.fixture
def room(tmp_path: Path) -> Iterator[tuple[Served, Room]]:
    with recording(tmp_path) as box, socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        accounts, known = make_accounts(tmp_path), settings(tmp_path, closed=KEYS)
        app = create_app(known, socket_client(known.socket), accounts=accounts)
        with serving(app, sock=sock):
            yield Served(f"http://127.0.0.1:{sock.getsockname()[1]}", FakeRecorder(), accounts), box


def test_remarks_in_camera_are_read_by_the_judge_alone_and_until_the_decision(
    browser: Any, room: tuple[Served, Room], visits: list[Visit], tmp_path: Path
) -> None:
    served, box = room
    visits += [
        Visit(browser, served, "kk", 1280),
        Visit(browser, served, "ru", 390),
        Visit(browser, served, "en", 1280),
    ]
    secretary, judge, admin = (visit.page for visit in visits)
    for visit, name in zip(visits, ("secretary", "judge", "admin"), strict=True):
        visit.sign_in(name)

    secretary.goto(PAGE)
    file = tmp_path / "remark.pdf"
    file.write_bytes(b"%PDF " + WORD.encode() + b" " * 1_500_000)  # longer than what a form keeps in memory by itself
    secretary.fill("#filed-person", "Истец И.")
    secretary.locator("[name=text]").first.fill(WORD)
    secretary.locator("[name=moments]").fill("03:27:10")
    secretary.locator("[name=files]").first.set_input_files(file)
    secretary.locator("[name=open_part]").first.check()
    secretary.locator("details[open] button.primary").click()
    secretary.wait_for_selector("[role=alert]")  # that time lies in the part in camera
    assert secretary.locator("[name=text]").first.input_value() == WORD
    visits[0].look("remarks-in-camera-refused")
    visits[0].faults.clear()  # the browser tells of the status 422
    secretary.locator("[name=open_part]").first.uncheck()
    secretary.locator("[name=files]").first.set_input_files(file)
    secretary.locator("details[open] button.primary").click()
    secretary.wait_for_selector("article.remark .chip.warn")
    file.unlink()

    admin.goto(PAGE)
    assert WORD not in admin.content()
    assert admin.request.get(f"/hearings/{HEARING}/papers/remarks/0001-1.pdf.enc").status == 403

    judge.goto(PAGE)
    assert judge.locator("article.remark blockquote").inner_text() == WORD
    assert (
        judge.request.get(f"/hearings/{HEARING}/papers/remarks/0001-1.pdf.enc")
        .body()
        .startswith(b"%PDF " + WORD.encode())
    )
    visits[1].look("remarks-in-camera")
    judge.locator("[name=decision][value=rejected]").check()
    judge.locator("article.remark [name=text]").fill(WORD)
    judge.locator("article.remark button").click()
    judge.wait_for_selector("article.remark .review")
    assert (WORD in judge.content(), box.plain(WORD), box.keys) == (False, [], [])
    visits[1].look("remarks-in-camera-reviewed")
    for address in (f"/hearings/{HEARING}/notice?number=2&language=ru", f"/hearings/{HEARING}/signing"):
        assert judge.goto(address).status == 200
