"""The rules of the house that no other tool checks: imports, length, pages of docs, what a package carries."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

from hattama import helptext
from scripts import make_docs

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("hattama", "recorder", "transcription", "storage", "device_config", "web", "protocol")
LONGEST = 400
_MADE = {"node_modules", "__pycache__", "build", "dist"}
#: Where this program was written is nobody's business (spelt so that this line does not match itself).
_MACHINE = re.compile(r"/wor[k]/|/far[m]/|/bash_job[s]|/pytest-of-roo[t]")


def _files(*suffixes: str) -> list[Path]:
    """The project's own files, found without git, so that a released archive can be tested too."""
    found = [path for path in ROOT.rglob("*") if path.suffix in suffixes and path.is_file()]
    return sorted(path for path in found if not any(_is_made(part) for part in path.relative_to(ROOT).parts[:-1]))


def _is_made(folder: str) -> bool:
    return folder in _MADE or folder.endswith(".egg-info") or (folder.startswith(".") and folder != ".ci")


def test_imports_go_down_only() -> None:
    program = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([program, "--no-logo", "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_no_module_is_longer_than_400_lines() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in _files(".py", ".ts", ".mjs")}
    assert len(lengths) > 100
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_docs_say_what_the_code_says() -> None:
    different = [str(page.relative_to(ROOT)) for page, text in make_docs.pages().items() if not page.exists() or page.read_text(encoding="utf-8") != text]
    assert different == [], "run: make docs"


def test_every_command_has_a_module_a_test_and_a_page() -> None:
    services = (ROOT / "tests" / "hattama" / "test_services.py").read_text(encoding="utf-8")
    for name in helptext.commands():
        module = "import_" if name == "import" else name
        assert (ROOT / "hattama" / "commands" / f"{module}.py").is_file()
        assert (ROOT / "tests" / "hattama" / f"test_{name}.py").is_file() or f'"{name}"' in services, f"no test of {name}"
        page = (ROOT / "docs" / "commands" / f"{name}.md").read_text(encoding="utf-8")
        prose = page.partition("## Help")[0]
        assert len(prose.split()) > 20, f"docs/commands/{name}.md says too little"
    pages = {page.stem for page in (ROOT / "docs" / "commands").glob("*.md")}
    assert pages == set(helptext.commands())


def test_links_between_the_docs_lead_somewhere() -> None:
    broken = []
    for page in _files(".md"):
        text = re.sub(r"```.*?```|`[^`]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        targets = [target for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text) if "://" not in target]
        broken += [f"{page.relative_to(ROOT)}: {target}" for target in targets if not (page.parent / target).exists()]
    assert broken == []


def test_nothing_names_the_machine_it_was_written_on() -> None:
    texts = _files(".py", ".ts", ".mjs", ".md", ".toml", ".txt", ".json", ".html", ".css", ".po", ".sh", ".yml", ".service", "")
    named = [str(path.relative_to(ROOT)) for path in texts if _MACHINE.search(path.read_text(encoding="utf-8", errors="ignore"))]
    assert named == []


@pytest.mark.skipif(int(version("setuptools").split(".")[0]) < 77, reason="building needs setuptools 77 (make test installs it)")
def test_a_built_package_carries_every_file(tmp_path: Path) -> None:
    """What works from a clone works installed: templates, translations, sound and scripts are in the wheel."""
    copy = tmp_path / "source"
    for path in [*_files(".py"), *_data_files(), ROOT / "pyproject.toml", ROOT / "README.md", ROOT / "LICENSE"]:
        target = copy / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path), str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    inside = set(zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist())
    wanted = {str(path.relative_to(ROOT)) for path in [*_files(".py"), *_data_files()] if path.relative_to(ROOT).parts[0] in PACKAGES}
    assert wanted - inside == set()
    assert not any(name.startswith(("tests/", "bench/", "scripts/")) for name in inside)


def _data_files() -> list[Path]:
    """Files of the packages that are not Python; of the front end only what the build made."""
    found = [path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.is_file() and path.suffix != ".py"]
    return [path for path in found if "__pycache__" not in path.parts and not path.is_relative_to(ROOT / "web" / "ui")]
