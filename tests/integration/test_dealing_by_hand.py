"""Hands dealt by a dealer, with the real state machine waiting for the cards."""

from __future__ import annotations

from typing import Any

import pytest

from baccarat.adapters.strict_json import loads
from baccarat.application import desk, pit
from baccarat.domain.canonical import canonical
from baccarat.domain.cards import Card
from baccarat.domain.errors import (
    CardNotPossible,
    DealingPaused,
    IdempotencyConflict,
    NoSuchStep,
    NothingToConfirm,
    NotYourTable,
    ScanPending,
    ShoeNotPossible,
    WrongCard,
)
from baccarat.domain.log import EventType
from baccarat.domain.paytable import Spot
from baccarat.domain.round import PauseReason, RoundState, VoidReason
from baccarat.domain.shoe import Shoe
from baccarat.domain.table import Missing, TableStatus, round_id
from baccarat.domain.table_config import DealingMode, ShoeProcedure
from baccarat.domain.transcript import Verified, verify, verify_link
from tests.support.cloud import TABLE_ID, Cloud
from tests.support.dealer import SHUFFLE, Dealer

FIRST = round_id(TABLE_ID, 1)
MODES = [DealingMode.SHOE, DealingMode.SHUFFLER]


def at_work(cloud: Cloud, mode: DealingMode = DealingMode.SHOE) -> Dealer:
    """Return a dealer at his desk with a shoe; the first round is open and anna has bet."""
    cloud.open_table(
        mode=mode, procedure=ShoeProcedure(cut_cards=14, burn=True), bet_window_ms=120_000
    )
    cloud.fund("anna")
    found = Dealer(cloud, TABLE_ID)
    found.take_desk()
    assert cloud.floor.round(FIRST) is None
    found.enter_shoe()
    cloud.opened(FIRST)
    for spot in (Spot.PLAYER, Spot.BANKER, Spot.TIE):
        cloud.bet("anna", FIRST, spot, 1_000, f"bet-{spot}")
    return found


@pytest.fixture
def dealer(driven: Cloud) -> Dealer:
    return at_work(driven)


@pytest.fixture(params=MODES, ids=[mode.value for mode in MODES])
def dealer_of(request: pytest.FixtureRequest, driven: Cloud) -> Dealer:
    return at_work(driven, request.param)


def verified(cloud: Cloud, id_: str) -> Verified:
    transcript = cloud.wait_for(lambda: cloud.archive.transcript(TABLE_ID, id_), f"end of {id_}")
    return verify(loads(canonical(transcript).decode()), cloud.keys.check)


def types(found: Verified) -> list[EventType]:
    return [signed.event.type for signed in found.events]


def check_money(cloud: Cloud) -> None:
    balances = cloud.balances()
    assert balances.findings == ()
    assert balances.of("EUR").open_stakes_minor == 0


def test_a_hand_is_dealt_card_by_card(dealer_of: Dealer) -> None:
    dealer = dealer_of
    dealer.waited_for(FIRST)
    dealer.deal(FIRST)
    found = verified(dealer.cloud, FIRST)
    assert found.round.state is RoundState.SETTLED
    assert found.round.dealer_id == "dora"
    dealt = [
        signed.event.data for signed in found.events if signed.event.type is EventType.CARDS_DEALT
    ]
    assert [len(list(data["cards"])) for data in dealt] == [1] * len(found.round.cards)  # type: ignore[arg-type]
    assert {data["by"] for data in dealt} == {"dora"}
    provable = dealer.cloud.floor.table(TABLE_ID).config.mode is DealingMode.SHUFFLER  # type: ignore[union-attr]
    assert all((data["opening"] is not None) is provable for data in dealt)
    check_money(dealer.cloud)


def test_a_scan_is_undone_before_it_is_confirmed_and_the_log_keeps_it(dealer: Dealer) -> None:
    dealer.waited_for(FIRST)
    dealer.scan(FIRST, 1, dealer.cards[0])
    dealer.scan(FIRST, 1, dealer.cards[0])
    with pytest.raises(ScanPending):
        dealer.scan(FIRST, 1, dealer.cards[1])
    with pytest.raises(NothingToConfirm):
        dealer.confirm(FIRST, 2)
    assert dealer.record(FIRST).round.cards == ()
    desk.undo(TABLE_ID, "dora", FIRST, 1, dealer.work)
    desk.undo(TABLE_ID, "dora", FIRST, 1, dealer.work)
    assert dealer.record(FIRST).pending is None
    with pytest.raises(NothingToConfirm):
        dealer.confirm(FIRST, 1)
    dealer.draw(FIRST)
    with pytest.raises(NothingToConfirm, match="the pit can order"):
        desk.undo(TABLE_ID, "dora", FIRST, 1, dealer.work)
    dealer.deal(FIRST)
    assert types(verified(dealer.cloud, FIRST)).count(EventType.SCAN_UNDONE) == 1


