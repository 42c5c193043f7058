"""A table's log as a follower folds it, against rounds that the real driver made."""

import logging
import random
from dataclasses import replace
from typing import Any

import pytest

from baccarat.domain.log import SignedEvent
from baccarat.domain.round import RetractCards, RoundState
from baccarat.domain.table_config import DealingMode
from media_sfu.table_log import TableLog, TableState
from tests.builders import Floor, by_hand


def joined(events: list[SignedEvent], *, complete: bool, dealer: str | None = None) -> Any:
    return {
        "table": {"tableId": "bac-1", "name": "Salon", "dealer": dealer},
        "complete": complete,
        "events": [event.to_json() for event in events],
    }


def as_json(events: list[SignedEvent]) -> list[Any]:
    return [event.to_json() for event in events]


def three_rounds() -> list[SignedEvent]:
    floor = Floor()
    return [event for _ in range(3) for event in floor.play().events]


def whole(events: list[SignedEvent]) -> TableState:
    log = TableLog("bac-1")
    log.join(joined(events, complete=False))
    return log.state


def test_a_snapshot_and_the_events_after_it_make_the_rounds_of_the_driver() -> None:
    floor = Floor()
    first, second = floor.play(), floor.play()
    log = TableLog("bac-1")
    log.join(joined(list(first.events), complete=False))
    assert log.state.round == first.round
    log.receive(as_json(list(second.events)))
    assert (log.state.round, log.state.before) == (second.round, first.round)
    last = second.events[-1].event
    assert log.position == (last.epoch, last.seq) == (log.state.log_epoch, log.state.log_seq)


def test_what_was_lost_after_a_join_without_a_round_is_a_gap() -> None:
    events = three_rounds()
    log = TableLog("bac-1")
    log.join(joined([], complete=False))
    log.receive(as_json(events[4:6]))
    assert log.has_gap
    assert log.position is None
    log.join(joined(events, complete=False))
    assert not log.has_gap
    assert log.state == whole(events)


def test_a_log_that_begins_after_the_join_is_followed_from_its_first_event() -> None:
    events = three_rounds()
    assert events[0].event.seq == 1
    log = TableLog("bac-1")
    log.join(joined([], complete=False))
    log.receive(as_json(events))
    assert log.state == whole(events)


def test_repeats_and_another_order_lead_to_the_same_state() -> None:
    events = three_rounds()
    expected = whole(events)
    for seed in range(20):
        chance = random.Random(seed)
        log = TableLog("bac-1")
        log.join(joined(events[:3], complete=False))
        later = [*events[3:], *chance.choices(events, k=10)]
        chance.shuffle(later)
        while later:
            count = chance.randint(1, 4)
            log.receive(as_json(later[:count]))
            del later[:count]
        assert not log.has_gap
        assert replace(log.state, name="Salon") == expected


def test_a_gap_shows_and_a_join_from_the_position_closes_it() -> None:
    events = three_rounds()
    log = TableLog("bac-1")
    log.join(joined(events[:4], complete=False))
    log.receive(as_json(events[6:9]))
    assert log.has_gap
    assert log.position == (events[3].event.epoch, events[3].event.seq)
    log.join(joined(events[4:7], complete=True))
    assert not log.has_gap
    assert log.state == whole(events[:9])


def test_the_end_of_an_epoch_is_missed_unless_the_hash_says_otherwise() -> None:
    floor = Floor()
    events = list(floor.play().events)
    floor.take_over_between_rounds()
    events += floor.play().events
    at = next(place for place, found in enumerate(events) if found.event.epoch == 2)
    log = TableLog("bac-1")
    log.join(joined(events[: at - 1], complete=False))
    log.receive(as_json(events[at:]))
    assert log.has_gap
    log.receive(as_json(events[at - 1 : at]))
    assert not log.has_gap
    assert log.state == whole(events)


def test_too_much_missed_starts_anew_from_the_snapshot() -> None:
    floor = Floor()
    first = list(floor.play().events)
    for _ in range(5):
        floor.play()
    newest = list(floor.play().events)
    log = TableLog("bac-1")
    log.join(joined(first, complete=False))
    log.join(joined(newest, complete=False))
    assert log.state == whole(newest)
    assert log.state.before is None


def test_a_servers_cards_come_one_by_one_up_to_the_announced_time() -> None:
    in_play = Floor().open_round()
    in_play.seal()
    in_play.deal_all()
    state = whole(in_play.events)
    assert state.round is not None
    dealt = next(e.event for e in in_play.events if e.event.type == "CARDS_DEALT")
    step = state.cards_at_ms[1] - state.cards_at_ms[0]
    assert state.cards_at_ms[0] == dealt.at_ms
    assert step >= state.round.card_interval_ms
    assert state.cards_at_ms[-1] + step <= state.round.shown_at_ms
    assert len(state.cards_at_ms) == len(state.round.cards)


def test_a_dealers_cards_come_when_they_were_logged_and_go_when_taken_back() -> None:
    floor = Floor(config=by_hand(DealingMode.SHOE))
    floor.table = replace(floor.table, dealer_id="dora", dealer_name="Dora")
    floor.open_shoe()
    in_play = floor.open_round()
    in_play.seal()
    in_play.deal_all()
    state = whole(in_play.events)
    logged = [e.event.at_ms for e in in_play.events if e.event.type == "CARDS_DEALT"]
    assert list(state.cards_at_ms) == logged
    assert state.dealer_id == "dora"
    in_play.step(RetractCards(place=3, by="pia", note="misread"))
    again = whole(in_play.events)
    assert again.round is not None
    assert len(again.round.cards) == 2
    assert list(again.cards_at_ms) == logged[:2]


def test_a_mark_names_the_round_while_it_runs_and_the_place_in_the_log() -> None:
    floor = Floor()
    in_play = floor.open_round()
    running = whole(in_play.events).mark(123)
    assert (running.table_id, running.round_id, running.at_ms) == ("bac-1", in_play.round_id, 123)
    newest = in_play.events[-1].event
    assert (running.log_epoch, running.log_seq) == (newest.epoch, newest.seq)
    in_play.seal()
    in_play.deal_all()
    in_play.resolve()
    ended = in_play.finish()
    assert ended.round.state is RoundState.SETTLED
    after = whole(list(ended.events)).mark(124)
    assert (after.round_id, after.log_seq) == ("", ended.events[-1].event.seq)


def test_what_it_does_not_understand_is_passed_over_and_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    events = three_rounds()
    log = TableLog("bac-1")
    with caplog.at_level(logging.WARNING):
        log.join(joined(events[5:8], complete=False))
    assert log.position == (events[7].event.epoch, events[7].event.seq)
    assert "was not seen to open" in caplog.text


def test_another_table_and_what_is_no_event_are_refused() -> None:
    log = TableLog("bac-2")
    with pytest.raises(ValueError, match="joined 'bac-1', not 'bac-2'"):
        log.join(joined([], complete=False))
    with pytest.raises(ValueError, match="an event has tableId"):
        log.receive([{"tableId": "bac-2"}])
