"""One process of a race: reads its task, says it is ready, and goes at the word."""

from __future__ import annotations

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from baccarat.adapters.clock import SystemClock
from baccarat.adapters.dynamodb.floor import DynamoFloor
from baccarat.adapters.messages import bets_accepted, to_json
from baccarat.application.bets import place_bets
from baccarat.application.drive_round import Step, close_bets
from baccarat.application.ports import RoundRecord
from baccarat.application.tally import tally_stakes
from baccarat.domain.errors import BaccaratError
from baccarat.domain.paytable import Spot
from baccarat.domain.wallet import NewBet, PlaceBets
from tests.support.cloud import TABLE_ID, SteppedClock, wire


class StaleFloor(DynamoFloor):
    """A handler that slept: it still holds the round as it was when it was open."""

    def __init__(self, floor: DynamoFloor, round_id: str) -> None:
        self._record = floor.round(round_id)

    def round(self, round_id: str) -> RoundRecord | None:
        assert self._record is None or self._record.round.round_id == round_id
        return self._record


def main() -> None:
    task: dict[str, Any] = json.loads(sys.stdin.readline())
    os.environ.update(task["environment"])
    cloud = wire(task["environment"])
    floor, ledger = cloud.floor, cloud.ledger
    if task.get("stale_round"):
        floor = StaleFloor(floor, task["round_id"])
    clock = SystemClock()

    def place(command_id: str) -> dict[str, Any]:
        """Place one bet on each spot of the task, together."""
        bets = tuple(
            NewBet(f"{command_id}-{spot}", Spot(spot), task["stake_minor"])
            for spot in task["spots"]
        )
        command = PlaceBets(task["player_id"], task["round_id"], bets)
        if task.get("tally"):
            tally_stakes(task["round_id"], floor=floor, ledger=ledger)
        try:
            placed = place_bets(command, floor=floor, ledger=ledger, clock=clock)
        except BaccaratError as error:
            return {"code": error.code}
        return {"code": "ACCEPTED", **to_json(bets_accepted(command_id, placed))}

    def close() -> None:
        late = SteppedClock()
        late.ms += 180_000
        close_bets(
            Step(TABLE_ID, task["round_id"], 1),
            floor=floor,
            ledger=ledger,
            archive=cloud.archive,
            signer=cloud.signer,
            clock=late,
        )

    def approve() -> dict[str, Any]:
        """Approve a correction, as a pit boss whose page shows it."""
        from baccarat.adapters.desk_messages import correction_view
        from baccarat.application import corrections

        try:
            approved = corrections.approve(
                TABLE_ID,
                task["correction_id"],
                task["approve_as"],
                ledger=ledger,
                archive=cloud.archive,
                work=cloud.work,
            )
        except BaccaratError as error:
            return {"code": error.code}
        return {"code": "APPROVED", **to_json(correction_view(approved))}

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    if task.get("close"):
        close()
        sys.stdout.write("{}")
        return
    if task.get("approve_as"):
        sys.stdout.write(json.dumps(approve()))
        return
    with ThreadPoolExecutor(task.get("threads", 1)) as pool:
        answers = list(pool.map(place, task["commands"]))
    sys.stdout.write(json.dumps({"answers": answers}))


if __name__ == "__main__":
    main()
