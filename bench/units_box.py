"""A box with a real systemd as PID 1 (systemd-nspawn), in which the units of systemd/ are installed as docs/systemd.md says.

Nothing is downloaded: ``/usr`` is this machine's, read-only, and the program runs from this checkout and its virtual environment,
read-only too. ``/etc``, ``/var`` and ``/opt`` are the box's own and stay over a reboot. It shares this machine's network, in which
it may change nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import time
from contextlib import suppress
from pathlib import Path

from bench.loss_box import wait_for

ROOT = Path(__file__).resolve().parent.parent
PYTHON = Path("/usr/bin/python3")
#: The hierarchy of cgroup v1 by which slices share the processor; with v2 alone the box has its own part of the one hierarchy.
_CPU_V1 = Path("/sys/fs/cgroup/cpu")
#: Only cgroup v2 tells a systemd in a container when a service's last process is gone; with v1 it waits for its time-outs.
_V2 = {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}
_ENABLED = {"multi-user.target.wants": "hattama-recorder.service", "sockets.target.wants": "hattama-signer.socket"}


def why_not() -> str | None:
    """Why no such box can run here; None when one can."""
    if os.geteuid() != 0:
        return "a container with a systemd of its own needs root"
    for program in ("systemd-nspawn", "nsenter", "systemd-sysusers"):
        if shutil.which(program) is None:
            return f"{program} is not installed (apt-get install --no-install-recommends systemd-container util-linux systemd)"
    if not Path("/usr/lib/systemd/systemd").exists() or not Path("/bin").is_symlink():
        return "/usr holds no systemd, or not the whole system (merged /usr)"
    asked = subprocess.run(
        [PYTHON, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], capture_output=True, text=True, check=False
    )
    if asked.stdout.strip() != f"{sys.version_info.major}.{sys.version_info.minor}":
        return f"{PYTHON} is not the Python {sys.version_info.major}.{sys.version_info.minor} that the virtual environment was made for"
    return None


class SystemdBox:
    """A box that can be switched on and off.

    Args:
        folder: where its disk is.
        settings: text of its settings.toml.
    """

    def __init__(self, folder: Path, settings: str) -> None:
        self.root = folder / "root"
        self.pid = 0
        self._name = f"hattama-{os.getpid()}"
        self._log = folder / "console"
        self._nspawn: subprocess.Popen[bytes] | None = None
        self._group = _CPU_V1 / self._name if _CPU_V1.is_dir() else None
        self._install(settings)

    @property
    def hearings(self) -> Path:
        """Folder of the records."""
        return self.root / "var/lib/hattama/hearings"

    @property
    def socket(self) -> Path:
        """The recorder's socket, seen from here."""
        return Path(f"/proc/{self.pid}/root/run/hattama/recorder.sock")

    def switch_on(self, *, weights: bool = False) -> None:
        """Boot; its PID 1 answers when this returns.

        Args:
            weights: its slices must have weights that the kernel knows; where processors are shared by cgroup v1, services
                then end more slowly than on a box.
        """
        group = self._group if weights else None
        environment = {**os.environ, **({} if group or self._group is None else _V2)}
        binds = {"/usr": "/usr", sysconfig.get_paths()["purelib"]: "/opt/hattama/site", str(ROOT): "/opt/hattama/src"}
        command = [
            "systemd-nspawn",
            "-D",
            str(self.root),
            "--boot",
            "--register=no",
            "--keep-unit",
            "-M",
            self._name,
            "--console=pipe",
        ]
        command += [f"--bind-ro={here}:{there}" for here, there in binds.items()]
        if group is not None:  # it gets a part of the processor's hierarchy to divide further
            group.mkdir(exist_ok=True)
            command = ["sh", "-c", f'echo $$ > {group}/cgroup.procs && exec "$@"', "sh", *command]
        with self._log.open("ab") as log:
            self._nspawn = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=environment,
            )
        self.pid = wait_for(self._first, 60)
        wait_for(lambda: self.ask("systemctl", "is-system-running") not in ("", "offline", "initializing"), 60)
        if group is not None:
            self._let_share()

    def switch_off(self) -> float:
        """Shut down in order; how long it took, s."""
        began = time.monotonic()
        self.ask("systemctl", "poweroff")
        self._gone()
        return time.monotonic() - began

    def pull_the_plug(self) -> None:
        """Everything in it dies at once."""
        if self._nspawn is not None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, 9)  # PID 1 of its namespace: the kernel kills all others with it
            self._gone()

    def close(self) -> None:
        """End it, whatever state it is in."""
        if self._nspawn is not None and self._nspawn.poll() is None:
            self.pull_the_plug()
        if self._group is not None and self._group.is_dir():
            for folder in sorted(self._group.rglob("*"), reverse=True):
                if folder.is_dir():
                    with suppress(OSError):
                        folder.rmdir()
            with suppress(OSError):
                self._group.rmdir()

    def ask(self, *command: str) -> str:
        """Run a command inside; what it says, also when it fails."""
        done = subprocess.run(
            ["nsenter", "-t", str(self.pid), "-a", "--", *command],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return done.stdout.strip()

    def unit(self, name: str, *properties: str) -> dict[str, str]:
        """Properties of a unit."""
        said = self.ask("systemctl", "show", name, "--property", ",".join(properties))
        return dict(line.split("=", 1) for line in said.splitlines() if "=" in line)

    def shares_processor(self) -> bool:
        """Whether its slices have weights that the kernel knows."""
        return self._group is None or (self._group / "hattama.slice/hattama-capture.slice/cpu.shares").exists()

    def _first(self) -> int:
        """PID 1 of the box, by our numbers."""
        if self._nspawn is None or self._nspawn.poll() is not None:
            raise RuntimeError(f"systemd-nspawn ended: {self._log.read_text(errors='replace')[-400:]}")
        children = Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children").read_text().split()
        return next((int(pid) for pid in children if Path(f"/proc/{pid}/comm").read_text().strip() == "systemd"), 0)

    def _gone(self) -> None:
        if self._nspawn is not None:
            self._nspawn.wait(150)
            self._nspawn = None

    def _let_share(self) -> None:
        """It got the hierarchy read-only; what is writable counts for systemd from the next daemon-reexec on."""
        self.ask("mount", "-o", "remount,rw,bind", "/sys/fs/cgroup/cpu")
        self.ask("systemctl", "daemon-reexec")
        wait_for(lambda: self.ask("systemctl", "is-system-running") != "", 30)

    def _install(self, settings: str) -> None:
        """The box's disk; every command of docs/systemd.md that needs no running box."""
        for name in (
            "usr",
            "etc/hattama",
            "var/lib",
            "var/log/journal",
            "run",
            "dev",
            "proc",
            "sys",
            "root",
            "home",
            "opt/hattama/site",
            "opt/hattama/src",
        ):
            (self.root / name).mkdir(parents=True)
        (self.root / "tmp").mkdir(mode=0o1777)
        for name in ("bin", "lib", "lib64", "sbin"):
            (self.root / name).symlink_to(f"usr/{name}")
        etc = self.root / "etc"
        for name, target in (("system", "systemd/system"), ("sysusers.d", "sysusers.d"), ("tmpfiles.d", "tmpfiles.d")):
            shutil.copytree(ROOT / "systemd" / name, etc / target)
        for wants, unit in _ENABLED.items():
            (etc / "systemd/system" / wants).mkdir()
            (etc / "systemd/system" / wants / unit).symlink_to(f"../{unit}")
        (etc / "systemd/system/default.target").symlink_to("/usr/lib/systemd/system/multi-user.target")
        shutil.copy("/usr/lib/os-release", etc / "os-release")
        (etc / "machine-id").write_text(os.urandom(16).hex() + "\n")
        users = [str(path) for path in Path("/usr/lib/sysusers.d").glob("*.conf")]
        subprocess.run(
            ["systemd-sysusers", f"--root={self.root}", *users, str(etc / "sysusers.d/hattama.conf")],
            check=True,
            capture_output=True,
        )
        (etc / "hattama/settings.toml").touch(0o600)
        (etc / "hattama/settings.toml").write_text(settings)
        self._install_program(self.root / "opt/hattama")

    def _install_program(self, place: Path) -> None:
        """A virtual environment of the system's Python that finds the packages of ours and this checkout."""
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        packages = place / f"lib/python{version}/site-packages"
        packages.mkdir(parents=True)
        (packages / "hattama.pth").write_text("/opt/hattama/site\n/opt/hattama/src\n")
        (place / "pyvenv.cfg").write_text(
            f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {version}\n"
        )
        (place / "bin").mkdir()
        (place / "bin/python3").symlink_to(PYTHON)
        program = place / "bin/hattama"
        program.write_text("#!/opt/hattama/bin/python3\nfrom hattama.cli import main\n\nmain()\n")
        program.chmod(0o755)
