"""The vectors that keep the page's paytables and bets the same as the domain's."""

from __future__ import annotations

import json
from itertools import chain

from baccarat.domain.bets import RULES
from baccarat.domain.paytable import PAYTABLES
from tests.vectors.make_paytables import OUTPUT, document

VECTORS = json.loads(OUTPUT.read_text())


def test_the_vectors_of_the_page_are_those_of_the_domain() -> None:
    assert OUTPUT.read_text() == document()


def test_every_way_of_every_bet_is_among_the_coups() -> None:
    known = {
        (spot.value, way.value)
        for spot, way in chain.from_iterable(
            ((spot, way) for way in ways)
            for table in PAYTABLES.values()
            for spot, ways in table.odds.items()
        )
    }
    seen = {(spot, way) for coup in VECTORS["coups"] for spot, way in coup["ways"].items()}
    assert seen == known
    for spot in RULES:
        assert any(spot.value not in coup["ways"] for coup in VECTORS["coups"])
