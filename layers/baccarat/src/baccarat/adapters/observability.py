"""Logs, traces and metrics around a handler: the one seam to Powertools and X-Ray.

The X-Ray SDK is in maintenance; when it goes, only this file changes
(docs/decisions/0006-tracing-behind-one-seam.md).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit, single_metric

from baccarat.adapters.capacity import WriteUnits

NAMESPACE = "LiveBaccarat"
ROUNDS = "rounds"
LEDGER = "ledger"

Run: TypeAlias = Callable[[dict[str, Any]], Any]
LambdaHandler: TypeAlias = Callable[[dict[str, Any], Any], Any]

__all__ = ["LEDGER", "LambdaHandler", "Logger", "Run", "count", "observed", "payout_seconds"]


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
