"""Tables, rounds and the log in DynamoDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from pynamodb.exceptions import PutError

from baccarat.adapters.dynamodb.models import (
    CorrectionItem,
    DeskItem,
    EventItem,
    PostingItem,
    RoundItem,
    ShoeItem,
    TableItem,
    TallyItem,
)
from baccarat.adapters.dynamodb.transact import (
    Cancelled,
    Operation,
    execute,
    if_absent,
    number,
    on_version,
    text,
)
from baccarat.adapters.strict_json import loads
from baccarat.application.ports import Commit, PendingScan, RoundRecord, ShoeRecord
from baccarat.domain.cards import parse_card
from baccarat.domain.correction import Correction, CorrectionState
from baccarat.domain.coup import Hand, Outcome
from baccarat.domain.errors import Contention, NeedsAnotherPerson
from baccarat.domain.log import SignedEvent
from baccarat.domain.paytable import PAYTABLES, Spot
from baccarat.domain.round import PauseReason, Round, RoundState, VoidReason
from baccarat.domain.shoe import Shoe, ShoeInPlay
from baccarat.domain.shoe_commitment import Opening, parse_order
from baccarat.domain.table import Table, TableStatus
from baccarat.domain.table_config import Caps, DealingMode, StakeLimit, TableConfig, limits_json
from baccarat.domain.wallet import HousePosting

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_TABLES: Final = "TABLES"
_HEAD: Final = "HEAD"
_SHOE: Final = "SHOE"
_DESK: Final = "DESK"
_MOST_CORRECTIONS: Final = 50
_TALLY: Final = "TALLY"


class DynamoFloor:
    """Implements ``ports.Floor``. All reads but the tally's are consistent."""

    def __init__(self, client: DynamoDBClient) -> None:
        self._client = client

    def table(self, table_id: str) -> Table | None:
        try:
            return _table(TableItem.get(_TABLES, table_id, consistent_read=True))
        except TableItem.DoesNotExist:
            return None

    def table_ids(self) -> list[str]:
        found = TableItem.query(_TABLES, consistent_read=True, attributes_to_get=["pk", "sk"])
        return [item.sk for item in found]

    def tables(self, limit: int) -> list[Table]:
        return [
            _table(item) for item in TableItem.query(_TABLES, limit=limit, consistent_read=True)
        ]

    def create_table(self, table: Table) -> bool:
        try:
            _table_item(table).save(condition=TableItem.pk.does_not_exist())
        except PutError as error:
            if error.cause_response_code == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def round(self, round_id: str) -> RoundRecord | None:
        try:
            return _record(RoundItem.get(round_key(round_id), _HEAD, consistent_read=True))
        except RoundItem.DoesNotExist:
            return None

    def rounds(self, round_ids: Sequence[str]) -> list[RoundRecord]:
        keys = [(round_key(round_id), _HEAD) for round_id in round_ids]
        return [_record(item) for item in RoundItem.batch_get(keys, consistent_read=True)]

    def last_event(self, table_id: str, epoch: int) -> SignedEvent | None:
        newest = EventItem.query(
            _log_key(table_id, epoch), scan_index_forward=False, limit=1, consistent_read=True
        )
        return next((_event(item) for item in newest), None)

    def events(
        self, table_id: str, *, after: tuple[int, int], until_epoch: int, limit: int
    ) -> list[SignedEvent]:
        found: list[SignedEvent] = []
        epoch, seq = after
        while epoch <= until_epoch and len(found) < limit:
            found += [
                _event(item)
                for item in EventItem.query(
                    _log_key(table_id, epoch),
                    EventItem.sk > seq,
                    limit=limit - len(found),
                    consistent_read=True,
                )
            ]
            epoch, seq = epoch + 1, 0
        return found

    def commit(self, step: Commit) -> None:
        operations = [if_absent(_event_item(signed)) for signed in step.events]
        if step.round_after is not None:
            operations.append(_move_round(step.round_before, step.round_after))
        if step.table_before is not None and step.table_after is not None:
            operations.append(_move_table(step.table_before, step.table_after))
        if step.shoe is not None:
            operations.append(_move_shoe(*step.shoe))
        if step.correction is not None:
            operations.append(_move_correction(*step.correction))
        if step.posting is not None:
            operations.append(if_absent(_posting_item(step.posting)))
        try:
            execute(self._client, operations)
        except Cancelled as error:
            if step.correction is not None and _same_person(step.correction[1]):
                raise NeedsAnotherPerson(
                    "a correction is approved by another person than the one who proposed it"
                ) from error
            if error.is_race:
                raise Contention("the round or its table moved meanwhile") from error
            raise

    def corrections(self, table_id: str, round_id: str | None = None) -> list[Correction]:
        key = f"CORRECTIONS#{table_id}"
        found = CorrectionItem.query(
            key,
            CorrectionItem.sk.startswith(f"{round_id}#") if round_id is not None else None,
            consistent_read=True,
            scan_index_forward=False,
            limit=_MOST_CORRECTIONS,
        )
        return [_correction(table_id, item) for item in found]

    def corrections_between(
        self, table_id: str, first_round_id: str, last_round_id: str
    ) -> list[Correction]:
        found = CorrectionItem.query(
            f"CORRECTIONS#{table_id}",
            CorrectionItem.sk.between(f"{first_round_id}#", f"{last_round_id}#~"),
            consistent_read=True,
        )
        return [_correction(table_id, item) for item in found]

    def shoe(self, shoe_id: str) -> ShoeRecord | None:
        try:
            item = ShoeItem.get(f"SHOE#{shoe_id}", _SHOE, consistent_read=True)
        except ShoeItem.DoesNotExist:
            return None
        closed_at = (
            (int(item.closed_epoch), int(item.closed_seq)) if item.closed_seq is not None else None
        )
        return ShoeRecord(shoe_id, (int(item.epoch), int(item.seq)), item.sealed_secret, closed_at)

    def tally(self, round_id: str) -> dict[Spot, int]:
        try:
            item = TallyItem.get(round_key(round_id), _TALLY)
        except TallyItem.DoesNotExist:
            return {}
        return {Spot(spot): stake_minor for spot, stake_minor in item.stakes.items()}

    def put_tally(self, round_id: str, stakes: Mapping[Spot, int]) -> None:
        TallyItem(
            round_key(round_id),
            _TALLY,
            stakes={spot.value: stake_minor for spot, stake_minor in stakes.items()},
        ).save()


