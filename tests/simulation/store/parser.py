"""The grammar of DynamoDB's expressions. What was parsed once is kept by its text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path as File
from typing import Final

from tests.simulation.store.conditions import (
    And,
    AttributeType,
    BeginsWith,
    Between,
    Comparison,
    Condition,
    Contains,
    Exists,
    In,
    Literal,
    Not,
    Operand,
    Or,
    Path,
    Size,
)
from tests.simulation.store.errors import ExpressionError
from tests.simulation.store.updates import Action, Arithmetic, IfNotExists, ListAppend, Source

MAX_EXPRESSION_BYTES: Final = 4096
MAX_OPERATORS: Final = 300
MAX_IN_OPERANDS: Final = 100

RESERVED: Final = frozenset(
    File(__file__).with_name("reserved_words.txt").read_text(encoding="ascii").split()
)
_TOKEN: Final = re.compile(
    r"\s*(?:([A-Za-z_][A-Za-z0-9_]*|[#:][A-Za-z0-9_]+|\d+|<>|<=|>=|[=<>()\[\].,+-])|(\S))"
)
_COMPARISONS: Final = frozenset({"=", "<>", "<", "<=", ">", ">="})
_OPERANDS_OF: Final = {
    "attribute_exists": 1,
    "attribute_not_exists": 1,
    "attribute_type": 2,
    "begins_with": 2,
    "contains": 2,
    "size": 1,
    "if_not_exists": 2,
    "list_append": 2,
}
_SECTIONS: Final = ("SET", "REMOVE", "ADD", "DELETE")
_END: Final = "<EOF>"


@dataclass(frozen=True)
class Placeholders:
    """What an expression takes from ExpressionAttributeNames and ExpressionAttributeValues, and the
    attributes of the item that it looks at (some of them by names).
    """

    names: frozenset[str]
    values: frozenset[str]
    attributes: frozenset[str]


@dataclass
class _Parser:
    tokens: list[str]
    at: int = 0
    operators: int = 0
    names: set[str] = field(default_factory=set)
    values: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)

    @property
    def token(self) -> str:
        return self.tokens[self.at]

    @property
    def word(self) -> str:
        return self.token.upper()

    def take(self) -> str:
        token = self.token
        if token != _END:
            self.at += 1
        return token

    def accept(self, token: str) -> bool:
        found = self.word == token
        if found:
            self.at += 1
        return found

    def expect(self, token: str) -> None:
        if not self.accept(token):
            raise self.wrong()

    def wrong(self) -> ExpressionError:
        near = " ".join(self.tokens[max(0, self.at - 1) : self.at + 2])
        return ExpressionError(f'Syntax error; token: "{self.token}", near: "{near}"')

    def operator(self) -> None:
        self.operators += 1
        if self.operators > MAX_OPERATORS:
            raise ExpressionError(
                f"The expression contains too many operators; operator count: {self.operators}"
            )

    def placeholders(self) -> Placeholders:
        if self.token != _END:
            raise self.wrong()
        return Placeholders(
            frozenset(self.names), frozenset(self.values), frozenset(self.attributes)
        )

    # Conditions, from the loosest to the tightest binding.

    def disjunction(self) -> Condition:
        parts = [self.conjunction()]
        while self.accept("OR"):
            self.operator()
            parts.append(self.conjunction())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def conjunction(self) -> Condition:
        parts = [self.negation()]
        while self.accept("AND"):
            self.operator()
            parts.append(self.negation())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def negation(self) -> Condition:
        if self.accept("NOT"):
            self.operator()
            return Not(self.negation())
        return self.primary()

    def primary(self) -> Condition:
        if self.token == "(":
            start = self.at
            try:
                return self.parenthesised()
            except _NotACondition:
                self.at = start
        elif self.tokens[self.at + 1 : self.at + 2] == ["("] and self.token != "size":
            return self.function()
        return self.comparison()

    def parenthesised(self) -> Condition:
        """Raises: _NotACondition: the parentheses are those of an operand."""
        self.expect("(")
        doubled = self.token == "("
        inner_start = self.at
        condition = self.disjunction()
        if doubled and self._closes_at(inner_start) == self.at - 1:
            raise ExpressionError("The expression has redundant parentheses;")
        self.expect(")")
        return condition

    def _closes_at(self, opening: int) -> int:
        depth = 0
        for place in range(opening, len(self.tokens)):
            depth += {"(": 1, ")": -1}.get(self.tokens[place], 0)
            if depth == 0:
                return place
        return -1

    def comparison(self) -> Condition:
        left = self.operand()
        if self.token in _COMPARISONS:
            sign = self.take()
            self.operator()
            return Comparison(sign, left, self.operand())
        if self.accept("BETWEEN"):
            self.operator()
            low = self.operand()
            self.expect("AND")
            return Between(left, low, self.operand())
        if self.accept("IN"):
            self.operator()
            return In(left, self.members())
        if self.token == ")":
            raise _NotACondition(str(self.wrong()))
        raise self.wrong()

    def members(self) -> tuple[Operand, ...]:
        self.expect("(")
        found = [self.operand()]
        while self.accept(","):
            found.append(self.operand())
        self.expect(")")
        if len(found) > MAX_IN_OPERANDS:
            raise ExpressionError(
                "The IN operator is provided with too many operands; "
                f"number of operands: {len(found)}"
            )
        return tuple(found)

    def function(self) -> Condition:
        name = self.take()
        if name in ("if_not_exists", "list_append"):
            raise ExpressionError(
                f"The function is not allowed in a condition expression; function: {name}"
            )
        arguments = self.arguments(name)
        first = arguments[0]
        match name:
            case "attribute_exists" | "attribute_not_exists":
                return Exists(self.document_path(first, name), wanted=name == "attribute_exists")
            case "attribute_type":
                return AttributeType(self.document_path(first, name), arguments[1])
            case "begins_with":
                return BeginsWith(first, arguments[1])
            case _:
                return Contains(first, arguments[1])

    def arguments(self, name: str) -> list[Operand]:
        if name not in _OPERANDS_OF:
            raise ExpressionError(f"Invalid function name; function: {name}")
        self.operator()
        self.expect("(")
        found = [self.operand()]
        while self.accept(","):
            found.append(self.operand())
        self.expect(")")
        if len(found) != _OPERANDS_OF[name]:
            raise ExpressionError(
                "Incorrect number of operands for operator or function; "
                f"operator or function: {name}, number of operands: {len(found)}"
            )
        return found

    @staticmethod
    def document_path(operand: Operand | Source, name: str) -> Path:
        if not isinstance(operand, Path):
            raise ExpressionError(
                f"Operator or function requires a document path; operator or function: {name}"
            )
        return operand

    def operand(self) -> Operand:
        if self.accept("("):
            inner = self.operand()
            self.expect(")")
            return inner
        if self.token == "size" and self.tokens[self.at + 1] == "(":
            self.take()
            return Size(self.arguments("size")[0])
        if self.tokens[self.at + 1 : self.at + 2] == ["("] and self.token in _OPERANDS_OF:
            raise ExpressionError(
                "The function is not allowed to be used this way in an expression; "
                f"function: {self.token}"
            )
        return self.literal() if self.token.startswith(":") else self.path()

    def literal(self) -> Literal:
        name = self.take()
        self.values.add(name)
        return Literal(name)

    def path(self) -> Path:
        parts: list[str | int] = [self.name()]
        self.attributes.add(str(parts[0]))
        while True:
            if self.accept("."):
                parts.append(self.name())
            elif self.accept("["):
                if not self.token.isdigit():
                    raise self.wrong()
                parts.append(int(self.take()))
                self.expect("]")
            else:
                return Path(tuple(parts))

    def name(self) -> str:
        token = self.token
        if token.startswith("#"):
            self.names.add(token)
        elif not re.match(r"[A-Za-z_]", token):
            raise self.wrong()
        elif token.upper() in RESERVED:
            raise ExpressionError(
                f"Attribute name is a reserved keyword; reserved keyword: {token}"
            )
        return self.take()

    # Updates and projections.

    def actions(self) -> tuple[Action, ...]:
        found: list[Action] = []
        seen: set[str] = set()
        while self.token != _END:
            section = self.word
            if section not in _SECTIONS:
                raise self.wrong()
            if section in seen:
                raise ExpressionError(
                    f'The "{section}" section can only be used once in an update expression;'
                )
            seen.add(section)
            self.take()
            found.append(self.action(section))
            while self.accept(","):
                found.append(self.action(section))
        return tuple(found)

    def action(self, section: str) -> Action:
        path = self.path()
        self.operator()
        if section == "REMOVE":
            return Action(section, path, None)
        if section == "SET":
            self.expect("=")
            return Action(section, path, self.source())
        if not self.token.startswith(":"):
            raise self.wrong()
        return Action(section, path, self.literal())

    def source(self) -> Source:
        left = self.term()
        if self.token in ("+", "-"):
            sign = self.take()
            self.operator()
            return Arithmetic(sign, left, self.term())
        return left

    def term(self) -> Source:
        if self.accept("("):
            inner = self.source()
            self.expect(")")
            return inner
        if self.tokens[self.at + 1 : self.at + 2] != ["("]:
            return self.literal() if self.token.startswith(":") else self.path()
        name = self.take()
        if name not in ("if_not_exists", "list_append"):
            known = name in _OPERANDS_OF
            raise ExpressionError(
                f"The function is not allowed in an update expression; function: {name}"
                if known
                else f"Invalid function name; function: {name}"
            )
        return self.update_function(name)

    def update_function(self, name: str) -> Source:
        self.operator()
        self.expect("(")
        found = [self.source()]
        while self.accept(","):
            found.append(self.source())
        self.expect(")")
        if len(found) != 2:
            raise ExpressionError(
                "Incorrect number of operands for operator or function; "
                f"operator or function: {name}, number of operands: {len(found)}"
            )
        if name == "if_not_exists":
            return IfNotExists(self.document_path(found[0], name), found[1])
        return ListAppend(found[0], found[1])

    def paths(self) -> tuple[Path, ...]:
        found = [self.path()]
        while self.accept(","):
            found.append(self.path())
        return tuple(found)


class _NotACondition(ExpressionError):
    pass


def _start(text: str) -> _Parser:
    size = len(text.encode())
    if size > MAX_EXPRESSION_BYTES:
        raise ExpressionError(
            f"Expression size has exceeded the maximum allowed size; expression size: {size}"
        )
    tokens: list[str] = []
    for good, bad in _TOKEN.findall(text):
        if bad:
            raise ExpressionError(f'Syntax error; token: "{bad}", near: "{bad}"')
        tokens.append(good)
    if not tokens:
        raise ExpressionError("The expression can not be empty;")
    return _Parser([*tokens, _END])


@lru_cache(maxsize=4096)
def parse_condition(text: str) -> tuple[Condition, Placeholders]:
    parser = _start(text)
    return parser.disjunction(), parser.placeholders()


@lru_cache(maxsize=4096)
def parse_update(text: str) -> tuple[tuple[Action, ...], Placeholders]:
    parser = _start(text)
    return parser.actions(), parser.placeholders()


@lru_cache(maxsize=4096)
def parse_projection(text: str) -> tuple[tuple[Path, ...], Placeholders]:
    parser = _start(text)
    return parser.paths(), parser.placeholders()
