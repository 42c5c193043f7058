"""Tables, rounds and the log in DynamoDB."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from pynamodb.exceptions import PutError

from baccarat.adapters.dynamodb.models import EventItem, PostingItem, RoundItem, TableItem
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
from baccarat.application.ports import Commit, RoundRecord
from baccarat.domain.cards import parse_card
from baccarat.domain.coup import Hand, Outcome
from baccarat.domain.errors import Contention, IntegrityError
from baccarat.domain.log import SignedEvent
from baccarat.domain.paytable import Spot
from baccarat.domain.round import Round, RoundState, VoidReason
from baccarat.domain.shoe import Shoe
from baccarat.domain.table import Table, TableStatus
from baccarat.domain.table_config import Caps, DealingMode, StakeLimit, TableConfig
from baccarat.domain.wallet import HousePosting

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_TABLES: Final = "TABLES"
_HEAD: Final = "HEAD"


class DynamoFloor:
    """Implements ``ports.Floor``. All reads are consistent."""

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
        if step.posting is not None:
            operations.append(if_absent(_posting_item(step.posting)))
        try:
            execute(self._client, operations)
        except Cancelled as error:
            if error.is_race:
                raise Contention("the round or its table moved meanwhile") from error
            raise


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
        "#state = :state AND #version = :version AND epoch = :epoch",
        {
            ":state": text(before.round.state.value),
            ":version": number(before.round.version),
            ":epoch": number(before.round.epoch),
        },
        {"#state": "state", "#version": "version"},
    )


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
        config=table.config.to_json(),
        status=table.status.value,
        version=table.version,
        epoch=table.epoch,
        lease_until_ms=table.lease_until_ms,
        round_no=table.round_no,
        shoe_no=table.shoe_no,
        shoe_id=table.shoe.shoe_id,
        remaining=table.shoe.composition,
        history="".join(table.history),
    )


def _table(item: TableItem) -> Table:
    config = TableConfig.from_json(item.config)
    return Table(
        table_id=item.sk,
        config=config,
        status=TableStatus(item.status),
        version=int(item.version),
        epoch=int(item.epoch),
        lease_until_ms=int(item.lease_until_ms),
        round_no=int(item.round_no),
        shoe_no=int(item.shoe_no),
        shoe=Shoe.from_composition(item.shoe_id, config.paytable.decks, item.remaining),
        history=tuple(item.history),
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
        first_epoch=record.first_epoch,
        first_seq=record.first_seq,
        opened_at_ms=round_.opened_at_ms,
        closes_at_ms=round_.closes_at_ms,
        mode=round_.mode.value,
        dealer_id=round_.dealer_id,
        currency=round_.currency,
        paytable=round_.paytable_version,
        limits={
            spot.value: [limit.min_minor, limit.max_minor] for spot, limit in round_.limits.items()
        },
        caps=round_.caps.to_json(),
        card_interval_ms=round_.card_interval_ms,
        commitment=round_.commitment,
        sealed_seed=record.sealed_seed,
        seed=record.seed,
        shoe_id=round_.shoe.shoe_id,
        decks=round_.shoe.decks,
        remaining=round_.shoe.composition,
        book_root=round_.book_root,
        book_count=round_.book_count,
        cards=" ".join(f"{hand.value[0]}{card}" for hand, card in round_.cards) or None,
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
        limits={Spot(spot): StakeLimit(*limit) for spot, limit in item.limits.items()},
        caps=Caps.from_json(item.caps),
        card_interval_ms=int(item.card_interval_ms),
        commitment=item.commitment,
        shoe=Shoe.from_composition(item.shoe_id, int(item.decks), item.remaining),
        book_root=item.book_root,
        book_count=int(item.book_count),
        cards=tuple((_HANDS[code[0]], parse_card(code[1:])) for code in (item.cards or "").split()),
        shown_at_ms=int(item.shown_at_ms),
        outcome=Outcome(item.outcome) if item.outcome else None,
        paid_minor=int(item.paid_minor),
        void_reason=VoidReason(item.void_reason) if item.void_reason else None,
    )
    if not isinstance(item.sealed_seed, bytes):
        raise IntegrityError(f"round {round_.round_id} has no sealed seed")
    return RoundRecord(
        round=round_,
        sealed_seed=item.sealed_seed,
        first_epoch=int(item.first_epoch),
        first_seq=int(item.first_seq),
        seed=item.seed,
    )


def _posting_item(posting: HousePosting) -> PostingItem:
    return PostingItem(
        f"HOUSE#{posting.table_id}",
        f"ROUND#{posting.round_id}",
        currency=posting.currency,
        staked_minor=posting.staked_minor,
        paid_minor=posting.paid_minor,
    )