class DynamoDesks:
    """Implements ``ports.Desks``."""

    def heard(self, table_id: str, dealer_id: str, now_ms: int) -> None:
        DeskItem(f"DESK#{table_id}", _DESK, dealer_id=dealer_id, heard_at_ms=now_ms).save()

    def last_heard_ms(self, table_id: str) -> int:
        try:
            return int(DeskItem.get(f"DESK#{table_id}", _DESK, consistent_read=True).heard_at_ms)
        except DeskItem.DoesNotExist:
            return 0


def round_key(round_id: str) -> str:
    return f"ROUND#{round_id}"


def check_round_open(round_id: str, now_ms: int) -> Operation:
    """Check, in another command's transaction, that the round still takes bets."""
    return Operation(
        RoundItem(round_key(round_id), _HEAD),
        "#state = :open AND closes_at_ms > :now",
        {":open": text(RoundState.OPEN.value), ":now": number(now_ms)},
        {"#state": "state"},
        check_only=True,
    )


def _move_round(before: RoundRecord | None, after: RoundRecord) -> Operation:
    item = _round_item(after)
    if before is None:
        return if_absent(item)
    return Operation(
        item,
        "#state = :state AND #version = :version AND epoch = :epoch AND writes = :writes",
        {
            ":writes": number(before.writes),
            ":state": text(before.round.state.value),
            ":version": number(before.round.version),
            ":epoch": number(before.round.epoch),
        },
        {"#state": "state", "#version": "version"},
    )


def _same_person(after: Correction) -> bool:
    return after.proposed_by == after.decided_by and after.state is not CorrectionState.REJECTED


def _move_correction(before: Correction | None, after: Correction) -> Operation:
    """Two people are enforced here, in the write itself, and not by whoever asks for it."""
    item = _correction_item(after)
    if before is None:
        return if_absent(item)
    condition = "#state = :before"
    values = {":before": text(before.state.value)}
    if after.state is not CorrectionState.REJECTED:
        condition += " AND proposed_by <> :decided_by"
        values[":decided_by"] = text(after.decided_by or "")
    return Operation(item, condition, values, {"#state": "state"})


def _move_shoe(before: ShoeRecord | None, after: ShoeRecord) -> Operation:
    item = _shoe_item(after)
    if before is None:
        return if_absent(item)
    return Operation(item, "attribute_exists(pk) AND attribute_not_exists(closed_seq)", {})


def _move_table(before: Table, after: Table) -> Operation:
    return on_version(_table_item(after), before.version)


def _log_key(table_id: str, epoch: int) -> str:
    return f"{table_id}#{epoch}"


def _event_item(signed: SignedEvent) -> EventItem:
    event = signed.event
    return EventItem(
        _log_key(event.table_id, event.epoch), event.seq, event=signed.to_bytes().decode()
    )


