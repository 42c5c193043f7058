"""A worker process that may be killed at any moment: it does one command after the other.

What it does may have been done, or half done, by a worker before it: every command carries the keys
that make it the same command.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Final
from unittest import mock

from botocore.client import BaseClient
from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException

from baccarat.adapters.clock import SystemClock, SystemEntropy
from baccarat.application import corrections, drive_round, payments
from baccarat.application.bets import cancel_bet, place_bets
from baccarat.application.drive_round import Step
from baccarat.application.refunds import refund_straggler
from baccarat.domain.cards import Card
from baccarat.domain.errors import BaccaratError, Contention, NoSuchStep
from baccarat.domain.payment import Payment, PaymentState
from baccarat.domain.wallet import BetState, NewBet, PlaceBets
from tests.support.cloud import Cloud, wire
from tests.support.payouts import LIMITS, Nobody, Provider, paid

NOT_YET: Final = frozenset({Contention.code, "UNAVAILABLE"})
"""Answers that are none: the command is safe to give again."""

_EPOCH: Final = 1
_READS: Final = ("Get", "Query", "BatchGet", "Scan")


@dataclass(frozen=True, slots=True)
class Command:
    """``id`` is what its idempotency keys are made of; the other members are as its kind needs
    them. ``ahead_ms`` is how far the clock of a round's steps is before the machine's.
    """

    id: str
    kind: str
    table_id: str = ""
    round_id: str = ""
    player_id: str = ""
    currency: str = ""
    bets: tuple[NewBet, ...] = ()
    bet_id: str = ""
    amount_minor: int = 0
    cards: tuple[Card, ...] | None = None
    page: int = 0
    ahead_ms: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """``retries`` are attempts within the command that lost a race; ``value`` is as of its kind."""

    code: str
    retries: int = 0
    value: Any = None


class _Clock(SystemClock):
    """Counts how often the application waited to try again."""

    def __init__(self, ahead_ms: int) -> None:
        self._ahead_ms = ahead_ms
        self.pauses = 0

    def now_ms(self) -> int:
        return super().now_ms() + self._ahead_ms

    def pause(self, at_most_ms: int) -> None:
        self.pauses += 1
        super().pause(at_most_ms)


class _Writes:
    """Counts the calls that change something, and ends the process at the place ``last``: before
    the first of them is 1, after it, when nobody has seen its answer yet, 2, and so on.
    """

    def __init__(self) -> None:
        self._passed = 0
        self._last = 0

    def start(self, last: int) -> None:
        self._passed, self._last = 0, last

    def through(self, operation: str, call: Callable[[], Any]) -> Any:
        if operation.startswith(_READS):
            return call()
        self._pass()
        answer = call()
        self._pass()
        return answer

    def _pass(self) -> None:
        self._passed += 1
        if self._passed == self._last:
            os.kill(os.getpid(), signal.SIGKILL)


def work(connection: Connection, environment: Mapping[str, str]) -> None:
    """Answer commands until the other side hangs up. With each comes the place at which to die, 0
    for none.
    """
    os.environ.clear()
    os.environ.update(environment)
    cloud = wire(dict(environment))
    writes, make_call = _Writes(), BaseClient._make_api_call

    def make(client: Any, operation: str, params: dict[str, Any]) -> Any:
        return writes.through(operation, lambda: make_call(client, operation, params))

    connection.send("ready")
    with mock.patch.object(BaseClient, "_make_api_call", make):
        while True:
            try:
                command, last = connection.recv()
            except EOFError:
                return
            writes.start(last)
            connection.send(_answer(command, cloud))


def _answer(command: Command, cloud: Cloud) -> Answer:
    clock = _Clock(command.ahead_ms)
    cloud.clock = clock
    try:
        code, value = _KINDS[command.kind](command, cloud)
    except BaccaratError as error:
        code, value = error.code, None
    except (BotoCoreError, ClientError, PynamoDBException) as error:
        code, value = "UNAVAILABLE", str(error)
    return Answer(code, clock.pauses, value)


Done = tuple[str, Any]


def _place(command: Command, cloud: Cloud) -> Done:
    wanted = PlaceBets(command.player_id, command.round_id, command.bets)
    bets = place_bets(wanted, floor=cloud.floor, ledger=cloud.ledger, clock=cloud.clock)
    return "ACCEPTED", [(bet.bet_id, bet.placed_version) for bet in bets]


def _cancel(command: Command, cloud: Cloud) -> Done:
    bet, _ = cancel_bet(
        command.player_id,
        command.round_id,
        command.bet_id,
        ledger=cloud.ledger,
        clock=cloud.clock,
    )
    return bet.state.value, None


def _house(command: Command, cloud: Cloud) -> Done:
    payment = payments.credit_house_deposit(
        command.player_id,
        command.id,
        command.amount_minor,
        command.currency,
        ledger=cloud.ledger,
        clock=cloud.clock,
    )
    return payment.state.value, payment.payment_id


def _deposit(command: Command, cloud: Cloud) -> Done:
    """The player asks, and the provider says that it was paid."""
    payment = payments.request_deposit(
        command.player_id,
        command.id,
        command.amount_minor,
        command.currency,
        "card",
        ledger=cloud.ledger,
        policy=payments.EverybodyMay(),
        limits=LIMITS,
        clock=cloud.clock,
    )
    change = payments.take_report(
        paid(payment), ledger=cloud.ledger, tasks=Nobody(), clock=cloud.clock
    )
    return change.after.state.value, payment.payment_id


def _withdraw(command: Command, cloud: Cloud) -> Done:
    """Held, approved by itself, sent, and paid by the provider."""
    payment = _held(command, cloud)
    change = payments.send_withdrawal(
        payment.payment_id,
        ledger=cloud.ledger,
        provider=Provider(),
        tasks=Nobody(),
        clock=cloud.clock,
    )
    return change.after.state.value, payment.payment_id


def _take_back(command: Command, cloud: Cloud) -> Done:
    """Held, and cancelled by the player."""
    payment = _held(command, cloud)
    cancelled = payments.cancel_withdrawal(
        command.player_id,
        payment.payment_id,
        ledger=cloud.ledger,
        tasks=Nobody(),
        clock=cloud.clock,
    )
    return cancelled.state.value, payment.payment_id


def _held(command: Command, cloud: Cloud) -> Payment:
    payment = payments.request_withdrawal(
        command.player_id,
        command.id,
        command.amount_minor,
        command.currency,
        "bank",
        "iban-1",
        ledger=cloud.ledger,
        policy=payments.EverybodyMay(),
        limits=LIMITS,
        driver=Nobody(),
        clock=cloud.clock,
    )
    if payment.state is not PaymentState.HELD:
        return payment
    return payments.assess_withdrawal(
        payment.payment_id,
        ledger=cloud.ledger,
        policy=payments.EverybodyMay(),
        limits=LIMITS,
        clock=cloud.clock,
    )


def _correct(command: Command, cloud: Cloud) -> Done:
    # Raised when it is proposed already, or applied, or would change nothing.
    with suppress(NoSuchStep):
        corrections.propose(
            command.table_id,
            command.round_id,
            command.cards,
            "petra",
            "the video shows it",
            archive=cloud.archive,
            work=cloud.work,
        )
    # The newest; none is there when it would change nothing, and that is the answer then.
    number = max(1, len(cloud.floor.corrections(command.table_id, command.round_id)))
    approved = corrections.approve(
        command.table_id,
        f"{command.round_id}.c{number}",
        "paul",
        ledger=cloud.ledger,
        archive=cloud.archive,
        work=cloud.work,
    )
    return approved.state.value, None


def _open(command: Command, cloud: Cloud) -> Done:
    record = drive_round.open_round(
        _step(command),
        floor=cloud.floor,
        signer=cloud.signer,
        vault=cloud.vault,
        entropy=SystemEntropy(),
        clock=cloud.clock,
    )
    return record.round.state.value, None


def _close(command: Command, cloud: Cloud) -> Done:
    record = drive_round.close_bets(
        _step(command),
        floor=cloud.floor,
        ledger=cloud.ledger,
        archive=cloud.archive,
        signer=cloud.signer,
        clock=cloud.clock,
    )
    return record.round.state.value, None


def _follow(command: Command, cloud: Cloud) -> Done:
    """What the consumer of the ledger's stream does with bets that landed after the sweep."""
    refunded = [
        bet.bet_id
        for bet in cloud.ledger.bets(command.round_id)
        if bet.state is BetState.PLACED
        and refund_straggler(
            bet,
            floor=cloud.floor,
            ledger=cloud.ledger,
            archive=cloud.archive,
            clock=cloud.clock,
        )
    ]
    return "FOLLOWED", refunded


