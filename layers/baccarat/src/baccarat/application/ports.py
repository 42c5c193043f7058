"""What the use cases need from outside. Adapters implement these; composition roots wire them.

Every write method is all or nothing. A lost race raises ``Contention`` and has written nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from baccarat.domain.book import BetBook
from baccarat.domain.canonical import Json, JsonObject
from baccarat.domain.cards import Card
from baccarat.domain.correction import Correction
from baccarat.domain.journal import Entry
from baccarat.domain.log import Signature, SignedEvent
from baccarat.domain.payment import Payment, PaymentState, Report
from baccarat.domain.paytable import Spot
from baccarat.domain.round import Round
from baccarat.domain.seats import Seat
from baccarat.domain.table import Table
from baccarat.domain.video.recording import SignedManifest
from baccarat.domain.wallet import Adjustment, Bet, HousePosting, Stop, Wallet


class Clock(Protocol):
    def now_ms(self) -> int:
        """Return UTC in milliseconds since 1970."""

    def pause(self, at_most_ms: int) -> None:
        """Wait a random time of up to ``at_most_ms``, so that losers of a race spread out."""


class Entropy(Protocol):
    def token_bytes(self, count: int) -> bytes:
        """Return ``count`` unpredictable bytes."""


class Once(Protocol):
    """What may happen once: tokens that are used up, reports that are counted."""

    def consume(self, key: str, until_seconds: int) -> bool:
        """Return whether ``key`` is used for the first time; it is kept until then, Unix time."""


class Signer(Protocol):
    def sign(self, message: bytes) -> Signature:
        """Sign with the house's current log key (ECDSA P-256, SHA-256)."""


class Vault(Protocol):
    """Seals secrets that are opened later: seeds of rounds, orders and records of shoes.

    ``owner_id`` is the round or shoe that a secret is for. Who may seal and who may open are
    different roles where one person must not do both.
    """

    def seal(self, secret: bytes, owner_id: str) -> bytes: ...

    def open(self, sealed: bytes, owner_id: str) -> bytes:
        """Raises: IntegrityError when the secret was not sealed for this owner."""


@dataclass(frozen=True, slots=True)
class PendingScan:
    """A card that was scanned and neither confirmed nor undone. ``place`` counts from 1."""

    place: int
    card: Card
    by: str


@dataclass(frozen=True, slots=True)
class RoundRecord:
    """A round with what is stored beside its facts.

    ``starts_after`` is the place in the log after which the round's transcript starts: the end of
    the round before. ``opened_epoch`` is that of its first event. ``writes`` counts the writes of
    the stored item. ``seed`` is set by the deal and never before: until then only the vault can
    open ``sealed_seed``; both are None where a dealer draws the cards. ``task_token`` is what the
    state machine waits for while he does.
    """

    round: Round
    opened_epoch: int
    starts_after: tuple[int, int]
    writes: int = 1
    sealed_seed: bytes | None = None
    seed: bytes | None = None
    pending: PendingScan | None = None
    task_token: str | None = None


@dataclass(frozen=True, slots=True)
class ShoeRecord:
    """Where in the log, ``(epoch, seq)``, a shoe was opened, and its sealed secret if it has one.

    ``closed_at`` is where a person closed it; None before, and for the shoes of a server.
    """

    shoe_id: str
    opened_at: tuple[int, int]
    sealed_secret: bytes | None = None
    closed_at: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Commit:
    """One atomic step: events with the heads that they move, and what is written with them.

    ``*_before`` are the heads as they were read; the write holds only if they are still so, and
    only if every event's place in the log is free.
    """

    events: Sequence[SignedEvent]
    round_before: RoundRecord | None = None
    round_after: RoundRecord | None = None
    table_before: Table | None = None
    table_after: Table | None = None
    posting: HousePosting | None = None
    shoe: tuple[ShoeRecord | None, ShoeRecord] | None = None
    correction: tuple[Correction | None, Correction] | None = None


