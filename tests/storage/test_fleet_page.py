"""The administrator's page of the archive: what scrub did and found, and how the log's witnesses stand, as the tables have it; on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from device_config.log_settings import WitnessPeer
from protocol.cosignature import Cosigner
from storage.archive.app import create_app
from storage.archive.fleet_pages import FINDINGS
from storage.archive.log_witnesses import states
from storage.archive.scrub import Scrub, ScrubFinding
from storage.archive.scrub_notes import KEPT_RUNS, MOST, Kind, ScrubNotes, Share
from storage.errors import WitnessConflict, WitnessSilent
from storage.log import Log
from storage.uploader import upload_record
from storage.witness import Memory, Witness, make_request
from storage.witness_service import create_app as create_witness
from tests.storage.conftest import ARCHIVE_SIGNER, Court
from tests.storage.logs import ORIGIN, entries, make_log
from tests.storage.servers import serve, wait_for
from web.accounts import Role
from web.i18n import LANGUAGES

SOUND = "media/T01/mic-bench/0001.mp4"
NOW = 1_800_000_000  # 15 January 2027, 13:00 in Almaty
ENGLISH = {"Accept-Language": "en"}


@contextmanager
def witness(folder: Path, name: str, *shown: Log) -> Iterator[WitnessPeer]:
    """A witness of the archive's log that was shown these before."""
    memory = Memory(folder, name)
    asked = Witness(memory, {ORIGIN: ARCHIVE_SIGNER.key})
    for log in shown:
        assert asked.add_checkpoint(make_request(0, [], log.checkpoint() or "")).status == 200
        log.close()
    with serve(create_witness(asked)) as url:
        yield WitnessPeer(url=url, key=memory.cosigner.key.text)
    memory.close()


def page(court: Court, role: Role = Role.ADMIN) -> httpx2.Response:
    with court.browser(role) as client:
        return client.get("/fleet", headers=ENGLISH)


def sound_of(court: Court, hearing: str) -> Path:
    return court.root / "archive" / "objects" / "records" / hearing / SOUND


def test_what_scrub_did_and_found_is_on_the_page_until_it_is_mended(any_court: Court) -> None:
    shown = page(any_court).text
    assert "The records were never checked" in shown
    for hearing in ("h1", "h2"):
        upload_record(any_court.record(hearing).folder, any_court.settings)
    notes = ScrubNotes(any_court.archive.catalogue.database)
    good = sound_of(any_court, "h1").read_bytes()
    sound_of(any_court, "h1").unlink()
    Scrub(any_court.archive, lambda: NOW).run(max_bytes=1)  # one record
    assert notes.share() == Share(2, 1, NOW * 1_000_000)
    Scrub(any_court.archive, lambda: NOW + 86_400).run()
    runs = notes.runs(5)
    assert [run.hearings for run in runs] == [2, 1]
    assert runs[0].ended_us >= runs[0].began_us > runs[1].began_us
    assert runs[0].bytes > 100_000
    assert runs[0].findings == sum(kind.findings for kind in notes.kinds()) > 0
    assert Kind("object-missing", 1, 1) in notes.kinds()
    shown = page(any_court).text
    assert "A file that was received is missing" in shown
    assert 'href="/hearings/h1"' in shown
    assert SOUND in shown
    assert "2 of 2" in shown
    assert 'href="/hearings/h2"' not in shown
    sound_of(any_court, "h1").write_bytes(good)
    Scrub(any_court.archive, lambda: NOW + 2 * 86_400).run()
    assert notes.kinds() == []
    assert "A file that was received is missing" not in page(any_court).text


def test_a_run_that_was_ended_and_a_disk_that_is_lost(any_court: Court) -> None:
    notes = ScrubNotes(any_court.archive.catalogue.database)
    run = notes.begin(NOW * 1_000_000)
    lost = [
        ScrubFinding("object-missing", "h1", f"media/{number}\x00", "2027-01-15T08:00:00.000Z", "")
        for number in range(MOST + 50)
    ]
    notes.looked(run, "h1", lost, 10)
    assert notes.kinds() == [Kind("object-missing", 1, MOST)]
    assert (notes.runs(1)[0].findings, notes.runs(1)[0].ended_us) == (MOST + 50, 0)
    shown = page(any_court).text
    assert "It has not ended." in shown
    notes.looked(run, "h1", [], 10)
    gone = ScrubFinding("record-gone", "h9", "", "2027-01-15T08:00:00.000Z", "")
    for _ in range(2):
        notes.ended(run, [gone], (NOW + 1) * 1_000_000)
        assert notes.kinds() == [Kind("record-gone", 1, 1)]
    shown = page(any_court).text
    assert "A whole record is gone" in shown
    assert 'href="/hearings/h9"' not in shown  # there is nothing to open
    any_court.archive.catalogue.forget("h9")
    assert notes.kinds() == []
    for number in range(KEPT_RUNS + 2):
        notes.begin(number)
    assert len(notes.runs(1000)) == KEPT_RUNS


