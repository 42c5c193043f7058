"""Once a minute: say which tables with a camera are open, so that their pictures are due."""

from __future__ import annotations

from functools import cache
from typing import Any

from baccarat.adapters import clients
from baccarat.adapters.dynamodb.floor import DynamoFloor
from baccarat.adapters.dynamodb.models import FLOOR_MODELS, bind
from baccarat.adapters.observability import LambdaHandler, observed, table_open
from baccarat.application.video import cameras_open
from functions.watch_cameras.settings import Settings


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    bind(FLOOR_MODELS, settings.floor_table, settings.aws_region)
    floor = DynamoFloor(clients.dynamodb())
    filmed = settings.video_tables.split()

    def run(event: dict[str, Any]) -> dict[str, bool]:
        found = cameras_open(filmed, floor=floor)
        for table_id, is_open in found.items():
            table_open(table_id, is_open=is_open)
        return found

    return observed("watch_cameras", run)


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
