from __future__ import annotations

import hashlib
import json
from itertools import pairwise
from typing import Any

import pytest

from baccarat.domain.log import (
    GENESIS,
    Event,
    EventType,
    Signature,
    SignedEvent,
    signing_input,
)
from baccarat.domain.round import RoundState
from tests.builders import Floor
from tests.vectors.tampering import rounds

EVENT = Event("bac-1", "bac-1.000000001", 1, 2, EventType.BETS_CLOSED, 1_700, {"a": 1}, "f" * 64)
SIGNED = SignedEvent(EVENT, EVENT.hash, Signature("kid", 3, "val"))


def test_the_hash_covers_everything_but_hash_and_signature() -> None:
    text = (
        '{"at_ms":1700,"data":{"a":1},"epoch":1,"prev":"' + "f" * 64 + '",'
        '"roundId":"bac-1.000000001","seq":2,"tableId":"bac-1","type":"BETS_CLOSED"}'
    )
    assert EVENT.hash == hashlib.sha256(text.encode()).hexdigest()


def test_what_is_signed_is_a_tag_and_the_hash() -> None:
    assert signing_input("ab" * 32) == b"baccarat-log-v1:" + b"ab" * 32


def test_an_event_survives_json() -> None:
    for played in rounds().values():
        for signed in played.events:
            assert SignedEvent.from_json(json.loads(signed.to_bytes())) == signed
    assert SignedEvent.from_json(SIGNED.to_json()) == SIGNED
    assert set(SIGNED.to_json()) == {
        "tableId", "roundId", "epoch", "seq", "type", "at_ms", "data", "prev", "hash", "sig",
    }  # fmt: skip


@pytest.mark.parametrize("member", sorted(SIGNED.to_json()))
def test_every_member_is_needed_in_its_type(member: str) -> None:
    value: Any = SIGNED.to_json()
    for wrong in (None, [], 1.5):
        with pytest.raises(ValueError, match=r"an event has|a signature has"):
            SignedEvent.from_json({**value, member: wrong})
    del value[member]
    with pytest.raises(ValueError, match="an event has"):
        SignedEvent.from_json(value)


def test_other_things_are_no_events() -> None:
    value: Any = SIGNED.to_json()
    with pytest.raises(ValueError, match="nothing else"):
        SignedEvent.from_json({**value, "note": 1})
    with pytest.raises(ValueError, match="EventType"):
        SignedEvent.from_json({**value, "type": "CARD_EATEN"})
    for sig in ({}, {"kid": "k", "ver": 1}, {"kid": "k", "ver": 1, "val": "v", "alg": "none"}):
        with pytest.raises(ValueError, match="a signature has"):
            SignedEvent.from_json({**value, "sig": sig})
    for other in (None, [], "x", 7):
        with pytest.raises(ValueError, match="an event has"):
            SignedEvent.from_json(other)  # type: ignore[arg-type]


def test_a_log_is_dense_and_chained_from_genesis_over_rounds_and_epochs() -> None:
    floor = Floor()
    events = list(floor.play(take_over_in=RoundState.OPEN).events)
    events += floor.play().events
    assert GENESIS == "0" * 64
    assert (events[0].event.seq, events[0].event.prev) == (1, GENESIS)
    places = [(signed.event.epoch, signed.event.seq) for signed in events]
    assert places == [(1, 1), (1, 2), (1, 3), *((2, seq) for seq in range(1, 15))]
    for before, after in pairwise(events):
        assert after.event.prev == before.hash == before.event.hash