def test_only_administrators_see_it_and_no_other_courts_record(any_court: Court) -> None:
    upload_record(any_court.record().folder, any_court.settings)
    sound_of(any_court, "h1").unlink()
    Scrub(any_court.archive).run()
    for role in (Role.SECRETARY, Role.JUDGE):
        assert page(any_court, role).status_code == 403
        with any_court.browser(role) as client:
            assert 'href="/fleet"' not in client.get("/").text
    with any_court.browser(Role.ADMIN) as client:
        assert 'href="/fleet"' in client.get("/").text
    assert httpx2.get(f"{any_court.url}/fleet", trust_env=False).status_code == 303
    assert 'href="/hearings/h1"' in page(any_court).text
    any_court.accounts.set_courts(Role.ADMIN.value, ["Басқа қаланың соты"])
    shown = page(any_court).text
    assert "A file that was received is missing" in shown  # counted
    assert "h1" not in shown.replace("<h1>", "").replace("</h1>", "")  # and not named


def test_another_courts_newer_findings_do_not_hide_those_of_ones_own(any_court: Court) -> None:
    upload_record(any_court.record().folder, any_court.settings)
    archive = any_court.archive
    archive.reindex("h1")
    notes = ScrubNotes(archive.catalogue.database)
    run = notes.begin(NOW * 1_000_000)
    notes.looked(run, "h1", [ScrubFinding("object-missing", "h1", SOUND, "2027-01-15T08:00:00.000Z", "")], 10)
    for number in range(FINDINGS + 5):  # of no court, and newer
        name = f"foreign-{number}"
        notes.looked(run, name, [ScrubFinding("unreadable", name, "", "2027-01-16T08:00:00.000Z", "")], 10)
    known = archive.catalogue.get("h1")
    assert known is not None
    any_court.accounts.set_courts(Role.ADMIN.value, [known.court])
    shown = page(any_court).text
    assert 'href="/hearings/h1"' in shown
    assert "foreign-" not in shown


def test_how_each_witness_stands(any_court: Court, tmp_path: Path) -> None:
    silent = Cosigner("silent.test", bytes(range(2, 34))).key
    another = make_log(entries(40, of="another history"))
    with witness(tmp_path / "good", "good.test") as good, witness(tmp_path / "other", "other.test", another) as other:
        peers = (good, other, WitnessPeer(url="http://127.0.0.1:9", key=silent.text))
        any_court.archive.log.add_all([(str(number), item) for number, item in enumerate(entries(3))])
        changed = any_court.settings.archive.model_copy(update={"witnesses": peers})
        settings = any_court.settings.model_copy(update={"archive": changed})
        any_court.app = create_app(settings, archive=any_court.archive, accounts=any_court.accounts)
        with serve(any_court.app) as any_court.url:
            log = any_court.archive.log
            want = {(3, ""), (0, WitnessConflict.code), (0, WitnessSilent.code)}
            wait_for(lambda: {(state.size, state.trouble) for state in states(log)} == want)
            with any_court.browser(Role.ADMIN) as client:
                shown = {
                    language: client.get("/fleet", headers={"Accept-Language": language}).text for language in LANGUAGES
                }
    texts = {
        "kk": ("бәрін куәландырды", "бас тартады: оған басқа журнал көрсетілген", "жауап бермейді"),
        "ru": ("заверил всё", "отказывает: ему показывали другой журнал", "не отвечает"),
        "en": ("has cosigned everything", "refuses: it was shown another log", "does not answer"),
    }
    for language, page_ in shown.items():
        for text in (*texts[language], "good.test", "other.test", "silent.test"):
            assert page_.count(text) == 1
