"""Deposits and withdrawals: their HTTP routes, the withdrawals' workflow, queue and watchdog."""

from __future__ import annotations

from typing import Any, Final

from aws_cdk import ArnFormat, CfnOutput, Duration, Stack
from aws_cdk.aws_apigatewayv2 import HttpMethod, HttpNoneAuthorizer, HttpRoute, HttpRouteKey
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from aws_cdk.aws_events import Rule, Schedule
from aws_cdk.aws_events_targets import LambdaFunction
from aws_cdk.aws_iam import Policy, PolicyStatement, Role, ServicePrincipal
from aws_cdk.aws_lambda import EventSourceMapping
from aws_cdk.aws_lambda_destinations import SqsDestination
from aws_cdk.aws_logs import LogGroup
from aws_cdk.aws_secretsmanager import Secret
from aws_cdk.aws_sqs import DeadLetterQueue, Queue, QueueEncryption
from aws_cdk.aws_stepfunctions import (
    DefinitionBody,
    LogLevel,
    LogOptions,
    StateMachine,
    StateMachineType,
)
from constructs import Construct

from infra.bundling import ROOT
from infra.config import StageConfig
from infra.constructs.access import Access, queue_access
from infra.constructs.python_function import Layers, PythonFunction, pascal
from infra.nag import acknowledge
from infra.stacks.api import ApiStack
from infra.stacks.stateful import StatefulStack

ASL_FILE: Final = ROOT / "functions" / "state_machines" / "withdrawal.asl.json"
# Below the limits of the states and of API Gateway, with room for three tries of five seconds at
# the provider.
_STEP_SECONDS: Final = 25
_WATCH_SECONDS: Final = 59
_SENDS: Final = 5
"""How often a payout is taken from its queue before a person has to look."""
_ROUTES: Final = (
    (HttpMethod.POST, "/deposits", "request_payments"),
    (HttpMethod.POST, "/withdrawals", "request_payments"),
    (HttpMethod.POST, "/withdrawals/{paymentId}/cancel", "request_payments"),
    (HttpMethod.GET, "/payments", "request_payments"),
    (HttpMethod.GET, "/payments/{paymentId}", "request_payments"),
    (HttpMethod.GET, "/reviews", "review_withdrawals"),
    (HttpMethod.GET, "/reviews/{paymentId}", "review_withdrawals"),
    (HttpMethod.POST, "/reviews/{paymentId}", "review_withdrawals"),
)


