"""The exact chances of a paytable's bets as a table for people."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from baccarat.domain.odds import ENDLESS, SpotOdds, odds_of, percent
from baccarat.domain.paytable import Paytable

_HEADER: Final = ("bet", "result", "sequences", "probability %", "RTP %", "house edge %")
_ROW: Final = "  {:<13} {:<12} {:>22} {:>14} {:>11} {:>13}"


def odds_text(paytable: Paytable) -> str:
    """Return one line for each result of each bet, on the deck count of ``paytable``."""
    decks = f"{paytable.decks} deck(s)" if paytable.decks != ENDLESS else "endless shoe"
    chances = odds_of(paytable)
    sequences = f"{chances[0].sequences:,} sequences of six cards"
    lines = [f"{paytable.version}, {decks}, {sequences}", _ROW.format(*_HEADER)]
    lines += [_ROW.format(*row).rstrip() for spot in chances for row in _rows(spot)]
    return "\n".join(lines)


def _rows(chances: SpotOdds) -> Iterator[tuple[str, ...]]:
    results = [(f"win {float(odds):g}:1", count) for odds, count in chances.wins.items()]
    results += [("push", chances.push)] if chances.push else []
    results.append(("lose", chances.lose))
    first = (chances.spot.value, percent(chances.rtp), percent(chances.edge))
    for name, count in results:
        spot, rtp, edge = first
        yield spot, name, f"{count:,}", percent(Fraction(count, chances.sequences)), rtp, edge
        first = ("", "", "")
