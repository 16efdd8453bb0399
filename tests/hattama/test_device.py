from __future__ import annotations

from pathlib import Path

from tests.support.command import hattama


def test_the_key_stays_the_same_and_can_be_trusted(tmp_path: Path) -> None:
    first = hattama("device", "key")
    assert first.status == 0
    assert first.out == hattama("device", "key").out
    assert hattama("device", "trust", "list").out == ""
    file = tmp_path / "box.vkey"
    file.write_text(first.out)
    added = hattama("device", "trust", "add", str(file))
    assert added.out.strip().endswith(".vkey")
    assert hattama("device", "trust", "list").out == first.out


def test_a_broken_trust_list_is_told() -> None:
    hattama("device", "trust", "add", hattama("device", "key").out.strip())
    path = Path(hattama("device", "trust", "add", hattama("device", "key").out.strip()).out.strip())
    path.with_name("broken.vkey").write_text("x")
    said = hattama("device", "trust", "list")
    assert said.status == 78
    assert "broken.vkey" in said.err