class PaymentsStack(Stack):
    """All that moves money in and out, deployed apart from the game. Holds no data but what waits
    in its queues, and the two secrets that the house shares with its payment provider.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        config: StageConfig,
        stateful: StatefulStack,
        api: ApiStack,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id_, **kwargs)
        self._config = config
        self._stateful = stateful
        self._layers = Layers(self, "Layers", config=config)
        self.functions: dict[str, PythonFunction] = {}
        self.dead_letters = self._queue("DeadLetters")
        self.unsent = self._queue("Unsent", fifo=True)
        self.payouts = self._queue("Payouts", fifo=True, dead_letters=self.unsent)
        self._provider_key = self._secret(
            "ProviderKey", "proves to the payment provider who we are"
        )
        self._webhook_secrets = self._secret("WebhookSecrets", "signs what the provider says")
        self._limits = Access({"PAYMENT_LIMITS": config.payment_limits})
        self._steps()
        self.machine = self._machine()
        self._players_and_cashiers()
        self._sender()
        self._watchdog()
        self._routes(api)
        for name, value in (
            ("WithdrawalMachineArn", self.machine.state_machine_arn),
            ("PayoutsQueueUrl", self.payouts.queue_url),
            ("ProviderKeySecret", self._provider_key.secret_arn),
            ("WebhookSecret", self._webhook_secrets.secret_arn),
        ):
            CfnOutput(self, name, value=value)
        for name, function in self.functions.items():
            CfnOutput(self, f"{pascal(name)}Function", value=function.function.function_name)

    def _function(
        self, name: str, *access: Access, timeout_seconds: int = _STEP_SECONDS
    ) -> PythonFunction:
        function = PythonFunction(
            self,
            name,
            config=self._config,
            layers=self._layers,
            access=access,
            timeout_seconds=timeout_seconds,
        )
        self.functions[name] = function
        return function

    def _steps(self) -> None:
        wallets = self._stateful.wallets("GetItem", "PutItem")
        self._function("assess_withdrawal", wallets, self._limits)
        self._function("await_review", wallets)
        self._function("queue_withdrawal", wallets, queue_access("PAYOUTS_QUEUE_URL", self.payouts))

    def _machine(self) -> StateMachine:
        steps = dict(self.functions)
        role = Role(self, "WithdrawalRole", assumed_by=ServicePrincipal("states.amazonaws.com"))
        acknowledge(
            role,
            {
                "IAM5[Resource::*]": (
                    "log deliveries and X-Ray's segments and sampling rules know no resources"
                )
            },
        )
        invoke = Policy(
            self,
            "WithdrawalPolicy",
            roles=[role],
            statements=[
                PolicyStatement(
                    actions=["lambda:InvokeFunction"],
                    resources=[step.function.function_arn for step in steps.values()],
                )
            ],
        )
        machine = StateMachine(
            self,
            "Withdrawal",
            role=role,
            state_machine_type=StateMachineType.STANDARD,
            definition_body=DefinitionBody.from_string(ASL_FILE.read_text()),
            definition_substitutions={
                name: step.function.function_arn for name, step in steps.items()
            },
            logs=LogOptions(
                destination=LogGroup(
                    self,
                    "WithdrawalLogs",
                    retention=self._config.log_retention,
                    removal_policy=self._config.removal,
                ),
                level=LogLevel.ERROR,
                include_execution_data=False,
            ),
            tracing_enabled=self._config.on_aws,
        )
        machine.node.add_dependency(invoke)
        findings = {"SF1": "errors are logged; how far a withdrawal has come is in its own item"}
        if not self._config.on_aws:
            findings["SF2"] = "there is no X-Ray on one machine"
        acknowledge(machine, findings)
        # Beside the functions' own policies: the machine waits for the functions.
        Policy(
            self,
            "TokensPolicy",
            roles=[steps["await_review"].role, steps["queue_withdrawal"].role],
            statements=[_answer(machine)],
        )
        return machine

    def _starting(self) -> Access:
        """The right to start the workflow, and to see whether one of a withdrawal runs."""
        executions = self.format_arn(
            service="states",
            resource="execution",
            resource_name=f"{self.machine.state_machine_name}:*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        return Access(
            {"WITHDRAWAL_MACHINE_ARN": self.machine.state_machine_arn},
            [
                PolicyStatement(
                    actions=["states:StartExecution"], resources=[self.machine.state_machine_arn]
                ),
                PolicyStatement(actions=["states:DescribeExecution"], resources=[executions]),
            ],
            {executions: "each withdrawal has executions of its own"},
        )

    def _provider(self) -> Access:
        """The provider's address, and the right to read what proves to it who we are."""
        return Access(
            {
                "PROVIDER_URL": self._config.provider_url,
                "PROVIDER_KEY_SECRET": self._provider_key.secret_arn,
            },
            [_reads(self._provider_key)],
        )

    def _players_and_cashiers(self) -> None:
        to = self._stateful
        tokens = Access(statements=[_answer(self.machine)])
        self._function(
            "request_payments",
            to.wallets("GetItem", "Query", "PutItem"),
            self._limits,
            self._provider(),
            self._starting(),
            tokens,
        )
        self._function(
            "review_withdrawals",
            to.wallets("GetItem", "Query", "PutItem"),
            to.open_payments("Query"),
            tokens,
        )
        self._function(
            "receive_webhook",
            to.wallets("GetItem", "Query", "PutItem"),
            Access(
                {"WEBHOOK_SECRET": self._webhook_secrets.secret_arn},
                [_reads(self._webhook_secrets)],
            ),
            tokens,
        )

    def _sender(self) -> None:
        sender = self._function(
            "send_withdrawal",
            self._stateful.wallets("GetItem", "Query", "PutItem", "ConditionCheckItem"),
            self._provider(),
            Access(
                statements=[
                    _answer(self.machine),
                    PolicyStatement(
                        actions=[
                            "sqs:ReceiveMessage",
                            "sqs:DeleteMessage",
                            "sqs:GetQueueAttributes",
                        ],
                        resources=[self.payouts.queue_arn],
                    ),
                ]
            ),
        )
        # One message at a time: a batch of slow answers would outlast the function.
        EventSourceMapping(
            self,
            "PayoutsToSend",
            target=sender.function,
            event_source_arn=self.payouts.queue_arn,
            batch_size=1,
            report_batch_item_failures=True,
        )

    def _watchdog(self) -> None:
        to = self._stateful
        watchdog = self._function(
            "watch_payments",
            to.wallets("GetItem", "Query", "PutItem"),
            to.open_payments("Query", "PutItem", "DeleteItem"),
            self._provider(),
            self._starting(),
            queue_access("PAYOUTS_QUEUE_URL", self.payouts),
            Access(statements=[_answer(self.machine)]),
            timeout_seconds=_WATCH_SECONDS,
        )
        # No second try: the next minute is one.
        watchdog.function.configure_async_invoke(
            retry_attempts=0,
            max_event_age=Duration.minutes(1),
            on_failure=SqsDestination(self.dead_letters),
        )
        Rule(
            self,
            "EveryMinute",
            schedule=Schedule.rate(Duration.minutes(1)),
            targets=[
                LambdaFunction(
                    watchdog.function,
                    dead_letter_queue=self.dead_letters,
                    retry_attempts=0,
                    max_event_age=Duration.minutes(1),
                )
            ],
        )

    def _routes(self, api: ApiStack) -> None:
        integrations = {
            name: HttpLambdaIntegration(pascal(name), self.functions[name].target)
            for name in ("request_payments", "review_withdrawals", "receive_webhook")
        }
        for method, path, name in _ROUTES:
            HttpRoute(
                self,
                f"{method.value.capitalize()}{path}",
                http_api=api.http,
                route_key=HttpRouteKey.with_(path, method),
                integration=integrations[name],
                authorizer=api.signed_in,
            )
        webhook = HttpRoute(
            self,
            "Webhook",
            http_api=api.http,
            route_key=HttpRouteKey.with_("/webhooks/payments", HttpMethod.POST),
            integration=integrations["receive_webhook"],
            authorizer=HttpNoneAuthorizer(),
        )
        acknowledge(
            webhook, {"APIG4": "the provider signs what it says; the function checks that first"}
        )

    def _secret(self, name: str, what: str) -> Secret:
        secret = Secret(
            self,
            name,
            description=f"A JSON list of texts, the newest first: {what}",
            removal_policy=self._config.removal,
        )
        acknowledge(
            secret,
            {"SMG4": "rotated together with the provider, the old one beside the new: runbook"},
        )
        return secret

    def _queue(self, name: str, *, fifo: bool = False, dead_letters: Queue | None = None) -> Queue:
        queue = Queue(
            self,
            name,
            fifo=fifo or None,
            encryption=QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
            # Six times the function's time, as Lambda wants it.
            visibility_timeout=Duration.seconds(6 * _STEP_SECONDS),
            dead_letter_queue=(
                DeadLetterQueue(queue=dead_letters, max_receive_count=_SENDS)
                if dead_letters
                else None
            ),
            removal_policy=self._config.removal,
        )
        if dead_letters is None:
            acknowledge(queue, {"SQS3": "takes what could not be delivered; there is an alarm"})
        return queue


def _reads(secret: Secret) -> PolicyStatement:
    return PolicyStatement(
        actions=["secretsmanager:GetSecretValue"],
        resources=[secret.secret_arn],
    )


def _answer(machine: StateMachine) -> PolicyStatement:
    return PolicyStatement(
        actions=["states:SendTaskSuccess", "states:SendTaskFailure"],
        resources=[machine.state_machine_arn],
    )
