"""Whatever happens to two wallets: items and stream tell one history, and damage is found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from baccarat.application.journal import project, rebuild
from baccarat.application.reconcile import Items, reconcile
from baccarat.domain.errors import BaccaratError
from baccarat.domain.journal import Entry, legs_of, movements_of, trial_balance
from baccarat.domain.movement import MovementKind
from baccarat.domain.payment import (
    Outcome,
    Payment,
    PaymentKind,
    PaymentLimits,
    PaymentState,
    Report,
    house_deposit,
    request_withdrawal,
    take,
)
from baccarat.domain.paytable import Spot
from baccarat.domain.wallet import (
    Adjustment,
    Bet,
    BetState,
    HousePosting,
    NewBet,
    PlaceBets,
    RefundReason,
    Stop,
    Wallet,
    adjust,
    cancel,
    pay,
    place,
    refund,
    resume,
    stop,
)
from tests.builders import START_MS, a_round

LIMITS = PaymentLimits(1, 10**9, 1, 10**9, 10**9, 10**9)
STEPS = st.lists(
    st.tuples(st.sampled_from("EU"), st.integers(0, 8), st.integers(1, 900)), max_size=40
)


class MemoryJournal:
    """``ports.Journal`` in memory."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str, int], Entry] = {}

    def entry(self, player_id: str, currency: str, version: int) -> Entry | None:
        return self.kept.get((player_id, currency, version))

    def last(self, player_id: str, currency: str) -> Entry | None:
        return next(iter(self.entries(player_id, currency)[::-1]), None)

    def entries(
        self, player_id: str, currency: str, *, after: int = 0, limit: int | None = None
    ) -> list[Entry]:
        mine = sorted(key for key in self.kept if key[:2] == (player_id, currency))
        return [self.kept[key] for key in mine if key[2] > after][:limit]

    def entries_before(
        self, player_id: str, currency: str, *, before: int | None, limit: int
    ) -> list[Entry]:
        raise NotImplementedError

    def append(self, entry: Entry) -> bool:
        key = (entry.player_id, entry.currency, entry.movement.version)
        return self.kept.setdefault(key, entry) is entry

    def versions(self, player_id: str, currency: str) -> set[int]:
        return {entry.movement.version for entry in self.entries(player_id, currency)}

    def replace(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            self.kept[entry.player_id, entry.currency, entry.movement.version] = entry

    def remove(self, player_id: str, currency: str, version: int) -> None:
        del self.kept[player_id, currency, version]


@dataclass
class History:
    """Anna's wallets in two currencies, with every item and every record of their stream."""

    wallets: dict[str, Wallet] = field(
        default_factory=lambda: {c: Wallet("anna", c, 0, 0) for c in ("EUR", "USD")}
    )
    bets: dict[str, Bet] = field(default_factory=dict)
    payments: dict[str, Payment] = field(default_factory=dict)
    adjustments: list[Adjustment] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)
    stream: list[Wallet] = field(default_factory=list)

    def step(self, number: int, currency: str, what: int, amount: int) -> None:
        wallet, now_ms = self.wallets[currency], START_MS + number
        table = f"t-{currency.lower()}"
        round_ = replace(
            a_round(), currency=currency, table_id=table, round_id=f"{table}.000000001"
        )
        lying = [
            b for b in self.bets.values() if b.currency == currency and b.state is BetState.PLACED
        ]
        match what:
            case 0 | 1:
                after, payment = house_deposit(wallet, f"d{number}", amount, now_ms)
                self.payments[payment.payment_id] = payment
            case 2 | 3:
                wanted = (
                    NewBet(f"b{number}", Spot.BANKER, max(100, amount)),
                    NewBet(f"c{number}", Spot.PLAYER, 100),
                )
                after, bets = place(wallet, PlaceBets("anna", "r", wanted), round_, now_ms)
                self.bets |= {bet.bet_id: bet for bet in bets}
            case 4 if lying:
                after, closed = cancel(wallet, lying[amount % len(lying)], now_ms)
                self.bets[closed.bet_id] = closed
            case 5 if lying:
                owed = [(bet, amount) for bet in lying[:2]]
                after, paid = pay(wallet, owed, now_ms)
                self.bets |= {bet.bet_id: bet for bet in paid}
            case 6 if lying:
                after, back = refund(wallet, lying, RefundReason.ROUND_VOIDED, now_ms)
                self.bets |= {bet.bet_id: bet for bet in back}
            case 7 if wallet.stopped is None and amount % 3 == 0:
                after, record = stop(wallet, "BOOKS_DIFFER", "reconciler", now_ms)
                self.stops.append(record)
            case 7 if wallet.stopped is not None:
                after, record = resume(wallet, "looked at", "ops", now_ms)
                self.stops.append(record)
            case 7:
                after, adjustment = adjust(
                    wallet, MovementKind.CORRECTION, f"{table}.000000001.c{number}", -amount, now_ms
                )
                self.adjustments.append(adjustment)
            case _:
                open_ = next(
                    (
                        p
                        for p in self.payments.values()
                        if (p.currency, p.kind, p.state)
                        == (currency, PaymentKind.WITHDRAWAL, PaymentState.SENT)
                    ),
                    None,
                )
                if open_ is None:
                    after, payment = request_withdrawal(
                        wallet, f"w{number}", amount, "bank", "iban", LIMITS, now_ms
                    )
                    payment = replace(payment, state=PaymentState.SENT, provider_reference="ref")
                else:
                    outcome = Outcome.PAID if amount % 2 else Outcome.FAILED
                    report = Report(
                        open_.payment_id, open_.kind, "ref", outcome, open_.amount_minor, currency
                    )
                    moved, payment = take(wallet, open_, report, now_ms)
                    assert moved is not None
                    after = moved
                self.payments[payment.payment_id] = payment
        self.wallets[currency] = after
        self.stream.append(after)

    def items(self) -> Items:
        return Items(
            list(self.wallets.values()),
            list(self.bets.values()),
            list(self.payments.values()),
            self.adjustments,
            self.stops,
        )

    def items_of(self, _player_id: str, currency: str) -> Items:
        return self.items().by_wallet()["anna", currency]


