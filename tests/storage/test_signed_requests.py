"""Requests signed with the device's key (RFC 9421): which the archive takes, and which not, over a real HTTP server."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from http_message_signatures import HTTPMessageSigner

from device_config.settings import ArchiveSettings, Settings
from protocol.encoding import b64
from protocol.note import Ed25519Signer
from protocol.request_base import TAG, key_id_of
from storage.archive.app import create_app
from storage.archive.callers import Nonces
from storage.archive.enrolment import enrol_device
from storage.client import ArchiveClient
from storage.errors import NoArchive, Refused, Unreachable
from storage.sender import Progress, Sender
from storage.signed_requests import COVERED, LABEL, WINDOW_S, WITH_BODY, Ed25519, SignedAuth, key_id
from storage.uploader import client_of
from tests.storage.conftest import SIGNER, TOKEN, Court
from tests.storage.servers import serve

FILE = "media/T01/a/0001.mp4"


@pytest.fixture
def strict(court: Court) -> Iterator[Court]:
    """An archive that takes no tokens."""
    settings = Settings(state_dir=court.root / "box", archive=ArchiveSettings(name="archive.test"))
    with serve(create_app(settings, archive=court.archive, accounts=court.accounts)) as url:
        court.url = url
        yield court


class Caught(SignedAuth):
    """Keeps the headers of the last request."""

    def auth_flow(self, request: httpx2.Request) -> Iterator[httpx2.Request]:  # type: ignore[override]
        flow = super().auth_flow(request)
        yield next(flow)
        self.headers = dict(request.headers)


def put(court: Court, auth: httpx2.Auth | None, body: bytes = b"x", *, path: str = FILE, **headers: str) -> httpx2.Response:
    digest = {"Repr-Digest": f"sha-256=:{b64(hashlib.sha256(body).digest())}:"}
    with httpx2.Client(trust_env=False, auth=auth) as http:
        return http.put(f"{court.url}/api/v1/records/h1/files/{path}", content=body, headers=digest | headers)


def repeated(court: Court, headers: dict[str, str], method: str, path: str, body: bytes = b"x") -> httpx2.Response:
    """Somebody who caught a request sends its headers again."""
    kept = {name: value for name, value in headers.items() if name in ("signature", "signature-input", "content-digest", "repr-digest")}
    with httpx2.Client(trust_env=False) as http:
        return http.request(method, f"{court.url}{path}", content=body, headers=kept)


def test_a_record_is_sent_without_any_secret_but_the_key(strict: Court) -> None:
    record = strict.record()
    with ArchiveClient(strict.url, SIGNER) as client:
        assert Sender(record.folder, client).step() is Progress.SENT
        assert client.receipt("h1")
        assert client.read_back("h1") == client.held("h1")


def test_a_token_counts_only_where_the_settings_say_so(strict: Court) -> None:
    with ArchiveClient(strict.url, TOKEN) as client, pytest.raises(Refused, match="not-enrolled"):
        client.held("h1")
    with serve(strict.app) as url, ArchiveClient(url, TOKEN) as client:  # archive.accept_tokens
        assert client.held("h1") == {}


def test_the_very_request_again_is_refused(strict: Court) -> None:
    auth = Caught(SIGNER)
    assert put(strict, auth).status_code == 201
    path = f"/api/v1/records/h1/files/{FILE}"
    again = repeated(strict, auth.headers, "PUT", path)
    assert (again.status_code, again.json()["code"]) == (401, "bad-signature")


def test_a_caught_signature_is_good_for_nothing_else(strict: Court) -> None:
    auth = Caught(SIGNER)
    path = f"/api/v1/records/h1/files/{FILE}"
    for method, target, body in (
        ("PUT", f"{path}x", b"x"),
        ("PUT", f"{path}?a=1", b"x"),
        ("PUT", path.replace("h1", "h2"), b"x"),
        ("GET", "/api/v1/records/h1", b""),
        ("POST", "/api/v1/records/h1/receipt", b""),
    ):
        request = httpx2.Request("PUT", f"{strict.url}{path}", headers={"Repr-Digest": f"sha-256=:{b64(hashlib.sha256(b'x').digest())}:"})
        next(auth.auth_flow(request))
        said = repeated(strict, dict(request.headers), method, target, body)
        assert (said.status_code, said.json()["code"]) == (401, "bad-signature"), (method, target)


def test_another_body_is_refused(strict: Court) -> None:
    other = f"sha-256=:{b64(hashlib.sha256(b'y').digest())}:"

    class Swapped(SignedAuth):
        def auth_flow(self, request: httpx2.Request) -> Iterator[httpx2.Request]:  # type: ignore[override]
            for signed in super().auth_flow(request):
                signed.headers["Repr-Digest"] = other
                yield signed

    said = put(strict, Swapped(SIGNER))
    assert (said.status_code, said.json()["code"]) == (401, "bad-signature"), "two digests"
    said = put(strict, SignedAuth(SIGNER), b"x", **{"Repr-Digest": other})
    assert (said.status_code, said.json()["code"]) == (400, "digest-mismatch"), "the body is not what was signed"
    assert not list((strict.root / "archive" / "objects").rglob("*.mp4"))


def test_other_keys_are_refused(strict: Court) -> None:
    stranger = Ed25519Signer(SIGNER.key.name, bytes(32))
    assert put(strict, SignedAuth(stranger)).json()["code"] == "not-enrolled"

    class Posing:
        """Names the enrolled key, and signs with another."""

        key = SIGNER.key

        def sign_request(self, base: bytes) -> bytes:
            return stranger.sign_request(base)

    said = put(strict, SignedAuth(Posing()))
    assert (said.status_code, said.json()["code"]) == (401, "bad-signature")
    enrol_device(strict.archive, stranger.key.text)
    assert put(strict, SignedAuth(stranger)).status_code == 201
    assert put(strict, SignedAuth(SIGNER)).json()["code"] == "not-enrolled", "the hearing is the other's now"


@pytest.mark.parametrize("off_s", [-WINDOW_S - 60, WINDOW_S + 60])
def test_a_clock_that_is_wrong_is_told_and_does_not_keep_the_record(strict: Court, off_s: int) -> None:
    auth = SignedAuth(SIGNER, wall=lambda: time.time() + off_s)
    said = put(strict, auth)
    assert (said.status_code, said.json()["code"]) == (401, "stale-signature")
    auth.set_clock(said.headers["Date"])
    assert put(strict, auth).status_code == 201
    auth.set_clock("yesterday")
    assert abs(auth.ahead_s + off_s) < 30, "what is no date changes nothing"
    with ArchiveClient(strict.url, SIGNER) as client:
        assert client._auth is not None
        client._auth.ahead_s = float(off_s)
        with pytest.raises(Unreachable, match="stale-signature"):
            client.held("h1")
        assert FILE in client.held("h1"), "the next one goes by the archive's clock"


@pytest.mark.parametrize(
    "date",
    ["Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 -2359", "Mon, 01 Jan 0001 00:00:00 -0000", "yesterday", None],
)
def test_a_date_out_of_all_reason_does_not_stop_the_box(date: str | None) -> None:
    """Some gate's answer with a time of its own: the next request must still be one that can be signed."""
    told = {"code": "stale-signature", "message": "", "advice": ""}
    headers = {} if date is None else {"Date": date}
    asked: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return httpx2.Response(401, json=told if len(asked) == 1 else {}, headers=headers)

    with ArchiveClient("http://archive", SIGNER, httpx2.MockTransport(answer)) as client:
        for _ in range(3):
            with pytest.raises(Unreachable):
                client.held("h1")
    created = [int(str(request.headers["signature-input"]).split("created=")[1].split(";")[0]) for request in asked]
    assert all(abs(one - time.time()) < 3600 for one in created)


