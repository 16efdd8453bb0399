"""The way to the archive through cuts, lies and kills: the short form of ``bench/upload_faults.py``."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.storage.conftest import Court
from tests.support.ceph import Ceph
from tests.support.upload_faults import all_faults, boxed, cut_everywhere, faults, part
from tests.support.upload_kills import Place, free_port, killed


@pytest.fixture
def chance() -> random.Random:
    return random.Random(7)  # noqa: S311 - a choice of moments, no secret


def test_a_session_that_is_cut_anywhere(tmp_path: Path, chance: random.Random) -> None:
    with boxed(tmp_path) as box:
        assert cut_everywhere(box, 4, chance) == 8


@pytest.mark.ceph
def test_a_session_that_is_cut_anywhere_into_a_bucket(ceph: Ceph, tmp_path: Path, chance: random.Random) -> None:
    with boxed(tmp_path, ceph.new_store()[0]) as box:
        assert cut_everywhere(box, 2, chance) == 4


def test_answers_that_are_wrong_in_every_way(tmp_path: Path) -> None:
    with boxed(tmp_path) as box:
        assert all_faults(box, faults((503, 404))) == 20


def test_three_days_without_a_network(served: Court) -> None:
    tried, _seconds = part(served)
    assert 72 * 60 * 0.8 < tried < 9 * 72 * 60 * 1.3, "about once a minute for each of nine records, at most"


def test_uploader_and_archive_killed_again_and_again(tmp_path: Path, chance: random.Random) -> None:
    assert killed(Place(tmp_path, free_port()), 10, chance) == 5


@pytest.mark.ceph
def test_uploader_and_archive_killed_before_a_bucket(ceph: Ceph, tmp_path: Path, chance: random.Random) -> None:
    bucket = ceph.bucket(ceph.new_store()[1])
    assert killed(Place(tmp_path, free_port(), bucket), 4, chance) == 2
