"""The rounds of a table that have ended, with what the caller staked and got back in each."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from baccarat.application.drive_round import load_table
from baccarat.application.ports import Floor, Ledger
from baccarat.domain.correction import Correction, newest_applied
from baccarat.domain.roles import BETTORS
from baccarat.domain.round import FINAL_STATES, Round
from baccarat.domain.table import round_id
from baccarat.domain.wallet import Bet, BetState

MAX_ROUNDS: Final = 50
_ROUNDS_AT_ONCE: Final = 16


@dataclass(frozen=True, slots=True)
class PastRound:
    """An ended round. ``correction`` is the one that says what it counts as, if any was applied.

    ``returned_minor`` is all that came back of the stakes, refunds included; what a correction
    moved is an entry of its own in the wallet.
    """

    round: Round
    correction: Correction | None
    staked_minor: int
    returned_minor: int


@dataclass(frozen=True, slots=True)
class PastRounds:
    """Rounds, newest first. ``before`` continues with older ones; None when there are none."""

    rounds: list[PastRound]
    before: int | None


def list_rounds(
    table_id: str,
    player_id: str,
    role: str,
    *,
    before: int | None,
    limit: int,
    floor: Floor,
    ledger: Ledger,
) -> PastRounds:
    """Return the ended ones of the ``limit`` rounds before number ``before`` (or the newest).

    Raises:
        TableNotFound: no such table.
    """
    newest = load_table(floor, table_id).round_no
    last = newest if before is None else min(newest, before - 1)
    first = max(1, last - min(limit, MAX_ROUNDS) + 1)
    # Rounds are numbered without a gap, so their ids need not be looked up.
    records = floor.rounds([round_id(table_id, number) for number in range(first, last + 1)])
    ended = [record.round for record in records if record.round.state in FINAL_STATES]
    ended.sort(key=lambda round_: round_.round_no, reverse=True)

    by_round: dict[str, list[Correction]] = {}
    if ended:
        for correction in floor.corrections_between(
            table_id, ended[-1].round_id, ended[0].round_id
        ):
            by_round.setdefault(correction.round_id, []).append(correction)

    def own_bets(round_: Round) -> list[Bet]:
        return ledger.bets_of(round_.round_id, player_id) if role in BETTORS else []

    with ThreadPoolExecutor(_ROUNDS_AT_ONCE) as pool:
        bets = list(pool.map(own_bets, ended))
    return PastRounds(
        [
            _past(round_, newest_applied(by_round.get(round_.round_id, [])), own)
            for round_, own in zip(ended, bets, strict=True)
        ],
        first if first > 1 else None,
    )


def _past(round_: Round, correction: Correction | None, bets: Sequence[Bet]) -> PastRound:
    standing = [bet for bet in bets if bet.state is not BetState.CANCELLED]
    return PastRound(
        round_,
        correction,
        sum(bet.stake_minor for bet in standing),
        sum(bet.payout_minor for bet in standing),
    )
