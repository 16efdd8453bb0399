"""The signer: what it signs, what it refuses, and what it remembers through kills."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from device_config.errors import SignerMemoryUnusable, SignerRefusal
from device_config.signer import CheckpointSigner, Memory, ProofWanted
from device_config.signer_client import SignerClient
from protocol.checkpoint import Checkpoint
from protocol.errors import NotSigned
from protocol.merkle import Tree, leaf_hash
from protocol.note import Ed25519Signer
from protocol.writer import JournalWriter

SEED = bytes(range(32))
KEY = Ed25519Signer("box.court.test", SEED)
ORIGIN = "box.court.test/2026-11-22_1_abcd"


def tree(size: int, salt: bytes = b"") -> Tree:
    return Tree(leaf_hash(salt + bytes([index])) for index in range(size))


def text(size: int, salt: bytes = b"", origin: str = ORIGIN) -> str:
    return Checkpoint(origin, size, tree(size, salt).root()).text


@pytest.fixture
def signer(tmp_path: Path) -> CheckpointSigner:
    return CheckpointSigner(KEY, Memory(tmp_path / "signer.sqlite", begin=True))


def again(tmp_path: Path) -> CheckpointSigner:
    """The signer of a new process."""
    return CheckpointSigner(KEY, Memory(tmp_path / "signer.sqlite"))


def test_it_signs_a_journal_that_grows(signer: CheckpointSigner) -> None:
    assert KEY.key.verify(text(3).encode(), signer.sign(text(3)))
    with pytest.raises(ProofWanted) as wanted:
        signer.sign(text(7))
    assert wanted.value.size == 3
    assert KEY.key.verify(text(7).encode(), signer.sign(text(7), tree(7).consistency_proof(3)))
    assert signer.sign(text(7)) == signer.sign(text(7)), "asked again, it gives the same"
    assert signer.sign(text(1, origin="box.court.test/other")), "another hearing has its own history"


@pytest.mark.parametrize(
    ("forged", "proof"),
    [
        pytest.param(text(4), None, id="smaller"),
        pytest.param(text(4), tree(5).consistency_proof(4), id="smaller-with-proof"),
        pytest.param(text(5, b"x"), None, id="other-root"),
        pytest.param(text(5, b"x"), [], id="other-root-with-empty-proof"),
        pytest.param(text(9, b"x"), tree(9, b"x").consistency_proof(5), id="larger-fork"),
        pytest.param(text(9, b"x"), tree(9).consistency_proof(5), id="larger-fork-with-the-true-proof"),
        pytest.param(text(9), tree(9).consistency_proof(4), id="proof-of-another-size"),
        pytest.param(text(9), [], id="no-proof"),
    ],
)
def test_it_never_signs_a_fork(tmp_path: Path, signer: CheckpointSigner, forged: str, proof: Sequence[bytes] | None) -> None:
    signer.sign(text(5))
    for one in (signer, again(tmp_path)):  # also after a restart
        with pytest.raises(SignerRefusal):
            one.sign(forged, proof)
    assert signer.sign(text(6), tree(6).consistency_proof(5)), "a refusal changes nothing"


@pytest.mark.parametrize(
    "foreign",
    [
        "",
        "hello\n",
        "transfer 1000 tenge\n",
        text(3)[:-1],
        text(3) + "extension\n",
        text(3) + "\n",
        text(3).replace("\n3\n", "\n03\n"),
        text(3, origin="other.court.test/2026-11-22_1_abcd"),
        text(3, origin="box.court.test"),
        text(3, origin="box.court.test/"),
        text(3, origin="box.court.test/log entry"),
        text(3, origin="box.court.testimony/x"),
        text(3, origin="box.court.test/a/b"),
        Checkpoint(ORIGIN, 0, Tree([]).root()).text,
        f"{ORIGIN}\n3\nAAAA\n",
    ],
)
def test_it_signs_nothing_but_its_own_checkpoints(signer: CheckpointSigner, foreign: str) -> None:
    with pytest.raises(SignerRefusal):
        signer.sign(foreign)
    assert signer.sign(text(1))


def test_without_a_memory_it_does_not_begin(tmp_path: Path) -> None:
    path = tmp_path / "signer.sqlite"
    with pytest.raises(SignerMemoryUnusable):
        Memory(path)
    CheckpointSigner(KEY, Memory(path, begin=True)).sign(text(5))
    assert Memory(path, begin=True).last(ORIGIN) == (5, tree(5).root()), "begun twice, nothing is forgotten"
    for damaged in (b"", path.read_bytes()[:700], b"not a database" * 100):
        other = tmp_path / "damaged.sqlite"
        other.write_bytes(damaged)
        with pytest.raises(SignerMemoryUnusable):
            Memory(other)


def test_it_signs_nothing_that_it_cannot_remember(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "signer.sqlite", begin=True)
    memory._db.execute("PRAGMA query_only=1")
    with pytest.raises(SignerMemoryUnusable):
        CheckpointSigner(KEY, memory).sign(text(1))


def test_a_kill_between_memory_and_answer_costs_nothing(tmp_path: Path) -> None:
    """The process that dies there has promised; the next one keeps the promise, and signs the same again."""
    code = """if True:
        import os, signal, sys
        from pathlib import Path
        from device_config.signer import CheckpointSigner, Memory
        from tests.device_config.test_signer import KEY, text
        class Killed(Memory):
            def remember(self, point):
                super().remember(point)
                os.kill(os.getpid(), signal.SIGKILL)
        CheckpointSigner(KEY, Killed(Path(sys.argv[1]), begin=True)).sign(text(5))
    """
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "signer.sqlite")], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    signer = again(tmp_path)
    with pytest.raises(SignerRefusal):
        signer.sign(text(5, b"x"))
    with pytest.raises(SignerRefusal):
        signer.sign(text(4))
    assert KEY.key.verify(text(5).encode(), signer.sign(text(5)))


BASE = (
    '"@method": GET\n"@authority": archive.test\n"@path": /api/v1/records/h1\n"@query": ?\n'
    '"@signature-params": ("@method" "@authority" "@path" "@query");created=1;'
    f'keyid="{KEY.key.name}+{KEY.key.key_id.hex()}";alg="ed25519";nonce="{"n" * 22}";tag="hattama-box"'
)


def test_it_signs_requests_to_the_archive_that_name_its_key(signer: CheckpointSigner) -> None:
    assert KEY.key.verify(BASE.encode(), signer.sign_request(BASE))
    for other in (text(3), BASE.replace("GET", "DELETE"), BASE.replace(KEY.key.key_id.hex(), "00000000"), BASE + "\n", ""):
        with pytest.raises(SignerRefusal):
            signer.sign_request(other)
    with pytest.raises(SignerRefusal):
        signer.sign(BASE)


# The service


class Service:
    """``hattama signer`` as a process."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.socket = folder / "signer.sock"
        self.log = folder / "log"
        config = folder / "settings.toml"
        config.write_text(f'state_dir = "{folder / "state"}"\ndevice_name = "box.court.test"\nsigner_socket = "{self.socket}"\n')
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "hattama", "--config", str(config), "signer", *arguments], stdout=log, stderr=log
            )
        while not self._listens() and self.process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.05)

    def _listens(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
            return connection.connect_ex(str(self.socket)) == 0

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    running: list[Service] = []

    def start(*arguments: str) -> Service:
        running.append(Service(tmp_path, *arguments))
        return running[-1]

    yield start
    for one in running:
        if one.process.poll() is None:
            one.end(signal.SIGKILL)


def ask(path: Path, request: bytes) -> dict[str, Any]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        connection.settimeout(30)
        connection.connect(str(path))
        connection.send(request)
        answer: dict[str, Any] = json.loads(connection.recv(1 << 16))
        return answer


def test_a_journal_signed_by_the_service(tmp_path: Path, service: Callable[..., Service]) -> None:
    """Killed and started again in the middle: the journal goes on, and an older copy of it does not."""
    running = service()
    known = tmp_path / "device.vkey"
    client = SignerClient(running.socket, known, 30)
    record = tmp_path / "record"
    moment: dict[str, Any] = {"at_us": 1, "mono_us": 1, "salt": bytes(16)}
    writer = JournalWriter.create(record, client, "2026-11-22_1_abcd", software="test", **moment)
    assert writer.signed == 1
    for _ in range(3):
        writer.append("case", {}, **moment)
        writer.checkpoint()
    older = {path.name: path.read_bytes() for path in record.iterdir()}
    writer.append("case", {}, **moment)
    assert running.end(signal.SIGKILL) == -signal.SIGKILL
    with pytest.raises(NotSigned):
        writer.checkpoint()
    assert SignerClient(running.socket, known, 30).key == client.key, "known while the service is away"
    with pytest.raises(NotSigned):
        SignerClient(running.socket, None, 30)
    running = service()
    writer.checkpoint()
    assert (writer.signed, len(writer.checkpoints())) == (5, 5)
    writer.close()
    for name, data in older.items():
        (record / name).write_bytes(data)
    writer, _ = JournalWriter.reopen(record, client)
    writer.append("case", {"title": "another history"}, **moment)
    with pytest.raises(NotSigned, match="signer-refused"):
        writer.checkpoint()
    writer.append("case", {}, **moment)
    with pytest.raises(NotSigned, match="signer-refused"):
        writer.checkpoint()
    assert running.end() == 0


def test_only_one_user_is_served(service: Callable[..., Service]) -> None:
    running = service("--peer", str(os.getuid() + 1))
    for request in (b'{"do":"key"}', b'{"do":"sign","text":"x"}'):
        assert ask(running.socket, request)["code"] == "wrong-peer"
    with pytest.raises(NotSigned, match="wrong-peer"):
        SignerClient(running.socket, None, 30)
    assert running.socket.stat().st_mode & 0o777 == 0o600
    assert running.end() == 0


def test_a_sender_gets_requests_signed_and_no_checkpoint(service: Callable[..., Service]) -> None:
    running = service("--peer", str(os.getuid() + 1), "--sender", str(os.getuid()))
    client = SignerClient(running.socket, None, 30)
    base = BASE.replace(f"{KEY.key.name}+{KEY.key.key_id.hex()}", f"{client.key.name}+{client.key.key_id.hex()}").encode()
    assert client.key.verify(base, client.sign_request(base))
    with pytest.raises(NotSigned, match="wrong-peer"):
        client.sign(text(1).encode())
    with pytest.raises(NotSigned, match="signer-refused"):
        client.sign_request(text(1).encode())


def test_an_unknown_peer_is_named(service: Callable[..., Service]) -> None:
    running = service("--peer", "no-such-user")
    assert running.process.returncode == 78
    assert "no-such-user" in running.log.read_text()


def test_a_key_without_its_memory_signs_nothing(tmp_path: Path, service: Callable[..., Service]) -> None:
    assert service().end() == 0
    (tmp_path / "state" / "keys" / "signer.sqlite").unlink()
    assert service().process.returncode == 74
    running = service("--begin")
    assert SignerClient(running.socket, None, 30).sign_checkpoint(text(2), tree(2).consistency_proof)


@pytest.mark.parametrize(
    "request_bytes",
    [b"x", b"[]", b"1", b'"do"', b"\xff", b'{"do":"sign"}', b'{"do":"key","x":1}', b'{"do":"sign","text":1}', b"[" * 60000,
     b'{"do":"sign","text":"x","proof":["AAAA"]}', b'{"do":"sign","text":"x","proof":[1]}', b'{"do":"sign","text":"\\ud800"}'],
)  # fmt: skip
def test_nonsense_is_refused_and_the_next_client_served(service_of_all: Service, request_bytes: bytes) -> None:
    assert ask(service_of_all.socket, request_bytes)["code"] in {"bad-request", "signer-refused"}
    assert "key" in ask(service_of_all.socket, b'{"do":"key"}')


def test_a_silent_client_keeps_nobody_waiting_for_long(service_of_all: Service) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as silent:
        silent.connect(str(service_of_all.socket))
        assert "key" in ask(service_of_all.socket, b'{"do":"key"}')


@pytest.fixture(scope="module")
def service_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    running = Service(tmp_path_factory.mktemp("signer"))
    yield running
    running.end()