def played(steps: list[tuple[str, int, int]]) -> History:
    history = History()
    for number, (currency, what, amount) in enumerate(steps):
        try:
            history.step(number, {"E": "EUR", "U": "USD"}[currency], what, amount)
        except BaccaratError:
            continue  # Refused: nothing was moved.
    return history


@given(STEPS)
@settings(max_examples=80)
def test_items_tell_the_movements_that_the_stream_tells(steps: list[tuple[str, int, int]]) -> None:
    history = played(steps)
    for currency in ("EUR", "USD"):
        own = history.items_of("anna", currency)
        told = [w.last for w in history.stream if w.currency == currency]
        assert movements_of(own.bets, own.payments, own.adjustments, own.stops) == told
    assert reconcile(history.items()).wrong_wallets == {}


@given(STEPS, st.randoms(use_true_random=False))
@settings(max_examples=80)
def test_the_projection_is_what_a_rebuild_makes_whatever_the_stream_repeats_or_loses(
    steps: list[tuple[str, int, int]], random: Any
) -> None:
    history = played(steps)
    scan: Any = history
    whole, journal = MemoryJournal(), MemoryJournal()
    for wallet in history.stream:
        project(wallet, journal=whole, scan=scan)
    records = [wallet for wallet in history.stream for _ in range(random.choice((0, 1, 1, 2)))]
    # The order within a wallet stands; between the two it does not.
    records.sort(key=lambda w: w.currency, reverse=random.random() < 0.5)
    for wallet in (*records, *history.wallets.values()):
        project(wallet, journal=journal, scan=scan)
    assert journal.kept == whole.kept
    again = MemoryJournal()
    for currency in history.wallets:
        rebuild("anna", currency, journal=again, scan=scan)
    assert [e.to_json() for e in again.kept.values()] == [
        whole.kept[key].to_json() for key in again.kept
    ]
    assert again.kept == whole.kept
    assert reconcile(history.items(), journal).wrong_wallets == {}


