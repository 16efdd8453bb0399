"""Tiles of the log: names, bytes and bounds, against the tree that they are made of."""

from __future__ import annotations

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.merkle import Tree, leaf_hash, root_of
from storage.archive.log_api import Rate, tile_of
from storage.tiles import BadTile, Tile, bundle, tiles_of, unbundle
from tests.storage.logs import entries, make_log, public, shown
from tests.storage.servers import serve


@given(st.none() | st.integers(0, 63), st.integers(0, 10**15), st.integers(1, 256))
def test_a_name_is_read_as_it_is_written(level: int | None, number: int, width: int) -> None:
    tile = Tile(level, number, width)
    assert Tile.parse(tile.path) == tile


def test_names_are_those_of_the_specification() -> None:
    assert Tile(2, 1_234_067).path == "2/x001/x234/067"
    assert Tile(0, 273, 112).path == "0/273.p/112"
    assert Tile(None, 5, 256).path == "entries/005"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "0",
        "0/5",
        "0/005.p/0",
        "0/005.p/256",
        "0/005.p/01",
        "00/005",
        "0/x000/005",
        "0/x1/005",
        "64/000",
        "-1/000",
        "0/005/",
        "entries/١٢٣",
        "0/005\n",
    ],
)
def test_another_spelling_is_no_tile(path: str) -> None:
    with pytest.raises(BadTile):
        Tile.parse(path)


@given(st.lists(st.binary(max_size=40), max_size=12))
def test_bundles(texts: list[bytes]) -> None:
    data = bundle(texts)
    assert unbundle(data, len(texts)) == texts
    with pytest.raises(BadTile):
        unbundle(data, len(texts) + 1)
    if texts:
        with pytest.raises(BadTile):
            unbundle(data[:-1], len(texts))


@given(st.integers(1, 1400), st.integers(0, 20), st.integers(0, 5), st.integers(1, 256))
def test_hashes_of_a_level_are_roots_of_its_subtrees(size: int, level: int, start: int, count: int) -> None:
    leaves = [leaf_hash(str(number).encode()) for number in range(size)]
    found = Tree(leaves).hashes(level, start, count)
    width = 1 << level
    assert len(found) == max(0, min(count, (size >> level) - start))
    for number, value in enumerate(found, start):
        assert value == root_of(leaves[number * width : (number + 1) * width])


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_tiles_cover_what_is_asked_for(start: int, more: int) -> None:
    tiles = list(tiles_of(None, start, start + more))
    covered = [number for tile in tiles for number in range(tile.start, tile.start + tile.width)]
    assert [number for number in covered if number >= start] == list(range(start, start + more))
    assert all(tile.size <= start + more for tile in tiles)


def test_what_is_served_is_the_log() -> None:
    """Leaves, entries and upper level of a log of 600: the tree is built again from tiles alone."""
    log = make_log(entries(600))
    with shown(log) as url, httpx2.Client(base_url=f"{url}/", trust_env=False) as client:

        def get(path: str) -> httpx2.Response:
            return client.get(path)

        texts = [
            text for tile in tiles_of(None, 0, 600) for text in unbundle(get(f"tile/{tile.path}").content, tile.width)
        ]
        leaves = [leaf_hash(text) for text in texts]
        assert root_of(leaves) == Tree(leaves).root() == log._tree.root()
        low = b"".join(get(f"tile/{tile.path}").content for tile in tiles_of(0, 0, 600))
        assert low == b"".join(leaves)
        assert get("tile/1/000.p/2").content == b"".join(root_of(leaves[n * 256 : n * 256 + 256]) for n in range(2))
        full = get("tile/0/001")
        assert (len(full.content), full.headers["content-type"]) == (8192, "application/octet-stream")
        assert "immutable" in full.headers["cache-control"]
        note = get("checkpoint")
        assert note.text == log.checkpoint()
        assert note.headers["content-type"] == "text/plain; charset=utf-8"
        for path in (
            "tile/0/002",
            "tile/0/002.p/89",
            "tile/1/000.p/3",
            "tile/2/000.p/1",
            "tile/9/000.p/1",
            "tile/entries/002.p/89",
            "tile/0/x1",
            "tile/63/000",
        ):
            assert get(path).status_code == 404, path
    log.close()


def test_an_empty_log_has_no_checkpoint() -> None:
    log = make_log([])
    with shown(log) as url:
        assert httpx2.get(f"{url}/checkpoint", trust_env=False).status_code == 404
    assert tile_of(log, "0/000.p/1") is None
    log.close()


def test_strangers_in_a_hurry_wait() -> None:
    log, now = make_log(entries(3)), [0.0]
    with serve(public(log, Rate(2, 3, lambda: now[0]))) as url, httpx2.Client(base_url=url, trust_env=False) as client:
        path = "/log/tile/entries/000.p/3"
        assert [client.get(path).status_code for _ in range(4)] == [200, 200, 200, 429]
        now[0] += 0.5
        assert [client.get(path).status_code for _ in range(2)] == [200, 429]
    log.close()


def test_a_tile_holds_nothing_that_is_not_committed() -> None:
    """Between the tree in memory and the commit of an entry a stranger may ask for it; it could still be another one."""
    with make_log(entries(3)) as log:
        log._tree.append(leaf_hash(b"never committed"))
        log._in_doubt = True
        assert tile_of(log, "0/000.p/4") is None
        assert tile_of(log, "entries/000.p/4") is None
        assert tile_of(log, "0/000.p/3") == b"".join(leaf_hash(text) for text in log.entries())