def test_a_card_out_of_turn_is_refused(dealer: Dealer) -> None:
    with pytest.raises(Exception, match="no cards are dealt while"):
        dealer.scan(FIRST, 1, dealer.cards[0])
    dealer.waited_for(FIRST)
    with pytest.raises(CardNotPossible, match="card 2 is not due"):
        dealer.scan(FIRST, 2, dealer.cards[0])
    with pytest.raises(NotYourTable):
        desk.scan(TABLE_ID, "stranger", FIRST, 1, dealer.cards[0], dealer.work)
    with pytest.raises(NotYourTable, match="dora is at this desk"):
        desk.take_desk(TABLE_ID, "stranger", "Sam", dealer.work)
    assert dealer.record(FIRST).pending is None


def test_a_card_that_the_machine_did_not_shuffle_pauses_the_deal(driven: Cloud) -> None:
    dealer = at_work(driven, DealingMode.SHUFFLER)
    dealer.waited_for(FIRST)
    dealer.draw(FIRST)
    wrong = next(card for card in dealer.cards if card != dealer.cards[0])
    with pytest.raises(WrongCard):
        dealer.scan(FIRST, 2, wrong)
    assert dealer.record(FIRST).round.paused is PauseReason.WRONG_CARD
    with pytest.raises(DealingPaused):
        dealer.scan(FIRST, 2, dealer.cards[0])
    pit.resume_dealing(TABLE_ID, FIRST, "petra", dealer.work)
    dealer.deal(FIRST)
    found = verified(dealer.cloud, FIRST)
    assert found.round.state is RoundState.SETTLED
    assert EventType.DEALING_PAUSED in types(found)


def test_a_dealer_leaves_between_two_hands(dealer: Dealer) -> None:
    cloud = dealer.cloud
    dealer.waited_for(FIRST)

    def leave(name: str = "dora") -> str | None:
        desk.leave_desk(TABLE_ID, name, dealer.work)
        table = cloud.floor.table(TABLE_ID)
        assert table is not None
        if table.dealer_name not in names:
            names.append(table.dealer_name)
        return table.dealer_id

    names: list[str | None] = []
    assert leave("stranger") == "dora"
    with pytest.raises(NoSuchStep, match=f"round {FIRST} is being dealt"):
        leave()
    dealer.draw(FIRST)
    with pytest.raises(NoSuchStep, match=f"round {FIRST} is being dealt"):
        leave()
    pit.set_status(TABLE_ID, TableStatus.PAUSED, "petra", "a change of dealers", dealer.work)
    dealer.deal(FIRST)
    verified(cloud, FIRST)
    assert leave() is None
    events = cloud.floor.events(TABLE_ID, after=(0, 0), until_epoch=9, limit=100)
    assert events[-1].event.type is EventType.DEALER_SEATED
    left = {"dealerId": None, "name": None, "was": "dora", "by": "dora"}
    seated = [s.event.data for s in events if s.event.type is EventType.DEALER_SEATED]
    assert seated == [{"dealerId": "dora", "name": "Dora", "was": None}, left]
    assert names == ["Dora", None]
    assert leave() is None
    assert cloud.floor.events(TABLE_ID, after=(0, 0), until_epoch=9, limit=100) == events
    pit.set_status(TABLE_ID, TableStatus.OPEN, "petra", "the next one comes", dealer.work)
    table = cloud.floor.table(TABLE_ID)
    assert table is not None
    assert table.missing is Missing.DEALER
    with pytest.raises(NotYourTable):
        desk.beat(TABLE_ID, "dora", dealer.work)


