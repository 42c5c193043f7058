"""The payment provider on the other side of the house's HTTP: what it knows, what it says, and how
it goes wrong.

It keeps its own record of every payment, by the house's id, and that is the truth: asked, it tells
it. At times that is another amount or currency than it was asked for, until somebody calls and it
is put right. Its webhooks are lost, repeated, early, late, reordered, wrong about amounts, signed
wrongly or replayed. It takes the place of urllib3's pool in ``adapters.provider``, below the
house's own handling of answers.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from functools import partial
from typing import Any, Final, Literal
from urllib.parse import unquote, urlsplit

from pydantic import ValidationError
from urllib3 import HTTPResponse, Retry
from urllib3.exceptions import MaxRetryError, ReadTimeoutError

from baccarat.adapters import webhooks
from baccarat.adapters.strict_json import loads
from sandbox.provider.service import Known, Order, report_of
from tests.simulation.faults import Fault, Kind, kinds_of
from tests.simulation.requests import FUNCTION_MS, http_event
from tests.simulation.scheduler import Killed, Process
from tests.simulation.world import SECRETS, Violation, World, current, nap_ms, site_of

_KEY: Final = json.loads(SECRETS["provider-key"])[0]
_SIGNING: Final = tuple(json.loads(SECRETS["webhook-secret"]))
_MINUTE_MS: Final = 60_000
_EXPIRES_MS: Final = 10 * _MINUTE_MS
_READ_TIMEOUT_MS: Final = 4_000
_DELIVERIES: Final = 12
"""How often a webhook is sent, later and later, until it is taken: for about two hours."""

End = Literal["PAID", "FAILED"]


class Provider:
    def __init__(self, world: World) -> None:
        self._world = world
        self.payments: dict[str, Known] = {}
        self.taken_back: set[str] = set()
        """Ended as paid, and undone later: a chargeback, or a payout that bounced."""
        self.on_payout: Callable[[str], None] = lambda _: None
        """Told of a payout that it is asked for, before it takes that on."""
        self.state_in_house: Callable[[str], str | None] = lambda _: None
        """How far a payment has come in the house. It does not know that; it decides when it
        contradicts itself, so that this is never about money that is still to move."""
        self.to_send = 0
        """Webhooks that are on their way."""
        self.moved: dict[str, tuple[int, str]] = {}
        """Amount and currency that it took or paid instead of what it was asked for."""
        self._differing: dict[str, Fault] = {}
        self._spoken: dict[str, int] = {}
        world.new_pool = partial(Http, self)

    # --- what the house asks for -----------------------------------------------------------------

    def answer(
        self, method: str, url: str, body: str | None, headers: dict[str, str]
    ) -> tuple[int, dict[str, Any]]:
        """Return status and contents of the answer to a request."""
        if headers.get("Authorization") != f"Bearer {_KEY}":
            return 401, {"error": "unknown key"}
        match [method, *(unquote(part) for part in urlsplit(url).path.strip("/").split("/"))]:
            case ["POST", "v1", "deposits" | "payouts" as kinds]:
                try:
                    order = Order.model_validate(loads(body or ""))
                except ValidationError as error:
                    return 400, {"error": str(error)}
                return self._create("deposit" if kinds == "deposits" else "payout", order)
            case ["GET", "v1", "deposits" | "payouts" as kinds, payment_id]:
                known = self.payments.get(payment_id)
                if known is None or f"{known.kind}s" != kinds or known.refused:
                    return 404, {"error": "unknown"}
                return 200, self.report(known)
        return 404, {"error": "unknown"}

    def _create(
        self, kind: Literal["deposit", "payout"], order: Order
    ) -> tuple[int, dict[str, Any]]:
        known = self.payments.get(order.paymentId)
        if known is None:
            known = self._take_on(kind, order)
        if (known.kind, known.order) != (kind, order):
            return 409, {"error": "the id was used for something else"}
        if known.refused:
            return 422, {"reason": "NOT_ACCEPTED"}
        answer = self.report(known)
        if kind == "deposit":
            answer["payUrl"] = f"https://provider.invalid/pay/{known.reference}"
        return 201, answer

    def _take_on(self, kind: Literal["deposit", "payout"], order: Order) -> Known:
        payment_id = order.paymentId
        if kind == "payout":
            self._check_payout(payment_id)
        dice = self._dice(payment_id)
        known = Known(kind, order, f"psp_{dice.getrandbits(64):016x}")
        known.refused = dice.random() < 0.08
        self.payments[payment_id] = known
        process = self._world.scheduler.process
        if process is not None:
            process.commits += 1
        if known.refused:
            return known
        if kind == "deposit":
            self._say(known, "PENDING")
            self._world.scheduler.at(_EXPIRES_MS, partial(self.end, payment_id, "FAILED"))
        else:
            how: End = "PAID" if dice.random() < 0.8 else "FAILED"
            delay_ms = dice.choice((0.0, 0.0, dice.uniform(200, 5_000), dice.uniform(10, 600_000)))
            if delay_ms:
                self._world.scheduler.at(delay_ms, partial(self.end, payment_id, how))
            else:
                self.end(payment_id, how)
        return known

    def _check_payout(self, payment_id: str) -> None:
        try:
            self.on_payout(payment_id)
        except Violation as violation:
            # Not raised here: whoever asks may take it for an answer that went wrong.
            scheduler = self._world.scheduler
            scheduler.failure = scheduler.failure or violation
            if scheduler.process is not None:
                scheduler.kill(scheduler.process)

    def end(self, payment_id: str, outcome: End) -> None:
        """A player pays or fails, or a payout ends. The first end stands."""
        known = self.payments[payment_id]
        if known.outcome != "PENDING" or known.refused:
            return
        known.outcome = outcome
        known.reason = "DECLINED" if outcome == "FAILED" else ""
        if outcome == "PAID":
            self._move(known)
        self._say(known, outcome)

    def _move(self, known: Known) -> None:
        payment_id = known.order.paymentId
        differs = self._world.faults.of_event(
            f"end of {payment_id}", f"end of a {known.kind}", Kind.PROVIDER_DIFFERS, 8
        )
        if differs is not None:
            moved = _wrong(report_of(known), differs)
            self.moved[payment_id] = moved["amount_minor"], moved["currency"]
            self._differing[payment_id] = differs

    def put_right(self, payment_id: str) -> None:
        """Somebody of the house calls: if it moved another amount, it moves what was asked for
        after all, or nothing.
        """
        differs = self._differing.pop(payment_id, None)
        if differs is None:
            return
        self._world.faults.took_effect(differs)
        del self.moved[payment_id]
        if differs.dice.random() < 0.5:
            known = self.payments[payment_id]
            known.outcome, known.reason = "FAILED", "TAKEN_BACK"

    def report(self, known: Known) -> dict[str, Any]:
        """Return what it tells of a payment, asked or unasked."""
        order = known.order
        asked_for = order.amount_minor, order.currency
        amount_minor, currency = self.moved.get(order.paymentId, asked_for)
        return {**report_of(known), "amount_minor": amount_minor, "currency": currency}

    # --- webhooks --------------------------------------------------------------------------------

    def _say(self, known: Known, outcome: str) -> None:
        """Send a webhook, with all that may go wrong about it."""
        payment_id, faults, at = known.order.paymentId, self._world.faults, self._at
        self._spoken[payment_id] = number = self._spoken.get(payment_id, 0) + 1
        place, site = f"webhook {payment_id} {number}", f"webhook of a {known.kind}"
        true = {**self.report(known), "outcome": outcome}

        def met(kind: Kind, factor: float = 8.0) -> Fault | None:
            return faults.of_event(place, site, kind, factor)

        differs = payment_id in self.moved  # A lie about that could be what was asked for.
        lie = met(Kind.WEBHOOK_LIES) if outcome == "PAID" and not differs else None
        if lie is not None:
            at(lie.dice.uniform(5, 4_000), f"{place} lie", _wrong(true, lie), judged=lie)
        forged = met(Kind.WEBHOOK_FORGED)
        if forged is not None:
            faults.took_effect(forged)
            report = {**true, "outcome": forged.dice.choice(("PAID", "FAILED"))}
            at(forged.dice.uniform(5, 4_000), f"{place} forged", report, secret="a guess")
        lost = met(Kind.WEBHOOK_LOST)
        if lost is not None:
            faults.took_effect(lost)
            return
        late, swapped = met(Kind.WEBHOOK_LATE), met(Kind.WEBHOOK_REORDERED)
        delay_ms = self._dice(place).uniform(5, 300)
        if late is not None:
            delay_ms = late.dice.uniform(1, 10) * _MINUTE_MS
        elif swapped is not None:
            # What comes next may overtake it.
            delay_ms = swapped.dice.uniform(1_000, 15_000)
        at(delay_ms, place, true, judged=late or swapped)
        repeated = met(Kind.WEBHOOK_REPEATED)
        if repeated is not None:
            again_ms = delay_ms + repeated.dice.choice((0.0, repeated.dice.uniform(0, 20_000)))
            at(again_ms, f"{place} again", true, judged=repeated)
        replayed = met(Kind.WEBHOOK_REPLAYED)
        if replayed is not None:
            faults.took_effect(replayed)
            age_ms = replayed.dice.uniform(6, 20) * _MINUTE_MS
            at(delay_ms + age_ms, f"{place} replayed", true, age_ms=age_ms)
        taken_back = met(Kind.PROVIDER_CONTRADICTS, 20) if outcome == "PAID" else None
        if taken_back is not None:
            delay_ms += taken_back.dice.uniform(5, 120) * 1_000
            act = partial(self._take_back, known, f"{place} back", taken_back)
            self._world.scheduler.at(delay_ms, act)

    def _take_back(self, known: Known, name: str, fault: Fault) -> None:
        """Undo what the house has taken for done."""
        payment_id = known.order.paymentId
        if self.state_in_house(payment_id) in ("PAID", "CREDITED"):
            self.taken_back.add(payment_id)
            report = {**self.report(known), "outcome": "FAILED", "reason": "BOUNCED"}
            self._at(0, name, report, judged=fault)

    def _at(
        self,
        delay_ms: float,
        name: str,
        report: dict[str, Any],
        *,
        judged: Fault | None = None,
        secret: str | None = None,
        age_ms: float = 0,
    ) -> None:
        """Send ``report`` later; with ``secret`` or ``age_ms`` it is one that must be refused."""
        send: Callable[[], None] = partial(self._deliver, name, report, judged)
        if secret is not None or age_ms > 0:
            send = partial(self._refused, name, report, secret or _SIGNING[0], age_ms)
        self.to_send += 1

        def begin() -> None:
            self.to_send -= 1
            self._world.run_process("provider", name, send, faulty=False)

        self._world.scheduler.at(delay_ms, begin)

    def _deliver(self, name: str, report: dict[str, Any], judged: Fault | None) -> None:
        """Send a webhook until it is taken."""
        scheduler = self._world.scheduler
        for attempt in range(1, _DELIVERIES + 1):
            status = self._post(f"{name} try {attempt}", report, _SIGNING[attempt % 2], 0)
            if status == 200:
                if judged is not None:
                    self._world.faults.took_effect(judged)
                return
            if 400 <= status < 500:
                raise Violation("a good webhook was refused", f"{name}: {status}")
            scheduler.sleep(500 * 2**attempt)
        raise Violation("a webhook is never taken", name)

    def _refused(self, name: str, report: dict[str, Any], secret: str, age_ms: float) -> None:
        """Send a webhook that is signed wrongly or too old, once."""
        status = self._post(f"{name} try 1", report, secret, age_ms)
        if status not in (401, 500, 503):
            raise Violation("a bad webhook was taken", f"{name}: {status}")

    def _post(self, name: str, report: dict[str, Any], secret: str, age_ms: float) -> int:
        body = json.dumps(report)
        seconds = int((self._world.scheduler.now - age_ms) / 1000)
        headers = {webhooks.HEADER: webhooks.sign(body.encode(), secret, seconds)}
        event = http_event("POST", "/webhooks/payments", body, headers)
        place = f"receive_webhook {name}"
        outcome = self._world.invoke("receive_webhook", event, place, FUNCTION_MS)
        return 500 if outcome.error is not None else int(outcome.result["statusCode"])

    def _dice(self, what: str) -> random.Random:
        return random.Random(f"{self._world.seed}:provider:{what}")


def _wrong(report: dict[str, Any], fault: Fault) -> dict[str, Any]:
    """Return the report with another amount or currency."""
    if fault.dice.random() < 0.5:
        return {**report, "currency": "USD" if report["currency"] == "EUR" else "EUR"}
    factor = fault.dice.choice((0.5, 2, 10))
    return {**report, "amount_minor": int(report["amount_minor"] * factor)}


class Http:
    """Stands for urllib3's pool: its policy of sending again is urllib3's own."""

    def __init__(self, provider: Provider, *, retries: Retry, **_: Any) -> None:
        self._provider = provider
        self._retries = retries

    def request(
        self, method: str, url: str, *, body: str | None = None, headers: dict[str, str]
    ) -> HTTPResponse:
        world = current()
        process = world.scheduler.process
        assert process is not None
        if not process.alive:
            raise Killed
        kind = "deposits" if "/deposits" in url else "payouts"
        site = f"{site_of(process)} {method} {kind}"
        exchange = _Exchange(world, self._provider, process, site)
        retries = self._retries
        while True:
            try:
                answer = exchange.attempt(method, url, body, headers)
            except ReadTimeoutError as error:
                try:
                    retries = retries.increment(method, url, error=error)
                except MaxRetryError:
                    exchange.ended()
                    raise
            else:
                if not retries.is_retry(method, answer.status):
                    exchange.ended(answer.status)
                    return answer
                try:
                    retries = retries.increment(method, url, response=answer)
                except MaxRetryError:
                    exchange.ended(answer.status)
                    return answer
            world.scheduler.sleep(retries.get_backoff_time() * 1000)


class _Exchange:
    """One request of the house with the fault that it meets."""

    def __init__(self, world: World, provider: Provider, process: Process, site: str) -> None:
        self._world = world
        self._provider = provider
        self._process = process
        self._fault = world.faults.of_call(process, site, kinds_of("HTTP"))
        self._site = site
        self._attempts = 0
        self._mattered = False
        fault = self._fault
        self._failing = 0 if fault is None else fault.dice.choice((1, 3, 3))
        world.tallies.calls += 1

    def attempt(
        self, method: str, url: str, body: str | None, headers: dict[str, str]
    ) -> HTTPResponse:
        world, dice = self._world, self._process.dice
        self._attempts += 1
        if self._attempts == 1:
            world.note(self._process, self._site, {"Key": url}, self._fault)
        world.scheduler.sleep(dice.uniform(5, 60))
        if world.on_call is not None:
            world.on_call(self._process, self._site, False)  # noqa: FBT003  not yet answered
        status, content = self._meet(method, url, body, headers)
        if world.on_call is not None:
            world.on_call(self._process, self._site, True)  # noqa: FBT003  answered
        world.scheduler.sleep(dice.uniform(5, 60))
        return HTTPResponse(json.dumps(content).encode(), status=status)

    def ended(self, status: int = 0) -> None:
        """Judge whether the fault took effect, now that the caller sees the answer."""
        fault = self._fault
        if fault is not None and (self._mattered or status not in (200, 201, 404)):
            self._world.faults.took_effect(fault)

    def _meet(  # noqa: PLR0911  one for each fault
        self, method: str, url: str, body: str | None, headers: dict[str, str]
    ) -> tuple[int, dict[str, Any]]:
        fault, world, process = self._fault, self._world, self._process
        commits = process.commits

        def answer() -> tuple[int, dict[str, Any]]:
            found = self._provider.answer(method, url, body, headers)
            self._mattered = process.commits > commits
            return found

        match None if fault is None or self._attempts > self._failing else fault.kind:
            case Kind.CRASH_BEFORE_SENDING:
                world.faults.took_effect(fault)  # type: ignore[arg-type]
                world.scheduler.kill(process)
            case Kind.APPLIED_THEN_DIED:
                answer()
                if self._mattered:
                    world.faults.took_effect(fault)  # type: ignore[arg-type]
                world.scheduler.kill(process)
            case Kind.NAP if self._attempts == 1 and fault is not None:
                world.scheduler.sleep(nap_ms(fault.dice))
                world.faults.took_effect(fault)
            case Kind.ZOMBIE if self._attempts == 1 and fault is not None:
                process.slept_through = True
                world.scheduler.sleep(fault.dice.uniform(2, 60) * _MINUTE_MS)
                world.faults.took_effect(fault)
            case Kind.REQUEST_LOST:
                return self._time_out(url)
            case Kind.APPLIED_THEN_RESENT:
                answer()
                return self._time_out(url)
            case Kind.WEBHOOK_EARLY:
                found = answer()
                if self._mattered and found[0] == 201 and "deposits" in url:
                    self._pay_at_once(body)
                world.scheduler.sleep(process.dice.uniform(800, _READ_TIMEOUT_MS - 200))
                return found
            case Kind.ERROR_APPLIED:
                answer()
                return 500, {"error": "out of order"}
            case Kind.ERROR_NOT_APPLIED:
                return process.dice.choice((500, 502, 503)), {"error": "out of order"}
            case Kind.THROTTLED:
                return 429, {"error": "slow down"}
        return answer()

    def _pay_at_once(self, body: str | None) -> None:
        """Let the provider take the money before it has answered."""
        self._provider.end(json.loads(body or "{}")["paymentId"], "PAID")

    def _time_out(self, url: str) -> tuple[int, dict[str, Any]]:
        self._world.scheduler.sleep(_READ_TIMEOUT_MS)
        raise ReadTimeoutError(None, url, "Read timed out.")  # type: ignore[arg-type]
