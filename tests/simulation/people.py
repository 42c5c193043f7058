"""Who uses the simulated deployment: players, pit bosses, operators.

What they can do is listed once for each of them (``PLAYS``, ``PIT_WORK``, ``OPERATIONS``); a new
kind of command is one function and one line there. What they do, and when, falls with dice of
their own, so that it stays the same when faults are taken out of a run.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from baccarat.adapters import clients
from baccarat.adapters.clock import SystemClock
from baccarat.adapters.dynamodb.ledger import DynamoLedger
from baccarat.application.bets import player_wallet
from baccarat.application.payments import credit_house_deposit
from baccarat.application.retry import on_contention
from baccarat.domain import wallet as money
from baccarat.domain.roles import PIT, PLAYER
from tests.simulation.monitor import Monitor
from tests.simulation.scheduler import Event, Process
from tests.simulation.world import Violation, World

ANSWER_MS: Final = 6_000
"""How long a client waits before it sends again."""
GATEWAY_MS: Final = 29_000
_TRIES: Final = 3
_FAILED: Final = frozenset({"INTERNAL", "CONTENTION"})
"""Answers after which a client sends the same again."""

SPOTS: Final = ("PLAYER", "BANKER", "TIE", "PLAYER_PAIR")
HANDS: Final = ("9C2DTCTD", "2C9DTCTD", "7C7DTCTD", None)
"""Cards of which corrections are made: each side wins, a tie, and none at all."""


@dataclass
class Command:
    """A message with its answer. ``open`` says that the client does not know what became of it."""

    client: Client
    function: str
    message: dict[str, Any]
    answer: dict[str, Any] | None = None
    tries: int = 0
    ended_in_order: bool = False
    """Whether the one try that was made ran to its end, so that nothing of it is still to come."""

    @property
    def open(self) -> bool:
        return self.answer is None and self.tries > 0


class Client:
    """Somebody at a websocket. ``beside`` is the client of the same person that was there first."""

    def __init__(self, world: World, person: str, role: str, beside: Client | None = None) -> None:
        self.world = world
        self.person = person
        self.role = role
        self.connection = f"c-{person}" if beside is None else f"c2-{person}"
        self.commands: list[Command] = [] if beside is None else beside.commands
        """Of the person, from all devices."""
        self._answers: dict[str, Event] = {}
        world.inboxes[self.connection] = self._hear

    def _hear(self, message: dict[str, Any]) -> None:
        event = self._answers.get(message.get("id") or "")
        if event is None:
            return
        if message["type"] == "error" and message["code"] in _FAILED:
            return
        self.world.scheduler.happen(event, message)

    def command(self, function: str, message: dict[str, Any]) -> Command:
        command = Command(self, function, message)
        self.commands.append(command)
        return command

    def send(self, command: Command, tries: int = _TRIES) -> dict[str, Any] | None:
        """Send a command until it is answered, at most ``tries`` times. In a task."""
        scheduler = self.world.scheduler
        id_ = command.message["id"]
        event = self._answers.setdefault(id_, Event())
        for _ in range(tries):
            if event.happened:
                break
            command.tries += 1
            gateway = self._post(command)
            if scheduler.wait(event, ANSWER_MS):
                command.ended_in_order = command.tries == 1 and gateway.ended
        command.answer = event.value
        return command.answer

    def _post(self, command: Command) -> Process:
        """Hand a message to the gateway, which invokes the function."""
        event = {
            "requestContext": {
                "connectionId": self.connection,
                "authorizer": {"playerId": self.person, "role": self.role},
            },
            "body": json.dumps(command.message),
        }
        name = f"{command.function} {command.message['id']} try {command.tries}"
        return self.world.run_process(
            "gateway",
            f"gateway {name}",
            lambda: self.world.invoke(command.function, event, name, GATEWAY_MS),
            faulty=False,
        )


# --- players -------------------------------------------------------------------------------------


@dataclass
class Play:
    """What a player does in one round."""

    client: Client
    monitor: Monitor
    round_id: str
    dice: random.Random
    other: Client | None = None
    """Another device of the player, if there is one."""
    placed: int = 0

    @property
    def closes_at_ms(self) -> int:
        return self.monitor.rounds[self.round_id].closes_at_ms

    def sleep_until(self, at_ms: float) -> None:
        world = self.client.world
        world.scheduler.sleep(max(0.0, at_ms - world.scheduler.now))

    def bets(self, count: int) -> list[dict[str, Any]]:
        """Return new bets; side bets come with a main bet."""
        spots = self.dice.sample(SPOTS[:3], min(count, 2)) + list(SPOTS[3:])
        found = []
        for spot in spots[:count]:
            self.placed += 1
            bet_id = f"{self.client.person.replace('.', '-')}-{self.round_id[-4:]}-{self.placed}"
            stake = self.dice.randint(1, 30) * 100 + self.dice.choice((0, 0, 35))
            found.append({"betId": bet_id.ljust(16, "-"), "spot": spot, "stake_minor": stake})
        return found

    def at_once(self, bets: list[dict[str, Any]]) -> None:
        """Place bets from the other device, at the same time as whatever comes next."""
        client = self.client if self.other is None else self.other
        self.client.world.run_process(
            "client",
            f"{client.connection} in {self.round_id}",
            partial(self.place, bets, client),
            faulty=False,
        )

    def place(self, bets: list[dict[str, Any]], by: Client | None = None) -> Command:
        client = self.client if by is None else by
        number = len(client.commands)
        command = client.command(
            "place_bets",
            {
                "action": "bet",
                "id": f"{self.client.person.replace('.', '-')}-{number}",
                "roundId": self.round_id,
                "bets": bets,
            },
        )
        client.send(command)
        return command

    def cancel(self, bet_id: str) -> Command:
        number = len(self.client.commands)
        command = self.client.command(
            "cancel_bet",
            {
                "action": "cancel",
                "id": f"{self.client.person.replace('.', '-')}-{number}",
                "roundId": self.round_id,
                "betId": bet_id,
            },
        )
        self.client.send(command)
        return command


def place_one(play: Play) -> None:
    play.place(play.bets(1))


def place_many(play: Play) -> None:
    play.place(play.bets(play.dice.randint(2, 3)))


def place_twice(play: Play) -> None:
    play.place(play.bets(1))
    play.place(play.bets(2))


def place_and_cancel(play: Play) -> None:
    bets = play.bets(play.dice.randint(1, 2))
    play.place(bets)
    play.client.world.scheduler.sleep(play.dice.uniform(0, 1_500))
    play.cancel(bets[0]["betId"])


def cancel_at_the_close(play: Play) -> None:
    bets = play.bets(1)
    play.place(bets)
    play.sleep_until(play.closes_at_ms + play.dice.uniform(-60, 60))
    play.cancel(bets[0]["betId"])


def place_at_the_close(play: Play) -> None:
    play.sleep_until(play.closes_at_ms + play.dice.uniform(-120, 60))
    play.place(play.bets(1))


def use_an_id_again(play: Play) -> None:
    [bet] = play.bets(1)
    play.place([bet])
    play.place([{**bet, "stake_minor": bet["stake_minor"] + 100}])
    play.place([bet])


def place_two_at_once(play: Play) -> None:
    play.at_once(play.bets(play.dice.randint(1, 2)))
    play.place(play.bets(play.dice.randint(1, 2)))


def place_the_same_at_once(play: Play) -> None:
    """One bet twice, at times with another stake: a window that is open on two devices."""
    [bet] = play.bets(1)
    more = play.dice.choice((0, 0, 100))
    play.at_once([{**bet, "stake_minor": bet["stake_minor"] + more}])
    play.place([bet])


PLAYS: Final[tuple[tuple[int, Callable[[Play], None]], ...]] = (
    (6, place_one),
    (4, place_many),
    (2, place_twice),
    (3, place_and_cancel),
    (1, cancel_at_the_close),
    (3, place_at_the_close),
    (1, use_an_id_again),
    (2, place_two_at_once),
    (1, place_the_same_at_once),
)


# --- the pit -------------------------------------------------------------------------------------


@dataclass
class Pit:
    """Pit bosses, and what one of them has to do at a table."""

    bosses: dict[str, Client]
    table_id: str
    round_id: str
    dice: random.Random

    def order(self, boss: str, kind: str, **members: Any) -> Command:
        client = self.bosses[boss]
        command = client.command(
            "run_pit",
            {
                "action": "pit",
                "id": f"{boss}-{len(client.commands)}",
                "tableId": self.table_id,
                "command": {"kind": kind, **members},
            },
        )
        client.send(command)
        return command

    def propose(self, **members: Any) -> str:
        """Have a correction proposed; return the id of the one that the page shows then."""
        made = self.order("petra", "propose_correction", roundId=self.round_id, **members)
        shown = (made.answer or {}).get("corrections", [])
        of_round = (one["correctionId"] for one in shown if one["roundId"] == self.round_id)
        return next(of_round, f"{self.round_id}.c1")


def correct(pit: Pit) -> None:
    """Propose a correction and have it approved, by whoever tries."""
    scheduler = pit.bosses["petra"].world.scheduler
    cards, note = pit.dice.choice(HANDS), {"note": "the video shows other cards"}
    named = pit.propose(cards=cards, **note)
    scheduler.sleep(pit.dice.uniform(0, 2_000))
    approve = partial(pit.order, kind="approve_correction", correctionId=named)
    way = pit.dice.random()
    if way < 0.1:
        pit.order("paul", "reject_correction", correctionId=named, **note)
        return
    if way < 0.5:
        approve("petra")
    if way > 0.4:
        pit.bosses["paula"].world.run_process(
            "client", f"paula approves {pit.round_id}", lambda: approve("paula"), faulty=False
        )
    approve("paul")


def void_in_play(pit: Pit) -> None:
    pit.order("paul", "void", roundId=pit.round_id, note="the table has to be cleared")


def pause_and_open(pit: Pit) -> None:
    scheduler = pit.bosses["paul"].world.scheduler
    pit.order("paul", "set_status", status="PAUSED", note="a short pause")
    scheduler.sleep(pit.dice.uniform(1_000, 20_000))
    pit.order("paul", "set_status", status="OPEN", note="on we go")


PIT_WORK: Final[dict[str, tuple[tuple[float, Callable[[Pit], None]], ...]]] = {
    "OPEN": ((0.05, void_in_play), (0.03, pause_and_open)),
    "SETTLED": ((0.15, correct),),
}
"""By what a round has come to: how often, and what."""


# --- operators -----------------------------------------------------------------------------------


@dataclass
class Operation:
    """A use case that an operator calls until it has an answer."""

    world: World
    name: str
    use_case: Callable[[], Any]
    done: bool = False
    processes: list[Process] = field(default_factory=list)

    def carry_out(self) -> None:
        """In a task: call it, again while it fails, at most three times."""
        scheduler = self.world.scheduler
        for _ in range(_TRIES):
            process = self.world.run_process(self.name.split()[0], self.name, self.use_case)
            self.processes.append(process)
            if scheduler.wait(scheduler.end_of(process), 30_000) and process.returned:
                self.done = True
                return
            scheduler.sleep(2_000)


def _ledger() -> DynamoLedger:
    return DynamoLedger(clients.dynamodb())


def deposit(player: str, currency: str, deposit_id: str, amount_minor: int) -> None:
    credit_house_deposit(
        player, deposit_id, amount_minor, currency, ledger=_ledger(), clock=SystemClock()
    )


def set_stopped(player: str, currency: str, *, stopped: bool) -> None:
    """Stop a wallet or let it go; what is so already stays so."""
    ledger, clock = _ledger(), SystemClock()

    def attempt() -> None:
        wallet = player_wallet(player, currency, ledger)
        if (wallet.stopped is not None) is stopped:
            return
        decide = money.stop if stopped else money.resume
        after, record = decide(wallet, "checked by the house", "olga", clock.now_ms())
        ledger.stop(wallet, after, record)

    on_contention(clock, attempt)


Plan = tuple[float, str, Callable[[], Any]]
"""A delay, the operation's name, and what it does."""


