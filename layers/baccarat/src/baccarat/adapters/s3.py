"""The archive in S3: sealed books and transcripts, each written once."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from baccarat.adapters.strict_json import loads
from baccarat.domain.book import BetBook, BookEntry
from baccarat.domain.canonical import Json, JsonObject, canonical
from baccarat.domain.errors import Contention, IntegrityError
from baccarat.domain.table import table_of_round

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class S3Archive:
    """Implements ``ports.Archive``.

    ``books/{table}/{round}/{root}.json`` and ``transcripts/{table}/{round}.json``.
    """

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket
        # Books never change, and a batch of bets asks for the same one again and again.
        self.book = lru_cache(maxsize=4)(self._book)

    def put_book(self, round_id: str, book: BetBook) -> None:
        entries: list[Json] = [entry.to_json() for entry in book.entries]
        self._put_once(_book_key(round_id, book.root), canonical(entries))

    def _book(self, round_id: str, root: str) -> BetBook:
        document = self._get(_book_key(round_id, root))
        if not isinstance(document, list):
            raise IntegrityError(f"the sealed book {root} of round {round_id} is not there")
        try:
            book = BetBook(tuple(BookEntry.from_json(item) for item in document))
        except ValueError as error:
            raise IntegrityError(f"the book of round {round_id} is unreadable: {error}") from error
        if book.root != root:
            raise IntegrityError(f"the stored book of round {round_id} has root {book.root}")
        return book

    def put_transcript(self, table_id: str, round_id: str, transcript: JsonObject) -> None:
        self._put_once(_transcript_key(table_id, round_id), canonical(transcript))

    def transcript(self, table_id: str, round_id: str) -> Json:
        return self._get(_transcript_key(table_id, round_id))

    def _put_once(self, key: str, body: bytes) -> None:
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=body,
                ContentType="application/json",
                IfNoneMatch="*",
            )
        except ClientError as error:
            match error.response["ResponseMetadata"]["HTTPStatusCode"]:
                case 412:
                    return  # An earlier run of the same step wrote it; the first one stands.
                case 409:
                    raise Contention(f"{key} is being written by somebody else") from error
            raise

    def _get(self, key: str) -> Json:
        try:
            body = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except self._client.exceptions.NoSuchKey:
            return None
        return loads(body)


def _book_key(round_id: str, root: str) -> str:
    return f"books/{table_of_round(round_id)}/{round_id}/{root}.json"


def _transcript_key(table_id: str, round_id: str) -> str:
    return f"transcripts/{table_id}/{round_id}.json"
