"""HTTP ``POST /video/reports``: how far the picture was behind the log, as a viewer says."""

from __future__ import annotations

from functools import cache
from typing import Any

from baccarat.adapters import clients
from baccarat.adapters.clock import SystemClock
from baccarat.adapters.dynamodb.floor import DynamoFloor
from baccarat.adapters.dynamodb.models import FLOOR_MODELS, VIDEO_MODELS, bind
from baccarat.adapters.dynamodb.once import DynamoOnce
from baccarat.adapters.http import resolve
from baccarat.adapters.observability import LambdaHandler, Logger, observed, pictures_seen
from baccarat.adapters.video_api import ReportCases, report_api
from baccarat.application.video import take_sync_report
from baccarat.domain.video.sync import SyncReport
from functions.take_video_report.settings import Settings


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    bind(FLOOR_MODELS, settings.floor_table, settings.aws_region)
    bind(VIDEO_MODELS, settings.video_table, settings.aws_region)
    floor, once, clock = DynamoFloor(clients.dynamodb()), DynamoOnce(), SystemClock()
    logger = Logger(service="take_video_report")

    def take(report: SyncReport, user_id: str) -> bool:
        counts = take_sync_report(report, user_id, floor=floor, once=once, clock=clock)
        if counts:
            pictures_seen(report)
        if counts and (report.mismatched or report.overdue):
            logger.warning(
                "picture and log apart",
                table_id=report.table_id,
                round_id=report.round_id,
                matched=report.matched,
                mismatched=report.mismatched,
                overdue=report.overdue,
            )
        return counts

    app = report_api(ReportCases(take))

    def run(event: dict[str, Any]) -> dict[str, Any]:
        return resolve(app, event)

    return observed("take_video_report", run)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
