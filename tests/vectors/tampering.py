"""Rounds that hold, and every way of tampering with them that a verifier must catch.

``make_transcript.py`` writes them all to ``transcripts/``, for verifiers in other languages.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

from baccarat.domain import merkle
from baccarat.domain.book import BetBook, BookEntry, payouts, payouts_root
from baccarat.domain.coup import replay
from baccarat.domain.fairness import commitment
from baccarat.domain.log import EventType, signing_input
from baccarat.domain.paytable import COMMISSION_8_DECKS
from baccarat.domain.round import (
    CardSource,
    Fact,
    PauseDealing,
    PauseReason,
    ResumeDealing,
    RetractCards,
    RoundState,
    UndoScan,
    VoidReason,
    cards_from_json,
)
from baccarat.domain.table_config import DealingMode, ShoeProcedure
from tests.builders import (
    CONFIG,
    Document,
    Floor,
    HouseKey,
    Played,
    bet,
    by_hand,
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
def tables() -> dict[str, dict[str, Played]]:
    """The rounds of several tables by name; each follows the one before it in its table's log."""
    floor = Floor()
    short = replace(CONFIG, procedure=ShoeProcedure(cut_cards=400))
    return {
        "bac-1": {
            "no-bets": floor.play([]),
            "one-bet": floor.play([bet("anna", 1)]),
            "six-bets": floor.play(SIX_BETS, seed=bytes(range(32))),
            "thirty-bets": floor.play(many_bets()),
            "void-before-seal": floor.play(void_in=RoundState.OPEN),
            "void-closed": floor.play(void_in=RoundState.CLOSED, void_sealed=False),
            "void-after-seal": floor.play(many_bets(5), void_in=RoundState.CLOSED),
            "void-after-cards": floor.play(many_bets(5), void_in=RoundState.DEALING),
            "taken-over": floor.play(many_bets(9), take_over_in=RoundState.DEALING),
        },
        "bac-rng": _a_shoe_and_more("rng", Floor("bac-rng", config=short)),
        "bac-shoe": _by_hand("shoe", Floor("bac-shoe", config=by_hand(DealingMode.SHOE))),
        "bac-shuffler": _by_hand(
            "shuffler", Floor("bac-shuffler", config=by_hand(DealingMode.SHUFFLER))
        ),
    }


def _by_hand(name: str, floor: Floor) -> dict[str, Played]:
    """The rounds of a shoe that a dealer draws, with all that may happen, and of the next one."""
    seated: Fact = (EventType.DEALER_SEATED, {"dealerId": "dora", "by": "pia"})
    anchored: Fact = (
        EventType.VIDEO_ANCHORED,
        {
            "videoEpoch": 1_764_000_000_000,
            "segment": 42,
            "manifest": "5e" * 32,
            "rtpTimestamp": 4_294_867_296,
            "frame_at_ms": 1_764_000_000_123,
            "logEpoch": 1,
            "logSeq": 2,
        },
    )
    floor.say(seated)
    played = {f"{name}-first": floor.play(SIX_BETS)}
    in_play = floor.open_round(many_bets(5))
    in_play.say(anchored)
    in_play.deal().deal()
    in_play.step(UndoScan(in_play.next_card, "dora"))
    in_play.say(seated)
    in_play.deal()
    in_play.step(PauseDealing(PauseReason.WRONG_CARD, "dora"))
    in_play.step(RetractCards(3, "pia", "the wrong card was scanned"))
    in_play.deal(source=CardSource.PIT)
    in_play.step(ResumeDealing("pia"))
    in_play.deal().burn()
    played[f"{name}-middle"] = in_play.finish()
    void = floor.open_round(many_bets(5)).deal().deal().deal()
    void.step(RetractCards(2, "pia", "the wrong card was scanned"))
    void.deal()
    played[f"{name}-void-with-cards"] = void.void(VoidReason.PIT_DECISION, "pia", "card on floor")
    floor.take_over_between_rounds()
    return played | _a_shoe_and_more(name, floor)


