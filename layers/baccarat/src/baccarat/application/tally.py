"""The tally of a round: what all players have staked on each spot, for the table's differential.

It only makes refusals early; what holds is the book, which is sealed within the differential.
"""

from __future__ import annotations

from baccarat.application.ports import Floor, Ledger
from baccarat.domain.book import BetBook
from baccarat.domain.errors import IntegrityError
from baccarat.domain.round import RoundState


def tally_stakes(round_id: str, *, floor: Floor, ledger: Ledger) -> bool:
    """Tally a round that takes bets and has a differential; return whether it is such a round.

    The sums are made anew from the bets, never counted up, so a repeat does no harm.

    Raises:
        IntegrityError: there is no such round.
    """
    record = floor.round(round_id)
    if record is None:
        raise IntegrityError(f"there are bets on round {round_id}, which does not exist")
    round_ = record.round
    if round_.state is not RoundState.OPEN or round_.caps.differential_minor is None:
        return False
    book = BetBook.of_placed(ledger.bets(round_id), differential_minor=None)
    floor.put_tally(round_id, book.stakes())
    return True
