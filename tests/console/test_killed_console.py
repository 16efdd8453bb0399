"""The console killed with SIGKILL while a hearing is recorded: every mark that was made is in the journal once and at its second, and the recording does not notice."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from hattama.demo.room import SPEECH, free_port
from protocol.record import DirectoryRecord
from protocol.verification import Trust, verify
from recorder.client import RecorderClient
from tests.support.command import eventually, hattama, service
from tests.support.console_server import PASSWORD, make_accounts

MARKS = 8
#: Marks before which the console is killed; the last time it is down while the mark is made.
KILLS = (3, 6)
#: The hearing's clock may differ from the system's, which the test reads, s.
CLOCKS_S = 0.5


@contextmanager
def _console(config: Path, log: Path, port: int) -> Iterator[int]:
    with service(log, "--config", str(config), "console") as process:
        eventually("page", lambda: _get(port) == 200, process, log)
        yield process.pid


def _get(port: int) -> int:
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/sign-in", trust_env=False, timeout=5).status_code
    except httpx2.HTTPError:
        return 0


@dataclass
class Mark:
    """A remark: when it was made, and how long the call took that was answered, s."""

    text: str
    token: str
    made: float
    took: float = 0.0


class Page:
    """What the hearing's page does (web/ui/src/console/marks.ts): a mark is said again with its token and its age until somebody answers."""

    def __init__(self, port: int) -> None:
        headers = {"Sec-Fetch-Site": "same-origin"}
        self.client = httpx2.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, trust_env=False, timeout=60)
        assert self.client.post("/sign-in", data={"name": "secretary", "password": PASSWORD}).status_code == 303
        self.marks: list[Mark] = []

    def make(self) -> Mark:
        number = len(self.marks)
        self.marks.append(Mark(f"m{number}", f"token-{number:04}", time.time()))
        return self.marks[-1]

    def say(self, hearing: str, mark: Mark) -> bool:
        """Whether it was answered."""
        begun = time.time()
        body = {"text": mark.text, "token": mark.token, "ago_ms": round((begun - mark.made) * 1000)}
        try:
            answer = self.client.post(f"/api/hearings/{hearing}/marks/remark", json=body)
        except httpx2.HTTPError:
            return False
        assert answer.status_code == 200, answer.text
        mark.took = mark.took or time.time() - begun
        return True


@pytest.mark.skipif(not SPEECH.exists(), reason=f"{SPEECH} is missing")
def test_no_mark_is_lost_and_the_recording_does_not_notice(tmp_path: Path) -> None:
    state, port = tmp_path / "state", free_port(0)
    config = tmp_path / "settings.toml"
    config.write_text(
        f'state_dir = "{state}"\nreserve_mib = 0\nsegment_s = 2.0\n[console]\nport = {port}\n'
        f'[[sources]]\nname = "mics"\nkind = "file"\nmedia = "audio"\nloop = true\npath = "{SPEECH}"\n'
        'channels = ["mic-bench", "mic-plaintiff", "mic-defendant", "mic-secretary"]\n'
    )
    state.mkdir()
    make_accounts(state)
    with service(tmp_path / "recorder.log", "--config", str(config), "recorder") as recorder:
        eventually(
            "answer",
            lambda: hattama("--config", str(config), "record", "status").status == 0,
            recorder,
            tmp_path / "recorder.log",
        )
        made = _marks_over_kills(config, tmp_path, port)
        with RecorderClient(state / "run" / "recorder.sock") as client:
            (row,) = client.hearings()
            view = client.hearing(row["hearing"])
            client.stop(row["hearing"], "secretary")
    assert [remark["text"] for remark in view["remarks"]] == [f"m{number}" for number in range(MARKS)], (
        "each once, none lost"
    )
    for remark, mark in zip(view["remarks"], made, strict=True):
        # However long its console was away, a mark stands where it was made, but for the way of the call that was answered.
        assert mark.made - CLOCKS_S <= remark["at_us"] / 1e6 <= mark.made + mark.took + CLOCKS_S
    report = verify(DirectoryRecord(state / "hearings" / row["hearing"]), Trust(frozenset()))
    assert (report.integrity, report.completeness) == ("intact", "complete"), [item.code for item in report.findings]


def _marks_over_kills(config: Path, folder: Path, port: int) -> list[Mark]:
    """Open a hearing, record, make marks while the console is killed again and again; the marks."""
    hearing = ""
    page: Page | None = None
    for life in range(len(KILLS) + 1):
        with _console(config, folder / f"console-{life}.log", port) as pid:
            page = page or Page(port)  # the session outlives the console
            if not hearing:
                body = {"number": "1", "code": "gpk", "language": "ru", "publicity": "open"}
                hearing = page.client.post("/hearings", data=body).headers["location"].rpartition("/")[2]
                # On a machine with other work devices may open late: then the start says so, and is asked again.
                assert any(page.client.post(f"/api/hearings/{hearing}/start").status_code == 200 for _ in range(4))
            else:
                assert page.say(hearing, page.marks[-1])
                assert page.say(hearing, page.marks[-1]), "as if the answer had been lost: it is not written again"
            until = KILLS[life] if life < len(KILLS) else MARKS
            while len(page.marks) < until:
                assert page.say(hearing, page.make())
            os.kill(pid, signal.SIGKILL)
        if life < len(KILLS):
            assert not page.say(hearing, page.make()), "nobody is there to answer"
    assert page is not None
    page.client.close()
    return page.marks
