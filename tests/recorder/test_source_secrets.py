"""Names, passwords and tokens of sources stand in the settings and nowhere else: one canary through every kind of source."""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.parse import quote

import pytest
from pydantic import ValidationError

from device_config.settings import SourceSettings
from tests.support import rtsp_server
from tests.support.clips import make_clip
from tests.support.recorder import CASE, Box, box_running, settings, wait_for

USER, PASSWORD, TOKEN = "canary-user", "canary:p@ss w0rd", "canary-t0ken"
LOGIN = f"{quote(USER)}:{quote(PASSWORD, safe='')}@"
#: How a secret may be spelled where it should not stand at all.
SPELLINGS = (USER, PASSWORD, quote(PASSWORD, safe=""), TOKEN)


def nobody(scheme: str, media: str, name: str) -> SourceSettings:
    """A source where nobody answers (port 9, discard)."""
    kind = "remote" if scheme.startswith("rtmp") else "camera"
    return SourceSettings.model_validate(
        {"name": name, "kind": kind, "media": media, "url": f"{scheme}://{LOGIN}127.0.0.1:9/live/room?token={TOKEN}"}
    )


@pytest.mark.rtsp
@pytest.mark.skipif(rtsp_server.why_not() is not None, reason=str(rtsp_server.why_not()))
def test_no_secret_of_any_source_is_seen_anywhere(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", 60)
    with rtsp_server.rtsp_server(clip, USER, PASSWORD) as camera:
        wrong = camera.url.replace(quote(PASSWORD, safe=""), quote("canary-wr0ng", safe=""))
        sources = (
            SourceSettings(name="cam-good", kind="camera", media="video", url=camera.url),
            SourceSettings(name="cam-wrong", kind="camera", media="video", url=wrong),
            SourceSettings(name="mic-wrong", kind="microphone", media="audio", url=wrong),
            nobody("rtmp", "audio", "rtmp-audio"),
            nobody("https", "video", "https-video"),
        )
        with box_running(settings(tmp_path, *sources), tmp_path / "log") as box, box.client() as client:
            hearing = client.plan(CASE)
            wait_for(lambda: client.status().sources[0].state == "ready", 240.0)
            client.start(hearing, "S")
            seen = processes(box)
            others = {source.name for source in sources[1:]}
            wait_for(lambda: others <= {item.name for item in client.status().sources if item.state == "lost"}, 240.0)
            seen += processes(box) + client.status().model_dump_json() + json.dumps(client.hearing(hearing))
            client.stop(hearing, "S")
            seen += client.status().model_dump_json()
            written = [path for path in box.settings.hearings.rglob("*") if path.is_file()]
    assert "cam-wrong" in seen
    seen += box.log.read_text() + "".join(
        path.read_bytes().decode("latin-1") for path in written if path.suffix != ".mp4"
    )
    assert [spelling for spelling in (*SPELLINGS, "canary-wr0ng") if spelling in seen] == []


def processes(box: Box) -> str:
    """Command lines and environments of the recorder and all that it started."""
    assert box.process is not None
    found = ""
    for pid in (box.process.pid, *box.children(), os.getpid()):
        for name in ("cmdline", "environ"):
            try:
                found += Path(f"/proc/{pid}/{name}").read_bytes().decode("latin-1")
            except OSError:  # a child that failed has gone
                continue
    return found


@pytest.mark.parametrize("url", [f"srt://{LOGIN}host/x", f"rtsp://{LOGIN}host:p0rt/x", f"rtsp://{LOGIN}[broken"])
def test_an_address_that_is_refused_is_not_repeated(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        SourceSettings(name="cam", kind="camera", media="video", url=url)
    told = "".join(str(item["msg"]) for item in caught.value.errors())
    assert not any(spelling in told for spelling in SPELLINGS)


def test_settings_that_are_printed_hide_the_address() -> None:
    assert PASSWORD not in repr(nobody("rtsp", "video", "cam"))
    assert TOKEN not in repr(nobody("rtsp", "video", "cam"))
