"""DynamoDB streams: what a record means, and where records go that nobody can read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, TypeVar

from aws_lambda_powertools import Logger

from baccarat.adapters.dynamodb.ledger import (
    bet_from_image,
    payment_from_image,
    wallet_from_image,
)
from baccarat.adapters.messages import BetMessage, WalletMessage, bet_view, to_json, wallet_view
from baccarat.adapters.strict_json import loads
from baccarat.domain.canonical import JsonObject
from baccarat.domain.errors import IntegrityError, Refused
from baccarat.domain.log import SignedEvent
from baccarat.domain.payment import Payment
from baccarat.domain.wallet import Bet, BetState, Wallet

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

T = TypeVar("T")
_WRONG: Final = (ValueError, KeyError, TypeError, IntegrityError, Refused)
_logger = Logger(service="streams", child=True)


class ParkingLot:
    """Takes stream records that can never succeed, so that one of them cannot stop a shard.

    A stream delivers a failed batch again and again; a record that can never succeed would hold up
    all behind it. It is parked with its reason in a queue that raises an alarm, to be replayed.
    """

    def __init__(self, client: SQSClient, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def parse_each(
        self, records: Iterable[dict[str, Any]], parse: Callable[[dict[str, Any]], T]
    ) -> list[T]:
        """Return what ``parse`` makes of each record; a record that is wrong in itself is parked.

        Any other failure (a busy wallet, AWS out of reach) is raised, and the batch comes again.
        """
        results: list[T] = []
        for record in records:
            try:
                results.append(parse(record))
            except _WRONG as error:
                _logger.exception("stream record parked")
                body = json.dumps({"reason": repr(error), "record": record}, default=str)
                self._client.send_message(QueueUrl=self._queue_url, MessageBody=body)
        return results


def event_of(record: dict[str, Any]) -> JsonObject:
    """Return the log event of a record. Raises: ValueError, KeyError when it holds none."""
    signed = SignedEvent.from_json(loads(record["dynamodb"]["NewImage"]["event"]["S"]))
    return signed.to_json()


def placed_bet_of(record: dict[str, Any]) -> Bet | None:
    """Return the bet of a record that puts a new one, else None."""
    if record["eventName"] != "INSERT":
        return None
    image = record["dynamodb"]["NewImage"]
    if not image["sk"]["S"].startswith("BET#"):
        return None
    bet = bet_from_image(image)
    return bet if bet.state is BetState.PLACED else None


def rounds_of_bets(records: Iterable[dict[str, Any]]) -> list[str]:
    """Return the rounds on which ``records`` write bets, each once.

    A record's keys say it, so that a bet that nobody can read does not matter.
    """
    images = (record["dynamodb"].get("NewImage") for record in records)
    keys = [image["pk"]["S"] for image in images if image and image["sk"]["S"].startswith("BET#")]
    return list(dict.fromkeys(key.removeprefix("ROUND#") for key in keys))


def private_message_of(record: dict[str, Any]) -> tuple[str, JsonObject] | None:
    """Return whom a ledger record concerns and what to tell him, or None."""
    image = record["dynamodb"].get("NewImage")
    if image is None:
        return None
    kind = image["sk"]["S"]
    if kind.startswith("WALLET#"):
        wallet = wallet_from_image(image)
        return wallet.player_id, to_json(WalletMessage(wallet=wallet_view(wallet)))
    if kind.startswith("BET#"):
        bet = bet_from_image(image)
        return bet.player_id, to_json(BetMessage(bet=bet_view(bet)))
    return None


def moved_of(record: dict[str, Any]) -> Wallet | Payment | None:
    """Return the wallet or payment that a record of a wallets table writes, else None.

    Raises:
        KeyError: it deletes one, which nobody may.
    """
    image = record["dynamodb"]["NewImage"]
    kind = image["sk"]["S"]
    if kind.startswith("WALLET#"):
        return wallet_from_image(image)
    if kind.startswith("PAYMENT#"):
        return payment_from_image(image)
    return None
