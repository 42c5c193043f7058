"""What every store must do for the lobby, seats and past rounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from baccarat.adapters import clients
from baccarat.adapters.dynamodb.sessions import CONNECTION_LIFE_SECONDS, DynamoSeats
from baccarat.adapters.messages import SeatsMessage
from baccarat.application.lobby import list_lobby, propose_tables
from baccarat.application.past_rounds import list_rounds
from baccarat.application.ports import Attendance, Connection
from baccarat.application.seats import disconnect, leave_table, sit, stand
from baccarat.application.sessions import MAX_TABLES_WATCHED, join_table
from baccarat.domain.canonical import JsonObject
from baccarat.domain.errors import (
    AlreadySeated,
    NotAtTable,
    SeatTaken,
    TableNotFound,
    TooManyTablesWatched,
)
from baccarat.domain.lobby import Wish
from baccarat.domain.paytable import Spot
from baccarat.domain.round import RoundState
from baccarat.domain.seats import SEATS, Seat, nickname
from baccarat.domain.table import Table
from tests.support.cloud import TABLE_ID, Cloud, table_config
from tests.support.rounds import ManualRound

ANNA = Connection("c-anna", "anna", "player")
BERT = Connection("c-bert", "bert", "player")


@dataclass
class Post:
    """A publisher that keeps what it sends, by connection."""

    sent: list[tuple[str, JsonObject]] = field(default_factory=list)

    def publish(self, connection_ids: Sequence[str], message: JsonObject) -> list[str]:
        SeatsMessage.model_validate(message)
        self.sent += [(connection_id, message) for connection_id in connection_ids]
        return []

    def seats_of(self, connection_id: str) -> list[Any]:
        """Return what the connection was told last."""
        return [m["seats"] for receiver, m in self.sent if receiver == connection_id][-1]


@pytest.fixture
def seats(cloud: Cloud) -> DynamoSeats:
    assert cloud
    return DynamoSeats(clients.dynamodb())


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def ports(cloud: Cloud, seats: DynamoSeats, post: Post) -> dict[str, Any]:
    return {
        "connections": cloud.connections,
        "seats": seats,
        "publisher": post,
        "clock": cloud.clock,
    }


@pytest.fixture
def watched(cloud: Cloud) -> Cloud:
    """Anna and Bert watch the table."""
    for connection in (ANNA, BERT):
        cloud.connections.connect(connection, cloud.clock.now_ms())
        cloud.connections.subscribe(TABLE_ID, connection, cloud.clock.now_ms())
    return cloud


def numbers(taken: list[Seat]) -> list[tuple[int, str]]:
    return [(seat.number, seat.player_id) for seat in taken]


# ── seats ──


def test_a_seat_is_taken_by_one(cloud: Cloud, seats: DynamoSeats) -> None:
    now_ms = cloud.clock.now_ms()
    seats.take(Seat(TABLE_ID, 3, "anna", now_ms))
    with pytest.raises(SeatTaken) as refused:
        seats.take(Seat(TABLE_ID, 3, "bert", now_ms))
    assert refused.value.details == {"seat": 3}
    seats.take(Seat(TABLE_ID, 1, "bert", now_ms))
    seats.take(Seat("bac-2", 3, "bert", now_ms))
    assert numbers(seats.taken(TABLE_ID, now_ms)) == [(1, "bert"), (3, "anna")]


def test_a_player_has_one_seat_at_a_table(cloud: Cloud, seats: DynamoSeats) -> None:
    now_ms = cloud.clock.now_ms()
    seats.take(Seat(TABLE_ID, 3, "anna", now_ms))
    with pytest.raises(AlreadySeated) as refused:
        seats.take(Seat(TABLE_ID, 4, "anna", now_ms))
    assert refused.value.details == {"seat": 3}
    seats.take(Seat(TABLE_ID, 3, "anna", now_ms))
    assert numbers(seats.taken(TABLE_ID, now_ms)) == [(3, "anna")]
    assert seats.free(TABLE_ID, "anna", now_ms)
    assert not seats.free(TABLE_ID, "anna", now_ms)
    seats.take(Seat(TABLE_ID, 4, "anna", now_ms))
    assert numbers(seats.taken(TABLE_ID, now_ms)) == [(4, "anna")]


def test_a_seat_of_long_ago_is_free_though_not_deleted(cloud: Cloud, seats: DynamoSeats) -> None:
    now_ms = cloud.clock.now_ms()
    seats.take(Seat(TABLE_ID, 3, "anna", now_ms - CONNECTION_LIFE_SECONDS * 1000))
    assert seats.taken(TABLE_ID, now_ms) == []
    seats.take(Seat(TABLE_ID, 3, "bert", now_ms))
    assert not seats.free(TABLE_ID, "anna", now_ms)
    seats.take(Seat(TABLE_ID, 4, "anna", now_ms))
    assert numbers(seats.taken(TABLE_ID, now_ms)) == [(3, "bert"), (4, "anna")]


def test_everybody_at_the_table_is_told_and_knows_the_own_seat(
    watched: Cloud, ports: dict[str, Any], post: Post
) -> None:
    second = Connection("c-anna-2", "anna", "player")
    watched.connections.subscribe(TABLE_ID, second, watched.clock.now_ms())
    assert numbers(sit(ANNA, TABLE_ID, 2, **ports)) == [(2, "anna")]
    told = {connection_id: message["seats"] for connection_id, message in post.sent}
    # The one who sat down has it from the answer.
    assert set(told) == {"c-bert", "c-anna-2"}
    for connection_id, is_own in (("c-bert", False), ("c-anna-2", True)):
        [seat] = post.seats_of(connection_id)
        assert (seat["seat"], seat["nickname"], seat["you"]) == (2, nickname("anna"), is_own)
    assert "anna" not in str(told["c-bert"])
    assert stand(ANNA, TABLE_ID, **ports) == []
    assert post.seats_of("c-bert") == []


def test_who_did_not_join_cannot_sit(cloud: Cloud, ports: dict[str, Any]) -> None:
    cloud.connections.connect(ANNA, cloud.clock.now_ms())
    with pytest.raises(NotAtTable):
        sit(ANNA, TABLE_ID, 2, **ports)


def test_a_seat_is_freed_when_the_last_connection_is_gone(
    watched: Cloud, ports: dict[str, Any], seats: DynamoSeats, post: Post
) -> None:
    second = Connection("c-anna-2", "anna", "player")
    watched.connections.connect(second, watched.clock.now_ms())
    watched.connections.subscribe(TABLE_ID, second, watched.clock.now_ms())
    sit(ANNA, TABLE_ID, 2, **ports)
    leave_table(ANNA, TABLE_ID, **ports)
    assert numbers(seats.taken(TABLE_ID, watched.clock.now_ms())) == [(2, "anna")]
    disconnect("c-anna-2", **ports)
    assert seats.taken(TABLE_ID, watched.clock.now_ms()) == []
    assert post.seats_of("c-bert") == []
    disconnect("c-anna-2", **ports)


# ── the lobby ──


def test_the_lobby_counts_players_and_seats(watched: Cloud, seats: DynamoSeats) -> None:
    floor, now_ms = watched.floor, watched.clock.now_ms()
    for table_id, name in (("bac-2", "Second"), (TABLE_ID, "First")):
        assert floor.create_table(Table.create(table_id, table_config(name=name), now_ms))
    watched.connections.subscribe(TABLE_ID, Connection("c2", "anna", "player"), now_ms)
    watched.connections.subscribe(TABLE_ID, Connection("c3", "olga", "auditor"), now_ms)
    long_ago_ms = now_ms - 2 * CONNECTION_LIFE_SECONDS * 1000
    watched.connections.subscribe(TABLE_ID, Connection("c4", "zoe", "player"), long_ago_ms)
    seats.take(Seat(TABLE_ID, 6, "zoe", long_ago_ms))
    seats.take(Seat(TABLE_ID, 7, "bert", now_ms))
    assert watched.connections.attendance(TABLE_ID) == Attendance(2, 1)
    first, second = list_lobby(floor=floor, connections=watched.connections)
    assert (first.table.config.name, first.players, first.seats_free) == ("First", 2, SEATS - 1)
    assert (second.table.config.name, second.players, second.seats_free) == ("Second", 0, SEATS)
    assert first.round is None
    assert len(floor.tables(1)) == 1
    proposals = propose_tables(Wish(), floor=floor, connections=watched.connections)
    assert [proposal.table.table_id for proposal in proposals] == ["bac-2", TABLE_ID]


def test_the_lobby_shows_the_newest_round(cloud: Cloud) -> None:
    assert list_lobby(floor=cloud.floor, connections=cloud.connections) == []
    round_ = ManualRound(cloud)
    round_.start_table()
    round_.open()
    [found] = list_lobby(floor=cloud.floor, connections=cloud.connections)
    assert found.round == round_.record.round


def test_a_connection_watches_a_few_tables_at_most(cloud: Cloud, seats: DynamoSeats) -> None:
    now_ms = cloud.clock.now_ms()
    cloud.connections.connect(ANNA, now_ms)
    cloud.fund("anna")

    def join(number: int) -> None:
        join_table(
            ANNA,
            f"bac-{number}",
            None,
            floor=cloud.floor,
            ledger=cloud.ledger,
            connections=cloud.connections,
            seats=seats,
            clock=cloud.clock,
        )

    for number in range(MAX_TABLES_WATCHED + 1):
        assert cloud.floor.create_table(Table.create(f"bac-{number}", table_config(), now_ms))
    for number in range(MAX_TABLES_WATCHED):
        join(number)
    with pytest.raises(TooManyTablesWatched) as refused:
        join(MAX_TABLES_WATCHED)
    assert refused.value.details == {"max_tables": MAX_TABLES_WATCHED}
    join(0)  # again, as after a gap
    cloud.connections.unsubscribe("bac-0", ANNA.connection_id)
    join(MAX_TABLES_WATCHED)
    assert len(cloud.connections.disconnect(ANNA.connection_id)) == MAX_TABLES_WATCHED
    assert cloud.connections.watchers("bac-1") == []


# ── past rounds ──


def test_past_rounds_come_with_the_own_stakes(cloud: Cloud) -> None:
    first = ManualRound(cloud)
    first.start_table()
    for player in ("anna", "bert"):
        cloud.fund(player)
    first.open()
    for spot, stake in ((Spot.PLAYER, 500), (Spot.BANKER, 700), (Spot.TIE, 100)):
        cloud.bet("anna", first.round_id, spot, stake, f"bet-{spot.value}")
    cloud.bet("bert", first.round_id, Spot.TIE, 900, "bet-bert")
    first.play_out()
    second = ManualRound(cloud, number=2)
    second.clock.ms = first.clock.ms
    second.open()
    second.play_out()
    third = ManualRound(cloud, number=3)
    third.clock.ms = second.clock.ms
    third.open()

    def rounds(player: str, role: str = "player", **page: Any) -> Any:
        values = {"before": None, "limit": 50, **page}
        return list_rounds(TABLE_ID, player, role, floor=cloud.floor, ledger=cloud.ledger, **values)

    found = rounds("anna")
    # The third is still played: its cards are nobody's business yet.
    assert [past.round.round_no for past in found.rounds] == [2, 1]
    assert found.before is None
    own = found.rounds[1]
    coup = own.round.coup
    paytable = table_config().paytable
    assert own.round.state is RoundState.SETTLED
    assert own.staked_minor == 1_300
    assert own.returned_minor == sum(
        paytable.returned(spot, stake, coup)
        for spot, stake in ((Spot.PLAYER, 500), (Spot.BANKER, 700), (Spot.TIE, 100))
    )
    assert found.rounds[0].staked_minor == 0
    assert [past.staked_minor for past in rounds("bert").rounds] == [0, 900]
    assert [past.staked_minor for past in rounds("anna", "auditor").rounds] == [0, 0]
    newest = rounds("anna", limit=2)
    assert ([past.round.round_no for past in newest.rounds], newest.before) == ([2], 2)
    older = rounds("anna", limit=2, before=newest.before)
    assert ([past.round.round_no for past in older.rounds], older.before) == ([1], None)
    assert rounds("anna", before=1).rounds == []
    with pytest.raises(TableNotFound):
        list_rounds(
            "bac-9",
            "anna",
            "player",
            before=None,
            limit=5,
            floor=cloud.floor,
            ledger=cloud.ledger,
        )
