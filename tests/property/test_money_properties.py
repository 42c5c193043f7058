"""Money is conserved by any sequence of what can happen to wallets, held against a plain model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
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

from baccarat.application.reconcile import Items, reconcile
from baccarat.domain.bets import MAIN_SPOTS, SIDES
from baccarat.domain.book import BetBook, payouts
from baccarat.domain.coup import Coup, replay
from baccarat.domain.errors import BetNotCancellable, BetRefused, MainBetNeeded
from baccarat.domain.payment import Payment, house_deposit
from baccarat.domain.paytable import PAYTABLES, Spot
from baccarat.domain.round import Round, RoundState
from baccarat.domain.table import round_id
from baccarat.domain.table_config import Caps, StakeLimit
from baccarat.domain.wallet import (
    MAX_BETS_PER_ROUND,
    Bet,
    BetState,
    HousePosting,
    NewBet,
    PlaceBets,
    RefundReason,
    Wallet,
    cancel,
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
TABLE = PAYTABLES["commission-8/2"]
LIMITS = {
    Spot.PLAYER: StakeLimit(1, 5_000),
    Spot.BANKER: StakeLimit(1, 5_000),
    Spot.TIE: StakeLimit(1, 400),
    Spot.EITHER_PAIR: StakeLimit(1, 300),
    Spot.BIG: StakeLimit(1, 300),
}
CAPS = Caps(side_bet_percent=40, max_payout_minor=7_000, differential_minor=2_000)
WON_BY: dict[Spot, dict[str, Callable[[int], int]]] = {
    # What a stake wins at each of the outcomes of ``COUPS``; none of their hands is a pair, and
    # each takes four cards.
    Spot.PLAYER: {"P": lambda stake: stake, "T": lambda _: 0},
    Spot.BANKER: {"B": lambda stake: stake * 95 // 100, "T": lambda _: 0},
    Spot.TIE: {"T": lambda stake: stake * 8},
    Spot.EITHER_PAIR: {},
    Spot.BIG: {},
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
        self.deposits: list[Payment] = []
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
            caps=CAPS,
            paytable_version=TABLE.version,
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
        wallet, record = house_deposit(self.wallets[player], f"d{self.number}", amount, START_MS)
        self._store(wallet)
        self.deposits.append(record)
        self.balance[player] += amount
        self.deposited += amount

    @rule(
        player=st.sampled_from(PLAYERS),
        table=st.sampled_from(("t1", "t2")),
        wanted=st.lists(st.tuples(st.sampled_from(list(LIMITS)), stakes), min_size=1, max_size=4),
        tallied=st.booleans(),
    )
    def place(
        self, player: str, table: str, wanted: list[tuple[Spot, int]], *, tallied: bool
    ) -> None:
        round_ = self.rounds[table]
        mine = self._stakes(b for b in self._placed(round_) if b.player_id == player)
        after = dict(mine)
        for spot, stake in wanted:
            after[spot] = after.get(spot, 0) + stake
        # Without its stream the tally knows nothing; what is placed too much, the seal leaves out.
        tally = self._stakes(self._placed(round_)) if tallied else {}
        count = sum(
            b.player_id == player for b in self.bets.values() if b.round_id == round_.round_id
        )
        total = sum(stake for _, stake in wanted)
        allowed = (
            round_.state is RoundState.OPEN
            and all(stake >= LIMITS[spot].min_minor for spot, stake in wanted)
            and all(after[spot] <= LIMITS[spot].max_minor for spot, _ in wanted)
            and count + len(wanted) <= MAX_BETS_PER_ROUND
            and total <= self.balance[player]
            and not (self._needs_more_main(after) and {s for s, _ in wanted} - MAIN_SPOTS)
            and self._most_back(after) <= CAPS.max_payout_minor
            and self._no_wider(tally, wanted)
        )
        bets = []
        for spot, stake in wanted:
            self.number += 1
            bets.append(NewBet(f"b{self.number}", spot, stake))
        command = PlaceBets(player, round_.round_id, tuple(bets))
        try:
            taken = place(self.wallets[player], command, round_, START_MS, tally)
        except BetRefused:
            taken = None
        assert (taken is not None) is allowed
        if taken is None:
            return
        wallet, placed = taken
        self._store(wallet)
        self.bets.update({(player, bet.bet_id): bet for bet in placed})
        self.balance[player] -= total
        assert {bet.balance_after_minor for bet in placed} == {self.balance[player]}

    @staticmethod
    def _stakes(bets: Iterable[Bet]) -> dict[Spot, int]:
        sums: Counter[Spot] = Counter()
        for bet in bets:
            sums[bet.spot] += bet.stake_minor
        return dict(sums)

    @staticmethod
    def _needs_more_main(staked: dict[Spot, int]) -> bool:
        main = staked.get(Spot.PLAYER, 0) + staked.get(Spot.BANKER, 0)
        side = staked.get(Spot.EITHER_PAIR, 0) + staked.get(Spot.BIG, 0)
        return side * 100 > main * 40

    @staticmethod
    def _most_back(staked: dict[Spot, int]) -> int:
        """What the best coup of each outcome gives back, with pairs and six cards."""
        p, b, t, pair, big = (max(0, staked.get(spot, 0)) for spot in LIMITS)
        with_any = pair * 6 + big + big * 54 // 100
        return max(2 * p, b + b * 95 // 100, p + b + 9 * t) + with_any

    @staticmethod
    def _no_wider(tally: dict[Spot, int], wanted: list[tuple[Spot, int]]) -> bool:
        before = tally.get(Spot.PLAYER, 0) - tally.get(Spot.BANKER, 0)
        lead = before + sum({"PLAYER": m, "BANKER": -m}.get(spot, 0) for spot, m in wanted)
        return abs(lead) <= max(2_000, abs(before))

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
        except MainBetNeeded:
            assert bet.spot in SIDES
            mine = (b for b in self._placed(round_) if b.player_id == bet.player_id)
            assert self._needs_more_main(self._stakes(b for b in mine if b is not bet))
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
        """Seal a book that misses some late bets and what the differential leaves out, refund
        those, pay the winners, post the house."""
        round_ = self.rounds[table]
        placed = self._placed(round_)
        missed = [bet for number, bet in enumerate(placed) if number in late]
        book = BetBook.of_placed(
            [bet for bet in placed if bet not in missed], CAPS.differential_minor
        )
        sealed = book.stakes()
        lead = sealed.get(Spot.PLAYER, 0) - sealed.get(Spot.BANKER, 0)
        assert abs(lead) <= CAPS.differential_minor
        for bet in placed:
            if not book.holds(bet.player_id, bet.bet_id):
                reason = book.reason_without(bet, CAPS.differential_minor)
                assert bet in missed or reason is RefundReason.TABLE_DIFFERENTIAL
                self._refund(bet, reason)
        due = payouts(book, COUPS[outcome], TABLE)
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
            back = 0
            for spot, won_by in WON_BY.items():
                staked = sum(
                    entry.stake_minor
                    for entry in book.entries
                    if (entry.player_id, entry.spot) == (player, spot)
                )
                if outcome in won_by:
                    back += staked + won_by[outcome](staked)
            assert back <= CAPS.max_payout_minor
            self.balance[player] += back

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
    def side_bets_and_payouts_keep_their_caps(self) -> None:
        for round_ in self.rounds.values():
            for player in PLAYERS:
                mine = self._stakes(b for b in self._placed(round_) if b.player_id == player)
                assert not self._needs_more_main(mine)
                assert self._most_back(mine) <= CAPS.max_payout_minor

    @invariant()
    def versions_are_dense(self) -> None:
        for versions in self.versions.values():
            assert versions == list(range(len(versions)))

    @invariant()
    def money_is_conserved(self) -> None:
        found = reconcile(
            Items(
                wallets=list(self.wallets.values()),
                bets=list(self.bets.values()),
                payments=self.deposits,
                postings=self.postings,
            )
        )
        assert found.findings == ()
        assert found.of("EUR").house_minor == self.house
        assert (
            sum(self.balance.values()) + found.of("EUR").open_stakes_minor + self.house
            == self.deposited
        )

    def teardown(self) -> None:
        target(float(len(self.postings)))


Money.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
TestMoney: Any = Money.TestCase
