"""Rounds that hold, and every way of tampering with them that a verifier must catch.

``make_transcript.py`` writes them all to ``transcripts/``, for verifiers in other languages.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from baccarat.domain import merkle
from baccarat.domain.book import BetBook, BookEntry, payouts, payouts_root
from baccarat.domain.coup import replay
from baccarat.domain.fairness import commitment
from baccarat.domain.log import signing_input
from baccarat.domain.paytable import COMMISSION_8_DECKS
from baccarat.domain.round import RoundState, cards_from_json
from tests.builders import (
    Document,
    Floor,
    HouseKey,
    Played,
    bet,
    lying_house,
    many_bets,
    reread,
    seal,
)
from tests.vectors.variants import rounds_of_variants

FORGER: Final = HouseKey(number=666)
SIX_BETS: Final = [
    bet("anna", 1, "BANKER", 101),
    bet("anna", 2, "BANKER", 102),
    bet("anna", 3, "TIE", 500),
    bet("bruno", 4, "PLAYER", 2_000),
    bet("chloe", 5, "BANKER", 10_000),
    bet("chloe", 6, "PLAYER", 300),
]


@cache
def rounds() -> dict[str, Played]:
    """One table's rounds by name; each follows the one before it in the log."""
    floor = Floor()
    return {
        "no-bets": floor.play([]),
        "one-bet": floor.play([bet("anna", 1)]),
        "six-bets": floor.play(SIX_BETS, seed=bytes(range(32))),
        "thirty-bets": floor.play(many_bets()),
        "void-before-seal": floor.play(void_in=RoundState.OPEN),
        "void-closed": floor.play(void_in=RoundState.CLOSED, void_sealed=False),
        "void-after-seal": floor.play(many_bets(5), void_in=RoundState.CLOSED),
        "void-after-cards": floor.play(many_bets(5), void_in=RoundState.DEALING),
        "taken-over": floor.play(many_bets(9), take_over_in=RoundState.DEALING),
    }


@cache
def valid() -> dict[str, Document]:
    """Every kind of transcript that holds, by name."""
    played = rounds()
    documents = {name: round_.house for name, round_ in played.items()}
    documents["player-with-bets"] = played["six-bets"].player("anna")
    documents["player-with-one-bet"] = played["six-bets"].player("bruno")
    documents["player-of-thirty"] = played["thirty-bets"].player("player-3")
    documents["player-without-bets"] = played["six-bets"].player("nobody")
    documents["player-of-a-void"] = played["void-after-seal"].player("player-1")
    documents["player-of-a-void-unsealed"] = played["void-before-seal"].player("anna")
    variants = rounds_of_variants()
    documents |= {name: round_.house for name, round_ in variants.items()}
    documents["player-of-ez"] = variants["ez-three-card-seven"].player("bruno")
    return {name: reread(document) for name, document in documents.items()}


@dataclass(frozen=True)
class Tampering:
    """``check`` is the rule that catches it; ``words`` stand in the message."""

    name: str
    base: str
    check: str
    words: str
    make: Callable[[Document], Document | bytes]

    def content(self) -> bytes:
        made = self.make(copy.deepcopy(valid()[self.base]))
        return made if isinstance(made, bytes) else encoded(made)


def encoded(document: Document) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


TAMPERINGS: Final[list[Tampering]] = []

Change = Callable[[Document], Any]


def _tampering(
    check: str, words: str, base: str = "six-bets"
) -> Callable[[Callable[[Document], Document | bytes]], Callable[[Document], Document | bytes]]:
    def add(
        make: Callable[[Document], Document | bytes],
    ) -> Callable[[Document], Document | bytes]:
        name = make.__name__.strip("_").replace("_", "-")
        TAMPERINGS.append(Tampering(name, base, check, words, make))
        return make

    return add


def _both(
    name: str,
    change: Change,
    outsider: tuple[str, str],
    house: tuple[str, str],
    base: str = "six-bets",
) -> None:
    """Add ``change`` twice: by somebody without the key, and by a house that signs it."""

    def naive(document: Document) -> Document:
        change(document)
        return document

    def lied(document: Document) -> Document:
        change(document)
        return lying_house(document)

    TAMPERINGS.append(Tampering(f"{name}-outsider", base, *outsider, naive))
    TAMPERINGS.append(Tampering(f"{name}-house", base, *house, lied))


