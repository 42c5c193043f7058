"""Real rounds for tests: made by the code that drives a table, signed with a real key.

``lying_house`` re-chains and re-signs a document that was tampered with, as only the house could.
"""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from baccarat.adapters.keys import KeySet, jwk_of_der, thumbprint
from baccarat.application.append import chain
from baccarat.application.drive_round import with_shoe_of_server
from baccarat.domain.book import BetBook, BookEntry, payouts, payouts_root
from baccarat.domain.canonical import digest
from baccarat.domain.cards import Card
from baccarat.domain.coup import Hand
from baccarat.domain.fairness import commitment, deal_coup, deal_key
from baccarat.domain.log import EventType, Signature, SignedEvent, signing_input
from baccarat.domain.paytable import PAYTABLES, Spot
from baccarat.domain.round import (
    CloseBets,
    Command,
    DealCards,
    Fact,
    OpenRound,
    ResolveRound,
    Round,
    RoundState,
    SealBook,
    SettleRound,
    TakeOver,
    VoidReason,
    VoidRound,
    decide,
    evolve,
)
from baccarat.domain.shoe import Shoe, ShoeInPlay
from baccarat.domain.table import Table
from baccarat.domain.table_config import ShoeProcedure, StakeLimit, TableConfig
from baccarat.domain.transcript import house_transcript, player_transcript, seal_hash
from baccarat.domain.wallet import Bet, BetState

SHOE: Final = ShoeInPlay(Shoe.full("bac-1.s1", 8), "5e" * 32, 0)
START_MS: Final = 1_700_000_000_000

Document = dict[str, Any]

CONFIG: Final = TableConfig(
    name="Salon",
    dealer_id="dealer-7",
    currency="EUR",
    paytable_version="commission-8/1",
    limits={
        Spot.PLAYER: StakeLimit(100, 500_000),
        Spot.BANKER: StakeLimit(100, 500_000),
        Spot.TIE: StakeLimit(100, 50_000),
    },
    bet_window_ms=15_000,
    card_interval_ms=1_000,
    procedure=ShoeProcedure(cut_cards=14),
)


class HouseKey:
    """An ECDSA P-256 key from a fixed number, with deterministic signatures (RFC 6979)."""

    def __init__(self, number: int = 20_231_114, version: int = 1) -> None:
        self._private = ec.derive_private_key(number, ec.SECP256R1())
        der = self._private.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
        jwk = jwk_of_der(der)
        self.version = version
        self.jwk: dict[str, Any] = {
            **jwk,
            "kid": thumbprint(jwk),
            "alg": "ES256",
            "use": "sig",
            "ver": version,
        }

    def sign(self, message: bytes) -> Signature:
        der = self._private.sign(message, ec.ECDSA(SHA256(), deterministic_signing=True))
        r, s = decode_dss_signature(der)
        raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        val = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
        return Signature(self.jwk["kid"], self.version, val)

    @property
    def jwks(self) -> str:
        return json.dumps({"keys": [self.jwk]})


KEY: Final = HouseKey()
KEYS: Final = KeySet.from_jwks(KEY.jwks)
FORGED_JWKS: Final = HouseKey(number=666).jwks
"""Keys of somebody else."""


@dataclass(frozen=True)
class Played:
    """A round that has ended, with all that its documents are made of."""

    round: Round
    shoe: SignedEvent
    events: tuple[SignedEvent, ...]
    book: BetBook | None
    seed: bytes

    @property
    def house(self) -> Document:
        """The house's sealed transcript."""
        paid = (
            payouts(self.book, self.round.coup, PAYTABLES[self.round.paytable_version])
            if self.book is not None and self.round.state is RoundState.SETTLED
            else ()
        )
        return seal(house_transcript(self.shoe, self.events, self.book, paid))

    def player(self, player_id: str) -> Document:
        """The sealed view of one player."""
        return seal(player_transcript(self.house, self.book, player_id))


