"""Invoked by the recorder for each segment: sign its manifest, keep it, let the log cite it.

The event is ``{"segment": …, "after": number}``, the answer ``{"number", "hash", "anchored"}`` or,
for a segment that never will be taken, ``{"error": {"code", "message"}}``.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from baccarat.adapters import clients
from baccarat.adapters.capacity import WriteUnits
from baccarat.adapters.clock import SystemClock
from baccarat.adapters.dynamodb.floor import DynamoFloor
from baccarat.adapters.dynamodb.models import FLOOR_MODELS, LOG_MODELS, bind
from baccarat.adapters.kms import KmsSigner
from baccarat.adapters.observability import VIDEO, LambdaHandler, Logger, count, observed
from baccarat.adapters.recordings import S3Recordings
from baccarat.application.recordings import anchor, keep_segment
from baccarat.domain.errors import InvalidRequest
from baccarat.domain.video.recording import HoleReason, Segment, SignedManifest
from functions.keep_segment.settings import Settings


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    units = WriteUnits()
    bind(FLOOR_MODELS, settings.floor_table, settings.aws_region)
    bind(LOG_MODELS, settings.log_table, settings.aws_region)
    floor = DynamoFloor(clients.dynamodb(units))
    recordings = S3Recordings(clients.s3(), settings.films_bucket)
    kms = clients.kms()
    of_films = KmsSigner(kms, settings.film_key_id, settings.film_key_version)
    of_log = KmsSigner(kms, settings.signing_key_id, settings.signing_key_version)
    clock = SystemClock()
    logger = Logger(service="keep_segment")

    def cite(signed: SignedManifest) -> bool:
        try:
            return anchor(signed, floor=floor, signer=of_log, clock=clock)
        except Exception:
            # The segment is kept whatever the log says to it; the next one is the next try.
            logger.exception("recording not cited", table_id=signed.segment.table_id)
            count("AnchorsFailed", 1, VIDEO)
            return False

    def run(event: dict[str, Any]) -> dict[str, Any]:
        try:
            segment, after = _parsed(event)
            signed = keep_segment(segment, after, recordings=recordings, signer=of_films)
        except InvalidRequest as refusal:
            return {"error": {"code": refusal.code, "message": refusal.message}}
        dropped = sum(hole.reason is HoleReason.DROPPED for hole in signed.segment.holes)
        count("RecordingHoles", dropped, VIDEO)
        return {"number": signed.number, "hash": signed.hash, "anchored": cite(signed)}

    return observed("keep_segment", run, units=units)


def _parsed(event: dict[str, Any]) -> tuple[Segment, int]:
    match event:
        case {"segment": dict(segment), "after": int(after), **rest} if not rest and after >= 0:
            return Segment.from_json(segment), after
    raise InvalidRequest("an event has segment and after (a number, 0 or more), and nothing else")


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