def event(document: Document, type_: str) -> Any:
    return next(e for e in document["events"] if e["type"] == type_)


def data(document: Document, type_: str) -> Any:
    return event(document, type_)["data"]


def _drop(document: Document, index: int) -> None:
    del document["events"][index]


def _drop_and_renumber(document: Document, type_: str) -> None:
    first = document["events"][0]["seq"]
    document["events"] = [e for e in document["events"] if e["type"] != type_]
    for place, e in enumerate(document["events"]):
        e["seq"] = first + place


# --- cards, outcome, seed -------------------------------------------------------------------------


def _other_card(document: Document) -> None:
    cards = data(document, "CARDS_DEALT")["cards"]
    cards[0]["card"] = "AS" if cards[0]["card"] != "AS" else "2S"


def _cards_in_another_order(document: Document) -> None:
    cards = data(document, "CARDS_DEALT")["cards"]
    cards[0]["card"], cards[1]["card"] = cards[1]["card"], cards[0]["card"]


def _other_outcome(document: Document) -> None:
    resolved = data(document, "ROUND_RESOLVED")
    resolved["outcome"] = "TIE" if resolved["outcome"] != "TIE" else "BANKER"


def _other_total(document: Document) -> None:
    resolved = data(document, "ROUND_RESOLVED")
    resolved["banker_total"] = (resolved["banker_total"] + 1) % 10


def _other_seed(document: Document) -> None:
    data(document, "ROUND_SETTLED")["seed"] = "ab" * 32


def _other_seed_and_commitment(document: Document) -> None:
    _other_seed(document)
    data(document, "ROUND_OPENED")["commitment"] = commitment(
        bytes.fromhex("ab" * 32), document["roundId"]
    )


def _short_seed(document: Document) -> None:
    data(document, "ROUND_SETTLED")["seed"] = "ab" * 16


def _cards_missing_from_the_shoe(document: Document) -> None:
    opened = data(document, "ROUND_OPENED")
    opened["remaining"] = "0" + opened["remaining"][1:]


def _too_few_cards(document: Document) -> None:
    data(document, "ROUND_OPENED")["remaining"] = "5" + "0" * 51


_both("card-changed", _other_card, ("chain", "CARDS_DEALT"), ("cards", "the seed gives"))
_both(
    "cards-in-another-order",
    _cards_in_another_order,
    ("chain", "CARDS_DEALT"),
    ("cards", "the seed gives"),
)
_both("outcome-changed", _other_outcome, ("chain", "ROUND_RESOLVED"), ("outcome", "cards give"))
_both("total-changed", _other_total, ("chain", "ROUND_RESOLVED"), ("outcome", "cards give"))
_both("seed-changed", _other_seed, ("chain", "ROUND_SETTLED"), ("commitment", "committed to"))
_both("seed-short", _short_seed, ("chain", "ROUND_SETTLED"), ("commitment", "32 bytes"))
_both(
    "seed-and-commitment-changed",
    _other_seed_and_commitment,
    ("chain", "ROUND_OPENED"),
    ("cards", "the seed gives"),
)
_both(
    "shoe-changed",
    _cards_missing_from_the_shoe,
    ("chain", "ROUND_OPENED"),
    ("cards", "the seed gives"),
)
_both("shoe-too-small", _too_few_cards, ("chain", "ROUND_OPENED"), ("cards", "6 cards"))


# --- money ----------------------------------------------------------------------------------------


def _payout_changed(document: Document) -> None:
    document["payouts"][0]["payout_minor"] += 1


def _payout_moved(document: Document) -> None:
    document["payouts"][0]["playerId"] = "house-friend"


def _payout_added(document: Document) -> None:
    document["payouts"].append({"playerId": "zoe", "betId": "bet-x", "payout_minor": 5})


def _payout_dropped(document: Document) -> None:
    document["payouts"].pop()


def _payout_and_totals_changed(document: Document) -> None:
    _payout_changed(document)
    data(document, "ROUND_SETTLED")["paid_minor"] += 1


