"""Virtual time, and processes that take turns in it.

A process is one or more greenlets. A greenlet runs until it pauses; then the one that is due next
runs, so that nothing but the pauses (whose lengths come from the seed) decides who is first.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from typing import Any, Final, TypeVar

from greenlet import GreenletExit, getcurrent, greenlet

T = TypeVar("T")
START_MS: Final = 1_760_000_000_000


class Killed(GreenletExit):
    """The process died here. It is no ``Exception``: nobody in the code under test catches it."""


class Process:
    """``name`` is what it does and for whom: the same in every run of a seed, whatever else happens
    meanwhile, so that its own dice fall as before. Its clock is off by ``offset_ms``; at its call
    number ``step[0]`` by ``step[1]`` more. ``newer``: it runs a newer version of the code.
    ``slept_through``: nothing ends it at its deadline any more. ``met_fault``: a call of it did.
    """

    def __init__(self, name: str, kind: str, dice: random.Random) -> None:
        self.name = name
        self.kind = kind
        self.dice = dice
        self.calls = 0
        self.offset_ms = 0
        self.faulty = True
        self.step: tuple[int, int] | None = None
        self.newer = False
        self.slept_through = False
        self.met_fault = False
        self.commits = 0
        self.lost_races = 0
        self.returned = False
        self.alive = True
        self.ended = False
        self.result: Any = None
        self.error: BaseException | None = None
        self.tasks: set[Task] = set()
        self.waiters: list[Event] = []
        self.at_end: list[Callable[[Process], None]] = []


class Task:
    """One greenlet of a process. ``turn`` tells its newest pause from those that are over."""

    __slots__ = ("glet", "process", "turn")

    def __init__(self, process: Process, run: Callable[[], None]) -> None:
        self.process = process
        self.turn = 0
        self.glet: greenlet = greenlet(run)


class Event:
    """Something that tasks wait for."""

    def __init__(self) -> None:
        self.happened = False
        self.value: Any = None
        self.waiting: list[Task] = []


class Scheduler:
    """``now_ms`` is the true time; what a process sees is off by its ``offset_ms``."""

    def __init__(self) -> None:
        self.now = float(START_MS)
        self._order = 0
        self._heap: list[tuple[float, int, Task | None, int, Callable[[], None] | None]] = []
        self._hub = getcurrent()
        self._until: Callable[[], bool] = lambda: True
        self._until_ms = self.now
        self.current: Task | None = None
        self.alive: set[Process] = set()
        self.failure: BaseException | None = None

    @property
    def now_ms(self) -> int:
        return int(self.now)

    @property
    def process(self) -> Process | None:
        """The process that runs now, None outside of all."""
        return None if self.current is None else self.current.process

    def at(self, delay_ms: float, act: Callable[[], None]) -> None:
        """Call ``act`` later, outside of all processes; it must not pause."""
        self._push(self.now + delay_ms, None, 0, act)

    def spawn(self, process: Process, run: Callable[[], Any], delay_ms: float = 0.0) -> Process:
        """Start a process; it ends with its first task."""

        def main() -> None:
            try:
                process.result = run()
                process.returned = True
            except Killed:
                pass
            except Exception as error:  # noqa: BLE001  what a process fails with is its result
                process.error = error
            self._end(process)

        self.alive.add(process)
        self._start(process, main, delay_ms)
        return process

    def sleep(self, ms: float) -> None:
        """Pause the running task."""
        task = self._living()
        at = self.now + ms
        if self._nobody_is_due(at):
            self.now = at
            return
        task.turn += 1
        self._push(at, task, task.turn, None)
        self._pause(task)

    def _nobody_is_due(self, at: float) -> bool:
        """Return whether nothing happens until ``at``, so that no turns need to be taken."""
        if at > self._until_ms or self.failure is not None or self._until():
            return False
        heap = self._heap
        while heap:
            due, _, task, turn, _ = heap[0]
            if task is None or task.turn == turn:
                return due > at
            heappop(heap)
        return True

    def wait(self, event: Event, timeout_ms: float | None = None) -> bool:
        """Pause until the event happened; return False when the time ran out before."""
        if event.happened:
            return True
        task = self._living()
        task.turn += 1
        event.waiting.append(task)
        if timeout_ms is not None:
            self._push(self.now + timeout_ms, task, task.turn, None)
        self._pause(task)
        return event.happened

    def happen(self, event: Event, value: Any = None) -> None:
        """Let those who wait for the event go on; a second time changes nothing."""
        if event.happened:
            return
        event.happened, event.value = True, value
        for task in event.waiting:
            self._push(self.now, task, task.turn, None)
        event.waiting.clear()

    def end_of(self, process: Process) -> Event:
        """Return the event that happens when the process has ended."""
        event = Event()
        if process.ended:
            event.happened = True
        else:
            process.waiters.append(event)
        return event

    def kill(self, process: Process) -> None:
        """End the process where it is; what it would do to clean up comes to nothing."""
        if not process.alive:
            return
        process.alive = False
        if self.current is not None and self.current.process is process:
            self.at(0.0, lambda: self._end(process))
            raise Killed
        self._end(process)

    def all_of(self, count: int, works: Iterable[Callable[[], T]]) -> list[T]:
        """Run ``works`` on up to ``count`` tasks of the running process; return what they return.

        As a pool of threads does: when one fails, those under way end, and the first error is
        raised.
        """
        task = self._living()
        todo = deque(enumerate(works))
        total = len(todo)
        if total <= 1 or count == 1:
            return [work() for _, work in todo]
        results: dict[int, T] = {}
        errors: dict[int, BaseException] = {}
        left = min(count, total)
        done = Event()

        def work_on() -> None:
            nonlocal left
            while todo and not errors:
                number, work = todo.popleft()
                try:
                    results[number] = work()
                except Killed:
                    return
                except Exception as error:  # noqa: BLE001  raised by who waits for the result
                    errors[number] = error
            left -= 1
            if left == 0:
                self.happen(done)

        for _ in range(left):
            self._start(task.process, work_on, 0.0)
        self.wait(done)
        if errors:
            raise errors[min(errors)]
        return [results[number] for number in range(total)]

    def run(self, until: Callable[[], bool], until_ms: float) -> bool:
        """Let everybody take turns until ``until()``; return False when there is nothing more to do
        or the time is past ``until_ms``.

        Raises:
            BaseException: what ``failure`` was set to meanwhile.
        """
        self._until, self._until_ms = until, until_ms
        while not until():
            if not self._heap or self._heap[0][0] > until_ms:
                return False
            self.step()
        return True

    def step(self) -> None:
        at, _, task, turn, act = heappop(self._heap)
        if task is not None and task.turn != turn:
            return
        self.now = max(self.now, at)
        if act is not None:
            act()
        elif task is not None:
            task.turn += 1
            self._switch(task)
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure

    @property
    def idle(self) -> bool:
        return not self._heap

    def shut_down(self) -> None:
        """End all processes."""
        for process in sorted(self.alive, key=lambda process: process.name):
            self.kill(process)
        self._heap.clear()

    def _living(self) -> Task:
        task = self.current
        assert task is not None
        if not task.process.alive:
            raise Killed
        return task

    def _start(self, process: Process, run: Callable[[], None], delay_ms: float) -> None:
        task = Task(process, run)
        task.glet.parent = self._hub
        process.tasks.add(task)
        self._push(self.now + delay_ms, task, 0, None)

    def _push(
        self, at: float, task: Task | None, turn: int, act: Callable[[], None] | None
    ) -> None:
        self._order += 1
        heappush(self._heap, (at, self._order, task, turn, act))

    def _pause(self, task: Task) -> None:
        self._hub.switch()
        if not task.process.alive:
            raise Killed

    def _switch(self, task: Task) -> None:
        if not task.process.alive and not task.glet:
            return
        before, self.current = self.current, task
        try:
            task.glet.switch()
        except BaseException as error:  # noqa: BLE001  a violation found in a process ends the run
            self.failure = self.failure or error
        finally:
            self.current = before
        if task.glet.dead:
            task.process.tasks.discard(task)

    def _end(self, process: Process) -> None:
        if process.ended:
            return
        process.ended, process.alive = True, False
        self.alive.discard(process)
        for task in list(process.tasks):
            if task is not self.current and task.glet and not task.glet.dead:
                self._throw(task)
        for act in process.at_end:
            act(process)
        for event in process.waiters:
            self.happen(event, process)

    def _throw(self, task: Task) -> None:
        """Unwind a task that is paused. Its parent becomes whoever does this, to come back here."""
        task.glet.parent = getcurrent()
        before, self.current = self.current, task
        try:
            task.glet.throw(Killed)
        finally:
            self.current = before
        process = task.process
        process.tasks.discard(task)