@given(STEPS)
@settings(max_examples=80)
def test_every_currency_adds_up_to_nothing(steps: list[tuple[str, int, int]]) -> None:
    history, journal = played(steps), MemoryJournal()
    scan: Any = history
    methods = {id_: payment.method for id_, payment in history.payments.items()}
    for wallet in history.stream:
        project(wallet, journal=journal, scan=scan)
        assert wallet.last is not None
        legs = legs_of("anna", wallet.last, methods.get(wallet.last.reference))
        assert sum(leg.amount_minor for leg in legs) == 0
    postings = [HousePosting("t-eur", "t-eur.000000001", "EUR", 500, 0)]
    accounts = trial_balance(journal.kept.values(), methods, postings)
    for currency, wallet in history.wallets.items():
        sums = accounts.get(currency, {})
        assert sum(sums.values()) == 0
        assert sums.get("PLAYER#anna", 0) == wallet.available_minor
        assert sums.get("HELD#anna", 0) == wallet.held_minor


NUMBERS = {
    "wallets": ("available_minor", "held_minor", "version"),
    "bets": ("stake_minor", "placed_version", "placed_at_ms", "balance_after_minor"),
    "payments": ("amount_minor",),
    "adjustments": ("amount_minor", "wallet_version", "at_ms"),
    "stops": ("wallet_version",),
}
CLOSED = {"bets": ("closed_version",), "payments": ("closed_version", "opened_version")}


EVERYTHING = [
    *((currency, 0, 900) for currency in "EUEU"),
    *((currency, 2, 100) for currency in "EEUU"),
    *((currency, what, 100) for currency in "EU" for what in (4, 5, 2, 6, 7, 8, 8, 8)),
    *((currency, 8, 101) for currency in "EEUU"),
    ("E", 7, 3),
    ("U", 7, 3),
    ("E", 7, 3),
    ("U", 0, 5),
]
"""A history in which everything happens that can."""


def damages(items: Items) -> Iterator[tuple[str, Items]]:
    """Yield the items with one of them lost, or one member of one of them changed."""
    for kind, members in NUMBERS.items():
        rows = list(getattr(items, kind))
        for place_, row in enumerate(rows):
            if kind != "wallets":
                yield row.currency, replace(items, **{kind: [*rows[:place_], *rows[place_ + 1 :]]})
            closed = [n for n in CLOSED.get(kind, ()) if getattr(row, n) is not None]
            for member in (*members, *closed):
                for off in (-1, 1):
                    if getattr(row, member) + off >= 0:
                        changed = replace(row, **{member: getattr(row, member) + off})
                        after = [*rows[:place_], changed, *rows[place_ + 1 :]]
                        yield row.currency, replace(items, **{kind: after})


def test_everything_happens_in_that_history() -> None:
    history = played(EVERYTHING)
    kinds = {wallet.last.kind for wallet in history.stream if wallet.last}
    assert kinds == set(MovementKind) - {MovementKind.REVERSAL}


@example(EVERYTHING)
@given(STEPS)
@settings(max_examples=10, deadline=None)
def test_damage_of_any_one_item_is_found_and_names_the_wallet(
    steps: list[tuple[str, int, int]],
) -> None:
    history, journal = played(steps), MemoryJournal()
    scan: Any = history
    for wallet in history.stream:
        project(wallet, journal=journal, scan=scan)
    for currency, damaged in damages(history.items()):
        found = reconcile(damaged, journal)
        assert list(found.wrong_wallets) == [("anna", currency)], damaged
