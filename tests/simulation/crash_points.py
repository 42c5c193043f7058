"""Every command, stopped after each single I/O and resumed; then stopped once more in the resume.

A scenario is a small run without faults in which one process is of interest. Its calls are counted
once. Then, for each of them, the run is made again and the process dies right after that call was
carried out; what resumes it is what would (the client's repeat, the state machine's retry, the
watchdog, the stream). At the end everything is checked as after any run.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from tests.simulation.cashier import Payer
from tests.simulation.people import (
    Operation,
    Pit,
    Play,
    deposit,
    set_stopped,
)
from tests.simulation.play import Plan, Stage
from tests.simulation.scheduler import Event, Process
from tests.simulation.viewers import Viewer, look_at_wallets
from tests.simulation.world import LIMITS, Violation, World, inhabited

_PLAN: Final = Plan(seed=7, rounds=1, players=3, tables=1, rate=0.0)
_ROUND: Final = "bac-1.000000001"
_EXECUTION: Final = f"{_ROUND}.e1"
_ATTEMPT: Final = re.compile(r"( try |#|\.| |/)\d+$")
_MINUTES_MS: Final = 60 * 60_000

Act = Callable[[Stage], None]


@dataclass(frozen=True)
class Hold:
    """The first process of ``function`` with ``named`` in its name sleeps, whatever its deadline,
    before it makes such a call, or when it was ``done``, until the round is in a state.
    """

    function: str
    operation: str
    until: str
    named: str = ""
    done: bool = False


@dataclass(frozen=True)
class Scenario:
    """``function`` is the kind of the process of interest, the first of them (after
    ``skipped``) that writes something and has ``named`` in its name. ``acts`` happen when the
    round comes to a state, beside the usual bets. ``faults`` lead there.
    """

    name: str
    function: str
    acts: tuple[tuple[str, Act], ...] = ()
    named: str = ""
    faults: tuple[str, ...] = ()
    skipped: int = 0
    kills: tuple[str, int] | None = None
    """A function whose first so many invocations die at once."""
    holds: tuple[Hold, ...] = ()


def _play(stage: Stage, player: str) -> Play:
    return Play(
        stage.people.players[player],
        stage.monitor,
        _ROUND,
        stage.people._dice(f"crash {player}"),
    )


def _client(stage: Stage, name: str, act: Callable[[], Any]) -> None:
    stage.world.run_process("client", name, act, faulty=False)


def _bet(player: str, *spots: str) -> Act:
    """Place 10.00 on each spot, in one command."""

    def act(stage: Stage) -> None:
        bets = [
            {
                "betId": f"{player.replace('.', '-')}-{spot.lower()}".ljust(16, "-"),
                "spot": spot,
                "stake_minor": 1_000,
            }
            for spot in spots
        ]
        _client(stage, f"{player} bets", lambda: _play(stage, player).place(bets))

    return act


def _bet_and_cancel(stage: Stage) -> None:
    play = _play(stage, "chen")
    [bet] = play.bets(1)

    def act() -> None:
        play.place([bet])
        play.cancel(bet["betId"])

    _client(stage, "chen bets and cancels", act)


def _pit(kind: str, boss: str = "petra", **members: Any) -> Act:
    def act(stage: Stage) -> None:
        pit = Pit(stage.people.bosses, "bac-1", _ROUND, stage.people._dice("crash pit"))
        _client(
            stage,
            f"{boss} orders {kind}",
            lambda: pit.order(boss, kind, roundId=_ROUND, note="as it was", **members),
        )

    return act


def _propose_and(kind: str, **members: Any) -> Act:
    def act(stage: Stage) -> None:
        pit = Pit(stage.people.bosses, "bac-1", _ROUND, stage.people._dice("crash pit"))

        def orders() -> None:
            named = pit.propose(note="as it was")
            if kind != "look":
                pit.order("paul", kind, correctionId=named, **members)

        _client(stage, f"a correction and {kind}", orders)

    return act


def _operation(name: str, use_case: Callable[[], Any]) -> Act:
    def act(stage: Stage) -> None:
        operation = Operation(stage.world, name, use_case)
        stage.people.operations.append(operation)
        _client(stage, f"operator of {name}", operation.carry_out)

    return act


def _deposit_and_look(stage: Stage) -> None:
    use_case = partial(deposit, "anna", "EUR", "d0", 5_000)
    operation = Operation(stage.world, "deposit 0 anna", use_case)
    stage.people.operations.append(operation)
    viewer = Viewer(stage.viewers, "anna", "EUR", stage.people._dice("crash viewer"))

    def act() -> None:
        operation.carry_out()
        look_at_wallets(viewer)

    _client(stage, "deposit and look", act)


_STOP: Final = _operation("stop 0 anna", partial(set_stopped, "anna", "EUR", stopped=True))


def _pay(act: Callable[[Payer], Any]) -> Act:
    def pay(stage: Stage) -> None:
        payer = Payer(stage.cashier, "chen", "EUR", _ROUND, stage.people._dice("crash payer"))
        _client(stage, "chen pays", lambda: act(payer))

    return pay


def _pay_in(payer: Payer) -> None:
    asked = payer.ask("/deposits", 5_000)
    if asked.answer is not None:
        payer.cashier.provider.end(asked.answer["payment"]["paymentId"], "PAID")


def _pay_out_and_cancel(payer: Payer) -> None:
    asked = payer.ask("/withdrawals", LIMITS.two_people_from_minor)
    if asked.answer is not None:
        payer.ask(f"/withdrawals/{asked.answer['payment']['paymentId']}/cancel", None)


_PAY_IN: Final = _pay(_pay_in)
_PAY_OUT: Final = _pay(lambda payer: payer.ask("/withdrawals", 5_000))
_PAY_OUT_LARGE: Final = _pay(lambda payer: payer.ask("/withdrawals", LIMITS.two_people_from_minor))
_CANCEL: Final = _pay(_pay_out_and_cancel)
_USUAL: Final = (
    ("OPEN", _bet("anna", "PLAYER")),
    ("OPEN", _bet("vip.bert", "PLAYER", "BANKER", "TIE")),
)
_STALE: Final = "show_wallets anna wallets try 1:1:STALE_READ"
_LATE: Final = "place_bets anna-0 try 1:3:ZOMBIE"

SCENARIOS: Final = (
    Scenario("place one bet", "place_bets", named="anna-0"),
    Scenario("place many bets", "place_bets", named="vip-bert-0"),
    Scenario("cancel a bet", "cancel_bet", (("OPEN", _bet_and_cancel),)),
    Scenario("open a round", "open_round"),
    Scenario("close the bets", "close_bets"),
    Scenario("deal the cards", "deal_cards"),
    Scenario("resolve a round", "resolve_round"),
    Scenario("settle a page", "settle_bets"),
    Scenario("finish a round", "finish_round"),
    Scenario("void a failed round", "void_round", kills=("deal_cards", 5)),
    Scenario("void by the pit", "run_pit", (("OPEN", _pit("void")),), named="petra"),
    Scenario("refund a straggler", "follow_bets", faults=(_LATE,)),
    Scenario(
        "refund a bet of after the sweep",
        "follow_bets",
        (("OPEN", _bet("chen", "PLAYER", "BANKER", "TIE")),),
        holds=(
            Hold("place_bets", "TransactWriteItems", "DEALING", named="chen-0"),
            Hold("follow_bets", "GetItem", "SETTLED"),
        ),
    ),
    Scenario(
        "settle a page again",
        "settle_bets",
        holds=(Hold("settle_bets", "Query", "SETTLED", done=True),),
    ),
    Scenario(
        "take a table over (void)",
        "watch_tables",
        faults=(f"{_EXECUTION}@CloseBets~ABANDONED:ABANDONED",),
        skipped=1,
    ),
    Scenario(
        "take a table over (resume)",
        "watch_tables",
        faults=(f"{_EXECUTION}@ResolveRound~ABANDONED:ABANDONED",),
        skipped=1,
    ),
    Scenario("propose a correction", "run_pit", (("SETTLED", _propose_and("look")),), "petra"),
    Scenario(
        "approve a correction",
        "run_pit",
        (("SETTLED", _propose_and("approve_correction")),),
        "paul",
    ),
    Scenario(
        "reject a correction",
        "run_pit",
        (("SETTLED", _propose_and("reject_correction", note="it was right")),),
        "paul",
    ),
    Scenario("deposit", "deposit", (("OPEN", _deposit_and_look),), faults=(_STALE,)),
    Scenario("stop a wallet", "stop", (("OPEN", _STOP),)),
    Scenario("ask to pay in", "request_payments", (("OPEN", _PAY_IN),), named="deposits"),
    Scenario("take a webhook of a deposit", "receive_webhook", (("OPEN", _PAY_IN),)),
    Scenario("ask to pay out", "request_payments", (("OPEN", _PAY_OUT),), named="withdrawals"),
    Scenario("assess a withdrawal", "assess_withdrawal", (("OPEN", _PAY_OUT),)),
    Scenario("queue a withdrawal", "queue_withdrawal", (("OPEN", _PAY_OUT),)),
    Scenario("send a withdrawal", "send_withdrawal", (("OPEN", _PAY_OUT),)),
    Scenario("take a webhook of a payout", "receive_webhook", (("OPEN", _PAY_OUT),)),
    Scenario("await a review", "await_review", (("OPEN", _PAY_OUT_LARGE),)),
    Scenario("review a withdrawal", "review_withdrawals", (("OPEN", _PAY_OUT_LARGE),)),
    Scenario("cancel a withdrawal", "request_payments", (("OPEN", _CANCEL),), named="cancel"),
    Scenario("project a wallet", "project_wallets", (("OPEN", _PAY_OUT),)),
)
"""A new command is one more scenario."""


@dataclass
class Run:
    """What a scenario's run was: how many calls each attempt of the process of interest made."""

    attempts: list[tuple[str, int]] = field(default_factory=list)
    killed: int = 0
    violation: Violation | None = None
    trace: list[str] = field(default_factory=list)


