"""People's signatures come into the record, the secretary certifies it, and nothing of it changes any more; remarks and amendments are added."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import structlog

from protocol.documents import FONTS
from protocol.hearing import State
from protocol.journal import read_journal
from protocol.manifest import parse
from protocol.signatures.detached import sign_detached
from protocol.signatures.pdf import sign_pdf
from protocol.signatures.person import Role
from protocol.signatures.pkcs12 import FileKey
from protocol.transcript import Transcript
from protocol.view import HearingView
from recorder.certification_guard import ADDING
from recorder.client import RecorderClient
from tests.recorder.test_api import serving
from tests.support.confirming import drafted_and_confirmed
from tests.support.people import PASSWORD, Authority, Human, trust_folder
from tests.support.recorder import CASE, check, microphones, settings, wait_for

pytestmark = pytest.mark.skipif(not FONTS.is_dir(), reason="fonts-croscore is not installed")


@dataclass(frozen=True)
class Court:
    """The people of a court, and a daemon that trusts them."""

    box: Any
    client: RecorderClient
    http: httpx2.Client
    authority: Authority
    secretary: Human
    judge: Human
    people: dict[Human, str]
    stranger: Human

    def get(self, path: str) -> Any:
        answer = self.http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json() if "json" in answer.headers["content-type"] else answer.content

    def post(self, path: str, status: int = 201, **more: Any) -> Any:
        answer = self.http.post(path, **more)
        assert answer.status_code == status, answer.text
        return answer.json()


def signer(human: Human) -> FileKey:
    return FileKey(human.file, PASSWORD)


def now_us() -> int:
    return int(datetime.now(UTC).timestamp() * 1e6)


@pytest.fixture(scope="module")
def court(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Court]:
    folder = tmp_path_factory.mktemp("court")
    authority = Authority(at=datetime.now(UTC))
    secretary, judge = (
        authority.person("Иванова Айгүл", "IIN900101400123"),
        authority.person("Әлиев Берік", "IIN700101300123"),
    )
    late = authority.person("Ескі Кілт", "IIN1", end=datetime.now(UTC) - timedelta(days=2))
    people = {secretary: "secretary", judge: "judge", late: "judge"}
    trust = trust_folder(
        folder / "trust", authority, people, authority.revocations(when=datetime.now(UTC) - timedelta(days=1))
    )
    box = settings(folder, microphones("mics", "mic-bench"), court="Court", signing={"trust": trust})
    with serving(box), RecorderClient(box.socket) as client:
        transport = httpx2.HTTPTransport(uds=str(box.socket))
        with httpx2.Client(transport=transport, base_url="http://recorder", timeout=120) as http:
            yield Court(box, client, http, authority, secretary, judge, people, late)


@pytest.fixture(scope="module")
def hearing(court: Court) -> str:
    """A hearing that was recorded, transcribed and drafted."""
    client = court.client
    found = client.plan(CASE, (), ())
    wait_for(lambda: all(source.state == "ready" for source in client.status().sources))
    client.start(found, "secretary")
    client.stop(found, "secretary")
    client.transcript(found, Transcript(found, 1, "open", "ru", (), (), (), ()).to_json())
    drafted_and_confirmed(client, found)
    return found


def folder(court: Court, hearing: str) -> Path:
    return Path(court.box.hearings) / hearing


def view(court: Court, hearing: str) -> HearingView:
    entries, _ = read_journal((folder(court, hearing) / "journal.jsonl").read_bytes())
    return HearingView.of(entries)


def refused(court: Court, hearing: str, body: bytes, language: str = "ru") -> set[str]:
    answer = court.http.post(
        f"/v1/hearings/{hearing}/signatures", params={"language": language, "by": "judge"}, content=body
    )
    assert answer.status_code == 422, answer.text
    return {item["code"] for item in answer.json()["findings"]}


def test_what_is_wrong_with_a_signature_is_said_and_nothing_is_taken(court: Court, hearing: str) -> None:
    base, at = f"/v1/hearings/{hearing}", now_us()
    pdf = court.get(f"{base}/papers/protocol/brief-0002.ru.pdf")
    before = (folder(court, hearing) / "journal.jsonl").read_bytes()
    good = sign_pdf(pdf, signer(court.judge), Role.JUDGE, at)
    assert refused(court, hearing, sign_pdf(pdf, signer(court.judge), Role.SECRETARY, at)) == {"wrong-role"}
    assert "expired" in refused(court, hearing, sign_pdf(pdf, signer(court.stranger), Role.JUDGE, at))
    other = court.get(f"{base}/papers/protocol/brief-0002.kk.pdf")
    assert refused(court, hearing, sign_pdf(other, signer(court.judge), Role.JUDGE, at)) == {"not-this-file"}
    changed = bytearray(good)
    changed[len(pdf) // 2] ^= 1
    assert refused(court, hearing, bytes(changed)) == {"not-this-file"}
    assert refused(court, hearing, pdf) == {"not-this-file"}
    behind = bytearray(good)
    behind[good.rindex(b"/Reason") + 9] ^= 1
    assert refused(court, hearing, bytes(behind)) & {"altered", "malformed", "unknown-role"}
    unknown = Authority("Бөтен КО", datetime.now(UTC)).person(court.judge.name, court.judge.serial)
    assert "untrusted-issuer" in refused(court, hearing, sign_pdf(pdf, signer(unknown), Role.JUDGE, at))
    both = sign_pdf(good, signer(replace(court.judge)), Role.SECRETARY, at)
    assert {"same-person", "wrong-role"} <= refused(court, hearing, both)
    assert court.http.post(f"{base}/certification", params={"manifest": 2, "by": "s"}, content=b"x").status_code == 409
    # The way to the certification is shut as well, and nothing of all that left a line.
    assert (folder(court, hearing) / "journal.jsonl").read_bytes() == before
    assert not (folder(court, hearing) / "signatures").exists()


@pytest.fixture(scope="module")
def signed(court: Court, hearing: str) -> str:
    """The same hearing, its protocol signed by both."""
    base = f"/v1/hearings/{hearing}"
    pdf = court.get(f"{base}/papers/protocol/brief-0002.ru.pdf")
    query = {"language": "ru", "by": "judge"}
    once = sign_pdf(pdf, signer(court.judge), Role.JUDGE, now_us())
    done = court.post(f"{base}/signatures", params=query, content=once)
    assert (done["path"], done["missing"]) == ("signatures/brief-0002.ru.1.pdf", ["secretary"])
    twice = sign_pdf(once, signer(court.secretary), Role.SECRETARY, now_us())
    # What was signed beside the other's signature, and not over it, is refused: one of the two would be lost.
    beside = sign_pdf(pdf, signer(court.secretary), Role.SECRETARY, now_us())
    assert refused(court, hearing, beside) == {"not-this-file"}
    done = court.post(f"{base}/signatures", params={**query, "by": "secretary"}, content=twice)
    assert (done["path"], done["missing"]) == ("signatures/brief-0002.ru.2.pdf", [])
    return hearing


def test_both_sign_and_each_signature_is_a_seal_of_its_own(court: Court, signed: str) -> None:
    told = court.get(f"/v1/hearings/{signed}/signing")
    russian = next(item for item in told["documents"] if item["language"] == "ru")
    assert [item["name"] for item in russian["signatures"]] == ["Әлиев Берік", "Иванова Айгүл"]
    assert (told["signed"], told["certified"], told["outdated"], told["state"]) == (True, None, False, "drafted")
    shown = view(court, signed)
    last = [parse((folder(court, signed) / item.path).read_bytes()) for item in shown.manifests[-2:]]
    assert [item.kind for item in last] == ["signature", "signature"]
    assert last[1].previous is not None
    assert last[1].previous.number == last[0].number
    assert check(folder(court, signed)).good


@pytest.mark.skipif(shutil.which("pdfsig") is None, reason="poppler-utils is not installed")
def test_a_second_tool_finds_both_signatures_in_the_record_good(court: Court, signed: str) -> None:
    path = folder(court, signed) / "signatures/brief-0002.ru.2.pdf"
    said = subprocess.run(
        ["pdfsig", "-nocert", str(path)], capture_output=True, text=True, check=False, timeout=60
    ).stdout
    assert said.count("Signature is Valid") == 2, said
    assert "Total document signed" in said


@pytest.fixture(scope="module")
def certified(court: Court, signed: str) -> str:
    """And certified by the secretary."""
    base = f"/v1/hearings/{signed}"
    asked = court.post(f"{base}/certification/preparation", 200, json={"by": "secretary"})
    manifest = court.get(f"{base}/papers/{asked['path']}")
    query = {"manifest": asked["manifest"], "by": "secretary"}
    assert (
        court.http.post(
            f"{base}/certification", params=query, content=sign_detached(manifest, signer(court.judge))
        ).status_code
        == 422
    )
    assert (
        court.http.post(
            f"{base}/certification", params=query, content=sign_detached(b"other", signer(court.secretary))
        ).status_code
        == 422
    )
    assert court.http.post(f"{base}/certification", params={**query, "manifest": 1}, content=b"x").status_code == 409
    done = court.post(f"{base}/certification", params=query, content=sign_detached(manifest, signer(court.secretary)))
    assert done["path"] == f"signatures/manifest-{asked['manifest']:04d}.secretary.p7s"
    return signed


def test_the_certified_record_verifies(court: Court, certified: str) -> None:
    shown = view(court, certified)
    assert shown.state is State.CERTIFIED
    assert check(folder(court, certified)).good
    assert court.get(f"/v1/hearings/{certified}/signing")["certified"]["by"] == "secretary"


def unsafe_routes(court: Court) -> list[tuple[str, str]]:
    """Every unsafe route of the daemon's OpenAPI that names a hearing."""
    paths = court.get("/openapi.json")["paths"]
    return [
        (method, path)
        for path, item in sorted(paths.items())
        for method in item
        if method != "get" and "{hearing}" in path
    ]