def _paid_total_changed(document: Document) -> None:
    data(document, "ROUND_SETTLED")["paid_minor"] -= 1


def _staked_total_changed(document: Document) -> None:
    data(document, "ROUND_SETTLED")["staked_minor"] += 1


def _paid_count_changed(document: Document) -> None:
    data(document, "ROUND_SETTLED")["paid_count"] += 1


def _payouts_root_changed(document: Document) -> None:
    data(document, "ROUND_SETTLED")["payouts_root"] = "00" * 32


def _unknown_paytable(document: Document) -> None:
    data(document, "ROUND_OPENED")["paytable"] = "generous-8/1"


_both("payout-changed", _payout_changed, ("payouts", "is due"), ("payouts", "is due"))
_both("payout-to-another", _payout_moved, ("payouts", "is due"), ("payouts", "is due"))
_both("payout-added", _payout_added, ("payouts", "nothing is due"), ("payouts", "nothing is due"))
_both("payout-dropped", _payout_dropped, ("payouts", "is due"), ("payouts", "is due"))
_both(
    "payout-and-total-changed",
    _payout_and_totals_changed,
    ("chain", "ROUND_SETTLED"),
    ("payouts", "is due"),
)
_both(
    "paid-total-changed", _paid_total_changed, ("chain", "ROUND_SETTLED"), ("payouts", "paid_minor")
)
_both(
    "staked-total-changed",
    _staked_total_changed,
    ("chain", "ROUND_SETTLED"),
    ("payouts", "staked_minor"),
)
_both(
    "paid-count-changed", _paid_count_changed, ("chain", "ROUND_SETTLED"), ("payouts", "paid_count")
)
_both(
    "payouts-root-changed",
    _payouts_root_changed,
    ("chain", "ROUND_SETTLED"),
    ("payouts", "payouts_root"),
)
_both("paytable-unknown", _unknown_paytable, ("chain", "ROUND_OPENED"), ("payouts", "generous-8/1"))


# --- other paytables ------------------------------------------------------------------------------


@_tampering("payouts", "is due", base="ez-three-card-seven")
def push_kept_house(document: Document) -> Document:
    """The stakes on Banker come back on a three-card seven; this house keeps one."""
    banker = next(entry for entry in document["book"] if entry["spot"] == "BANKER")
    due = [item for item in document["payouts"] if item["betId"] != banker["betId"]]
    assert len(due) == len(document["payouts"]) - 1
    document["payouts"] = due
    return lying_house(document)


@_tampering("payouts", "is due", base="no-commission-six")
def six_paid_in_full_house(document: Document) -> Document:
    banker = next(entry for entry in document["book"] if entry["spot"] == "BANKER")
    paid = next(item for item in document["payouts"] if item["betId"] == banker["betId"])
    paid["payout_minor"] = 2 * banker["stake_minor"]
    return lying_house(document)


@_tampering("transitions", "does not offer")
def limits_of_a_spot_that_is_not_offered_house(document: Document) -> Document:
    limits = data(document, "ROUND_OPENED")["limits"]
    limits["DRAGON_7"] = limits["TIE"]
    return lying_house(document)


@_tampering("transitions", "is for 6 decks")
def paytable_of_another_deck_count_house(document: Document) -> Document:
    data(document, "ROUND_OPENED")["paytable"] = "commission-6/1"
    return lying_house(document)


@_tampering("book", "does not offer")
def bet_on_a_spot_that_is_not_offered_house(document: Document) -> Document:
    document["book"][0]["spot"] = "DRAGON_7"
    book = BetBook(tuple(BookEntry.from_json(item) for item in document["book"]))
    data(document, "BOOK_SEALED").update(
        root=book.root, stakes_minor={spot.value: sum_ for spot, sum_ in book.stakes().items()}
    )
    return lying_house(document)


# --- the book -------------------------------------------------------------------------------------


def _bet_added(document: Document) -> None:
    entry = bet("dora", 9, "BANKER", 9_000)
    document["book"].append(entry.to_json())


def _bet_removed(document: Document) -> None:
    document["book"].pop(3)


