from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from itertools import count

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from baccarat.domain.cards import DECK, Card
from baccarat.domain.coup import Hand, replay
from baccarat.domain.fairness import Keystream, commitment, deal_coup, deal_key
from baccarat.domain.shoe import Shoe

SEED = bytes(range(32))
ROOT = "ab" * 32


def key(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


def words_of(stream_key: bytes, blocks: int) -> list[int]:
    data = b"".join(
        hmac.new(stream_key, number.to_bytes(8, "big"), "sha256").digest()
        for number in range(blocks)
    )
    return [int.from_bytes(data[i : i + 4], "big") for i in range(0, len(data), 4)]


def test_commitment() -> None:
    assert (
        commitment(SEED, "bac-1.000000001") == hashlib.sha256(SEED + b"bac-1.000000001").hexdigest()
    )
    assert commitment(SEED, "bac-1.000000002") != commitment(SEED, "bac-1.000000001")
    for length in (0, 16, 31, 33):
        with pytest.raises(ValueError, match=f"32 bytes, not {length}"):
            commitment(bytes(length), "bac-1.000000001")


@pytest.mark.parametrize("beacon", ["", "drand-42"])
def test_the_deal_key_is_hkdf_of_rfc_5869(beacon: str) -> None:
    expected = HKDF(
        algorithm=SHA256(),
        length=32,
        salt=bytes.fromhex(ROOT),
        info=b"baccarat/deal/v1|bac-1.s1|bac-1.000000001|" + beacon.encode(),
    ).derive(SEED)
    made = deal_key(
        SEED, shoe_id="bac-1.s1", round_id="bac-1.000000001", book_root=ROOT, beacon=beacon
    )
    assert made == expected


def test_everything_that_is_bound_changes_the_key() -> None:
    base = {"shoe_id": "s", "round_id": "r", "book_root": ROOT, "beacon": "b"}
    changed = [{**base, name: "cd" * 32} for name in base]
    keys = {deal_key(SEED, **kwargs) for kwargs in [base, *changed]}
    keys.add(deal_key(bytes(32), **base))
    assert len(keys) == 6


def test_the_keystream_is_hmac_in_counter_mode() -> None:
    stream = Keystream(SEED)
    assert [stream.word() for _ in range(40)] == words_of(SEED, 5)


class _Words(Keystream):
    def __init__(self, *words: int) -> None:
        super().__init__(b"")
        self.words = list(words)

    def word(self) -> int:
        return self.words.pop(0)


def test_a_number_that_would_be_biased_is_thrown_away() -> None:
    # 2³² = 416 · 10 324 440 + 256: the last 256 words would make 0–255 more likely.
    limit = 2**32 - 256
    assert 2**32 % 416 == 256
    assert _Words(limit - 1).below(416) == 415
    for biased in (limit, limit + 1, 2**32 - 1):
        words = _Words(biased, biased, 417)
        assert words.below(416) == 1
        assert words.words == []


def test_bounds() -> None:
    assert _Words(2**32 - 1).below(1) == 0
    assert _Words(2**32 - 1).below(2**32) == 2**32 - 1
    assert _Words(2**31, 2**31 - 1).below(2**31) == 0


def test_a_keystream_that_is_not_random_is_given_up() -> None:
    stream = _Words(*[2**32 - 1] * 128, 0)
    with pytest.raises(ValueError, match="not random"):
        stream.below(416)
    assert stream.words == [0]


def test_draws_are_uniform() -> None:
    """χ² with 51 degrees of freedom over 20,800 first cards: above 100 once in 20,000 runs."""
    seen: Counter[int] = Counter()
    for number in range(20_800):
        seen[Keystream(key(number)).below(416) // 8] += 1
    chi_squared = sum((seen[i] - 400) ** 2 / 400 for i in range(52))
    assert 20 < chi_squared < 100


def test_the_deal_is_a_partial_fisher_yates_over_the_pool() -> None:
    shoe = Shoe.full("s", 1)
    for number in range(50):
        coup, order = deal_coup(shoe, key(number))
        pool = [card for card in DECK for _ in range(1)]
        stream = Keystream(key(number))
        drawn = []
        for taken in range(len(order)):
            other = taken + stream.below(52 - taken)
            pool[taken], pool[other] = pool[other], pool[taken]
            drawn.append(pool[taken])
        assert [card for _, card in order] == drawn
        assert replay(order) == coup


def test_no_card_is_dealt_that_is_not_in_the_shoe() -> None:
    scarce = Shoe.from_composition("s", 1, "1" * 6 + "0" * 46)
    for number in range(100):
        _, order = deal_coup(scarce, key(number))
        cards = [card for _, card in order]
        assert len(set(cards)) == len(cards)
        assert set(cards) <= set(DECK[:6])
        assert scarce.without(cards).cards_left == 6 - len(cards)


def test_a_whole_shoe_can_be_dealt_to_its_last_hand() -> None:
    shoe = Shoe.full("s", 2)
    for number in count():
        if shoe.cards_left < 6:
            break
        _, order = deal_coup(shoe, key(number))
        shoe = shoe.without(card for _, card in order)
    assert number > 104 // 6
    with pytest.raises(ValueError, match="may need 6 cards, shoe s has"):
        deal_coup(shoe, key(0))


def test_the_same_key_deals_the_same_cards() -> None:
    shoe = Shoe.full("s", 8)
    assert deal_coup(shoe, key(1)) == deal_coup(shoe, key(1))
    assert len({deal_coup(shoe, key(n))[1] for n in range(50)}) == 50


def test_a_deal_known_by_hand() -> None:
    """The first four words of a shoe of one deck, worked out from the keystream."""
    words = words_of(SEED, 1)
    assert all(word < 2**32 - 2**32 % 49 for word in words[:4])
    pool = list(DECK)
    expected = []
    for taken in range(4):
        other = taken + words[taken] % (52 - taken)
        pool[taken], pool[other] = pool[other], pool[taken]
        expected.append(pool[taken])
    _, order = deal_coup(Shoe.full("s", 1), SEED)
    assert [card for _, card in order[:4]] == expected
    assert [hand for hand, _ in order[:4]] == [Hand.PLAYER, Hand.BANKER] * 2
    assert isinstance(order[0][1], type(Card("AC")))
