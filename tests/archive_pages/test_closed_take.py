"""A part in camera from the room to the judge's page, in Chromium: recorded encrypted by the real recorder, remarked on, sent, and played.

Whoever may not, or has not said for what, sees that it was in camera, hears nothing of it and is given no byte of it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from nacl.public import PrivateKey
from playwright.sync_api import Browser, Page, expect

from device_config.closed_keys import archive_key_path, make_or_read
from device_config.identity import add_trust, trust_dir
from device_config.settings import ClosedSettings, Settings, SourceSettings
from protocol.encoding import b64
from protocol.journal import read_journal
from protocol.view import HearingView
from storage.archive.enrolment import enrol_device
from storage.uploader import upload_record
from tests.archive_pages.conftest import PASSWORD, Window, window
from tests.archive_pages.test_replay import AXE, WAIT, broken_rules, media
from tests.recorder.test_api import serving
from tests.recorder.test_closed_takes import ready, recorded
from tests.storage.conftest import ARCHIVE_SIGNER, Court
from tests.storage.servers import serve
from tests.support import canaries
from tests.support.recorder import CASE, SIGNER, box_running, wait_for
from tests.support.signed_record import certify
from web.accounts import WEAKEST, Accounts, Role
from web.i18n import catalogues

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

TOKEN = "c" * 43
WORD, REASON = "Құпиясөз-ескерту", "Құпиясөз-уәж"
PURPOSE = "Апелляционная жалоба по делу 7512-26-00-2/1234"
PICTURES = Path(__file__).parents[2] / "test-output" / "archive"
#: Lays a meter on each microphone.
METERS = """async () => {
    const context = new AudioContext();
    await context.resume();
    window.meters = [...document.querySelectorAll("audio")].map((element) => {
        const meter = new AnalyserNode(context, { fftSize: 2048 });
        context.createMediaElementSource(element).connect(meter).connect(context.destination);
        return { element, meter };
    });
}"""
#: The loudest sample of each microphone while it plays [from, to], seconds of its element; 1 is full scale.
PEAKS = """async ([from, to]) => {
    const samples = new Float32Array(2048), peaks = window.meters.map(() => 0);
    for (let i = 0; i < 600 && !peaks.every((peak) => peak > 0.1); i += 1) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        window.meters.forEach(({ element, meter }, k) => {
            if (element.paused || element.currentTime < from || element.currentTime > to) return;
            meter.getFloatTimeDomainData(samples);
            peaks[k] = Math.max(peaks[k], ...samples.map(Math.abs));
        });
    }
    return peaks;
}"""
#: Seconds of [from, to] that lie in the buffers of microphones and cameras.
BUFFERED = """([from, to]) => [...document.querySelectorAll("audio, video")].map(({ buffered }) => {
    let sum = 0;
    for (let i = 0; i < buffered.length; i += 1) sum += Math.max(0, Math.min(buffered.end(i), to) - Math.max(buffered.start(i), from));
    return sum;
}).reduce((a, b) => a + b, 0)"""


@dataclass(frozen=True)
class Kept:
    """An archive that has a hearing with a part in camera between two open ones, and remarks on it."""

    court: Court
    record: Path

    @property
    def address(self) -> str:
        return f"{self.court.url}/hearings/{self.record.name}"

    def take(self) -> tuple[float, float]:
        """The part in camera, seconds of the players' elements."""
        view = HearingView.of(read_journal((self.record / "journal.jsonl").read_bytes())[0])
        first, closed, _ = view.takes.values()
        assert closed.publicity == "closed"
        assert closed.end_us is not None
        return (closed.start_us - first.start_us) / 1e6, (closed.end_us - first.start_us) / 1e6


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    root = tmp_path_factory.mktemp("c")
    accounts = Accounts(root / "accounts.sqlite", WEAKEST)
    for role in Role:
        accounts.add(role.value, f"A {role.value}", role, PASSWORD)
    court = Court(root, accounts)
    try:
        add_trust(trust_dir(court.settings), ARCHIVE_SIGNER.key)
        enrol_device(court.archive, SIGNER.key.text, TOKEN)
        with serve(court.app) as url:
            court.url = url
            box = _box(court)
            record = _recorded(box, root)
            certify(record, SIGNER)
            _remarked(box, record)
            upload_record(record, box)
            yield Kept(court, record)
    finally:
        court.archive.close()


