"""The payouts' FIFO queue, and the event source mapping that hands its messages to the sender."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass
from typing import Any, Final

from tests.simulation.faults import Kind
from tests.simulation.requests import FUNCTION_MS
from tests.simulation.scheduler import Process
from tests.simulation.world import ENVIRONMENT, World

_FUNCTION: Final = "send_withdrawal"
_DEDUPLICATED_MS: Final = 5 * 60_000
_VISIBILITY_MS: Final = 150_000
_SENDS: Final = 5
"""As in the stack."""


@dataclass
class _Message:
    id: str
    body: str
    group: str
    received: int = 0


class PayoutQueue:
    """Messages of one group are handed out one after the other, each until it is taken; after some
    tries it is kept aside. One with the id of another is dropped for five minutes.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._groups: dict[str, deque[_Message]] = {}
        self._sent: dict[str, tuple[float, str]] = {}
        self._count = 0
        self.unsent: list[str] = []
        """What was tried too often, for a person to look at."""
        world.sqs.readers[ENVIRONMENT["PAYOUTS_QUEUE_URL"]] = self._put

    @property
    def idle(self) -> bool:
        return not self._groups

    def _put(self, params: dict[str, Any]) -> str:
        now, known = self._world.scheduler.now, params["MessageDeduplicationId"]
        at, id_ = self._sent.get(known, (0.0, ""))
        if id_ and now - at < _DEDUPLICATED_MS:
            return id_
        self._count += 1
        message = _Message(str(self._count), params["MessageBody"], params["MessageGroupId"])
        self._sent[known] = (now, message.id)
        waiting = self._groups.get(message.group)
        if waiting is not None:
            waiting.append(message)
            return message.id
        self._groups[message.group] = deque([message])
        name = self._world.unique(f"queue of {message.group}")
        process = Process(name, "queue", random.Random(f"{self._world.seed}:{name}"))
        self._world.scheduler.spawn(process, lambda: self._read(message.group, process))
        return message.id

    def _read(self, group: str, process: Process) -> None:
        scheduler, waiting = self._world.scheduler, self._groups[group]
        while waiting:
            scheduler.sleep(process.dice.uniform(5, 200))
            message = waiting[0]
            message.received += 1
            if message.received > _SENDS:
                self.unsent.append(waiting.popleft().body)
                continue
            started = scheduler.now
            name = f"{_FUNCTION} {message.body} {message.id} try {message.received}"
            if not self._is_taken(message, name):
                scheduler.sleep(max(0.0, started + _VISIBILITY_MS - scheduler.now))
                continue
            repeated = self._world.faults.of_event(
                name, f"queue of {_FUNCTION}", Kind.MESSAGE_REPEATED, 3
            )
            if repeated is not None:
                self._world.faults.took_effect(repeated)
                scheduler.sleep(repeated.dice.choice((0, _VISIBILITY_MS)))
                self._is_taken(message, f"{name} again")
            waiting.popleft()
        del self._groups[group]

    def _is_taken(self, message: _Message, name: str) -> bool:
        record = {
            "messageId": message.id,
            "receiptHandle": f"{message.id}.{message.received}",
            "body": message.body,
            "attributes": {
                "ApproximateReceiveCount": str(message.received),
                "MessageGroupId": message.group,
            },
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:payouts.fifo",
            "awsRegion": "us-east-1",
        }
        outcome = self._world.invoke(_FUNCTION, {"Records": [record]}, name, FUNCTION_MS)
        failed = [] if outcome.error else outcome.result["batchItemFailures"]
        return outcome.error is None and not failed
