"""What every test gets: an environment without the machine's settings, and an order from quick to slow."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# No time decides whether a test passes; a profile that a test's own settings start from.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

# Later in the list runs later. A test's place is that of its slowest marker, then of its folder.
_MARKERS = ("shared", "pulse", "rtsp", "browser", "demo", "postgres", "ceph")
_FOLDERS = (
    "protocol", "device_config", "web", "console", "storage", "transcription", "recorder", "verify_ts", "archive_pages", "hattama",
)  # fmt: skip


_HOME = (("XDG_STATE_HOME", "state"), ("XDG_CONFIG_HOME", "config"), ("XDG_CACHE_HOME", "cache"), ("XDG_DATA_HOME", "data"))


def pytest_configure() -> None:
    """No ``HATTAMA_*`` variable of the caller counts, neither here nor in a process that a test starts.

    Tests that import an engine's package before ``transcription`` tell its maker nothing either. Processes start from bytecode, as on a box:
    compiling the daemon and its children anew at each start costs half a second of the three that a restart may take.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    for name in [name for name in os.environ if name.startswith("HATTAMA_")]:
        del os.environ[name]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Quick tests first, so that a plain mistake shows within seconds; the order is the same on every machine."""
    items.sort(key=_slowness)  # a stable sort: tests of one file keep their order


def _slowness(item: pytest.Item) -> tuple[int, int]:
    marker = max((place for place, name in enumerate(_MARKERS, 1) if item.get_closest_marker(name)), default=0)
    folder = item.path.relative_to(Path(__file__).parent).parts[0]
    return marker, _FOLDERS.index(folder) + 1 if folder in _FOLDERS else 0


@pytest.fixture(autouse=True)
def _own_home(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nothing is written to the caller's home, and no test sees another's state."""
    home = tmp_path_factory.mktemp("home")
    for name, folder in _HOME:
        monkeypatch.setenv(name, str(home / folder))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Speech data that lies beside a developer's clone; a clone alone skips the tests that use it."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs the speech data in ../shared/data, which is not part of the project")
    return folder