def _a_shoe_and_more(name: str, floor: Floor) -> dict[str, Played]:
    """The rest of a shoe and the first round of the next."""
    played: dict[str, Played] = {}
    while floor.table.shoe is None or floor.table.shoe.hands_left is None:
        number = f"{name}-{floor.table.round_no + 1}"
        round_ = floor.play([bet("anna", 1)])
        played[f"{name}-cut-card" if round_.round.cut_card_out else number] = round_
    # A void without a card is no hand of the shoe.
    played[f"{name}-void-before-last"] = floor.play(void_in=RoundState.OPEN)
    played[f"{name}-last"] = floor.play([bet("anna", 1)])
    played[f"{name}-next-shoe"] = floor.play([bet("anna", 1)])
    return played


def rounds() -> dict[str, Played]:
    """All rounds of ``tables`` by name."""
    return {name: played for table in tables().values() for name, played in table.items()}


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
    documents["player-of-a-shuffler"] = played["shuffler-first"].player("anna")
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
    first, prev = document["events"][0]["seq"], document["events"][0]["prev"]
    document["events"] = [e for e in document["events"] if e["type"] != type_]
    for place, e in enumerate(document["events"]):
        e["seq"] = first + place
    document["events"][0]["prev"] = prev


# --- cards, outcome, seed -------------------------------------------------------------------------


def _other_card(document: Document) -> None:
    cards = data(document, "CARDS_DEALT")["cards"]
    cards[0]["card"] = "AS" if cards[0]["card"] != "AS" else "2S"


def _cards_in_another_order(document: Document) -> None:
    cards = data(document, "CARDS_DEALT")["cards"]
    assert cards[0]["card"] != cards[2]["card"]
    cards[0]["card"], cards[2]["card"] = cards[2]["card"], cards[0]["card"]


def _card_to_the_wrong_hand(document: Document) -> None:
    data(document, "CARDS_DEALT")["cards"][0]["to"] = "BANKER"


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


def _other_cards_in_the_shoe(document: Document) -> None:
    """Say that others of the cards are left, as many as before."""
    opened = data(document, "ROUND_OPENED")
    assert opened["remaining"] != opened["remaining"][::-1]
    opened["remaining"] = opened["remaining"][::-1]


def _too_few_cards(document: Document) -> None:
    opened = data(document, "ROUND_OPENED")
    opened["remaining"], opened["drawn"] = "5" + "0" * 51, 411


def _more_cards_than_were_drawn(document: Document) -> None:
    data(document, "ROUND_OPENED")["drawn"] += 1


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
    _other_cards_in_the_shoe,
    ("chain", "ROUND_OPENED"),
    ("cards", "the seed gives"),
)
_both("shoe-too-small", _too_few_cards, ("chain", "ROUND_OPENED"), ("cards", "is left in shoe"))
_both(
    "card-to-the-wrong-hand",
    _card_to_the_wrong_hand,
    ("chain", "CARDS_DEALT"),
    ("transitions", "went to BANKER"),
)
_both(
    "drawn-and-remaining-differ",
    _more_cards_than_were_drawn,
    ("chain", "ROUND_OPENED"),
    ("shoe", "do not fit"),
)


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


@_tampering("transitions", "belongs to round 'bac-1.000000004'")
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


# --- shoes ----------------------------------------------------------------------------------------

_FIRST, _MIDDLE = "shuffler-first", "shuffler-middle"


def _insert(document: Document, after: str, type_: str, fact: Document, round_id: str) -> None:
    """Put an event behind the first of type ``after``; the later ones move up."""
    events = document["events"]
    place = next(n for n, e in enumerate(events) if e["type"] == after) + 1
    event_ = {**copy.deepcopy(events[place - 1]), "type": type_, "data": fact, "roundId": round_id}
    event_["hash"] = ""
    events.insert(place, event_)
    for e in events[place:]:
        e["seq"] += 1