def _deal(command: Command, cloud: Cloud) -> Done:
    record = drive_round.deal_cards(
        _step(command),
        floor=cloud.floor,
        vault=cloud.vault,
        signer=cloud.signer,
        clock=cloud.clock,
    )
    return record.round.state.value, None


def _resolve(command: Command, cloud: Cloud) -> Done:
    record, pages = drive_round.resolve_round(
        _step(command),
        floor=cloud.floor,
        archive=cloud.archive,
        signer=cloud.signer,
        clock=cloud.clock,
    )
    return record.round.state.value, pages


def _settle(command: Command, cloud: Cloud) -> Done:
    paid_bets = drive_round.settle_page(
        _step(command),
        command.page,
        floor=cloud.floor,
        ledger=cloud.ledger,
        archive=cloud.archive,
        clock=cloud.clock,
    )
    return "PAID", paid_bets


def _finish(command: Command, cloud: Cloud) -> Done:
    record = drive_round.finish_round(
        _step(command),
        floor=cloud.floor,
        ledger=cloud.ledger,
        archive=cloud.archive,
        signer=cloud.signer,
        clock=cloud.clock,
    )
    return record.round.state.value, None


def _step(command: Command) -> Step:
    return Step(command.table_id, command.round_id, _EPOCH)


_KINDS: Final = {
    "place": _place,
    "cancel": _cancel,
    "house deposit": _house,
    "deposit": _deposit,
    "withdrawal": _withdraw,
    "withdrawal taken back": _take_back,
    "correction": _correct,
    "open": _open,
    "close": _close,
    "follow bets": _follow,
    "deal": _deal,
    "resolve": _resolve,
    "settle a page": _settle,
    "finish": _finish,
}