class Floor:
    """A table that plays round after round; the log goes on from one to the next."""

    def __init__(
        self, table_id: str = "bac-1", key: HouseKey = KEY, config: TableConfig = CONFIG
    ) -> None:
        self.key = key
        self.table = replace(Table.create(table_id, config, START_MS), epoch=1)
        self.now_ms = START_MS
        self.last: SignedEvent | None = None
        self.between: list[SignedEvent] = []
        self.shoe: SignedEvent | None = None
        self._start_epoch("TABLE_STARTED")

    def take_over_between_rounds(self) -> None:
        self.table = replace(self.table, epoch=self.table.epoch + 1)
        self._start_epoch("LEASE_EXPIRED")

    def _start_epoch(self, reason: str) -> None:
        self.say((EventType.EPOCH_STARTED, {"reason": reason}))

    def say(self, *facts: Fact) -> list[SignedEvent]:
        """Write events that belong to no round; the next round's transcript starts with them."""
        events = self._append(list(facts), "")
        self.between += events
        return events

    def _server_shoe(self) -> None:
        self.table, facts = with_shoe_of_server(self.table)
        if facts:
            self.opened(self.say(*facts)[-1])

    def opened(self, event: SignedEvent) -> None:
        """Take ``event`` as the opening of the shoe in play."""
        assert self.table.shoe is not None
        self.shoe = event
        self.table = replace(self.table, shoe=replace(self.table.shoe, opened=event.hash))

    def _append(self, facts: list[Any], round_id: str) -> list[SignedEvent]:
        events = chain(
            facts,
            table_id=self.table.table_id,
            round_id=round_id,
            epoch=self.table.epoch,
            last=self.last,
            at_ms=self.now_ms,
            signer=self.key,
        )
        self.last = events[-1]
        return events

    def play(  # noqa: C901  the steps of a round in order, each of which a test may stop or disturb
        self,
        bets: Sequence[BookEntry] = (),
        *,
        seed: bytes | None = None,
        void_in: RoundState | None = None,
        void_sealed: bool = True,
        take_over_in: RoundState | None = None,
        facts_of: Callable[[Round | None, Command, int], list[Any]] = decide,
    ) -> Played:
        """Play one round; ``void_in`` ends it there, ``take_over_in`` changes the driver there."""
        self._server_shoe()
        round_id = self.table.next_round_id
        round_no = self.table.round_no + 1
        seed = seed if seed is not None else bytes([round_no % 256]) * 32
        book = BetBook.of(bets)
        state: Round | None = None
        events, self.between = self.between, []

        def step(command: Command) -> Round:
            nonlocal state
            for signed in self._append(facts_of(state, command, self.now_ms), round_id):
                events.append(signed)
                state = evolve(state, signed.event)
            assert state is not None
            return state

        def disturbed() -> bool:
            assert state is not None
            if take_over_in is state.state:
                self.table = replace(self.table, epoch=self.table.epoch + 1)
                step(TakeOver("LEASE_EXPIRED"))
            if void_in is state.state:
                step(VoidRound(VoidReason.TABLE_DOWN))
                return True
            return False

        def finish(sealed: BetBook | None) -> Played:
            assert state is not None
            assert self.shoe is not None
            self.table = replace(self.table, round_no=round_no, shoe=self.table.shoe_after(state))
            self.now_ms += 3_000
            return Played(state, self.shoe, tuple(events), sealed, seed)

        config = self.table.config
        assert self.table.shoe is not None
        shoe = self.table.shoe
        step(OpenRound(round_no, config, config.dealer_id, commitment(seed, round_id), shoe))
        if disturbed():
            return finish(None)
        self.now_ms += config.bet_window_ms
        step(CloseBets())
        if not void_sealed and disturbed():
            return finish(None)
        step(SealBook(book.root, len(book.entries), book.stakes()))
        if void_sealed and disturbed():
            return finish(book)
        key = deal_key(seed, shoe_id=shoe.unseen.shoe_id, round_id=round_id, book_root=book.root)
        coup, order = deal_coup(shoe.unseen, key)
        step(DealCards(order, config.procedure.cut_cards))
        if disturbed():
            return finish(book)
        self.now_ms += 6 * config.card_interval_ms
        step(ResolveRound())
        disturbed()
        due = payouts(book, coup, config.paytable)
        step(
            SettleRound(
                seed,
                payouts_root(due),
                len(due),
                sum(entry.stake_minor for entry in book.entries),
                sum(payout.payout_minor for payout in due),
            )
        )
        return finish(book)


