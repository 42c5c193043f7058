"""Workers in processes of their own, killed with SIGKILL at random while they work.

A command whose worker was killed is given to another one, with the same keys, until it is answered.
Which attempts end in a kill is drawn from a seed for each command. So is the moment: after a time,
and where that is in the code depends on the machine; or right before or after a write.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from queue import Queue
from threading import Lock
from typing import Final, Self

from tests.support import mortal
from tests.support.mortal import NOT_YET, Answer, Command

MOST_KILLS: Final = 4
"""Of the workers of one command."""

MOST_ATTEMPTS: Final = 20
_LATEST_KILL: Final = 1.2
"""In times of what a command of its kind takes on average: some are killed when they have answered
and wait for the next."""
_FIRST_WRITES: Final = 2
"""At one of these the others are killed; many commands have but one."""

_WAIT_SECONDS: Final = 120
_FIRST_GUESS_SECONDS: Final = 0.05


@dataclass(slots=True)
class Counts:
    """``lost`` are kills in the middle of a command, ``done`` those of them that came after the
    commit, as far as was seen.
    """

    kills: int = 0
    lost: int = 0
    done: int = 0
    repeated: set[str] = field(default_factory=set)
    not_yet: int = 0
    retries: int = 0


@dataclass(frozen=True, slots=True)
class _End:
    """When a worker is killed: after ``moment`` times what its command takes on average, or at
    ``place`` among its writes, as ``mortal`` counts.
    """

    moment: float | None
    place: int

    @classmethod
    def drawn(cls, dice: random.Random) -> Self:
        if dice.random() < 0.5:
            return cls(dice.uniform(0, _LATEST_KILL), 0)
        return cls(None, dice.randint(1, 2 * _FIRST_WRITES))


class NoAnswer(AssertionError):
    """A command was given as often as it may be, and there is no answer."""


@dataclass(slots=True)
class _Worker:
    process: multiprocessing.process.BaseProcess
    connection: Connection

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.connection.close()


class Crew:
    """``share`` of all attempts are killed. ``is_done`` tells of a command whose worker was killed
    whether it had committed.
    """

    def __init__(
        self, workers: int, seed: int, share: float, is_done: Callable[[Command], bool]
    ) -> None:
        self.counts = Counts()
        self.answers: list[tuple[Command, Answer]] = []
        self._seed, self._share, self._is_done = seed, share, is_done
        self._seconds: dict[str, list[float]] = defaultdict(lambda: [_FIRST_GUESS_SECONDS, 1])
        self._lock = Lock()
        self._context = multiprocessing.get_context("forkserver")
        # A worker is a fork of a process that has imported everything, but made no client.
        self._context.set_forkserver_preload(["__main__", mortal.__name__])
        self._environment = dict(os.environ)
        self._free: Queue[_Worker] = Queue()
        self._pool = ThreadPoolExecutor(workers)
        self._all: list[_Worker] = []
        for _ in range(workers):
            self._free.put(self._start())

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=mortal.work, args=(theirs, self._environment), daemon=True
        )
        process.start()
        # Only the worker holds its end, so that its death is the end of what can be read.
        theirs.close()
        assert ours.poll(_WAIT_SECONDS), "a worker did not start"
        assert ours.recv() == "ready"
        worker = _Worker(process, ours)
        with self._lock:
            self._all.append(worker)
        return worker

    def stop(self) -> None:
        self._pool.shutdown(cancel_futures=True)
        for worker in self._all:
            worker.end()

    def run(self, commands: Sequence[Command]) -> list[Answer]:
        """Do all commands, as many at once as there are workers, and return their answers.

        Raises:
            NoAnswer: to one of them.
        """
        answers = list(self._pool.map(self._complete, commands))
        self.answers += zip(commands, answers, strict=True)
        return answers

    def _complete(self, command: Command) -> Answer:
        dice = random.Random(f"{self._seed}:{command.id}")
        killed = 0
        for attempt in range(MOST_ATTEMPTS):
            if attempt:
                with self._lock:
                    self.counts.repeated.add(command.id)
            kill = killed < MOST_KILLS and dice.random() < self._share
            answer = self._attempt(command, _End.drawn(dice) if kill else None)
            if answer is None:
                killed += 1
                continue
            with self._lock:
                self.counts.retries += answer.retries
                if answer.code not in NOT_YET:
                    return answer
                self.counts.not_yet += 1
        raise NoAnswer(f"{MOST_ATTEMPTS} attempts gave no answer to {command}")

    def _attempt(self, command: Command, end: _End | None) -> Answer | None:
        """Return what a worker answers; None if it was killed before."""
        worker = self._free.get()
        answer = self._ask(worker, command, end)
        if end is not None:
            self._kill(worker)
            if answer is None:
                done = self._is_done(command)
                with self._lock:
                    self.counts.lost += 1
                    self.counts.done += done
            worker = self._start()
        self._free.put(worker)
        return answer

    def _ask(self, worker: _Worker, command: Command, end: _End | None) -> Answer | None:
        worker.connection.send((command, end.place if end else 0))
        started = time.monotonic()
        seconds: float = _WAIT_SECONDS
        if end is not None and end.moment is not None:
            seconds = end.moment * self._average(command.kind)
        if not worker.connection.poll(seconds):
            assert end is not None, f"a worker hangs at {command}"
            assert end.moment is not None, f"a worker hangs at {command}"
            return None
        try:
            answer: Answer = worker.connection.recv()
        except EOFError:
            assert end is not None, f"a worker died of {command}"
            assert end.place, f"a worker died of {command}"
            return None
        self._took(command.kind, time.monotonic() - started)
        return answer

    def _kill(self, worker: _Worker) -> None:
        worker.end()
        with self._lock:
            self.counts.kills += 1
            self._all.remove(worker)

    def _average(self, kind: str) -> float:
        with self._lock:
            total, count = self._seconds[kind]
        return total / count

    def _took(self, kind: str, seconds: float) -> None:
        with self._lock:
            self._seconds[kind][0] += seconds
            self._seconds[kind][1] += 1


@contextmanager
def crew(
    workers: int, seed: int, share: float, is_done: Callable[[Command], bool]
) -> Iterator[Crew]:
    found = Crew(workers, seed, share, is_done)
    try:
        yield found
    finally:
        found.stop()


def tally(answers: Sequence[tuple[Command, Answer]]) -> dict[str, Counter[str]]:
    """Count the answers of each kind of command."""
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for command, answer in answers:
        counted[command.kind][answer.code] += 1
    return dict(counted)