def _stake_changed(document: Document) -> None:
    document["book"][0]["stake_minor"] += 1


def _spot_changed(document: Document) -> None:
    document["book"][0]["spot"] = "PLAYER"


def _stake_of_zero(document: Document) -> None:
    document["book"][0]["stake_minor"] = 0


def _reseal_book(document: Document) -> None:
    """Make every claim about the book and the payouts agree with the bets that are listed."""
    book = BetBook(tuple(BookEntry.from_json(item) for item in document["book"]))
    sealed = data(document, "BOOK_SEALED")
    sealed["root"], sealed["count"] = book.root, len(book.entries)
    sealed["stakes_minor"] = {spot.value: sum_ for spot, sum_ in book.stakes().items()}
    coup = replay(cards_from_json(data(document, "CARDS_DEALT")["cards"]))
    due = payouts(book, coup, COMMISSION_8_DECKS)
    document["payouts"] = [payout.to_json() for payout in due]
    data(document, "ROUND_SETTLED").update(
        payouts_root=payouts_root(due),
        paid_count=len(due),
        staked_minor=sum(entry.stake_minor for entry in book.entries),
        paid_minor=sum(payout.payout_minor for payout in due),
    )


def _bet_added_everywhere(document: Document) -> None:
    _bet_added(document)
    _reseal_book(document)


def _stake_changed_everywhere(document: Document) -> None:
    _stake_changed(document)
    _reseal_book(document)


def _root_changed(document: Document) -> None:
    data(document, "BOOK_SEALED")["root"] = "11" * 32


def _count_changed(document: Document) -> None:
    data(document, "BOOK_SEALED")["count"] += 1


def _stakes_changed(document: Document) -> None:
    data(document, "BOOK_SEALED")["stakes_minor"]["BANKER"] += 1


_ADDED = "a bet was added, removed or changed after the close"
_both("bet-added", _bet_added, ("book", _ADDED), ("book", _ADDED))
_both("bet-removed", _bet_removed, ("book", _ADDED), ("book", _ADDED))
_both("stake-changed", _stake_changed, ("book", _ADDED), ("book", _ADDED))
_both("spot-changed", _spot_changed, ("book", _ADDED), ("book", _ADDED))
_both("stake-of-zero", _stake_of_zero, ("book", "positive"), ("book", "positive"))
_both(
    "bet-added-and-book-sealed-anew",
    _bet_added_everywhere,
    ("chain", "BOOK_SEALED"),
    ("cards", "the seed gives"),
)
_both(
    "stake-changed-and-book-sealed-anew",
    _stake_changed_everywhere,
    ("chain", "BOOK_SEALED"),
    ("cards", "the seed gives"),
)
_both("book-root-changed", _root_changed, ("chain", "BOOK_SEALED"), ("book", "root 11111111"))
_both("book-count-changed", _count_changed, ("chain", "BOOK_SEALED"), ("book", "sealed were 7"))
_both("stakes-changed", _stakes_changed, ("chain", "BOOK_SEALED"), ("book", "announced"))


@_tampering("book", "sorted")
def book_out_of_order_house(document: Document) -> Document:
    document["book"].reverse()
    return lying_house(document)


@_tampering("book", "sorted")
def bet_listed_twice_house(document: Document) -> Document:
    document["book"].insert(0, document["book"][0])
    return lying_house(document)


@_tampering("book", "none is here")
def book_withheld(document: Document) -> Document:
    document["book"] = None
    return seal(document)


@_tampering("book", "no book was sealed", base="void-before-seal")
def book_invented(document: Document) -> Document:
    document["book"] = [bet("anna", 1).to_json()]
    return seal(document)


@_tampering("payouts", "a voided round pays nothing", base="void-after-seal")
def payout_of_a_void(document: Document) -> Document:
    document["payouts"] = [{"playerId": "anna", "betId": "bet-1", "payout_minor": 5}]
    return seal(document)


# --- events ---------------------------------------------------------------------------------------


@_tampering("transitions", "BETS_CLOSED cannot happen")
def first_event_removed(document: Document) -> Document:
    _drop(document, 0)
    return document