def _last_card(document: Document) -> Any:
    return [e for e in document["events"] if e["type"] == "CARDS_DEALT"][-1]["data"]


def _shoe_opened(document: Document) -> Any:
    return data(document, "SHOE_OPENED")


def _card_swapped(document: Document) -> None:
    dealt = _last_card(document)["cards"][0]
    dealt["card"] = "AS" if dealt["card"] != "AS" else "2S"


def _commitment_changed(document: Document) -> None:
    _shoe_opened(document)["commitment"] = "cd" * 32


_CARD = ("cards", "is not the card at position")
_both("shuffler-card-changed", _card_swapped, ("chain", "CARDS_DEALT"), _CARD, base=_MIDDLE)
_both(
    "shuffler-commitment-changed",
    _commitment_changed,
    ("chain", "SHOE_OPENED"),
    ("shoe", "is not the card at position 0"),
    base=_FIRST,
)


@_tampering("cards", "is not the card at position", base="shuffler-void-with-cards")
def shuffler_card_of_a_void_changed_house(document: Document) -> Document:
    _card_swapped(document)
    return lying_house(document)


@_tampering("cards", "due was", base=_MIDDLE)
def opening_of_another_position_house(document: Document) -> Document:
    opening = _last_card(document)["opening"]
    opening["position"] += 1
    return lying_house(document)


@_tampering("cards", "due was", base=_MIDDLE)
def card_skipped_house(document: Document) -> Document:
    """The burned card is kept out of the log: the next one comes from a place that is not due."""
    _drop_and_renumber(document, "CARD_BURNED")
    return lying_house(document)


@_tampering("transitions", "an opening has", base=_MIDDLE)
def opening_missing_house(document: Document) -> Document:
    _last_card(document)["opening"] = None
    return lying_house(document)


@_tampering("transitions", "an opening has", base=_MIDDLE)
def opening_of_a_burned_card_missing_house(document: Document) -> Document:
    data(document, "CARD_BURNED")["opening"] = None
    return lying_house(document)


@_tampering("cards", "too short", base=_MIDDLE)
def opening_cut_house(document: Document) -> Document:
    _last_card(document)["opening"]["proof"] = []
    return lying_house(document)


@_tampering("transitions", "one card at a time", base=_MIDDLE)
def two_cards_with_one_opening_house(document: Document) -> Document:
    one, two = [e for e in document["events"] if e["type"] == "CARDS_DEALT"][:2]
    two["data"]["cards"] = one["data"]["cards"] + two["data"]["cards"]
    place = document["events"].index(one)
    del document["events"][place]
    for e in document["events"][place:]:
        e["seq"] -= 1
    return lying_house(document)


@_tampering("transitions", "after another was burned", base=_MIDDLE)
def taken_back_after_a_burned_card_house(document: Document) -> Document:
    fact = copy.deepcopy(data(document, "CARDS_RETRACTED"))
    _insert(document, "CARD_BURNED", "CARDS_RETRACTED", fact, document["roundId"])
    return lying_house(document)


@_tampering("cards", "no AC is left", base="shoe-middle")
def ninth_copy_of_a_card_house(document: Document) -> Document:
    """A wrong shoe: it is scanned what eight decks cannot hold."""
    for _ in range(9):
        fact = {"card": "AC", "by": "pia", "note": "", "opening": None}
        _insert(document, "CARD_BURNED", "CARD_BURNED", fact, document["roundId"])
    return lying_house(document)


@_tampering("transitions", "scanned while dealing was paused", base="shoe-middle")
def scanned_while_paused_house(document: Document) -> Document:
    next(e for e in document["events"] if e["data"].get("source") == "PIT")["data"]["source"] = (
        "SCANNER"
    )
    return lying_house(document)


@_tampering("transitions", "resolved while dealing was paused", base="shoe-first")
def resolved_while_paused_house(document: Document) -> Document:
    fact = {"reason": "DEALER_GONE", "by": "pia", "note": ""}
    place = [e["type"] for e in document["events"]].index("ROUND_RESOLVED") - 1
    _insert_at(document, place + 1, "DEALING_PAUSED", fact)
    return lying_house(document)