def test_every_route_that_could_change_what_is_certified_answers_409_and_logs_it(court: Court, certified: str) -> None:
    before = (folder(court, certified) / "journal.jsonl").read_bytes()
    asked = 0
    with structlog.testing.capture_logs() as logs:
        for method, path in unsafe_routes(court):
            if path.removeprefix("/v1/hearings/{hearing}/") in ADDING:
                continue
            address = re.sub(r"\{(?!hearing)[^}]*\}", "1", path).replace("{hearing}", certified)
            answer = court.http.request(method, address, json={})
            assert (answer.status_code, answer.json()["code"]) == (409, "illegal-move"), path
            asked += 1
    assert asked >= 11
    assert (
        len([entry for entry in logs if entry["event"] == "certified_stays" and entry["hearing"] == certified]) == asked
    )
    assert (folder(court, certified) / "journal.jsonl").read_bytes() == before


def enter(court: Court, hearing: str, status: int = 201, **body: Any) -> Any:
    return court.post(f"/v1/hearings/{hearing}/protocol-remarks", status, json={"by": "secretary", **body})


def test_remarks_and_their_review_arrive_as_later_seals(court: Court, certified: str) -> None:
    shown = view(court, certified)
    seals, moment = len(shown.manifests), next(iter(shown.takes.values())).start_us
    at = now_us()
    person: dict[str, Any] = {"person": "Талапкер А.", "role": "plaintiff", "at_us": at}
    enter(court, certified, **person, kind="familiarised")
    file = {"name": "Ескерту (қол қойылған).PDF", "data": base64.b64encode(b"%PDF-1.7 remark").decode()}
    filed = enter(
        court,
        certified,
        **person,
        kind="filed",
        text="Куәгердің сөзі толық емес.",
        moments=[moment],
        attachments=[file],
    )
    assert filed["path"] == "remarks/0002.json"
    judge: dict[str, Any] = {
        "person": "Әлиев Берік",
        "role": "judge",
        "at_us": at + 1,
        "by": "judge",
        "kind": "reviewed",
        "of": filed["path"],
    }
    assert enter(court, certified, 422, **judge, decision="rejected")["code"] == "bad-request"  # no reasons
    enter(court, certified, **judge, decision="partly", text="Тек бір сөз түзетілді.")
    assert enter(court, certified, 409, **judge, decision="certified")["code"] == "illegal-move"
    told = court.get(f"/v1/hearings/{certified}/protocol-remarks")
    assert [item["kind"] for item in told] == ["familiarised", "filed", "reviewed"]
    assert told[1]["attachments"][0]["path"] == "remarks/0002-1.pdf"
    assert court.get(f"/v1/hearings/{certified}/papers/remarks/0002-1.pdf") == b"%PDF-1.7 remark"
    shown = view(court, certified)
    made = [parse((folder(court, certified) / item.path).read_bytes()) for item in shown.manifests[seals:]]
    assert [item.kind for item in made] == ["remarks"] * 3
    assert [item.previous.number for item in made if item.previous] == [seals, seals + 1, seals + 2]
    assert shown.state is State.CERTIFIED
    assert check(folder(court, certified)).good


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"kind": "filed", "text": " "}, "text"),
        ({"kind": "filed", "text": "x", "moments": [1]}, "moments"),
        ({"kind": "filed", "text": "x", "at_us": 2**53 - 1}, "at_us"),
        ({"kind": "filed", "text": "x", "decision": "rejected"}, "decision"),
        ({"kind": "reviewed", "of": "remarks/0009.json", "decision": "certified"}, "of"),
        ({"kind": "familiarised", "attachments": [{"name": "a", "data": "eA=="}]}, "attachments"),
    ],
)
def test_remarks_that_do_not_fit_are_refused(court: Court, certified: str, wrong: dict[str, Any], said: str) -> None:
    body = {"person": "A", "at_us": now_us(), **wrong}
    assert enter(court, certified, 422, **body)["message"].startswith(said)