class _Watcher:
    """Counts the calls of a scenario's processes and lets them die where it is told.

    ``first`` is the name of the process of interest, None while that is to be found out.
    """

    def __init__(
        self, world: World, scenario: Scenario, first: str | None, deaths: tuple[int, ...]
    ) -> None:
        self._world = world
        self._scenario = scenario
        self._first = first
        self._deaths = deaths
        self.calls: dict[str, int] = {}
        self.wrote: list[str] = []
        self._to_kill: set[str] = set()
        self._held: set[Hold] = set()
        self._reached: dict[str, Event] = defaultdict(Event)
        self.attempts: list[str] = []
        self.killed = 0

    def round_moved(self, state: str) -> None:
        self._world.scheduler.happen(self._reached[state])

    def saw(
        self,
        process: Process,
        operation: str,
        is_done: bool,  # noqa: FBT001  a callback
    ) -> None:
        kills = self._scenario.kills
        if kills is not None and process.kind == kills[0]:
            self._to_kill.add(process.name)
            if len(self._to_kill) <= kills[1]:
                self._world.scheduler.kill(process)
            return
        for hold in self._scenario.holds:
            if (process.kind, operation, is_done) == (hold.function, hold.operation, hold.done):
                self._hold(process, hold)
        if process.kind != self._scenario.function or not is_done:
            return
        if not self.calls.get(process.name):
            self._began(process.name)
        self.calls[process.name] = self.calls.get(process.name, 0) + 1
        if process.commits and process.name not in self.wrote:
            self.wrote.append(process.name)
        if process.name in self.attempts:
            number = self.attempts.index(process.name)
            if number < len(self._deaths) and self.calls[process.name] == self._deaths[number]:
                self.killed += 1
                self._world.scheduler.kill(process)

    def _hold(self, process: Process, hold: Hold) -> None:
        if hold.named in process.name and hold not in self._held:
            self._held.add(hold)
            process.slept_through = True
            self._world.scheduler.wait(self._reached[hold.until])

    def _began(self, name: str) -> None:
        if self._first is None:
            return
        if name == self._first or (self.attempts and _stem(name) == _stem(self._first)):
            self.attempts.append(name)

    @property
    def target(self) -> str:
        found = [name for name in self.wrote if self._scenario.named in name]
        return found[self._scenario.skipped]


