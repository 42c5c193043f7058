"""What moves money in and out, read from the templates themselves."""

from __future__ import annotations

import json
import re

import pytest

from baccarat.adapters import observability
from baccarat.adapters.payments_api import document
from infra.stacks.observability import METRICS_NAMESPACE
from tests.infra.templates import ROOT, Templates

pytestmark = pytest.mark.xdist_group("infra")

ASL = (ROOT / "functions" / "state_machines" / "withdrawal.asl.json").read_text()
TABLES = "AWS::DynamoDB::GlobalTable"
PAYERS = {"request_payments", "send_withdrawal", "watch_payments"}
TOKENS = {
    *PAYERS,
    *("receive_webhook", "review_withdrawals", "await_review", "queue_withdrawal"),
}
MOVERS = {*TOKENS, "assess_withdrawal"}


def test_every_substitution_of_the_state_machine_is_made(stages: tuple[Templates, ...]) -> None:
    for templates in stages:
        machine = templates.one("AWS::StepFunctions::StateMachine", "Withdrawal")
        substitutions = machine.properties["DefinitionSubstitutions"]
        assert machine.properties["DefinitionString"] == ASL
        assert set(substitutions) == set(re.findall(r"\$\{(\w+)\}", ASL))
        functions = templates.functions()
        for name, arn in substitutions.items():
            expected = f"{functions[name].stack}/{functions[name].logical_id}.Arn"
            assert templates.text(machine.stack, arn) == expected
        assert machine.properties["StateMachineType"] == "STANDARD"
        assert machine.properties["LoggingConfiguration"]["IncludeExecutionData"] is False


def test_the_machine_bounds_every_wait_and_every_retry() -> None:
    machine = json.loads(ASL)
    assert machine["TimeoutSeconds"] == 30 * 24 * 3600
    for name, state in machine["States"].items():
        if state["Type"] == "Task":
            assert state["TimeoutSeconds"] <= 86_400, name
            assert all(retry["MaxAttempts"] <= 8 for retry in state["Retry"]), name
            assert state["Catch"][-1] == {"ErrorEquals": ["States.ALL"], "Next": "WithdrawalStuck"}


def test_money_moves_where_it_is_meant_to(dev: Templates) -> None:
    wallets = dev.one(TABLES, "StandardWallets").logical_id
    for action in ("UpdateItem", "DeleteItem", "BatchWriteItem"):
        assert not dev.holders(f"dynamodb:{action}", wallets)
    holders = dev.holders("dynamodb:PutItem", wallets)
    assert holders >= MOVERS
    assert dev.holders("dynamodb:ConditionCheckItem", wallets) == {"send_withdrawal"}
    ours = {n for n, f in dev.functions().items() if f.stack.endswith("-Payments")}
    assert holders & ours == MOVERS == ours
    for table in ("Floor", "Log", "Ledger", "Sessions"):
        table_id = dev.one(TABLES, table).logical_id
        for action in ("PutItem", "GetItem", "Query"):
            assert not dev.holders(f"dynamodb:{action}", table_id) & ours, table


def test_who_may_use_which_secret(dev: Templates) -> None:
    secrets = {
        name: dev.one("AWS::SecretsManager::Secret", name).logical_id
        for name in ("ProviderKey", "WebhookSecrets")
    }
    read = "secretsmanager:GetSecretValue"
    assert dev.holders(read, secrets["ProviderKey"]) == PAYERS
    assert dev.holders(read, secrets["WebhookSecrets"]) == {"receive_webhook"}
    for function in dev.functions().values():
        for value in function.properties.get("Environment", {}).get("Variables", {}).values():
            assert "resolve:secretsmanager" not in json.dumps(value)


def test_who_starts_and_who_answers_withdrawals(dev: Templates) -> None:
    machine = dev.one("AWS::StepFunctions::StateMachine", "Withdrawal").logical_id
    starters = {"request_payments", "watch_payments"}
    assert dev.holders("states:StartExecution", machine) == starters
    assert dev.holders("states:DescribeExecution") == starters
    assert dev.holders("states:SendTaskSuccess", machine) == TOKENS


def test_payouts_keep_their_order_and_end_in_a_queue_with_an_alarm(
    stages: tuple[Templates, ...],
) -> None:
    for templates in stages:
        [mapping] = [
            m
            for m in templates.resources("AWS::Lambda::EventSourceMapping")
            if m.stack.endswith("-Payments")
        ]
        assert mapping.properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert mapping.properties["BatchSize"] == 1
        queue = templates.one("AWS::SQS::Queue", "Payouts").properties
        assert queue["FifoQueue"] is True
        assert queue["RedrivePolicy"]["maxReceiveCount"] == 5
        sender = templates.functions()["send_withdrawal"].properties
        assert queue["VisibilityTimeout"] >= 6 * sender["Timeout"]
        assert templates.one("AWS::SQS::Queue", "Unsent").properties["FifoQueue"] is True


def test_the_routes_are_those_of_the_document(dev: Templates) -> None:
    routes = {
        r.properties["RouteKey"]: r.properties["AuthorizationType"]
        for r in dev.resources("AWS::ApiGatewayV2::Route")
        if r.stack.endswith(("-Payments", "-Video")) or "/wallets" in r.properties["RouteKey"]
    }
    documented = {
        f"{method.upper()} {path}".replace("payment_id", "paymentId").replace(
            "player_id", "playerId"
        )
        for path, operations in document()["paths"].items()
        for method in operations
    }
    assert set(routes) == documented
    public = {route for route, kind in routes.items() if kind == "NONE"}
    assert public == {"POST /webhooks/payments", "GET /video/keys", "GET /films/keys"}


def test_alarms_read_the_metrics_that_the_functions_write(
    dev: Templates, capsys: pytest.CaptureFixture[str]
) -> None:
    names = {
        *("PaymentsDisputed", "PaymentsFlagged", "PaymentsLate", "ReviewsLate"),
        *("PaymentsUnwatched", "ProviderUnavailable", "WebhooksRefused"),
    }
    observability.count("any", 1, "payments")
    dimension = json.loads(capsys.readouterr().out)["service"]
    written = "".join(
        (ROOT / path).read_text()
        for path in (
            "functions/watch_payments/handler.py",
            "functions/receive_webhook/handler.py",
            "layers/baccarat/src/baccarat/adapters/payment_metrics.py",
        )
    )
    for name in names:
        alarm = dev.one("AWS::CloudWatch::Alarm", name).properties
        assert alarm["MetricName"] == name
        assert alarm["Namespace"] == METRICS_NAMESPACE
        assert alarm["Dimensions"] == [{"Name": "service", "Value": dimension}]
        assert f'count("{name}"' in written
    for name in ("WithdrawalsFailed", "WithdrawalsTimedOut", "UnsentWaiting"):
        dev.one("AWS::CloudWatch::Alarm", name)