def test_an_amendment_counts_when_both_have_signed_it(court: Court, certified: str) -> None:
    base, seals = f"/v1/hearings/{certified}", len(view(court, certified).manifests)
    body = {"by": "secretary", "text": "3-тармақ: «12 қараша» деп оқылсын.", "reason": "Жазу қатесі."}
    number = court.post(f"{base}/amendments", json=body)["number"]
    assert court.http.post(f"{base}/amendments", json=body).status_code == 409  # one at a time
    pdf = court.get(f"{base}/amendments/{number}.pdf")
    once = sign_pdf(pdf, signer(court.secretary), Role.SECRETARY, now_us())
    address = f"{base}/amendments/{number}/signatures"
    done = court.post(address, params={"by": "secretary"}, content=once)
    assert done["missing"] == ["judge"]
    assert len(view(court, certified).manifests) == seals  # one signature: no amendment
    assert (
        court.http.post(
            address, params={"by": "judge"}, content=sign_pdf(pdf, signer(court.judge), Role.JUDGE, now_us())
        ).status_code
        == 422
    )
    done = court.post(
        address, params={"by": "judge"}, content=sign_pdf(once, signer(court.judge), Role.JUDGE, now_us())
    )
    assert (done["missing"], done["seal"]) == ([], seals + 1)
    shown = view(court, certified)
    made = parse((folder(court, certified) / shown.manifests[-1].path).read_bytes())
    assert (made.kind, [getattr(entry, "path", "") for entry in made.entries]) == (
        "amendment",
        [f"amendments/{number:04d}.json", f"amendments/{number:04d}.ru.pdf"],
    )
    said = json.loads((folder(court, certified) / f"amendments/{number:04d}.json").read_bytes())
    assert said["amends"] == "signatures/brief-0002.ru.2.pdf"
    assert said["sha256"] == next(item.sha256 for item in shown.revisions if item.path == said["amends"])
    assert court.get(f"{base}/amendments") == []
    assert check(folder(court, certified)).good