def _insert_at(document: Document, place: int, type_: str, fact: Document) -> None:
    events = document["events"]
    events.insert(place, {**copy.deepcopy(events[place - 1]), "type": type_, "data": fact})
    for e in events[place:]:
        e["seq"] += 1


@_tampering("transitions", "no dealer draws the cards")
def burned_by_a_server_house(document: Document) -> Document:
    fact = {"card": "AC", "by": "pia", "note": "", "opening": None}
    _insert(document, "BOOK_SEALED", "CARD_BURNED", fact, document["roundId"])
    return lying_house(document)


@_tampering("commitment", "come from no seed", base="shoe-first")
def seed_for_a_hand_dealt_round_house(document: Document) -> Document:
    data(document, "ROUND_SETTLED")["seed"] = "ab" * 32
    return lying_house(document)


@_tampering("commitment", "come from no seed", base=_FIRST)
def seed_promised_for_a_hand_dealt_round_house(document: Document) -> Document:
    data(document, "ROUND_OPENED")["commitment"] = "ab" * 32
    return lying_house(document)


@_tampering("shoe", "names another shoe", base=_MIDDLE)
def shoe_of_another_time(document: Document) -> Document:
    document["shoe"] = valid()["shuffler-next-shoe"]["shoe"]
    return seal(document)


@_tampering("shoe", "names another shoe", base=_MIDDLE)
def mode_changed_house(document: Document) -> Document:
    data(document, "ROUND_OPENED")["mode"] = "shoe"
    return lying_house(document)


@_tampering("shoe", "newest shoe", base="shuffler-next-shoe")
def dealt_from_the_shoe_before_house(document: Document) -> Document:
    before = rounds()["shuffler-last"]
    opened = data(document, "ROUND_OPENED")
    document["shoe"] = before.shoe.to_json()
    opened["shoe_hash"], opened["shoeId"] = before.shoe.hash, before.round.shoe.unseen.shoe_id
    return lying_house(document)


@_tampering("shoe", "not an event that opens a shoe", base=_MIDDLE)
def another_event_for_the_shoe(document: Document) -> Document:
    document["shoe"] = document["events"][0]
    return seal(document)


@_tampering("shoe", "not an event that opens a shoe", base=_MIDDLE)
def shoe_of_another_table(document: Document) -> Document:
    document["shoe"] = valid()["shoe-first"]["shoe"]
    return seal(document)


@_tampering("chain", "the opening of the shoe was changed", base=_MIDDLE)
def shoe_changed_after_it_was_opened(document: Document) -> Document:
    document["shoe"]["data"]["commitment"] = "cd" * 32
    return seal(document)


@_tampering("signature", "the opening of the shoe", base=_MIDDLE)
def shoe_signed_by_nobody(document: Document) -> Document:
    document["shoe"]["sig"] = document["events"][0]["sig"]
    return seal(document)


@_tampering("shoe", "names another shoe", base=_MIDDLE)
def shoe_opened_again_later_house(document: Document) -> Document:
    """The house signs another opening of the same shoe; the round holds the hash of the first."""
    other = copy.deepcopy(document)
    other["shoe"]["data"]["by"] = "quinn"
    document["shoe"] = lying_house(other)["shoe"]
    return seal(document)


@_tampering("seal", "under another number", base=_MIDDLE)
def key_number_of_the_shoe_changed(document: Document) -> Document:
    key = HouseKey(version=2)
    for item in document["events"]:
        item["sig"]["ver"] = 2
    assert document["shoe"]["sig"]["ver"] == 1
    return seal(document, key)


@_tampering("structure", "shoe", base=_MIDDLE)
def shoe_missing(document: Document) -> Document:
    document["shoe"] = None
    return seal(document)


