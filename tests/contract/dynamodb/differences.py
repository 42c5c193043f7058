"""Where MiniStack does not answer as AWS documents: why, and what it answers instead.

The answers are asserted step by step, so that a version that does better is noticed.
"""

from __future__ import annotations

from typing import Any

from tests.contract.dynamodb.conditions import ITEM
from tests.contract.dynamodb.program import (
    CONDITION_FAILED,
    TABLE,
    at,
    cancelled,
    found,
    key,
    values,
)
from tests.contract.dynamodb.reads import ITEM as PROJECTED
from tests.contract.dynamodb.updates import BEFORE

Answers = dict[int, Any]


def _item(attributes: dict[str, Any]) -> dict[str, Any]:
    return {"Item": values({**at(), **attributes})}


def _after(**changes: Any) -> Answers:
    """The update is carried out, with this in its wake."""
    return {1: {}, 2: _item({k: v for k, v in {**BEFORE, **changes}.items() if v is not ...})}


NO_MATCH: Answers = {
    1: found(scanned=1),
    2: cancelled("ConditionalCheckFailed", "None"),
    3: CONDITION_FAILED,
}
MATCH: Answers = {1: found({**at(), **ITEM}), 2: {}, 3: {}, 4: {}}
CARRIED_OUT: Answers = {1: {}}
NOTHING_FOUND: Answers = {0: found()}

_GROUPS: list[tuple[str, dict[str, Answers]]] = [
    (
        "the types of a condition's operands are not checked: it just does not hold",
        {
            "condition: order of a boolean": NO_MATCH,
            "condition: order of a list": NO_MATCH,
            "condition: between bounds of two types": NO_MATCH,
            "condition: type that there is not": NO_MATCH,
            "condition: type that is no string": NO_MATCH,
        },
    ),
    (
        "the grammar of conditions is laxer",
        {
            "condition: a function there is not": NO_MATCH,
            "condition: functions are small": MATCH,
            "condition: arithmetic": MATCH,
            "condition: a comparison of one with itself": MATCH,
            "condition: nothing": {1: MATCH[1]},
            "names that are malformed": {0: CONDITION_FAILED},
            "IN with a hundred and one": NOTHING_FOUND,
            "a wrong value in an expression": NOTHING_FOUND,
        },
    ),
    (
        "members of a number set are compared as text",
        {
            "condition: contains a number of a set": {
                1: {"Count": 0, "ScannedCount": 1},
                2: cancelled("ConditionalCheckFailed"),
                3: CONDITION_FAILED,
                4: _item(ITEM),
            }
        },
    ),
    (
        "the places of list elements shift while an update is carried out",
        {
            "update: past the end in order": {2: _item({**BEFORE, "l": [1, 2, 3, "b", "a"]})},
            "update: REMOVE elements": {2: _item({**BEFORE, "l": [2, 3]})},
        },
    ),
    (
        "operands of another type and paths that lead nowhere are ignored",
        {
            "update refused: plus a string": CARRIED_OUT,
            "update refused: plus to a string": CARRIED_OUT,
            "update refused: list_append to a string": _after(s=[1]),
            "update refused: list_append of a string": CARRIED_OUT,
            "update refused: an index into a map": CARRIED_OUT,
            "update refused: REMOVE in nothing": CARRIED_OUT,
            "update refused: 39 digits": CARRIED_OUT,
            "transaction: an update of another type": {1: {}, 2: _item({"sk": "a"})},
            "transaction: two reasons at once": {1: cancelled("None", "ConditionalCheckFailed")},
        },
    ),
    (
        "the grammar of updates is laxer, and paths may overlap",
        {
            "update refused: a sum of three": _after(n=7),
            "update refused: a product": CARRIED_OUT,
            "update refused: ADD a path": CARRIED_OUT,
            "update refused: a section twice": _after(s=1),
            "update refused: a comma too many": _after(n=1),
            "update refused: if_not_exists of a value": _after(n=1),
            "update refused: one path twice": _after(n=2),
            "update refused: a path and one in it": _after(m={"a": 2}),
            "update refused: a path in two sections": _after(n=...),
        },
    ),
    (
        "an empty projection is none",
        {
            "projection: an empty one": {
                1: _item(PROJECTED),
                2: found({**at(), **PROJECTED}),
            }
        },
    ),
    (
        "what a key condition may be is not checked, nor a filter on keys",
        {
            "key condition refused: the sort key unequal": NOTHING_FOUND,
            "key condition refused: OR": NOTHING_FOUND,
            "key condition refused: NOT": NOTHING_FOUND,
            "key condition refused: contains": NOTHING_FOUND,
            "filter: on a key of a query": NOTHING_FOUND,
            "pages: a start that is no key": {1: found()},
        },
    ),
    (
        "number keys are looked up as text, and the types of keys are not checked",
        {
            "get: a table with one key": {1: {}},
            "transactional get: a key of another type": {1: {"Responses": [{"Item": key()}, {}]}},
        },
    ),
    (
        "parts of a request that have to be there may be left out",
        {
            "transaction: a check of nothing": {0: {}},
            "transaction: an update of nothing": {0: {}},
            "an empty attribute name": {0: {}},
        },
    ),
    (
        "a transaction may update a key attribute",
        {"transaction: the key is updated": {0: {}}},
    ),
    (
        "reads cost the same whatever they read, and a batch of them does not tell",
        {
            "cost: a strong get beyond 4 KB": {
                1: {"Item": key(), "ConsumedCapacity": {TABLE: 1.0}}
            },
            "cost: an eventual get beyond 4 KB": {
                1: {"Item": key(), "ConsumedCapacity": {TABLE: 0.5}}
            },
            "cost: a query adds up and then rounds": {
                3: {"Count": 3, "ScannedCount": 3, "ConsumedCapacity": {TABLE: 1.0}}
            },
            "cost: a query pays for what is left out": {
                3: {"Count": 0, "ScannedCount": 3, "ConsumedCapacity": {TABLE: 0.5}}
            },
            "cost: a scan": {1: {"Count": 1, "ScannedCount": 1, "ConsumedCapacity": {TABLE: 1.0}}},
            "cost: a transactional get is twice": {
                1: {
                    "Responses": [{"Item": values({"pk": "p"})}, {}],
                    "ConsumedCapacity": {TABLE: 4.0},
                }
            },
            "cost: a batch of reads rounds each": {
                1: {"Responses": {TABLE: [values({"pk": "p"})]}, "UnprocessedKeys": {}}
            },
        },
    ),
]

EMULATOR_DIFFERS: dict[str, tuple[str, Answers]] = {
    case: (reason, answers) for reason, cases in _GROUPS for case, answers in cases.items()
}