def _box(court: Court) -> Settings:
    """A box whose microphone and camera play files, and that knows the archive's key."""
    sound = canaries.write_noise(court.root / "room.wav", 60, 1)
    picture = canaries.write_pictures(court.root / "room.mp4", 30, 1)
    keys = make_or_read(archive_key_path(court.settings)).public_key, PrivateKey.generate().public_key
    return court.settings.model_copy(
        update={
            "archive": court.settings.archive.model_copy(update={"token": TOKEN}),
            "closed": ClosedSettings(archive_key=b64(bytes(keys[0])), escrow_key=b64(bytes(keys[1]))),
            "reserve_mib": 0,
            "segment_s": 2.0,
            "sources": (
                SourceSettings(name="mic-bench", kind="file", media="audio", path=sound, loop=True, label="Судья"),
                SourceSettings(name="cam-judge", kind="file", media="video", path=picture, loop=True, label="Зал"),
            ),
        }
    )


def _recorded(box: Settings, root: Path) -> Path:
    """Open, in camera, open again: by the recorder itself, with real capture children."""
    with box_running(box, root / "recorder.log") as running, running.client() as client:
        hearing = client.plan(CASE)
        wait_for(lambda: ready(client))
        client.start(hearing, "secretary")
        recorded(client, 1)
        client.stage(hearing, "CLOSED_START", "secretary")
        recorded(client, 3)
        client.remark(hearing, WORD, "secretary")
        client.stage(hearing, "CLOSED_END", "secretary")
        recorded(client, 1)
        client.stop(hearing, "secretary")
    return box.hearings / hearing


def _remarked(box: Settings, record: Path) -> None:
    """Remarks on the part in camera with a file, the judge's decision, and one in the clear."""
    view = HearingView.of(read_journal((record / "journal.jsonl").read_bytes())[0])
    takes = list(view.takes.values())
    file = {"name": "Ескерту.pdf", "data": base64.b64encode(f"%PDF {WORD}".encode()).decode()}
    entries: list[dict[str, Any]] = [
        {"text": WORD, "moments": [takes[1].start_us + 1_000_000], "attachments": [file]},
        {"kind": "reviewed", "of": "remarks/0001.json", "decision": "partly", "text": REASON, "person": "А. Судья", "by": "judge"},
        {"text": "ашық-ескерту", "moments": [takes[0].start_us + 500_000], "in_camera": False},
    ]  # fmt: skip
    with (
        serving(box),
        httpx2.Client(transport=httpx2.HTTPTransport(uds=str(box.socket)), base_url="http://box") as http,
    ):
        for entry in entries:
            body = {
                "by": "secretary",
                "at_us": int(datetime.now(UTC).timestamp() * 1e6),
                "person": "Истец И.",
                "kind": "filed",
                **entry,
            }
            answer = http.post(f"/v1/hearings/{record.name}/protocol-remarks", json=body, timeout=60)
            assert answer.status_code == 201, answer.text


def visit(chromium: Browser, kept: Kept, role: str, language: str, width: int = 1280) -> Window:
    """Somebody at the hearing's page."""
    opened = window(chromium, kept.court.url, language, width, bypass_csp=True)  # for axe
    opened.sign_in(role)
    opened.page.goto(kept.address)
    opened.page.wait_for_selector("#play")
    return opened


