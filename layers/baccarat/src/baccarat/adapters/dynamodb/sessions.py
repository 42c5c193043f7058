"""Tickets, connections and subscriptions in DynamoDB."""

from __future__ import annotations

import time
from typing import Final

from pynamodb.exceptions import DeleteError

from baccarat.adapters.dynamodb.models import ConnectionItem, TicketItem
from baccarat.application.ports import Connection, Ticket

_TICKET: Final = "TICKET"
_CONNECTION: Final = "CONNECTION"
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
        return Ticket(item.player_id, item.role, item.origin, int(item.expires_at_ms))

    def connect(self, connection: Connection, now_ms: int) -> None:
        self._put(f"CONNECTION#{connection.connection_id}", _CONNECTION, connection, now_ms)
        self._put(
            f"PLAYER#{connection.player_id}",
            f"CONNECTION#{connection.connection_id}",
            connection,
            now_ms,
        )

    def disconnect(self, connection_id: str) -> None:
        own_key = f"CONNECTION#{connection_id}"
        with ConnectionItem.batch_write() as batch:
            for item in ConnectionItem.query(own_key, consistent_read=True):
                back = f"PLAYER#{item.player_id}" if item.sk == _CONNECTION else item.sk
                batch.delete(ConnectionItem(back, own_key))
                batch.delete(ConnectionItem(own_key, item.sk))

    def subscribe(self, table_id: str, connection: Connection, now_ms: int) -> None:
        own_key = f"CONNECTION#{connection.connection_id}"
        self._put(own_key, f"TABLE#{table_id}", connection, now_ms)
        self._put(f"TABLE#{table_id}", own_key, connection, now_ms)

    def unsubscribe(self, table_id: str, connection_id: str) -> None:
        own_key = f"CONNECTION#{connection_id}"
        with ConnectionItem.batch_write() as batch:
            batch.delete(ConnectionItem(f"TABLE#{table_id}", own_key))
            batch.delete(ConnectionItem(own_key, f"TABLE#{table_id}"))

    def watchers(self, table_id: str) -> list[str]:
        return self._listed(f"TABLE#{table_id}")

    def connections_of(self, player_id: str) -> list[str]:
        return self._listed(f"PLAYER#{player_id}")

    @staticmethod
    def _put(pk: str, sk: str, connection: Connection, now_ms: int) -> None:
        ConnectionItem(
            pk,
            sk,
            player_id=connection.player_id,
            role=connection.role,
            ttl=now_ms // 1000 + CONNECTION_LIFE_SECONDS,
        ).save()

    @staticmethod
    def _listed(pk: str) -> list[str]:
        # Expired items are deleted late, so they are left out here.
        now = time.time()
        return [
            item.sk.removeprefix("CONNECTION#")
            for item in ConnectionItem.query(
                pk, ConnectionItem.sk.startswith("CONNECTION#"), consistent_read=True
            )
            if item.ttl > now
        ]
