"""Every bet of the layout: what a complete coup means for it.

A rule sorts coups into *ways*; what a way pays is the paytable's business, so all variants share
one rule for each spot. ``docs/formats/transcript.md`` lists the ways for strangers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from baccarat.domain.cards import Card
from baccarat.domain.coup import Coup, Outcome


class Spot(StrEnum):
    """A place on the layout that takes a stake."""

    PLAYER = "PLAYER"
    BANKER = "BANKER"
    TIE = "TIE"
    PLAYER_PAIR = "PLAYER_PAIR"
    BANKER_PAIR = "BANKER_PAIR"
    EITHER_PAIR = "EITHER_PAIR"
    PERFECT_PAIR = "PERFECT_PAIR"
    PLAYER_BONUS = "PLAYER_BONUS"
    BANKER_BONUS = "BANKER_BONUS"
    DRAGON_7 = "DRAGON_7"
    PANDA_8 = "PANDA_8"
    SUPER_6 = "SUPER_6"
    LUCKY_6 = "LUCKY_6"
    SMALL = "SMALL"
    BIG = "BIG"


MAIN_SPOTS: Final = frozenset({Spot.PLAYER, Spot.BANKER, Spot.TIE})
"""Bets on the result; all others are side bets."""
SIDES: Final = (Spot.PLAYER, Spot.BANKER)
"""The two sides of the table: the main bets of which side bets are a share."""
PAIR_SPOTS: Final = frozenset(
    {Spot.PLAYER_PAIR, Spot.BANKER_PAIR, Spot.EITHER_PAIR, Spot.PERFECT_PAIR}
)
"""Decided by rank and suit of the first two cards of each hand; all others by points alone."""


class Way(StrEnum):
    """How a bet can end. A way that the paytable gives no odds for loses."""

    LOSE = "LOSE"
    WIN = "WIN"
    TIE = "TIE"
    WIN_ON_SIX = "WIN_ON_SIX"
    WIN_ON_THREE_CARD_SEVEN = "WIN_ON_THREE_CARD_SEVEN"
    ONE = "ONE"
    BOTH = "BOTH"
    NATURAL = "NATURAL"
    NATURAL_TIE = "NATURAL_TIE"
    BY_FOUR = "BY_FOUR"
    BY_FIVE = "BY_FIVE"
    BY_SIX = "BY_SIX"
    BY_SEVEN = "BY_SEVEN"
    BY_EIGHT = "BY_EIGHT"
    BY_NINE = "BY_NINE"
    TWO_CARDS = "TWO_CARDS"
    THREE_CARDS = "THREE_CARDS"


_BY: Final = {
    4: Way.BY_FOUR,
    5: Way.BY_FIVE,
    6: Way.BY_SIX,
    7: Way.BY_SEVEN,
    8: Way.BY_EIGHT,
    9: Way.BY_NINE,
}


def way(spot: Spot, coup: Coup) -> Way:
    """Return how a bet on ``spot`` ends.

    Raises:
        ValueError: cards are still to come.
    """
    if coup.next_hand() is not None:
        raise ValueError("the coup is not complete")
    return RULES[spot](coup)


def _when(holds: bool) -> Way:  # noqa: FBT001  the one thing it is about
    return Way.WIN if holds else Way.LOSE


def _player(coup: Coup) -> Way:
    return Way.TIE if coup.outcome is Outcome.TIE else _when(coup.outcome is Outcome.PLAYER)


def _banker(coup: Coup) -> Way:
    match coup.outcome:
        case Outcome.TIE:
            return Way.TIE
        case Outcome.PLAYER:
            return Way.LOSE
        case Outcome.BANKER if coup.banker_total == 6:
            return Way.WIN_ON_SIX
        case Outcome.BANKER if coup.banker_total == 7 and len(coup.banker) == 3:
            return Way.WIN_ON_THREE_CARD_SEVEN
        case Outcome.BANKER:
            return Way.WIN


def _is_pair(cards: tuple[Card, ...]) -> bool:
    return cards[0][0] == cards[1][0]


def _is_perfect(cards: tuple[Card, ...]) -> bool:
    return cards[0] == cards[1]


def _perfect_pair(coup: Coup) -> Way:
    perfect = _is_perfect(coup.player) + _is_perfect(coup.banker)
    return (Way.LOSE, Way.ONE, Way.BOTH)[perfect]


def _bonus(coup: Coup, hand: Outcome) -> Way:
    if coup.outcome is Outcome.TIE:
        return Way.NATURAL_TIE if coup.is_natural else Way.LOSE
    if coup.outcome is not hand:
        return Way.LOSE
    # Nothing beats a natural but a natural: the winner of a natural coup has one.
    if coup.is_natural:
        return Way.NATURAL
    return _BY.get(abs(coup.player_total - coup.banker_total), Way.LOSE)


def _banker_wins_on(coup: Coup, total: int) -> bool:
    return coup.outcome is Outcome.BANKER and coup.banker_total == total


def _panda_8(coup: Coup) -> Way:
    three_card_eight = coup.player_total == 8 and len(coup.player) == 3
    return _when(coup.outcome is Outcome.PLAYER and three_card_eight)


def _lucky_6(coup: Coup) -> Way:
    if not _banker_wins_on(coup, 6):
        return Way.LOSE
    return Way.TWO_CARDS if len(coup.banker) == 2 else Way.THREE_CARDS


def _cards(coup: Coup) -> int:
    return len(coup.player) + len(coup.banker)


RULES: Final[dict[Spot, Callable[[Coup], Way]]] = {
    Spot.PLAYER: _player,
    Spot.BANKER: _banker,
    Spot.TIE: lambda coup: _when(coup.outcome is Outcome.TIE),
    Spot.PLAYER_PAIR: lambda coup: _when(_is_pair(coup.player)),
    Spot.BANKER_PAIR: lambda coup: _when(_is_pair(coup.banker)),
    Spot.EITHER_PAIR: lambda coup: _when(_is_pair(coup.player) or _is_pair(coup.banker)),
    Spot.PERFECT_PAIR: _perfect_pair,
    Spot.PLAYER_BONUS: lambda coup: _bonus(coup, Outcome.PLAYER),
    Spot.BANKER_BONUS: lambda coup: _bonus(coup, Outcome.BANKER),
    Spot.DRAGON_7: lambda coup: _when(_banker_wins_on(coup, 7) and len(coup.banker) == 3),
    Spot.PANDA_8: _panda_8,
    Spot.SUPER_6: lambda coup: _when(_banker_wins_on(coup, 6)),
    Spot.LUCKY_6: _lucky_6,
    Spot.SMALL: lambda coup: _when(_cards(coup) == 4),
    Spot.BIG: lambda coup: _when(_cards(coup) >= 5),
}
"""One rule for each spot. Rules of ``PAIR_SPOTS`` look at the first four cards only."""


def _at_any_outcome(*ways: Way) -> dict[Outcome, frozenset[Way]]:
    return dict.fromkeys(Outcome, frozenset(ways))


def _at(outcome: Outcome, *ways: Way) -> dict[Outcome, frozenset[Way]]:
    return {outcome: frozenset(ways)}


_BONUS_WAYS: Final = (Way.NATURAL, *_BY.values())

WAYS: Final[dict[Spot, Mapping[Outcome, frozenset[Way]]]] = {
    Spot.PLAYER: {**_at(Outcome.PLAYER, Way.WIN), **_at(Outcome.TIE, Way.TIE)},
    Spot.BANKER: {
        **_at(Outcome.BANKER, Way.WIN, Way.WIN_ON_SIX, Way.WIN_ON_THREE_CARD_SEVEN),
        **_at(Outcome.TIE, Way.TIE),
    },
    Spot.TIE: _at(Outcome.TIE, Way.WIN),
    Spot.PLAYER_PAIR: _at_any_outcome(Way.WIN),
    Spot.BANKER_PAIR: _at_any_outcome(Way.WIN),
    Spot.EITHER_PAIR: _at_any_outcome(Way.WIN),
    Spot.PERFECT_PAIR: _at_any_outcome(Way.ONE, Way.BOTH),
    Spot.PLAYER_BONUS: {
        **_at(Outcome.PLAYER, *_BONUS_WAYS),
        **_at(Outcome.TIE, Way.NATURAL_TIE),
    },
    Spot.BANKER_BONUS: {
        **_at(Outcome.BANKER, *_BONUS_WAYS),
        **_at(Outcome.TIE, Way.NATURAL_TIE),
    },
    Spot.DRAGON_7: _at(Outcome.BANKER, Way.WIN),
    Spot.PANDA_8: _at(Outcome.PLAYER, Way.WIN),
    Spot.SUPER_6: _at(Outcome.BANKER, Way.WIN),
    Spot.LUCKY_6: _at(Outcome.BANKER, Way.TWO_CARDS, Way.THREE_CARDS),
    Spot.SMALL: _at_any_outcome(Way.WIN),
    Spot.BIG: _at_any_outcome(Way.WIN),
}
"""In which ways a bet can end at each outcome, but for ``LOSE``."""