def looked(opened: Window, what: str) -> None:
    """Keep a picture; nothing sticks out sideways, and axe finds nothing."""
    page = opened.page
    PICTURES.mkdir(parents=True, exist_ok=True)
    width = page.viewport_size["width"] if page.viewport_size else 0
    page.screenshot(path=str(PICTURES / f"{what}-{page.get_attribute('html', 'lang')}-{width}.png"), full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if AXE.is_file():
        page.evaluate("() => scrollTo(0, 0)")
        assert broken_rules(page) == []


def shut_part(page: Page, kept: Kept, says: str) -> None:
    """The part in camera is marked, is not played, and nothing of it came."""
    page.locator(".course li.take button").nth(1).click()
    expect(page.locator(".screen-message")).to_have_text(says)
    expect(page.locator(".moment [role=status]")).not_to_be_empty()
    expect(page.locator("[data-source=mic-bench] .warn")).to_be_visible()
    assert all(item["paused"] for item in media(page))
    start, end = kept.take()
    page.click("#play")  # it is passed over
    page.wait_for_function("s => document.querySelector('audio').currentTime > s", arg=end, timeout=WAIT)
    page.wait_for_function("() => document.querySelector('audio').paused", timeout=WAIT)
    assert page.evaluate(BUFFERED, [start + 0.3, end - 0.3]) == 0


@pytest.mark.parametrize(("language", "width"), [("ru", 390), ("en", 1280)])
def test_who_may_not_sees_that_it_was_in_camera_and_hears_nothing(
    chromium: Browser, kept: Kept, language: str, width: int
) -> None:
    text = catalogues().translator(language)
    opened = visit(chromium, kept, "secretary", language, width)
    page = opened.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    shut_part(page, kept, text("In camera: shown to judges only."))
    remarks = page.locator("hattama-protocol-remarks")
    expect(remarks.locator("[data-path='remarks/0001.json']")).to_contain_text(
        text("Its words are shown to judges only.")
    )
    expect(remarks.locator("[data-path='remarks/0003.json'] blockquote")).to_have_text("ашық-ескерту")
    assert remarks.locator("a").count() == 0
    assert not [word for word in (WORD, REASON) if word in page.content()]
    assert not [url for url in asked if url.endswith(".enc")]
    looked(opened, "in-camera-forbidden")
    assert opened.complaints == []
    for path in ("media/T02/mic-bench/0001.mp4.enc", "remarks/0001-0.json.enc", "remarks/0001-1.pdf.enc"):
        assert page.request.get(f"{kept.address}/closed/{path}").status == 403
    page.context.close()


@pytest.mark.parametrize(("language", "width"), [("kk", 390), ("ru", 1280)])
def test_a_judge_who_said_for_what_hears_it_and_reads_the_remarks(
    chromium: Browser, kept: Kept, language: str, width: int
) -> None:
    text = catalogues().translator(language)
    opened = visit(chromium, kept, "judge", language, width)
    page = opened.page
    shut_part(page, kept, text("In camera: encrypted until you say, at the top of this page, for what you need it."))
    assert WORD not in page.content()
    looked(opened, "in-camera-shut")
    assert page.locator("hattama-protocol-remarks a").first.get_attribute("href") == "#purpose"
    page.focus("#purpose")
    page.keyboard.type("          ")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".closed-part [role=alert]")).to_be_visible()
    page.focus("#purpose")
    page.keyboard.type(PURPOSE)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("p.closed-part")
    page.wait_for_selector("#play")
    _heard(page, kept)
    entry = page.locator("hattama-protocol-remarks [data-path='remarks/0001.json']")
    expect(entry.locator("blockquote")).to_have_text([WORD, REASON])
    with page.expect_download() as download:
        entry.locator("a").press("Enter")
    assert (download.value.suggested_filename, download.value.path().read_bytes()) == (
        "Ескерту.pdf",
        f"%PDF {WORD}".encode(),
    )
    entry.locator("button").press("Enter")
    start, end = kept.take()
    page.wait_for_function(
        "([s, e]) => { const t = document.querySelector('audio').currentTime; return s < t && t < e; }",
        arg=[start, end],
        timeout=WAIT,
    )
    looked(opened, "in-camera-open")
    assert opened.complaints == []
    page.context.close()


def _heard(page: Page, kept: Kept) -> None:
    """The part in camera plays: time goes on, the pictures and the sound are those of the room, not silence."""
    start, end = kept.take()
    page.select_option("#rate", "0.5")  # more of it for a machine that is busy
    page.evaluate(METERS)
    part = page.locator(".course li.take button").nth(1)
    part.press("Enter")
    part.press("k")
    assert min(page.evaluate(PEAKS, [start + 0.2, end - 0.2])) > 0.1
    page.wait_for_function(
        "s => document.querySelector('audio').currentTime > s", arg=start + 0.5 * (end - start), timeout=WAIT
    )
    assert page.evaluate("document.querySelector('video').getVideoPlaybackQuality().totalVideoFrames") > 0
    assert page.evaluate(BUFFERED, [start, end]) > end - start
    page.keyboard.press("k")
    page.wait_for_function("() => [...document.querySelectorAll('video, audio')].every(e => e.paused)", timeout=WAIT)
