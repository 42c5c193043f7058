"""``make deal``: a dealer without hands. Logs in to a table of a running sandbox and deals
shoes of physical cards through the same websocket commands as the desk's page.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
from typing import Any, Final

from baccarat.domain.shoe import Shoe
from baccarat.domain.shoe_change import burned_with
from sandbox.configuration import Options, Run, SandboxError
from sandbox.headless import HeadlessPlayer, new_id, sign_in
from sandbox.seeding import PASSWORD

_LOOK_SECONDS: Final = 0.5


class DeskRefusal(Exception):
    """The desk refused a command; the message is the house's."""


class HeadlessDealer:
    """Holds the physical cards; ``cards[0]`` is the next that he draws."""

    def __init__(self, player: HeadlessPlayer, table_id: str, seed: int) -> None:
        self._player = player
        self._table_id = table_id
        self._dice = random.Random(seed)  # noqa: S311  a repeatable shuffle, for tests
        self.cards: list[str] = []
        self.face_down: list[str] = []

    async def ask(self, kind: str, **members: Any) -> dict[str, Any]:
        """Return the desk after a command. Raises: DeskRefusal."""
        answer = await self._player.ask(
            {
                "action": "desk",
                "id": new_id(),
                "tableId": self._table_id,
                "command": {"kind": kind, **members},
            }
        )
        if answer["type"] != "desk":
            raise DeskRefusal(f"{answer['code']}: {answer['message']}")
        desk: dict[str, Any] = answer["desk"]
        return desk

    async def enter_shoe(self, desk: dict[str, Any]) -> None:
        """Shuffle a new shoe, burn as the table wants it, and enter it."""
        self.cards = [str(card) for card in Shoe.full("", desk["decks"]).pool()]
        self._dice.shuffle(self.cards)
        members: dict[str, Any] = {"shoeId": desk["nextShoeId"]}
        if desk["mode"] == "shuffler":
            members["order"] = "".join(self.cards)
        else:
            members["shuffle"] = {"shuffled_by": "dealer", "cut_by": "pit", "seals": "batch 1"}
        self.face_down = []
        if desk["burn"]:
            members["burn_card"] = self.cards.pop(0)
            count = burned_with(members["burn_card"])
            self.face_down, self.cards = self.cards[:count], self.cards[count:]
        await self.ask("enter_shoe", **members)

    async def end_shoe(self, desk: dict[str, Any]) -> None:
        """Show every card that nobody has seen, and close the shoe."""
        left = "".join([*self.face_down, *self.cards])
        counted = {"left": left} if desk["mode"] == "shoe" else {}
        await self.ask("end_shoe", shoeId=desk["shoe"]["shoeId"], **counted)

    async def deal(self, hand: dict[str, Any], *, announce_cut: bool) -> None:
        """Draw, scan and confirm until the hand is complete."""
        round_id = hand["roundId"]
        if announce_cut:
            await self.ask("cut_card", roundId=round_id)
        while hand["next"] is not None:
            place, card = hand["place"], self.cards[0]
            await self.ask("scan", roundId=round_id, place=place, card=card)
            desk = await self.ask("confirm", roundId=round_id, place=place)
            hand = desk["hand"]
            self.cards.pop(0)

    async def work(self, shoes: int) -> int:
        """Deal ``shoes`` shoes to their ends; return how many hands there were."""
        await self.ask("take_desk")
        dealt, hands = "", 0
        while True:
            desk = await self.ask("beat")
            hand, shoe = desk["hand"], desk["shoe"]
            if shoe is not None and shoe["hands_left"] == 0 and _has_ended(hand):
                await self.end_shoe(desk)
                shoes -= 1
                print(f"{shoe['shoeId']}: closed after {hands} hands", flush=True)
                if shoes == 0:
                    return hands
                continue
            if desk["missing"] == "SHOE" and shoe is None:
                await self.enter_shoe(desk)
                continue
            if hand is not None and hand["state"] == "CLOSED" and hand["roundId"] != dealt:
                cut = desk["mode"] == "shoe" and shoe["hands_left"] is None and len(self.cards) < 22
                try:
                    await self.deal(hand, announce_cut=cut)
                except DeskRefusal as refusal:
                    # The book is sealed a moment after the close.
                    if not str(refusal).startswith("NO_SUCH_STEP"):
                        raise
                    await asyncio.sleep(_LOOK_SECONDS / 5)
                else:
                    dealt, hands = hand["roundId"], hands + 1
                continue
            await asyncio.sleep(_LOOK_SECONDS)


def _has_ended(hand: dict[str, Any] | None) -> bool:
    return hand is None or hand["state"] in ("SETTLED", "VOIDED")


async def deal_shoes(run: Run, table_id: str, shoes: int, seed: int) -> int:
    """Deal ``shoes`` shoes at a table; return how many hands there were."""
    token = await asyncio.to_thread(sign_in, run, "dealer", PASSWORD)
    async with HeadlessPlayer(run, token) as player:
        return await HeadlessDealer(player, table_id, seed).work(shoes)


def main() -> int:
    """Return 0 when all shoes are dealt."""
    parser = argparse.ArgumentParser(prog="sandbox.dealer", description=__doc__)
    parser.add_argument("--port", type=int, default=4566)
    parser.add_argument("--table", default="bac-5")
    parser.add_argument("--shoes", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    options = Options(arguments.port, 0, 0, 0)
    os.environ.update(options.environment())
    try:
        run = Run.load(options.folder)
        hands = asyncio.run(deal_shoes(run, arguments.table, arguments.shoes, arguments.seed))
    except (SandboxError, DeskRefusal) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{hands} hands dealt at {arguments.table}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
