"""Deposits and withdrawals from request to end, with a provider that errs in every way it can."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import pytest

from baccarat.adapters import webhooks
from baccarat.adapters.provider import HttpPaymentProvider
from baccarat.domain.payment import ENDED, PaymentState
from baccarat.domain.wallet import Wallet, resume, stop
from tests.support.payments import WEBHOOK_SECRET, House, payment_house

S = PaymentState


@pytest.fixture(scope="module")
def one_house() -> Iterator[House]:
    with payment_house() as found:
        yield found


@pytest.fixture
def house(one_house: House) -> House:
    """The one house of these tests, with a player of its own for each."""
    one_house.keys += 1
    one_house.new_player()
    return one_house


def opened(house: House, amount_minor: int = 5_000) -> str:
    status, answer = house.deposit(amount_minor)
    assert status == 200, answer
    assert answer["payment"]["state"] == "PENDING"
    return str(answer["payment"]["paymentId"])


# ── deposits ──


def test_a_deposit_is_paid_on_the_providers_page_and_credited_once(house: House) -> None:
    status, first = house.deposit(key="key-of-one-deposit")
    assert status == 200
    assert house.deposit(key="key-of-one-deposit") == (200, first)
    id_ = first["payment"]["paymentId"]
    assert house.available() == (100_000, 0)
    house.provider.end(id_, "PAID")
    credited = house.until(id_, S.CREDITED)
    assert house.available() == (105_000, 0)
    assert house.said(id_) == (200, {"result": "KNOWN"})
    assert house.payment(id_) == credited
    assert house.available() == (105_000, 0)
    again = house.deposit(key="key-of-one-deposit")[1]
    assert (again["payment"]["state"], again["payUrl"]) == ("CREDITED", None)


def test_a_key_that_was_used_for_something_else(house: House) -> None:
    house.deposit(key="key-of-one-deposit")
    status, answer = house.deposit(6_000, key="key-of-one-deposit")
    assert (status, answer["code"]) == (409, "IDEMPOTENCY_CONFLICT")
    status, answer = house.withdraw(5_000, key="key-of-one-deposit")
    assert (status, answer["code"]) == (409, "IDEMPOTENCY_CONFLICT")
    assert house.available() == (100_000, 0)


def test_a_deposit_that_the_provider_refuses(house: House) -> None:
    house.behave(create="refuse")
    status, answer = house.deposit()
    assert (status, answer["payment"]["state"], answer["payUrl"]) == (200, "FAILED", None)
    assert house.available() == (100_000, 0)


def test_a_provider_that_is_out_of_order_is_asked_again(house: House) -> None:
    house.behave(create="unavailable")
    status, answer = house.deposit(key="key-of-one-deposit")
    assert (status, answer["code"]) == (503, "PROVIDER_UNAVAILABLE")
    house.behave()
    assert house.watch() == {"DEPOSIT_PENDING": 1}
    status, answer = house.deposit(key="key-of-one-deposit")
    assert (status, answer["payment"]["state"]) == (200, "PENDING")
    assert answer["payUrl"].startswith("http")


def test_an_answer_that_comes_too_late_was_an_order_all_the_same(house: House) -> None:
    house.behave(answer_late_ms=2_000)
    with house.impatient():
        status, answer = house.deposit(key="key-of-one-deposit")
    assert (status, answer["code"]) == (503, "PROVIDER_UNAVAILABLE")
    house.behave()
    [payment] = [p for p in house.cloud.ledger.payments_of(house.player) if p.method == "card"]
    # The player's page was never shown, but the provider has its money: the report is early.
    house.provider.end(payment.payment_id, "PAID")
    assert house.until(payment.payment_id, S.CREDITED).provider_reference
    assert house.available() == (105_000, 0)


@pytest.mark.parametrize(
    ("lie", "held"), [({"amount_minor": 500_000}, 0), ({"currency": "USD"}, 0)]
)
def test_a_lie_about_a_deposit_moves_nothing_and_is_for_two_people(
    house: House, lie: dict[str, Any], held: int
) -> None:
    id_ = opened(house)
    house.behave(id_, **lie)
    assert house.said(id_) == (200, {"result": "NOTED"})
    assert house.payment(id_).state is S.DISPUTED
    assert house.available() == (100_000, held)
    house.behave(id_)
    assert house.said(id_) == (200, {"result": "NOTED"})
    assert house.available() == (100_000, held)
    assert house.watch() == {"FOR_A_PERSON": 1}
    _, found = house.http("review_withdrawals", "GET", "/reviews", role="cashier")
    assert id_ in [w["paymentId"] for w in found["waiting"]]
    assert house.decide(id_, "CONFIRM")[1]["payment"]["state"] == "DISPUTED"
    assert house.decide(id_, "CONFIRM")[1]["code"] == "NEEDS_ANOTHER_PERSON"
    assert house.decide(id_, "CONFIRM", "dora")[1]["payment"]["state"] == "CREDITED"
    assert house.available() == (105_000, held)


def test_webhooks_repeated_and_reordered(house: House) -> None:
    first, second = opened(house), opened(house, 3_000)
    house.behave(repeat=3, hold=6)
    house.provider.end(first, "PAID")
    house.provider.end(second, "PAID")
    house.until(first, S.CREDITED)
    house.until(second, S.CREDITED)
    assert house.available() == (108_000, 0)
    assert house.payment(second).closed_version == 2
    assert house.payment(first).closed_version == 3


def test_a_lost_webhook_is_asked_for(house: House) -> None:
    paid, failed, open_ = opened(house), opened(house), opened(house)
    house.behave(lose=True)
    house.provider.end(paid, "PAID")
    house.provider.end(failed, "FAILED")
    assert house.available() == (100_000, 0)
    done = house.watch()
    assert (done["ASKED_CREDITED"], done["ASKED_FAILED"], done["ASKED_PENDING"]) == (1, 1, 1)
    assert house.available() == (105_000, 0)
    assert house.payment(open_).state is S.PENDING


def test_money_after_a_failure_is_the_players(house: House) -> None:
    id_ = opened(house)
    assert house.said(id_, "FAILED") == (200, {"result": "APPLIED"})
    assert house.available() == (100_000, 0)
    assert house.said(id_, "PAID") == (200, {"result": "APPLIED"})
    assert house.available() == (105_000, 0)
    assert house.said(id_, "FAILED") == (200, {"result": "NOTED"})
    assert house.available() == (105_000, 0)
    assert len(house.payment(id_).flags) == 2


def test_a_chargeback_takes_two_people(house: House) -> None:
    id_ = opened(house)
    house.said(id_)
    assert house.decide(id_, "REVERSE", reason="CHARGEBACK")[0] == 200
    assert house.available() == (105_000, 0)
    assert house.decide(id_, "REVERSE", "dora", "CHARGEBACK")[1]["payment"]["state"] == "REVERSED"
    assert house.available() == (100_000, 0)
    status, answer = house.decide(id_, "REVERSE", "eve", "CHARGEBACK")
    assert (status, answer["code"]) == (409, "ALREADY_DECIDED")


# ── webhooks that are not to be trusted ──


@pytest.mark.parametrize("sign", ["wrong", "none", "stale"])
def test_a_webhook_that_is_not_signed_well_changes_nothing(house: House, sign: str) -> None:
    id_ = opened(house)
    house.behave(id_, sign=sign)
    status, answer = house.said(id_)
    assert (status, answer["code"]) == (401, "SIGNATURE_REFUSED")
    assert house.payment(id_).state is S.PENDING
    assert house.available() == (100_000, 0)


@pytest.mark.parametrize("id_", ["anna.00ff", "anna", "gold.anna.00ff", ".", "x" * 200])
def test_a_webhook_of_an_unknown_payment(house: House, id_: str) -> None:
    status, answer = house.said(id_)
    assert (status, answer["code"]) == (404, "PAYMENT_NOT_FOUND")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"a":1,"a":2}',
        b'{"paymentId": NaN}',
        b"\xff",
        b"1" * 9_000,
        b"[" * 2_000,
    ],
)
def test_a_webhook_that_is_no_report(house: House, body: bytes) -> None:
    now = int(time.time())
    headers = {webhooks.HEADER: webhooks.sign(body, WEBHOOK_SECRET, now)}
    if body == b"\xff":
        with pytest.raises(UnicodeDecodeError):
            house.webhook(headers, body)
        return
    status, answer = house.webhook(headers, body)
    assert (status, answer["code"]) == (
        (413, "MESSAGE_TOO_LARGE")
        if len(body) > 8_192
        else (400, "MALFORMED_JSON" if body != b"[]" else "INVALID_REQUEST")
    )


def test_a_report_of_another_kind_or_name_is_noted(house: House) -> None:
    id_ = opened(house)
    known = house.provider.known(id_)
    assert known is not None
    known.kind = "payout"
    assert house.said(id_) == (200, {"result": "NOTED"})
    known.kind, known.reference = "deposit", "psp_other"
    assert house.said(id_) == (200, {"result": "NOTED"})
    assert house.available() == (100_000, 0)
    assert house.payment(id_).state is S.PENDING


# ── withdrawals ──


def test_a_small_withdrawal_goes_by_itself(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    # By a way of its own: payouts of other tests may end meanwhile.
    id_ = house.withdrawal(5_000, "ewallet")
    assert house.available() == (95_000, 5_000)
    house.until(id_, S.PAID)
    assert house.available() == (95_000, 0)
    assert house.workflow(id_) == "SUCCEEDED"
    written = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    payouts = [line for line in written if "PayoutSeconds" in line]
    [payout] = [line for line in payouts if line["method"] == "ewallet"]
    assert 0 <= payout["PayoutSeconds"][0] < 60


def test_one_that_the_provider_fails_is_given_back(house: House) -> None:
    house.behave(payout="FAILED")
    id_ = house.withdrawal(5_000)
    house.until(id_, S.RETURNED)
    assert house.available() == (100_000, 0)
    assert house.workflow(id_) == "SUCCEEDED"


def test_one_that_the_provider_refuses_is_given_back(house: House) -> None:
    house.behave(create="refuse")
    id_ = house.withdrawal(5_000)
    assert house.until(id_, S.RETURNED).reasons == ("NOT_ACCEPTED",)
    assert house.available() == (100_000, 0)
    assert house.workflow(id_) == "SUCCEEDED"


def test_one_reviewer_or_two(house: House) -> None:
    one, two = house.withdrawal(10_000), house.withdrawal(50_000)
    house.waits(one, S.IN_REVIEW)
    house.waits(two, S.IN_REVIEW)
    assert house.decide(one, "APPROVE")[1]["payment"]["state"] == "APPROVED"
    first = house.decide(two, "APPROVE", key="key-of-the-first-one")
    assert first[1]["payment"]["state"] == "IN_REVIEW"
    assert house.decide(two, "APPROVE", key="key-of-the-first-one") == first
    status, answer = house.decide(two, "APPROVE")
    assert (status, answer["code"]) == (409, "NEEDS_ANOTHER_PERSON")
    assert house.decide(two, "APPROVE", "dora")[1]["payment"]["state"] == "APPROVED"
    for id_ in (one, two):
        house.until(id_, S.PAID)
        assert house.workflow(id_) == "SUCCEEDED"
    assert house.available() == (40_000, 0)


def test_a_rejected_one_is_given_back(house: House) -> None:
    id_ = house.withdrawal(20_000)
    house.waits(id_, S.IN_REVIEW)
    status, answer = house.decide(id_, "REJECT", reason="SUSPICION")
    assert (status, answer["payment"]["state"]) == (200, "REJECTED")
    assert house.available() == (100_000, 0)
    assert house.workflow(id_) == "SUCCEEDED"
    # Why is not for the player.
    shown = house.http("request_payments", "GET", f"/payments/{id_}")[1]["payment"]
    assert "SUSPICION" not in json.dumps(shown)


def test_the_player_cancels_while_it_is_reviewed(house: House) -> None:
    id_ = house.withdrawal(20_000)
    house.waits(id_, S.IN_REVIEW)
    status, answer = house.cancel(id_)
    assert (status, answer["payment"]["state"]) == (200, "CANCELLED")
    assert house.cancel(id_) == (200, answer)
    assert house.available() == (100_000, 0)
    assert house.workflow(id_) == "SUCCEEDED"
    assert house.decide(id_, "APPROVE")[1]["code"] == "ALREADY_DECIDED"


def test_the_player_cancels_what_is_queued_and_nothing_is_sent(house: House) -> None:
    id_ = house.withdrawal(5_000)
    house.waits(id_, S.APPROVED)
    assert house.cancel(id_)[1]["payment"]["state"] == "CANCELLED"
    house.send()
    assert house.provider.known(id_) is None
    assert house.workflow(id_) == "SUCCEEDED"
    assert house.available() == (100_000, 0)


def test_what_was_sent_is_not_cancelled(house: House) -> None:
    house.behave(payout="SILENT")
    id_ = house.withdrawal(5_000)
    house.until(id_, S.SENT)
    status, answer = house.cancel(id_)
    assert (status, answer["code"]) == (409, "PAYMENT_NOT_CANCELLABLE")
    house.provider.end(id_, "PAID")
    house.until(id_, S.PAID)
    assert house.available() == (95_000, 0)
    assert house.workflow(id_) == "SUCCEEDED"


def test_another_players_withdrawal_is_not_there(house: House) -> None:
    house.cloud.fund("bert")
    id_ = house.withdrawal(5_000)
    assert house.cancel(id_, user="bert")[0] == 404
    assert house.http("request_payments", "GET", f"/payments/{id_}", user="bert")[0] == 404
    assert house.http("request_payments", "GET", f"/payments/{id_}")[0] == 200
    listed = house.http("request_payments", "GET", "/payments")[1]["payments"]
    assert listed[0]["paymentId"] == id_


# ── what dies on the way ──


class Died(Exception):
    """The process ended here."""


def test_a_crash_between_sent_and_the_provider_pays_once(house: House) -> None:
    id_ = house.withdrawal(5_000)
    house.waits(id_, S.APPROVED)
    with mock.patch.object(HttpPaymentProvider, "create_payout", side_effect=Died):
        assert len(house.send_once(id_)) == 1
    assert house.payment(id_).state is S.SENT
    assert house.provider.known(id_) is None
    assert house.available() == (95_000, 5_000)
    house.until(id_, S.PAID)
    assert house.available() == (95_000, 0)


def test_a_crash_after_the_provider_was_told_asks_before_it_tells_again(house: House) -> None:
    house.behave(payout="SILENT")
    id_ = house.withdrawal(5_000)
    house.waits(id_, S.APPROVED)
    real = HttpPaymentProvider.create_payout

    def told_and_died(self: HttpPaymentProvider, payment: Any) -> Any:
        real(self, payment)
        raise Died

    with mock.patch.object(HttpPaymentProvider, "create_payout", told_and_died):
        assert len(house.send_once(id_)) == 1
    house.provider.end(id_, "PAID")
    with mock.patch.object(HttpPaymentProvider, "create_payout", side_effect=AssertionError):
        house.until(id_, S.PAID)
    assert house.available() == (95_000, 0)


def test_what_follows_a_failure_of_the_same_player_waits_its_turn(house: House) -> None:
    def record(number: int, group: str, id_: str) -> dict[str, Any]:
        return {
            "messageId": f"m{number}",
            "body": json.dumps({"paymentId": id_}),
            "attributes": {"MessageGroupId": group},
            "eventSource": "aws:sqs",
        }

    id_ = house.withdrawal(5_000)
    house.waits(id_, S.APPROVED)
    records = [record(1, "bert", "bert.00ff"), record(2, "bert", id_), record(3, house.player, id_)]
    failures = house.call("send_withdrawal", {"Records": records})["batchItemFailures"]
    assert [f["itemIdentifier"] for f in failures] == ["m1", "m2"]
    assert house.payment(id_).state in (S.SENT, S.PAID)


def test_a_withdrawal_whose_workflow_never_started_is_started(house: House) -> None:
    with (
        mock.patch(
            "baccarat.adapters.stepfunctions.StepFunctionsWithdrawals.ensure", side_effect=Died
        ),
        pytest.raises(Died),
    ):
        house.withdraw(5_000, key="key-of-a-lost-start")
    assert house.available() == (95_000, 5_000)
    assert house.watch()["ENSURED_HELD"] == 1
    found = house.cloud.ledger.payments_of(house.player)
    [id_] = [p.payment_id for p in found if p.method == "bank"]
    house.until(id_, S.PAID)
    assert house.available() == (95_000, 0)


def test_a_lost_answer_to_the_workflow_is_made_up_for(house: House) -> None:
    id_ = house.withdrawal(20_000)
    house.waits(id_, S.IN_REVIEW)
    with (
        mock.patch("baccarat.adapters.stepfunctions.StepFunctionsTasks.succeed", side_effect=Died),
        pytest.raises(Died),
    ):
        house.decide(id_, "APPROVE")
    assert house.payment(id_).state is S.APPROVED
    assert house.watch()["WOKEN"] == 1
    house.until(id_, S.PAID)
    assert house.workflow(id_) == "SUCCEEDED"
    assert house.available() == (80_000, 0)


def test_a_payout_whose_webhook_is_lost_is_asked_for(house: House) -> None:
    house.behave(payout="SILENT", lose=True)
    id_ = house.withdrawal(5_000)
    house.until(id_, S.SENT)
    assert house.watch()["ASKED_SENT"] == 1
    house.provider.end(id_, "PAID")
    assert house.watch()["ASKED_PAID"] == 1
    assert house.available() == (95_000, 0)
    assert house.workflow(id_) == "SUCCEEDED"


def test_a_payout_that_never_reached_the_provider_is_queued_again(house: House) -> None:
    id_ = house.withdrawal(5_000)
    house.waits(id_, S.APPROVED)
    with mock.patch.object(HttpPaymentProvider, "create_payout", side_effect=Died):
        house.send_once(id_)
    house.lose_queue()
    assert house.payment(id_).state is S.SENT
    assert house.watch()["QUEUED_AGAIN"] == 1


# ── a wallet that is stopped ──


def halt(house: House) -> Wallet:
    ledger, before = house.cloud.ledger, wallet_of(house)
    after, record = stop(before, "CHECKED", "ops", house.cloud.clock.now_ms())
    ledger.stop(before, after, record)
    return after


def let_go(house: House) -> None:
    ledger, before = house.cloud.ledger, wallet_of(house)
    after, record = resume(before, "FINE", "ops", house.cloud.clock.now_ms())
    ledger.stop(before, after, record)


def wallet_of(house: House) -> Wallet:
    found = house.cloud.ledger.wallet(house.player, "EUR")
    assert found is not None
    return found


def test_a_stopped_wallet_starts_no_withdrawal(house: House) -> None:
    before = halt(house)
    status, answer = house.withdraw(5_000, key="key-of-one-wish-0")
    assert (status, answer["code"], answer["details"]) == (
        409,
        "WALLET_STOPPED",
        {"reason": "CHECKED"},
    )
    assert wallet_of(house) == before
    let_go(house)
    assert house.withdraw(5_000, key="key-of-one-wish-0")[0] == 200
    assert house.available() == (95_000, 5_000)


def test_a_deposit_is_credited_to_a_stopped_wallet(house: House) -> None:
    halt(house)
    status, answer = house.deposit(5_000)
    assert status == 200, "paying in takes nothing out"
    id_ = answer["payment"]["paymentId"]
    house.provider.end(id_, "PAID")
    house.until(id_, S.CREDITED)
    assert house.available() == (105_000, 0)
    assert wallet_of(house).stopped == "CHECKED"


@pytest.mark.parametrize(
    ("outcome", "state", "available"), [("PAID", S.PAID, 95_000), ("FAILED", S.RETURNED, 100_000)]
)
def test_what_was_sent_before_the_stop_ends_as_the_provider_says(
    house: House, outcome: str, state: PaymentState, available: int
) -> None:
    house.behave(payout="SILENT")
    id_ = house.withdrawal(5_000)
    house.until(id_, S.SENT)
    halt(house)
    assert house.said(id_, outcome) == (200, {"result": "APPLIED"})
    assert house.payment(id_).state is state
    assert house.available() == (available, 0)


@pytest.mark.parametrize(
    ("act", "state"),
    [
        (lambda house, id_: house.cancel(id_), S.CANCELLED),
        (lambda house, id_: house.decide(id_, "REJECT", reason="SUSPICION"), S.REJECTED),
    ],
)
def test_what_a_stopped_wallet_has_held_can_be_given_back(
    house: House, act: Callable[[House, str], tuple[int, object]], state: PaymentState
) -> None:
    id_ = house.withdrawal(20_000)
    house.waits(id_, S.IN_REVIEW)
    halt(house)
    assert act(house, id_)[0] == 200
    assert house.payment(id_).state is state
    assert house.available() == (100_000, 0)


def test_an_approved_withdrawal_waits_until_the_wallet_works(house: House) -> None:
    id_ = house.withdrawal(20_000)
    house.waits(id_, S.IN_REVIEW)
    halt(house)
    assert house.decide(id_, "APPROVE")[0] == 200
    house.cloud.wait_for(
        lambda: house.payment(id_).task_token and house.payment(id_).state is S.APPROVED,
        "the queue",
        30,
    )
    assert house.send() == []
    assert house.provider.known(id_) is None
    assert (house.payment(id_).state, house.available()) == (S.APPROVED, (80_000, 20_000))
    let_go(house)
    assert house.watch()["WOKEN"] == 1
    house.until(id_, S.PAID)
    assert house.available() == (80_000, 0)


# ── a provider that contradicts itself ──


@pytest.mark.parametrize("lie", [{"amount_minor": 4_000}, {"currency": "USD"}])
def test_a_lie_about_a_payout_keeps_the_money_held(house: House, lie: dict[str, Any]) -> None:
    house.behave(payout="SILENT")
    id_ = house.withdrawal(5_000)
    house.until(id_, S.SENT)
    house.behave(id_, **lie)
    assert house.said(id_) == (200, {"result": "NOTED"})
    assert house.payment(id_).state is S.DISPUTED
    assert house.available() == (95_000, 5_000)
    assert house.workflow(id_) == "SUCCEEDED"
    house.decide(id_, "DENY", reason="PROVIDER_CORRECTED")
    _, answer = house.decide(id_, "DENY", "dora", "PROVIDER_CORRECTED")
    assert answer["payment"]["state"] == "RETURNED"
    assert house.available() == (100_000, 0)


@pytest.mark.parametrize(
    ("payout", "then", "state", "after"),
    [("PAID", "FAILED", S.PAID, 100_000), ("FAILED", "PAID", S.RETURNED, 95_000)],
)
def test_an_end_that_is_taken_back_is_undone_by_two(
    house: House, payout: str, then: str, state: PaymentState, after: int
) -> None:
    house.behave(payout=payout, then=then)
    id_ = house.withdrawal(5_000)
    house.until(id_, state)
    flagged = house.cloud.wait_for(lambda: house.payment(id_).flags, "the contradiction")
    assert len(flagged) == 1
    before, held = house.available()
    assert (before, held) == (95_000 if payout == "PAID" else 100_000, 0)
    house.decide(id_, "REVERSE", reason="PAYOUT_BOUNCED")
    assert house.available() == (before, 0)
    house.decide(id_, "REVERSE", "dora", "PAYOUT_BOUNCED")
    assert house.available() == (after, 0)
    assert house.payment(id_).state in ENDED


def test_a_payout_reported_before_it_was_sent_is_not_sent(house: House) -> None:
    id_ = house.withdrawal(20_000)
    house.waits(id_, S.IN_REVIEW)
    body = {
        "paymentId": id_,
        "kind": "payout",
        "providerReference": "psp_early",
        "outcome": "PAID",
        "amount_minor": 20_000,
        "currency": "EUR",
    }
    raw = json.dumps(body).encode()
    headers = {webhooks.HEADER: webhooks.sign(raw, WEBHOOK_SECRET, int(time.time()))}
    assert house.webhook(headers, raw) == (200, {"result": "NOTED"})
    assert house.payment(id_).state is S.DISPUTED
    assert house.workflow(id_) == "SUCCEEDED"
    house.send()
    assert house.provider.known(id_) is None
    assert house.available() == (80_000, 20_000)
