"""Rounds on two tables, bets, payments and corrections, done by real processes that are killed with
SIGKILL, on MiniStack. Then everything must be in order.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from baccarat.application.drive_round import owed, sealed_book
from baccarat.application.reconcile import Balances
from baccarat.application.watch_tables import take_over
from baccarat.domain.cards import Card
from baccarat.domain.payment import payment_id_for
from baccarat.domain.paytable import PAYTABLES
from baccarat.domain.round import RoundState
from baccarat.domain.shoe_commitment import parse_order
from baccarat.domain.table import Table
from baccarat.domain.table import round_id as round_id_of
from baccarat.domain.table_config import StakeLimit
from baccarat.domain.wallet import Bet, BetState, NewBet, Wallet
from tests.support.cloud import Cloud, table_config
from tests.support.crew import Crew, crew
from tests.support.mortal import Answer, Command

TABLES: Final = {"bac-1": "EUR", "bac-2": "USD"}
ROUND_KINDS: Final = ("open", "close", "follow bets", "deal", "resolve", "settle a page", "finish")
_PAYTABLE: Final = "commission-8/2"
_SPOTS: Final = tuple(PAYTABLES[_PAYTABLE].odds)
_PAID_BY_PLAYER: Final = ("deposit", "withdrawal", "withdrawal taken back", "house deposit")
_CORRECTED: Final = (None, parse_order("9C2DTCTD"), parse_order("2C9DTCTD"))
_MEANWHILE: Final = 12
"""A bet is cancelled so many bets after it was placed, so that it mostly is by then."""
_FIRST_DEPOSIT_MINOR: Final = 30_000
"""Little enough that some bets are refused."""


@dataclass(frozen=True)
class Size:
    """How much is done: ``commands`` of players and pit in all, beside the steps of the rounds."""

    workers: int = 16
    commands: int = 2_000
    players: int = 10
    rounds: int = 8
    share: float = 0.12


@dataclass(frozen=True, slots=True)
class Report:
    crew: Crew
    balances: Balances
    bets: Sequence[Bet]
    versions: int
    seconds: float


def run(cloud: Cloud, size: Size, seed: int) -> Report:
    """Play the rounds and check what is left.

    Raises:
        AssertionError: something is not in order.
    """
    started = time.monotonic()
    names = [f"{'vip.' if n % 2 else ''}player-{n:02d}" for n in range(size.players)]
    for table_id, currency in TABLES.items():
        _start_table(cloud, table_id, currency)
        for name in names:
            cloud.ledger.open_wallet(Wallet(name, currency, 0, 0))
    with crew(size.workers, seed, size.share, lambda command: _is_done(command, cloud)) as workers:
        Story(cloud, workers, size, names, seed).play()
        balances = check(cloud, workers.answers, size.rounds)
        wallets = cloud.scan.wallets()
        return Report(
            workers,
            balances,
            cloud.scan.all_bets(),
            sum(wallet.version for wallet in wallets),
            time.monotonic() - started,
        )


def _start_table(cloud: Cloud, table_id: str, currency: str) -> None:
    config = table_config(
        currency=currency,
        paytable_version=_PAYTABLE,
        limits=dict.fromkeys(_SPOTS, StakeLimit(100, 10_000)),
        bet_window_ms=120_000,
    )
    table = Table.create(table_id, config, cloud.clock.now_ms())
    assert cloud.floor.create_table(table)
    take_over(
        table, None, "TABLE_STARTED", floor=cloud.floor, signer=cloud.signer, clock=cloud.clock
    )


def _is_done(command: Command, cloud: Cloud) -> bool:
    """Whether the item that is a command's own record is there."""
    match command.kind:
        case "place":
            bet_id = command.bets[0].bet_id
            return cloud.ledger.bet(command.round_id, command.player_id, bet_id) is not None
        case "deposit" | "withdrawal" | "withdrawal taken back":
            id_ = payment_id_for(command.player_id, command.id)
            return cloud.ledger.payment(id_) is not None
    return False


