"""The formats page is enough to pay: its tables are read, its conditions done again by hand.

Nothing of ``baccarat.domain.bets`` is used; what the page says is compared with what is paid.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import pytest

from baccarat.domain.coup import deal
from baccarat.domain.paytable import PAYTABLES, Spot
from baccarat.domain.shoe import Shoe

PAGE = Path(__file__).resolve().parents[2] / "docs/formats/transcript.md"
SECTION = PAGE.read_text().partition("### Further paytables")[2].partition("\n## ")[0]
ALL = re.findall(r"`([A-Z_0-9]+)`", SECTION.partition("*All* are the spots")[2].partition(".")[0])
VERSIONS = {
    version: (int(decks), spots, banker, tie)
    for version, decks, spots, banker, tie in re.findall(
        r"^\| `(\S+)` \| (\d) \| (.+?) \| (.+?) \| (.+?) \|$", SECTION, re.MULTILINE
    )
}
LINES = re.findall(r"^\| `([A-Z_0-9]+)` \| (.+?) \| (.*?) ?\|$", SECTION, re.MULTILINE)


class Hands:
    """What the page's words mean, from the codes of the cards."""

    def __init__(self, player: Sequence[str], banker: Sequence[str]) -> None:
        self.cards = {"Player": player, "Banker": banker}
        self.total = {hand: self.points(cards) for hand, cards in self.cards.items()}
        self.tie = self.total["Player"] == self.total["Banker"]
        self.winner = "" if self.tie else max(self.total, key=self.total.__getitem__)
        self.natural = any(self.points(cards[:2]) >= 8 for cards in self.cards.values())
        self.margin = abs(self.total["Player"] - self.total["Banker"])

    @staticmethod
    def points(cards: Sequence[str]) -> int:
        return sum("A23456789".find(card[0]) + 1 for card in cards) % 10

    def pair(self, hand: str) -> bool:
        first, second = self.cards[hand][:2]
        return first[0] == second[0]

    def perfect(self) -> int:
        return sum(cards[0] == cards[1] for cards in self.cards.values())

    def wins(self, hand: str, total: int, *lengths: int) -> bool:
        return (
            self.winner == hand
            and self.total[hand] == total
            and len(self.cards[hand]) in (lengths or (2, 3))
        )

    def dealt(self) -> int:
        return sum(len(cards) for cards in self.cards.values())


CONDITIONS: dict[str, Callable[[Hands], bool]] = {
    "Player wins": lambda h: h.winner == "Player",
    "tie": lambda h: h.tie,
    "commission: Banker wins": lambda h: h.winner == "Banker",
    "no commission: Banker wins with a total of 6, of two or three cards": (
        lambda h: h.wins("Banker", 6)
    ),
    "no commission: Banker wins with another total": (
        lambda h: h.winner == "Banker" and h.total["Banker"] != 6
    ),
    "EZ: Banker wins with a total of 7 of three cards": lambda h: h.wins("Banker", 7, 3),
    "EZ: Banker wins otherwise": lambda h: h.winner == "Banker" and not h.wins("Banker", 7, 3),
    "Player's first two have the same rank (king and queen do not)": lambda h: h.pair("Player"),
    "Banker's first two have the same rank": lambda h: h.pair("Banker"),
    "one hand's or both hands' first two have the same rank": (
        lambda h: h.pair("Player") or h.pair("Banker")
    ),
    "one hand's first two have the same rank and suit": lambda h: h.perfect() == 1,
    "both hands' first two do, each hand for itself": lambda h: h.perfect() == 2,
    "tie and the coup is natural": lambda h: h.tie and h.natural,
    "Banker wins with a total of 7 of three cards": lambda h: h.wins("Banker", 7, 3),
    "Player wins with a total of 8 of three cards": lambda h: h.wins("Player", 8, 3),
    "Banker wins with a total of 6, of two or three cards": lambda h: h.wins("Banker", 6),
    "Banker wins with a total of 6 of two cards": lambda h: h.wins("Banker", 6, 2),
    "Banker wins with a total of 6 of three cards": lambda h: h.wins("Banker", 6, 3),
    "four cards were dealt to both hands together": lambda h: h.dealt() == 4,
    "five or six cards were dealt to both hands together": lambda h: h.dealt() in (5, 6),
}


def condition(when: str, spot: str) -> Callable[[Hands], bool]:
    hand = "Banker" if spot == "BANKER_BONUS" else "Player"
    if when.endswith("wins and the coup is natural"):
        return lambda h: h.winner == hand and h.natural
    if margin := re.fullmatch(r"(?:Player wins, not natural, with a margin|…) of (\d)", when):
        least = int(margin[1])
        return lambda h: h.winner == hand and not h.natural and h.margin == least
    return CONDITIONS[when]


def lines_of(version: str, spot: str) -> list[tuple[Callable[[Hands], bool], Fraction]]:
    """Return the page's lines that hold for a spot: when, and what a stake of one gets on top."""
    _, spots, banker, tie = VERSIONS[version]
    result = []
    for name, when, gets in LINES:
        if name != ("PLAYER_BONUS" if spot == "BANKER_BONUS" else spot):
            continue
        variant = when.partition(":")[0] if ":" in when else None
        if variant is not None and variant != banker:
            continue
        odds = gets
        if gets == "by the table above":
            own = re.search(rf"`{spot}` at (\d+ : 1)", spots)
            odds = own[1] if own else tie
        winnings = Fraction(0) if odds == "stake back" else Fraction(odds.removesuffix(" : 1"))
        result.append((condition(when, spot), winnings))
    return result


def spots_of(version: str) -> set[str]:
    spots = VERSIONS[version][1]
    return set(re.findall(r"`([A-Z_0-9]+)`", spots)) | (set(ALL) if "all" in spots else set())


def test_the_page_names_every_paytable_and_its_spots() -> None:
    assert {version: row[0] for version, row in VERSIONS.items()} == {
        version: table.decks for version, table in PAYTABLES.items()
    }
    for version, table in PAYTABLES.items():
        assert spots_of(version) == {spot.value for spot in table.odds}


@pytest.mark.parametrize("version", PAYTABLES)
def test_the_page_pays_what_is_paid(version: str) -> None:
    entropy = random.Random(version)
    pool = Shoe.full("page", PAYTABLES[version].decks).pool()
    lines = {Spot(spot): lines_of(version, spot) for spot in spots_of(version)}
    seen: set[tuple[Spot, int]] = set()
    for _ in range(3_000):
        # Few cards make rare results frequent; half of the hands come from a few kinds of cards.
        cards = pool if entropy.random() < 0.5 else entropy.sample(pool, 3) * 6
        coup, _ = deal(iter(entropy.sample(cards, 6)).__next__)
        hands = Hands(coup.player, coup.banker)
        stake = entropy.randrange(1, 500)
        for spot, ends in lines.items():
            applying = [line for line, (holds, _) in enumerate(ends) if holds(hands)]
            assert len(applying) <= 1, (spot, coup)
            seen.update((spot, line) for line in applying)
            expected = stake + int(stake * ends[applying[0]][1]) if applying else 0
            assert PAYTABLES[version].returned(spot, stake, coup) == expected, (spot, coup)
    assert seen == {(spot, line) for spot, ends in lines.items() for line in range(len(ends))}