def _event(item: EventItem) -> SignedEvent:
    return SignedEvent.from_json(loads(item.event))


def _table_item(table: Table) -> TableItem:
    return TableItem(
        _TABLES,
        table.table_id,
        config={
            **table.config.to_json(),
            "limits": _packed_limits(table.config.paytable_version, table.config.limits),
        },
        status=table.status.value,
        version=table.version,
        epoch=table.epoch,
        lease_until_ms=table.lease_until_ms,
        round_no=table.round_no,
        round_end_epoch=table.round_end[0],
        round_end_seq=table.round_end[1],
        shoe_no=table.shoe_no,
        shoe=_packed_shoe(table.shoe) if table.shoe is not None else None,
        dealer_id=table.dealer_id,
        dealer_name=table.dealer_name,
        history="".join(table.history),
    )


def _table(item: TableItem) -> Table:
    limits = _limits(item.config["paytable"], item.config["limits"])
    config = TableConfig.from_json({**item.config, "limits": limits_json(limits)})
    return Table(
        table_id=item.sk,
        config=config,
        status=TableStatus(item.status),
        version=int(item.version),
        epoch=int(item.epoch),
        lease_until_ms=int(item.lease_until_ms),
        round_no=int(item.round_no),
        round_end=(int(item.round_end_epoch), int(item.round_end_seq)),
        shoe_no=int(item.shoe_no),
        shoe=_shoe(item.shoe) if item.shoe is not None else None,
        dealer_id=item.dealer_id,
        dealer_name=item.dealer_name,
        history=tuple(item.history),
    )


def _correction_item(correction: Correction) -> CorrectionItem:
    return CorrectionItem(
        f"CORRECTIONS#{correction.table_id}",
        f"{correction.round_id}#{correction.number:03d}",
        state=correction.state.value,
        cards="".join(correction.cards) if correction.cards is not None else None,
        note=correction.note,
        proposed_by=correction.proposed_by,
        proposed_at_ms=correction.proposed_at_ms,
        decided_by=correction.decided_by,
        credited_minor=correction.credited_minor,
        debited_minor=correction.debited_minor,
        short_minor=correction.short_minor,
    )


def _correction(table_id: str, item: CorrectionItem) -> Correction:
    round_id, _, number_ = item.sk.partition("#")
    return Correction(
        table_id=table_id,
        round_id=round_id,
        number=int(number_),
        cards=parse_order(item.cards) if item.cards is not None else None,
        note=item.note,
        proposed_by=item.proposed_by,
        proposed_at_ms=int(item.proposed_at_ms),
        state=CorrectionState(item.state),
        decided_by=item.decided_by,
        credited_minor=int(item.credited_minor),
        debited_minor=int(item.debited_minor),
        short_minor=int(item.short_minor),
    )


# The heads of table and round are written at every step, and a write costs by the kilobyte: what
# repeats itself in JSON is packed into text here, so that a full layout stays within one.


def _packed_limits(paytable: str, limits: Mapping[Spot, StakeLimit]) -> str:
    """Return the limits in the order of the paytable's spots."""
    return " ".join(
        f"{limits[spot].min_minor}-{limits[spot].max_minor}" for spot in PAYTABLES[paytable].odds
    )


def _limits(paytable: str, packed: str) -> dict[Spot, StakeLimit]:
    pairs = (pair.split("-") for pair in packed.split())
    return {
        spot: StakeLimit(int(low), int(high))
        for spot, (low, high) in zip(PAYTABLES[paytable].odds, pairs, strict=True)
    }


def _packed_caps(caps: Caps) -> str:
    values = (caps.side_bet_percent, caps.max_payout_minor, caps.differential_minor)
    return " ".join("-" if value is None else str(value) for value in values)


def _caps(packed: str) -> Caps:
    return Caps(*(None if value == "-" else int(value) for value in packed.split()))


def _packed_shoe(shoe: ShoeInPlay) -> str:
    unseen = shoe.unseen
    left = "-" if shoe.hands_left is None else shoe.hands_left
    return f"{unseen.shoe_id} {unseen.decks} {unseen.composition} {shoe.opened} {shoe.drawn} {left}"


def _shoe(packed: str) -> ShoeInPlay:
    shoe_id, decks, unseen, opened, drawn, left = packed.split()
    return ShoeInPlay(
        Shoe.from_composition(shoe_id, int(decks), unseen),
        opened,
        int(drawn),
        None if left == "-" else int(left),
    )


