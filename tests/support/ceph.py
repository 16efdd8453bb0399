"""A real S3 service with Object Lock for tests: Ceph (one monitor, one OSD, one RADOS gateway) on loopback, in a temporary folder.

Started as children of the test process, without systemd or containers; ended by process id, and by the kernel should the test process die.
No replicas and no authentication inside: for tests only.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from botocore.client import BaseClient

from storage.s3_heads import S3Heads
from storage.s3_store import Bucket, S3Store, connect
from storage.s3_tickets import S3Tickets

PROGRAMS = ("monmaptool", "ceph", "ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "setpriv")
PACKAGES = "ceph-mon ceph-osd radosgw ceph-common"
UP_S = 120.0  # each step of the start; usually the whole takes 8 s
GIB = 1 << 30

_CONF = """
[global]
fsid = {fsid}
mon host = [v2:127.0.0.1:{mon2},v1:127.0.0.1:{mon1}]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
# radosgw's default is `secure`, for which there is no key without authentication: it would wait for 300 s.
ms mon client mode = crc
ms bind ipv6 = false
run dir = {folder}/run
admin socket = {folder}/run/$name.asok
log file = {folder}/log/$name.log
crash dir = {folder}/crash
keyring = /dev/null
plugin dir = /usr/lib/ceph
mon data = {folder}/mon
mon cluster log file = {folder}/log/cluster.log
mon allow pool size one = true
mon warn on pool no redundancy = false
mon pg warn min per osd = 0
auth allow insecure global id reclaim = false
paxos propose interval = 0.05
paxos min wait = 0.01
osd data = {folder}/osd
osd objectstore = bluestore
osd memory target = 1073741824
osd crush chooseleaf type = 0
osd crush update on start = false
osd class load list = *
osd class default list = *
osd mclock skip benchmark = true
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
bluestore block size = {size}
bluestore block create = true
bluestore fsck on mount = false
[client.rgw]
rgw data = {folder}/rgw
rgw frontends = beast endpoint=127.0.0.1:{port} tcp_nodelay=1
rgw enable usage log = false
rgw enable ops log = false
{lifecycle}
rgw thread pool size = 64
rgw gc obj min wait = 60
rgw gc processor period = 60
"""


def why_not() -> str | None:
    """Why there can be no such service here; None when there can. For ``pytest.skip``."""
    missing = [program for program in PROGRAMS if not shutil.which(program)]
    return f"Ceph is not installed: {', '.join(missing)} missing (Debian: {PACKAGES})" if missing else None


#: A day of a lifecycle rule is a second. Idle, it costs the store 600 operations and 250 syncs a second: not for measuring.
QUICK_DAYS = "rgw lc debug interval = 1"
NO_LIFECYCLE = "rgw enable lc threads = false"


@dataclass
class Ceph:
    """The running service.

    Attributes:
        folder: its data, configuration and logs.
        port: of the gateway.
        environment: variables of the gateway's process; change them and call :meth:`restart_gateway`.
    """

    folder: Path
    port: int
    access_key: str = "court-archive"
    secret_key: str = "court-archive-secret"
    environment: dict[str, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def conf(self) -> Path:
        return self.folder / "ceph.conf"

    def bucket(self, name: str) -> Bucket:
        return Bucket(self.endpoint, name, "default", self.access_key, self.secret_key)

    def client(self, bucket: str = "any") -> BaseClient:
        return connect(self.bucket(bucket), read_s=30.0)

    def new_store(self, prefix: str = "test", boxes_endpoint: str | None = None) -> tuple[S3Store, str]:
        """A store in a bucket of its own, and the bucket's name; with tickets for boxes where they have an address."""
        name = f"{prefix}-{uuid.uuid4().hex[:12]}"
        tickets = S3Tickets(self.bucket(name), boxes_endpoint) if boxes_endpoint else None
        store = S3Store(self.client(name), name, tickets=tickets, heads=S3Heads(self.bucket(name)))
        store.create_bucket()
        return store, name

    def tool(self, *arguments: str) -> str:
        """Run one of Ceph's programs as the store's operator would; gives what it prints."""
        command = [arguments[0], "-c", str(self.conf), *arguments[1:]]
        done = subprocess.run(command, capture_output=True, text=True, timeout=UP_S, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(arguments)}: status {done.returncode}: {done.stderr[-2000:]}")
        return done.stdout

    def admin(self, *arguments: str) -> str:
        return self.tool("radosgw-admin", "-n", "client.rgw", *arguments)

    def start(self, name: str, *command: str, environment: Mapping[str, str] | None = None) -> None:
        """Start a daemon in the foreground; the kernel kills it when this process dies."""
        with (self.folder / "log" / f"{name}.out").open("ab") as out:
            self.processes[name] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *command, "-c", str(self.conf), "-f"],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **(environment or {})},
            )  # fmt: skip

    def start_gateway(self) -> None:
        self.start("rgw", "radosgw", "-n", "client.rgw", environment=self.environment)
        self.wait("rgw", self.answers)

    def answers(self) -> bool:
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(self.endpoint, timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def restart_gateway(self, environment: dict[str, str]) -> None:
        """Another gateway in front of the same data."""
        self.end("rgw")
        self.environment = environment
        self.start_gateway()

    def wait(self, name: str, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + UP_S
        while not ready():
            if self.processes[name].poll() is not None or time.monotonic() > deadline:
                log = self.folder / "log" / f"{name}.out"
                raise RuntimeError(f"Ceph's {name} does not come up: {log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.1)

    def end(self, name: str) -> None:
        process = self.processes.pop(name, None)
        if process is not None:
            process.kill()  # nothing in it is kept
            process.wait(UP_S)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for item in sockets:
            item.bind(("127.0.0.1", 0))
        return [item.getsockname()[1] for item in sockets]


@contextmanager
def run_ceph(size: int = 4 * GIB, lifecycle: str = QUICK_DAYS) -> Iterator[Ceph]:
    """Start a service and end it; a start that fails is tried once more with other ports.

    Args:
        size: most bytes it can hold; the disk gives them only as they are written.
        lifecycle: line of the configuration: :data:`QUICK_DAYS` or :data:`NO_LIFECYCLE`.
    """
    with TemporaryDirectory(prefix="ceph-", dir="/tmp") as folder:
        for attempt in (1, 2):
            ceph = Ceph(Path(folder) / str(attempt), 0)
            try:
                try:
                    _start(ceph, size, lifecycle)
                except (RuntimeError, subprocess.SubprocessError):
                    if attempt == 2:
                        raise
                    continue
                yield ceph
                return
            finally:
                for name in ("rgw", "osd", "mon"):
                    ceph.end(name)


def _start(ceph: Ceph, size: int, lifecycle: str) -> None:
    folder, fsid = ceph.folder, str(uuid.uuid4())
    for name in ("run", "log", "mon", "osd", "rgw", "crash"):
        (folder / name).mkdir(parents=True)
    ceph.port, mon1, mon2 = _free_ports(3)
    ceph.conf.write_text(
        _CONF.format(folder=folder, fsid=fsid, mon1=mon1, mon2=mon2, port=ceph.port, size=size, lifecycle=lifecycle)
    )
    address, monmap = f"[v2:127.0.0.1:{mon2},v1:127.0.0.1:{mon1}]", str(folder / "monmap")
    ceph.tool("monmaptool", "--create", "--fsid", fsid, "--addv", "a", address, monmap)  # else it waits for a quorum
    ceph.tool("ceph-mon", "--id", "a", "--mkfs", "--fsid", fsid, "--monmap", monmap)
    ceph.start("mon", "ceph-mon", "--id", "a")
    ceph.tool("ceph", "--connect-timeout", "60", "-s")
    osd = str(uuid.uuid4())
    ceph.tool("ceph", "osd", "new", osd, "0")
    ceph.tool("ceph", "osd", "crush", "add", "osd.0", "1", "root=default")
    ceph.tool("ceph-osd", "--id", "0", "--mkfs", "--osd-uuid", osd)
    ceph.start("osd", "ceph-osd", "--id", "0")
    ceph.wait("osd", lambda: json.loads(ceph.tool("ceph", "osd", "stat", "-f", "json"))["num_up_osds"] == 1)
    ceph.start_gateway()
    ceph.admin(
        "user", "create", "--uid", "archive", "--display-name", "archive", "--max-buckets", "0",
        "--access-key", ceph.access_key, "--secret", ceph.secret_key,
    )  # fmt: skip