def test_a_dealer_who_goes_before_the_first_card_voids_the_round(impatient: Cloud) -> None:
    dealer = at_work(impatient)
    impatient.elapsing.skip()
    found = verified(dealer.cloud, FIRST)
    assert found.round.void_reason is VoidReason.NO_CARD_BY_DEADLINE
    check_money(dealer.cloud)
    wallet = dealer.cloud.ledger.wallet("anna", "EUR")
    assert wallet is not None
    assert wallet.available_minor == 100_000


def test_a_dealer_who_goes_in_mid_hand_leaves_it_to_the_pit(impatient: Cloud) -> None:
    cloud, dealer = impatient, at_work(impatient)
    dealer.waited_for(FIRST)
    dealer.draw(FIRST)
    cloud.wait_for(
        lambda: dealer.record(FIRST).round.paused is PauseReason.DEALER_GONE, "the pause"
    )
    # He comes back and the pit lets him go on.
    dealer.take_desk()
    pit.resume_dealing(TABLE_ID, FIRST, "petra", dealer.work)
    dealer.deal(FIRST)
    found = verified(cloud, FIRST)
    assert found.round.state is RoundState.SETTLED
    check_money(cloud)


def test_the_pit_finishes_a_hand_without_the_dealer(dealer: Dealer) -> None:
    dealer.waited_for(FIRST)
    dealer.draw(FIRST)
    dealer.draw(FIRST)
    pit.pause_dealing(TABLE_ID, FIRST, "petra", "the dealer is ill", dealer.work)
    with pytest.raises(DealingPaused):
        dealer.scan(FIRST, 3, dealer.cards[0])
    pit.order_rescan(TABLE_ID, FIRST, 2, "petra", "second card covered", dealer.work)
    cards = [dealer.record(FIRST).round.cards[0][1]]
    back = dealer.cloud.floor.events(TABLE_ID, after=(0, 0), until_epoch=9, limit=100)
    second = [s.event for s in back if s.event.type is EventType.CARDS_DEALT][1]
    [item] = list(second.data["cards"])  # type: ignore[arg-type]
    cards.append(Card(str(item["card"])))  # type: ignore[index,call-overload]
    pit.enter_card(TABLE_ID, FIRST, 2, cards[1], "petra", dealer.work)
    pit.enter_card(TABLE_ID, FIRST, 2, cards[1], "petra", dealer.work)
    while dealer.record(FIRST).round.next_hand is not None:
        place = len(dealer.record(FIRST).round.cards) + 1
        pit.enter_card(TABLE_ID, FIRST, place, dealer.cards.pop(0), "petra", dealer.work)
    assert dealer.record(FIRST).round.state is RoundState.DEALING
    pit.resume_dealing(TABLE_ID, FIRST, "petra", dealer.work)
    found = verified(dealer.cloud, FIRST)
    assert found.round.state is RoundState.SETTLED
    assert EventType.CARDS_RETRACTED in types(found)


def test_the_pit_voids_a_hand_and_the_cards_are_gone_from_the_shoe(dealer: Dealer) -> None:
    cloud = dealer.cloud
    cloud.last_round_no = 2
    dealer.waited_for(FIRST)
    dealer.draw(FIRST)
    burned = dealer.cards.pop(0)
    for _ in range(2):
        pit.burn_card(TABLE_ID, FIRST, 1, burned, "petra", "drawn twice", dealer.work)
    assert dealer.record(FIRST).round.burned == (burned,)
    for number in (1, 3):
        with pytest.raises(CardNotPossible, match="1 cards of the round are burned"):
            pit.burn_card(TABLE_ID, FIRST, number, dealer.cards[0], "petra", "late", dealer.work)
    pit.void(
        TABLE_ID,
        FIRST,
        "petra",
        "cards mixed up",
        ledger=cloud.ledger,
        archive=cloud.archive,
        work=dealer.work,
    )
    first = verified(cloud, FIRST)
    assert first.round.void_reason is VoidReason.PIT_DECISION
    assert first.events[-1].event.data["by"] == "petra"
    second_id = round_id(TABLE_ID, 2)
    cloud.opened(second_id)
    dealer.waited_for(second_id)
    dealer.deal(second_id)
    second = verified(cloud, second_id)
    verify_link(first, second)
    assert second.round.shoe.drawn == first.round.shoe.drawn + 2
    check_money(cloud)


