"""RFC 9162 §2.1 trees; the vectors are those of the Certificate Transparency reference tests."""

from __future__ import annotations

import hashlib

import pytest

from baccarat.domain import merkle

LEAVES = [
    bytes.fromhex(data)
    for data in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def leaves(size: int) -> list[bytes]:
    return [merkle.leaf_hash(str(number).encode()) for number in range(size)]


@pytest.mark.parametrize("size", range(9))
def test_known_roots(size: int) -> None:
    assert merkle.root([merkle.leaf_hash(leaf) for leaf in LEAVES[:size]]).hex() == ROOTS[size]


@pytest.mark.parametrize(
    ("index", "size", "proof"),
    [
        (0, 1, []),
        (
            0,
            8,
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            5,
            8,
            [
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    ],
)
def test_known_proofs(index: int, size: int, proof: list[str]) -> None:
    hashed = [merkle.leaf_hash(leaf) for leaf in LEAVES[:size]]
    assert [sibling.hex() for sibling in merkle.inclusion_proof(hashed, index)] == proof


def _root_by_levels(hashed: list[bytes]) -> bytes:
    """The same root from below: pairs are joined level by level, an odd last one goes up alone."""
    if not hashed:
        return hashlib.sha256().digest()
    while len(hashed) > 1:
        pairs = [hashed[i : i + 2] for i in range(0, len(hashed), 2)]
        hashed = [
            hashlib.sha256(b"\x01" + b"".join(pair)).digest() if len(pair) == 2 else pair[0]
            for pair in pairs
        ]
    return hashed[0]


@pytest.mark.parametrize("size", range(41))
def test_all_proofs(size: int) -> None:
    hashed = leaves(size)
    root = merkle.root(hashed)
    assert root == _root_by_levels(hashed)
    for index in range(size):
        proof = merkle.inclusion_proof(hashed, index)
        assert len(proof) <= max(size - 1, 0).bit_length()
        assert merkle.root_from_proof(hashed[index], index, size, proof) == root
        for other in range(size):
            if other != index:
                assert _root_or_none(hashed[index], other, size, proof) != root
        assert _root_or_none(b"\x00" * 32, index, size, proof) != root
        for place in range(len(proof)):
            changed = [*proof[:place], b"\x00" * 32, *proof[place + 1 :]]
            assert merkle.root_from_proof(hashed[index], index, size, changed) != root
        assert _root_or_none(hashed[index], index, size, [b"\x00" * 32, *proof]) is None
        if proof:
            assert _root_or_none(hashed[index], index, size, proof[1:]) != root
            assert _root_or_none(hashed[index], index, size, proof[:-1]) != root


def _root_or_none(leaf: bytes, index: int, size: int, proof: list[bytes]) -> bytes | None:
    try:
        return merkle.root_from_proof(leaf, index, size, proof)
    except ValueError:
        return None


def test_there_is_no_such_leaf() -> None:
    for index in (-1, 3):
        with pytest.raises(IndexError, match=f"leaf {index} of 3"):
            merkle.inclusion_proof(leaves(3), index)
        with pytest.raises(ValueError, match=f"leaf {index} of 3"):
            merkle.root_from_proof(b"", index, 3, [])
    with pytest.raises(ValueError, match="too long"):
        merkle.root_from_proof(leaves(1)[0], 0, 1, [b"\x00" * 32])
    with pytest.raises(ValueError, match="too short"):
        merkle.root_from_proof(leaves(2)[0], 0, 2, [])


def test_a_node_cannot_pass_for_a_leaf() -> None:
    a, b = leaves(2)
    assert merkle.leaf_hash(a + b) != merkle.root([a, b])
