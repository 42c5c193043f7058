"""The invariants of DESIGN §6, held against every write when it is committed.

It reads the stored images and keeps sums of its own; nothing of the ledger's code is used but the
rules of the game, to know what a bet is due.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from baccarat.adapters.dynamodb import floor
from baccarat.adapters.dynamodb.models import RoundItem
from baccarat.adapters.strict_json import loads
from baccarat.domain.book import BetBook, BookEntry, payouts
from baccarat.domain.log import GENESIS
from baccarat.domain.paytable import PAYTABLES
from tests.simulation.services import S3
from tests.simulation.world import Change, Violation

Image = Mapping[str, Any]
WalletKey = tuple[str, str]
BetKey = tuple[str, str, str]
"""Round, player, bet."""

_NEXT_STATES: Final = {
    "OPEN": {"OPEN", "CLOSED", "VOIDED"},
    "CLOSED": {"CLOSED", "DEALING", "VOIDED"},
    "DEALING": {"DEALING", "RESOLVED", "VOIDED"},
    "RESOLVED": {"RESOLVED", "SETTLED"},
    "SETTLED": set(),
    "VOIDED": set(),
}
_CORRECTION_STATES: Final = {
    None: {"PROPOSED"},
    "PROPOSED": {"APPROVED", "REJECTED"},
    "APPROVED": {"APPLIED"},
    "APPLIED": set(),
    "REJECTED": set(),
}


@dataclass(slots=True)
class SeenBet:
    state: str
    stake_minor: int
    payout_minor: int
    currency: str
    spot: str


@dataclass(slots=True)
class SeenRound:
    table_id: str
    state: str
    version: int
    epoch: int
    writes: int
    book_root: str | None
    closes_at_ms: int
    image: Image
    due: dict[tuple[str, str], int] | None = None
    book: BetBook | None = None


@dataclass(slots=True)
class _Sums:
    """``in_flight`` is what the house has won or lost in rounds and corrections that are not posted
    yet.
    """

    available: int = 0
    open_stakes: int = 0
    held: int = 0
    house: int = 0
    in_flight: int = 0
    deposits: int = 0
    withdrawals: int = 0

    @property
    def balance(self) -> int:
        return (
            self.available
            + self.open_stakes
            + self.held
            + self.house
            + self.in_flight
            - self.deposits
            + self.withdrawals
        )


@dataclass
class _Claims:
    """What the items of one commit say that it moved, by wallet and version."""

    moved: dict[tuple[WalletKey, int], list[int]] = field(default_factory=dict)

    def add(self, wallet: WalletKey, version: int, available: int, held: int = 0) -> None:
        found = self.moved.setdefault((wallet, version), [0, 0])
        found[0] += available
        found[1] += held


class Monitor:
    def __init__(self, s3: S3) -> None:
        self._s3 = s3
        self.sums: dict[str, _Sums] = defaultdict(_Sums)
        self.bets: dict[BetKey, SeenBet] = {}
        self.rounds: dict[str, SeenRound] = {}
        self.status: dict[str, str] = {}
        """Of each table."""
        self.log: dict[str, tuple[int, int, str, int]] = {}
        """Epoch, seq, hash and time of each table's newest event."""
        self.events: dict[str, int] = defaultdict(int)
        self.postings: set[tuple[str, int | None]] = set()
        self.corrections: dict[str, str] = {}
        self._unposted: dict[str, int] = defaultdict(int)
        self._bets_of: dict[str, list[BetKey]] = defaultdict(list)
        self.on_round: Callable[[str, str], None] = lambda *_: None
        """Told of each round's new state: (round id, state)."""

    def committed(self, who: str, changes: list[Change]) -> None:
        """Raises: Violation: what was committed must never be."""
        claims = _Claims()
        wallets: list[Change] = []
        told: list[tuple[str, str]] = []
        for change in sorted(changes, key=_order):
            image = change.new if change.new is not None else change.old
            assert image is not None
            key, place = image["pk"].get("S", ""), image["sk"].get("S", "")
            if change.table == "ledger":
                if change.new is None:
                    raise Violation("a record was deleted", f"{key}/{place} by {who}")
                if place.startswith("BET#"):
                    self._bet(key, place, change, claims)
                else:
                    self._posting(key, place, change)
            elif change.table.endswith("-wallets"):
                if change.new is None:
                    raise Violation("a record was deleted", f"{key}/{place} by {who}")
                if place.startswith("WALLET#"):
                    wallets.append(change)
                else:
                    self._wallet_record(key, place, change, claims)
            elif change.table == "log":
                self._event(key, change)
            elif change.table == "floor" and change.new is not None:
                self._floor(key, place, change, told)
        for change in wallets:
            self._wallet(change, claims)
        if claims.moved:
            (wallet, version), _ = next(iter(claims.moved.items()))
            raise Violation(
                "a record without its movement", f"{wallet} version {version}, by {who}"
            )
        for currency, sums in self.sums.items():
            if sums.balance != 0:
                raise Violation("money is not conserved", f"{currency}: {sums}, after {who}")
        for round_id, state in told:
            self.on_round(round_id, state)

    # --- wallets ---------------------------------------------------------------------------------

    def _wallet(self, change: Change, claims: _Claims) -> None:
        new = change.new
        assert new is not None
        old = change.old
        player = new["pk"]["S"].removeprefix("PLAYER#")
        currency = new["sk"]["S"].removeprefix("WALLET#")
        available, held = _int(new, "available_minor"), _int(new, "held_minor")
        version = _int(new, "version")
        name = f"{player} {currency} version {version}"
        if available < 0 or held < 0:
            raise Violation("a balance is below zero", f"{name}: {available}, held {held}")
        was_available = _int(old, "available_minor") if old is not None else 0
        was_held = _int(old, "held_minor") if old is not None else 0
        sums = self.sums[currency]
        sums.available += available - was_available
        sums.held += held - was_held
        if old is None:
            if version != 0 or available or held:
                raise Violation("a wallet starts with something", name)
            return
        if version != _int(old, "version") + 1:
            raise Violation("versions are not dense", f"{name} follows {_int(old, 'version')}")
        claim = claims.moved.pop(((player, currency), version), None)
        moved = [available - was_available, held - was_held]
        if claim is None:
            raise Violation("a movement without its record", f"{name} moved {moved}")
        if claim != moved:
            raise Violation(
                "a movement is not what its record says", f"{name} moved {moved}, record {claim}"
            )
        last = json.loads(new["last"]["S"])
        if last[1:3] != moved:
            raise Violation("the wallet's last movement is wrong", f"{name}: {last}, {moved}")

    def _wallet_record(self, key: str, place: str, change: Change, claims: _Claims) -> None:
        player = key.removeprefix("PLAYER#")
        new, old = change.new, change.old
        assert new is not None
        kind, _, rest = place.partition("#")
        match kind:
            case "PAYMENT":
                self._payment(player, rest, change, claims)
            case "ADJUSTMENT":
                if old is not None:
                    raise Violation("a compensating entry was overwritten", f"{player} {rest}")
                currency, amount = new["currency"]["S"], _int(new, "amount_minor")
                claims.add((player, currency), _int(new, "wallet_version"), amount)
                if new["kind"]["S"] == "REVERSAL":
                    self.sums[currency].deposits += amount
                else:
                    self.sums[currency].in_flight -= amount
                    self._unposted[rest] -= amount
            case "STOP":
                if old is not None:
                    raise Violation("a stop was overwritten", f"{player} {rest}")
                currency, _, version = rest.partition("#")
                claims.add((player, currency), int(version), 0)
            case _:
                raise Violation("a record of no known kind", f"{key}/{place}")

    def _payment(self, player: str, id_: str, change: Change, claims: _Claims) -> None:
        new, old = change.new, change.old
        assert new is not None
        currency, amount = new["currency"]["S"], _int(new, "amount_minor")
        wallet, sums = (player, currency), self.sums[currency]
        if old is not None and _int(new, "version") != _int(old, "version") + 1:
            raise Violation("a payment was overwritten", f"{id_} of {player}")
        is_deposit = new["kind"]["S"] == "DEPOSIT"
        opened, closed = "opened_version" in new, "closed_version" in new
        was_opened = old is not None and "opened_version" in old
        was_closed = old is not None and "closed_version" in old
        if (was_opened and not opened) or (was_closed and not closed):
            raise Violation("a payment forgot its movement", f"{id_} of {player}")
        if closed and not was_closed:
            version = _int(new, "closed_version")
            if is_deposit:
                claims.add(wallet, version, amount)
                sums.deposits += amount
            elif new["state"]["S"] in ("CANCELLED", "REJECTED", "RETURNED"):
                claims.add(wallet, version, amount, -amount)
            else:
                claims.add(wallet, version, 0, -amount)
                sums.withdrawals += amount
        if opened and not was_opened and not is_deposit:
            claims.add(wallet, _int(new, "opened_version"), -amount, amount)

    # --- bets ------------------------------------------------------------------------------------

    def _bet(self, key: str, place: str, change: Change, claims: _Claims) -> None:
        new, old = change.new, change.old
        assert new is not None
        round_id = key.removeprefix("ROUND#")
        player, bet_id = new["player_id"]["S"], new["bet_id"]["S"]
        state, was = new["state"]["S"], old["state"]["S"] if old is not None else None
        stake, payout = _int(new, "stake_minor"), _int(new, "payout_minor")
        currency = new["currency"]["S"]
        wallet, sums = (player, currency), self.sums[currency]
        name = f"{bet_id} of {player} in {round_id}"
        bet_key = (round_id, player, bet_id)
        if old is None:
            if state != "PLACED":
                raise Violation("a bet starts in no state to start in", f"{name}: {state}")
            claims.add(wallet, _int(new, "placed_version"), -stake)
            sums.open_stakes += stake
            self.bets[bet_key] = SeenBet(state, stake, payout, currency, new["spot"]["S"])
            self._bets_of[round_id].append(bet_key)
            return
        if was != "PLACED" or state == "PLACED":
            raise Violation("a bet was closed twice or overwritten", f"{name}: {was} to {state}")
        if stake != _int(old, "stake_minor"):
            raise Violation("a stake changed", name)
        seen = self.bets[bet_key]
        seen.state, seen.payout_minor = state, payout
        sums.open_stakes -= stake
        back = stake if state == "CANCELLED" else payout
        claims.add(wallet, _int(new, "closed_version"), back)
        round_ = self.rounds.get(round_id)
        if round_ is None:
            raise Violation("a bet of no round", name)
        match state:
            case "CANCELLED":
                if round_.state != "OPEN":
                    raise Violation("cancelled after the close", f"{name}: {round_.state}")
            case "PAID":
                if round_.state != "RESOLVED":
                    raise Violation("paid in a round without a result", f"{name}: {round_.state}")
                due = self._due(round_id, round_).get((player, bet_id))
                if due != payout:
                    raise Violation("paid what is not due", f"{name}: {payout}, due is {due}")
                sums.in_flight += stake - payout
                self._unposted[round_id] += stake - payout
            case "REFUNDED":
                self._refunded(name, round_, player, bet_id, new)

    def _refunded(self, name: str, round_: SeenRound, player: str, bet_id: str, new: Image) -> None:
        if _int(new, "payout_minor") != _int(new, "stake_minor"):
            raise Violation("a refund is not the stake", name)
        if new["reason"]["S"] == "ROUND_VOIDED":
            if round_.state != "VOIDED":
                raise Violation("refunded as void in a round that is not", name)
        elif round_.book_root is None or self._book(round_).holds(player, bet_id):
            raise Violation("refunded though it is in the book", name)

    def _posting(self, key: str, place: str, change: Change) -> None:
        new = change.new
        assert new is not None
        _, round_id, *number = place.split("#")
        correction = int(number[0]) if number else None
        if change.old is not None or (round_id, correction) in self.postings:
            raise Violation("the house was posted twice", f"{key}/{place}")
        self.postings.add((round_id, correction))
        sums = self.sums[new["currency"]["S"]]
        sums.house += _int(new, "staked_minor") - _int(new, "paid_minor")
        reference = round_id if correction is None else f"{round_id}.c{correction}"
        sums.in_flight -= self._unposted.pop(reference, 0)
        if correction is None:
            book = self._book(self.rounds[round_id])
            for bet_key in self._bets_of[round_id]:
                bet = self.bets[bet_key]
                if bet.state == "PLACED" and book.holds(bet_key[1], bet_key[2]):
                    sums.open_stakes -= bet.stake_minor
                    bet.state = "LOST"

    # --- rounds ----------------------------------------------------------------------------------

    def _floor(self, key: str, place: str, change: Change, told: list[tuple[str, str]]) -> None:
        new, old = change.new, change.old
        assert new is not None
        if place == "HEAD":
            self._round(key.removeprefix("ROUND#"), change, told)
        elif key == "TABLES":
            version = _int(new, "version")
            if old is not None and version != _int(old, "version") + 1:
                raise Violation("a table was overwritten", f"{place} version {version}")
            if old is not None and _int(new, "epoch") < _int(old, "epoch"):
                raise Violation("an epoch went back", place)
            self.status[place] = new["status"]["S"]
        elif key.startswith("CORRECTIONS#"):
            state, was = new["state"]["S"], old["state"]["S"] if old is not None else None
            if state not in _CORRECTION_STATES[was]:
                raise Violation("a correction went astray", f"{place}: {was} to {state}")
            if (
                state in ("APPROVED", "APPLIED")
                and new["decided_by"]["S"] == new["proposed_by"]["S"]
            ):
                raise Violation("a correction by one person", place)
            self.corrections[place] = state

    def _round(self, round_id: str, change: Change, told: list[tuple[str, str]]) -> None:
        new = change.new
        assert new is not None
        root = new["book_root"]["S"] if "book_root" in new else None
        found = SeenRound(
            new["table_id"]["S"],
            new["state"]["S"],
            _int(new, "version"),
            _int(new, "epoch"),
            _int(new, "writes"),
            root,
            _int(new, "closes_at_ms"),
            new,
        )
        was = self.rounds.get(round_id)
        if was is None:
            if found.state != "OPEN" or found.version != 1:
                raise Violation("a round starts in the middle", f"{round_id}: {found.state}")
        else:
            if found.writes != was.writes + 1 or found.version < was.version:
                raise Violation("a round was overwritten", f"{round_id} write {found.writes}")
            if found.state not in _NEXT_STATES[was.state]:
                raise Violation("a round went astray", f"{round_id}: {was.state} to {found.state}")
            if found.epoch < was.epoch:
                raise Violation("an epoch went back", round_id)
            if was.book_root not in (None, root):
                raise Violation("a book was sealed twice", round_id)
            found.book = was.book
        if found.state in ("DEALING", "RESOLVED", "SETTLED") and root is None:
            raise Violation("cards without a sealed book", round_id)
        self.rounds[round_id] = found
        if root is not None:
            self._book(found)
        if found.version != self.events[round_id]:
            raise Violation(
                "a round is not what its log says",
                f"{round_id} has version {found.version}, its events are {self.events[round_id]}",
            )
        if found.state == "SETTLED":
            self._settled(round_id, found)
        if was is None or was.state != found.state:
            told.append((round_id, found.state))

    def _settled(self, round_id: str, round_: SeenRound) -> None:
        """Hold every bet of the book against what it is due."""
        if (round_id, None) not in self.postings:
            raise Violation("settled without the house's posting", round_id)
        due = self._due(round_id, round_)
        for entry in self._book(round_).entries:
            bet = self.bets.get((round_id, entry.player_id, entry.bet_id))
            wanted = due.get((entry.player_id, entry.bet_id))
            state = "LOST" if wanted is None else "PAID"
            if bet is None or bet.state != state or bet.payout_minor != (wanted or 0):
                raise Violation("settled with a bet unpaid", f"{round_id} {entry}: {bet}")

    def _book(self, round_: SeenRound) -> BetBook:
        if round_.book is None:
            round_id = round_.image["pk"]["S"].removeprefix("ROUND#")
            key = f"books/{round_.table_id}/{round_id}/{round_.book_root}.json"
            content = self._s3.objects.get(key)
            if content is None:
                raise Violation("a sealed book is not there", key)
            listed = loads(content)
            assert isinstance(listed, list)
            round_.book = BetBook(tuple(BookEntry.from_json(entry) for entry in listed))
            if round_.book.root != round_.book_root:
                raise Violation("a book is not the sealed one", key)
        return round_.book

    def _due(self, round_id: str, round_: SeenRound) -> dict[tuple[str, str], int]:
        if round_.due is None:
            item = RoundItem()
            item.deserialize(dict(round_.image))
            state = floor._record(item).round
            due = payouts(self._book(round_), state.coup, PAYTABLES[state.paytable_version])
            round_.due = {(one.player_id, one.bet_id): one.payout_minor for one in due}
        return round_.due

    def _event(self, key: str, change: Change) -> None:
        new = change.new
        if new is None or change.old is not None:
            raise Violation("an event of the log was overwritten", key)
        event = json.loads(new["event"]["S"])
        table_id = event["tableId"]
        epoch, seq, before, at_ms = self.log.get(table_id, (0, 0, GENESIS, 0))
        name = f"{table_id} epoch {event['epoch']} seq {event['seq']}"
        follows = (event["epoch"], event["seq"]) == (epoch, seq + 1)
        if not follows and not (event["epoch"] == epoch + 1 and event["seq"] == 1):
            raise Violation("the log is not dense", f"{name} follows {epoch}, {seq}")
        if event["prev"] != before:
            raise Violation("the log is forked", name)
        if event["at_ms"] < at_ms:
            raise Violation("the log's time goes back", name)
        self.log[table_id] = (event["epoch"], event["seq"], event["hash"], event["at_ms"])
        if event["roundId"]:
            self.events[event["roundId"]] += 1


def _order(change: Change) -> tuple[int, int]:
    """Events before the heads that they move, postings before the heads that rely on them."""
    return ({"log": 0, "ledger": 1, "floor": 2}.get(change.table, 3), change.number)


def _int(image: Image, name: str) -> int:
    return int(image[name]["N"])