def test_cards_taken_back_before_a_void_are_out_of_the_shoe(dealer_of: Dealer) -> None:
    dealer, cloud = dealer_of, dealer_of.cloud
    cloud.last_round_no = 2
    dealer.waited_for(FIRST)
    for _ in range(3):
        dealer.draw(FIRST)
    pit.order_rescan(TABLE_ID, FIRST, 2, "petra", "two cards covered", dealer.work)
    pit.void(
        TABLE_ID,
        FIRST,
        "petra",
        "cards mixed up",
        ledger=cloud.ledger,
        archive=cloud.archive,
        work=dealer.work,
    )
    first, second_id = verified(cloud, FIRST), round_id(TABLE_ID, 2)
    cloud.opened(second_id)
    dealer.waited_for(second_id)
    pit.set_status(TABLE_ID, TableStatus.PAUSED, "petra", "last hand", dealer.work)
    dealer.draw(second_id)
    pit.pause_dealing(TABLE_ID, second_id, "petra", "look at it", dealer.work)
    while dealer.record(second_id).round.next_hand is not None:
        place = len(dealer.record(second_id).round.cards) + 1
        pit.enter_card(TABLE_ID, second_id, place, dealer.cards.pop(0), "petra", dealer.work)
    # The hand is complete, and one card too many was drawn.
    pit.burn_card(TABLE_ID, second_id, 1, dealer.cards.pop(0), "petra", "one too many", dealer.work)
    pit.resume_dealing(TABLE_ID, second_id, "petra", dealer.work)
    second = verified(cloud, second_id)
    verify_link(first, second)
    assert second.round.shoe.drawn == first.round.shoe.drawn + 3
    dealer.end_shoe()
    last = cloud.floor.events(TABLE_ID, after=(0, 0), until_epoch=9, limit=200)[-1].event
    assert (last.type, last.data["reconciled"]) == (EventType.SHOE_CLOSED, True)


def test_a_shoe_is_played_to_its_last_hand_and_changed(dealer_of: Dealer) -> None:
    dealer = dealer_of
    cloud = dealer.cloud
    table = cloud.floor.table(TABLE_ID)
    assert table is not None
    machine = table.config.mode is DealingMode.SHUFFLER
    cloud.last_round_no = 6
    dealer.waited_for(FIRST)
    dealer.deal(FIRST)
    if not machine:
        second_id = round_id(TABLE_ID, 2)
        cloud.opened(second_id)
        dealer.waited_for(second_id)
        desk.cut_card(TABLE_ID, "dora", second_id, dealer.work)
        desk.cut_card(TABLE_ID, "dora", second_id, dealer.work)
        dealer.deal(second_id)
        third_id = round_id(TABLE_ID, 3)
        assert cloud.opened(third_id).round.shoe.hands_left == 1
        with pytest.raises(ShoeNotPossible, match="in play"):
            dealer.end_shoe()
        dealer.waited_for(third_id)
        dealer.deal(third_id)
        last = verified(cloud, third_id)
        cloud.ended(third_id)
    else:
        pit.set_status(TABLE_ID, TableStatus.PAUSED, "petra", "new shoe wanted", dealer.work)
        last = verified(cloud, FIRST)
        cloud.ended(f"{FIRST}.e1")
    resting = cloud.floor.table(TABLE_ID)
    assert resting is not None
    assert resting.missing is (Missing.OPENING if machine else Missing.SHOE)
    dealer.end_shoe()
    pit.set_status(TABLE_ID, TableStatus.OPEN, "petra", "new shoe comes", dealer.work)
    dealer.enter_shoe(seed=8)
    next_id = round_id(TABLE_ID, last.round.round_no + 1)
    cloud.opened(next_id)
    dealer.waited_for(next_id)
    dealer.deal(next_id)
    later = verified(cloud, next_id)
    verify_link(last, later)
    closed = [s.event for s in later.events if s.event.type is EventType.SHOE_CLOSED]
    assert [event.data["reconciled"] for event in closed] == [True]
    assert later.round.shoe.unseen.shoe_id == f"{TABLE_ID}.s2"


def test_a_count_that_does_not_add_up_pauses_the_table(driven: Cloud) -> None:
    driven.open_table(mode=DealingMode.SHOE)
    dealer = Dealer(driven, TABLE_ID)
    driven.last_round_no = 0
    dealer.take_desk()
    dealer.enter_shoe()
    dealer.cards.pop()
    dealer.end_shoe()
    table = driven.floor.table(TABLE_ID)
    assert table is not None
    assert (table.status, table.shoe) == (TableStatus.PAUSED, None)


