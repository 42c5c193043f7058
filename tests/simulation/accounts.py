"""What payments must never do, held against every write and against the provider's own record.

As ``monitor``, it reads the stored images; what money must be where is decided here from the
provider's record, from the limits, and from who decided.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from baccarat.application.reconcile import RECONCILER
from tests.simulation.provider import Provider
from tests.simulation.world import LIMITS, Change, Violation

_NEXT_STATES: Final = {
    None: {"CREATED", "HELD"},
    "CREATED": {"PENDING", "CREDITED", "FAILED", "DISPUTED"},
    "PENDING": {"CREDITED", "FAILED", "DISPUTED"},
    "FAILED": {"CREDITED", "DISPUTED"},
    "CREDITED": {"REVERSED"},
    "HELD": {"IN_REVIEW", "APPROVED", "CANCELLED"},
    "IN_REVIEW": {"APPROVED", "REJECTED", "CANCELLED"},
    "APPROVED": {"SENT", "CANCELLED"},
    "SENT": {"PAID", "RETURNED", "DISPUTED"},
    "PAID": {"REVERSED"},
    "DISPUTED": {"CREDITED", "FAILED", "PAID", "RETURNED"},
}
ENDED: Final = frozenset(
    {"CREDITED", "REVERSED", "FAILED", "PAID", "CANCELLED", "REJECTED", "RETURNED"}
)


@dataclass(frozen=True, slots=True)
class SeenPayment:
    player: str
    kind: str
    state: str
    amount_minor: int
    currency: str
    fingerprint: str
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SeenWallet:
    """``at_ms`` is when it was moved last, by the clock of whoever did."""

    available_minor: int
    held_minor: int
    version: int
    stopped: bool
    at_ms: int


class Accounts:
    """The newest image of every wallet and of every payment that has a provider."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self.payments: dict[str, SeenPayment] = {}
        self.wallets: dict[tuple[str, str], SeenWallet] = {}
        self.versions: dict[tuple[str, str], list[SeenWallet]] = {}
        """Each wallet at each of its versions."""
        self.stops: dict[tuple[str, str], int] = {}
        """The version at which each wallet was stopped last."""
        self.on_payment: Callable[[str, SeenPayment], None] = lambda *_: None
        """Told of a payment that came to another state or got a flag."""
        self.on_stop: Callable[[str, str, int], None] = lambda *_: None
        """Told of a wallet that was stopped, and at which version."""
        provider.on_payout = self._asked_for_payout
        provider.state_in_house = self._state_of

    def committed(self, _: str, changes: list[Change]) -> None:
        """Raises: Violation: what was committed must never be."""
        for change in changes:
            if not change.table.endswith("-wallets") or change.new is None:
                continue
            image = change.new
            player, place = image["pk"]["S"].removeprefix("PLAYER#"), image["sk"]["S"]
            kind, _, rest = place.partition("#")
            if kind == "WALLET":
                last = json.loads(image["last"]["S"]) if "last" in image else None
                seen = SeenWallet(
                    int(image["available_minor"]["N"]),
                    int(image["held_minor"]["N"]),
                    int(image["version"]["N"]),
                    "stopped" in image,
                    0 if last is None else last[3],
                )
                self.wallets[player, rest] = seen
                self.versions.setdefault((player, rest), []).append(seen)
            elif kind == "PAYMENT" and image["method"]["S"] != "house":
                self._payment(player, rest, image)
            elif kind == "STOP":
                self._stop(player, rest, image)

    def _stop(self, player: str, place: str, image: Mapping[str, Any]) -> None:
        currency, _, version = place.partition("#")
        if image["by"]["S"] == RECONCILER:
            raise Violation("the reconciler stopped a sound wallet", f"{player} {currency}")
        if image["kind"]["S"] == "STOP":
            self.stops[player, currency] = int(version)
            self.on_stop(player, currency, int(version))

    def _payment(self, player: str, id_: str, image: Mapping[str, Any]) -> None:
        seen = SeenPayment(
            player,
            image["kind"]["S"],
            image["state"]["S"],
            int(image["amount_minor"]["N"]),
            image["currency"]["S"],
            image["fingerprint"]["S"],
            tuple(json.loads(image["flags"]["S"])),
        )
        was = self.payments.get(id_)
        self.payments[id_] = seen
        if was is not None and (
            (was.kind, was.amount_minor, was.currency, was.fingerprint)
            != (seen.kind, seen.amount_minor, seen.currency, seen.fingerprint)
        ):
            raise Violation("a payment became another", f"{id_}: {was}, {seen}")
        state_was = None if was is None else was.state
        if seen.state != state_was:
            if seen.state not in _NEXT_STATES.get(state_was, ()):
                raise Violation("a payment went astray", f"{id_}: {state_was} to {seen.state}")
            self._check_money(id_, seen)
            if seen.state == "APPROVED":
                _check_approval(id_, seen, state_was, json.loads(image["decisions"]["S"]))
        if was is None or (seen.state, seen.flags) != (was.state, was.flags):
            self.on_payment(id_, seen)

    def _check_money(self, id_: str, seen: SeenPayment) -> None:
        """Hold a state in which money has moved against what the provider has."""
        known = self._provider.payments.get(id_)
        told = None if known is None else self._provider.report(known)
        match seen.state:
            case "CREDITED" if not _is_done(told, "deposit", seen):
                raise Violation("credited what the provider does not have", f"{id_}: {told}")
            case "PAID" if not _is_done(told, "payout", seen):
                raise Violation("paid what the provider did not pay", f"{id_}: {told}")
            case "FAILED" if known is not None and known.outcome == "PAID":
                raise Violation("failed though the provider has money", f"{id_}: {told}")
            case "RETURNED" if known is None or not (known.refused or known.outcome == "FAILED"):
                raise Violation("given back what may be paid out", f"{id_}: {known}")
            case "CANCELLED" | "REJECTED" if known is not None:
                raise Violation("given back what was sent", f"{id_} {seen.state}: {known}")
            case "REVERSED" if id_ not in self._provider.taken_back:
                raise Violation("reversed what stands", f"{id_}: {known}")

    def _asked_for_payout(self, id_: str) -> None:
        """Raises: Violation: the provider is told to pay what is not noted as sent."""
        seen = self.payments.get(id_)
        if seen is None or (seen.kind, seen.state) != ("WITHDRAWAL", "SENT"):
            raise Violation("the provider was told of what is not SENT", f"{id_}: {seen}")

    def _state_of(self, id_: str) -> str | None:
        seen = self.payments.get(id_)
        return None if seen is None else seen.state

    @property
    def open(self) -> list[str]:
        return [id_ for id_, seen in self.payments.items() if seen.state not in ENDED]

    def check(self) -> None:
        """Check what is true at rest.

        Raises:
            Violation.
        """
        for id_, seen in self.payments.items():
            if seen.state not in ENDED:
                raise Violation("a payment never ended", f"{id_}: {seen}")
        for id_, known in self._provider.payments.items():
            ended = self.payments.get(id_)
            if ended is None:
                raise Violation("the provider has a payment of nobody", f"{id_}: {known}")
            moved = ended.state in ("CREDITED", "PAID", "REVERSED")
            if moved is not (known.outcome == "PAID") or id_ in self._provider.moved:
                raise Violation("provider and house differ", f"{id_}: {known}, {ended}")


def _is_done(told: dict[str, Any] | None, kind: str, seen: SeenPayment) -> bool:
    return told is not None and (
        (told["kind"], told["outcome"], told["amount_minor"], told["currency"])
        == (kind, "PAID", seen.amount_minor, seen.currency)
    )


def _check_approval(
    id_: str, seen: SeenPayment, state_was: str | None, decisions: list[list[Any]]
) -> None:
    amount = seen.amount_minor
    people = {by for by, verdict, *_ in decisions if verdict == "APPROVE"}
    needed = (amount >= LIMITS.automatic_below_minor) + (amount >= LIMITS.two_people_from_minor)
    if len(people) < needed or (state_was == "HELD" and needed):
        raise Violation("sent without its review", f"{id_} of {amount}: {state_was}, by {people}")
