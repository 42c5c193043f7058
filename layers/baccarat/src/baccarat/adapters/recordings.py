"""The recordings in S3: every object is written once, and a free key is what orders manifests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from baccarat.adapters.strict_json import loads
from baccarat.domain.canonical import canonical
from baccarat.domain.errors import IntegrityError, InvalidRequest
from baccarat.domain.table import table_of_round
from baccarat.domain.video.recording import SignedManifest

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MOST_DOUBLINGS: Final = 33  # numbers have ten digits
_PAGE: Final = 1_000


class S3Recordings:
    """Implements ``ports.Recordings``.

    ``files/{table}/{sha256}.mp4``, ``manifests/{table}/{number}.json`` and, without content,
    ``rounds/{table}/{round}/{number}``; numbers have ten digits.
    """

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put_file(self, table_id: str, sha256: str, file: bytes) -> None:
        self._put_once(_file_key(table_id, sha256), file, "video/mp4")

    def file(self, table_id: str, sha256: str) -> bytes | None:
        return self._get(_file_key(table_id, sha256))

    def put_manifest(self, signed: SignedManifest) -> bool:
        key = _manifest_key(signed.segment.table_id, signed.number)
        return self._put_once(key, canonical(signed.to_json()), "application/json")

    def manifest(self, table_id: str, number: int) -> SignedManifest | None:
        body = self._get(_manifest_key(table_id, number))
        if body is None:
            return None
        try:
            return SignedManifest.from_json(loads(body))
        except InvalidRequest as error:
            raise IntegrityError(
                f"manifest {number} of table {table_id} is unreadable: {error.message}"
            ) from error

    def newest(self, table_id: str, at_least: int) -> int:
        # Numbers are dense, so that halving finds the last one; from the one before the first it
        # takes one question when nothing is new.
        there, step = at_least, 1
        for _ in range(_MOST_DOUBLINGS):
            if not self._has_from(table_id, there + step):
                break
            there, step = there + step, step * 2
        while step > 1:
            step //= 2
            if self._has_from(table_id, there + step):
                there += step
        return there

    def note_round(self, round_id: str, number: int) -> None:
        self._put_once(f"{_round_prefix(round_id)}{number:010}", b"", "text/plain")

    def numbers_of(self, round_id: str, limit: int) -> list[int]:
        prefix = _round_prefix(round_id)
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket,
            Prefix=prefix,
            PaginationConfig={"MaxItems": limit, "PageSize": _PAGE},
        )
        return [
            int(item["Key"].removeprefix(prefix))
            for page in pages
            for item in page.get("Contents", [])
        ]

    def _has_from(self, table_id: str, number: int) -> bool:
        found = self._client.list_objects_v2(
            Bucket=self._bucket,
            Prefix=_manifest_key(table_id, None),
            StartAfter=_manifest_key(table_id, number - 1),
            MaxKeys=1,
        )
        return found["KeyCount"] > 0

    def _put_once(self, key: str, body: bytes, content_type: str) -> bool:
        """Return False when there is an object already: the first one stands."""
        try:
            self._client.put_object(
                Bucket=self._bucket, Key=key, Body=body, ContentType=content_type, IfNoneMatch="*"
            )
        except ClientError as error:
            # 409: somebody else is writing it at this moment.
            if error.response["ResponseMetadata"]["HTTPStatusCode"] in (409, 412):
                return False
            raise
        return True

    def _get(self, key: str) -> bytes | None:
        try:
            return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except self._client.exceptions.NoSuchKey:
            return None


def _file_key(table_id: str, sha256: str) -> str:
    return f"files/{table_id}/{sha256}.mp4"


def _manifest_key(table_id: str, number: int | None) -> str:
    """Return the key of a manifest, or with None what all keys of the table's begin with."""
    return f"manifests/{table_id}/" + ("" if number is None else f"{number:010}.json")


def _round_prefix(round_id: str) -> str:
    return f"rounds/{table_of_round(round_id)}/{round_id}/"
