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
from baccarat.domain.cards import Card, parse_card
from baccarat.domain.errors import BaccaratError, IllegalTransition
from baccarat.domain.fairness import SEED_BYTES, commitment, deal_coup, deal_key
from baccarat.domain.log import (
    TABLE_EVENTS,
    Event,
    EventType,
    Signature,
    SignedEvent,
    signing_input,
)
from baccarat.domain.paytable import PAYTABLES
from baccarat.domain.round import FINAL_STATES, Round, RoundState, evolve
from baccarat.domain.shoe import Shoe, ShoeInPlay
from baccarat.domain.shoe_change import burned_with
from baccarat.domain.shoe_commitment import (
    CommittedOrder,
    Opening,
    is_complete,
    record_commitment,
)
from baccarat.domain.table import round_id
from baccarat.domain.table_config import DealingMode, ShoeProcedure

FORMAT: Final = "baccarat-transcript/2"
MAX_EVENTS: Final = 1_000
MAX_BOOK_ENTRIES: Final = 1_000_000

_SHOE_EVENTS: Final = frozenset({EventType.SHOE_OPENED, EventType.SHOE_CLOSED})

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
    """What a transcript that holds says. ``checks`` are the rules it passed, in order.

    ``events`` start right after the end of the round before; ``shoe`` is the event that opened the
    shoe of the round.
    """

    round: Round
    shoe: SignedEvent
    events: tuple[SignedEvent, ...]
    payouts: tuple[Payout, ...]
    checks: tuple[str, ...]


