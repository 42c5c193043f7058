"""Tickets, connections, subscriptions and seats in DynamoDB."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from pynamodb.exceptions import DeleteError

from baccarat.adapters.dynamodb.models import ConnectionItem, SeatItem, TicketItem
from baccarat.adapters.dynamodb.transact import (
    ABSENT,
    Cancelled,
    Operation,
    execute,
    number,
    text,
)
from baccarat.application.ports import Attendance, Connection, Ticket
from baccarat.domain.errors import AlreadySeated, Contention, SeatTaken
from baccarat.domain.roles import BETTORS
from baccarat.domain.seats import Seat

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_TICKET: Final = "TICKET"
_CONNECTION: Final = "CONNECTION"
_FAILED: Final = "ConditionalCheckFailed"
CONNECTION_LIFE_SECONDS: Final = 2 * 3600 + 600
"""API Gateway closes a websocket after two hours; the items live ten minutes longer."""


class DynamoConnections:
    """Implements ``ports.Connections``."""

    def put_ticket(self, ticket_hash: str, ticket: Ticket) -> None:
        TicketItem(
            f"TICKET#{ticket_hash}",
            _TICKET,
            player_id=ticket.player_id,
            role=ticket.role,
            origin=ticket.origin,
            name=ticket.name or None,
            expires_at_ms=ticket.expires_at_ms,
            ttl=ticket.expires_at_ms // 1000 + 60,
        ).save(condition=TicketItem.pk.does_not_exist())

    def take_ticket(self, ticket_hash: str) -> Ticket | None:
        key = f"TICKET#{ticket_hash}"
        try:
            item = TicketItem.get(key, _TICKET, consistent_read=True)
            item.delete(condition=TicketItem.pk.exists())
        except TicketItem.DoesNotExist:
            return None
        except DeleteError as error:
            if error.cause_response_code == "ConditionalCheckFailedException":
                return None
            raise
        return Ticket(
            item.player_id, item.role, item.origin, int(item.expires_at_ms), item.name or ""
        )

    def connect(self, connection: Connection, now_ms: int) -> None:
        self._put(f"CONNECTION#{connection.connection_id}", _CONNECTION, connection, now_ms)
        self._put(
            f"PLAYER#{connection.player_id}",
            f"CONNECTION#{connection.connection_id}",
            connection,
            now_ms,
        )

    def disconnect(self, connection_id: str) -> list[tuple[str, str]]:
        own_key = f"CONNECTION#{connection_id}"
        ended: list[tuple[str, str]] = []
        with ConnectionItem.batch_write() as batch:
            for item in ConnectionItem.query(own_key, consistent_read=True):
                back = f"PLAYER#{item.player_id}" if item.sk == _CONNECTION else item.sk
                batch.delete(ConnectionItem(back, own_key))
                batch.delete(ConnectionItem(own_key, item.sk))
                if item.sk != _CONNECTION:
                    ended.append((item.sk.removeprefix("TABLE#"), item.player_id))
        return ended

    def subscribe(self, table_id: str, connection: Connection, now_ms: int) -> None:
        own_key = f"CONNECTION#{connection.connection_id}"
        self._put(own_key, f"TABLE#{table_id}", connection, now_ms)
        self._put(f"TABLE#{table_id}", own_key, connection, now_ms)

    def unsubscribe(self, table_id: str, connection_id: str) -> None:
        own_key = f"CONNECTION#{connection_id}"
        with ConnectionItem.batch_write() as batch:
            batch.delete(ConnectionItem(f"TABLE#{table_id}", own_key))
            batch.delete(ConnectionItem(own_key, f"TABLE#{table_id}"))

    def watched(self, connection_id: str) -> list[str]:
        listed = _living(f"CONNECTION#{connection_id}", "TABLE#")
        return [item.sk.removeprefix("TABLE#") for item in listed]

    def watchers(self, table_id: str) -> list[Connection]:
        return [
            Connection(item.sk.removeprefix("CONNECTION#"), item.player_id, item.role)
            for item in _living(f"TABLE#{table_id}", "CONNECTION#")
        ]

    def attendance(self, table_id: str) -> Attendance:
        # Connections and seats lie side by side, so that one query counts both; what they share is
        # the player and the expiry.
        now = time.time()
        found = ConnectionItem.query(
            f"TABLE#{table_id}", ConnectionItem.sk.between("CONNECTION#", "SEAT#~")
        )
        present = [item for item in found if item.ttl > now]
        players = {
            item.player_id
            for item in present
            if item.sk.startswith("CONNECTION#") and item.role in BETTORS
        }
        return Attendance(len(players), sum(item.sk.startswith("SEAT#") for item in present))

    def connections_of(self, player_id: str) -> list[str]:
        return [
            item.sk.removeprefix("CONNECTION#")
            for item in _living(f"PLAYER#{player_id}", "CONNECTION#")
        ]

    @staticmethod
    def _put(pk: str, sk: str, connection: Connection, now_ms: int) -> None:
        ConnectionItem(
            pk,
            sk,
            player_id=connection.player_id,
            role=connection.role,
            ttl=now_ms // 1000 + CONNECTION_LIFE_SECONDS,
        ).save()


class DynamoSeats:
    """Implements ``ports.Seats``."""

    def __init__(self, client: DynamoDBClient) -> None:
        self._client = client

    def take(self, seat: Seat) -> None:
        # Two items in one transaction: no two players in one seat, no two seats for one player.
        now = {":now": number(seat.since_ms // 1000)}
        place = Operation(
            _seat_item(seat, _place_key(seat.number)),
            f"{ABSENT} OR #ttl <= :now OR player_id = :player",
            {**now, ":player": text(seat.player_id)},
            {"#ttl": "ttl"},
        )
        seated = Operation(
            _seat_item(seat, _seated_key(seat.player_id)),
            f"{ABSENT} OR #ttl <= :now OR seat = :seat",
            {**now, ":seat": number(seat.number)},
            {"#ttl": "ttl"},
            return_old=True,
        )
        try:
            execute(self._client, [place, seated])
        except Cancelled as error:
            other = error.old_items[1]
            if other:
                raise AlreadySeated(
                    f"you sit in seat {_number(other)} of this table; stand up first",
                    seat=_number(other),
                ) from error
            if error.codes[0] == _FAILED:
                raise SeatTaken(f"seat {seat.number} is taken", seat=seat.number) from error
            raise _race(error) from error

    def free(self, table_id: str, player_id: str, now_ms: int) -> bool:
        try:
            found = SeatItem.get(f"TABLE#{table_id}", _seated_key(player_id), consistent_read=True)
        except SeatItem.DoesNotExist:
            return False
        if found.ttl <= now_ms // 1000:
            return False
        sits = {":player": text(player_id), ":seat": number(int(found.seat))}
        try:
            execute(
                self._client,
                [
                    Operation(
                        SeatItem(found.pk, sk),
                        "player_id = :player AND seat = :seat",
                        sits,
                        delete=True,
                    )
                    for sk in (_place_key(int(found.seat)), found.sk)
                ],
            )
        except Cancelled as error:
            raise _race(error) from error
        return True

    def taken(self, table_id: str, now_ms: int) -> list[Seat]:
        found = SeatItem.query(
            f"TABLE#{table_id}", SeatItem.sk.startswith("SEAT#"), consistent_read=True
        )
        return [
            Seat(table_id, int(item.seat), item.player_id, int(item.since_ms))
            for item in found
            if item.ttl > now_ms // 1000
        ]


def _living(pk: str, prefix: str) -> Iterator[ConnectionItem]:
    """Yield the items that have not expired: DynamoDB deletes those late."""
    now = time.time()
    found = ConnectionItem.query(pk, ConnectionItem.sk.startswith(prefix), consistent_read=True)
    return (item for item in found if item.ttl > now)


def _place_key(seat: int) -> str:
    return f"SEAT#{seat}"


def _seated_key(player_id: str) -> str:
    return f"SEATED#{player_id}"


def _seat_item(seat: Seat, sk: str) -> SeatItem:
    return SeatItem(
        f"TABLE#{seat.table_id}",
        sk,
        player_id=seat.player_id,
        seat=seat.number,
        since_ms=seat.since_ms,
        ttl=seat.since_ms // 1000 + CONNECTION_LIFE_SECONDS,
    )


def _number(image: dict[str, Any]) -> int:
    return int(image["seat"]["N"])


def _race(error: Cancelled) -> Contention | Cancelled:
    return Contention("somebody sat down or stood up meanwhile") if error.is_race else error