def test_only_the_archive_sets_the_clock() -> None:
    """A sign-in page says 401, too, and has a time of its own."""
    headers = {"Date": "Wed, 01 Jan 2031 00:00:00 GMT"}
    transport = httpx2.MockTransport(lambda _: httpx2.Response(401, text="<html>sign in", headers=headers))
    with ArchiveClient("http://archive", SIGNER, transport) as client:
        with pytest.raises(Unreachable):
            client.held("h1")
        assert client._auth is not None
        assert client._auth.ahead_s == 0.0


def test_what_must_be_covered_must_be_covered(strict: Court) -> None:
    class Sparing(httpx2.Auth):
        def __init__(self, covered: tuple[str, ...], nonce: str | None = "n" * 22, tag: str = TAG) -> None:
            self.covered, self.nonce, self.tag = covered, nonce, tag

        def auth_flow(self, request: httpx2.Request) -> Iterator[httpx2.Request]:  # type: ignore[override]
            request.headers["Content-Digest"] = request.headers["Repr-Digest"]
            maker = HTTPMessageSigner(signature_algorithm=Ed25519)
            made = maker.prepare(
                request, key_id=key_id(SIGNER.key), created=datetime.now(UTC), nonce=self.nonce, tag=self.tag,
                label=LABEL, covered_component_ids=self.covered, use_existing_digest=True,
            )  # fmt: skip
            maker.apply(request, made, SIGNER.sign(made.signature_base))
            yield request

    assert put(strict, Sparing(WITH_BODY)).status_code == 201
    for auth in (
        Sparing(COVERED),
        Sparing(("@method", "@path", "@query", "content-digest")),
        Sparing(WITH_BODY, nonce=None),
        Sparing(WITH_BODY, nonce="short"),
        Sparing(WITH_BODY, tag="another"),
    ):
        assert put(strict, auth).status_code in (401, 403)
    headers: dict[str, str]
    for headers in ({"Signature": "box=:AA==:"}, {"Signature-Input": "box=()"}, {"Signature": "", "Signature-Input": "("}):
        assert put(strict, None, b"x", path=FILE, **headers).status_code in (401, 403)