def plan_deposit(player: str, currency: str, number: int, dice: random.Random) -> list[Plan]:
    """It may be asked for again: at once, soon, and after DynamoDB has forgotten its token."""
    amount = dice.randint(1, 50) * 1_000
    use_case = partial(deposit, player, currency, f"d{number}", amount)
    name = f"deposit {number} {player}"
    again_ms = dice.choice((None, 0.0, dice.uniform(50, 20_000), dice.uniform(610, 900) * 1_000))
    again = [] if again_ms is None else [(again_ms, f"{name} again", use_case)]
    return [(0, name, use_case), *again]


def plan_stop(player: str, currency: str, number: int, dice: random.Random) -> list[Plan]:
    return [
        (0, f"stop {number} {player}", partial(set_stopped, player, currency, stopped=True)),
        (
            dice.uniform(3_000, 30_000),
            f"resume {number} {player}",
            partial(set_stopped, player, currency, stopped=False),
        ),
    ]


OPERATIONS: Final = ((0.25, plan_deposit), (0.08, plan_stop))
"""How often a round, and what."""


# --- everybody -----------------------------------------------------------------------------------

BOSSES: Final = ("petra", "paul", "paula")
_WITH_TWO_DEVICES: Final = 1
_PATIENCE_MS: Final = 60_000
"""What an operator means to do later than that is done even when the tables are closed."""


