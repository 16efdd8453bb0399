"""A request that a box signed for one archive is good there and nowhere else, and once: over real HTTP servers, each with both kinds of database where it matters."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from device_config.settings import ArchiveSettings, Settings
from protocol.encoding import b64
from storage.archive.app import create_app
from storage.archive.own_names import OwnNames
from storage.archive.used_nonces import UsedNonces
from storage.client import ArchiveClient
from storage.database import Database
from storage.errors import Refused
from storage.signed_requests import WINDOW_S, SignedAuth
from tests.storage.conftest import SIGNER, Court, open_court
from tests.storage.servers import serve

FILE = "/api/v1/records/h1/files/media/T01/a/0001.mp4"
READ = ("GET", "/api/v1/records/h1")


@contextmanager
def serving(court: Court, *addresses: str) -> Iterator[str]:
    """A process of the archive that knows these names of its own."""
    settings = Settings(state_dir=court.root / "box", archive=ArchiveSettings(name="archive.test", addresses=addresses))
    with serve(create_app(settings, archive=court.archive, accounts=court.accounts)) as url:
        yield url


def caught(method: str, url: str, body: bytes = b"") -> dict[str, str]:
    """The headers of a request of the box on its way to an address."""
    digest = {"Repr-Digest": f"sha-256=:{b64(hashlib.sha256(body).digest())}:"} if method == "PUT" else {}
    request = httpx2.Request(method, url, headers=digest)
    next(SignedAuth(SIGNER).auth_flow(request))
    wanted = ("host", "signature", "signature-input", "content-digest", "repr-digest")
    return {name: request.headers[name] for name in wanted if name in request.headers}


def sent(url: str, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> httpx2.Response:
    with httpx2.Client(trust_env=False) as http:
        return http.request(method, url + path, headers=headers, content=body)


def test_what_was_signed_for_one_archive_is_refused_by_another(court: Court, tmp_path: Path) -> None:
    """The box is enrolled at both; who runs the first sends on what came to it."""
    (tmp_path / "other").mkdir()
    with (
        open_court(tmp_path / "other") as other,
        serving(court, "one.court.kz") as one,
        serving(other, "two.court.kz:8443") as two,
    ):
        for method, path, body in (("PUT", FILE, b"x"), ("POST", "/api/v1/records/h1/receipt", b""), (*READ, b"")):
            for name in ("http://one.court.kz", "http://one.court.kz:9000", "http://ONE.court.kz."):
                said = sent(two, method, path, caught(method, name + path, body), body)
                assert (said.status_code, said.json()["code"]) == (421, "other-archive"), said.text
            # With the name of the second put in its place, the signature is no more over this request.
            headers = caught(method, "http://one.court.kz" + path, body) | {"host": "two.court.kz:8443"}
            said = sent(two, method, path, headers, body)
            assert (said.status_code, said.json()["code"]) == (401, "bad-signature")
        assert not other.archive.catalogue.stored("h1")
        assert sent(one, "PUT", FILE, caught("PUT", "http://one.court.kz" + FILE, b"x"), b"x").status_code == 201
        assert sent(two, "PUT", FILE, caught("PUT", "http://two.court.kz:8443" + FILE, b"x"), b"x").status_code == 201
        assert sent(two, "PUT", FILE, caught("PUT", "http://two.court.kz" + FILE, b"x"), b"x").status_code == 421, (
            "another port"
        )


def test_the_box_says_what_is_wrong(court: Court) -> None:
    with (
        serving(court, "one.court.kz") as url,
        ArchiveClient(url, SIGNER) as client,
        pytest.raises(Refused, match="other-archive"),
    ):
        client.held("h1")


@pytest.mark.parametrize(
    ("names", "listens", "ours", "others"),
    [
        ((), "127.0.0.1", ("127.0.0.1:8802", "localhost", "[::1]:80"), ("archive.court.kz", "", "127.0.0.2")),
        ((), "0.0.0.0", ("localhost",), ("0.0.0.0:8802",)),  # noqa: S104
        ((), "fd00::1", ("[fd00::1]:8802",), ("fd00::1",)),
        (
            ("Archive.Court.kz",),
            "0.0.0.0",  # noqa: S104
            ("archive.court.kz", "ARCHIVE.court.KZ:8443"),
            ("localhost", "xarchive.court.kz"),
        ),
        (("a.kz:8443", "b.kz"), "", ("a.kz:8443", "b.kz"), ("a.kz", "a.kz:443", "c.kz", "b.kz:x")),
    ],
)
def test_names(names: tuple[str, ...], listens: str, ours: tuple[str, ...], others: tuple[str, ...]) -> None:
    own = OwnNames(names, listens)
    assert all(own.has(name) for name in ours)
    assert not any(own.has(name) for name in others)


def test_what_is_answered_with_something_is_good_once_at_all_processes_together(any_court: Court) -> None:
    """Also after a restart. A file may be put again at another process, and nothing comes of it."""
    with serving(any_court) as first:
        host = first.removeprefix("http://")
        put, look, receipt = (
            caught(method, first + path, b"x") for method, path in (("PUT", FILE), READ, ("POST", READ[1] + "/receipt"))
        )
        assert sent(first, "PUT", FILE, put, b"x").status_code == 201
        assert sent(first, *READ, look).status_code == 200
        assert sent(first, "POST", READ[1] + "/receipt", receipt).status_code == 422
        stored = any_court.archive.catalogue.stored("h1")
    with serving(any_court) as second:
        assert host != second.removeprefix("http://")
        for method, path, headers in ((*READ, look), ("POST", READ[1] + "/receipt", receipt)):
            said = sent(second, method, path, headers)
            assert (said.status_code, said.json()["code"]) == (401, "bad-signature"), said.text
        assert sent(second, "PUT", FILE, put, b"x").json()["new"] is False
        assert sent(second, "PUT", FILE, put, b"x").status_code == 401
    assert any_court.archive.catalogue.stored("h1") == stored


def test_old_nonces_are_swept(database_url: str) -> None:
    from storage.archive.catalogue import Catalogue

    catalogue = Catalogue(Database(database_url))
    used = UsedNonces(catalogue.database, 2.0 * WINDOW_S)
    assert used.use("a", 1000.0)
    assert not used.use("a", 1000.0 + WINDOW_S)
    swept = UsedNonces(catalogue.database, 2.0 * WINDOW_S)
    assert swept.use("b", 1001.0 + 2 * WINDOW_S)
    assert swept.use("a", 1001.0 + 2 * WINDOW_S)
    catalogue.close()