def test_an_amendment_that_was_cut_short_is_neither_stuck_nor_entered_twice(court: Court, certified: str) -> None:
    base, waits = f"/v1/hearings/{certified}", Path(court.box.state_dir) / "amendments" / certified
    waits.mkdir(parents=True, exist_ok=True)
    number = 1 + sum(
        item.path.endswith(".json") for item in view(court, certified).revisions if item.kind == "amendment"
    )
    (waits / f"{number:04d}.0.pdf").write_bytes(b"%PDF")
    court.post(f"{base}/amendments", json={"by": "secretary", "text": "4-тармақ", "reason": "Қате"})
    address, who = f"{base}/amendments/{number}/signatures", {"by": "judge"}
    once = sign_pdf(court.get(f"{base}/amendments/{number}.pdf"), signer(court.judge), Role.JUDGE, now_us())
    court.post(address, params=who, content=once)
    kept = {path: path.read_bytes() for path in waits.iterdir()}
    twice = sign_pdf(once, signer(court.secretary), Role.SECRETARY, now_us())
    court.post(address, params=who, content=twice)
    after = view(court, certified).size
    for path, data in kept.items():
        path.write_bytes(data)
    assert court.http.post(address, params=who, content=twice).status_code == 404
    assert (view(court, certified).size, check(folder(court, certified)).good) == (after, True)


def test_terms_of_the_hearing(court: Court, certified: str) -> None:
    rows = [row for row in court.get("/v1/terms")["rows"] if row["hearing"] == certified]
    kinds = [(row["kind"], row["window"], row["overdue"]) for row in rows]
    assert ("protocol", False, False) in kinds
    assert ("familiarise", True, False) in kinds
    assert rows[0]["article"]


def test_a_newer_transcript_means_a_newer_draft(court: Court) -> None:
    client = court.client
    found = client.plan(CASE, (), ())
    wait_for(lambda: all(source.state == "ready" for source in client.status().sources))
    client.start(found, "secretary")
    client.stop(found, "secretary")
    assert court.http.post(f"/v1/hearings/{found}/certification/preparation", json={"by": "s"}).status_code == 409
    drafted_and_confirmed(client, found)
    client.transcript(found, Transcript(found, 1, "open", "ru", (), (), (), ()).to_json())
    pdf = court.get(f"/v1/hearings/{found}/papers/protocol/brief-0002.ru.pdf")
    body = sign_pdf(pdf, signer(court.judge), Role.JUDGE, now_us())
    answer = court.http.post(f"/v1/hearings/{found}/signatures", params={"language": "ru", "by": "judge"}, content=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "illegal-move")
    assert (
        court.http.post(f"/v1/hearings/{found}/amendments", json={"by": "s", "text": "x", "reason": "y"}).status_code
        == 409
    )
    assert enter(court, found, 409, kind="filed", person="A", at_us=now_us(), text="x")["code"] == "illegal-move"