def test_nonces_are_forgotten_when_they_are_good_for_nothing() -> None:
    nonces = Nonces()
    assert nonces.use("a", 0.0)
    assert not nonces.use("a", 1.9 * WINDOW_S)
    assert nonces.use("b", 2.1 * WINDOW_S)
    assert nonces.use("a", 2.2 * WINDOW_S)


def test_a_base_is_told_from_everything_else() -> None:
    seen: list[str] = []

    class Looking:
        key = SIGNER.key

        def sign_request(self, base: bytes) -> bytes:
            seen.append(base.decode())
            return SIGNER.sign(base)

    for method, digest in (("PUT", {"Repr-Digest": f"sha-256=:{b64(bytes(32))}:"}), ("GET", {}), ("POST", {})):
        request = httpx2.Request(method, "https://archive.court.kz:8443/api/v1/records/h1/files/a?b=c", headers=digest)
        next(SignedAuth(Looking()).auth_flow(request))
    assert [key_id_of(base) for base in seen] == [key_id(SIGNER.key)] * 3
    for other in ("box.test/h1\n1\nAAAA\n", seen[0] + "\n", seen[0].replace("PUT", "DELETE"), f"x\n{seen[0]}", ""):
        assert key_id_of(other) is None


def test_who_is_named_by_what(tmp_path: Path) -> None:
    plain = Settings(state_dir=tmp_path, archive=ArchiveSettings(url="http://127.0.0.1:9"))
    client_of(plain, lambda: SIGNER).close()
    with pytest.raises(NoArchive, match=r"archive\.token"):
        client_of(plain)
    with pytest.raises(NoArchive, match=r"archive\.url"):
        client_of(Settings(state_dir=tmp_path), lambda: SIGNER)
