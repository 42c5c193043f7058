"""What the house commits to when a shoe is opened, and how that is opened again.

``shuffler``: a machine knows the order of its cards. Each card is a salted leaf of a Merkle tree
whose root is published before the first bet; a drawn card is opened by its salt and proof, and
when the shoe is closed the key of all salts opens the rest. What was dealt is *provable*.

``shoe``: hands shuffle, so nobody knows an order. The house commits to its record of who shuffled
what, and opens it when the shoe is closed. What was dealt is *attested* by the scanner.

``rng``: each round commits to its own seed (``fairness``), the shoe to nothing.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

from baccarat.domain import merkle
from baccarat.domain.canonical import Json, JsonObject, canonical
from baccarat.domain.cards import Card, parse_card
from baccarat.domain.shoe import Shoe

SALT_BYTES: Final = 32
_TAG: Final = "baccarat/shoe/v1"


def card_salt(salt_key: bytes, shoe_id: str, position: int) -> str:
    """Return the salt of a card in hex: HMAC-SHA-256 of ``tag|shoeId|position`` under the key."""
    message = f"{_TAG}|{shoe_id}|{position}".encode("ascii")
    return hmac.digest(salt_key, message, "sha256").hex()


def card_leaf(position: int, card: Card, salt: str) -> bytes:
    """Return the leaf of one card; ``position`` counts from 0, the first card out."""
    return merkle.leaf_hash(canonical({"position": position, "card": card, "salt": salt}))


@dataclass(frozen=True, slots=True)
class Opening:
    """Proves one card of a committed order: ``proof`` are sibling hashes in hex, from the leaf."""

    position: int
    salt: str
    proof: tuple[str, ...]

    def to_json(self) -> JsonObject:
        return {"position": self.position, "salt": self.salt, "proof": list(self.proof)}

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Raises: ValueError when ``value`` is not an opening."""
        match value:
            case {"position": int(position), "salt": str(salt), "proof": list(proof), **rest} if (
                not rest
                and not isinstance(position, bool)
                and all(isinstance(sibling, str) for sibling in proof)
            ):
                return cls(position, salt, tuple(str(sibling) for sibling in proof))
        raise ValueError("an opening has position, salt and proof, and nothing else")

    def check(self, card: Card, size: int, commitment: str) -> None:
        """Check that ``card`` is the one at this place of a committed order of ``size`` cards.

        Raises:
            ValueError: it is not.
        """
        root = merkle.root_from_proof(
            card_leaf(self.position, card, self.salt),
            self.position,
            size,
            [bytes.fromhex(sibling) for sibling in self.proof],
        )
        if root.hex() != commitment:
            raise ValueError(
                f"{card} is not the card at position {self.position} of the committed order"
            )


@dataclass(frozen=True)
class CommittedOrder:
    """The secret of a ``shuffler`` shoe: its whole order and the key of the salts."""

    shoe_id: str
    order: tuple[Card, ...]
    salt_key: bytes

    @cached_property
    def _leaves(self) -> list[bytes]:
        return [
            card_leaf(position, card, card_salt(self.salt_key, self.shoe_id, position))
            for position, card in enumerate(self.order)
        ]

    @property
    def commitment(self) -> str:
        """The Merkle root over all cards in hex."""
        return merkle.root(self._leaves).hex()

    def opening(self, position: int) -> Opening:
        """Return what proves the card at ``position``."""
        return Opening(
            position,
            card_salt(self.salt_key, self.shoe_id, position),
            tuple(sibling.hex() for sibling in merkle.inclusion_proof(self._leaves, position)),
        )

    def to_json(self) -> JsonObject:
        return {"order": "".join(self.order), "salt_key": self.salt_key.hex()}

    @classmethod
    def from_json(cls, shoe_id: str, value: Json) -> Self:
        """Raises: ValueError when ``value`` is not what ``to_json`` makes."""
        match value:
            case {"order": str(order), "salt_key": str(salt_key), **rest} if not rest:
                return cls(shoe_id, parse_order(order), bytes.fromhex(salt_key))
        raise ValueError("an opened order has order and salt_key, and nothing else")


def parse_order(text: str) -> tuple[Card, ...]:
    """Return the cards of a string of two-character codes.

    Raises:
        ValueError: a code is no card.
    """
    return tuple(parse_card(text[at : at + 2]) for at in range(0, len(text), 2))


def is_complete(order: Sequence[Card], decks: int) -> bool:
    """Return whether ``order`` has every card of ``decks`` decks, and no other."""
    return sorted(order) == sorted(Shoe.full("", decks).pool())


def record_commitment(record: JsonObject, salt: bytes) -> str:
    """Return SHA-256(salt ‖ canonical record) in hex: the commitment of a ``shoe`` shoe."""
    return hashlib.sha256(salt + canonical(record)).hexdigest()
