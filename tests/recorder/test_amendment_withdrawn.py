"""An amendment that waits for signatures is withdrawn: the record never knew of it, and another can be drawn up."""

from __future__ import annotations

from pathlib import Path

import pytest
import structlog

from protocol.documents import FONTS
from tests.recorder.test_closed_remarks import room
from tests.support.records import HEARING


@pytest.mark.skipif(not FONTS.is_dir(), reason="fonts-croscore is not installed")
def test_an_amendment_that_waits_can_be_withdrawn(tmp_path: Path) -> None:
    with room(tmp_path) as box:
        base, waits = f"/v1/hearings/{HEARING}/amendments", box.state / "amendments" / HEARING
        body, before = {"by": "secretary", "text": "5-тармақ", "reason": "Артық."}, len(box.view().revisions)
        assert box.http.post(base, json=body).json() == {"number": 1}
        (waits / "0001.1.judge.pdf").write_bytes((waits / "0001.0.pdf").read_bytes() + b"signed by one")
        with structlog.testing.capture_logs() as logs:
            answer = box.http.post(f"{base}/1/withdrawal", json={"by": "secretary"})
        assert (answer.status_code, answer.json()) == (200, {"number": 1, "roles": ["judge"]})
        said = [(entry["by"], entry["roles"]) for entry in logs if entry["event"] == "amendment_withdrawn"]
        assert said == [("secretary", ("judge",))]
        assert (box.http.get(base).json(), list(waits.iterdir()), len(box.view().revisions)) == ([], [], before)
        assert box.http.post(f"{base}/1/withdrawal", json={"by": "secretary"}).status_code == 404
        assert box.http.post(base, json=body).json() == {"number": 1}
