"""Logs, traces and metrics around a handler: the one seam to Powertools and X-Ray.

The X-Ray SDK is in maintenance; when it goes, only this file changes
(docs/decisions/0006-tracing-behind-one-seam.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit, single_metric

from baccarat.adapters.capacity import WriteUnits
from baccarat.domain.video.sync import SyncReport

NAMESPACE = "LiveBaccarat"
ROUNDS = "rounds"
LEDGER = "ledger"
VIDEO = "video"

Run: TypeAlias = Callable[[dict[str, Any]], Any]
LambdaHandler: TypeAlias = Callable[[dict[str, Any], Any], Any]

__all__ = [
    "LEDGER",
    "VIDEO",
    "LambdaHandler",
    "Logger",
    "Run",
    "count",
    "observed",
    "payout_seconds",
    "pictures_seen",
    "pictures_sent",
    "table_open",
    "video_viewers",
]


def count(name: str, value: int, service: str = ROUNDS) -> None:
    """Add to a metric of all rounds (or payments, or the ledger), whichever function sees it."""
    with single_metric(
        name=name,
        unit=MetricUnit.Count,
        value=value,
        namespace=NAMESPACE,
        default_dimensions={"service": service},
    ):
        pass


def payout_seconds(method: str, seconds: float) -> None:
    """Note how long a withdrawal took from the request until the provider had paid it out."""
    with single_metric(
        name="PayoutSeconds",
        unit=MetricUnit.Seconds,
        value=seconds,
        namespace=NAMESPACE,
        default_dimensions={"service": "payments", "method": method},
    ):
        pass


def pictures_seen(report: SyncReport) -> None:
    """Note what a viewer says of a round. ``Rounds`` and ``MismatchedRounds`` make a rate: a round
    of which no frame could be held against the log is in neither.
    """
    lags = "LagMs" if report.transport == "webrtc" else "DelayedLagMs"
    _of_table(
        report.table_id,
        **{lags: (MetricUnit.Milliseconds, report.lags_ms)},
        Rounds=(MetricUnit.Count, (int(report.matched + report.mismatched > 0),)),
        MismatchedRounds=(MetricUnit.Count, (int(report.mismatched > 0),)),
        OverdueEvents=(MetricUnit.Count, (report.overdue,)),
    )


def pictures_sent(table_id: str, lags_ms: Sequence[int]) -> None:
    """Note how old a table's frames were when a video server sent them on, at most 100 of them."""
    _of_table(table_id, SentLagMs=(MetricUnit.Milliseconds, lags_ms))


def table_open(table_id: str, *, is_open: bool) -> None:
    """Note whether a table with a camera is open: then pictures are due."""
    _of_table(table_id, TableOpen=(MetricUnit.Count, (int(is_open),)))


def video_viewers(role: str, viewers: int) -> None:
    """Note how many watch at one video server, of which there are several of a ``role``."""
    metrics = EphemeralMetrics(namespace=NAMESPACE, service=VIDEO)
    metrics.add_dimension("role", role)
    metrics.add_metric("Viewers", MetricUnit.Count, viewers)
    metrics.flush_metrics()


def _of_table(table_id: str, **series: tuple[MetricUnit, Sequence[int]]) -> None:
    metrics = EphemeralMetrics(namespace=NAMESPACE, service=VIDEO)
    metrics.add_dimension("tableId", table_id)
    for name, (unit, values) in series.items():
        for value in values:
            metrics.add_metric(name, unit, value)
    # With its hundredth value a line is written at once.
    if metrics.metric_set:
        metrics.flush_metrics()


def observed(
    service: str,
    run: Run,
    *,
    units: WriteUnits | None = None,
) -> LambdaHandler:
    """Return ``run`` as a Lambda handler with structured logs, a trace segment and metrics.

    With ``units``, the write units of each invocation become the metric ``WriteUnits``. Neither
    events nor answers are logged: they can hold tickets and tokens.
    """
    logger = Logger(service=service)
    tracer = Tracer(service=service)
    metrics = Metrics(namespace=NAMESPACE, service=service)

    def handler(event: dict[str, Any], _context: Any) -> Any:
        if units is None:
            return run(event)
        units.take()
        try:
            return run(event)
        finally:
            metrics.add_metric("WriteUnits", MetricUnit.Count, units.take())

    traced = tracer.capture_lambda_handler(capture_response=False)(handler)
    logged = logger.inject_lambda_context(log_event=False, clear_state=True)(traced)
    return logged if units is None else metrics.log_metrics(logged)