@_tampering("shoe", "after the last hand", base="shuffler-last")
def opened_after_the_last_hand_house(document: Document) -> Document:
    data(document, "ROUND_OPENED")["hands_left"] = 0
    return lying_house(document)


@_tampering("shoe", "does not find it as opened", base=_FIRST)
def new_shoe_with_other_cards_house(document: Document) -> Document:
    opened = data(document, "ROUND_OPENED")
    opened["remaining"] = opened["remaining"][1:] + opened["remaining"][0]
    return lying_house(document)


@_tampering("shoe", "were burned with", base=_FIRST)
def burned_too_many_house(document: Document) -> Document:
    _shoe_opened(document)["burned"]["face_down"] += 1
    data(document, "ROUND_OPENED")["drawn"] += 1
    return lying_house(document)


@_tampering("shoe", "but burned is None", base="shoe-first")
def nothing_burned_house(document: Document) -> Document:
    _shoe_opened(document)["burned"] = None
    return lying_house(document)


@_tampering("shoe", "has the commitment", base="shoe-first")
def shoe_without_a_commitment_house(document: Document) -> Document:
    _shoe_opened(document)["commitment"] = None
    return lying_house(document)


@_tampering("shoe", "must leave the 11 cards", base="rng-cut-card")
def cut_card_too_deep_house(document: Document) -> Document:
    document["shoe"]["data"]["procedure"]["cut_cards"] = 10
    return lying_house(document)


@_tampering("shoe", "nothing to burn", base="rng-1")
def burned_by_a_server_at_the_opening_house(document: Document) -> Document:
    _shoe_opened(document)["procedure"]["burn"] = True
    _shoe_opened(document)["burned"] = {"card": "AC", "face_down": 1, "opening": None}
    return lying_house(document)


@_tampering("shoe", "in the middle of the round", base="shoe-middle")
def shoe_changed_in_mid_round_house(document: Document) -> Document:
    fact = data(valid()["shoe-next-shoe"], "SHOE_CLOSED")
    _insert(document, "BETS_CLOSED", "SHOE_CLOSED", fact, "")
    return lying_house(document)


@_tampering("cards", "said to be out")
def cut_card_too_early_house(document: Document) -> Document:
    _insert(document, "CARDS_DEALT", "CUT_CARD_OUT", {"by": None}, document["roundId"])
    return lying_house(document)


@_tampering("cards", "said to be out", base=_FIRST)
def shuffler_cut_card_too_early_house(document: Document) -> Document:
    _insert(document, "CARDS_DEALT", "CUT_CARD_OUT", {"by": None}, document["roundId"])
    return lying_house(document)


@_tampering("cards", "said to be in", base="rng-cut-card")
def cut_card_kept_quiet_house(document: Document) -> Document:
    _drop_and_renumber(document, "CUT_CARD_OUT")
    return lying_house(document)


@_tampering("cards", "said to be in", base="shuffler-cut-card")
def shuffler_cut_card_kept_quiet_house(document: Document) -> Document:
    _drop_and_renumber(document, "CUT_CARD_OUT")
    return lying_house(document)


@_tampering("transitions", "came out twice", base="shoe-last")
def cut_card_out_twice_house(document: Document) -> Document:
    _insert(document, "DEALING_STARTED", "CUT_CARD_OUT", {"by": "dora"}, document["roundId"])
    return lying_house(document)


@_tampering("transitions", "DEALER_SEATED cannot happen", base="shoe-middle")
def table_event_with_a_round_id_house(document: Document) -> Document:
    event(document, "DEALER_SEATED")["roundId"] = document["roundId"]
    return lying_house(document)


@_tampering("transitions", "belongs to round ''", base="shoe-middle")
def round_event_without_a_round_id_house(document: Document) -> Document:
    event(document, "BETS_CLOSED")["roundId"] = ""
    return lying_house(document)


