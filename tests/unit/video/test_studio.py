"""The synthetic studio: what a scene may show when, and that its pictures carry it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops

from baccarat.domain.cards import DECK
from baccarat.domain.coup import Hand, Outcome
from baccarat.domain.round import PauseReason, RoundState
from baccarat.domain.video.marks import FrameMark
from baccarat.domain.video.strip import Strip, read_strip
from media_sfu.table_log import TableLog, TableState
from sandbox.studio import cards, felt
from sandbox.studio.painter import Painter
from sandbox.studio.scene import AFTERGLOW_MS, CardOnTable, Scene, scene_of
from tests.builders import Floor

MARK = FrameMark("bac-1", "bac-1.000000042", 3, 17, "dora", 1_764_000_000_123)
EMPTY = Scene("Salon Privé 1", "Dora", 42, "PLACE YOUR BETS", 11, 0.7, (), (None, None), None)


def states(rounds: int = 1) -> list[TableState]:
    """Return the states of a table after each of its events, for seeded rounds."""
    floor = Floor()
    log = TableLog("bac-1")
    found = []
    for number in range(rounds):
        for signed in floor.play(seed=bytes([number + 1]) * 32).events:
            if log.position is None:
                table = {"tableId": "bac-1", "name": "Salon", "dealer": "Dora"}
                log.join({"table": table, "complete": False, "events": [signed.to_json()]})
            else:
                log.receive([signed.to_json()])
            found.append(log.state)
    return found


def in_state(state: RoundState, rounds: int = 1) -> TableState:
    return next(s for s in reversed(states(rounds)) if s.round and s.round.state is state)


def test_the_clock_runs_down_while_bets_are_taken_and_is_gone_at_the_close() -> None:
    state = in_state(RoundState.OPEN)
    assert state.round is not None
    opened, closes = state.round.opened_at_ms, state.round.closes_at_ms
    scene = scene_of(state, (opened + closes) // 2)
    assert scene.fraction_left == pytest.approx(0.5, abs=0.01)
    assert scene.message == "PLACE YOUR BETS"
    assert scene_of(state, closes - 1).seconds_left == 1
    closed = scene_of(state, closes)
    assert (closed.fraction_left, closed.seconds_left) == (None, 0)
    assert closed.message == "NO MORE BETS"


@given(st.integers(0, 30))
def test_nothing_is_given_away_before_the_last_card_lies(step: int) -> None:
    state = SETTLED
    assert state.round is not None
    now_ms = state.cards_at_ms[0] + step * 200
    scene = scene_of(state, now_ms)
    lying = [card for card in scene.cards if card.lies]
    assert len(scene.cards) == sum(start <= now_ms for start in state.cards_at_ms)
    assert [(card.hand, card.card) for card in scene.cards] == list(
        state.round.cards[: len(scene.cards)]
    )
    if len(lying) < len(state.round.cards):
        assert scene.winner is None
        assert scene.message == "DEALING"
    else:
        assert scene.winner is state.round.outcome
        assert scene.totals == (state.round.coup.player_total, state.round.coup.banker_total)


SETTLED = in_state(RoundState.SETTLED)


def test_the_cards_of_a_hand_lie_side_by_side() -> None:
    state = next(s for s in states(8) if s.round and s.round.outcome and len(s.round.cards) == 6)
    assert state.round is not None
    scene = scene_of(state, state.round.shown_at_ms)
    for hand in Hand:
        held = [card for card in scene.cards if card.hand is hand]
        assert [card.place for card in held] == [0, 1, 2]
        boxes = [felt.place_of(hand, card.place) for card in held]
        assert len(set(boxes)) == 3
        assert all(felt.HANDS[hand][0] < x < felt.HANDS[hand][2] for x, _ in boxes)


def test_the_last_hand_stays_for_a_moment_after_the_next_round_has_opened() -> None:
    state = in_state(RoundState.OPEN, rounds=2)
    assert state.round is not None
    assert state.before is not None
    opened = state.round.opened_at_ms
    early, late = scene_of(state, opened + 100), scene_of(state, opened + AFTERGLOW_MS)
    assert early.winner is state.before.outcome
    assert [card.card for card in early.cards] == [card for _, card in state.before.cards]
    assert early.fraction_left is not None
    assert (late.cards, late.winner) == ((), None)


def test_a_void_and_a_pause_are_told() -> None:
    dealing = in_state(RoundState.DEALING)
    assert dealing.round is not None
    shown = dealing.round.shown_at_ms
    paused = replace(dealing, round=replace(dealing.round, paused=PauseReason.DEALER_GONE))
    assert scene_of(paused, shown).message == "ONE MOMENT, PLEASE"
    void = replace(dealing, round=replace(dealing.round, state=RoundState.VOIDED))
    assert scene_of(void, shown).message.startswith("ROUND VOID")
    assert scene_of(TableState("bac-1"), 0).message == "WELCOME"


def test_what_the_paytable_pays_is_printed_on_the_felt() -> None:
    assert scene_of(SETTLED, 0).pays == ("PAYS 1 TO 1", "PAYS 8 TO 1", "PAYS 0.95 TO 1")


@pytest.mark.parametrize("at_ms", [0, 2**42 - 1, 1_764_000_000_123])
def test_every_picture_carries_its_mark(at_ms: int) -> None:
    mark = replace(MARK, at_ms=at_ms)
    picture = Painter().paint(EMPTY, mark)
    assert picture.size == (felt.WIDTH, felt.HEIGHT)
    luma = picture.convert("L").tobytes()
    assert read_strip(luma, felt.WIDTH, felt.HEIGHT, felt.WIDTH) == Strip.of(mark)


def changed_box(before: Image.Image, after: Image.Image) -> tuple[int, int, int, int] | None:
    return ImageChops.difference(before, after).getbbox()


def test_a_card_comes_from_the_shoe_and_then_lies_where_it_belongs() -> None:
    painter = Painter()
    table = replace(EMPTY, fraction_left=None)
    before = painter.paint(table, MARK)

    def box_of(travelled: float, turned: float) -> tuple[int, int, int, int]:
        card = CardOnTable(Hand.PLAYER, 0, DECK[0], travelled, turned)
        box = changed_box(before, painter.paint(replace(table, cards=(card,)), MARK))
        assert box is not None
        return box

    start, end = box_of(0, 0), box_of(1, 1)
    assert start[0] > felt.WIDTH * 0.75
    x, y = felt.place_of(Hand.PLAYER, 0)
    reach = cards.WIDTH / 2 + cards.SHADOW
    assert end[0] >= x - reach - 1
    assert end[2] <= x + reach + 1
    assert end[1] < y < end[3]


def test_the_winner_is_lit() -> None:
    painter = Painter()
    before = painter.paint(EMPTY, MARK)
    after = painter.paint(replace(EMPTY, winner=Outcome.BANKER, fraction_left=None), MARK)
    left, top, _, _ = felt.FIELDS[Outcome.BANKER]
    inside = (left + 30, top + 20, left + 31, top + 21)
    assert sum(after.crop(inside).getpixel((0, 0))) > sum(before.crop(inside).getpixel((0, 0)))


def test_what_lies_still_is_painted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    painter = Painter()
    painted = []
    stage = Painter._paint_stage
    monkeypatch.setattr(
        Painter, "_paint_stage", lambda *given: painted.append(given) or stage(*given)
    )
    for tick in range(25):
        moving = CardOnTable(Hand.BANKER, 0, DECK[5], tick / 25, 0)
        scene = replace(EMPTY, fraction_left=1 - tick / 100, cards=(moving,))
        painter.paint(scene, replace(MARK, at_ms=MARK.at_ms + 40 * tick))
    assert len(painted) == 1


@pytest.mark.parametrize(
    ("text", "shown"), [("Salon Privé 1", "Salon Prive 1"), ("黒", "?"), ("", ""), ("Dora", "Dora")]
)
def test_names_are_written_in_the_letters_that_every_machine_has(text: str, shown: str) -> None:
    assert felt.printable(text) == shown


def test_every_card_has_a_face_of_its_own() -> None:
    faces = {cards.face(card).tobytes() for card in DECK}
    assert len(faces) == len(DECK)
    assert cards.back().tobytes() not in faces