def a_round(**changes: Any) -> Round:
    """Return an open round, with ``changes``."""
    shoe = SHOE
    round_ = Round(
        round_id="bac-1.000000001",
        table_id="bac-1",
        round_no=1,
        state=RoundState.OPEN,
        version=1,
        epoch=1,
        opened_at_ms=START_MS,
        closes_at_ms=START_MS + CONFIG.bet_window_ms,
        dealer_id=CONFIG.dealer_id,
        currency=CONFIG.currency,
        paytable_version=CONFIG.paytable_version,
        limits=CONFIG.limits,
        caps=CONFIG.caps,
        mode=CONFIG.mode,
        card_interval_ms=CONFIG.card_interval_ms,
        commitment=commitment(bytes(32), "bac-1.000000001"),
        shoe=shoe,
    )
    return replace(round_, **changes)


def bet(player: str, number: int, spot: str = "BANKER", stake_minor: int = 1_000) -> BookEntry:
    return BookEntry(player, f"bet-{number:012d}", Spot(spot), stake_minor)


def placed_bet(
    player: str, bet_id: str, spot: str = "BANKER", stake_minor: int = 1_000, at_ms: int = 0
) -> Bet:
    """Return a bet of a wallet that is looked at no further, placed ``at_ms`` after the start."""
    return Bet(
        player_id=player,
        bet_id=bet_id,
        table_id="bac-1",
        round_id="bac-1.000000001",
        round_no=1,
        spot=Spot(spot),
        stake_minor=stake_minor,
        currency="EUR",
        paytable_version="commission-8/1",
        state=BetState.PLACED,
        placed_at_ms=START_MS + at_ms,
        placed_version=1,
        balance_after_minor=0,
    )


def many_bets(count: int = 30, players: int = 7) -> list[BookEntry]:
    """Bets of several players on all spots, some of them with stakes that do not divide evenly."""
    spots = ("BANKER", "PLAYER", "BANKER", "TIE")
    return [
        bet(f"player-{number % players}", number, spots[number % 4], 101 + 7 * number)
        for number in range(count)
    ]


def hands(player: str, banker: str) -> tuple[tuple[Hand, Card], ...]:
    """Return the cards of both hands in the order in which they are dealt: ``"2C 3D"``."""
    mine, theirs = player.split(), banker.split()
    order = [
        (Hand.PLAYER, mine[0]),
        (Hand.BANKER, theirs[0]),
        (Hand.PLAYER, mine[1]),
        (Hand.BANKER, theirs[1]),
        *((Hand.PLAYER, code) for code in mine[2:]),
        *((Hand.BANKER, code) for code in theirs[2:]),
    ]
    return tuple((hand, Card(code)) for hand, code in order)


def seal(document: Document, key: HouseKey = KEY) -> Document:
    """Return ``document`` with a fresh seal."""
    body = {name: value for name, value in document.items() if name != "seal"}
    hash_ = seal_hash(body)
    return {**body, "seal": {"hash": hash_, "sig": key.sign(signing_input(hash_)).to_json()}}


def lying_house(document: Document, key: HouseKey = KEY) -> Document:
    """Return ``document`` with its events chained and signed anew, and a fresh seal."""
    document = copy.deepcopy(document)
    before: str | None = None
    for event in document["events"]:
        event["prev"] = before if before is not None else event["prev"]
        content = {name: event[name] for name in event if name not in ("hash", "sig")}
        before = event["hash"] = digest(content)
        event["sig"] = key.sign(signing_input(before)).to_json()
    return seal(document, key)


def reread(document: Document) -> Document:
    """Return ``document`` as a reader gets it: through JSON."""
    read: Document = json.loads(json.dumps(document))
    return read
