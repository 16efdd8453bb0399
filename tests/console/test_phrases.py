from __future__ import annotations

from pathlib import Path

import pytest

from recorder.console.phrases import MOST, SHIPPED, phrases


@pytest.mark.parametrize("language", ["kk", "ru"])
def test_without_a_file_the_shipped_ones(tmp_path: Path, language: str) -> None:
    assert len(phrases(tmp_path, language)) == 10
    assert len(SHIPPED.read_text("utf-8").splitlines()) == 21


def test_a_courts_own_file_and_what_is_wrong_in_it(tmp_path: Path) -> None:
    rows = [
        "language\tphrase",
        "# ours",
        "ru\tПервая\u202e",
        "de\tNein",
        "ru",
        "kk\tБірінші",
        "ru\t" + "х" * 201,
        "ru\t<b>вторая</b>",
    ]
    (tmp_path / "phrases.tsv").write_text("\ufeff" + "\n".join(rows), "utf-8")
    assert phrases(tmp_path, "ru") == ["Первая", "<b>вторая</b>"]
    assert phrases(tmp_path, "kk") == ["Бірінші"]


def test_a_file_that_cannot_be_read_leaves_the_shipped_ones(tmp_path: Path) -> None:
    (tmp_path / "phrases.tsv").write_bytes("ru\tПервая".encode("cp1251"))
    assert len(phrases(tmp_path, "ru")) == 10
    (tmp_path / "phrases.tsv").write_text("\n".join(f"ru\t{number}" for number in range(99)), "utf-8")
    assert len(phrases(tmp_path, "ru")) == MOST
