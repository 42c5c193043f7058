"""A ledger as one would write it down first, to have something to be compared with.

A bet is placed by one transaction of six items and paid by one of five: balances and totals are
counted up in place, every movement is an entry on both sides, and an idempotency key is an item.
"""

from __future__ import annotations

import os
from typing import Any

_STAKED = "ADD staked_minor :amount, bets :one"
_PAID = "ADD paid_minor :amount"


class NaiveLedger:
    def __init__(self, client: Any) -> None:
        self._client = client
        self._table = f"naive-{os.urandom(4).hex()}"
        client.create_table(
            TableName=self._table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
        )

    def open_wallet(self, player: str, amount_minor: int) -> None:
        item = {**_key(f"PLAYER#{player}", "WALLET"), "available_minor": _number(amount_minor)}
        self._client.put_item(TableName=self._table, Item=item)

    def place(self, round_id: str, player: str, bet_id: str, spot: str, stake_minor: int) -> None:
        bet = {"spot": _text(spot), "stake_minor": _number(stake_minor), "state": _text("PLACED")}
        self._transact(
            self._put("IDEMPOTENCY", bet_id, player=_text(player)),
            self._put(f"ROUND#{round_id}", f"BET#{player}#{bet_id}", **bet),
            self._wallet(player, -stake_minor),
            *self._entries(round_id, player, f"{bet_id}#STAKE", -stake_minor),
            self._total(round_id, _STAKED, stake_minor, {":one": _number(1)}),
        )

    def settle(self, round_id: str, player: str, bet_id: str, payout_minor: int) -> None:
        """Pay a bet; with nothing, when it lost."""
        close = {
            "TableName": self._table,
            "Key": _key(f"ROUND#{round_id}", f"BET#{player}#{bet_id}"),
            "UpdateExpression": "SET #state = :settled, payout_minor = :payout",
            "ConditionExpression": "#state = :placed",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": {
                ":settled": _text("SETTLED"),
                ":placed": _text("PLACED"),
                ":payout": _number(payout_minor),
            },
        }
        self._transact(
            {"Update": close},
            self._wallet(player, payout_minor),
            *self._entries(round_id, player, f"{bet_id}#PAYOUT", payout_minor),
            self._total(round_id, _PAID, payout_minor, {}),
        )

    def _transact(self, *actions: dict[str, Any]) -> None:
        self._client.transact_write_items(TransactItems=list(actions))

    def _put(self, pk: str, sk: str, **attributes: Any) -> dict[str, Any]:
        return {
            "Put": {
                "TableName": self._table,
                "Item": {**_key(pk, sk), **attributes},
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }

    def _wallet(self, player: str, amount_minor: int) -> dict[str, Any]:
        update = {
            "TableName": self._table,
            "Key": _key(f"PLAYER#{player}", "WALLET"),
            "UpdateExpression": "ADD available_minor :amount",
            "ExpressionAttributeValues": {
                ":amount": _number(amount_minor),
                ":needed": _number(max(0, -amount_minor)),
            },
            "ConditionExpression": "available_minor >= :needed",
        }
        return {"Update": update}

    def _entries(
        self, round_id: str, player: str, reference: str, amount_minor: int
    ) -> list[dict[str, Any]]:
        return [
            self._put(
                account,
                f"ENTRY#{reference}",
                round_id=_text(round_id),
                amount_minor=_number(amount),
            )
            for account, amount in ((f"PLAYER#{player}", amount_minor), ("HOUSE", -amount_minor))
        ]

    def _total(
        self, round_id: str, expression: str, amount_minor: int, more: dict[str, Any]
    ) -> dict[str, Any]:
        update = {
            "TableName": self._table,
            "Key": _key(f"ROUND#{round_id}", "TOTAL"),
            "UpdateExpression": expression,
            "ExpressionAttributeValues": {":amount": _number(amount_minor), **more},
        }
        return {"Update": update}


def _key(pk: str, sk: str) -> dict[str, Any]:
    return {"pk": _text(pk), "sk": _text(sk)}


def _text(value: str) -> dict[str, Any]:
    return {"S": value}


def _number(value: int) -> dict[str, Any]:
    return {"N": str(value)}