class Floor(Protocol):
    """Tables, rounds and the log."""

    def table(self, table_id: str) -> Table | None: ...

    def table_ids(self) -> list[str]: ...

    def tables(self, limit: int) -> list[Table]:
        """Return up to ``limit`` tables in the order of their ids."""

    def create_table(self, table: Table) -> bool:
        """Write a new table; return False when there is one with this id."""

    def round(self, round_id: str) -> RoundRecord | None: ...

    def rounds(self, round_ids: Sequence[str]) -> list[RoundRecord]:
        """Return those of at most 100 rounds that exist, in any order."""

    def last_event(self, table_id: str, epoch: int) -> SignedEvent | None:
        """Return the newest event of the epoch; an epoch above 0 has at least one."""

    def events(
        self, table_id: str, *, after: tuple[int, int], until_epoch: int, limit: int
    ) -> list[SignedEvent]:
        """Return up to ``limit`` events after the position ``(epoch, seq)``, oldest first."""

    def commit(self, step: Commit) -> None:
        """Raises:
        Contention.
        NeedsAnotherPerson: a correction would be approved by the one who proposed it.
        """

    def corrections(self, table_id: str, round_id: str | None = None) -> list[Correction]:
        """Return the newest corrections of a table, at most 50, or all of one round."""

    def corrections_between(
        self, table_id: str, first_round_id: str, last_round_id: str
    ) -> list[Correction]:
        """Return all corrections of the rounds of a table from the first to the last."""

    def shoe(self, shoe_id: str) -> ShoeRecord | None: ...

    def tally(self, round_id: str) -> dict[Spot, int]:
        """Return all players' stakes on each spot as last tallied; it may be behind, and is empty
        before the first tally.
        """

    def put_tally(self, round_id: str, stakes: Mapping[Spot, int]) -> None: ...


class Ledger(Protocol):
    """Wallets, bets and payments. ``before`` is the wallet as it was read."""

    def wallet(self, player_id: str, currency: str) -> Wallet | None: ...

    def wallets(self, player_id: str) -> list[Wallet]: ...

    def bet(self, round_id: str, player_id: str, bet_id: str) -> Bet | None: ...

    def bets(self, round_id: str) -> list[Bet]:
        """Return all bets of the round, whatever their state.

        Each page is read consistently; the whole is a snapshot only once the round is closed.
        """

    def bets_of(self, round_id: str, player_id: str) -> list[Bet]: ...

    def open_wallet(self, wallet: Wallet) -> bool:
        """Write a new wallet; return False when the player has one in its currency."""

    def place(self, before: Wallet, after: Wallet, bets: Sequence[Bet]) -> bool:
        """Write the wallet and all bets; return False, with nothing written, when the player has a
        bet with one of their ids in the round.

        Raises:
            Contention: the wallet moved.
        """

    def cancel(self, before: Wallet, after: Wallet, bet: Bet, now_ms: int) -> bool:
        """Write both if the round takes bets; return False, with nothing written, if it does not.

        Raises:
            Contention: the wallet or the bet moved.
        """

    def close(self, before: Wallet, after: Wallet, bets: Sequence[Bet]) -> None:
        """Write the wallet and ``bets`` that were PLACED until now.

        Raises:
            Contention: the wallet or a bet moved.
        """

    def adjust(self, before: Wallet, after: Wallet, adjustment: Adjustment) -> Adjustment | None:
        """Write both; when this correction adjusted the wallet before, return that and write
        nothing.

        Raises:
            Contention: the wallet moved.
        """

    def payment(self, payment_id: str) -> Payment | None: ...

    def payments_of(self, player_id: str) -> list[Payment]: ...

    def open_payment(
        self, payment: Payment, before: Wallet | None = None, after: Wallet | None = None
    ) -> Payment | None:
        """Write a new payment, and the wallet that it moves if it does; when there is one of its
        id, return that and write nothing.

        Raises:
            Contention: the wallet moved.
        """

    def move_payment(
        self,
        payment_before: Payment,
        payment: Payment,
        before: Wallet | None = None,
        after: Wallet | None = None,
        adjustment: Adjustment | None = None,
    ) -> None:
        """Write the payment, with the wallet that it moves and a compensating entry if there are.

        Raises:
            Contention: the payment or the wallet moved.
        """

    def send_payment(self, payment_before: Payment, payment: Payment) -> bool:
        """Write a withdrawal that is about to leave, if its wallet works at that moment; return
        False, with nothing written, when it is stopped.

        Raises:
            Contention: the payment moved, or the wallet is being written.
        """

    def stops_of(self, player_id: str) -> list[Stop]: ...

    def stop(self, before: Wallet, after: Wallet, stop: Stop) -> None:
        """Write both.

        Raises:
            Contention: the wallet moved.
        """


