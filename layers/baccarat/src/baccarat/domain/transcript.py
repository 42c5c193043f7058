"""The transcript of a round and the one verifier of it.

A house transcript holds the whole bet book; a player's holds that player's bets with inclusion
proofs and nobody else's. ``docs/formats/transcript.md`` specifies both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from baccarat.domain import merkle
from baccarat.domain.book import BetBook, BookEntry, Payout, payouts, payouts_root
from baccarat.domain.canonical import Json, JsonObject, digest
from baccarat.domain.errors import BaccaratError, IllegalTransition
from baccarat.domain.fairness import SEED_BYTES, commitment, deal_coup, deal_key
from baccarat.domain.log import Event, EventType, Signature, SignedEvent, signing_input
from baccarat.domain.paytable import PAYTABLES
from baccarat.domain.round import FINAL_STATES, Round, RoundState, evolve
from baccarat.domain.shoe import Shoe
from baccarat.domain.table import round_id

FORMAT: Final = "baccarat-transcript/1"
MAX_EVENTS: Final = 1_000
MAX_BOOK_ENTRIES: Final = 1_000_000

CheckSignature: TypeAlias = Callable[[Signature, bytes], None]
"""Raises ValueError with the reason when the signature over the bytes does not hold."""


class VerificationFailed(BaccaratError):
    """A transcript does not hold. ``check`` names the rule that failed first."""

    code = "VERIFICATION_FAILED"

    def __init__(self, check: str, message: str) -> None:
        super().__init__(message, check=check)
        self.check = check


@dataclass(frozen=True, slots=True)
class Verified:
    """What a transcript that holds says. ``checks`` are the rules it passed, in order."""

    round: Round
    events: tuple[SignedEvent, ...]
    payouts: tuple[Payout, ...]
    checks: tuple[str, ...]


def house_transcript(
    events: Sequence[SignedEvent], book: BetBook | None, paid: Sequence[Payout]
) -> JsonObject:
    """Return the transcript without its seal; ``book`` is None when none was sealed."""
    return {
        "format": FORMAT,
        "tableId": events[0].event.table_id,
        "roundId": events[0].event.round_id,
        "view": "house",
        "events": [event.to_json() for event in events],
        "book": [entry.to_json() for entry in book.entries] if book else None,
        "payouts": [payout.to_json() for payout in paid],
    }


def player_transcript(house: JsonObject, book: BetBook | None, player_id: str) -> JsonObject:
    """Return the view of ``house`` that ``player_id`` may see."""
    indices = [
        index
        for index, entry in enumerate(book.entries if book else ())
        if entry.player_id == player_id
    ]
    own: list[Json] = (
        [
            {"index": index, "entry": book.entries[index].to_json(), "proof": list[Json](proof)}
            for index, proof in zip(indices, book.proofs(indices), strict=True)
        ]
        if book
        else []
    )
    paid = house["payouts"]
    assert isinstance(paid, list)
    return {
        "format": FORMAT,
        "tableId": house["tableId"],
        "roundId": house["roundId"],
        "view": "player",
        "events": house["events"],
        "book": own if book else None,
        "payouts": [
            item for item in paid if isinstance(item, dict) and item["playerId"] == player_id
        ],
    }


def seal_hash(transcript: JsonObject) -> str:
    """Return the hash that the seal of a transcript signs: of all members but ``seal``."""
    return digest({name: value for name, value in transcript.items() if name != "seal"})


def verify(transcript: Json, check_signature: CheckSignature) -> Verified:
    """Check everything a transcript claims, in the order of the specification.

    Raises:
        VerificationFailed: with the first rule that does not hold.
    """
    checks: list[str] = []
    document = _structure(transcript)
    checks.append("structure")
    events = _chain(document, check_signature)
    checks += ["chain", "signatures"]
    round_ = _replay(document, events)
    checks.append("transitions")
    entries = _book(document, round_, events)
    checks.append("book")
    paid: tuple[Payout, ...] = ()
    if round_.state is RoundState.SETTLED:
        _cards(round_, events)
        checks += ["commitment", "cards", "outcome"]
        paid = _payouts(document, round_, entries, events)
        checks.append("payouts")
    elif document["payouts"]:
        raise VerificationFailed("payouts", "a voided round pays nothing, but payouts are listed")
    _seal(document, events, check_signature)
    checks.append("seal")
    return Verified(round_, events, paid, tuple(checks))


def verify_link(earlier: Verified, later: Verified) -> int:
    """Check that ``later`` is the round right after ``earlier`` in the log of one table.

    Returns how many takeovers lie between the two. Their events belong to no round and stand in no
    transcript, so only with 0 is the chain itself proven unbroken; the shoe is checked always.

    Raises:
        VerificationFailed: an event between the two is missing, the chain is broken, or the shoe
            is neither the one that was left nor a full new one.
    """
    last, first = earlier.events[-1], later.events[0]
    names = f"round {later.round.round_id} does not follow {earlier.round.round_id}"
    if (later.round.table_id, later.round.round_no) != (
        earlier.round.table_id,
        earlier.round.round_no + 1,
    ):
        raise VerificationFailed("chain", f"{names}: it is not the next round of that table")
    # A takeover between two rounds is the first event of its epoch; the round then starts second.
    taken_over = first.event.epoch > last.event.epoch and first.event.seq == 2
    if not taken_over and first.event.prev != last.hash:
        raise VerificationFailed(
            "chain",
            f"{names}: prev is {first.event.prev[:16]}…, the last hash was {last.hash[:16]}…",
        )
    shoe = later.round.shoe
    try:
        left = earlier.round.shoe.without(card for _, card in earlier.round.cards)
    except ValueError as error:
        raise VerificationFailed("shoe", f"{earlier.round.round_id}: {error}") from error
    if shoe.shoe_id != left.shoe_id:
        left = Shoe.full(shoe.shoe_id, shoe.decks)
    if shoe != left:
        raise VerificationFailed(
            "shoe",
            f"round {later.round.round_id} opens with a shoe that is neither what "
            f"{earlier.round.round_id} left nor a full new one",
        )
    return first.event.epoch - last.event.epoch if taken_over else 0


def _structure(transcript: Json) -> JsonObject:
    if not isinstance(transcript, dict):
        raise VerificationFailed("structure", "a transcript is a JSON object")
    if transcript.get("format") != FORMAT:
        raise VerificationFailed(
            "structure", f"format is {transcript.get('format')!r}, this verifier reads {FORMAT!r}"
        )
    needed = {"format", "tableId", "roundId", "view", "events", "book", "payouts", "seal"}
    if set(transcript) != needed:
        difference = ", ".join(sorted(set(transcript) ^ needed))
        raise VerificationFailed("structure", f"members missing or unknown: {difference}")
    if transcript["view"] not in ("house", "player"):
        raise VerificationFailed("structure", "view is neither house nor player")
    events = transcript["events"]
    if not isinstance(events, list) or not 0 < len(events) <= MAX_EVENTS:
        raise VerificationFailed("structure", f"events must be a list of 1 to {MAX_EVENTS}")
    book = transcript["book"]
    if book is not None and (not isinstance(book, list) or len(book) > MAX_BOOK_ENTRIES):
        raise VerificationFailed("structure", "book must be null or a list")
    if not isinstance(transcript["payouts"], list):
        raise VerificationFailed("structure", "payouts must be a list")
    return transcript


def _chain(document: JsonObject, check_signature: CheckSignature) -> tuple[SignedEvent, ...]:
    events: list[SignedEvent] = []
    written = document["events"]
    assert isinstance(written, list)
    for place, item in enumerate(written):
        try:
            signed = SignedEvent.from_json(item)
        except ValueError as error:
            raise VerificationFailed("structure", f"event {place + 1}: {error}") from error
        event = signed.event
        name = f"event {event.type} (epoch {event.epoch}, seq {event.seq})"
        if events:
            _check_place(events[-1], signed, name)
        try:
            actual = event.hash
        except ValueError as error:
            raise VerificationFailed("structure", f"{name}: {error}") from error
        if actual != signed.hash:
            raise VerificationFailed(
                "chain",
                f"{name} was changed: its content hashes to {actual[:16]}…, "
                f"it says {signed.hash[:16]}…",
            )
        if events and event.prev != events[-1].hash:
            raise VerificationFailed("chain", f"{name} does not follow the event before it")
        try:
            check_signature(signed.sig, signing_input(signed.hash))
        except ValueError as error:
            raise VerificationFailed("signature", f"{name}: {error}") from error
        events.append(signed)
    return tuple(events)


def _check_place(before: SignedEvent, after: SignedEvent, name: str) -> None:
    earlier, later = before.event, after.event
    if (later.epoch, later.seq) <= (earlier.epoch, earlier.seq):
        raise VerificationFailed(
            "chain", f"{name} stands after epoch {earlier.epoch}, seq {earlier.seq}: out of order"
        )
    next_in_epoch = later.epoch == earlier.epoch and later.seq == earlier.seq + 1
    first_of_next = later.epoch == earlier.epoch + 1 and later.seq == 1
    if not (next_in_epoch or first_of_next):
        raise VerificationFailed(
            "chain",
            f"an event is missing between epoch {earlier.epoch}, seq {earlier.seq} and {name}",
        )
    if later.at_ms < earlier.at_ms:
        raise VerificationFailed("chain", f"{name} happened before the event in front of it")


def _replay(document: JsonObject, events: Sequence[SignedEvent]) -> Round:
    state: Round | None = None
    for signed in events:
        event = signed.event
        if (event.table_id, event.round_id) != (document["tableId"], document["roundId"]):
            raise VerificationFailed(
                "transitions", f"event seq {event.seq} belongs to {event.table_id} {event.round_id}"
            )
        try:
            state = evolve(state, event)
        except IllegalTransition as error:
            raise VerificationFailed("transitions", error.message) from error
        _check_time(state, event)
    assert state is not None
    if state.round_id != round_id(state.table_id, state.round_no):
        raise VerificationFailed(
            "transitions", f"round {state.round_no} of a table cannot have the id {state.round_id}"
        )
    _check_paytable(state)
    if state.state not in FINAL_STATES:
        raise VerificationFailed(
            "transitions", f"the round ends in state {state.state}: its last events are missing"
        )
    return state


def _check_paytable(state: Round) -> None:
    paytable = PAYTABLES.get(state.paytable_version)
    if paytable is None:
        return  # Only payouts need it, and a void round has none.
    if not set(state.limits) <= set(paytable.odds):
        raise VerificationFailed(
            "transitions", f"limits are announced for spots that {paytable.version} does not offer"
        )
    if state.shoe.decks != paytable.decks:
        raise VerificationFailed(
            "transitions",
            f"paytable {paytable.version} is for {paytable.decks} decks, the shoe has "
            f"{state.shoe.decks}",
        )


def _check_time(state: Round, event: Event) -> None:
    if event.type is EventType.BETS_CLOSED and event.at_ms < state.closes_at_ms:
        raise VerificationFailed(
            "transitions",
            f"bets closed at {event.at_ms}, announced was {state.closes_at_ms}: too early",
        )
    if event.type is EventType.ROUND_RESOLVED and event.at_ms < state.shown_at_ms:
        raise VerificationFailed(
            "transitions",
            f"resolved at {event.at_ms}, the last card is shown at {state.shown_at_ms}: too early",
        )


def _book(
    document: JsonObject, round_: Round, events: Sequence[SignedEvent]
) -> dict[int, BookEntry]:
    written = document["book"]
    if round_.book_root is None:
        if written is not None:
            raise VerificationFailed("book", "bets are listed, but no book was sealed")
        return {}
    if not isinstance(written, list):
        raise VerificationFailed("book", "a book was sealed, but none is here")
    try:
        if document["view"] == "house":
            book = BetBook(tuple(BookEntry.from_json(item) for item in written))
            if (len(book.entries), book.root) != (round_.book_count, round_.book_root):
                raise VerificationFailed(
                    "book",
                    f"the {len(book.entries)} bets listed hash to {book.root[:16]}…, sealed were "
                    f"{round_.book_count} with root {round_.book_root[:16]}…: "
                    "a bet was added, removed or changed after the close",
                )
            stakes: JsonObject = {spot.value: sum_ for spot, sum_ in book.stakes().items()}
            announced = _data(events, EventType.BOOK_SEALED).get("stakes_minor")
            if not _same(announced, stakes):
                raise VerificationFailed(
                    "book", f"announced were stakes of {announced}, the book holds {stakes}"
                )
            entries = dict(enumerate(book.entries))
        else:
            entries = _proven_entries(written, round_)
        _check_offered(entries.values(), round_)
        BetBook(tuple(entry for _, entry in sorted(entries.items())))
    except ValueError as error:
        raise VerificationFailed("book", str(error)) from error
    return entries


def _check_offered(entries: Iterable[BookEntry], round_: Round) -> None:
    """Raises: ValueError when a bet lies where its table takes none."""
    paytable = PAYTABLES.get(round_.paytable_version)
    for entry in entries:
        if paytable is not None and entry.spot not in paytable.odds:
            raise ValueError(
                f"bet {entry.bet_id} lies on {entry.spot}, which paytable {paytable.version} "
                "does not offer"
            )


def _proven_entries(written: Sequence[Json], round_: Round) -> dict[int, BookEntry]:
    entries: dict[int, BookEntry] = {}
    for item in written:
        match item:
            case {"index": int(index), "entry": entry_json, "proof": list(proof), **rest} if (
                not rest and not isinstance(index, bool)
            ):
                entry = BookEntry.from_json(entry_json)
                siblings = [bytes.fromhex(str(sibling)) for sibling in proof]
                root = merkle.root_from_proof(entry.leaf(), index, round_.book_count, siblings)
                if root.hex() != round_.book_root:
                    raise VerificationFailed(
                        "book", f"bet {entry.bet_id} is not in the sealed book: its proof fails"
                    )
                entries[index] = entry
            case _:
                raise ValueError("an own bet has index, entry and proof, and nothing else")
    return entries


def _same(one: Json, other: Json) -> bool:
    """Return whether two values are equal as JSON, which tells 1 from true and from 1.0."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    return type(one) is type(other) and one == other