def _stem(name: str) -> str:
    return _ATTEMPT.sub("", _ATTEMPT.sub("", name))


def run(
    scenario: Scenario,
    first: str | None = None,
    deaths: tuple[int, ...] = (),
    *,
    trace: bool = False,
) -> Run:
    """Run a scenario in which the attempts of ``first`` die after so many calls each."""
    world = World(_PLAN.seed, scenario.faults, rate=0.0)
    found = Run()
    if trace:
        world.trace = found.trace
    watcher = _Watcher(world, scenario, first, deaths)
    with inhabited(world):
        stage = Stage(world, _PLAN)
        stage.people.resting = True
        acts = (*_USUAL, *scenario.acts)

        def round_moved(round_id: str, state: str) -> None:
            stage.opened += state == "OPEN"
            if round_id == _ROUND:
                watcher.round_moved(state)
                for at_state, act in acts:
                    if at_state == state:
                        world.scheduler.at(20, partial(act, stage))

        stage.monitor.on_round = round_moved
        try:
            stage.set_up()
            world.on_call = watcher.saw
            stage.watch()
            world.scheduler.run(lambda: stage.opened >= 1, world.scheduler.now + _MINUTES_MS)
            # The bets and what else is to happen are on their way before the table is closed.
            world.scheduler.run(lambda: False, world.scheduler.now + 100)
            stage.come_to_rest(faults=True)
            stage.check()
        except Violation as violation:
            found.violation = violation
        found.killed = watcher.killed
        if first is None and found.violation is None:
            target = watcher.target
            found.attempts = [(target, watcher.calls[target])]
        else:
            found.attempts = [(name, watcher.calls[name]) for name in watcher.attempts]
    return found