class Journal(Protocol):
    """The entries of each wallet. A projection: it may be behind, and may be thrown away."""

    def entry(self, player_id: str, currency: str, version: int) -> Entry | None: ...

    def last(self, player_id: str, currency: str) -> Entry | None: ...

    def entries(
        self, player_id: str, currency: str, *, after: int = 0, limit: int | None = None
    ) -> list[Entry]:
        """Return the entries after a version, oldest first; all of them without ``limit``.

        Raises:
            IntegrityError: what is stored is no entry.
        """

    def entries_before(
        self, player_id: str, currency: str, *, before: int | None, limit: int
    ) -> list[Entry]:
        """Return up to ``limit`` entries before a version, newest first."""

    def append(self, entry: Entry) -> bool:
        """Write the entry unless its version has one; return whether it was written."""

    def versions(self, player_id: str, currency: str) -> set[int]:
        """Return the versions that have an entry, whatever it says."""

    def replace(self, entries: Sequence[Entry]) -> None:
        """Write the entries in the place of those that are there."""

    def remove(self, player_id: str, currency: str, version: int) -> None: ...


@dataclass(frozen=True, slots=True)
class OpenPayment:
    """A payment that had not ended when it was last noted; the truth is the payment itself."""

    payment_id: str
    state: PaymentState
    created_at_ms: int


class OpenPayments(Protocol):
    """A projection: which payments have not ended. It may be behind, and an entry that is too old
    goes when the payment is noted again.
    """

    def note(self, payment: Payment) -> None:
        """List the payment, or no longer if it has ended. Repeating it changes nothing."""

    def listed(self, limit: int) -> list[OpenPayment]:
        """Return up to ``limit`` of those that are listed, in the order of their ids."""


@dataclass(frozen=True, slots=True)
class Permission:
    """What the policy says to one payment, in reason codes. With ``refused`` it may not be; with
    ``review`` a withdrawal waits for a person.
    """

    refused: tuple[str, ...] = ()
    review: tuple[str, ...] = ()


class PlayerPolicy(Protocol):
    """Whether a player may: identity, limits, exclusion, suspicion. It is asked anew in every
    attempt of the decision that it is for.
    """

    def may_deposit(self, player_id: str, amount_minor: int, currency: str) -> Permission: ...

    def may_withdraw(self, player_id: str, amount_minor: int, currency: str) -> Permission: ...


@dataclass(frozen=True, slots=True)
class StartedDeposit:
    """``pay_url`` is the provider's page where the player pays."""

    provider_reference: str
    pay_url: str


class PaymentProvider(Protocol):
    """The world outside. It knows a payment by our id: whatever is repeated is done once, and what
    it once refused stays refused.
    """

    def create_deposit(self, payment: Payment) -> StartedDeposit:
        """Raises: ProviderRefused, ProviderUnavailable."""

    def create_payout(self, payment: Payment) -> Report:
        """Pay a withdrawal out; it may be done at once or take days.

        Raises:
            ProviderRefused, ProviderUnavailable.
        """

    def report(self, payment: Payment) -> Report | None:
        """Return how far it has come, None when the provider has never heard of it.

        Raises:
            ProviderUnavailable.
        """


class PayoutQueue(Protocol):
    def put(self, payment: Payment) -> None:
        """Ask for a withdrawal to be sent, after those of the same player. Of a payment that is
        put again within minutes only the first counts.
        """


class WithdrawalDriver(Protocol):
    def ensure(self, payment_id: str) -> None:
        """Start the workflow of a withdrawal unless one runs.

        Raises:
            IntegrityError: it has been started too often.
        """


class Archive(Protocol):
    """Sealed books and transcripts. Objects are written once and never changed."""

    def put_book(self, round_id: str, book: BetBook) -> None: ...

    def book(self, round_id: str, root: str) -> BetBook:
        """Raises: IntegrityError when the stored book does not have this root."""

    def put_transcript(self, table_id: str, round_id: str, transcript: JsonObject) -> None:
        """Write it unless one is there: the first one stands."""

    def transcript(self, table_id: str, round_id: str) -> Json: ...


