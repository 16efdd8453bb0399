"""The courthouse of a whole day: the demo's own processes, forty listed cases, two people with keys to sign.

Words are told by :mod:`tests.support.day_words`, as the transcriber tells them: a machine that is busy with four hearings would need an hour for its
own. The transcriber's way from sound to draft is in tests/hattama/test_whole_way.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from device_config.settings import Settings, SigningSettings
from hattama.demo import show
from hattama.demo.processes import Processes
from hattama.demo.room import CASE, JUDGE, SECRETARY, free_port, write_toml
from hattama.demo.setting_up import Prepared, prepared
from recorder.cases.reconciliation import ZONE
from recorder.client import RecorderClient
from tests.support.key_client import KeyClient, key_client
from tests.support.people import Authority, Human, trust_folder

_HEAD = "id,number,code,date,time,language,title,judge,secretary,room,status,parties\n"
#: The cases that are held, and the one to which nobody comes: identifier, code, language, parties and subject, who is expected.
HELD = (
    ("c01", "gpk", "ru", "Сериков А. Б. к Ахметову Б. К. о взыскании долга", "plaintiff: Сериков А. Б. | defendant: Ахметов Б. К. | representative: Ли О. В."),
    ("c02", "appk", "kk", "Оспанова Г. Т. — қала әкімдігіне, бұйрықтың күшін жою туралы", "plaintiff: Оспанова Г. Т. | defendant: Тілеубаев Н. С."),
    ("c03", "upk", "kk", "Жұмабаев Е. М. айыпталған қылмыстық іс", "state_prosecutor: Сұлтанов Д. А. | accused: Жұмабаев Е. М. | counsel: Ким В. П."),
    ("c04", "koap", "ru", "В отношении Петрова И. С.", "offender: Петров И. С."),
)  # fmt: skip
COUNT = 40


@dataclass(frozen=True)
class Courthouse:
    """A running courtroom.

    Attributes:
        address: of the console.
        room: settings and passwords.
        processes: what runs.
        recorder: client of the daemon.
        key: what the judge's computer has.
        judge: the judge's key.
        secretary: a file with the secretary's key.
        day: the day, on the court's clock.
        folder: for files.
    """

    address: str
    room: Prepared
    processes: Processes
    recorder: RecorderClient
    key: KeyClient
    judge: Human
    secretary: Path
    day: str
    folder: Path

    def wait_for(self, what: str, found: Callable[[], Any], limit_s: float = 600.0) -> None:
        """Until it is so."""
        self.processes.wait_for(what, lambda: found() or None, limit_s)

    def list_file(self, stay: int = COUNT) -> Path:
        """The case system's list of the morning; or of the evening, when all but the first ``stay`` cases are taken off."""
        rows = []
        for number in range(COUNT):
            first, code, language, title, parties = _case(number)
            status = "planned" if number < stay else "cancelled"
            clock = datetime(2000, 1, 1, 8, 30) + timedelta(minutes=15 * number)  # noqa: DTZ001 - only its hour is used
            rows.append(
                f"{first},7512-26-00-2/{1001 + number},{code},{self.day},{clock:%H:%M},{language},{title.replace(',', ';')},"
                f"{JUDGE},{SECRETARY},{CASE.courtroom},{status},{parties}\n"
            )
        path = self.folder / ("morning.csv" if stay == COUNT else "evening.csv")
        path.write_text(_HEAD + "".join(rows), "utf-8")
        return path


def _case(number: int) -> tuple[str, str, str, str, str]:
    if number < len(HELD):
        return HELD[number]
    code = ("gpk", "koap", "appk", "upk")[number % 4]
    who = {"gpk": "plaintiff", "koap": "offender", "appk": "plaintiff", "upk": "accused"}[code]
    return f"c{number + 1:02}", code, ("ru", "kk")[number % 2], f"Демонстрация № {number + 1}", f"{who}: Үлгі А. Б."


@contextmanager
def courthouse(folder: Path) -> Iterator[Courthouse]:
    """The demo's processes while the block runs; no hearing was held yet."""
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    authority = Authority(at=now)
    judge, secretary = authority.person(JUDGE, "IIN700101300123"), authority.person(SECRETARY, "IIN900101400123")
    crl = authority.revocations(when=now - timedelta(days=1))
    trust = trust_folder(folder / "court-trust", authority, {secretary: "secretary", judge: "judge"}, crl)
    key_file = folder / "secretary.p12"
    key_file.write_bytes(secretary.file)
    with key_client(folder) as key, prepared(Settings(state_dir=folder / "state")) as bare:
        inner = _beside_others(bare.settings, SigningSettings(trust=trust, client=key.address))
        room = Prepared(inner, bare.config, bare.passwords)
        write_toml(inner, room.config)
        with Processes(folder / "logs") as processes, RecorderClient(inner.socket) as recorder:
            show.start(room, processes, print, ("uploader",))
            address = show.urls(inner)["console"].rstrip("/")
            day = now.astimezone(ZONE).date().isoformat()
            yield Courthouse(address, room, processes, recorder, key, judge, key_file, day, folder)


def _beside_others(bare: Settings, signing: SigningSettings) -> Settings:
    """The demo's settings at ports that no other demo asks for, too."""
    port = free_port(0)
    archive = bare.archive.model_copy(update={"port": port, "url": f"http://127.0.0.1:{port}"})
    console = bare.console.model_copy(update={"port": free_port(0)})
    return bare.model_copy(update={"signing": signing, "archive": archive, "console": console})