@dataclass
class Points:
    """What the points of one command came to."""

    name: str
    singles: int = 0
    singles_passed: int = 0
    pairs: int = 0
    pairs_passed: int = 0
    all_pairs: int = 0
    """How many there are, tried or not."""
    failures: list[str] = field(default_factory=list)


def enumerate_points(scenario: Scenario, most_pairs: int | None = None) -> Points:
    """Stop the command at all its points, and at ``most_pairs`` pairs of them, spread evenly over
    all; at every pair with None.
    """
    points = Points(scenario.name)
    reference = run(scenario)
    if reference.violation is not None:
        points.failures.append(f"{scenario.name}: {reference.violation}")
        return points
    [(first, calls)] = reference.attempts
    pairs: list[tuple[int, int]] = []
    for place in range(1, calls + 1):
        single = run(scenario, first, (place,))
        points.singles += 1
        points.singles_passed += _passed(points, single, (place,))
        if len(single.attempts) < 2:
            continue  # Nothing was left to resume.
        pairs += ((place, second) for second in range(1, single.attempts[1][1] + 1))
    points.all_pairs = len(pairs)
    for deaths in _spread(pairs, most_pairs):
        points.pairs += 1
        points.pairs_passed += _passed(points, run(scenario, first, deaths), deaths)
    return points


def _spread(pairs: list[tuple[int, int]], most: int | None) -> list[tuple[int, int]]:
    if most is None or len(pairs) <= most:
        return pairs
    return [pairs[number * len(pairs) // most] for number in range(most)]


def _passed(points: Points, found: Run, deaths: tuple[int, ...]) -> bool:
    where = " and ".join(map(str, deaths))
    if found.violation is not None:
        points.failures.append(f"{points.name}, after call {where}: {found.violation}")
        return False
    if found.killed != len(deaths):
        points.failures.append(f"{points.name}: no death after call {where}")
        return False
    return True


def by_name(name: str) -> Scenario:
    return next(scenario for scenario in SCENARIOS if scenario.name == name)
