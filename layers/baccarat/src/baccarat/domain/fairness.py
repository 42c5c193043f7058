"""Provably fair dealing: commit to a seed, bind it to the sealed bets, draw from what is left.

``docs/formats/transcript.md`` writes the construction down for strangers; the two must agree.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from baccarat.domain.cards import Card
from baccarat.domain.coup import Coup, Hand, deal
from baccarat.domain.shoe import MIN_CARDS_FOR_A_HAND, Shoe

SEED_BYTES: Final = 32
_TAG: Final = "baccarat/deal/v1"
_WORD_RANGE: Final = 2**32
_MAX_REJECTIONS: Final = 128  # each try fails with probability < 416 / 2**32


def commitment(seed: bytes, round_id: str) -> str:
    """Return H = SHA-256(seed ‖ round id) in hex, published before the first bet."""
    if len(seed) != SEED_BYTES:
        raise ValueError(f"a seed has {SEED_BYTES} bytes, not {len(seed)}")
    return hashlib.sha256(seed + round_id.encode("ascii")).hexdigest()


def deal_key(
    seed: bytes, *, shoe_id: str, round_id: str, book_root: str, beacon: str = ""
) -> bytes:
    """Return the key of the round's keystream: HKDF-SHA-256 (RFC 5869) of the seed.

    Salt is the bet-book root, info is ``tag|shoeId|roundId|beacon`` in ASCII, length is 32 bytes.
    """
    pseudo_random_key = hmac.digest(bytes.fromhex(book_root), seed, "sha256")
    info = f"{_TAG}|{shoe_id}|{round_id}|{beacon}".encode("ascii")
    return hmac.digest(pseudo_random_key, info + b"\x01", "sha256")


class Keystream:
    """32-bit big-endian words of HMAC-SHA-256(key, counter), counter from 0 as 8 bytes."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._counter = 0
        self._buffer = b""

    def word(self) -> int:
        if not self._buffer:
            self._buffer = hmac.digest(self._key, self._counter.to_bytes(8, "big"), "sha256")
            self._counter += 1
        word, self._buffer = self._buffer[:4], self._buffer[4:]
        return int.from_bytes(word, "big")

    def below(self, bound: int) -> int:
        """Return an unbiased number in [0, bound) by rejection sampling, 0 < bound ≤ 2**32."""
        limit = _WORD_RANGE - _WORD_RANGE % bound
        for _ in range(_MAX_REJECTIONS):
            if (word := self.word()) < limit:
                return word % bound
        raise ValueError("the keystream is not random")


def deal_coup(shoe: Shoe, key: bytes) -> tuple[Coup, tuple[tuple[Hand, Card], ...]]:
    """Deal one coup from ``shoe`` by partial Fisher–Yates over its pool.

    Draw k swaps pool[k] with pool[k + below(n − k)] and takes it.

    Raises:
        ValueError: the shoe has fewer than six cards.
    """
    pool = shoe.pool()
    if len(pool) < MIN_CARDS_FOR_A_HAND:
        raise ValueError(f"a hand may need 6 cards, shoe {shoe.shoe_id} has {len(pool)}")
    stream = Keystream(key)
    taken = 0

    def draw() -> Card:
        nonlocal taken
        other = taken + stream.below(len(pool) - taken)
        pool[taken], pool[other] = pool[other], pool[taken]
        taken += 1
        return pool[taken - 1]

    return deal(draw)
