"""Step Functions: runs the very text of ``*.asl.json``, as far as those texts need it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final

from tests.simulation.faults import Kind
from tests.simulation.scheduler import Event, Killed, Process
from tests.simulation.world import ARN_OF_MACHINES, ROOT, Outcome, World

_FOLDER: Final = ROOT / "functions" / "state_machines"
_NOT_TAKEN_BY_ALL: Final = frozenset({"States.DataLimitExceeded", "States.Runtime"})


class StateFailed(Exception):
    """A state failed with an error that ASL can match by its name."""

    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause


@dataclass
class Execution:
    name: str
    input: dict[str, Any]
    status: str = "RUNNING"
    at_state: str = ""
    data: Any = None
    error: str = ""
    ended_at_ms: int | None = None
    transitions: int = 0
    redriven: bool = False
    process: Process | None = None


@dataclass
class _Token:
    event: Event = field(default_factory=Event)
    beat_at: float = 0.0


class Machine:
    """Standard executions: at most one of a name, each state entered once but for its retries."""

    def __init__(self, world: World, definition: str = "round") -> None:
        self._world = world
        self._arn = ARN_OF_MACHINES + definition
        self._definition = json.loads((_FOLDER / f"{definition}.asl.json").read_text())
        self.executions: dict[str, Execution] = {}
        self._tokens: dict[str, _Token] = {}
        self.waiting = 0
        """How many tasks wait for their token."""
        self.to_redrive = 0
        """How many stopped executions are still to be redriven."""
        world.machines[definition] = self

    @property
    def running(self) -> list[Execution]:
        return [one for one in self.executions.values() if one.status == "RUNNING"]

    def start(self, name: str, input_: dict[str, Any]) -> bool:
        """Start an execution; the same again while it runs is answered as the first time."""
        known = self.executions.get(name)
        if known is not None:
            return known.status == "RUNNING" and known.input == input_
        execution = self.executions[name] = Execution(name, input_, data=input_)
        execution.at_state = self._definition["StartAt"]
        self._go(execution)
        return True

    def status_of(self, name: str) -> str | None:
        known = self.executions.get(name)
        return None if known is None else known.status

    def run_out(self) -> None:
        """Let the time of whoever still waits for a token be over."""
        for waiting in self._tokens.values():
            self._world.scheduler.happen(waiting.event, "States.Timeout")
        self._tokens.clear()

    def redrive(self, execution: Execution) -> None:
        """Go on where an execution was stopped, with what it had there."""
        self.to_redrive -= 1
        execution.status, execution.redriven = "RUNNING", True
        self._go(execution)

    def tell(self, token: str, what: str, error: str) -> bool:
        waiting = self._tokens.get(token)
        if waiting is None:
            return False
        if what == "heartbeat":
            waiting.beat_at = self._world.scheduler.now
        else:
            del self._tokens[token]
            self._world.scheduler.happen(waiting.event, error if what == "failure" else None)
        return True

    def _go(self, execution: Execution) -> None:
        name = self._world.unique(f"execution {execution.name}")
        execution.process = self._infrastructure(name, lambda: self._execute(execution))
        limit_ms = self._definition["TimeoutSeconds"] * 1000

        def time_out(process: Process = execution.process) -> None:
            if process.alive:
                self._end(execution, "TIMED_OUT")
                self._world.scheduler.kill(process)

        self._world.scheduler.at(limit_ms, time_out)

    def _infrastructure(self, name: str, run: Callable[[], Any]) -> Process:
        """Run a part of the service itself: it makes no calls and meets no faults."""
        process = Process(name, "machine", random.Random(f"{self._world.seed}:{name}"))
        return self._world.scheduler.spawn(process, run)

    def _end(self, execution: Execution, status: str) -> None:
        execution.status = status
        execution.ended_at_ms = self._world.now_ms

    def _execute(self, execution: Execution) -> None:
        states = self._definition["States"]
        while True:
            state = states[execution.at_state]
            if self._is_stopped_at(execution):
                return
            execution.transitions += 1
            try:
                execution.data, following = self._enter(
                    execution, execution.at_state, state, execution.data
                )
            except StateFailed as failed:
                execution.error = failed.error
                self._end(execution, "FAILED")
                return
            if following is None:
                self._end(execution, "SUCCEEDED")
                return
            execution.at_state = following

    def _is_stopped_at(self, execution: Execution) -> bool:
        """Return whether an operator's mistake, or the service's trouble, stops it here."""
        faults, place = self._world.faults, f"{execution.name}@{execution.at_state}"
        site = f"state {execution.at_state}"
        if execution.redriven:
            return False
        redriven = faults.of_event(place, site, Kind.REDRIVEN, 0.5)
        abandoned = faults.of_event(place, site, Kind.ABANDONED, 0.5)
        fault = redriven or abandoned
        if fault is None:
            return False
        self._end(execution, "ABORTED")
        faults.took_effect(fault)
        if redriven is not None:
            self.to_redrive += 1
            delay_ms = redriven.dice.choice((5_000, 30_000, 90_000, 300_000))
            self._world.scheduler.at(
                delay_ms * redriven.dice.uniform(0.5, 1.5), lambda: self.redrive(execution)
            )
        return True

    def _enter(
        self, execution: Execution, name: str, state: Mapping[str, Any], data: Any
    ) -> tuple[Any, str | None]:
        """Return the state's output and the name of the next one, None at the end."""
        match state["Type"]:
            case "Wait":
                until = datetime.fromisoformat(_path(state["TimestampPath"], data, {}))
                wait_ms = until.timestamp() * 1000 - self._world.scheduler.now
                # Waits are not precise: they end up to half a second early or late.
                noise = execution.process.dice.uniform(-100, 500) if execution.process else 0.0
                self._world.scheduler.sleep(max(0.0, wait_ms + noise))
                return data, state["Next"]
            case "Choice":
                for choice in state["Choices"]:
                    if _holds(choice, data):
                        return data, choice["Next"]
                return data, state["Default"]
            case "Succeed":
                return data, None
            case "Fail":
                raise StateFailed(state["Error"], state["Cause"])
            case "Task" | "Map":
                try:
                    result = self._with_retries(execution, name, state, data)
                except StateFailed as failed:
                    for catcher in state.get("Catch", ()):
                        if _matches(failed.error, catcher["ErrorEquals"]):
                            told = {"Error": failed.error, "Cause": failed.cause}
                            path = catcher.get("ResultPath", "$")
                            return _put(path, data, told), catcher["Next"]
                    raise
                output = _put(state.get("ResultPath", "$"), data, result)
                output = _path(state.get("OutputPath", "$"), output, {})
                return output, state.get("Next")
        raise AssertionError(f"this interpreter has no state of type {state['Type']}")

    def _with_retries(
        self, execution: Execution, name: str, state: Mapping[str, Any], data: Any
    ) -> Any:
        used: dict[int, int] = {}
        attempt = 0
        process = self._world.scheduler.process
        assert process is not None
        while True:
            attempt += 1
            try:
                if state["Type"] == "Map":
                    return self._map(execution, state, data)
                return self._task(execution, f"{execution.name}/{name}#{attempt}", state, data)
            except StateFailed as failed:
                pause_ms = _retry_pause_ms(state, failed.error, used, process.dice)
                if pause_ms is None:
                    raise
                self._world.scheduler.sleep(pause_ms)

    def _task(self, execution: Execution, place: str, state: Mapping[str, Any], data: Any) -> Any:
        waits = state["Resource"].endswith(".waitForTaskToken")
        token = self._world.unique(f"token {place}")
        context = {
            "Task": {"Token": token},
            "StateMachine": {"Id": self._arn},
            "Map": {"Item": {"Value": data.get("page") if isinstance(data, dict) else None}},
        }
        parameters = _filled(state["Parameters"], data, context)
        function = parameters["FunctionName"].removeprefix("${").removesuffix("}")
        limit_ms = state["TimeoutSeconds"] * 1000
        if waits:
            self._tokens[token] = _Token(beat_at=self._world.scheduler.now)
            return self._await(token, function, parameters["Payload"], place, state)
        outcome = self._world.invoke(function, parameters["Payload"], place, limit_ms)
        if outcome.error is not None:
            raise StateFailed(outcome.error, outcome.message)
        lost = self._world.faults.of_event(place, f"state of {function}", Kind.STATE_RETRIED)
        if lost is not None:
            self._world.faults.took_effect(lost)
            raise StateFailed("Lambda.ServiceException", "the answer was lost")
        return {"Payload": outcome.result}

    def _await(
        self,
        token: str,
        function: str,
        payload: dict[str, Any],
        place: str,
        state: Mapping[str, Any],
    ) -> Any:
        """Invoke a function with a token and wait until it is answered."""
        scheduler, waiting = self._world.scheduler, self._tokens[token]
        deadline = scheduler.now + state["TimeoutSeconds"] * 1000
        silence_ms = state.get("HeartbeatSeconds", state["TimeoutSeconds"]) * 1000
        outcome: Outcome = self._world.invoke(function, payload, place, 60_000)
        if outcome.error is not None:
            self._tokens.pop(token, None)
            raise StateFailed(outcome.error, outcome.message)
        while not waiting.event.happened:
            until = min(deadline, waiting.beat_at + silence_ms)
            if scheduler.now >= until:
                self._tokens.pop(token, None)
                late = scheduler.now < deadline
                raise StateFailed("States.HeartbeatTimeout" if late else "States.Timeout")
            self.waiting += 1
            try:
                scheduler.wait(waiting.event, until - scheduler.now)
            finally:
                self.waiting -= 1
        if waiting.event.value is not None:
            raise StateFailed(waiting.event.value)
        return {}

    def _map(self, execution: Execution, state: Mapping[str, Any], data: Any) -> list[Any]:
        items = _path(state["ItemsPath"], data, {})
        processor = state["ItemProcessor"]
        results: dict[int, Any] = {}
        failures: list[StateFailed] = []
        done = Event()
        scheduler = self._world.scheduler

        def one(number: int, item: Any) -> None:
            value: Any = _filled(
                state["ItemSelector"], data, {"Map": {"Item": {"Value": item, "Index": number}}}
            )
            at: str | None = processor["StartAt"]
            try:
                while at is not None:
                    execution.transitions += 1
                    place = f"{at}[{number}]"
                    value, at = self._enter(execution, place, processor["States"][at], value)
            except StateFailed as failed:
                failures.append(failed)
            else:
                results[number] = value
            if failures or len(results) == len(items):
                scheduler.happen(done)

        if not items:
            return []
        children = [
            self._infrastructure(
                self._world.unique(f"{execution.name} item {number}"),
                partial(one, number, item),
            )
            for number, item in enumerate(items)
        ]
        try:
            scheduler.wait(done)
        except Killed:
            for child in children:
                scheduler.kill(child)
            raise
        if failures:
            for child in children:
                scheduler.kill(child)
            raise failures[0]
        return [results[number] for number in range(len(items))]