def _shoe_item(shoe: ShoeRecord) -> ShoeItem:
    epoch, seq = shoe.opened_at
    closed_epoch, closed_seq = shoe.closed_at or (None, None)
    return ShoeItem(
        f"SHOE#{shoe.shoe_id}",
        _SHOE,
        epoch=epoch,
        seq=seq,
        closed_epoch=closed_epoch,
        closed_seq=closed_seq,
        sealed_secret=shoe.sealed_secret,
    )


def _round_item(record: RoundRecord) -> RoundItem:
    round_ = record.round
    return RoundItem(
        round_key(round_.round_id),
        _HEAD,
        table_id=round_.table_id,
        round_no=round_.round_no,
        state=round_.state.value,
        version=round_.version,
        epoch=round_.epoch,
        writes=record.writes,
        opened_epoch=record.opened_epoch,
        starts_after_epoch=record.starts_after[0],
        starts_after_seq=record.starts_after[1],
        opened_at_ms=round_.opened_at_ms,
        closes_at_ms=round_.closes_at_ms,
        mode=round_.mode.value,
        dealer_id=round_.dealer_id,
        currency=round_.currency,
        paytable=round_.paytable_version,
        limits=_packed_limits(round_.paytable_version, round_.limits),
        caps=_packed_caps(round_.caps),
        card_interval_ms=round_.card_interval_ms,
        commitment=round_.commitment,
        sealed_seed=record.sealed_seed,
        seed=record.seed,
        shoe=_packed_shoe(round_.shoe),
        book_root=round_.book_root,
        book_count=round_.book_count,
        cards=" ".join(f"{hand.value[0]}{card}" for hand, card in round_.cards) or None,
        openings=[opening.to_json() for opening in round_.openings] or None,
        burned=" ".join(round_.burned) or None,
        taken_back=" ".join(round_.taken_back) or None,
        cut_card_out=round_.cut_card_out,
        paused=round_.paused.value if round_.paused else None,
        pending=[record.pending.place, record.pending.card, record.pending.by]
        if record.pending
        else None,
        task_token=record.task_token,
        shown_at_ms=round_.shown_at_ms,
        outcome=round_.outcome.value if round_.outcome else None,
        paid_minor=round_.paid_minor,
        void_reason=round_.void_reason.value if round_.void_reason else None,
    )


_HANDS: Final = {hand.value[0]: hand for hand in Hand}


def _record(item: RoundItem) -> RoundRecord:
    round_ = Round(
        round_id=item.pk.removeprefix("ROUND#"),
        table_id=item.table_id,
        round_no=int(item.round_no),
        state=RoundState(item.state),
        version=int(item.version),
        epoch=int(item.epoch),
        opened_at_ms=int(item.opened_at_ms),
        closes_at_ms=int(item.closes_at_ms),
        mode=DealingMode(item.mode),
        dealer_id=item.dealer_id,
        currency=item.currency,
        paytable_version=item.paytable,
        limits=_limits(item.paytable, item.limits),
        caps=_caps(item.caps),
        card_interval_ms=int(item.card_interval_ms),
        commitment=item.commitment,
        shoe=_shoe(item.shoe),
        book_root=item.book_root,
        book_count=int(item.book_count),
        cards=tuple((_HANDS[code[0]], parse_card(code[1:])) for code in (item.cards or "").split()),
        openings=tuple(Opening.from_json(value) for value in item.openings or ()),
        burned=tuple(parse_card(code) for code in (item.burned or "").split()),
        taken_back=tuple(parse_card(code) for code in (item.taken_back or "").split()),
        cut_card_out=bool(item.cut_card_out),
        paused=PauseReason(item.paused) if item.paused else None,
        shown_at_ms=int(item.shown_at_ms),
        outcome=Outcome(item.outcome) if item.outcome else None,
        paid_minor=int(item.paid_minor),
        void_reason=VoidReason(item.void_reason) if item.void_reason else None,
    )
    return RoundRecord(
        round=round_,
        opened_epoch=int(item.opened_epoch),
        starts_after=(int(item.starts_after_epoch), int(item.starts_after_seq)),
        writes=int(item.writes),
        sealed_seed=item.sealed_seed,
        seed=item.seed,
        pending=PendingScan(item.pending[0], parse_card(item.pending[1]), item.pending[2])
        if item.pending
        else None,
        task_token=item.task_token,
    )


def _posting_item(posting: HousePosting) -> PostingItem:
    return PostingItem(
        f"HOUSE#{posting.table_id}",
        f"ROUND#{posting.round_id}"
        + (f"#{posting.correction_no}" if posting.correction_no is not None else ""),
        currency=posting.currency,
        staked_minor=posting.staked_minor,
        paid_minor=posting.paid_minor,
    )
