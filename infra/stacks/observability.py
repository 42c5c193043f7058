"""Alarms and the dashboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk.aws_cloudwatch import (
    Alarm,
    ComparisonOperator,
    Dashboard,
    GraphWidget,
    IMetric,
    MathExpression,
    Metric,
    TreatMissingData,
)
from aws_cdk.aws_cloudwatch_actions import SnsAction
from aws_cdk.aws_sns import Topic
from constructs import Construct

from baccarat.domain.payment import METHODS
from infra.constructs.python_function import PythonFunction, pascal
from infra.constructs.video_servers import VIEWERS_PER_TASK, viewers_of_a_task
from infra.stacks.api import ApiStack
from infra.stacks.ledger import LedgerStack
from infra.stacks.payments import PaymentsStack
from infra.stacks.rounds import RoundsStack
from infra.stacks.stateful import StatefulStack
from infra.stacks.video import VideoStack

METRICS_NAMESPACE: Final = "LiveBaccarat"
_MINUTE: Final = Duration.minutes(1)
_WIDTH: Final = 12
_STREAMS: Final = ("fan_out_events", "notify_players", "follow_bets", "project_wallets")
_LATE_MS: Final = 60_000
"""What is a minute old when it is read comes from a stream that stands still."""

LATEST_PICTURE_MS: Final = 1_200
"""As long as a player's page waits for a picture before it shows a result without."""
_NO_PICTURE_MS: Final = 999_999
"""What a minute without any picture of an open table counts as."""

_PAYMENT_ALARMS: Final = {
    "PaymentsDisputed": "The payment provider contradicts itself: two people settle it.",
    "PaymentsFlagged": "The payment provider says something else than it did before.",
    "PaymentsLate": "A deposit or withdrawal stays where it is for too long.",
    "ReviewsLate": "A withdrawal waits for its reviewers for more than four hours.",
    "PaymentsUnwatched": "The payments' watchdog does not get round to every payment.",
    "ProviderUnavailable": "The payment provider does not answer.",
    "WebhooksRefused": "A webhook was not signed as it should be, or named no payment of ours.",
}
"""Metrics of the payments' functions; any of them above zero is for a person."""

_ANCHORS_FAILED: Final = 5
"""In a minute; each segment is another try, and one may well meet a busy floor."""


