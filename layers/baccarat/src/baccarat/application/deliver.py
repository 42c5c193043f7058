"""Delivery: what the streams bring goes to every connection that should see it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from baccarat.application.ports import Connections, Publisher
from baccarat.domain.canonical import JsonObject


def deliver_events(
    events: Sequence[JsonObject], *, connections: Connections, publisher: Publisher
) -> int:
    """Send log events, in their order, to all who watch their tables; return how many messages."""
    sent = 0
    for table_id, batch in groupby(events, key=lambda event: str(event["tableId"])):
        message: JsonObject = {"type": "events", "tableId": table_id, "events": list(batch)}
        sent += _send(connections.watchers(table_id), message, connections, publisher)
    return sent


def deliver_to_player(
    player_id: str, message: JsonObject, *, connections: Connections, publisher: Publisher
) -> int:
    """Send a private message to all connections of one player; return how many."""
    return _send(connections.connections_of(player_id), message, connections, publisher)


def _send(
    connection_ids: Sequence[str],
    message: JsonObject,
    connections: Connections,
    publisher: Publisher,
) -> int:
    if not connection_ids:
        return 0
    for connection_id in publisher.publish(connection_ids, message):
        connections.disconnect(connection_id)
    return len(connection_ids)
