from __future__ import annotations

import json

from device_config.settings import load
from storage.archive.enrolment import open_archive
from tests.support.command import hattama


def test_enrol_lets_the_box_in_and_rebuild_keeps_it() -> None:
    box = hattama("device", "key").out.strip()
    plain = hattama("archive", "enrol", box)
    assert plain.out == hattama("archive", "enrol", box).out, "enrolled once"
    said = hattama("archive", "enrol", box, "--token")
    assert said.status == 0, said
    assert plain.out == said.out.splitlines()[1] + "\n"
    token, key = (line.split(": ")[1] for line in said.out.splitlines())
    assert hattama("archive", "key").out.strip() == key
    with open_archive(load()) as archive:
        assert archive.device(token).key == box
        assert [item.key for item in archive.catalogue.devices()] == [box]
    for path in (load().state_dir / "archive").glob("catalogue.sqlite*"):
        path.unlink()
    assert hattama("archive", "rebuild").out == "0 hearings\n"
    with open_archive(load()) as archive:
        assert archive.device(token).key == box


def test_a_key_that_is_none_is_told() -> None:
    said = hattama("archive", "enrol", "box")
    assert said.status == 78
    assert "trust-unusable" in said.err


def test_scrub_of_an_empty_archive_finds_nothing() -> None:
    said = hattama("archive", "scrub")
    assert (said.status, said.out) == (0, "0 records, 0 bytes, 0 findings\n")
    assert json.loads(hattama("archive", "scrub", "--json", "--gib", "1").out) == {"hearings": 0, "bytes": 0, "findings": []}


def test_a_bucket_that_is_not_set_is_told() -> None:
    said = hattama("archive", "bucket")
    assert said.status == 78
    assert "store-unfit" in said.err
