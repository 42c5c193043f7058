"""Deposits and withdrawals in moto: the real workflow and handlers, the sandbox's provider on
loopback, and a queue that the test empties.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from unittest import mock

import boto3
from botocore.exceptions import ClientError

from baccarat.adapters.dynamodb.open_payments import DynamoOpenPayments
from baccarat.adapters.stepfunctions import StepFunctionsTasks
from baccarat.application.payments import load_payment
from baccarat.domain.payment import HOUSE_METHOD, Payment, PaymentState
from sandbox.provider.behaviour import Behaviour
from sandbox.provider.server import ProviderServer
from sandbox.provider.service import Provider
from tests.support.cloud import (
    REGION,
    ROOT,
    Cloud,
    Context,
    create_machine,
    load_handler,
)
from tests.support.stored import stored_cloud

WEBHOOK_SECRET = "webhook-secret"
PROVIDER_KEY = "provider-key"
STEPS = ("assess_withdrawal", "await_review", "queue_withdrawal")
LIMITS = {
    "EUR": {
        "min_deposit_minor": 100,
        "max_deposit_minor": 1_000_000,
        "min_withdrawal_minor": 100,
        "max_withdrawal_minor": 1_000_000,
        "automatic_below_minor": 10_000,
        "two_people_from_minor": 50_000,
    }
}


@dataclass
class House:
    """The house as its players, cashiers and provider meet it."""

    cloud: Cloud
    provider: Provider
    environment: dict[str, str]
    lock: threading.RLock = field(default_factory=threading.RLock)
    keys: int = 0
    player: str = ""

    def new_player(self) -> None:
        """Whoever plays from here has 100,000 minor units and no payments."""
        self.provider.behave(Behaviour())
        self.lose_queue()
        self.player = f"player-{self.keys}"
        self.cloud.fund(self.player, 100_000)

    def call(self, function: str, event: dict[str, Any]) -> Any:
        # One handler at a time: what meets what is the test's to say.
        with self.lock:
            return load_handler(function).build()(event, Context(function))

    def lose_queue(self) -> None:
        """Forget every payout that is queued."""
        sqs, url = boto3.client("sqs", region_name=REGION), self.environment["PAYOUTS_QUEUE_URL"]
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def http(
        self,
        function: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        user: str | None = None,
        role: str = "player",
        key: str | None = "",
        **headers: str,
    ) -> tuple[int, Any]:
        """Call a function as API Gateway does; a fresh idempotency key unless one is given."""
        self.keys += 1
        key = f"key-{self.keys:016d}" if key == "" else key
        user = user or self.player
        claims = {"sub": user, "cognito:username": user, "cognito:groups": f"[{role}]"}
        answer = self.call(
            function,
            {
                "version": "2.0",
                "rawPath": path,
                "rawQueryString": "",
                "headers": {
                    "content-type": "application/json",
                    **({"idempotency-key": key} if key and method == "POST" else {}),
                    **{name.replace("_", "-"): value for name, value in headers.items()},
                },
                "requestContext": {
                    "http": {"method": method, "path": path},
                    "stage": "$default",
                    "authorizer": {"jwt": {"claims": claims, "scopes": None}},
                },
                "body": body if isinstance(body, str) or body is None else json.dumps(body),
                "isBase64Encoded": False,
            },
        )
        return answer["statusCode"], json.loads(answer["body"])

    def deposit(self, amount_minor: int = 5_000, **more: Any) -> tuple[int, Any]:
        body = {"amount_minor": amount_minor, "currency": "EUR", "method": "card"}
        return self.http("request_payments", "POST", "/deposits", body, **more)

    def withdraw(
        self, amount_minor: int = 5_000, method: str = "bank", **more: Any
    ) -> tuple[int, Any]:
        body = {
            "amount_minor": amount_minor,
            "currency": "EUR",
            "method": method,
            "destination": "iban-1",
        }
        return self.http("request_payments", "POST", "/withdrawals", body, **more)

    def withdrawal(self, amount_minor: int = 5_000, method: str = "bank") -> str:
        status, answer = self.withdraw(amount_minor, method)
        assert status == 200, answer
        return str(answer["payment"]["paymentId"])

    def cancel(self, payment_id: str, **more: Any) -> tuple[int, Any]:
        path = f"/withdrawals/{payment_id}/cancel"
        return self.http("request_payments", "POST", path, **more)

    def decide(
        self, payment_id: str, verdict: str, by: str = "carl", reason: str = "IN_ORDER", **more: Any
    ) -> tuple[int, Any]:
        body = {"verdict": verdict, "reason": reason}
        path = f"/reviews/{payment_id}"
        more = {"user": by, "role": "cashier", **more}
        return self.http("review_withdrawals", "POST", path, body, **more)

    def post_webhook(self, _url: str, headers: dict[str, str], body: bytes) -> int:
        """Take a webhook of the provider's as API Gateway does."""
        return self.webhook(headers, body)[0]

    def webhook(self, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        answer = self.call(
            "receive_webhook",
            {
                "version": "2.0",
                "rawPath": "/webhooks/payments",
                "rawQueryString": "",
                "headers": {name.lower(): value for name, value in headers.items()},
                "requestContext": {
                    "http": {"method": "POST", "path": "/webhooks/payments"},
                    "stage": "$default",
                },
                "body": body.decode(),
                "isBase64Encoded": False,
            },
        )
        return answer["statusCode"], json.loads(answer["body"])

    def said(self, payment_id: str, outcome: str = "PAID") -> tuple[int, Any]:
        """Deliver at once what the provider, as it behaves now, would say."""
        body, headers = self.provider.webhook(payment_id, outcome)
        return self.webhook(headers, body)

    def behave(self, payment_id: str | None = None, **how: Any) -> None:
        self.provider.behave(Behaviour(**how), payment_id)

    def send(self) -> list[str]:
        """Empty the queue as Lambda does; return the ids of messages that failed."""
        sqs, url = boto3.client("sqs", region_name=REGION), self.environment["PAYOUTS_QUEUE_URL"]
        failed: list[str] = []
        while messages := sqs.receive_message(
            QueueUrl=url, AttributeNames=["All"], MaxNumberOfMessages=1
        ).get("Messages"):
            records = [
                {
                    "messageId": m["MessageId"],
                    "receiptHandle": m["ReceiptHandle"],
                    "body": m["Body"],
                    "attributes": m["Attributes"],
                    "messageAttributes": {},
                    "eventSource": "aws:sqs",
                    "eventSourceARN": "arn",
                    "awsRegion": REGION,
                }
                for m in messages
            ]
            found = self.call("send_withdrawal", {"Records": records})["batchItemFailures"]
            failed += [failure["itemIdentifier"] for failure in found]
            for message in messages:
                if message["MessageId"] not in failed:
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return failed

    def send_once(self, payment_id: str) -> list[dict[str, str]]:
        """Deliver the message of a payment; return the failures that Lambda would hear of. Others
        are left over from other tests and go.
        """
        sqs, url = boto3.client("sqs", region_name=REGION), self.environment["PAYOUTS_QUEUE_URL"]

        def message_of() -> dict[str, Any] | None:
            for message in sqs.receive_message(QueueUrl=url, AttributeNames=["All"]).get(
                "Messages", []
            ):
                if json.loads(message["Body"])["paymentId"] == payment_id:
                    return dict(message)
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return None

        message = self.cloud.wait_for(message_of, f"the message of {payment_id}", 30)
        record = {
            "messageId": message["MessageId"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "eventSource": "aws:sqs",
        }
        found: list[dict[str, str]] = self.call("send_withdrawal", {"Records": [record]})[
            "batchItemFailures"
        ]
        return found

    def watch(self, minutes: int = 3) -> dict[str, int]:
        """Let the watchdog look, some minutes from now; list what is open as the stream does."""
        listed = DynamoOpenPayments()
        for payment in self.cloud.scan.payments():
            ours = payment.player_id == self.player and payment.method != HOUSE_METHOD
            listed.note(payment if ours else replace(payment, state=PaymentState.PAID))
        now = time.time_ns() // 1_000_000 + minutes * 60_000
        with mock.patch("baccarat.adapters.clock.SystemClock.now_ms", return_value=now):
            done: dict[str, int] = self.call("watch_payments", {})
        return done

    @contextmanager
    def impatient(self) -> Iterator[None]:
        """Players' requests give the provider a fifth of a second, once."""
        build = load_handler("request_payments").build
        build.cache_clear()
        with (
            mock.patch("baccarat.adapters.provider._TIMEOUT", 0.2),
            mock.patch("baccarat.adapters.provider._RETRY", new=False),
        ):
            yield
        build.cache_clear()

    def payment(self, payment_id: str) -> Payment:
        with self.lock:
            return load_payment(payment_id, self.cloud.ledger)

    def until(self, payment_id: str, *states: PaymentState, sending: bool = True) -> Payment:
        """Wait until the payment is in one of ``states``; the queue is emptied meanwhile."""

        def reached() -> Payment | None:
            if sending:
                self.send()
            time.sleep(0.1)  # Leaves the processor to the workflow's thread.
            payment = self.payment(payment_id)
            return payment if payment.state in states else None

        return self.cloud.wait_for(reached, f"{payment_id} {states}", 30)

    def waits(self, payment_id: str, *states: PaymentState) -> Payment:
        """Wait until the workflow waits for an answer with the payment in one of ``states``."""

        def waiting() -> Payment | None:
            payment = self.payment(payment_id)
            return payment if payment.task_token and payment.state in states else None

        return self.cloud.wait_for(waiting, f"waiting for {payment_id}", 30)

    def workflow(self, payment_id: str) -> str:
        """Wait for the end of the first execution of a withdrawal; return how it ended."""
        machine = self.environment["WITHDRAWAL_MACHINE_ARN"]
        client = boto3.client("stepfunctions", region_name=REGION)

        def status() -> str | None:
            found = client.list_executions(stateMachineArn=machine)["executions"]
            ended = {e["name"]: e["status"] for e in found}.get(f"{payment_id}.1")
            return None if ended in (None, "RUNNING") else ended

        return self.cloud.wait_for(status, f"the end of the workflow of {payment_id}", 30)

    def available(self) -> tuple[int, int]:
        """What the player may use, and what is held; the books must be right."""
        with self.lock:
            assert self.cloud.balances().findings == ()
            wallet = self.cloud.ledger.wallet(self.player, "EUR")
        assert wallet is not None
        return wallet.available_minor, wallet.held_minor


@contextmanager
def payment_house() -> Iterator[House]:
    """Yield a house with a funded player."""
    with stored_cloud(execute_state_machine=True) as cloud:
        environment = _resources(cloud)
        house_of: list[House] = []

        def deliver(url: str, headers: dict[str, str], body: bytes) -> int:
            return house_of[0].post_webhook(url, headers, body)

        provider = Provider(WEBHOOK_SECRET, deliver)
        provider.webhook_url = "in process"
        server = ProviderServer(provider, PROVIDER_KEY)
        environment["PROVIDER_URL"] = server.url
        environment["JOURNAL_TABLE"] = cloud.environment["JOURNAL_TABLE"]
        house = House(cloud, provider, environment)
        house_of.append(house)
        cloud.fault = _one_at_a_time(house)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        provider.start()
        with (
            mock.patch.dict(os.environ, environment),
            mock.patch.object(StepFunctionsTasks, "succeed", _succeed),
        ):
            try:
                yield house
            finally:
                provider.stop()
                server.shutdown()
                server.server_close()


_real_succeed = StepFunctionsTasks.succeed


def _succeed(tasks: StepFunctionsTasks, token: str) -> None:
    """Answer a token; moto calls one of an execution that has ended invalid, not timed out."""
    try:
        _real_succeed(tasks, token)
    except ClientError as error:
        if error.response["Error"]["Code"] != "InvalidToken":
            raise


def _one_at_a_time(house: House) -> Callable[[str, dict[str, Any], Callable[[], Any]], Any]:
    def fault(_name: str, _event: dict[str, Any], run: Callable[[], Any]) -> Any:
        with house.lock:
            return run()

    return fault


def _resources(cloud: Cloud) -> dict[str, str]:
    sqs = boto3.client("sqs", region_name=REGION)
    queue = sqs.create_queue(
        QueueName="payouts.fifo", Attributes={"FifoQueue": "true", "VisibilityTimeout": "0"}
    )
    secrets = boto3.client("secretsmanager", region_name=REGION)
    for name, value in (("key", PROVIDER_KEY), ("webhooks", WEBHOOK_SECRET)):
        secrets.create_secret(Name=name, SecretString=json.dumps([value]))
    asl = (ROOT / "functions/state_machines/withdrawal.asl.json").read_text()
    return {
        "PAYOUTS_QUEUE_URL": queue["QueueUrl"],
        "PROVIDER_KEY_SECRET": "key",
        "WEBHOOK_SECRET": "webhooks",
        "PAYMENT_LIMITS": json.dumps(LIMITS),
        "WITHDRAWAL_MACHINE_ARN": create_machine(cloud, "withdrawal", asl, STEPS),
    }