@_tampering("chain", "an event is missing")
def middle_event_removed(document: Document) -> Document:
    _drop(document, 2)
    return document


@_tampering("chain", "an event is missing")
def middle_event_removed_house(document: Document) -> Document:
    _drop(document, 2)
    return lying_house(document)


@_tampering("transitions", "last events are missing")
def last_event_removed(document: Document) -> Document:
    _drop(document, -1)
    return document


@_tampering("transitions", "before the book was sealed")
def book_never_sealed_house(document: Document) -> Document:
    _drop_and_renumber(document, "BOOK_SEALED")
    return lying_house(document)


@_tampering("transitions", "ROUND_SETTLED cannot happen")
def never_resolved_house(document: Document) -> Document:
    _drop_and_renumber(document, "ROUND_RESOLVED")
    return lying_house(document)


@_tampering("cards", "the seed gives")
def never_dealt_house(document: Document) -> Document:
    _drop_and_renumber(document, "CARDS_DEALT")
    return lying_house(document)


@_tampering("chain", "an event is missing")
def events_swapped(document: Document) -> Document:
    events = document["events"]
    events[1], events[2] = events[2], events[1]
    return document


@_tampering("transitions", "BOOK_SEALED cannot happen")
def events_swapped_house(document: Document) -> Document:
    events = document["events"]
    events[1], events[2] = events[2], events[1]
    events[1]["seq"], events[2]["seq"] = events[2]["seq"], events[1]["seq"]
    events[2]["at_ms"] = events[1]["at_ms"]
    return lying_house(document)


@_tampering("chain", "out of order")
def event_twice(document: Document) -> Document:
    document["events"].insert(1, document["events"][0])
    return document


@_tampering("transitions", "belongs to bac-1 bac-1.000000004")
def event_of_another_round(document: Document) -> Document:
    document["events"].append(valid()["thirty-bets"]["events"][0])
    return document


@_tampering("transitions", "belongs to")
def document_of_another_round(document: Document) -> Document:
    document["roundId"] = "bac-1.000000009"
    return seal(document)


@_tampering("transitions", "cannot have the id")
def round_renamed_house(document: Document) -> Document:
    for item in document["events"]:
        item["roundId"] = "bac-1.000000009"
    document["roundId"] = "bac-1.000000009"
    return lying_house(document)


@_tampering("chain", "does not follow the event before it")
def event_of_another_history(document: Document) -> Document:
    other = lying_house(_with_time(copy.deepcopy(document)))
    document["events"][1:] = other["events"][1:]
    return document


def _with_time(document: Document) -> Document:
    document["events"][0]["at_ms"] -= 1
    return document


@_tampering("chain", "happened before")
def time_runs_back_house(document: Document) -> Document:
    document["events"][-1]["at_ms"] = document["events"][0]["at_ms"] - 1
    return lying_house(document)


@_tampering("transitions", "too early")
def bets_closed_early_house(document: Document) -> Document:
    event(document, "BETS_CLOSED")["at_ms"] = data(document, "ROUND_OPENED")["closes_at_ms"] - 1
    return lying_house(document)


@_tampering("transitions", "too early")
def resolved_early_house(document: Document) -> Document:
    event(document, "ROUND_RESOLVED")["at_ms"] = data(document, "CARDS_DEALT")["shown_at_ms"] - 1
    return lying_house(document)


@_tampering("chain", "an event is missing", base="taken-over")
def epoch_skipped_house(document: Document) -> Document:
    epochs = [e["epoch"] for e in document["events"]]
    for e in document["events"]:
        e["epoch"] += e["epoch"] > min(epochs)
    return lying_house(document)


@_tampering("structure", "an event has")
def event_with_a_strange_member(document: Document) -> Document:
    document["events"][0]["note"] = "hello"
    return lying_house(document)


@_tampering("structure", "not a valid EventType")
def event_of_unknown_type(document: Document) -> Document:
    document["events"][1]["type"] = "BETS_REOPENED"
    return document


@_tampering("transitions", "is not what it must be")
def opened_without_a_commitment_house(document: Document) -> Document:
    del data(document, "ROUND_OPENED")["commitment"]
    return lying_house(document)


