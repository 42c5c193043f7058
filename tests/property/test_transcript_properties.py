"""Any change of a transcript, to one byte or one member, is noticed."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from baccarat.adapters.cli import read_document
from baccarat.domain.log import EventType
from baccarat.domain.paytable import COMMISSION_8_DECKS
from baccarat.domain.round import (
    CardSource,
    PauseDealing,
    PauseReason,
    ResumeDealing,
    RetractCards,
    RoundState,
    UndoScan,
    VoidReason,
)
from baccarat.domain.table_config import DealingMode, ShoeProcedure
from baccarat.domain.transcript import VerificationFailed, verify, verify_link
from tests.builders import KEYS, Floor, RoundInPlay, bet, by_hand, reread
from tests.vectors.tampering import encoded, valid

CHECK = KEYS.check
NAMES = ["six-bets", "one-bet", "taken-over", "void-after-seal", "player-with-bets"]
NAMES += ["shoe-middle", "shuffler-middle", "shuffler-next-shoe"]


def refused(content: bytes) -> VerificationFailed:
    with pytest.raises(VerificationFailed) as failure:
        verify(read_document(content), CHECK)
    assert failure.value.message
    return failure.value


def same(one: Any, other: Any) -> bool:
    """Equality that tells 1 from true and 1.0, as JSON does."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


@given(st.sampled_from(NAMES), st.integers(0, 10**6), st.integers(0, 255))
@settings(max_examples=400)
def test_any_byte(name: str, place: int, byte: int) -> None:
    content = bytearray(encoded(valid()[name]))
    place %= len(content)
    assume(content[place] != byte)
    content[place] = byte
    refused(bytes(content))


@given(st.sampled_from(NAMES), st.integers(0, 10**6), st.integers(0, 10**6))
def test_any_piece_cut_out(name: str, start: int, length: int) -> None:
    content = encoded(valid()[name])
    start %= len(content)
    length = 1 + length % (len(content) - start)
    refused(content[:start] + content[start + length :])


def paths(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    if isinstance(value, dict):
        for name in value:
            yield from paths(value[name], (*at, name))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from paths(item, (*at, place))


PATHS = {name: [path for path in paths(valid()[name]) if path] for name in NAMES}
others = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 10),
    st.integers(),
    st.floats(),
    st.sampled_from(["", "0", "PLAYER", "BANKER", "TIE", "house", "player", "AS", "00" * 32]),
    st.text(max_size=3),
    st.just([]),
    st.just({}),
)


@given(st.data())
@settings(max_examples=400)
def test_any_member(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(NAMES))
    path = data.draw(st.sampled_from(PATHS[name]))
    document = copy.deepcopy(valid()[name])
    parent: Any = document
    for step in path[:-1]:
        parent = parent[step]
    action = data.draw(st.sampled_from(["replace", "remove", "repeat", "nudge"]))
    old = parent[path[-1]]
    if action == "replace":
        parent[path[-1]] = data.draw(others)
    elif action == "remove":
        del parent[path[-1]]
    elif action == "repeat":
        if isinstance(parent, list):
            parent.insert(path[-1], old)
        else:
            parent[f"{path[-1]}2"] = old
    elif isinstance(old, int):
        parent[path[-1]] = old + data.draw(st.sampled_from([-1, 1]))
    elif isinstance(old, str) and old:
        place = data.draw(st.integers(0, len(old) - 1))
        parent[path[-1]] = (
            old[:place] + data.draw(st.sampled_from("09afAZ-_=+/ .")) + old[place + 1 :]
        )
    assume(not same(document, valid()[name]))
    refused(encoded(document))


bets = st.lists(
    st.builds(
        bet,
        st.sampled_from(["anna", "bruno", "chloe", "dora"]),
        st.integers(0, 999),
        st.sampled_from([spot.value for spot in COMMISSION_8_DECKS.odds]),
        st.integers(100, 10_000),
    ),
    max_size=12,
    unique_by=lambda entry: (entry.player_id, entry.bet_id),
)


@given(
    bets,
    st.binary(min_size=32, max_size=32),
    st.sampled_from([None, *RoundState]),
    st.sampled_from([None, RoundState.OPEN, RoundState.CLOSED, RoundState.DEALING]),
)
@settings(max_examples=60)
def test_any_honest_round_verifies_in_every_view(
    made: list[Any],
    seed: bytes,
    take_over_in: RoundState | None,
    void_in: RoundState | None,
) -> None:
    played = Floor().play(made, seed=seed, take_over_in=take_over_in, void_in=void_in)
    house = verify(reread(played.house), CHECK)
    assert house.round == played.round
    together = []
    for player in ("anna", "bruno", "chloe", "dora", "nobody"):
        own = verify(reread(played.player(player)), CHECK)
        assert {payout.player_id for payout in own.payouts} <= {player}
        together += own.payouts
    assert sorted(together, key=lambda p: (p.player_id, p.bet_id)) == list(house.payouts)


ACTIONS = ["deal", "burn", "undo", "retract", "wrong card", "seat", "take over"]


@given(
    st.sampled_from([DealingMode.SHOE, DealingMode.SHUFFLER]),
    st.integers(0, 3),
    st.lists(st.lists(st.sampled_from(ACTIONS), max_size=12), min_size=1, max_size=3),
    st.booleans(),
)
@settings(max_examples=60)
def test_any_honest_hand_of_a_dealer_verifies_and_links(
    mode: DealingMode,
    hands_after_cut: int,
    scripts: list[list[str]],
    void: bool,  # noqa: FBT001  drawn, not given
) -> None:
    procedure = ShoeProcedure(cut_cards=398, hands_after_cut=hands_after_cut, burn=True)
    floor = Floor(config=by_hand(mode, procedure))
    earlier = verify(reread(floor.play().house), CHECK)
    for number, script in enumerate(scripts):
        in_play = floor.open_round([bet("anna", 1)])
        in_play.seal()
        for action in script:
            disturb(in_play, action)
        last = void and number == len(scripts) - 1
        played = in_play.void(VoidReason.PIT_DECISION, "pia", "") if last else in_play.finish()
        later = verify(reread(played.house), CHECK)
        assert later.round == played.round
        verify_link(earlier, later)
        earlier = later


def disturb(in_play: RoundInPlay, action: str) -> None:
    """Do ``action`` if it can be done now."""
    round_ = in_play.round
    match action:
        case "deal" if round_.next_hand is not None:
            in_play.deal()
        case "burn":
            in_play.burn()
        case "undo":
            in_play.step(UndoScan(in_play.next_card, "dora"))
        case "retract" if round_.cards and not round_.burned:
            in_play.step(RetractCards(1 + len(round_.cards) // 2, "pia", ""))
        case "wrong card":
            in_play.step(PauseDealing(PauseReason.WRONG_CARD, "dora"))
            if round_.next_hand is not None:
                in_play.deal(source=CardSource.PIT)
            in_play.step(ResumeDealing("pia"))
        case "seat":
            in_play.say((EventType.DEALER_SEATED, {"dealerId": "emil", "by": "pia"}))
        case "take over":
            in_play.take_over()