class People:
    """Starts what everybody does when a round moves, and knows who still waits for an answer."""

    def __init__(
        self, world: World, monitor: Monitor, players: list[str], currencies: dict[str, str]
    ) -> None:
        self._world = world
        self._monitor = monitor
        self._currencies = currencies
        """Of each table."""
        self.players = {player: Client(world, player, PLAYER) for player in players}
        self.devices = {
            player: Client(world, player, PLAYER, beside=self.players[player])
            for player in players[:_WITH_TWO_DEVICES]
        }
        """The second devices, of those who have one."""
        self.bosses = {boss: Client(world, boss, PIT) for boss in BOSSES}
        self.operations: list[Operation] = []
        self.resting = False

    def round_moved(self, round_id: str, state: str) -> None:
        if self.resting:
            return
        table_id = round_id.rpartition(".")[0]
        if state == "OPEN":
            for name, client in self.players.items():
                self._play(name, client, round_id)
            self._operate(table_id, round_id)
        for chance, work in PIT_WORK.get(state, ()):
            dice = self._dice(f"{work.__name__} {round_id}")
            if dice.random() < chance:
                pit = Pit(self.bosses, table_id, round_id, dice)
                self._start(
                    f"{work.__name__} {round_id}", partial(work, pit), dice.uniform(0, 6_000)
                )

    def _play(self, name: str, client: Client, round_id: str) -> None:
        dice = self._dice(f"{name} {round_id}")
        if dice.random() < 0.35:
            return
        [play] = dice.choices([play for _, play in PLAYS], [weight for weight, _ in PLAYS])
        self._start(
            f"{name} in {round_id}",
            partial(play, Play(client, self._monitor, round_id, dice, self.devices.get(name))),
            dice.uniform(50, 3_500),
        )

    def _operate(self, table_id: str, round_id: str) -> None:
        for chance, plan in OPERATIONS:
            dice = self._dice(f"{plan.__name__} {round_id}")
            if dice.random() >= chance:
                continue
            player = dice.choice(sorted(self.players))
            number = len(self.operations)
            for delay, name, use_case in plan(player, self._currencies[table_id], number, dice):
                operation = Operation(self._world, name, use_case)
                self.operations.append(operation)
                if delay < _PATIENCE_MS:
                    self._start(f"operator of {name}", operation.carry_out, delay)
                else:
                    self._wait(f"operator of {name}", operation.carry_out, delay)

    def _dice(self, what: str) -> random.Random:
        return random.Random(f"{self._world.seed}:people:{what}")

    def _start(self, name: str, act: Callable[[], None], delay_ms: float) -> None:
        def begin() -> None:
            if not self.resting:
                self._world.run_process("client", name, act, faulty=False)

        self._world.scheduler.at(delay_ms, begin)

    def _wait(self, name: str, act: Callable[[], None], delay_ms: float) -> None:
        """Let somebody do something later, also when everybody else has gone to rest."""

        def wait() -> None:
            self._world.scheduler.sleep(delay_ms)
            act()

        self._world.run_process("client", name, wait, faulty=False)

    @property
    def commands(self) -> list[Command]:
        clients = (*self.players.values(), *self.bosses.values())
        return [command for client in clients for command in client.commands]

    @property
    def unanswered(self) -> list[Command | Operation]:
        """Commands whose sender does not know what became of them."""
        return [
            *(command for command in self.commands if command.open),
            *(one for one in self.operations if one.processes and not one.done),
        ]

    def resolve(self) -> int:
        """Repeat, with the same ids, whatever has no answer; return how many there were. Faults are
        off by now, so that each gets one.
        """
        found = self.unanswered
        for one in found:
            act: Callable[[], Any]
            if isinstance(one, Command):
                what, act = one.message["id"], partial(one.client.send, one)
            else:
                what, act = one.name, one.carry_out
            self._world.run_process("client", f"repeat {what}", act, faulty=False)
        return len(found)

    def check_answers(self) -> None:
        """Raises: Violation: what a player was told is not so."""
        for command in self.commands:
            if command.function != "place_bets" or command.answer is None:
                continue
            round_id, player = command.message["roundId"], command.client.person
            keys = [(round_id, player, bet["betId"]) for bet in command.message["bets"]]
            stored = [self._monitor.bets.get(key) for key in keys]
            if command.answer["type"] == "bets_accepted":
                for bet, found in zip(command.message["bets"], stored, strict=True):
                    if found is None or found.stake_minor != bet["stake_minor"]:
                        raise Violation(
                            "an acknowledged bet is not there", f"{bet} of {player}: {found}"
                        )
            elif (
                command.ended_in_order
                and self._is_first_of_its_bets(command)
                and any(found is not None for found in stored)
            ):
                raise Violation(
                    "a refused bet was taken", f"{player} {command.message}: {command.answer}"
                )

    def _is_first_of_its_bets(self, command: Command) -> bool:
        ids = {bet["betId"] for bet in command.message["bets"]}
        others = (
            other
            for other in command.client.commands
            if other is not command and other.function == "place_bets"
        )
        return not any(ids & {bet["betId"] for bet in other.message["bets"]} for other in others)
