"""The playlists in a real player: hls.js in Chromium plays and seeks H.264 and mono FLAC, and passes over a gap."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from storage.uploader import upload_record
from tests.storage.conftest import SIGNER, Court
from tests.storage.records import SOURCES, START_US, Builder
from web.accounts import Role
from web.security import cookie_name

pytestmark = pytest.mark.browser

HLS = Path(__file__).resolve().parents[2] / "web/ui/node_modules/hls.js/dist/hls.min.js"
CHROMIUM = Path("/usr/bin/chromium")
PAGE = "<!doctype html><video id=v muted></video><script src=/hls.js></script>"
PLAY = """async (address) => {
  const video = document.getElementById("v"), hls = new Hls(), fatal = [];
  hls.on(Hls.Events.ERROR, (_, data) => { if (data.fatal) fatal.push(data.details); });
  const event = (name) => new Promise((done) => video.addEventListener(name, () => done(true), { once: true }));
  const within = (promise) => Promise.race([promise, new Promise((done) => setTimeout(() => done(false), 20000))]);
  const loaded = event("canplay");
  hls.loadSource(address); hls.attachMedia(video);
  const seen = { loaded: await within(loaded), duration: video.duration };
  const moved = async (from) => {
    for (let i = 0; i < 200 && video.currentTime < from; i++) await new Promise((done) => setTimeout(done, 100));
    return video.currentTime >= from;
  };
  seen.played = await within(video.play().then(() => moved(0.5)));
  const sought = event("seeked"); video.currentTime = 2.7;
  seen.sought = await within(sought); seen.after = await moved(2.9);
  seen.over_gap = await moved(6.0);
  const ended = event("ended"); seen.ended = await within(ended);
  seen.ranges = [...Array(video.buffered.length).keys()].map((i) => [video.buffered.start(i), video.buffered.end(i)]);
  seen.width = video.videoWidth; hls.destroy();
  return { ...seen, fatal };
}"""


def test_playlists_play_and_seek_in_chromium(served: Court) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.exists() or not HLS.exists():
        pytest.skip("needs Chromium and the built front end (npm ci in web/ui)")
    record = Builder(served.settings.hearings / "h1", "h1", SIGNER)
    record.open()
    record.start()
    for number, start in enumerate((0, 2_000_000, 6_000_000), 1):
        for source in SOURCES:
            record.segment(source, number, START_US + start)
    lost = [{"source": source, "from_us": START_US + 4_000_000, "to_us": START_US + 6_000_000} for source in SOURCES]
    record.line("gap", cause="device_lost", detail="", intervals=lost)
    record.end(START_US + 8_000_000)
    record.seal()
    upload_record(record.folder, served.settings)
    token = served.app.state.sessions.open(served.accounts.get(Role.JUDGE.value))
    with playwright.sync_playwright() as driver:
        flags = ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"]
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=flags)
        context = browser.new_context()
        context.add_cookies([{"name": cookie_name("archive", "http"), "value": token, "url": served.url}])
        page = context.new_page()
        page.route("**/test.html", lambda route: route.fulfill(body=PAGE, content_type="text/html"))
        page.route("**/hls.js", lambda route: route.fulfill(path=HLS, content_type="text/javascript"))
        page.goto(f"{served.url}/test.html")
        seen: dict[str, dict[str, Any]] = {
            source: page.evaluate(PLAY, f"{served.url}/hearings/h1/tracks/T01/{source}.m3u8") for source in SOURCES
        }
        browser.close()
    for source, found in seen.items():
        assert found["fatal"] == [], source
        assert all(found[key] for key in ("loaded", "played", "sought", "after", "over_gap", "ended")), (source, found)
        assert found["duration"] == pytest.approx(8, abs=0.2)
        assert [[round(edge) for edge in edges] for edges in found["ranges"]] == [
            [0, 4],
            [6, 8],
        ]  # the gap is where it was
    assert (seen["cam-judge"]["width"], seen["mic-bench"]["width"]) == (160, 0)
