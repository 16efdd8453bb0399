"""Time stamps over the archive's receipts: a real authority of openssl's over HTTP, a silent one, a restart; and the check offline, years later."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from pydantic import ValidationError

from device_config.tsa import TsaSettings
from protocol import timestamps
from storage.archive.media import Media
from storage.archive.stamps import Stamps, stamps_of
from storage.setting_errors import AuthoritiesUnfit
from storage.uploader import upload_record
from tests.hattama.test_timestamp import OPENSSL, Authority, make_authority
from tests.storage.conftest import ARCHIVE_SIGNER, SIGNER, Court
from tests.storage.servers import wait_for
from tests.support.command import Said, hattama
from tests.support.tsa_http import over_http

pytestmark = pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed (Debian: openssl)")
SILENT = "http://127.0.0.1:9/"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return make_authority(tmp_path / "tsa")


def stamping(court: Court, authority: Authority, url: str | None, policy: str | None = None) -> Stamps:
    """What a process of the archive runs."""
    settings = TsaSettings(url=url, policy=policy, authorities=authority.folder / "issuer.pem")
    return Stamps(court.archive.store, settings, authority.trusted, first_s=0.01)


def checked(court: Court, record: Path, authority: Authority, *more: str) -> Said:
    receipts = court.root / "archive" / "objects" / "receipts" / "h1"
    trust = ("--trust", SIGNER.key.text, "--trust", ARCHIVE_SIGNER.key.text)
    given = ("--timestamps", str(receipts), "--authorities", str(authority.folder / "issuer.pem"))
    return hattama("verify", str(record), *trust, *given, *more)


def test_a_silent_authority_a_restart_and_a_token_that_is_checked_offline(served: Court, authority: Authority) -> None:
    record = served.record()
    store, token = served.archive.store, "receipts/h1/0002.tst"
    first = stamping(served, authority, SILENT)
    served.archive.on_receipt = first.want
    first.start()
    upload_record(record.folder, served.settings)  # nobody waits for the authority
    wait_for(lambda: first._trouble)
    first.stop()  # … and what was queued is gone with the process
    assert not store.exists(token)
    assert first.of("h1", 2) is None
    assert checked(served, record.folder, authority).status not in (
        0,
        65,
    )  # there is no token to check, and that is said

    with over_http(authority.answer) as url:
        other = stamping(served, authority, url, policy="1.2.3.4.9")  # which this authority does not give
        other.start()
        wait_for(lambda: "refused" in other._trouble)
        other.stop()
        assert not store.exists(token)
        second = stamping(served, authority, url, policy="1.2.3.4.1")
        second.start()
        wait_for(lambda: store.exists(token))
        second.stop()

    said = second.of("h1", 2)
    assert said is not None
    assert (said.authority, said.policy) == ("Common Name: Test authority", "1.2.3.4.1")
    shown = Media(served.archive, second).replay("h1", closed=False)["receipt"]["timestamp"]
    assert (shown["at_us"], shown["authority"]) == (said.at_us, said.authority)
    with served.browser() as reader:  # an archive without a list of authorities says nothing
        assert reader.get("/hearings/h1/replay.json").json()["receipt"]["timestamp"] is None

    good = checked(served, record.folder, authority)
    assert good.status == 0, good
    assert "receipt of seal 2: time stamped at " in good.out
    assert "by Common Name: Test authority" in good.out
    found = json.loads(checked(served, record.folder, authority, "--json").out)["timestamps"]
    assert [(item["seal_number"], item["problem"]) for item in found] == [(2, "")]
    assert "time stamp" not in hattama("verify", str(record.folder), "--trust", SIGNER.key.text).out


def test_a_token_that_proves_nothing_of_this_record(served: Court, authority: Authority) -> None:
    record = served.record()
    upload_record(record.folder, served.settings)
    folder = served.root / "archive" / "objects" / "receipts" / "h1"
    for name, content in (("0002.tst", (folder / "0002.json").read_bytes()), ("other.tst", b"another receipt")):
        asked = timestamps.request(content, 7)
        (folder / name).write_bytes(timestamps.token_of(authority.answer(asked), content, 7))
    said = checked(served, record.folder, authority)
    assert said.status == 65
    assert "receipt of seal 2: time stamped at " in said.out
    assert "FAILED  other.tst: it is over no seal of this record" in said.out
    (folder / "other.tst").write_bytes(b"no token")
    assert "FAILED  other.tst" in checked(served, record.folder, authority).out
    (folder / "other.tst").unlink()
    stranger = make_authority(served.root / "stranger")
    assert checked(served, record.folder, stranger).status == 65
    shutil.copy(
        folder / "0002.json", folder / "other.json"
    )  # beside it, a receipt of an archive that is not trusted counts for nothing
    untrusted = ("--timestamps", str(folder), "--authorities", str(authority.folder / "issuer.pem"))
    assert "FAILED  0002.tst" in hattama("verify", str(record.folder), "--trust", SIGNER.key.text, *untrusted).out


def test_settings(served: Court, tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="authorities is needed"):
        TsaSettings(url=SILENT)
    with pytest.raises(ValidationError, match="policy"):
        TsaSettings(policy="gost")
    settings = served.settings
    archive = settings.archive.model_copy(update={"tsa": TsaSettings(url=SILENT, authorities=tmp_path / "none.pem")})
    with pytest.raises(AuthoritiesUnfit, match=r"none\.pem"):
        stamps_of(served.archive.store, settings.model_copy(update={"archive": archive}))
    assert hattama("verify", str(tmp_path), "--timestamps", str(tmp_path)).status not in (0, 65)
