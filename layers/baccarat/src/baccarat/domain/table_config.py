"""What the house sets for a table: how it deals, what it takes and pays, how a shoe is played."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from baccarat.domain.canonical import Json, JsonObject
from baccarat.domain.paytable import PAYTABLES, Paytable, Spot
from baccarat.domain.shoe import MIN_CARDS_FOR_A_HAND

_LABEL: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,23}")
_MOST_HANDS_AFTER_CUT: Final = 3


class DealingMode(StrEnum):
    """Where the cards come from."""

    RNG = "rng"
    SHOE = "shoe"
    SHUFFLER = "shuffler"

    @property
    def is_physical(self) -> bool:
        """Whether a dealer draws the cards and scans them one by one."""
        return self is not DealingMode.RNG


class Presentation(StrEnum):
    """How cards are shown; the rules are the same."""

    STANDARD = "standard"
    SPEED = "speed"
    SQUEEZE = "squeeze"


@dataclass(frozen=True, slots=True)
class StakeLimit:
    """Smallest single bet and largest sum of one player's bets on a spot in one round."""

    min_minor: int
    max_minor: int

    def __post_init__(self) -> None:
        if not 0 < self.min_minor <= self.max_minor:
            raise ValueError(f"limits {self.min_minor} to {self.max_minor} minor units are empty")


@dataclass(frozen=True, slots=True)
class Caps:
    """Limits across spots; None does not limit.

    ``side_bet_percent``: all side bets of a player together, as a share of his stakes on Player
    and Banker. ``max_payout_minor``: the most that one player can get back in one round, stakes
    included. ``differential_minor``: the largest difference of all players' stakes on Player and
    on Banker together.
    """

    side_bet_percent: int | None = None
    max_payout_minor: int | None = None
    differential_minor: int | None = None

    def __post_init__(self) -> None:
        for name, value in self.to_json().items():
            if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
                raise ValueError(f"{name} is an integer or null, not {value!r}")
            if isinstance(value, int) and value <= 0:
                raise ValueError(f"{name} is positive or null, not {value}")

    def to_json(self) -> JsonObject:
        return {
            "side_bet_percent": self.side_bet_percent,
            "max_payout_minor": self.max_payout_minor,
            "differential_minor": self.differential_minor,
        }

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Raises: ValueError when ``value`` is not what ``to_json`` makes."""
        match value:
            case {
                "side_bet_percent": int() | None as side_bet_percent,
                "max_payout_minor": int() | None as max_payout_minor,
                "differential_minor": int() | None as differential_minor,
                **rest,
            } if not rest:
                return cls(side_bet_percent, max_payout_minor, differential_minor)
        raise ValueError(
            "caps have side_bet_percent, max_payout_minor and differential_minor, "
            "each an integer or null"
        )


NO_CAPS: Final = Caps()


@dataclass(frozen=True, slots=True)
class ShoeProcedure:
    """How a shoe is played. ``cut_cards`` lie behind the cut card; once it is out the hand in play
    is finished and ``hands_after_cut`` more are dealt. With ``burn`` the first card of a new shoe
    is shown, and as many as its value are burned after it, ten for tens and faces.
    """

    cut_cards: int = 14
    hands_after_cut: int = 1
    burn: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.hands_after_cut <= _MOST_HANDS_AFTER_CUT:
            raise ValueError(f"0 to {_MOST_HANDS_AFTER_CUT} hands are dealt after the cut card")
        # The card before the cut card may be the first of its hand.
        needed = MIN_CARDS_FOR_A_HAND * (1 + self.hands_after_cut) - 1
        if self.cut_cards < needed:
            raise ValueError(
                f"the cut card must leave the {needed} cards that a hand in play and "
                f"{self.hands_after_cut} more may need"
            )

    def to_json(self) -> JsonObject:
        return {
            "cut_cards": self.cut_cards,
            "hands_after_cut": self.hands_after_cut,
            "burn": self.burn,
        }

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Raises: ValueError when ``value`` is not what ``to_json`` makes."""
        match value:
            case {
                "cut_cards": int(cut_cards),
                "hands_after_cut": int(hands_after_cut),
                "burn": bool(burn),
                **rest,
            } if not rest and not any(isinstance(n, bool) for n in (cut_cards, hands_after_cut)):
                return cls(cut_cards, hands_after_cut, burn)
        raise ValueError("a shoe procedure has cut_cards, hands_after_cut and burn")