@_tampering("outcome", "cards give")
def number_for_a_truth_house(document: Document) -> Document:
    resolved = data(document, "ROUND_RESOLVED")
    resolved["natural"] = int(resolved["natural"])
    return lying_house(document)


@_tampering("payouts", "paid_count", base="one-bet")
def truth_for_a_number_house(document: Document) -> Document:
    assert data(document, "ROUND_SETTLED")["paid_count"] == 1
    data(document, "ROUND_SETTLED")["paid_count"] = True
    return lying_house(document)


@_tampering("structure", "an event has")
def truth_for_an_epoch_house(document: Document) -> Document:
    for item in document["events"]:
        assert item["epoch"] == 1
        item["epoch"] = True
    return lying_house(document)


# --- signatures -----------------------------------------------------------------------------------


@_tampering("signature", "not a trusted key")
def everything_signed_by_another_key(document: Document) -> Document:
    return lying_house(document, FORGER)


@_tampering("signature", "does not match")
def signed_by_another_key_in_the_house_name(document: Document) -> Document:
    last = document["events"][-1]
    forged = FORGER.sign(signing_input(last["hash"])).to_json()
    last["sig"] = {**forged, "kid": last["sig"]["kid"]}
    return document


@_tampering("signature", "does not match")
def signature_of_another_event(document: Document) -> Document:
    document["events"][1]["sig"] = document["events"][0]["sig"]
    return document


@_tampering("signature", "base64url")
def signature_written_in_another_way(document: Document) -> Document:
    document["events"][1]["sig"]["val"] += "=="
    return document


@_tampering("seal", "changed after it was sealed")
def key_number_of_an_event_changed(document: Document) -> Document:
    document["events"][1]["sig"]["ver"] = 2
    return document


@_tampering("seal", "under another number")
def key_number_of_the_seal_changed(document: Document) -> Document:
    document["seal"]["sig"]["ver"] = 2
    return document


@_tampering("seal", "a signature has kid, ver and val")
def truth_for_the_key_number_of_the_seal(document: Document) -> Document:
    document["seal"]["sig"]["ver"] = True
    return document


@_tampering("seal", "changed after it was sealed")
def seal_of_another_round(document: Document) -> Document:
    document["seal"] = valid()["thirty-bets"]["seal"]
    return document


@_tampering("seal", "not a trusted key")
def sealed_by_another_key(document: Document) -> Document:
    return seal(document, FORGER)


@_tampering("seal", "and nothing else")
def seal_missing_its_signature(document: Document) -> Document:
    del document["seal"]["sig"]
    return document


@_tampering("seal", "a seal has hash and sig")
def seal_with_a_strange_member(document: Document) -> Document:
    document["seal"]["note"] = "hello"
    return document


# --- the player's view ----------------------------------------------------------------------------

_ANNA = "player-with-bets"


@_tampering("book", "its proof fails", base=_ANNA)
def own_stake_changed(document: Document) -> Document:
    document["book"][0]["entry"]["stake_minor"] = 9_999
    return seal(document)


@_tampering("book", "sorted", base=_ANNA)
def book_sealed_out_of_order_house(document: Document) -> Document:
    entries = [BookEntry.from_json(item) for item in valid()["six-bets"]["book"]]
    entries[0], entries[1] = entries[1], entries[0]
    leaves = [entry.leaf() for entry in entries]
    data(document, "BOOK_SEALED")["root"] = merkle.root(leaves).hex()
    document["book"] = [
        {
            "index": index,
            "entry": entries[index].to_json(),
            "proof": [sibling.hex() for sibling in merkle.inclusion_proof(leaves, index)],
        }
        for index in range(3)
    ]
    return lying_house(document)


@_tampering("book", "its proof fails", base=_ANNA)
def own_bet_invented(document: Document) -> Document:
    document["book"][1]["entry"] = bet("anna", 7, "TIE", 100).to_json()
    return seal(document)


@_tampering("book", "its proof fails", base=_ANNA)
def own_bet_at_another_place(document: Document) -> Document:
    document["book"][0]["index"] = 3
    return seal(document)


