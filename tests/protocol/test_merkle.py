"""The Merkle tree against RFC 6962's published values and every small proof."""

from __future__ import annotations

import pytest

from protocol.merkle import EMPTY_ROOT, Tree, leaf_hash, verify_consistency, verify_inclusion

# The eight leaves and roots used by the Certificate Transparency reference implementation (merkletree tests).
LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def test_published_roots() -> None:
    tree = Tree()
    assert tree.root() == EMPTY_ROOT
    for leaf, root in zip(LEAVES, ROOTS, strict=True):
        tree.append(leaf_hash(bytes.fromhex(leaf)))
        assert tree.root().hex() == root
    assert [tree.root(size).hex() for size in range(1, 9)] == ROOTS


def test_published_inclusion_proof() -> None:
    tree = Tree(leaf_hash(bytes.fromhex(leaf)) for leaf in LEAVES)
    assert [item.hex() for item in tree.inclusion_proof(5)] == [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


def test_all_small_proofs() -> None:
    leaves = [leaf_hash(bytes([number])) for number in range(33)]
    for new in range(1, 34):
        tree = Tree(leaves[:new])
        for old in range(1, new + 1):
            proof = tree.consistency_proof(old, new)
            assert verify_consistency(old, new, proof, tree.root(old), tree.root(new))
            assert not verify_consistency(old, new, proof, tree.root(old), EMPTY_ROOT) or old == new
            for index in range(old):
                path = tree.inclusion_proof(index, old)
                assert verify_inclusion(leaves[index], index, old, path, tree.root(old))
                assert not verify_inclusion(leaves[index], index, old, [*path, EMPTY_ROOT], tree.root(old))
                if old > 1:
                    assert not verify_inclusion(leaves[index], (index + 1) % old, old, path, tree.root(old))


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_no_such_leaf(index: int, size: int) -> None:
    assert not verify_inclusion(EMPTY_ROOT, index, size, [], EMPTY_ROOT)
    with pytest.raises(ValueError, match="no leaf"):
        Tree([EMPTY_ROOT] * 3).inclusion_proof(index, size)


def test_sizes_beyond_the_tree() -> None:
    with pytest.raises(ValueError, match="leaves"):
        Tree().root(1)
    with pytest.raises(ValueError, match="consistency"):
        Tree([EMPTY_ROOT]).consistency_proof(0)
