"""The format's page is enough: a verifier written from it alone agrees with the house's own.

``StrangersVerifier`` takes nothing from ``baccarat``; section numbers are those of
``docs/formats/transcript.md``.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/formats/transcript.md"
EXAMPLE = ROOT / "docs/formats/example"
VECTORS = ROOT / "tests/vectors/transcripts"
INDEX = json.loads((VECTORS / "index.json").read_text())

DECK = [rank + suit for suit in "CDHS" for rank in "A23456789TJQK"]
NEXT = {
    ("-", "ROUND_OPENED"): "OPEN",
    ("OPEN", "BETS_CLOSED"): "CLOSED",
    ("CLOSED", "BOOK_SEALED"): "SEALED",
    ("SEALED", "DEALING_STARTED"): "DEALING",
    ("DEALING", "CARDS_DEALT"): "DEALING",
    ("DEALING", "ROUND_RESOLVED"): "RESOLVED",
    ("RESOLVED", "ROUND_SETTLED"): "SETTLED",
} | {(s, "ROUND_VOIDED"): "VOIDED" for s in ("OPEN", "CLOSED", "SEALED", "DEALING")}
NEXT |= {(s, "CUT_CARD_OUT"): s for s in ("CLOSED", "SEALED", "DEALING")}
NEXT |= {(s, "EPOCH_STARTED"): s for s in ("OPEN", "CLOSED", "SEALED", "DEALING", "RESOLVED")}
BY_HAND = {
    (s, type_): s
    for s in ("SEALED", "DEALING")
    for type_ in ("SCAN_UNDONE", "CARD_BURNED", "DEALING_PAUSED", "DEALING_RESUMED")
} | {("DEALING", "CARDS_RETRACTED"): "DEALING"}
OF_THE_TABLE = {
    "EPOCH_STARTED",
    *("SHOE_OPENED", "SHOE_CLOSED", "TABLE_OPENED", "TABLE_PAUSED", "TABLE_CLOSED"),
    *("DEALER_SEATED", "CORRECTION_PROPOSED", "CORRECTION_APPROVED", "CORRECTION_REJECTED"),
    *("CORRECTION_APPLIED", "VIDEO_ANCHORED"),
}
TYPES = {type_ for _, type_ in {**NEXT, **BY_HAND}} | OF_THE_TABLE
BANKER_DRAWS = ["0123456789"] * 3 + ["012345679", "234567", "4567", "67", ""]
EVENT = {"tableId", "roundId", "epoch", "seq", "type", "at_ms", "data", "prev", "hash", "sig"}
NEEDED = {
    "ROUND_OPENED": "round_no closes_at_ms dealerId currency paytable limits card_interval_ms "
    "commitment shoeId decks remaining mode caps shoe_hash drawn hands_left",
    "BOOK_SEALED": "root count stakes_minor",
    "CARDS_DEALT": "cards shown_at_ms",
    "CARD_BURNED": "card",
    "CARDS_RETRACTED": "place",
    "DEALING_PAUSED": "reason",
    "ROUND_RESOLVED": "outcome",
    "ROUND_SETTLED": "paid_minor",
    "ROUND_VOIDED": "reason",
}
PAYTABLES = {  # version: decks, what Banker pays, odds of TIE and of SUPER_6
    "commission-8/1": (8, "commission", 8, 0),
    "commission-8/2": (8, "commission", 8, 0),
    "commission-8/3": (8, "commission", 9, 0),
    "no-commission-8/1": (8, "no commission", 8, 12),
    "no-commission-8/2": (8, "no commission", 8, 15),
    "ez-8/1": (8, "EZ", 8, 0),
    "commission-6/1": (6, "commission", 8, 0),
    "no-commission-6/1": (6, "no commission", 8, 12),
    "ez-6/1": (6, "EZ", 8, 0),
}
OF_ALL = (
    "PLAYER BANKER TIE PLAYER_PAIR BANKER_PAIR EITHER_PAIR PERFECT_PAIR PLAYER_BONUS BANKER_BONUS "
    "SMALL BIG"
)
OF_ONE = {"commission": "LUCKY_6", "no commission": "LUCKY_6 SUPER_6", "EZ": "DRAGON_7 PANDA_8"}
MARGINS = {4: 1, 5: 2, 6: 4, 7: 6, 8: 10, 9: 30}
DOCUMENT = {"format", "tableId", "roundId", "view", "shoe", "events", "book", "payouts", "seal"}


class Failed(Exception):
    pass


def need(holds: object, check: str) -> None:
    if not holds:
        raise Failed(check)


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def canonical(value: Any) -> bytes:
    """Section 2; all names of this format are ASCII, so code points order them as well."""
    return json.dumps(
        value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    ).encode()


def without(value: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: item for name, item in value.items() if name not in names}


def tree(leaves: list[bytes]) -> bytes:
    """Section 5, from below: pairs are joined, an odd last one goes up alone."""
    if not leaves:
        return sha(b"")
    while len(leaves) > 1:
        pairs = [leaves[i : i + 2] for i in range(0, len(leaves), 2)]
        leaves = [sha(b"\x01" + p[0] + p[1]) if len(p) == 2 else p[0] for p in pairs]
    return leaves[0]


def follow(leaf: bytes, index: int, size: int, proof: list[bytes], check: str) -> bytes:
    if size == 1:
        need(not proof, check)
        return leaf
    need(proof, check)
    k = 1
    while 2 * k < size:
        k *= 2
    if index < k:
        return sha(b"\x01" + follow(leaf, index, k, proof[:-1], check) + proof[-1])
    return sha(b"\x01" + proof[-1] + follow(leaf, index - k, size - k, proof[:-1], check))


def points(card: str) -> int:
    return "A23456789".find(card[0]) + 1


def next_hand(cards: list[dict[str, str]]) -> str | None:
    """Section 9: who gets the next card."""
    if len(cards) < 4:
        return ("PLAYER", "BANKER")[len(cards) % 2]
    player, banker = (
        [points(item["card"]) for item in cards if item["to"] == to] for to in ("PLAYER", "BANKER")
    )
    first_of_player, first_of_banker = sum(player[:2]) % 10, sum(banker[:2]) % 10
    if first_of_player >= 8 or first_of_banker >= 8 or len(banker) == 3:
        return None
    if len(player) == 2:
        if first_of_player <= 5:
            return "PLAYER"
        return "BANKER" if first_of_banker <= 5 else None
    return "BANKER" if str(player[2]) in BANKER_DRAWS[first_of_banker] else None


def composition(cards: list[str]) -> str:
    return "".join(str(cards.count(card)) for card in DECK)


def salt_of(key: bytes, shoe_id: str, position: int) -> str:
    message = f"baccarat/shoe/v1|{shoe_id}|{position}".encode()
    return hmac.digest(key, message, "sha256").hex()


def leaf_of(position: int, card: str, salt: str) -> bytes:
    return sha(b"\x00" + canonical({"card": card, "position": position, "salt": salt}))


@dataclass
class Shoe:
    """Sections 3 and 14: a shoe as ROUND_OPENED tells it, or as a round leaves it."""

    shoe_hash: str
    shoe_id: str
    decks: int
    remaining: str
    drawn: int
    hands_left: int | None


@dataclass
class Told:
    """What a round that holds says."""

    state: str
    events: list[dict[str, Any]]
    shoe: dict[str, Any]
    opened: Shoe
    left: Shoe
    place: tuple[str, int]


def b64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    need(len({name for name, _ in pairs}) == len(pairs), "structure")
    return dict(pairs)


def no_number(_text: str) -> Any:
    raise Failed("structure")


def spots_of(version: str) -> set[str]:
    if version == "commission-8/1":
        return {"PLAYER", "BANKER", "TIE"}
    if version not in PAYTABLES:
        return set(" ".join([OF_ALL, *OF_ONE.values()]).split())
    return set(f"{OF_ALL} {OF_ONE[PAYTABLES[version][1]]}".split())


def odds(version: str, dealt: list[dict[str, str]]) -> dict[str, Fraction]:
    """Section 10: what a stake of one gets on top of itself, for the spots that do not lose."""
    _, banker, tie, super_6 = PAYTABLES[version]
    player_cards, banker_cards = (
        [item["card"] for item in dealt if item["to"] == to] for to in ("PLAYER", "BANKER")
    )

    def points(cards: list[str]) -> int:
        return sum("A23456789".find(card[0]) + 1 for card in cards) % 10

    def banker_wins(total: int, *lengths: int) -> bool:
        return points(banker_cards) == total > points(player_cards) and len(banker_cards) in lengths

    margin = points(player_cards) - points(banker_cards)
    natural = max(points(player_cards[:2]), points(banker_cards[:2])) >= 8
    pairs = [cards[0][0] == cards[1][0] for cards in (player_cards, banker_cards)]
    perfect = sum(cards[0] == cards[1] for cards in (player_cards, banker_cards))
    gets: dict[str, Any] = {
        "SMALL" if len(dealt) == 4 else "BIG": "1.5" if len(dealt) == 4 else "0.54"
    }
    if margin == 0:
        gets |= {"PLAYER": 0, "BANKER": 0, "TIE": tie}
        gets |= {"PLAYER_BONUS": 0, "BANKER_BONUS": 0} if natural else {}
    else:
        winner = "PLAYER" if margin > 0 else "BANKER"
        gets[winner] = 1
        if natural or abs(margin) >= 4:
            gets[f"{winner}_BONUS"] = 1 if natural else MARGINS[abs(margin)]
    if margin < 0 and banker == "commission":
        gets["BANKER"] = "0.95"
    if banker_wins(6, 2, 3):
        gets |= {"SUPER_6": super_6, "LUCKY_6": 12 if len(banker_cards) == 2 else 20}
        gets |= {"BANKER": "0.5"} if banker == "no commission" else {}
    if banker_wins(7, 3):
        gets |= {"DRAGON_7": 40}
        gets |= {"BANKER": 0} if banker == "EZ" else {}
    if margin > 0 and points(player_cards) == 8 and len(player_cards) == 3:
        gets["PANDA_8"] = 25
    gets |= {"PLAYER_PAIR": 11} if pairs[0] else {}
    gets |= {"BANKER_PAIR": 11} if pairs[1] else {}
    gets |= {"EITHER_PAIR": 5} if any(pairs) else {}
    gets |= {"PERFECT_PAIR": 25 if perfect == 1 else 200} if perfect else {}
    return {spot: Fraction(gets[spot]) for spot in spots_of(version) & set(gets)}


class StrangersVerifier:
    def __init__(self, jwks: str) -> None:
        self.keys: dict[str, ec.EllipticCurvePublicKey] = {}
        for jwk in json.loads(jwks)["keys"]:
            text = f'{{"crv":"P-256","kty":"EC","x":"{jwk["x"]}","y":"{jwk["y"]}"}}'
            kid = base64.urlsafe_b64encode(sha(text.encode())).rstrip(b"=").decode()
            x, y = (int.from_bytes(b64(jwk[name]), "big") for name in "xy")
            self.keys[kid] = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()

    def check(self, content: bytes) -> Told:
        """Return what the round tells, or raise Failed with the name of the check."""
        try:
            document = json.loads(
                content.decode("utf-8"),
                object_pairs_hook=no_duplicates,
                parse_constant=no_number,
            )
        except (ValueError, RecursionError):
            raise Failed("structure") from None
        need(isinstance(document, dict) and set(document) == DOCUMENT, "structure")
        need(document["format"] == "baccarat-transcript/2", "structure")
        need(document["view"] in ("house", "player"), "structure")
        need(isinstance(document["events"], list), "structure")
        need(0 < len(document["events"]) <= 1_000, "structure")
        self.versions: dict[str, int] = {}
        self.events(document["events"])
        self.shoe(document)
        state, facts, cards, left = self.states(document)
        opened = facts["ROUND_OPENED"]
        book = self.book(document, facts)
        if state == "SETTLED":
            if opened["mode"] == "rng":
                self.drawn(document, facts, cards)
            else:
                seed = facts["ROUND_SETTLED"]["seed"]
                need(opened["commitment"] is None and seed is None, "commitment")
            hands = self.cards(document, facts, cards, left)
            self.outcome(facts, hands)
            self.payouts(document, facts, book, cards)
        else:
            need(document["payouts"] == [], "payouts")
        seal = document["seal"]
        need(isinstance(seal, dict) and set(seal) == {"hash", "sig"}, "seal")
        need(no_fractions(document), "seal")
        need(seal["hash"] == sha(canonical(without(document, "seal"))).hex(), "seal")
        self.signature(seal["sig"], seal["hash"], "seal")
        place = (document["tableId"], opened["round_no"])
        return Told(state, document["events"], document["shoe"], self.opened(facts), left, place)

    def link(self, earlier: Told, later: Told) -> None:
        """Section 14. Raise Failed when ``later`` does not follow ``earlier``."""
        need(later.place == (earlier.place[0], earlier.place[1] + 1), "chain")
        need(later.events[0]["prev"] == earlier.events[-1]["hash"], "chain")
        shoe, counts, is_open = earlier.shoe, earlier.left, True
        for event in later.events:
            if event["type"] == "SHOE_CLOSED":
                need(is_open, "shoe")
                self.closed(event["data"], shoe["data"], counts)
                is_open = False
            if event["type"] == "SHOE_OPENED":
                need(not is_open, "shoe")
                shoe, counts, is_open = event, self.fresh(event), True
        need(is_open and later.opened == counts, "shoe")

    def closed(self, data: dict[str, Any], opened: dict[str, Any], left: Shoe) -> None:
        need(data["shoeId"] == left.shoe_id and data["drawn"] == left.drawn, "shoe")
        need(data["unseen"] == left.remaining, "shoe")
        told, reconciled = data["opened"], True
        if opened["mode"] == "shuffler":
            need(isinstance(told, dict) and set(told) == {"order", "salt_key"}, "shoe")
            order = [told["order"][n : n + 2] for n in range(0, len(told["order"]), 2)]
            key = bytes.fromhex(told["salt_key"])
            salts = [salt_of(key, data["shoeId"], n) for n in range(len(order))]
            leaves = [leaf_of(n, order[n], salt) for n, salt in enumerate(salts)]
            need(tree(leaves).hex() == opened["commitment"], "shoe")
            reconciled = composition(order) == str(left.decks) * 52
        if opened["mode"] == "shoe":
            need(isinstance(told, dict) and set(told) == {"record", "salt"}, "shoe")
            text = bytes.fromhex(told["salt"]) + canonical(told["record"])
            need(sha(text).hex() == opened["commitment"], "shoe")
            reconciled = data["counted"] == data["unseen"]
        need(data["reconciled"] is reconciled, "shoe")

    def signature(self, sig: dict[str, Any], hash_: str, check: str) -> None:
        need(type(sig["ver"]) is int and sig["kid"] in self.keys, check)
        need(re.fullmatch(r"[A-Za-z0-9_-]{85}[AQgw]", sig["val"]), check)
        if check == "seal":
            need(self.versions.get(sig["kid"], sig["ver"]) == sig["ver"], check)
        else:
            self.versions[sig["kid"]] = sig["ver"]
        raw = b64(sig["val"])
        der = utils.encode_dss_signature(
            int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
        )
        try:
            self.keys[sig["kid"]].verify(
                der, b"baccarat-log-v1:" + hash_.encode(), ec.ECDSA(SHA256())
            )
        except InvalidSignature:
            raise Failed(check) from None

    def events(self, events: list[dict[str, Any]]) -> None:
        before: dict[str, Any] | None = None
        for event in events:
            self.form(event)
            if before is not None:
                step = (event["epoch"] - before["epoch"], event["seq"])
                need(step in ((0, before["seq"] + 1), (1, 1)), "chain")
                need(event["at_ms"] >= before["at_ms"], "chain")
            self.hash(event)
            need(before is None or event["prev"] == before["hash"], "chain")
            self.signature(event["sig"], event["hash"], "signature")
            before = event

    def form(self, event: dict[str, Any]) -> None:
        need(isinstance(event, dict) and set(event) == EVENT, "structure")
        need(event["type"] in TYPES and isinstance(event["data"], dict), "structure")
        need(all(type(event[n]) is int for n in ("epoch", "seq", "at_ms")), "structure")

    def hash(self, event: dict[str, Any]) -> None:
        need(no_fractions(event), "structure")
        try:
            text = canonical(without(event, "hash", "sig"))
        except ValueError:
            raise Failed("structure") from None
        need(event["hash"] == sha(text).hex(), "chain")

    def shoe(self, document: dict[str, Any]) -> None:
        shoe = document["shoe"]
        self.form(shoe)
        place = ("SHOE_OPENED", document["tableId"], "")
        need((shoe["type"], shoe["tableId"], shoe["roundId"]) == place, "shoe")
        self.hash(shoe)
        self.signature(shoe["sig"], shoe["hash"], "signature")
        self.fresh(shoe)

    def fresh(self, event: dict[str, Any]) -> Shoe:
        """Section 3: the shoe that was just opened."""
        data = event["data"]
        mode, procedure, burned = data["mode"], data["procedure"], data["burned"]
        need(mode in ("rng", "shoe", "shuffler"), "shoe")
        need((data["commitment"] is None) == (mode == "rng"), "shoe")
        need(set(procedure) == {"cut_cards", "hands_after_cut", "burn"}, "shoe")
        need(type(procedure["burn"]) is bool and not (mode == "rng" and procedure["burn"]), "shoe")
        hands, cut = procedure["hands_after_cut"], procedure["cut_cards"]
        need(type(hands) is int and 0 <= hands <= 3, "shoe")
        need(type(cut) is int and cut >= 6 * (hands + 1) - 1, "shoe")
        need((burned is not None) == procedure["burn"], "shoe")
        shoe = Shoe(event["hash"], data["shoeId"], data["decks"], str(data["decks"]) * 52, 0, None)
        if burned is not None:
            need(set(burned) == {"card", "face_down", "opening"}, "shoe")
            need(burned["face_down"] == (points(burned["card"]) or 10), "shoe")
            if mode == "shuffler":
                self.open(burned["card"], burned["opening"], 0, data, "shoe")
            cards = [card for card in DECK for _ in range(data["decks"])]
            cards.remove(burned["card"])
            shoe.remaining, shoe.drawn = composition(cards), 1 + burned["face_down"]
        return shoe

    def open(
        self, card: str, opening: dict[str, Any], position: int, data: dict[str, Any], check: str
    ) -> None:
        """Sections 7 and 8: ``card`` lies at ``position`` of the committed order."""
        need(opening["position"] == position, check)
        proof = [bytes.fromhex(sibling) for sibling in opening["proof"]]
        leaf = leaf_of(position, card, opening["salt"])
        root = follow(leaf, position, data["decks"] * 52, proof, check)
        need(root.hex() == data["commitment"], check)

    def opened(self, facts: dict[str, Any]) -> Shoe:
        data = facts["ROUND_OPENED"]
        names = ("shoe_hash", "shoeId", "decks", "remaining", "drawn", "hands_left")
        return Shoe(*(data[name] for name in names))

    def found(self, facts: dict[str, Any], document: dict[str, Any], place: int) -> None:
        """Section 3: the round finds the shoe that is enclosed."""
        opened, shoe = self.opened(facts), document["shoe"]
        fresh = self.fresh(shoe)
        named = (opened.shoe_hash, opened.shoe_id, opened.decks, facts["ROUND_OPENED"]["mode"])
        need(named == (fresh.shoe_hash, fresh.shoe_id, fresh.decks, shoe["data"]["mode"]), "shoe")
        need(opened.hands_left != 0, "shoe")
        before = document["events"][:place]
        changes = [e["hash"] for e in before if e["type"] in ("SHOE_CLOSED", "SHOE_OPENED")]
        need(not changes or (changes[-1] == fresh.shoe_hash and opened == fresh), "shoe")
        extra = sum(int(digit) for digit in opened.remaining) - (opened.decks * 52 - opened.drawn)
        need(extra == (shoe["data"]["burned"] or {"face_down": 0})["face_down"], "shoe")

    def states(  # noqa: C901, PLR0912, PLR0915  one branch for each event, side by side
        self, document: dict[str, Any]
    ) -> tuple[str, dict[str, Any], list[Any], Shoe]:
        state, facts, paused, shown = "-", dict[str, Any](), False, 0
        cards, burned, left, back = list[Any](), list[str](), list[str](), list[str]()
        for place, event in enumerate(document["events"]):
            type_, data = event["type"], event["data"]
            need(event["tableId"] == document["tableId"], "transitions")
            if event["roundId"] == "" and type_ in OF_THE_TABLE:
                need(state == "-" or not type_.startswith("SHOE"), "shoe")
                continue
            need(event["roundId"] == document["roundId"], "transitions")
            by_hand = facts.get("ROUND_OPENED", {}).get("mode") in ("shoe", "shuffler")
            steps = {**NEXT, **BY_HAND} if by_hand else NEXT
            need((state, type_) in steps, "transitions")
            state = steps[state, type_]
            need(set(NEEDED.get(type_, "").split()) <= set(data), "transitions")
            if type_ == "CUT_CARD_OUT":
                cut_before = type_ in facts or facts["ROUND_OPENED"]["hands_left"] is not None
                need(not cut_before, "transitions")
            if type_ == "DEALING_PAUSED":
                need(not paused, "transitions")
                paused = True
            if type_ == "DEALING_RESUMED":
                need(paused, "transitions")
                paused = False
            if type_ == "ROUND_OPENED":
                left = [
                    c for c, n in zip(DECK, data["remaining"], strict=True) for _ in range(int(n))
                ]
            if type_ == "BETS_CLOSED":
                need(event["at_ms"] >= facts["ROUND_OPENED"]["closes_at_ms"], "transitions")
            if type_ == "CARDS_RETRACTED":
                need(1 <= data["place"] <= len(cards) and not burned, "transitions")
                taken = [item["card"] for item in cards[data["place"] - 1 :]]
                left, back = left + taken, taken + back
                del cards[data["place"] - 1 :]
            if type_ in ("CARDS_DEALT", "CARD_BURNED"):
                dealt = data["cards"] if type_ == "CARDS_DEALT" else []
                if by_hand and type_ == "CARDS_DEALT":
                    need(len(dealt) == 1 and data["source"] in ("SCANNER", "PIT"), "transitions")
                    need(data["source"] == "PIT" or not paused, "transitions")
                opened = facts["ROUND_OPENED"]
                if opened["mode"] == "shuffler":
                    opening = data["opening"]
                    need(isinstance(opening, dict), "transitions")
                    need(set(opening) == {"position", "salt", "proof"}, "transitions")
                out = [item["card"] for item in dealt] or [data["card"]]
                back = back[len(out) :]
                position = opened["drawn"] + len(cards) + len(burned)
                for item in dealt:
                    need(item["to"] == next_hand(cards), "transitions")
                    cards.append(item)
                if type_ == "CARD_BURNED":
                    burned.append(data["card"])
                for card in out:
                    need(card in left, "cards")
                    left.remove(card)
                if opened["mode"] == "shuffler":
                    self.open(out[0], data["opening"], position, document["shoe"]["data"], "cards")
                shown = max(shown, data.get("shown_at_ms", 0))
            if type_ == "ROUND_RESOLVED":
                need(event["at_ms"] >= shown and not paused, "transitions")
            facts[type_] = data
            if type_ == "ROUND_OPENED":
                self.found(facts, document, place)
        need(document["events"][-1]["roundId"] == document["roundId"], "transitions")
        number = facts["ROUND_OPENED"]["round_no"]
        need(document["roundId"] == f"{document['tableId']}.{number:09d}", "transitions")
        version = facts["ROUND_OPENED"]["paytable"]
        need(set(facts["ROUND_OPENED"]["limits"]) <= spots_of(version), "transitions")
        decks = facts["ROUND_OPENED"]["decks"]
        need(version not in PAYTABLES or decks == PAYTABLES[version][0], "transitions")
        need(state in ("SETTLED", "VOIDED"), "transitions")
        leaves = self.opened(facts)
        gone = len(cards) + len(burned)
        for card in back:
            if card in left:
                left.remove(card)
                gone += 1
        leaves.remaining, leaves.drawn = composition(left), leaves.drawn + gone
        if leaves.hands_left is not None:
            leaves.hands_left -= gone > 0
        elif "CUT_CARD_OUT" in facts:
            leaves.hands_left = document["shoe"]["data"]["procedure"]["hands_after_cut"]
        return state, facts, cards, leaves

    def book(self, document: dict[str, Any], facts: dict[str, Any]) -> list[dict[str, Any]]:
        listed, sealed = document["book"], facts.get("BOOK_SEALED")
        if sealed is None:
            need(listed is None, "book")
            return []
        need(isinstance(listed, list), "book")
        house = document["view"] == "house"
        if not house:
            need(all(set(item) == {"index", "entry", "proof"} for item in listed), "book")
            listed = sorted(listed, key=lambda item: item["index"])
        entries: list[dict[str, Any]] = listed if house else [item["entry"] for item in listed]
        for entry in entries:
            need(set(entry) == {"playerId", "betId", "spot", "stake_minor"}, "book")
            need(type(entry["stake_minor"]) is int and entry["stake_minor"] > 0, "book")
            need(entry["spot"] in spots_of(facts["ROUND_OPENED"]["paytable"]), "book")
        keys = [(entry["playerId"], entry["betId"]) for entry in entries]
        need(keys == sorted(set(keys)), "book")
        leaves = [sha(b"\x00" + canonical(entry)) for entry in entries]
        if house:
            stakes: dict[str, int] = {}
            for entry in entries:
                stakes[entry["spot"]] = stakes.get(entry["spot"], 0) + entry["stake_minor"]
            need(sealed["count"] == len(entries), "book")
            need(sealed["root"] == tree(leaves).hex(), "book")
            need(sealed["stakes_minor"] == stakes, "book")
        else:
            for item, leaf in zip(listed, leaves, strict=True):
                need(type(item["index"]) is int and 0 <= item["index"] < sealed["count"], "book")
                proof = [bytes.fromhex(sibling) for sibling in item["proof"]]
                root = follow(leaf, item["index"], sealed["count"], proof, "book")
                need(root.hex() == sealed["root"], "book")
        return entries

    def drawn(self, document: dict[str, Any], facts: dict[str, Any], dealt: list[Any]) -> None:
        """Sections 7 and 8: the cards that a server draws."""
        opened = facts["ROUND_OPENED"]
        need(re.fullmatch("[0-9a-f]{64}", facts["ROUND_SETTLED"]["seed"]), "commitment")
        seed = bytes.fromhex(facts["ROUND_SETTLED"]["seed"])
        round_id = document["roundId"].encode()
        need(sha(seed + round_id).hex() == opened["commitment"], "commitment")
        need(re.fullmatch("[0-9a-f]{64}", facts["BOOK_SEALED"]["root"]), "cards")
        salt = bytes.fromhex(facts["BOOK_SEALED"]["root"])
        prk = hmac.digest(salt, seed, "sha256")
        info = b"baccarat/deal/v1|" + opened["shoeId"].encode() + b"|" + round_id + b"|"
        key = hmac.digest(prk, info + b"\x01", "sha256")
        words = (
            int.from_bytes(block[i : i + 4], "big")
            for block in (hmac.digest(key, n.to_bytes(8, "big"), "sha256") for n in range(200))
            for i in range(0, 32, 4)
        )
        counts = [int(digit) for digit in opened["remaining"]]
        pool = [card for card, count in zip(DECK, counts, strict=True) for _ in range(count)]
        need(len(pool) >= 6, "cards")
        order: list[dict[str, str]] = []
        while (to := next_hand(order)) is not None:
            t = len(order)
            m = len(pool) - t
            word = next(word for word in words if word < 2**32 - 2**32 % m)
            j = t + word % m
            pool[t], pool[j] = pool[j], pool[t]
            order.append({"to": to, "card": pool[t]})
        need(order == dealt, "cards")

    def cards(
        self, document: dict[str, Any], facts: dict[str, Any], dealt: list[Any], left: Shoe
    ) -> dict[str, list[int]]:
        """Sections 8 and 9: the cut card, and that the coup is complete."""
        opened = facts["ROUND_OPENED"]
        if opened["mode"] != "shoe":
            cut_cards = document["shoe"]["data"]["procedure"]["cut_cards"]
            reached = left.decks * 52 - left.drawn <= cut_cards
            due = opened["hands_left"] is None and reached
            need(("CUT_CARD_OUT" in facts) == due, "cards")
        need(next_hand(dealt) is None, "cards")
        return {
            to: [points(item["card"]) for item in dealt if item["to"] == to]
            for to in ("PLAYER", "BANKER")
        }

    def outcome(self, facts: dict[str, Any], hands: dict[str, list[int]]) -> None:
        player, banker = sum(hands["PLAYER"]) % 10, sum(hands["BANKER"]) % 10
        winner = "TIE" if player == banker else "PLAYER" if player > banker else "BANKER"
        natural = max(sum(hand[:2]) % 10 for hand in hands.values()) >= 8
        made = {
            "outcome": winner,
            "player_total": player,
            "banker_total": banker,
            "natural": natural,
        }
        need(canonical(facts["ROUND_RESOLVED"]) == canonical(made), "outcome")

    def payouts(
        self,
        document: dict[str, Any],
        facts: dict[str, Any],
        book: list[dict[str, Any]],
        dealt: list[dict[str, str]],
    ) -> None:
        need(facts["ROUND_OPENED"]["paytable"] in PAYTABLES, "payouts")
        gets = odds(facts["ROUND_OPENED"]["paytable"], dealt)

        def back(spot: str, stake: int) -> int:
            return stake + int(stake * gets[spot]) if spot in gets else 0

        due = []
        for _, bets in groupby(book, key=lambda entry: entry["playerId"]):
            so_far = Counter[str]()
            for bet in bets:
                spot, before = bet["spot"], so_far[bet["spot"]]
                so_far[spot] += bet["stake_minor"]
                amount = back(spot, so_far[spot]) - back(spot, before)
                if amount:
                    due.append({**without(bet, "spot", "stake_minor"), "payout_minor": amount})
        need(canonical(document["payouts"]) == canonical(due), "payouts")
        if document["view"] == "house":
            settled = facts["ROUND_SETTLED"]
            root = tree([sha(b"\x00" + canonical(payout)) for payout in due]).hex()
            need(settled["payouts_root"] == root, "payouts")
            need(canonical(settled["paid_count"]) == canonical(len(due)), "payouts")
            need(settled["staked_minor"] == sum(bet["stake_minor"] for bet in book), "payouts")
            need(settled["paid_minor"] == sum(p["payout_minor"] for p in due), "payouts")


def no_fractions(value: Any, depth: int = 0) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return depth < 32 and all(no_fractions(item, depth + 1) for item in value)
    return not isinstance(value, float) and (not isinstance(value, int) or abs(value) <= 2**53 - 1)


STRANGER = StrangersVerifier((VECTORS / "keys.json").read_text())


def test_the_stranger_imports_nothing_of_the_house() -> None:
    source = Path(__file__).read_text()
    assert not re.findall(r"^\s*(?:from|import) (?:baccarat|tests)", source, re.MULTILINE)


def test_the_stranger_accepts_the_example() -> None:
    verifier = StrangersVerifier((EXAMPLE / "keys.json").read_text())
    assert verifier.check((EXAMPLE / "transcript.json").read_bytes()).state == "SETTLED"


@pytest.mark.parametrize("vector", INDEX["vectors"], ids=lambda v: v["file"])
def test_the_stranger_agrees_on_every_vector(vector: dict[str, Any]) -> None:
    content = (VECTORS / vector["file"]).read_bytes()
    if vector["check"] is None:
        found = STRANGER.check(content)
        assert found.state == ("VOIDED" if "void" in vector["file"] else "SETTLED")
    else:
        with pytest.raises(Failed) as failure:
            STRANGER.check(content)
        assert failure.value.args == (vector["check"],)


@pytest.mark.parametrize("link", INDEX["links"], ids=lambda link: link["later"])
def test_the_stranger_agrees_on_every_link(link: dict[str, Any]) -> None:
    earlier, later = (
        STRANGER.check((VECTORS / link[n]).read_bytes()) for n in ("earlier", "later")
    )
    if link["check"] is None:
        STRANGER.link(earlier, later)
    else:
        with pytest.raises(Failed) as failure:
            STRANGER.link(earlier, later)
        assert failure.value.args == (link["check"],)


def test_the_page_names_every_type_of_event() -> None:
    rows = re.findall(r"^\| ((?:`[A-Z_]+`(?:, )?)+) \|", PAGE.read_text(), re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)}
    assert named >= TYPES


def test_the_commitments_of_physical_shoes_are_those_of_the_page() -> None:
    page, key = PAGE.read_text(), bytes(range(32))
    salts = [salt_of(key, "salon-1.s1", position) for position in range(52)]
    leaves = [leaf_of(n, card, salts[n]) for n, card in enumerate(DECK)]
    record = {"shuffled_by": ["dora", "emil"]}
    for figure in (
        f"`{salts[0]}`",
        canonical({"card": "AC", "position": 0, "salt": salts[0]}).decode(),
        f"`{leaves[0].hex()}`",
        f"`{leaves[1].hex()}`",
        f"`{tree(leaves).hex()}`",
        f"`{canonical(record).decode()}`",
        f"`{sha(key + canonical(record)).hex()}`",
    ):
        assert figure in page, figure


def test_every_figure_of_the_page_is_that_of_the_example() -> None:
    page = PAGE.read_text()
    document = json.loads((EXAMPLE / "transcript.json").read_text())
    events = {event["type"]: event for event in document["events"]}
    bare = {name: without(event, "hash", "sig") for name, event in events.items()}
    leaves = [sha(b"\x00" + canonical(entry)) for entry in document["book"]]
    seed = bytes.fromhex(events["ROUND_SETTLED"]["data"]["seed"])
    root = events["BOOK_SEALED"]["data"]["root"]
    prk = hmac.digest(bytes.fromhex(root), seed, "sha256")
    info = b"baccarat/deal/v1|salon-1.s1|salon-1.000000001|"
    key = hmac.digest(prk, info + b"\x01", "sha256")
    block = hmac.digest(key, bytes(8), "sha256")
    rows = []
    for t, dealt in enumerate(events["CARDS_DEALT"]["data"]["cards"]):
        word = int.from_bytes(block[4 * t : 4 * t + 4], "big")
        below = word % (416 - t)
        rows.append(
            f"| {t} | `{word:08x}` | {word} | {416 - t} | {below} | {t + below} | "
            f"{dealt['card']} | {dealt['to'].title()} |"
        )
    assert len(rows) == 6
    for figure in (
        canonical(bare["SHOE_OPENED"]).decode(),
        f"`{events['SHOE_OPENED']['hash']}`",
        canonical(bare["ROUND_OPENED"]).decode(),
        f"`{events['ROUND_OPENED']['hash']}`",
        *(f"`{leaf.hex()}`" for leaf in leaves),
        *(canonical(entry).decode() for entry in document["book"]),
        f"`{root}`",
        f"`{prk.hex()}`",
        f"`{info.decode()}`",
        f"`{key.hex()}`",
        *rows,
        canonical(document["payouts"][0]).decode(),
        f"`{events['ROUND_SETTLED']['data']['payouts_root']}`",
        f"`{document['seal']['hash']}`",
    ):
        assert figure in page, figure
    assert seed == bytes(range(10, 42))
    assert document["shoe"] == document["events"][1] == events["SHOE_OPENED"]


def test_the_drawing_table_of_the_page_is_the_rule() -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in PAGE.read_text().splitlines()
        if re.match(r"^\| (0, 1, 2|[3-7]) \| [D–] \|", line)
    ]
    assert [row[0] for row in rows] == ["0, 1, 2", "3", "4", "5", "6", "7"]
    for row, digits in zip(rows, BANKER_DRAWS[2:], strict=True):
        assert "".join(str(n) for n in range(10) if row[2 + n] == "D") == digits
        assert row[1] == ("D" if row[0] < "6" else "–")


def test_links_of_the_page_lead_somewhere() -> None:
    page = PAGE.read_text()
    for target in re.findall(r"\]\(([^)#]+)\)", page):
        assert (PAGE.parent / target).exists(), target
    anchors = {
        re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", page)) <= anchors
