"""Money is conserved by any sequence of what can happen to wallets, held against a plain model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import settings, target
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from baccarat.application.reconcile import reconcile
from baccarat.domain.book import BetBook, BookEntry, payouts
from baccarat.domain.coup import Coup, replay
from baccarat.domain.errors import BetNotCancellable, BetRefused
from baccarat.domain.paytable import COMMISSION_8_DECKS, Spot
from baccarat.domain.round import Round, RoundState
from baccarat.domain.table import round_id
from baccarat.domain.table_config import StakeLimit
from baccarat.domain.wallet import (
    MAX_BETS_PER_ROUND,
    Bet,
    BetState,
    Deposit,
    HousePosting,
    PlaceBet,
    RefundReason,
    Wallet,
    cancel,
    deposit,
    pay,
    place,
    refund,
)
from tests.builders import START_MS, a_round, hands

PLAYERS = ("anna", "bruno", "chloe")
COUPS = {
    "P": replay(hands("9C KD", "7C KD")),
    "B": replay(hands("7C KD", "9C KD")),
    "T": replay(hands("9C KD", "9D KH")),
}
LIMITS = {
    Spot.PLAYER: StakeLimit(1, 5_000),
    Spot.BANKER: StakeLimit(1, 5_000),
    Spot.TIE: StakeLimit(1, 400),
}
stakes = st.one_of(st.integers(1, 60), st.integers(-5, 6_000))


class Money(RuleBasedStateMachine):
    """Two tables, three players. The model holds one number a player and one for the house."""

    def __init__(self) -> None:
        super().__init__()
        self.wallets = {name: Wallet(name, "EUR", 0, 0) for name in PLAYERS}
        self.balance = dict.fromkeys(PLAYERS, 0)
        self.versions = {name: [0] for name in PLAYERS}
        self.house = 0
        self.deposited = 0
        self.bets: dict[tuple[str, str], Bet] = {}
        self.deposits: list[Deposit] = []
        self.postings: list[HousePosting] = []
        self.rounds: dict[str, Round] = {}
        self.ended: set[str] = set()
        self.number = 0

    @initialize()
    def tables(self) -> None:
        for table_id in ("t1", "t2"):
            self._open(table_id, 1)

    def _open(self, table_id: str, round_no: int) -> None:
        self.rounds[table_id] = a_round(
            table_id=table_id,
            round_no=round_no,
            round_id=round_id(table_id, round_no),
            limits=LIMITS,
        )

    def _store(self, wallet: Wallet) -> None:
        self.wallets[wallet.player_id] = wallet
        self.versions[wallet.player_id].append(wallet.version)

    def _placed(self, round_: Round) -> list[Bet]:
        return [
            bet
            for bet in self.bets.values()
            if bet.round_id == round_.round_id and bet.state is BetState.PLACED
        ]

    @rule(player=st.sampled_from(PLAYERS), amount=st.integers(1, 20_000))
    def deposit(self, player: str, amount: int) -> None:
        self.number += 1
        wallet, record = deposit(self.wallets[player], f"d{self.number}", amount, START_MS)
        self._store(wallet)
        self.deposits.append(record)
        self.balance[player] += amount
        self.deposited += amount

    @rule(
        player=st.sampled_from(PLAYERS),
        table=st.sampled_from(("t1", "t2")),
        spot=st.sampled_from(list(COMMISSION_8_DECKS.odds)),
        stake=stakes,
    )
    def place(self, player: str, table: str, spot: Spot, stake: int) -> None:
        self.number += 1
        round_ = self.rounds[table]
        mine = [b for b in self._placed(round_) if b.player_id == player]
        on_spot = sum(bet.stake_minor for bet in mine if bet.spot is spot)
        allowed = (
            round_.state is RoundState.OPEN
            and stake >= LIMITS[spot].min_minor
            and on_spot + stake <= LIMITS[spot].max_minor
            and len(mine) < MAX_BETS_PER_ROUND
            and stake <= self.balance[player]
        )
        command = PlaceBet(player, f"b{self.number}", round_.round_id, spot, stake)
        try:
            taken = place(self.wallets[player], command, round_, START_MS)
        except BetRefused:
            taken = None
        assert (taken is not None) is allowed
        if taken is None:
            return
        wallet, bet = taken
        self._store(wallet)
        self.bets[player, bet.bet_id] = bet
        self.balance[player] -= stake
        assert bet.balance_after_minor == self.balance[player]

    @precondition(lambda self: self.bets)
    @rule(choice=st.integers(0, 10**6))
    def cancel(self, choice: int) -> None:
        key = sorted(self.bets)[choice % len(self.bets)]
        bet = self.bets[key]
        round_ = self.rounds[bet.table_id]
        if round_.round_id != bet.round_id or round_.state is not RoundState.OPEN:
            return  # The ledger's write refuses it: it checks the round.
        try:
            wallet, closed = cancel(self.wallets[bet.player_id], bet, START_MS)
        except BetNotCancellable:
            assert bet.state is not BetState.PLACED
            return
        assert bet.state is BetState.PLACED
        self._store(wallet)
        self.bets[key] = closed
        self.balance[bet.player_id] += bet.stake_minor

    @rule(table=st.sampled_from(("t1", "t2")))
    def close(self, table: str) -> None:
        if self.rounds[table].state is RoundState.OPEN:
            self.rounds[table] = replace(self.rounds[table], state=RoundState.CLOSED)

    @rule(
        table=st.sampled_from(("t1", "t2")),
        outcome=st.sampled_from(sorted(COUPS)),
        late=st.sets(st.integers(0, 5), max_size=2),
    )
    def settle(self, table: str, outcome: str, late: set[int]) -> None:
        """Seal a book that misses some late bets, refund those, pay the winners, post the house."""
        round_ = self.rounds[table]
        placed = self._placed(round_)
        missed = [bet for number, bet in enumerate(placed) if number in late]
        for bet in missed:
            self._refund(bet, RefundReason.NOT_IN_BOOK)
        book = BetBook.of(
            BookEntry(bet.player_id, bet.bet_id, bet.spot, bet.stake_minor)
            for bet in placed
            if bet not in missed
        )
        due = payouts(book, COUPS[outcome], COMMISSION_8_DECKS)
        for player in PLAYERS:
            owed = [
                (self.bets[player, payout.bet_id], payout.payout_minor)
                for payout in due
                if payout.player_id == player
            ]
            if owed:
                wallet, paid = pay(self.wallets[player], owed, START_MS)
                self._store(wallet)
                self.bets.update({(player, bet.bet_id): bet for bet in paid})
        self._check_against_odds(book, outcome, COUPS[outcome])
        staked = sum(entry.stake_minor for entry in book.entries)
        paid_minor = sum(payout.payout_minor for payout in due)
        self.house += staked - paid_minor
        self.postings.append(HousePosting(table, round_.round_id, "EUR", staked, paid_minor))
        self._open(table, round_.round_no + 1)

    def _check_against_odds(self, book: BetBook, outcome: str, coup: Coup) -> None:
        assert coup.outcome.value[0] == outcome
        for player in PLAYERS:
            for spot in COMMISSION_8_DECKS.odds:
                staked = sum(
                    entry.stake_minor
                    for entry in book.entries
                    if (entry.player_id, entry.spot) == (player, spot)
                )
                won = {"PLAYER": staked, "BANKER": staked * 95 // 100, "TIE": staked * 8}[spot]
                if spot.value[0] == outcome:
                    self.balance[player] += staked + won
                elif outcome == "T":
                    self.balance[player] += staked

    @rule(table=st.sampled_from(("t1", "t2")))
    def void(self, table: str) -> None:
        round_ = self.rounds[table]
        for bet in self._placed(round_):
            self._refund(bet, RefundReason.ROUND_VOIDED)
        self._open(table, round_.round_no + 1)

    def _refund(self, bet: Bet, reason: RefundReason) -> None:
        wallet, (closed,) = refund(self.wallets[bet.player_id], [bet], reason, START_MS)
        self._store(wallet)
        self.bets[bet.player_id, bet.bet_id] = closed
        self.balance[bet.player_id] += bet.stake_minor

    @invariant()
    def every_wallet_holds_what_the_model_says_and_none_is_below_zero(self) -> None:
        held = {name: wallet.available_minor for name, wallet in self.wallets.items()}
        assert held == self.balance
        assert min(held.values()) >= 0

    @invariant()
    def versions_are_dense(self) -> None:
        for versions in self.versions.values():
            assert versions == list(range(len(versions)))

    @invariant()
    def money_is_conserved(self) -> None:
        found = reconcile(
            self.wallets.values(), self.bets.values(), self.deposits, self.postings, []
        )
        assert found.findings == ()
        assert found.house_minor == self.house
        assert sum(self.balance.values()) + found.open_stakes_minor + self.house == self.deposited

    def teardown(self) -> None:
        target(float(len(self.postings)))


Money.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
TestMoney: Any = Money.TestCase