def house_transcript(
    shoe: SignedEvent,
    events: Sequence[SignedEvent],
    book: BetBook | None,
    paid: Sequence[Payout],
) -> JsonObject:
    """Return the transcript without its seal; ``book`` is None when none was sealed."""
    return {
        "format": FORMAT,
        "tableId": events[-1].event.table_id,
        "roundId": events[-1].event.round_id,
        "view": "house",
        "shoe": shoe.to_json(),
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
        "shoe": house["shoe"],
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
    shoe = _shoe(document, check_signature)
    round_ = _replay(document, shoe, events)
    checks += ["shoe", "transitions"]
    entries = _book(document, round_, events)
    checks.append("book")
    paid: tuple[Payout, ...] = ()
    if round_.state is RoundState.SETTLED:
        checks += _CARD_CHECKS[round_.mode](round_, events)
        _cut_card(round_, shoe)
        _outcome(round_, events)
        checks += ["cards", "outcome"]
        paid = _payouts(document, round_, entries, events)
        checks.append("payouts")
    elif document["payouts"]:
        raise VerificationFailed("payouts", "a voided round pays nothing, but payouts are listed")
    _seal(document, [shoe, *events], check_signature)
    checks.append("seal")
    return Verified(round_, shoe, events, paid, tuple(checks))


def verify_link(earlier: Verified, later: Verified) -> None:
    """Check that ``later`` is the round right after ``earlier`` in the log of one table, and that
    what was committed to a shoe which was closed between them is opened.

    Raises:
        VerificationFailed: an event between the two is missing, the chain is broken, or the shoe
            is neither the one that was left nor a new one.
    """
    last, first = earlier.events[-1], later.events[0]
    names = f"round {later.round.round_id} does not follow {earlier.round.round_id}"
    if (later.round.table_id, later.round.round_no) != (
        earlier.round.table_id,
        earlier.round.round_no + 1,
    ):
        raise VerificationFailed("chain", f"{names}: it is not the next round of that table")
    if first.event.prev != last.hash:
        raise VerificationFailed(
            "chain",
            f"{names}: prev is {first.event.prev[:16]}…, the last hash was {last.hash[:16]}…",
        )
    shoe, left = earlier.shoe, earlier.round.shoe_after(_procedure(earlier.shoe).hands_after_cut)
    is_open = True
    for signed in later.events:
        if signed.event.type not in _SHOE_EVENTS:
            continue
        if is_open is not (signed.event.type is EventType.SHOE_CLOSED):
            raise VerificationFailed("shoe", f"{names}: a shoe was changed without closing the old")
        if is_open:
            _check_closed(signed, shoe, left)
        else:
            shoe, left = signed, _opened(signed)
        is_open = not is_open
    if not is_open or later.round.shoe != left:
        raise VerificationFailed(
            "shoe",
            f"round {later.round.round_id} opens with another shoe than {earlier.round.round_id} "
            "left and the log tells",
        )


def _check_closed(closed: SignedEvent, shoe: SignedEvent, left: ShoeInPlay) -> None:
    """Check that the event ``closed`` ends ``shoe``, of which was ``left``, and opens what was
    committed to.

    Raises:
        VerificationFailed: it does not.
    """
    data, opened = closed.event.data, closed.event.data.get("opened")
    mode = DealingMode(str(shoe.event.data["mode"]))
    unseen = left.unseen
    said: JsonObject = {
        "shoeId": unseen.shoe_id,
        "drawn": left.drawn,
        "unseen": unseen.composition,
    }
    try:
        match mode:
            case DealingMode.RNG:
                commitment_hex, said["reconciled"] = None, True
            case DealingMode.SHOE:
                commitment_hex = _record_commitment(opened)
                said["reconciled"] = _same(data.get("counted"), unseen.composition)
            case DealingMode.SHUFFLER:
                order = CommittedOrder.from_json(unseen.shoe_id, opened)
                commitment_hex = order.commitment
                said["reconciled"] = is_complete(order.order, unseen.decks)
    except ValueError as error:
        raise VerificationFailed("shoe", f"shoe {unseen.shoe_id}: {error}") from error
    for name, value in said.items():
        if not _same(data.get(name), value):
            raise VerificationFailed(
                "shoe", f"the shoe was closed with {name} {data.get(name)}, it is {value}"
            )
    if commitment_hex != shoe.event.data["commitment"]:
        raise VerificationFailed(
            "shoe", f"what shoe {unseen.shoe_id} was opened with is not what was committed to"
        )


def _record_commitment(opened: Json) -> str:
    match opened:
        case {"record": dict(record), "salt": str(salt), **rest} if not rest:
            return record_commitment(record, bytes.fromhex(salt))
    raise ValueError("the record of the shuffle is not opened")


def _structure(transcript: Json) -> JsonObject:
    if not isinstance(transcript, dict):
        raise VerificationFailed("structure", "a transcript is a JSON object")
    if transcript.get("format") != FORMAT:
        raise VerificationFailed(
            "structure", f"format is {transcript.get('format')!r}, this verifier reads {FORMAT!r}"
        )
    needed = {
        "format",
        "tableId",
        "roundId",
        "view",
        "shoe",
        "events",
        "book",
        "payouts",
        "seal",
    }
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
        _check_hash(signed, name)
        if events and event.prev != events[-1].hash:
            raise VerificationFailed("chain", f"{name} does not follow the event before it")
        _check_signature(signed, name, check_signature)
        events.append(signed)
    return tuple(events)


def _check_hash(signed: SignedEvent, name: str) -> None:
    try:
        actual = signed.event.hash
    except ValueError as error:
        raise VerificationFailed("structure", f"{name}: {error}") from error
    if actual != signed.hash:
        raise VerificationFailed(
            "chain",
            f"{name} was changed: its content hashes to {actual[:16]}…, "
            f"it says {signed.hash[:16]}…",
        )


def _check_signature(signed: SignedEvent, name: str, check_signature: CheckSignature) -> None:
    try:
        check_signature(signed.sig, signing_input(signed.hash))
    except ValueError as error:
        raise VerificationFailed("signature", f"{name}: {error}") from error


def _shoe(document: JsonObject, check_signature: CheckSignature) -> SignedEvent:
    """Return the event that opened the shoe; that it is the round's is checked with the round."""
    try:
        signed = SignedEvent.from_json(document["shoe"])
    except ValueError as error:
        raise VerificationFailed("structure", f"shoe: {error}") from error
    event = signed.event
    if (event.type, event.table_id, event.round_id) != (
        EventType.SHOE_OPENED,
        document["tableId"],
        "",
    ):
        raise VerificationFailed("shoe", "shoe is not an event that opens a shoe of this table")
    _check_hash(signed, "the opening of the shoe")
    _check_signature(signed, "the opening of the shoe", check_signature)
    _opened(signed)
    return signed


def _procedure(shoe: SignedEvent) -> ShoeProcedure:
    return ShoeProcedure.from_json(shoe.event.data["procedure"])


def _opened(shoe: SignedEvent) -> ShoeInPlay:
    """Return the shoe right after it was opened and burned.

    Raises:
        VerificationFailed: the event does not say what it must.
    """
    try:
        return _fresh_shoe(shoe)
    except (KeyError, TypeError, ValueError) as error:
        raise VerificationFailed(
            "shoe", f"the shoe is not opened as it must be: {error}"
        ) from error


def _fresh_shoe(shoe: SignedEvent) -> ShoeInPlay:
    """Return the shoe right after it was opened and burned.

    Raises:
        KeyError, TypeError, ValueError: the event does not say what it must.
    """
    data = shoe.event.data
    mode = DealingMode(str(data["mode"]))
    shoe_id, decks, commitment_hex = data["shoeId"], data["decks"], data["commitment"]
    if not isinstance(shoe_id, str) or isinstance(decks, bool) or not isinstance(decks, int):
        raise TypeError("shoeId is a string and decks an integer")
    if (commitment_hex is None) is not (mode is DealingMode.RNG):
        raise ValueError(f"a shoe of mode {mode} has the commitment {commitment_hex}")
    unseen = Shoe.full(shoe_id, decks)
    procedure, burned = _procedure(shoe), data["burned"]
    if procedure.burn and mode is DealingMode.RNG:
        raise ValueError("a server's shoe has no order, so there is nothing to burn from it")
    if procedure.burn is not (burned is not None):
        raise ValueError(f"burn is {procedure.burn}, but burned is {burned}")
    match burned:
        case None:
            return ShoeInPlay(unseen, shoe.hash, 0)
        case {"card": str(code), "face_down": face_down, "opening": opening, **rest} if not rest:
            card = parse_card(code)
            if not _same(face_down, burned_with(card)):
                raise ValueError(f"{face_down} cards were burned with {card}")
            if mode is DealingMode.SHUFFLER:
                _check_opening(card, opening, 0, shoe)
            return ShoeInPlay(unseen.without([card]), shoe.hash, 1 + burned_with(card))
    raise ValueError("burned has card, face_down and opening")


def _check_opening(card: Card, value: Json, position: int, shoe: SignedEvent) -> None:
    """Raises: ValueError when ``card`` is not the committed one at ``position``."""
    opening = Opening.from_json(value)
    if opening.position != position:
        raise ValueError(f"{card} was opened at position {opening.position}, due was {position}")
    data = shoe.event.data
    size = Shoe.full("", int(str(data["decks"]))).cards_left
    opening.check(card, size, str(data["commitment"]))


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


def _replay(document: JsonObject, shoe: SignedEvent, events: Sequence[SignedEvent]) -> Round:
    state: Round | None = None
    for place, signed in enumerate(events):
        event = signed.event
        if not _is_of_round(event, document):
            if state is not None and event.type in _SHOE_EVENTS:
                raise VerificationFailed("shoe", "the shoe was changed in the middle of the round")
            continue
        before = state
        try:
            state = evolve(state, event)
        except IllegalTransition as error:
            raise VerificationFailed("transitions", error.message) from error
        if before is None:
            _check_shoe(state, shoe, events[:place])
        _check_time(state, event)
        _check_drawn(before, state, event, shoe)
    if state is None or events[-1].event.round_id != document["roundId"]:
        raise VerificationFailed("transitions", "the last event is not one of the round")
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


def _is_of_round(event: Event, document: JsonObject) -> bool:
    """Return whether an event is the round's, or one of its table that belongs to no round.

    Raises:
        VerificationFailed: it is neither.
    """
    if event.table_id != document["tableId"]:
        raise VerificationFailed(
            "transitions", f"event seq {event.seq} belongs to table {event.table_id}"
        )
    if event.round_id == "" and event.type in TABLE_EVENTS:
        return False
    if event.round_id != document["roundId"]:
        raise VerificationFailed(
            "transitions", f"event seq {event.seq} belongs to round {event.round_id!r}"
        )
    return True


def _check_drawn(before: Round | None, state: Round, event: Event, shoe: SignedEvent) -> None:
    """Check that what left a physical shoe with ``event`` can have left it."""
    if before is None or event.type not in (EventType.CARDS_DEALT, EventType.CARD_BURNED):
        return
    try:
        _ = state.unseen
        if state.mode is DealingMode.SHUFFLER:
            burned = event.type is EventType.CARD_BURNED
            card = state.burned[-1] if burned else state.cards[-1][1]
            _check_opening(card, event.data["opening"], before.drawn, shoe)
    except (KeyError, ValueError) as error:
        raise VerificationFailed("cards", str(error)) from error


def _check_shoe(state: Round, shoe: SignedEvent, before: Sequence[SignedEvent]) -> None:
    """Check that the round opens with the shoe that ``shoe`` opened; ``before`` are the events
    since the round before.
    """
    data, in_play = shoe.event.data, state.shoe
    said: JsonObject = {
        "shoeId": in_play.unseen.shoe_id,
        "decks": in_play.unseen.decks,
        "mode": state.mode.value,
    }
    if in_play.opened != shoe.hash or any(not _same(data[k], v) for k, v in said.items()):
        raise VerificationFailed("shoe", "the round names another shoe than the one enclosed")
    if in_play.is_finished:
        raise VerificationFailed("shoe", "the round was opened after the last hand of its shoe")
    fresh = _opened(shoe)
    changes = [s for s in before if s.event.type in _SHOE_EVENTS]
    if changes and changes[-1].hash != shoe.hash:
        raise VerificationFailed("shoe", "the round is not dealt from the newest shoe of the log")
    if changes and in_play != fresh:
        raise VerificationFailed("shoe", "the first round of a shoe does not find it as opened")
    unseen_but_gone = in_play.unseen.cards_left - in_play.cards_left
    if unseen_but_gone != fresh.unseen.cards_left - fresh.cards_left:
        raise VerificationFailed("shoe", "remaining and drawn of the round do not fit each other")


def _cut_card(round_: Round, shoe: SignedEvent) -> None:
    """Check where a server or a machine knows it: the cut card came out when it had to."""
    if round_.mode is DealingMode.SHOE:
        return
    procedure = _procedure(shoe)
    left = round_.shoe_after(procedure.hands_after_cut).cards_left
    reached = left <= procedure.cut_cards
    if round_.cut_card_out is not (round_.shoe.hands_left is None and reached):
        raise VerificationFailed(
            "cards",
            f"{left} cards were left, but the cut card is said to be "
            f"{'out' if round_.cut_card_out else 'in'}",
        )


def _check_paytable(state: Round) -> None:
    paytable = PAYTABLES.get(state.paytable_version)
    if paytable is None:
        return  # Only payouts need it, and a void round has none.
    if not set(state.limits) <= set(paytable.odds):
        raise VerificationFailed(
            "transitions", f"limits are announced for spots that {paytable.version} does not offer"
        )
    if state.shoe.unseen.decks != paytable.decks:
        raise VerificationFailed(
            "transitions",
            f"paytable {paytable.version} is for {paytable.decks} decks, the shoe has "
            f"{state.shoe.unseen.decks}",
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


def _dealt_by_server(round_: Round, events: Sequence[SignedEvent]) -> list[str]:
    """Check the revealed seed and the cards that it gives."""
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
            shoe_id=round_.shoe.unseen.shoe_id,
            round_id=round_.round_id,
            book_root=round_.book_root,
        )
        _, order = deal_coup(round_.shoe.unseen, key)
    except ValueError as error:
        raise VerificationFailed("cards", str(error)) from error
    if order != round_.cards:
        dealt = " ".join(card for _, card in round_.cards)
        due = " ".join(card for _, card in order)
        raise VerificationFailed("cards", f"dealt were {dealt}, the seed gives {due}")
    return ["commitment"]


def _dealt_by_hand(round_: Round, events: Sequence[SignedEvent]) -> list[str]:
    """Check that no seed is claimed; each card was checked where it was drawn."""
    seed = _data(events, EventType.ROUND_SETTLED).get("seed")
    if round_.commitment is not None or seed is not None:
        raise VerificationFailed("commitment", "cards drawn by a dealer come from no seed")
    return []


_CARD_CHECKS: Final[dict[DealingMode, Callable[[Round, Sequence[SignedEvent]], list[str]]]] = {
    DealingMode.RNG: _dealt_by_server,
    DealingMode.SHOE: _dealt_by_hand,
    DealingMode.SHUFFLER: _dealt_by_hand,
}


def _outcome(round_: Round, events: Sequence[SignedEvent]) -> None:
    try:
        coup = round_.coup
    except ValueError as error:
        raise VerificationFailed("cards", str(error)) from error
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
    document: JsonObject, signed: Sequence[SignedEvent], check_signature: CheckSignature
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
                versions = {e.sig.ver for e in signed if e.sig.kid == signature.kid}
                if versions - {signature.ver}:
                    raise ValueError(f"key {signature.kid} signed under another number before")
            except ValueError as error:
                raise VerificationFailed("seal", str(error)) from error
        case _:
            raise VerificationFailed("seal", "a seal has hash and sig, and nothing else")
