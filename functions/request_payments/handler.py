"""HTTP ``/deposits``, ``/withdrawals`` and ``/payments``: what a player does with money."""

from __future__ import annotations

from functools import cache
from typing import Any

from baccarat.adapters import clients
from baccarat.adapters.clock import SystemClock
from baccarat.adapters.dynamodb.ledger import DynamoLedger
from baccarat.adapters.dynamodb.models import bind_wallets
from baccarat.adapters.http import resolve
from baccarat.adapters.observability import LambdaHandler, observed
from baccarat.adapters.payment_metrics import measure
from baccarat.adapters.payments_api import NewDeposit, NewWithdrawal, PlayerCases, player_api
from baccarat.adapters.provider import HttpPaymentProvider
from baccarat.adapters.secrets import Secrets
from baccarat.adapters.settings import payment_limits
from baccarat.adapters.stepfunctions import StepFunctionsTasks, StepFunctionsWithdrawals
from baccarat.application import payments
from baccarat.application.payments import EverybodyMay
from baccarat.domain.payment import Payment
from functions.request_payments.settings import Settings


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    bind_wallets(settings.wallet_tables, settings.aws_region)
    limits = payment_limits(settings.payment_limits)
    ledger = DynamoLedger(clients.dynamodb())
    stepfunctions = clients.stepfunctions()
    tasks = StepFunctionsTasks(stepfunctions)
    driver = StepFunctionsWithdrawals(stepfunctions, settings.withdrawal_machine_arn)
    key = Secrets(clients.secrets(), settings.provider_key_secret)
    provider = HttpPaymentProvider(settings.provider_url, key.newest)
    policy, clock = EverybodyMay(), SystemClock()

    def deposit(player_id: str, key: str, wish: NewDeposit) -> tuple[Payment, str | None]:
        payment = payments.request_deposit(
            player_id,
            key,
            wish.amount_minor,
            wish.currency,
            wish.method,
            ledger=ledger,
            policy=policy,
            limits=limits,
            clock=clock,
        )
        change, pay_url = payments.start_deposit(
            payment.payment_id, ledger=ledger, provider=provider, clock=clock
        )
        measure(change)
        return change.after, pay_url

    def withdraw(player_id: str, key: str, wish: NewWithdrawal) -> Payment:
        return payments.request_withdrawal(
            player_id,
            key,
            wish.amount_minor,
            wish.currency,
            wish.method,
            wish.destination,
            ledger=ledger,
            policy=policy,
            limits=limits,
            driver=driver,
            clock=clock,
        )

    def cancel(player_id: str, payment_id: str) -> Payment:
        return payments.cancel_withdrawal(
            player_id, payment_id, ledger=ledger, tasks=tasks, clock=clock
        )

    app = player_api(
        PlayerCases(
            deposit=deposit,
            withdraw=withdraw,
            cancel=cancel,
            show=lambda player_id, id_: payments.own_payment(player_id, id_, ledger),
            list_all=lambda player_id: payments.own_payments(player_id, ledger),
        )
    )

    def run(event: dict[str, Any]) -> dict[str, Any]:
        return resolve(app, event)

    return observed("request_payments", run)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