@_tampering("transitions", "the last event is not one of the round", base="shoe-middle")
def table_event_after_the_end_house(document: Document) -> Document:
    last = document["events"][-1]
    fact = data(document, "DEALER_SEATED")
    document["events"].append(
        {**last, "type": "DEALER_SEATED", "roundId": "", "data": fact, "seq": last["seq"] + 1}
    )
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
    document["format"] = "baccarat-transcript/1"
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


# --- from round to round --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BrokenLink:
    """Two rounds that hold, each for itself; ``later`` does not follow ``earlier``."""

    name: str
    earlier: str
    base: str
    check: str
    words: str
    make: Callable[[Document], Document]

    @property
    def later(self) -> Document:
        return reread(self.make(copy.deepcopy(valid()[self.base])))


BROKEN_LINKS: Final[list[BrokenLink]] = []


def _link(
    check: str, words: str, earlier: str, base: str
) -> Callable[[Change], Callable[[Document], Document]]:
    def add(change: Change) -> Callable[[Document], Document]:
        def make(document: Document) -> Document:
            change(document)
            return lying_house(document)

        name = change.__name__.strip("_").replace("_", "-")  # type: ignore[attr-defined]
        BROKEN_LINKS.append(BrokenLink(name, earlier, base, check, words, make))
        return make

    return add


def _closed(document: Document) -> Any:
    return data(document, "SHOE_CLOSED")


@_link("shoe", "not what was committed to", "shuffler-last", "shuffler-next-shoe")
def another_order_opened(document: Document) -> None:
    order = _closed(document)["opened"]["order"]
    _closed(document)["opened"]["order"] = order[:-4] + order[-2:] + order[-4:-2]


@_link("shoe", "not what was committed to", "shuffler-last", "shuffler-next-shoe")
def another_salt_key_opened(document: Document) -> None:
    _closed(document)["opened"]["salt_key"] = "ab" * 32


@_link("shoe", "an opened order has", "shuffler-last", "shuffler-next-shoe")
def order_not_opened(document: Document) -> None:
    _closed(document)["opened"] = None


@_link("shoe", "closed with reconciled", "shuffler-last", "shuffler-next-shoe")
def complete_order_called_incomplete(document: Document) -> None:
    _closed(document)["reconciled"] = False


@_link("shoe", "closed with drawn", "shuffler-last", "shuffler-next-shoe")
def closed_after_another_number_of_cards(document: Document) -> None:
    _closed(document)["drawn"] += 1


@_link("shoe", "closed with unseen", "shoe-last", "shoe-next-shoe")
def closed_with_other_cards(document: Document) -> None:
    _closed(document)["unseen"] = _closed(document)["unseen"][::-1]


@_link("shoe", "not what was committed to", "shoe-last", "shoe-next-shoe")
def another_record_opened(document: Document) -> None:
    _closed(document)["opened"]["record"]["shuffled_by"] = ["nobody"]


@_link("shoe", "not opened", "shoe-last", "shoe-next-shoe")
def record_not_opened(document: Document) -> None:
    _closed(document)["opened"] = None


@_link("shoe", "closed with reconciled", "shoe-last", "shoe-next-shoe")
def wrong_count_called_reconciled(document: Document) -> None:
    _closed(document)["counted"] = _closed(document)["counted"][::-1]


@_link("shoe", "without closing", "rng-last", "rng-next-shoe")
def shoe_opened_without_closing(document: Document) -> None:
    _drop_and_renumber(document, "SHOE_CLOSED")


@_link("shoe", "opens with another shoe", "shuffler-first", "shuffler-middle")
def card_came_back_into_the_shoe(document: Document) -> None:
    _other_cards_in_the_shoe(document)


@_link("shoe", "opens with another shoe", "shuffler-void-before-last", "shuffler-last")
def one_more_hand_after_the_cut_card(document: Document) -> None:
    data(document, "ROUND_OPENED")["hands_left"] += 1


@_link("chain", "prev is", "shoe-void-with-cards", "shoe-4")
def takeover_left_out(document: Document) -> None:
    assert document["events"][0]["type"] == "EPOCH_STARTED"
    del document["events"][0]
