"""Rounds driven step by step in the test's own process, without a state machine."""

from __future__ import annotations

from baccarat.adapters.clock import SystemEntropy
from baccarat.application.drive_round import (
    Step,
    close_bets,
    deal_cards,
    finish_round,
    open_round,
    resolve_round,
    settle_page,
)
from baccarat.application.ports import RoundRecord
from baccarat.application.watch_tables import take_over
from tests.support.cloud import TABLE_ID, Cloud, SteppedClock


class ManualRound:
    """One round on one table, every step at the test's word; ``clock`` is the test's own."""

    def __init__(self, cloud: Cloud, *, number: int = 1, epoch: int = 1) -> None:
        self.cloud = cloud
        self.clock = SteppedClock()
        self.step = Step(TABLE_ID, f"{TABLE_ID}.{number:09d}", epoch)

    @property
    def round_id(self) -> str:
        return self.step.round_id

    @property
    def record(self) -> RoundRecord:
        found = self.cloud.floor.round(self.round_id)
        assert found is not None
        return found

    def start_table(self, **config: object) -> None:
        """Open the table with the longest bet window: bets come by the machine's clock, not ours,
        and the processes of a race take their time to start.
        """
        table = self.cloud.open_table(**{"bet_window_ms": 120_000, **config})
        take_over(
            table,
            None,
            "TABLE_STARTED",
            floor=self.cloud.floor,
            signer=self.cloud.signer,
            clock=self.clock,
        )

    def open(self) -> RoundRecord:
        return open_round(
            self.step,
            floor=self.cloud.floor,
            signer=self.cloud.signer,
            vault=self.cloud.vault,
            entropy=SystemEntropy(),
            clock=self.clock,
        )

    def close(self) -> RoundRecord:
        self.clock.ms = max(self.clock.ms, self.record.round.closes_at_ms)
        return close_bets(
            self.step,
            floor=self.cloud.floor,
            ledger=self.cloud.ledger,
            archive=self.cloud.archive,
            signer=self.cloud.signer,
            clock=self.clock,
        )

    def deal(self) -> RoundRecord:
        return deal_cards(
            self.step,
            floor=self.cloud.floor,
            vault=self.cloud.vault,
            signer=self.cloud.signer,
            clock=self.clock,
        )

    def resolve(self) -> list[int]:
        self.clock.ms = max(self.clock.ms, self.record.round.shown_at_ms)
        _, pages = resolve_round(
            self.step,
            floor=self.cloud.floor,
            archive=self.cloud.archive,
            signer=self.cloud.signer,
            clock=self.clock,
        )
        return pages

    def settle(self, page: int = 0) -> int:
        return settle_page(
            self.step,
            page,
            floor=self.cloud.floor,
            ledger=self.cloud.ledger,
            archive=self.cloud.archive,
            clock=self.clock,
        )

    def finish(self) -> RoundRecord:
        return finish_round(
            self.step,
            floor=self.cloud.floor,
            ledger=self.cloud.ledger,
            archive=self.cloud.archive,
            signer=self.cloud.signer,
            clock=self.clock,
        )

    def play_out(self) -> RoundRecord:
        """From CLOSED bets to SETTLED."""
        self.close()
        self.deal()
        for page in self.resolve():
            self.settle(page)
        return self.finish()