def _retry_pause_ms(
    state: Mapping[str, Any], error: str, used: dict[int, int], dice: random.Random
) -> float | None:
    """Return the pause before the next attempt, None when there is none."""
    for number, retrier in enumerate(state.get("Retry", ())):
        if not _matches(error, retrier["ErrorEquals"]):
            continue
        times = used.get(number, 0)
        if times >= retrier.get("MaxAttempts", 3):
            return None
        used[number] = times + 1
        seconds = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** times
        seconds = min(seconds, retrier.get("MaxDelaySeconds", seconds))
        if retrier.get("JitterStrategy") == "FULL":
            seconds *= dice.random()
        return float(seconds * 1000)
    return None


def _matches(error: str, names: list[str]) -> bool:
    if error in names:
        return True
    if "States.TaskFailed" in names and error != "States.Timeout":
        return True
    return "States.ALL" in names and error not in _NOT_TAKEN_BY_ALL


def _holds(rule: Mapping[str, Any], data: Any) -> bool:
    """Return whether a rule of a Choice holds."""
    if "Or" in rule:
        return any(_holds(one, data) for one in rule["Or"])
    return bool(_path(rule["Variable"], data, {}) == rule["StringEquals"])


def _path(path: str, data: Any, context: Mapping[str, Any]) -> Any:
    """Return what a reference path leads to; ``$$`` starts in the context."""
    found: Any = context if path.startswith("$$") else data
    for name in path.lstrip("$").lstrip(".").split("."):
        if name:
            found = found[name]
    return found


def _put(path: str | None, data: Any, result: Any) -> Any:
    """Return the output of a state whose result goes to ``path``: all of it, none, or a member."""
    if path is None:
        return data
    if path == "$":
        return result
    return {**data, path.removeprefix("$."): result}


def _filled(template: Any, data: Any, context: Mapping[str, Any]) -> Any:
    if not isinstance(template, dict):
        return template
    return {
        name.removesuffix(".$"): (
            _path(value, data, context) if name.endswith(".$") else _filled(value, data, context)
        )
        for name, value in template.items()
    }
