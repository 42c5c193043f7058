"""Where the recorder keeps segments: files in S3, manifests through the function that signs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from baccarat.adapters.recordings import S3Recordings
from baccarat.adapters.strict_json import loads
from baccarat.domain.canonical import canonical
from baccarat.domain.errors import BaccaratError, MalformedJson
from baccarat.domain.video.recording import Segment

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

# A segment is tried again by its recorder, which knows how much waits.
_CONFIG: Final = Config(
    connect_timeout=2,
    read_timeout=30,
    retries={"mode": "standard", "total_max_attempts": 1},
    max_pool_connections=8,
)


class StoreUnavailable(BaccaratError):
    """The segment may be kept or not; it is safe to try again."""

    code = "STORE_UNAVAILABLE"


class SegmentRefused(BaccaratError):
    """The house does not take this segment, now or later."""

    code = "SEGMENT_REFUSED"


class SegmentStore(Protocol):
    """Called from the recorder's own thread; every call ends within a bounded time."""

    def put_file(self, segment: Segment, file: bytes) -> None:
        """Raises: StoreUnavailable."""

    def keep(self, segment: Segment, after: int) -> int:
        """Return the number of the segment's manifest, which is kept now; ``after`` is the last
        number that is known, 0 for none.

        Raises:
            StoreUnavailable, SegmentRefused.
        """


class CloudStore:
    """Implements ``SegmentStore`` with a bucket and the function ``keep_segment``."""

    def __init__(self, bucket: str, keep_function: str) -> None:
        self._recordings = S3Recordings(boto3.client("s3", config=_CONFIG), bucket)
        self._functions: LambdaClient = boto3.client("lambda", config=_CONFIG)
        self._keep_function = keep_function

    def put_file(self, segment: Segment, file: bytes) -> None:
        try:
            self._recordings.put_file(segment.table_id, segment.file_sha256, file)
        except (BotoCoreError, ClientError) as error:
            raise StoreUnavailable(f"the file was not written: {error}") from error

    def keep(self, segment: Segment, after: int) -> int:
        try:
            answer = self._functions.invoke(
                FunctionName=self._keep_function,
                Payload=canonical({"segment": segment.to_json(), "after": after}),
            )
            content = answer["Payload"].read()
            answered = loads(content)
        except (BotoCoreError, ClientError, MalformedJson) as error:
            raise StoreUnavailable(f"no manifest was signed: {error}") from error
        match answered:
            case {"number": int(number)} if "FunctionError" not in answer:
                return number
            case {"error": {"code": str(code), "message": str(message)}}:
                raise SegmentRefused(message, refused=code)
        raise StoreUnavailable(f"no manifest was signed: {json.dumps(answered)[:500]}")