class ObservabilityStack(Stack):
    """Every alarm tells one topic; who listens to it is subscribed by the house, not here."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        stateful: StatefulStack,
        rounds: RoundsStack,
        ledger: LedgerStack,
        api: ApiStack,
        payments: PaymentsStack,
        video: VideoStack,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id_, **kwargs)
        self._topic = Topic(self, "Alarms", enforce_ssl=True)
        self._action = SnsAction(self._topic)
        functions = {
            **rounds.functions,
            **ledger.functions,
            **api.functions,
            **payments.functions,
            **video.functions,
        }
        self._round_alarms(rounds)
        self._ledger_alarms()
        self._queue_alarms(rounds, ledger)
        self._video_alarms(video)
        self._payment_alarms(payments)
        self._function_alarms(functions)
        self._table_alarms(stateful)
        self._dashboard(stateful, rounds, ledger, api, payments, video, functions)
        CfnOutput(self, "AlarmTopicArn", value=self._topic.topic_arn)

    def _alarm(self, id_: str, metric: IMetric, description: str, *, threshold: float = 1) -> None:
        alarm = Alarm(
            self,
            id_,
            metric=metric,
            threshold=threshold,
            evaluation_periods=1,
            comparison_operator=ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=TreatMissingData.NOT_BREACHING,
            alarm_description=description,
        )
        alarm.add_alarm_action(self._action)

    def _round_alarms(self, rounds: RoundsStack) -> None:
        machine = rounds.machine
        self._alarm(
            "RoundsFailed",
            machine.metric_failed(period=_MINUTE),
            "A round is stuck: a step failed for good. The watchdog takes the table over.",
        )
        self._alarm(
            "RoundsTimedOut",
            machine.metric_timed_out(period=_MINUTE),
            "A round ran longer than its execution may.",
        )
        self._alarm(
            "RoundsVoided",
            counted("RoundsVoided"),
            "A round was voided and the stakes given back.",
        )
        self._alarm(
            "TalliesFailed",
            counted("TalliesFailed"),
            "Bets are checked against an old tally; the differential is held at the seal alone.",
        )

    def _ledger_alarms(self) -> None:
        self._alarm(
            "WalletsStopped",
            ledger_metric("WalletsStopped"),
            "A wallet's books do not agree; it is stopped. See docs/runbooks/ledger.md.",
        )
        self._alarm(
            "BooksDiffer",
            ledger_metric("BooksDiffer"),
            "The reconciler found a difference. See docs/runbooks/ledger.md.",
        )

    def _queue_alarms(self, rounds: RoundsStack, ledger: LedgerStack) -> None:
        for id_, queue, description in (
            ("DeadLetters", rounds.dead_letters, "Something could not be delivered to a function."),
            (
                "LedgerDeadLetters",
                ledger.dead_letters,
                "A wallet's record was not delivered, or the reconciler did not get through.",
            ),
            ("Parked", rounds.parking, "A stream record that nobody can read is parked."),
        ):
            metric = queue.metric_approximate_number_of_messages_visible(
                period=_MINUTE, statistic="Maximum"
            )
            self._alarm(f"{id_}Waiting", metric, description)

    def _payment_alarms(self, payments: PaymentsStack) -> None:
        for name, description in _PAYMENT_ALARMS.items():
            self._alarm(name, payment_metric(name), description)
        machine = payments.machine
        self._alarm(
            "WithdrawalsFailed",
            machine.metric_failed(period=_MINUTE),
            "A step of a withdrawal failed for good; its money is held.",
        )
        self._alarm(
            "WithdrawalsTimedOut",
            machine.metric_timed_out(period=_MINUTE),
            "A withdrawal has not ended within 30 days.",
        )
        for id_, queue, description in (
            ("Unsent", payments.unsent, "A payout could not be sent; its money is held."),
            ("PaymentDeadLetters", payments.dead_letters, "The payments' watchdog did not run."),
        ):
            metric = queue.metric_approximate_number_of_messages_visible(
                period=_MINUTE, statistic="Maximum"
            )
            self._alarm(f"{id_}Waiting", metric, description)

    def _video_alarms(self, video: VideoStack) -> None:
        for table_id in video.tables:
            alarm = Alarm(
                self,
                f"{pascal(table_id.replace('-', '_'))}PicturesLate",
                metric=_pictures_due(table_id),
                threshold=LATEST_PICTURE_MS,
                evaluation_periods=5,
                datapoints_to_alarm=3,
                comparison_operator=ComparisonOperator.GREATER_THAN_THRESHOLD,
                # The expression itself says when a missing picture is one.
                treat_missing_data=TreatMissingData.NOT_BREACHING,
                alarm_description=f"The picture of {table_id} is late or gone. "
                "See docs/runbooks/video.md.",
            )
            alarm.add_alarm_action(self._action)
        queue = video.dead_letters.metric_approximate_number_of_messages_visible(
            period=_MINUTE, statistic="Maximum"
        )
        self._alarm("VideoDeadLettersWaiting", queue, "The watch over the cameras did not run.")
        self._alarm(
            "RecordingHoles",
            video_metric("RecordingHoles"),
            "A recorder did not get its pictures kept. See docs/runbooks/video.md.",
        )
        self._alarm(
            "AnchorsFailed",
            video_metric("AnchorsFailed"),
            "Logs do not cite their recordings. See docs/runbooks/video.md.",
            threshold=_ANCHORS_FAILED,
        )
        if video.servers is None:
            return
        for role, target in video.servers.targets.items():
            unhealthy = target.metrics.unhealthy_host_count(period=_MINUTE, statistic="Minimum")
            self._alarm(
                f"Video{role.capitalize()}Unhealthy",
                unhealthy,
                f"A video server ({role}) does not answer. See docs/runbooks/video.md.",
            )
        self._alarm(
            "VideoFull",
            viewers_of_a_task(),
            "The edges carry more viewers than they should, and no more are started.",
            threshold=1.4 * VIEWERS_PER_TASK,
        )

    def _function_alarms(self, functions: Mapping[str, PythonFunction]) -> None:
        for name, function in functions.items():
            target = function.function
            self._alarm(
                f"{pascal(name)}Errors",
                target.metric_errors(period=_MINUTE),
                f"{name} failed.",
            )
            self._alarm(
                f"{pascal(name)}Throttles",
                target.metric_throttles(period=_MINUTE),
                f"{name} was refused by Lambda for want of concurrency.",
            )
        for name in _STREAMS:
            self._alarm(
                f"{pascal(name)}Late",
                iterator_age(functions[name]),
                f"{name} is behind its stream.",
                threshold=_LATE_MS,
            )

    def _table_alarms(self, stateful: StatefulStack) -> None:
        for name, table in stateful.tables.items():
            throttles = [
                Metric(
                    namespace="AWS/DynamoDB",
                    metric_name=f"{kind}ThrottleEvents",
                    dimensions_map={"TableName": table.table_name},
                    statistic="Sum",
                    period=_MINUTE,
                )
                for kind in ("Read", "Write")
            ]
            self._alarm(
                f"{name}TableThrottles",
                MathExpression(
                    expression="FILL(reads, 0) + FILL(writes, 0)",
                    using_metrics={"reads": throttles[0], "writes": throttles[1]},
                    period=_MINUTE,
                    label=f"{name} throttles",
                ),
                f"DynamoDB throttles the {name.lower()} table: one key is hot.",
            )

    def _dashboard(
        self,
        stateful: StatefulStack,
        rounds: RoundsStack,
        ledger: LedgerStack,
        api: ApiStack,
        payments: PaymentsStack,
        video: VideoStack,
        functions: Mapping[str, PythonFunction],
    ) -> None:
        machine = rounds.machine
        bet = api.functions["place_bets"].function
        self._rows(
            {
                "Rounds": [
                    machine.metric_started(period=_MINUTE),
                    machine.metric_succeeded(period=_MINUTE),
                    machine.metric_failed(period=_MINUTE),
                    counted("RoundsVoided"),
                ],
                "Books": [ledger_metric("WalletsStopped"), ledger_metric("BooksDiffer")],
                "Bets": [
                    bet.metric_invocations(period=_MINUTE),
                    bet.metric_duration(period=_MINUTE, statistic="p95"),
                    bet.metric_errors(period=_MINUTE),
                ],
                "Behind the streams": [iterator_age(functions[name]) for name in _STREAMS],
                "Connections": [
                    _websocket_metric(api, "ConnectCount"),
                    _websocket_metric(api, "MessageCount"),
                    _websocket_metric(api, "IntegrationError"),
                ],
                "Write units": [
                    Metric(
                        namespace="AWS/DynamoDB",
                        metric_name="ConsumedWriteCapacityUnits",
                        dimensions_map={"TableName": table.table_name},
                        statistic="Sum",
                        period=_MINUTE,
                        label=name,
                    )
                    for name, table in stateful.tables.items()
                ],
                "Age of pictures seen, ms": [
                    _of_camera(table_id, "LagMs", statistic)
                    for table_id in video.tables
                    for statistic in ("p50", "p95")
                ],
                "Age of delayed pictures (HLS), ms": [
                    _of_camera(table_id, "DelayedLagMs", statistic)
                    for table_id in video.tables
                    for statistic in ("p50", "p95")
                ],
                "Mismatches in 10,000 rounds": [_mismatches(table) for table in video.tables],
                "Events without their picture": [
                    _of_camera(table_id, "OverdueEvents", "Sum") for table_id in video.tables
                ],
                "Viewers of a video server": [viewers_of_a_task()],
                "Payouts, seconds (p95)": [payout_time(method) for method in METHODS],
                "Payments for a person": [payment_metric(name) for name in _PAYMENT_ALARMS],
                "Waiting for a person": [
                    queue.metric_approximate_number_of_messages_visible(period=_MINUTE)
                    for queue in (
                        rounds.dead_letters,
                        rounds.parking,
                        ledger.dead_letters,
                        payments.unsent,
                        payments.dead_letters,
                    )
                ],
            }
        )

    def _rows(self, graphs: Mapping[str, Sequence[IMetric]]) -> None:
        widgets = [
            GraphWidget(title=title, left=metrics, width=_WIDTH)
            for title, metrics in graphs.items()
        ]
        dashboard = Dashboard(self, "Dashboard")
        for first in range(0, len(widgets), 2):
            dashboard.add_widgets(*widgets[first : first + 2])


def counted(name: str) -> Metric:
    """Return a metric of all rounds that the functions count themselves, whichever sees it."""
    return Metric(
        namespace=METRICS_NAMESPACE,
        metric_name=name,
        dimensions_map={"service": "rounds"},
        statistic="Sum",
        period=_MINUTE,
    )


def ledger_metric(name: str) -> Metric:
    """What the reconciler counts."""
    return _sum_of("ledger", name)


def video_metric(name: str) -> Metric:
    """What ``keep_segment`` counts of all recordings."""
    return _sum_of("video", name)


def payment_metric(name: str) -> Metric:
    return _sum_of("payments", name)


def _sum_of(service: str, name: str) -> Metric:
    return Metric(
        namespace=METRICS_NAMESPACE,
        metric_name=name,
        dimensions_map={"service": service},
        statistic="Sum",
        period=_MINUTE,
    )


def payout_time(method: str) -> Metric:
    """Seconds from the request of a withdrawal until it was paid out."""
    return Metric(
        namespace=METRICS_NAMESPACE,
        metric_name="PayoutSeconds",
        dimensions_map={"service": "payments", "method": method},
        statistic="p95",
        period=Duration.hours(1),
        label=method,
    )


def iterator_age(function: PythonFunction) -> Metric:
    """Age in milliseconds of the newest record that a consumer has read."""
    return function.function.metric("IteratorAge", statistic="Maximum", period=_MINUTE)


def _websocket_metric(api: ApiStack, name: str) -> Metric:
    return Metric(
        namespace="AWS/ApiGateway",
        metric_name=name,
        dimensions_map={"ApiId": api.websocket.api_id},
        statistic="Sum",
        period=_MINUTE,
    )


def _of_camera(table_id: str, name: str, statistic: str) -> Metric:
    return Metric(
        namespace=METRICS_NAMESPACE,
        metric_name=name,
        dimensions_map={"service": "video", "tableId": table_id},
        statistic=statistic,
        period=_MINUTE,
        label=f"{table_id} {statistic}",
    )


def _pictures_due(table_id: str) -> MathExpression:
    """Return how late the pictures of a table are while it is open, and 0 while it is not.

    Viewers say how old the frames are that they see; there may be none, and those who watch over
    HLS do not count: theirs are always late. The video server says how
    old those are that it sends; when it says nothing, there is no picture.
    """
    return MathExpression(
        expression=f"IF(FILL(due, 0) > 0, MAX([FILL(seen, 0), FILL(sent, {_NO_PICTURE_MS})]), 0)",
        using_metrics={
            "due": _of_camera(table_id, "TableOpen", "Maximum"),
            "seen": _of_camera(table_id, "LagMs", "p95"),
            "sent": _of_camera(table_id, "SentLagMs", "p95"),
        },
        period=_MINUTE,
        label=f"Late pictures of {table_id}, ms",
    )


def _mismatches(table_id: str) -> MathExpression:
    return MathExpression(
        expression="10000 * FILL(wrong, 0) / all",
        using_metrics={
            "wrong": _of_camera(table_id, "MismatchedRounds", "Sum"),
            "all": _of_camera(table_id, "Rounds", "Sum"),
        },
        period=_MINUTE,
        label=table_id,
    )
