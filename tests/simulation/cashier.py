"""Who uses payments: players who pay in and out, cashiers who review, settle and reverse, and the
operator who lets a stopped wallet go.

As in ``people``, each thing that they do is one function, listed once.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from baccarat.domain.payment import payment_id_for
from baccarat.domain.roles import CASHIER, OPS, PLAYER
from tests.simulation.accounts import ENDED, Accounts, SeenPayment
from tests.simulation.provider import Provider
from tests.simulation.requests import Request
from tests.simulation.world import LIMITS, Violation, World

CASHIERS: Final = ("carl", "cora", "cleo")
CONFLICT: Final = frozenset({"IDEMPOTENCY_CONFLICT"})
_A_ROUND: Final = 0.3
"""How often somebody pays while a round takes bets."""


@dataclass
class Payer:
    """One player with something to pay."""

    cashier: Cashier
    player: str
    currency: str
    round_id: str
    dice: random.Random

    @property
    def available_minor(self) -> int:
        return self.cashier.accounts.wallets[self.player, self.currency].available_minor

    def sleep(self, least_ms: float, most_ms: float) -> None:
        self.cashier.world.scheduler.sleep(self.dice.uniform(least_ms, most_ms))

    def ask(
        self,
        path: str,
        amount_minor: int | None,
        key: str = "",
        must_be: frozenset[str] | None = None,
    ) -> Request:
        """Send a request; a fresh idempotency key unless one is given."""
        body: dict[str, Any] | None = None
        if amount_minor is not None:
            body = {"amount_minor": amount_minor, "currency": self.currency, "method": "card"}
            if path == "/withdrawals":
                body["destination"] = "iban-1"
        key = key or self.new_key()
        return self.cashier.ask(
            "request_payments", self.player, PLAYER, path, body, key, must_be=must_be
        )

    def new_key(self) -> str:
        return self.cashier.new_key(f"{self.player}-{self.round_id}")

    def pay(self, deposit: Request) -> None:
        """Do on the provider's page what people do: pay, fail, or go away."""
        if deposit.answer is None or deposit.answer.get("payUrl") is None:
            return
        self.sleep(200, 20_000)
        way = self.dice.random()
        payment_id = deposit.answer["payment"]["paymentId"]
        if way < 0.85:
            self.cashier.provider.end(payment_id, "PAID" if way < 0.75 else "FAILED")

    def withdrawal_minor(self) -> int:
        """Return what to ask for: what goes by itself, or takes one person, or two."""
        least, most = self.dice.choice(
            (
                (LIMITS.min_withdrawal_minor, LIMITS.automatic_below_minor - 1),
                (LIMITS.automatic_below_minor, LIMITS.two_people_from_minor - 1),
                (LIMITS.two_people_from_minor, 2 * LIMITS.two_people_from_minor),
            )
        )
        return min(self.dice.randint(least, most), max(self.available_minor, least))


def pay_in(payer: Payer) -> None:
    payer.pay(payer.ask("/deposits", payer.dice.randint(5, 400) * 100))


def pay_in_twice(payer: Payer) -> None:
    """Press the button twice, and then once more with another amount."""
    cashier, amount, key = payer.cashier, payer.dice.randint(5, 400) * 100, payer.new_key()
    again = partial(payer.ask, "/deposits", amount, key)
    cashier.start(f"{key} again", again, payer.dice.uniform(0, 30))
    first = again()
    if first.granted:
        payer.ask("/deposits", amount + 1, key, CONFLICT)
    payer.pay(first)


def pay_out(payer: Payer) -> None:
    payer.ask("/withdrawals", payer.withdrawal_minor())


def pay_out_twice(payer: Payer) -> None:
    amount, key = payer.withdrawal_minor(), payer.new_key()
    first = payer.ask("/withdrawals", amount, key)
    if first.granted:
        payer.ask("/withdrawals", amount + 1, key, CONFLICT)
        payer.ask("/withdrawals", amount, key)


def pay_out_everything(payer: Payer) -> None:
    """Take all there is, while bets are placed."""
    payer.ask("/withdrawals", payer.available_minor)


def pay_out_and_cancel(payer: Payer) -> None:
    asked = payer.ask("/withdrawals", payer.withdrawal_minor())
    if asked.answer is None or not asked.granted:
        return
    payer.sleep(0, payer.dice.choice((200, 2_000, 60_000)))
    path = f"/withdrawals/{asked.answer['payment']['paymentId']}/cancel"
    if payer.ask(path, None).granted:
        payer.ask(path, None)