@dataclass(frozen=True, slots=True)
class TableConfig:
    """Times are in milliseconds, money in minor units.

    ``dealer_id`` names who deals where no person does; a person's seat is the table's, not the
    configuration's. ``language`` is the dealer's as a BCP 47 tag, ``group`` the lobby's heading
    under which the table stands.
    """

    name: str
    dealer_id: str
    currency: str
    paytable_version: str
    limits: dict[Spot, StakeLimit]
    bet_window_ms: int
    card_interval_ms: int
    procedure: ShoeProcedure = ShoeProcedure()
    mode: DealingMode = DealingMode.RNG
    presentation: Presentation = Presentation.STANDARD
    caps: Caps = NO_CAPS
    language: str = "en"
    group: str = "main"

    def __post_init__(self) -> None:
        if self.paytable_version not in PAYTABLES:
            known = ", ".join(sorted(PAYTABLES))
            raise ValueError(f"no paytable {self.paytable_version!r}; there are: {known}")
        if set(self.limits) != set(self.paytable.odds):
            raise ValueError("limits are needed for each spot of the paytable, and no other")
        if not 1_000 <= self.bet_window_ms <= 120_000:
            raise ValueError(f"a bet window lasts 1 to 120 s, not {self.bet_window_ms} ms")
        if not 0 <= self.card_interval_ms <= 10_000:
            raise ValueError(f"a card takes 0 to 10 s, not {self.card_interval_ms} ms")
        for name, value in (("language", self.language.lower()), ("group", self.group)):
            if not _LABEL.fullmatch(value):
                raise ValueError(f"{name} {value!r}: use 1 to 24 letters, digits and -")
        if self.procedure.burn and not self.mode.is_physical:
            raise ValueError("a server's shoe has no order, so there is nothing to burn from it")

    @property
    def paytable(self) -> Paytable:
        return PAYTABLES[self.paytable_version]

    def to_json(self) -> JsonObject:
        return {
            "name": self.name,
            "dealerId": self.dealer_id,
            "currency": self.currency,
            "paytable": self.paytable_version,
            "limits": limits_json(self.limits),
            "bet_window_ms": self.bet_window_ms,
            "card_interval_ms": self.card_interval_ms,
            "procedure": self.procedure.to_json(),
            "mode": self.mode.value,
            "presentation": self.presentation.value,
            "caps": self.caps.to_json(),
            "language": self.language,
            "group": self.group,
        }

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Raises: ValueError when ``value`` is not a table configuration."""
        match value:
            case {
                "name": str(name),
                "dealerId": str(dealer_id),
                "currency": str(currency),
                "paytable": str(paytable),
                "limits": dict(limits),
                "bet_window_ms": int(bet_window_ms),
                "card_interval_ms": int(card_interval_ms),
                "procedure": dict(procedure),
                "mode": str(mode),
                "presentation": str(presentation),
                "caps": dict(caps),
                "language": str(language),
                "group": str(group),
                **rest,
            } if not rest:
                return cls(
                    name,
                    dealer_id,
                    currency,
                    paytable,
                    limits_from_json(limits),
                    bet_window_ms,
                    card_interval_ms,
                    ShoeProcedure.from_json(procedure),
                    DealingMode(mode),
                    Presentation(presentation),
                    Caps.from_json(caps),
                    language,
                    group,
                )
        raise ValueError(f"not a table configuration: {value!r}")


def limits_json(limits: Mapping[Spot, StakeLimit]) -> JsonObject:
    return {
        spot.value: {"min_minor": limit.min_minor, "max_minor": limit.max_minor}
        for spot, limit in limits.items()
    }


def limits_from_json(value: Json) -> dict[Spot, StakeLimit]:
    """Raises: ValueError when ``value`` does not map spots to limits."""
    if not isinstance(value, dict):
        raise ValueError("limits map each spot to its limit")
    limits: dict[Spot, StakeLimit] = {}
    for spot, limit in value.items():
        match limit:
            case {"min_minor": int(low), "max_minor": int(high), **rest} if not rest:
                limits[Spot(spot)] = StakeLimit(low, high)
            case _:
                raise ValueError(f"the limit of {spot} needs min_minor and max_minor")
    return limits
