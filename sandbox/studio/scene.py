"""What lies on a table at one moment of the server's clock. Pure.

The page's ``presentation.js`` tells the same story: a server's cards are in the log ahead of the
eyes, and nothing here may give a result away before the last of them lies face up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from baccarat.domain.bets import Way
from baccarat.domain.cards import Card, total
from baccarat.domain.coup import Hand, Outcome
from baccarat.domain.paytable import PAYTABLES, Spot, Variant
from baccarat.domain.round import Round, RoundState
from media_sfu.table_log import TableState

AFTERGLOW_MS: Final = 3_500
"""How long at most the last hand stays after the next round has opened."""
_AFTERGLOW_SHARE: Final = 0.4
_ARRIVE_MS: Final = 380
_FLIP_MS: Final = 420
_HAND_INTERVAL_MS: Final = 1_000
_BANKER_PAYS: Final = {
    Variant.COMMISSION: "PAYS 0.95 TO 1",
    Variant.NO_COMMISSION: "PAYS 1 TO 1, HALF ON SIX",
    Variant.EZ: "PAYS 1 TO 1, THREE-CARD SEVEN PUSHES",
}


@dataclass(frozen=True, slots=True)
class CardOnTable:
    """The card at ``place`` (0, 1, 2) of a hand. ``travelled`` and ``turned`` go from 0 to 1."""

    hand: Hand
    place: int
    card: Card
    travelled: float
    turned: float

    @property
    def lies(self) -> bool:
        return self.turned >= 1


@dataclass(frozen=True, slots=True)
class Scene:
    """What there is to see. ``fraction_left`` of the betting time is None while none runs."""

    table_name: str
    dealer_name: str
    round_no: int
    message: str
    seconds_left: int
    fraction_left: float | None
    cards: tuple[CardOnTable, ...]
    totals: tuple[int | None, int | None]
    winner: Outcome | None
    pays: tuple[str, str, str] = ("", "", "")
    """What Player, Tie and Banker pay."""


def scene_of(state: TableState, server_ms: float) -> Scene:
    """Return what a picture of the table shows at ``server_ms``."""
    round_ = state.round
    shown, starts = _shown(state, server_ms)
    cards = _cards(shown, starts, server_ms) if shown is not None else ()
    lying = [card for card in cards if card.lies]
    all_lie = shown is not None and len(lying) == len(shown.cards)
    winner = shown.outcome if shown is not None and all_lie else None
    left_ms = round_.closes_at_ms - server_ms if round_ is not None else 0
    is_open = round_ is not None and round_.state is RoundState.OPEN and left_ms > 0
    totals = tuple(_total(lying, hand) for hand in (Hand.PLAYER, Hand.BANKER))
    return Scene(
        table_name=state.name,
        dealer_name=state.dealer_name,
        round_no=round_.round_no if round_ is not None else 0,
        message=_message(round_, shown, winner, totals, is_open=is_open),
        seconds_left=-int(-left_ms // 1000) if is_open else 0,
        fraction_left=left_ms / max(1, round_.closes_at_ms - round_.opened_at_ms)
        if is_open and round_ is not None
        else None,
        cards=cards,
        totals=(totals[0], totals[1]),
        winner=winner,
        pays=_pays(round_),
    )


def _pays(round_: Round | None) -> tuple[str, str, str]:
    paytable = PAYTABLES.get(round_.paytable_version) if round_ is not None else None
    if paytable is None:
        return "", "", ""
    tie = paytable.odds[Spot.TIE][Way.WIN]
    return "PAYS 1 TO 1", f"PAYS {tie} TO 1", _BANKER_PAYS[paytable.variant]


def _shown(state: TableState, server_ms: float) -> tuple[Round | None, tuple[int, ...]]:
    """Return the round whose cards lie there and when each came."""
    round_, before = state.round, state.before
    if round_ is not None and before is not None and round_.state is RoundState.OPEN:
        window_ms = round_.closes_at_ms - round_.opened_at_ms
        until = round_.opened_at_ms + min(AFTERGLOW_MS, window_ms * _AFTERGLOW_SHARE)
        if before.state is RoundState.SETTLED and server_ms < until:
            return before, (0,) * len(before.cards)
    return round_, state.cards_at_ms


def _cards(round_: Round, starts: tuple[int, ...], server_ms: float) -> tuple[CardOnTable, ...]:
    interval = _HAND_INTERVAL_MS if round_.mode.is_physical else round_.card_interval_ms
    arrive_ms, flip_ms = min(_ARRIVE_MS, interval * 0.3), min(_FLIP_MS, interval * 0.4)
    places = {Hand.PLAYER: 0, Hand.BANKER: 0}
    cards = []
    for (hand, card), start in zip(round_.cards, starts, strict=True):
        gone = server_ms - start
        if gone < 0:
            break
        travelled = _share(gone, arrive_ms)
        turned = _share(gone - arrive_ms, flip_ms)
        cards.append(CardOnTable(hand, places[hand], card, travelled, turned))
        places[hand] += 1
    return tuple(cards)


def _share(gone_ms: float, whole_ms: float) -> float:
    return 1.0 if gone_ms >= whole_ms else max(0.0, gone_ms / whole_ms)


def _total(lying: list[CardOnTable], hand: Hand) -> int | None:
    held = [card.card for card in lying if card.hand is hand]
    return total(held) if held else None


def _message(  # noqa: PLR0911  one case for each thing to say, side by side
    round_: Round | None,
    shown: Round | None,
    winner: Outcome | None,
    totals: tuple[int | None, ...],
    *,
    is_open: bool,
) -> str:
    if winner is not None:
        if winner is Outcome.TIE:
            return f"TIE   {totals[0]} : {totals[1]}"
        natural = shown is not None and shown.coup.is_natural
        high, low = sorted((totals[0] or 0, totals[1] or 0), reverse=True)
        return f"{winner.value} WINS   {high} : {low}" + ("   NATURAL" if natural else "")
    if round_ is None:
        return "WELCOME"
    if round_.state is RoundState.VOIDED:
        return "ROUND VOID - ALL STAKES RETURNED"
    if is_open:
        return "PLACE YOUR BETS"
    if round_.paused is not None:
        return "ONE MOMENT, PLEASE"
    return "DEALING" if round_.cards else "NO MORE BETS"
