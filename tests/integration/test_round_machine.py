"""The real state machine in moto: whole rounds, and every step killed around its effect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from baccarat.application.drive_round import round_events
from baccarat.domain.paytable import Spot
from baccarat.domain.round import RoundState, rebuild
from baccarat.domain.transcript import verify
from baccarat.domain.wallet import BetState
from tests.support.cloud import STEPS, Cloud, SteppedClock

ROUND = "bac-1.000000001"
FIRST_EXECUTION = f"{ROUND}.e1"
NOT_BY_SERVER = {"void_round", "await_cards", "pause_dealing"}
SERVER_STEPS = [step for step in STEPS if step not in NOT_BY_SERVER]
STAKES = {Spot.PLAYER: 1_005, Spot.BANKER: 1_010, Spot.TIE: 315}


class Killed(Exception):
    """The process died."""


class KillOnce:
    """Dies once around the first run of a step, before or after its effect."""

    def __init__(self, step: str, when: str, times: int = 1) -> None:
        self.step, self.when, self.left = step, when, times

    def __call__(self, function: str, _event: dict[str, Any], run: Callable[[], Any]) -> Any:
        if function != self.step or not self.left:
            return run()
        if self.when == "after":
            run()  # A step that has no effect yet (too early) does not count.
        self.left -= 1
        raise Killed(f"{self.step} died {self.when} its effect")


def start_and_bet(cloud: Cloud) -> None:
    cloud.open_table(bet_window_ms=120_000)
    for player in ("anna", "bert"):
        cloud.fund(player)
    assert cloud.watch() == "STARTED"
    cloud.opened(ROUND)
    for player in ("anna", "bert"):
        bets = [(f"{player}-{spot}", spot, stake) for spot, stake in STAKES.items()]
        cloud.bets(player, ROUND, *bets)
    cloud.elapsing.skip()


def check_end(cloud: Cloud, state: RoundState) -> None:
    """The round ended, its log tells the same, its transcript holds, and no money is lost."""
    record = cloud.floor.round(ROUND)
    assert record is not None
    assert record.round.state is state
    events = round_events(record, cloud.floor)
    told = [signed.event for signed in events if signed.event.round_id == ROUND]
    assert rebuild(told) == record.round
    verified = verify(cloud.archive.transcript("bac-1", ROUND), cloud.keys.check)
    assert verified.round == record.round
    balances = cloud.balances()
    assert balances.findings == ()
    assert balances.of("EUR").open_stakes_minor == 0
    bets = cloud.ledger.bets(ROUND)
    assert len(bets) == 6
    if state is RoundState.VOIDED:
        assert {bet.state for bet in bets} == {BetState.REFUNDED}
        assert balances.of("EUR").available_minor == balances.of("EUR").deposits_minor
    else:
        paid = {(p.player_id, p.bet_id): p.payout_minor for p in verified.payouts}
        assert {(b.player_id, b.bet_id): b.payout_minor for b in bets if b.payout_minor} == paid


def test_a_round_is_driven_from_open_to_settled_and_starts_the_next(driven: Cloud) -> None:
    driven.last_round_no = 2
    start_and_bet(driven)
    assert driven.ended(FIRST_EXECUTION) == "SUCCEEDED"
    check_end(driven, RoundState.SETTLED)
    assert driven.ended("bac-1.000000002") == "SUCCEEDED"
    second = driven.floor.round("bac-1.000000002")
    first = driven.floor.round(ROUND)
    assert second is not None
    assert first is not None
    assert second.round.shoe == first.round.shoe_after(1)
    table = driven.floor.table("bac-1")
    assert table is not None
    assert [*table.history] == [
        record.round.outcome.value[0] for record in (first, second) if record.round.outcome
    ]


def test_a_wait_that_ends_too_early_is_made_up_for(driven: Cloud) -> None:
    driven.elapsing.early_ms = 2_500
    start_and_bet(driven)
    assert driven.ended(FIRST_EXECUTION) == "SUCCEEDED"
    check_end(driven, RoundState.SETTLED)
    assert driven.calls.count("close_bets") > 1


# Here the retries of the machine are shown. tests/simulation stops every step after each of its
# calls, before and after each effect.


@pytest.mark.parametrize("step", SERVER_STEPS)
def test_a_step_killed_once_is_repeated_and_the_round_settles(driven: Cloud, step: str) -> None:
    kill = KillOnce(step, "after")
    driven.fault = kill
    start_and_bet(driven)
    assert driven.ended(FIRST_EXECUTION) == "SUCCEEDED"
    if step == "settle_bets" and kill.left:
        pytest.fail("nobody won, so no page was settled: the stakes must cover every outcome")
    assert kill.left == 0
    check_end(driven, RoundState.SETTLED)


@pytest.mark.parametrize(
    ("step", "when"),
    [
        ("close_bets", "after"),
        ("deal_cards", "before"),
        ("deal_cards", "after"),
        ("resolve_round", "before"),
    ],
)
def test_a_step_killed_for_good_ends_in_a_void_round_or_a_resumed_one(
    driven: Cloud, step: str, when: str
) -> None:
    kill = KillOnce(step, when, times=5)
    driven.fault = kill
    start_and_bet(driven)
    how = driven.ended(FIRST_EXECUTION, seconds=90)
    if step == "resolve_round" or (step, when) == ("deal_cards", "after"):
        # Cards are on the table, so nothing may be voided: the watchdog finishes the round.
        assert how == "FAILED"
        later = SteppedClock()
        later.ms += 600_000
        assert driven.watch(later) == "RESUMED"
        assert driven.ended(f"{ROUND}.e2") == "SUCCEEDED"
        check_end(driven, RoundState.SETTLED)
    else:
        assert how == "SUCCEEDED"
        check_end(driven, RoundState.VOIDED)


def test_voiding_killed_once_still_refunds_everybody_once(driven: Cloud) -> None:
    deal, void = KillOnce("deal_cards", "before", times=5), KillOnce("void_round", "after")
    driven.fault = lambda function, event, run: deal(
        function, event, lambda: void(function, event, run)
    )
    start_and_bet(driven)
    assert driven.ended(FIRST_EXECUTION, seconds=90) == "SUCCEEDED"
    assert void.left == 0
    check_end(driven, RoundState.VOIDED)


@pytest.mark.parametrize("step", ["settle_bets", "finish_round"])
def test_settlement_killed_for_good_is_taken_up_by_the_watchdog(driven: Cloud, step: str) -> None:
    driven.fault = KillOnce(step, "after" if step == "settle_bets" else "before", times=7)
    start_and_bet(driven)
    assert driven.ended(FIRST_EXECUTION, seconds=120) == "FAILED"
    later = SteppedClock()
    later.ms += 600_000
    assert driven.watch(later) == "RESUMED"
    assert driven.ended(f"{ROUND}.e2") == "SUCCEEDED"
    check_end(driven, RoundState.SETTLED)
