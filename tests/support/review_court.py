"""A console over a real recorder that has one finished hearing with sound, pictures and doubtful words: what tests of the review use."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from device_config.settings import Settings
from protocol.transcript import Transcript
from recorder.client import RecorderClient
from recorder.console.app import create_app
from recorder.console.daemon import socket_client
from tests.archive_pages.hearing import HEARING, make_hearing
from tests.recorder.test_api import serving as recording
from tests.support.console_server import make_accounts, serving
from tests.support.console_server import settings as room
from tests.support.recorder import SIGNER

#: Doubt of the passages, per mille, in their order.
DOUBTS = (120, 870, 450, None, 310)


@dataclass(frozen=True)
class Court:
    """A served console, its recorder's client, its settings."""

    address: str
    client: RecorderClient
    settings: Settings

    def transcript(self, number: int = 0) -> Transcript:
        """A revision, 0 the newest."""
        return Transcript.from_json(self.client.transcript_json(HEARING, number))


@contextmanager
def court(folder: Path) -> Iterator[Court]:
    """The console and the recorder while the block runs; the newest transcript is revision 2, with doubts."""
    accounts = make_accounts(folder)
    box = room(folder / "state").model_copy(update={"reserve_mib": 0, "sources": ()})
    box.hearings.mkdir(parents=True)
    make_hearing(box.hearings / HEARING, SIGNER, drafted=False)
    with recording(box), RecorderClient(box.socket) as client, socket.socket() as sock:
        first = Transcript.from_json(client.transcript_json(HEARING))
        doubtful = [replace(one, doubt_pm=doubt) for one, doubt in zip(first.passages, DOUBTS, strict=True)]
        client.transcript(HEARING, replace(first, passages=tuple(doubtful)).to_json(), "transcriber")
        sock.bind(("127.0.0.1", 0))
        app = create_app(box, socket_client(box.socket), accounts=accounts)
        with serving(app, sock=sock):
            yield Court(f"http://127.0.0.1:{sock.getsockname()[1]}", client, box)