class Desks(Protocol):
    """Who was last heard at a dealer's desk, and when."""

    def heard(self, table_id: str, dealer_id: str, now_ms: int) -> None: ...

    def last_heard_ms(self, table_id: str) -> int:
        """Return when the desk was heard last, 0 if never."""


class Tasks(Protocol):
    """Answers what the state machine waits for. A token that nobody waits for is no error: then
    the driver is gone, and the watchdog's new one asks anew.
    """

    def succeed(self, token: str) -> None: ...

    def fail(self, token: str, error: str) -> None: ...

    def beat(self, token: str) -> None: ...


class RoundDriver(Protocol):
    def start(self, *, table_id: str, round_id: str, epoch: int, name: str) -> bool:
        """Start the execution ``name``; return False when one of that name exists."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a one-time ticket lets its bearer do, and by what ``name`` players may know him."""

    player_id: str
    role: str
    origin: str
    expires_at_ms: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Connection:
    """Who is behind a connection. ``name`` is known of the sender of a message alone."""

    connection_id: str
    player_id: str
    role: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Attendance:
    """How many different players watch a table, and how many of its seats are taken."""

    players: int
    seats_taken: int


class Connections(Protocol):
    """Tickets, live connections and who watches which table."""

    def put_ticket(self, ticket_hash: str, ticket: Ticket) -> None: ...

    def take_ticket(self, ticket_hash: str) -> Ticket | None:
        """Return the ticket and delete it in one step, so that it serves once."""

    def connect(self, connection: Connection, now_ms: int) -> None: ...

    def disconnect(self, connection_id: str) -> list[tuple[str, str]]:
        """Forget the connection and all it subscribed to; unknown ones are no error.

        Return the table id and the player id of each subscription that ended.
        """

    def subscribe(self, table_id: str, connection: Connection, now_ms: int) -> None: ...

    def unsubscribe(self, table_id: str, connection_id: str) -> None: ...

    def watched(self, connection_id: str) -> list[str]:
        """Return the ids of the tables that the connection watches."""

    def watchers(self, table_id: str) -> list[Connection]: ...

    def attendance(self, table_id: str) -> Attendance: ...

    def connections_of(self, player_id: str) -> list[str]: ...


class Seats(Protocol):
    """Who sits where. A seat that has expired is free."""

    def take(self, seat: Seat) -> None:
        """Take a seat, or renew the one that the player has.

        Raises:
            SeatTaken: by another player.
            AlreadySeated: the player has another seat at the table.
            Contention: somebody moved meanwhile.
        """

    def free(self, table_id: str, player_id: str, now_ms: int) -> bool:
        """Free the player's seat; return False when he had none.

        Raises:
            Contention: somebody moved meanwhile.
        """

    def taken(self, table_id: str, now_ms: int) -> list[Seat]:
        """Return the taken seats of a table in the order of their numbers."""


class Publisher(Protocol):
    """Sends messages to connections. A broadcast transport can take its place."""

    def publish(self, connection_ids: Sequence[str], message: JsonObject) -> list[str]:
        """Send one message to each; return the connections that are gone.

        A slow connection is given up after a bounded time and holds nobody else up.
        """


class Recordings(Protocol):
    """The store of the recordings: files of segments, manifests by number, and which of them show
    a round. Nothing in it is ever changed.
    """

    def put_file(self, table_id: str, sha256: str, file: bytes) -> None:
        """Keep a segment's file; the same one twice is kept once."""

    def file(self, table_id: str, sha256: str) -> bytes | None: ...

    def put_manifest(self, signed: SignedManifest) -> bool:
        """Write a manifest; return False, with nothing written, when its number is taken."""

    def manifest(self, table_id: str, number: int) -> SignedManifest | None: ...

    def newest(self, table_id: str, at_least: int) -> int:
        """Return the number of a table's newest manifest, 0 when there is none; that of
        ``at_least`` is known to be there.
        """

    def note_round(self, round_id: str, number: int) -> None:
        """Note that the segment of manifest ``number`` shows the round."""

    def numbers_of(self, round_id: str, limit: int) -> list[int]:
        """Return the numbers, at most ``limit``, noted for a round, in order."""
