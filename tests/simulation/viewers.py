"""Players who look at what they have: each answer is held against what was stored by then.

As in ``people``, each thing that they do is one function, listed once.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from baccarat.adapters.ledger_export import read_export
from baccarat.domain.roles import PLAYER
from tests.simulation.accounts import Accounts
from tests.simulation.requests import Request
from tests.simulation.world import Violation, World

_A_ROUND: Final = 0.5
"""How often somebody looks while a round takes bets."""
_MOST_PAGES: Final = 1_000
_LONGEST_AGO_MS: Final = 20 * 60_000

Check = Callable[[dict[str, Any]], None]


@dataclass
class View:
    """One request, and what its answer is held against."""

    request: Request
    check: Check

    def carry_out(self) -> dict[str, Any] | None:
        """Ask until there is an answer. In a task.

        Raises:
            Violation: the answer is not so.
        """
        answer = self.request.send()
        if answer is not None:
            if not self.request.granted:
                raise Violation("a player may not see his own", f"{self.request}")
            self.check(answer)
        return answer


@dataclass
class Viewer:
    """One player, and one of his wallets."""

    viewers: Viewers
    player: str
    currency: str
    dice: random.Random

    @property
    def version(self) -> int:
        return self.viewers.accounts.wallets[self.player, self.currency].version

    def get(self, path: str, query: dict[str, str], check: Check) -> dict[str, Any] | None:
        return self.viewers.get(self.player, path, query, check)

    def check_balance(self, currency: str, told: dict[str, Any]) -> None:
        """Raises: Violation: at that version, the wallet had something else."""
        known = self.viewers.accounts.versions[self.player, currency]
        version = told["version"]
        stored = known[version] if version < len(known) else None
        shown = told["available_minor"], told["held_minor"]
        if stored is None or (stored.available_minor, stored.held_minor) != shown:
            raise Violation("a balance is shown that never was", f"{self.player} {told}: {stored}")


def look_at_wallets(viewer: Viewer) -> None:
    """Whatever was there before he asked is shown."""
    accounts, player = viewer.viewers.accounts, viewer.player
    before = {
        currency: wallet.version
        for (owner, currency), wallet in accounts.wallets.items()
        if owner == player
    }

    def check(answer: dict[str, Any]) -> None:
        told = {wallet["currency"]: wallet for wallet in answer["wallets"]}
        if told.keys() != before.keys():
            raise Violation("a wallet is not shown", f"{player}: {answer}, has {before}")
        for currency, wallet in told.items():
            viewer.check_balance(currency, wallet)
            version = wallet["version"]
            if version < before[currency]:
                raise Violation("an old balance is shown", f"{player} {wallet}, had {before}")
            stored = accounts.versions[player, currency][version]
            if stored.stopped is not (wallet["stopped"] is not None):
                raise Violation("a stop is not shown as it is", f"{player} {wallet}: {stored}")

    viewer.get("/wallets", {}, check)


def look_at_history(viewer: Viewer) -> None:
    """Turn the pages to the very first movement."""
    query = {"limit": str(viewer.dice.choice((10, 30, 100)))}
    shown: list[int] = []

    def check(answer: dict[str, Any]) -> None:
        for entry in answer["entries"]:
            viewer.check_balance(viewer.currency, entry)

    for _ in range(_MOST_PAGES):
        answer = viewer.get(f"/wallets/{viewer.currency}/history", query, check)
        if answer is None:
            return
        shown += [entry["version"] for entry in answer["entries"]]
        if answer["before"] is None:
            break
        query = {**query, "before": str(answer["before"])}
    if shown != list(range(len(shown), 0, -1)):
        raise Violation("a history has gaps", f"{viewer.player} {viewer.currency}: {shown}")


def look_back(viewer: Viewer) -> None:
    """Ask what there was a while ago."""
    at_ms = viewer.viewers.world.now_ms - viewer.dice.randint(0, _LONGEST_AGO_MS)

    def check(answer: dict[str, Any]) -> None:
        viewer.check_balance(viewer.currency, answer)
        stored = viewer.viewers.accounts.versions[viewer.player, viewer.currency]
        if answer["version"] and stored[answer["version"]].at_ms > at_ms:
            raise Violation("a balance is shown of after then", f"{viewer.player} {answer} {at_ms}")

    viewer.get(f"/wallets/{viewer.currency}/balance", {"at_ms": str(at_ms)}, check)


def take_a_copy(viewer: Viewer) -> None:
    """Take the journal as a file, from a version on."""
    after = viewer.dice.randint(0, viewer.version)
    query = {"after": str(after), "format": viewer.dice.choice(("jsonl", "csv"))}

    def check(answer: dict[str, Any]) -> None:
        versions = []
        for entry in read_export(answer["file"]):
            told = {
                "version": entry.movement.version,
                "available_minor": entry.available_minor,
                "held_minor": entry.held_minor,
            }
            viewer.check_balance(viewer.currency, told)
            versions.append(entry.movement.version)
        if versions != list(range(after + 1, after + 1 + len(versions))):
            raise Violation("a file has gaps", f"{viewer.player} after {after}: {versions}")

    viewer.get(f"/wallets/{viewer.currency}/export", query, check)


LOOKS: Final[tuple[tuple[int, Callable[[Viewer], None]], ...]] = (
    (4, look_at_wallets),
    (1, look_at_history),
    (1, look_back),
    (1, take_a_copy),
)


@dataclass
class Viewers:
    """Starts the looks, and knows who still waits for an answer."""

    world: World
    accounts: Accounts
    players: list[str]
    views: list[View] = field(default_factory=list)
    resting: bool = False

    def round_opened(self, round_id: str, currency: str) -> None:
        dice = random.Random(f"{self.world.seed}:viewers:{round_id}")
        if self.resting or dice.random() >= _A_ROUND:
            return
        viewer = Viewer(self, dice.choice(self.players), currency, dice)
        [look] = dice.choices([look for _, look in LOOKS], [weight for weight, _ in LOOKS])

        def begin() -> None:
            name = f"{look.__name__} {round_id}"
            self.world.run_process("client", name, partial(look, viewer), faulty=False)

        self.world.scheduler.at(dice.uniform(50, 9_000), begin)

    def get(
        self, player: str, path: str, query: dict[str, str], check: Check
    ) -> dict[str, Any] | None:
        name = self.world.unique(f"{player} {path.rpartition('/')[2]}")
        request = Request(
            self.world, "show_wallets", name, player, PLAYER, path, None, "", query=query
        )
        view = View(request, check)
        self.views.append(view)
        return view.carry_out()

    @property
    def unanswered(self) -> list[Request]:
        return [view.request for view in self.views if view.request.open]

    def resolve(self) -> int:
        """Ask again for what has no answer; return how many there were."""
        found = [view for view in self.views if view.request.open]
        for view in found:
            name = f"repeat {view.request.name}"
            self.world.run_process("client", name, view.carry_out, faulty=False)
        return len(found)
