"""Delivery: what the streams bring goes to every connection that should see it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import Final

from baccarat.application.ports import Clock, Connections, Publisher, Seats
from baccarat.application.seats import disconnect
from baccarat.domain.canonical import JsonObject

_PLAYERS_AT_ONCE: Final = 16


def deliver_events(
    events: Sequence[JsonObject],
    *,
    connections: Connections,
    seats: Seats,
    publisher: Publisher,
    clock: Clock,
) -> int:
    """Send log events, in their order, to all who watch their tables; return how many messages."""
    sent = 0
    for table_id, batch in groupby(events, key=lambda event: str(event["tableId"])):
        message: JsonObject = {"type": "events", "tableId": table_id, "events": list(batch)}
        watchers = [watcher.connection_id for watcher in connections.watchers(table_id)]
        sent += _send(watchers, message, connections, seats, publisher, clock)
    return sent


def deliver_private(
    messages: Sequence[tuple[str, JsonObject]],
    *,
    connections: Connections,
    seats: Seats,
    publisher: Publisher,
    clock: Clock,
) -> int:
    """Send each player's messages, in their order, to all connections of that player.

    Of several wallets of one player only the newest is sent. Players are served side by side, so a
    stalled connection holds up its owner alone. Return how many messages were sent.
    """
    players: dict[str, list[JsonObject]] = {}
    for player_id, message in messages:
        waiting = players.setdefault(player_id, [])
        if message["type"] == "wallet":
            waiting[:] = [earlier for earlier in waiting if earlier["type"] != "wallet"]
        waiting.append(message)

    def serve(player_id: str) -> int:
        own = connections.connections_of(player_id)
        return sum(
            _send(own, message, connections, seats, publisher, clock)
            for message in players[player_id]
        )

    with ThreadPoolExecutor(_PLAYERS_AT_ONCE) as pool:
        return sum(pool.map(serve, players))


def _send(
    connection_ids: Sequence[str],
    message: JsonObject,
    connections: Connections,
    seats: Seats,
    publisher: Publisher,
    clock: Clock,
) -> int:
    if not connection_ids:
        return 0
    for connection_id in publisher.publish(connection_ids, message):
        disconnect(
            connection_id,
            connections=connections,
            seats=seats,
            publisher=publisher,
            clock=clock,
        )
    return len(connection_ids)
