"""Real rounds for tests: made by the code that drives a table, signed with a real key.

``lying_house`` re-chains and re-signs a document that was tampered with, as only the house could.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import random
from collections import Counter
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
from baccarat.domain.cards import DECK, Card
from baccarat.domain.coup import Hand
from baccarat.domain.fairness import commitment, deal_coup, deal_key
from baccarat.domain.log import EventType, Signature, SignedEvent, signing_input
from baccarat.domain.paytable import PAYTABLES, Spot
from baccarat.domain.round import (
    AnnounceCutCard,
    BurnCard,
    CardSource,
    CloseBets,
    Command,
    DealCard,
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
from baccarat.domain.shoe_change import ShoeSecret, close_shoe, open_shoe
from baccarat.domain.shoe_commitment import CommittedOrder, Opening
from baccarat.domain.table import Table
from baccarat.domain.table_config import DealingMode, ShoeProcedure, StakeLimit, TableConfig
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


SHORT_SHOE: Final = ShoeProcedure(cut_cards=380, burn=True)
"""A shoe of a few hands."""


def by_hand(mode: DealingMode, procedure: ShoeProcedure = SHORT_SHOE) -> TableConfig:
    """Return the configuration of a table with physical cards."""
    return replace(CONFIG, mode=mode, procedure=procedure)


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
        self.order = CommittedOrder("", (), b"")
        self.secret = ShoeSecret()
        self._start_epoch("TABLE_STARTED")

    def take_over_between_rounds(self) -> None:
        self.table = replace(self.table, epoch=self.table.epoch + 1)
        self._start_epoch("LEASE_EXPIRED")

    def _start_epoch(self, reason: str) -> None:
        self.say((EventType.EPOCH_STARTED, {"reason": reason}))

    def say(self, *facts: Fact) -> list[SignedEvent]:
        """Write events that belong to no round; the next round's transcript starts with them."""
        events = self.append(list(facts), "")
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

    def append(self, facts: list[Any], round_id: str) -> list[SignedEvent]:
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

    def open_shoe(self) -> None:
        """Shuffle a new physical shoe and open it: always the same for a table and its number."""
        shoe_id, mode = self.table.next_shoe_id, self.table.config.mode
        cards = Shoe.full(shoe_id, self.table.config.paytable.decks).pool()
        random.Random(shoe_id).shuffle(cards)
        salt = hashlib.sha256(shoe_id.encode()).digest()
        self.order = CommittedOrder(shoe_id, tuple(cards), salt)
        self.secret = (
            ShoeSecret(order=self.order)
            if mode is DealingMode.SHUFFLER
            else ShoeSecret(record={"shuffled_by": ["dora", "emil"]}, salt=salt)
        )
        burn = self.table.config.procedure.burn
        fact, shoe = open_shoe(
            self.table,
            by="pia",
            commitment=self.secret.commitment,
            burn_card=cards[0] if burn else None,
            opening=self.opening(0) if burn else None,
        )
        self.table = replace(self.table, shoe=shoe, shoe_no=self.table.shoe_no + 1, history=())
        self.opened(self.say(fact)[-1])

    def opening(self, position: int) -> Opening | None:
        """What proves the card at ``position`` where its order is committed."""
        if self.table.config.mode is not DealingMode.SHUFFLER:
            return None
        return self.order.opening(position)

    def close_shoe(self, counted: Sequence[Card] | None = None) -> bool:
        """Close the physical shoe and return whether it was reconciled; ``counted`` are the cards
        nobody had seen, by default the ones that are really left.
        """
        shoe = self.table.shoe
        assert shoe is not None
        assert self.shoe is not None
        burned = self.shoe.event.data["burned"]
        face_down = int(str(burned["face_down"])) if isinstance(burned, dict) else 0
        order = self.order.order
        cards = [*order[1 : 1 + face_down], *order[shoe.drawn :]] if counted is None else counted
        by_hand = self.table.config.mode is DealingMode.SHOE
        fact, reconciled = close_shoe(
            shoe,
            self.table.config.mode,
            by="pia",
            secret=self.secret,
            counted=shoe_of(shoe.unseen, cards) if by_hand else None,
        )
        self.say(fact)
        self.table = replace(self.table, shoe=None)
        return reconciled

    def open_round(
        self,
        bets: Sequence[BookEntry] = (),
        *,
        seed: bytes | None = None,
        facts_of: Callable[[Round | None, Command, int], list[Any]] = decide,
    ) -> RoundInPlay:
        """Open the next round; a finished shoe is changed first."""
        if not self.table.config.mode.is_physical:
            self._server_shoe()
        elif self.table.shoe is None:
            self.open_shoe()
        elif self.table.shoe.is_finished:
            self.close_shoe()
            self.open_shoe()
        return RoundInPlay(self, bets, seed, facts_of)

    def play(
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
        in_play = self.open_round(bets, seed=seed, facts_of=facts_of)
        steps: list[Callable[[], object]] = [in_play.seal, in_play.deal_all, in_play.resolve]
        if not void_sealed:
            steps.insert(0, in_play.close)
        for move in (lambda: None, *steps):
            move()
            if take_over_in is in_play.round.state:
                in_play.take_over()
                take_over_in = None
            if void_in is in_play.round.state:
                return in_play.void(VoidReason.TABLE_DOWN)
        return in_play.finish()


class RoundInPlay:
    """A round under way; ``finish`` plays what is left of it, ``void`` ends it."""

    def __init__(
        self,
        floor: Floor,
        bets: Sequence[BookEntry],
        seed: bytes | None,
        facts_of: Callable[[Round | None, Command, int], list[Any]],
    ) -> None:
        self.floor, self.config = floor, floor.table.config
        self.round_id = floor.table.next_round_id
        self.round_no = floor.table.round_no + 1
        self.seed: bytes | None = None
        if not self.config.mode.is_physical:
            self.seed = seed if seed is not None else bytes([self.round_no % 256]) * 32
        self.book = BetBook.of(bets)
        self.events, floor.between = floor.between, []
        self._facts_of = facts_of
        self._state: Round | None = None
        assert floor.table.shoe is not None
        promise = commitment(self.seed, self.round_id) if self.seed is not None else None
        dealer = floor.table.dealer_id or self.config.dealer_id
        self.step(OpenRound(self.round_no, self.config, dealer, promise, floor.table.shoe))

    @property
    def round(self) -> Round:
        assert self._state is not None
        return self._state

    def step(self, command: Command) -> Round:
        """Give a command to the round."""
        facts = self._facts_of(self._state, command, self.floor.now_ms)
        for signed in self.floor.append(facts, self.round_id):
            self.events.append(signed)
            self._state = evolve(self._state, signed.event)
        return self.round

    def say(self, *facts: Fact) -> None:
        """Write events that belong to no round in the middle of this one."""
        self.events += self.floor.append(list(facts), "")

    def take_over(self) -> None:
        table = self.floor.table
        self.floor.table = replace(table, epoch=table.epoch + 1)
        self.step(TakeOver("LEASE_EXPIRED"))

    def close(self) -> None:
        """Close the bets, unless they are closed."""
        if self.round.state is RoundState.OPEN:
            self.floor.now_ms = self.round.closes_at_ms
            self.step(CloseBets())

    def seal(self) -> None:
        """Close and seal, unless that is done."""
        self.close()
        if self.round.book_root is None:
            self.step(SealBook(self.book.root, len(self.book.entries), self.book.stakes()))

    def deal(
        self, card: Card | None = None, source: CardSource = CardSource.SCANNER
    ) -> RoundInPlay:
        """Deal the next card of the physical shoe, or say that it is ``card``."""
        self.seal()
        self.floor.now_ms += 700
        self.step(
            DealCard(
                card or self.next_card,
                "dora" if source is CardSource.SCANNER else "pia",
                source,
                self.floor.opening(self.round.drawn),
                self._cut_cards,
            )
        )
        return self

    def burn(self) -> RoundInPlay:
        """Burn the next card of the physical shoe."""
        self.seal()
        opening = self.floor.opening(self.round.drawn)
        note = "drawn by mistake"
        self.step(BurnCard(self.next_card, "pia", note, opening, self._cut_cards))
        return self

    @property
    def next_card(self) -> Card:
        return self.floor.order.order[self.round.drawn]

    @property
    def _cut_cards(self) -> int | None:
        by_eye = self.config.mode is DealingMode.SHOE
        return None if by_eye else self.config.procedure.cut_cards

    def deal_all(self) -> None:
        """Deal what is left of the coup, and announce the cut card when it is reached."""
        self.seal()
        book_root, shoe = self.book.root, self.round.shoe.unseen
        if self.seed is not None:
            key = deal_key(
                self.seed, shoe_id=shoe.shoe_id, round_id=self.round_id, book_root=book_root
            )
            _, order = deal_coup(shoe, key)
            self.step(DealCards(order, self.config.procedure.cut_cards))
            return
        while self.round.next_hand is not None:
            self.deal()
        reached = self.round.cards_left <= self.config.procedure.cut_cards
        if self._cut_cards is None and reached and not self.round.is_cut:
            self.step(AnnounceCutCard("dora"))

    def resolve(self) -> None:
        self.floor.now_ms = max(self.floor.now_ms, self.round.shown_at_ms)
        self.step(ResolveRound())

    def finish(self) -> Played:
        """Do what is left to do until the round is settled."""
        if self.round.state in (RoundState.OPEN, RoundState.CLOSED) or (
            self.round.mode.is_physical and self.round.next_hand is not None
        ):
            self.deal_all()
        if self.round.state is RoundState.DEALING:
            self.resolve()
        due = payouts(self.book, self.round.coup, self.config.paytable)
        self.step(
            SettleRound(
                self.seed,
                payouts_root(due),
                len(due),
                sum(entry.stake_minor for entry in self.book.entries),
                sum(payout.payout_minor for payout in due),
            )
        )
        return self._ended()

    def void(self, reason: VoidReason, by: str | None = None, note: str | None = None) -> Played:
        self.step(VoidRound(reason, by, note))
        return self._ended()

    def _ended(self) -> Played:
        floor, round_ = self.floor, self.round
        assert floor.shoe is not None
        after = floor.table.shoe_after(round_)
        floor.table = replace(floor.table, round_no=self.round_no, shoe=after)
        floor.now_ms += 3_000
        book = self.book if round_.book_root is not None else None
        return Played(round_, floor.shoe, tuple(self.events), book)


def shoe_of(like: Shoe, cards: Sequence[Card]) -> Shoe:
    """Return a shoe with just ``cards``."""
    counts = Counter(cards)
    return replace(like, remaining=tuple(counts[card] for card in DECK))


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
    """Return ``document`` with its shoe and events chained and signed anew, and a fresh seal.

    Where the shoe is opened among the events, it is the one there that counts.
    """
    document = copy.deepcopy(document)
    shoe, events = document["shoe"], document["events"]
    renamed: dict[str, str] = {}
    before: str | None = None
    among = [event for event in events if event["hash"] == shoe["hash"]]
    for event in [*([] if among else [shoe]), *events]:
        if event is not shoe:
            event["prev"] = before if before is not None else event["prev"]
        if event["type"] == "ROUND_OPENED":
            named = event["data"]["shoe_hash"]
            event["data"]["shoe_hash"] = renamed.get(named, named)
        content = {name: event[name] for name in event if name not in ("hash", "sig")}
        hash_ = digest(content)
        renamed[event["hash"]] = event["hash"] = hash_
        event["sig"] = key.sign(signing_input(hash_)).to_json()
        if event is not shoe:
            before = hash_
    if among:
        document["shoe"] = copy.deepcopy(among[0])
    return seal(document, key)


def reread(document: Document) -> Document:
    """Return ``document`` as a reader gets it: through JSON."""
    read: Document = json.loads(json.dumps(document))
    return read