@_tampering("book", "and nothing else", base=_ANNA)
def truth_for_an_index(document: Document) -> Document:
    assert document["book"][1]["index"] == 1
    document["book"][1]["index"] = True
    return seal(document)


@_tampering("book", "too short", base=_ANNA)
def own_proof_cut(document: Document) -> Document:
    document["book"][0]["proof"] = document["book"][0]["proof"][1:2]
    return seal(document)


@_tampering("book", "leaf 6 of 6", base=_ANNA)
def own_bet_beyond_the_book(document: Document) -> Document:
    document["book"][0]["index"] = 6
    return seal(document)


@_tampering("payouts", "is due", base=_ANNA)
def own_payout_withheld(document: Document) -> Document:
    document["payouts"] = []
    return seal(document)


@_tampering("payouts", "nothing is due", base=_ANNA)
def payout_of_another_player(document: Document) -> Document:
    document["payouts"].append({"playerId": "zoe", "betId": "bet-x", "payout_minor": 5})
    return seal(document)


@_tampering("book", "and nothing else", base=_ANNA)
def others_book_in_the_own_view(document: Document) -> Document:
    document["book"] = valid()["six-bets"]["book"]
    return seal(document)


@_tampering("cards", "", base="player-without-bets")
def sealed_root_is_no_hash_house(document: Document) -> Document:
    data(document, "BOOK_SEALED")["root"] = "no hash"
    return lying_house(document)


# --- the file -------------------------------------------------------------------------------------


@_tampering("structure", "not JSON")
def truncated(document: Document) -> bytes:
    return encoded(document)[:-40]


@_tampering("structure", "not JSON")
def trailing_garbage(document: Document) -> bytes:
    return encoded(document) + b"{}"


@_tampering("structure", "twice")
def duplicate_key(document: Document) -> bytes:
    return encoded(document).replace(b'"view":"house"', b'"view":"house","view":"house"', 1)


@_tampering("structure", "NaN")
def not_a_number(document: Document) -> bytes:
    return encoded(document).replace(b'"payouts":[', b'"payouts":[NaN,', 1)


@_tampering("structure", "float")
def fraction_in_an_event(document: Document) -> bytes:
    return encoded(document).replace(b'"round_no":3', b'"round_no":3.0', 1)


@_tampering("payouts", "is due")
def fraction_in_a_payout(document: Document) -> Document:
    document["payouts"][0]["payout_minor"] = float(document["payouts"][0]["payout_minor"])
    return document


@_tampering("structure", "")
def nested_very_deep(document: Document) -> bytes:
    deep = b"[" * 100_000 + b"]" * 100_000
    return encoded(document).replace(b'"payouts":[', b'"payouts":[' + deep + b",", 1)


@_tampering("structure", "nested deeper than 32")
def nested_deep(document: Document) -> bytes:
    deep = b"[" * 40 + b"]" * 40
    return encoded(document).replace(b'"mode":"rng"', b'"mode":' + deep, 1)


@_tampering("structure", "outside")
def number_too_large(document: Document) -> Document:
    data(document, "ROUND_OPENED")["round_no"] = 2**53
    return document


@_tampering("structure", "UTF-8")
def not_utf_8(document: Document) -> bytes:
    return encoded(document).replace(b'"view"', b'"vi\xffew"', 1)


@_tampering("structure", "surrogate")
def lone_surrogate(document: Document) -> bytes:
    return encoded(document).replace(b'"dealer-7"', b'"dealer-\\ud800"', 1)


@_tampering("structure", "a transcript is a JSON object")
def a_list(document: Document) -> bytes:
    return b"[" + encoded(document) + b"]"


@_tampering("structure", "this verifier reads")
def another_format(document: Document) -> Document:
    document["format"] = "baccarat-transcript/2"
    return seal(document)


@_tampering("structure", "note")
def strange_member(document: Document) -> Document:
    document["note"] = "hello"
    return seal(document)


@_tampering("structure", "neither house nor player")
def strange_view(document: Document) -> Document:
    document["view"] = "pit"
    return seal(document)


@_tampering("structure", "1 to 1000")
def no_events(document: Document) -> Document:
    document["events"] = []
    return seal(document)