def _data(events: Sequence[SignedEvent], wanted: EventType) -> JsonObject:
    return next(signed.event.data for signed in events if signed.event.type is wanted)


def _cards(round_: Round, events: Sequence[SignedEvent]) -> None:
    seed_hex = _data(events, EventType.ROUND_SETTLED).get("seed")
    try:
        seed = bytes.fromhex(str(seed_hex))
        if len(seed) != SEED_BYTES:
            raise ValueError(f"a seed has {SEED_BYTES} bytes")
    except ValueError as error:
        raise VerificationFailed(
            "commitment", f"the revealed seed is unreadable: {error}"
        ) from error
    if commitment(seed, round_.round_id) != round_.commitment:
        raise VerificationFailed(
            "commitment", "the revealed seed is not the one committed to before the bets"
        )
    assert round_.book_root is not None
    try:
        key = deal_key(
            seed,
            shoe_id=round_.shoe.shoe_id,
            round_id=round_.round_id,
            book_root=round_.book_root,
        )
        coup, order = deal_coup(round_.shoe, key)
    except ValueError as error:
        raise VerificationFailed("cards", str(error)) from error
    if order != round_.cards:
        dealt = " ".join(card for _, card in round_.cards)
        due = " ".join(card for _, card in order)
        raise VerificationFailed("cards", f"dealt were {dealt}, the seed gives {due}")
    resolved = _data(events, EventType.ROUND_RESOLVED)
    expected: JsonObject = {
        "outcome": coup.outcome.value,
        "player_total": coup.player_total,
        "banker_total": coup.banker_total,
        "natural": coup.is_natural,
    }
    if not _same(resolved, expected):
        raise VerificationFailed(
            "outcome", f"the result says {resolved}, the cards give {expected}"
        )