class Story:
    """What is to be done, drawn from the seed; the rounds are driven step by step."""

    def __init__(
        self, cloud: Cloud, workers: Crew, size: Size, names: Sequence[str], seed: int
    ) -> None:
        self._cloud, self._workers, self._size, self._names = cloud, workers, size, names
        self._dice = random.Random(seed)
        self._ids = 0
        self._ahead_ms = dict.fromkeys(TABLES, 0)
        self._left = size.commands

    def play(self) -> None:
        first = [
            self._command("house deposit", table, player_id=name, amount_minor=_FIRST_DEPOSIT_MINOR)
            for table in TABLES
            for name in self._names
        ]
        self._workers.run(first)
        self._left -= len(first)
        for number in range(1, self._size.rounds + 1):
            self._round(number)

    def _round(self, number: int) -> None:
        share = self._left // (self._size.rounds - number + 1)
        self._left -= share
        fixes = list(self._corrections(number - 1)) if number > 1 else []
        paying = [self._payment() for _ in range(share // 4)]
        betting = self._betting(number, share - len(paying) - len(fixes))
        # Some payments come while bets do, some while the winners are paid.
        early, late = paying[::2], paying[1::2]
        self._twice("open", number)
        closing = self._closing(number)
        self._workers.run(self._mixed([*betting, *early, *fixes], closing, from_=0.75))
        self._twice("follow bets", number)
        self._twice("deal", number)
        for table in TABLES:
            record = self._cloud.floor.round(round_id_of(table, number))
            assert record is not None
            self._wait_until(table, record.round.shown_at_ms)
        resolved = self._twice("resolve", number)
        pages = [
            self._step("settle a page", command.table_id, number, page=page)
            for command, answer in resolved
            for page in answer.value
        ]
        self._workers.run(self._mixed(late, pages))
        self._twice("finish", number)

    def _twice(self, kind: str, number: int) -> list[tuple[Command, Answer]]:
        """A step of the round on every table, each by two workers at once."""
        commands = [self._step(kind, table, number) for table in TABLES for _ in range(2)]
        return list(zip(commands, self._workers.run(commands), strict=True))

    def _closing(self, number: int) -> list[Command]:
        for table in TABLES:
            record = self._cloud.floor.round(round_id_of(table, number))
            assert record is not None
            self._wait_until(table, record.round.closes_at_ms)
        return [self._step("close", table, number) for table in TABLES]

    def _wait_until(self, table_id: str, at_ms: int) -> None:
        """Let the steps' clock be there; players go by the machine's, for which bets stay open."""
        left_ms = at_ms - self._cloud.clock.now_ms()
        self._ahead_ms[table_id] = max(self._ahead_ms[table_id], left_ms)

    def _mixed(
        self, commands: Sequence[Command], others: Sequence[Command], from_: float = 0.0
    ) -> list[Command]:
        """Put ``others`` among ``commands``, not before that part of them."""
        mixed = list(commands)
        for other in others:
            mixed.insert(self._dice.randint(int(from_ * len(mixed)), len(mixed)), other)
        return mixed

    def _betting(self, number: int, count: int) -> list[Command]:
        commands: list[Command] = []
        placed: list[Command] = []
        while len(commands) < count:
            if len(placed) > _MEANWHILE and self._dice.random() < 0.2:
                target = self._dice.choice(placed[-3 * _MEANWHILE : -_MEANWHILE])
                bet_id = self._dice.choice(target.bets).bet_id
                commands.append(
                    replace(target, id=self._next_id(), kind="cancel", bets=(), bet_id=bet_id)
                )
                continue
            table = self._dice.choice(list(TABLES))
            command = self._command("place", table, round_id=round_id_of(table, number))
            spots = self._dice.sample(_SPOTS, self._dice.choice((1, 1, 2, 3, 5)))
            bets = tuple(
                NewBet(f"{command.id}-{spot.value}", spot, 100 * self._dice.randint(1, 10))
                for spot in spots
            )
            placed.append(replace(command, bets=bets))
            commands.append(placed[-1])
        return commands

    def _payment(self) -> Command:
        kind = self._dice.choice(_PAID_BY_PLAYER)
        amount = 100 * self._dice.randint(1, 90)
        return self._command(kind, self._dice.choice(list(TABLES)), amount_minor=amount)

    def _corrections(self, number: int) -> Iterator[Command]:
        """What the pit finds wrong with a round that is over."""
        for table in TABLES:
            cards: tuple[Card, ...] | None = self._dice.choice(_CORRECTED)
            yield replace(self._step("correction", table, number), cards=cards)

    def _step(self, kind: str, table: str, number: int, page: int = 0) -> Command:
        return self._command(
            kind,
            table,
            player_id="",
            round_id=round_id_of(table, number),
            page=page,
            ahead_ms=self._ahead_ms[table],
        )

    def _command(self, kind: str, table: str, **more: Any) -> Command:
        values = {"player_id": self._dice.choice(self._names), **more}
        return Command(self._next_id(), kind, table, currency=TABLES[table], **values)

    def _next_id(self) -> str:
        self._ids += 1
        return f"command-{self._ids:08d}"


def check(cloud: Cloud, answers: Sequence[tuple[Command, Answer]], rounds: int) -> Balances:
    """Check that what the workers answered is so, and that money is where it should be."""
    bets = {(bet.player_id, bet.bet_id): bet for bet in cloud.scan.all_bets()}
    for command, answer in answers:
        _check_answer(command, answer, bets, cloud)
    for table in TABLES:
        for number in range(1, rounds + 1):
            _check_round(round_id_of(table, number), cloud)
    balances = cloud.balances()
    assert balances.findings == ()
    assert set(balances.sums) == set(TABLES.values())
    for currency, sums in balances.sums.items():
        assert sums.open_stakes_minor == 0, f"{currency}: a bet is open and its round is over"
        assert sums.held_minor == 0, f"{currency}: a withdrawal is held and all have ended"
    assert not any(wallet.stopped for wallet in cloud.scan.wallets())
    return balances


def _check_answer(
    command: Command, answer: Answer, bets: dict[tuple[str, str], Bet], cloud: Cloud
) -> None:
    said = f"{command}: {answer}"
    match command.kind, answer.code:
        case "place", "ACCEPTED":
            found = [bets[command.player_id, bet.bet_id] for bet in command.bets]
            assert [(bet.bet_id, bet.placed_version) for bet in found] == answer.value, said
            assert [(b.spot, b.stake_minor) for b in found] == [
                (b.spot, b.stake_minor) for b in command.bets
            ], said
        case "place", _:
            # A killed worker's transaction may be carried out after all when the next one has read
            # that bets are closed: then the bet is refunded.
            for bet in command.bets:
                left = bets.get((command.player_id, bet.bet_id))
                assert left is None or left.state is BetState.REFUNDED, said
        case "cancel", "CANCELLED":
            assert bets[command.player_id, command.bet_id].state is BetState.CANCELLED, said
        case (("deposit" | "house deposit"), code):
            assert code == "CREDITED", said
        case "withdrawal", code:
            assert code in ("PAID", "INSUFFICIENT_FUNDS"), said
        case "withdrawal taken back", code:
            assert code in ("CANCELLED", "INSUFFICIENT_FUNDS"), said
        case (("open" | "close" | "deal" | "resolve" | "finish"), code):
            assert code in RoundState.__members__, said
    if answer.value is not None and command.kind in _PAID_BY_PLAYER:
        payment = cloud.ledger.payment(answer.value)
        assert payment is not None, said
        assert payment.state.value == answer.code, said


def _check_round(round_id: str, cloud: Cloud) -> None:
    record = cloud.floor.round(round_id)
    assert record is not None
    assert record.round.state is RoundState.SETTLED, round_id
    book = sealed_book(record, cloud.archive)
    due = {(p.player_id, p.bet_id): p.payout_minor for p in owed(record, cloud.archive)}
    for bet in cloud.ledger.bets(round_id):
        if not book.holds(bet.player_id, bet.bet_id):
            assert bet.state in (BetState.CANCELLED, BetState.REFUNDED), bet
            continue
        payout = due.pop((bet.player_id, bet.bet_id), 0)
        expected = BetState.PAID if payout else BetState.PLACED
        assert (bet.state, bet.payout_minor) == (expected, payout), bet
    assert not due, f"{round_id} does not pay {due}"