PAYMENTS: Final[tuple[tuple[int, Callable[[Payer], None]], ...]] = (
    (4, pay_in),
    (2, pay_in_twice),
    (3, pay_out),
    (2, pay_out_twice),
    (2, pay_out_everything),
    (4, pay_out_and_cancel),
)


@dataclass
class Cashier:
    """Starts what is paid, and what is done about payments that wait for a person."""

    world: World
    accounts: Accounts
    provider: Provider
    players: list[str]
    requests: list[Request] = field(default_factory=list)
    resting: bool = False
    _keys: dict[str, int] = field(default_factory=dict)
    _reversed: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.accounts.on_payment = self._payment_moved
        self.accounts.on_stop = self._wallet_stopped

    def round_opened(self, round_id: str, currency: str) -> None:
        dice = self.dice(f"pay in {round_id}")
        if self.resting or dice.random() >= _A_ROUND:
            return
        payer = Payer(self, dice.choice(self.players), currency, round_id, dice)
        [act] = dice.choices([act for _, act in PAYMENTS], [weight for weight, _ in PAYMENTS])
        self.start(f"{act.__name__} {round_id}", partial(act, payer), dice.uniform(50, 3_500))

    def _payment_moved(self, payment_id: str, seen: SeenPayment) -> None:
        dice = self.dice(f"{seen.state} {payment_id}")
        match seen.state:
            case "IN_REVIEW":
                act = partial(self._review, payment_id, seen.amount_minor, dice)
                self.start(f"review {payment_id}", act, dice.uniform(500, 40_000))
            case "DISPUTED":
                act = partial(self._settle, payment_id)
                self.start(f"settle {payment_id}", act, dice.uniform(5_000, 60_000))
            case "PAID" | "CREDITED" if payment_id in self.provider.taken_back:
                if payment_id not in self._reversed:
                    self._reversed.add(payment_id)
                    act = partial(self._reverse, payment_id, seen.kind)
                    self.start(f"reverse {payment_id}", act, dice.uniform(5_000, 60_000))

    def _wallet_stopped(self, player: str, currency: str, version: int) -> None:
        dice = self.dice(f"stop {player} {currency} {version}")
        if dice.random() < 0.5:
            act = partial(self._let_go, player, currency, version)
            self.start(f"let go {player} {version}", act, dice.uniform(1_000, 20_000))

    def _let_go(self, player: str, currency: str, version: int) -> None:
        """Let a wallet go, say it twice, and then of a stop that never was."""
        for stop_version, must_be in (
            (version, None),
            (version, None),
            (version - 1, frozenset({"NOT_STOPPED"})),
        ):
            key = self.new_key(f"olga-{player}-{currency}-{version}")
            path = f"/players/{player}/wallets/{currency}/resume"
            body = {"stop_version": stop_version, "reason": "looked at"}
            self.ask("resume_wallet", "olga", OPS, path, body, key, must_be)

    def _review(self, payment_id: str, amount_minor: int, dice: random.Random) -> None:
        first, second, third = dice.sample(CASHIERS, 3)
        way = dice.random()
        if way < 0.15:
            self.decide(payment_id, first, "REJECT", "SUSPICION")
            return
        takes_two = amount_minor >= LIMITS.two_people_from_minor
        if way > 0.7:
            other = partial(self.decide, payment_id, third, "APPROVE")
            self.start(f"{third} approves {payment_id}", other, dice.uniform(0, 20))
        approved = self.decide(payment_id, first, "APPROVE")
        if approved.granted and takes_two:
            alone = frozenset({"NEEDS_ANOTHER_PERSON", "ALREADY_DECIDED"})
            self.decide(payment_id, first, "APPROVE", must_be=alone)
            self.world.scheduler.sleep(dice.uniform(0, 5_000))
            self.decide(payment_id, second, "APPROVE")

    def _settle(self, payment_id: str) -> None:
        """Call the provider, and say what it says then."""
        self.provider.put_right(payment_id)
        known = self.provider.payments[payment_id]
        if known.outcome == "PENDING" and not known.refused:
            return  # Until it has ended.
        verdict = "CONFIRM" if known.outcome == "PAID" else "DENY"
        for name in CASHIERS[:2]:
            self.decide(payment_id, name, verdict, "PROVIDER_CORRECTED")

    def _reverse(self, payment_id: str, kind: str) -> None:
        reason = "CHARGEBACK" if kind == "DEPOSIT" else "PAYOUT_BOUNCED"
        for name in CASHIERS[1:]:
            self.decide(payment_id, name, "REVERSE", reason)

    def decide(
        self,
        payment_id: str,
        name: str,
        verdict: str,
        reason: str = "IN_ORDER",
        must_be: frozenset[str] | None = None,
    ) -> Request:
        body = {"verdict": verdict, "reason": reason}
        key = self.new_key(f"{name}-{verdict}-{payment_id[-12:]}")
        path = f"/reviews/{payment_id}"
        return self.ask("review_withdrawals", name, CASHIER, path, body, key, must_be=must_be)

    def finish(self) -> bool:
        """Decide what still waits for a person, and let go the stopped wallets that payments wait
        for; return whether any payment has not ended.
        """
        waiting = [
            (id_, seen) for id_, seen in self.accounts.payments.items() if seen.state not in ENDED
        ]
        act: Callable[[], Any]
        for id_, seen in waiting:
            if seen.state == "IN_REVIEW":
                for name in CASHIERS[:2]:
                    act = partial(self.decide, id_, name, "APPROVE")
                    self.start(f"{name} ends {id_}", act, 0)
            elif seen.state == "DISPUTED":
                self.start(f"end {id_}", partial(self._settle, id_), 0)
        owners = {(seen.player, seen.currency) for _, seen in waiting}
        for player, currency in sorted(owners):
            if self.accounts.wallets[player, currency].stopped:
                version = self.accounts.stops[player, currency]
                act = partial(self._let_go, player, currency, version)
                self.start(f"let go {player} {currency} at last", act, 0)
        return bool(waiting)

    # --- requests --------------------------------------------------------------------------------

    def new_key(self, purpose: str) -> str:
        """Return an idempotency key that is the same in every run of a seed."""
        self._keys[purpose] = number = self._keys.get(purpose, 0) + 1
        return f"{purpose.replace('.', '-')}-{number}"

    def ask(
        self,
        function: str,
        person: str,
        role: str,
        path: str,
        body: dict[str, Any] | None,
        key: str,
        must_be: frozenset[str] | None = None,
    ) -> Request:
        """Send a request until it has an answer. In a task."""
        name = self.world.unique(f"{key} {path.rpartition('/')[2]}")
        request = Request(self.world, function, name, person, role, path, body, key, must_be)
        self.requests.append(request)
        request.send()
        return request

    def start(self, name: str, act: Callable[[], Any], delay_ms: float) -> None:
        def begin() -> None:
            self.world.run_process("client", name, act, faulty=False)

        self.world.scheduler.at(delay_ms, begin)

    def dice(self, what: str) -> random.Random:
        return random.Random(f"{self.world.seed}:cashier:{what}")

    @property
    def unanswered(self) -> list[Request]:
        return [request for request in self.requests if request.open]

    def resolve(self) -> int:
        """Repeat, with the same keys, whatever has no answer; return how many there were."""
        found = self.unanswered
        for request in found:
            self.start(f"repeat {request.name}", request.send, 0)
        return len(found)

    def check_answers(self) -> None:
        """Raises: Violation: what somebody was told is not so."""
        for request in self.requests:
            answer = request.answer
            if answer is None:
                continue
            if request.must_be is not None and answer.get("code") not in request.must_be:
                raise Violation("granted what must be refused", f"{request}")
            if request.granted and request.role == PLAYER:
                self._check_granted(request, answer["payment"])

    def _check_granted(self, request: Request, told: dict[str, Any]) -> None:
        seen = self.accounts.payments.get(told["paymentId"])
        if seen is None or seen.amount_minor != told["amount_minor"]:
            raise Violation("an acknowledged payment is not there", f"{request}: {seen}")
        if request.path.endswith("/cancel"):
            if seen.state != "CANCELLED":
                raise Violation("an acknowledged cancel is not there", f"{request}: {seen}")
            return
        assert request.body is not None
        if told["paymentId"] != payment_id_for(request.person, request.key):
            raise Violation("a key stands for another payment", f"{request}")
        if seen.amount_minor != request.body["amount_minor"]:
            raise Violation("a key was used for something else", f"{request}: {seen}")