def _payouts(
    document: JsonObject,
    round_: Round,
    entries: dict[int, BookEntry],
    events: Sequence[SignedEvent],
) -> tuple[Payout, ...]:
    paytable = PAYTABLES.get(round_.paytable_version)
    if paytable is None:
        raise VerificationFailed(
            "payouts", f"this verifier does not know paytable {round_.paytable_version!r}"
        )
    due = payouts(
        BetBook(tuple(entry for _, entry in sorted(entries.items()))), round_.coup, paytable
    )
    listed = document["payouts"]
    assert isinstance(listed, list)
    for position, payout in enumerate(due):
        found = listed[position] if position < len(listed) else None
        if not _same(found, payout.to_json()):
            raise VerificationFailed(
                "payouts",
                f"bet {payout.bet_id} of {payout.player_id} is due {payout.payout_minor} minor "
                f"units, the transcript says {found}",
            )
    if len(listed) > len(due):
        raise VerificationFailed("payouts", f"{listed[len(due)]} is listed, but nothing is due")
    if document["view"] == "house":
        settled = _data(events, EventType.ROUND_SETTLED)
        totals: JsonObject = {
            "payouts_root": payouts_root(due),
            "paid_count": len(due),
            "staked_minor": sum(entry.stake_minor for entry in entries.values()),
            "paid_minor": sum(payout.payout_minor for payout in due),
        }
        for name, value in totals.items():
            if not _same(settled.get(name), value):
                raise VerificationFailed(
                    "payouts", f"{name} is {settled.get(name)} in the log, {value} by the book"
                )
    return due


def _seal(
    document: JsonObject, events: Sequence[SignedEvent], check_signature: CheckSignature
) -> None:
    match document["seal"]:
        case {"hash": str(written), "sig": sig, **rest} if not rest:
            try:
                actual = seal_hash(document)
                if written != actual:
                    raise ValueError("the transcript was changed after it was sealed")
                signature = Signature.from_json(sig)
                check_signature(signature, signing_input(written))
                # Nothing signs the seal's own key number, but a key has the same one everywhere.
                versions = {e.sig.ver for e in events if e.sig.kid == signature.kid}
                if versions - {signature.ver}:
                    raise ValueError(f"key {signature.kid} signed under another number before")
            except ValueError as error:
                raise VerificationFailed("seal", str(error)) from error
        case _:
            raise VerificationFailed("seal", "a seal has hash and sig, and nothing else")