def test_shoes_that_cannot_be_are_refused(driven: Cloud) -> None:
    driven.open_table(mode=DealingMode.SHUFFLER)
    driven.last_round_no = 0
    dealer = Dealer(driven, TABLE_ID)
    dealer.take_desk()
    for order in (None, "", "AS" * 416, "XX" * 416):
        with pytest.raises(ShoeNotPossible):
            enter(dealer, f"{TABLE_ID}.s1", order=order)
    with pytest.raises(ShoeNotPossible, match="is not in play: none is"):
        end(dealer, f"{TABLE_ID}.s1")
    for other in (f"{TABLE_ID}.s2", "bac-2.s1"):
        with pytest.raises(ShoeNotPossible, match=f"the next shoe of table {TABLE_ID} is") as no:
            enter(dealer, other, order="".join(FULL))
        assert no.value.details == {"nextShoeId": f"{TABLE_ID}.s1"}
    dealer.enter_shoe()
    with pytest.raises(ShoeNotPossible, match="is in play; close it first"):
        dealer.enter_shoe()


FULL = Shoe.full("", 8).pool()


def enter(dealer: Dealer, shoe_id: str, **given: Any) -> None:
    given = {"burn_card": None, "order": None, "shuffle": None, **given}
    desk.enter_shoe(TABLE_ID, "dora", shoe_id, **given, work=dealer.work)


def end(dealer: Dealer, shoe_id: str, left: str | None = None) -> None:
    desk.end_shoe(TABLE_ID, "dora", shoe_id, left=left, work=dealer.work)


def shoe_events(cloud: Cloud) -> list[EventType]:
    events = cloud.floor.events(TABLE_ID, after=(0, 0), until_epoch=99, limit=200)
    changes = (EventType.SHOE_OPENED, EventType.SHOE_CLOSED)
    return [signed.event.type for signed in events if signed.event.type in changes]


@pytest.mark.parametrize("mode", MODES)
def test_a_shoe_command_that_is_repeated_is_done_once(driven: Cloud, mode: DealingMode) -> None:
    driven.open_table(mode=mode, procedure=ShoeProcedure(burn=True))
    driven.last_round_no = 0
    dealer = Dealer(driven, TABLE_ID)
    dealer.take_desk()
    dealer.enter_shoe()
    first = dealer.shoe_id
    burned = dealer.burned
    machine = mode is DealingMode.SHUFFLER
    given: dict[str, Any] = {"burn_card": burned}
    given |= {"order": dealer.order} if machine else {"shuffle": dict(SHUFFLE)}
    other: dict[str, Any] = (
        {"order": "".join(sorted(FULL))} if machine else {"shuffle": {**SHUFFLE, "seals": "8"}}
    )
    next_to_it = next(card for card in FULL if card != burned)

    def check_entered() -> None:
        log = shoe_events(driven)
        enter(dealer, first, **given)
        for wrong in (other, {"burn_card": next_to_it}, {"burn_card": None}):
            with pytest.raises(IdempotencyConflict, match=f"shoe {first} is open already"):
                enter(dealer, first, **{**given, **wrong})
        assert shoe_events(driven) == log

    check_entered()
    left = "".join([*dealer.face_down, *dealer.cards])
    counted = None if machine else left
    end(dealer, first, counted)

    def check_ended() -> None:
        log = shoe_events(driven)
        end(dealer, first, counted)
        pit.end_shoe(
            TABLE_ID, "petra", first, None if machine else left[2:] + left[:2], dealer.work
        )
        for wrong in {left[2:], left, None} - {counted}:
            with pytest.raises(IdempotencyConflict, match=f"shoe {first} is closed already"):
                end(dealer, first, wrong)
        assert shoe_events(driven) == log

    check_ended()
    check_entered()
    dealer.enter_shoe(seed=8)
    assert dealer.shoe_id == f"{TABLE_ID}.s2"
    check_ended()
    check_entered()
    with pytest.raises(ShoeNotPossible, match=rf"s3 is not in play: {TABLE_ID}\.s2 is"):
        end(dealer, f"{TABLE_ID}.s3", counted)
    assert shoe_events(driven).count(EventType.SHOE_CLOSED) == 1
