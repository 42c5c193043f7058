"""Players race for seats through MiniStack. Never on moto: its transactions do not hold under
threads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from baccarat.adapters import clients
from baccarat.adapters.dynamodb.sessions import DynamoSeats
from baccarat.application.retry import on_contention
from baccarat.domain.errors import AlreadySeated, SeatTaken
from baccarat.domain.seats import SEATS, Seat
from tests.support.cloud import TABLE_ID, Cloud


def race(cloud: Cloud, wanted: Sequence[Seat]) -> Counter[str]:
    """Let all sit down at once; return how often which answer came."""
    seats, start = DynamoSeats(clients.dynamodb()), Barrier(len(wanted))

    def take(seat: Seat) -> str:
        start.wait()
        try:
            on_contention(cloud.clock, lambda: seats.take(seat))
        except (SeatTaken, AlreadySeated) as refused:
            return refused.code
        return "SEATED"

    with ThreadPoolExecutor(len(wanted)) as pool:
        return Counter(pool.map(take, wanted))


def test_of_many_who_want_one_seat_one_gets_it(cloud: Cloud) -> None:
    now_ms = cloud.clock.now_ms()
    wanted = [Seat(TABLE_ID, 5, f"player-{number}", now_ms) for number in range(8)]
    assert race(cloud, wanted) == {"SEATED": 1, "SEAT_TAKEN": 7}
    [seat] = DynamoSeats(clients.dynamodb()).taken(TABLE_ID, now_ms)
    assert seat in wanted


def test_a_player_who_wants_all_seats_at_once_gets_one(cloud: Cloud) -> None:
    now_ms = cloud.clock.now_ms()
    wanted = [Seat(TABLE_ID, number, "anna", now_ms) for number in range(1, SEATS + 1)]
    assert race(cloud, wanted) == {"SEATED": 1, "ALREADY_SEATED": SEATS - 1}
    assert len(DynamoSeats(clients.dynamodb()).taken(TABLE_ID, now_ms)) == 1
