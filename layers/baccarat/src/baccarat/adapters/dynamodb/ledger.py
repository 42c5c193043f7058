"""Wallets and bets in DynamoDB."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from pynamodb.exceptions import PutError

from baccarat.adapters.dynamodb.floor import check_round_open, round_key
from baccarat.adapters.dynamodb.models import (
    AdjustmentItem,
    BetItem,
    PaymentItem,
    PostingItem,
    StopItem,
    WalletItem,
    all_wallets,
    wallets_of,
)
from baccarat.adapters.dynamodb.transact import (
    Cancelled,
    Operation,
    execute,
    if_absent,
    on_version,
    text,
)
from baccarat.application.reconcile import Items
from baccarat.domain.errors import Contention
from baccarat.domain.movement import Movement, MovementKind
from baccarat.domain.payment import (
    Decision,
    DecisionReason,
    Payment,
    PaymentKind,
    PaymentState,
    Verdict,
    player_of,
)
from baccarat.domain.paytable import Spot
from baccarat.domain.wallet import (
    Adjustment,
    Bet,
    BetState,
    Exposure,
    HousePosting,
    RefundReason,
    Stop,
    Wallet,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_FAILED: Final = "ConditionalCheckFailed"


class DynamoLedger:
    """Implements ``ports.Ledger``. All reads are consistent."""

    def __init__(self, client: DynamoDBClient) -> None:
        self._client = client

    def wallet(self, player_id: str, currency: str) -> Wallet | None:
        model = wallets_of(player_id).wallet
        try:
            item = model.get(_player_key(player_id), f"WALLET#{currency}", consistent_read=True)
        except model.DoesNotExist:
            return None
        return _wallet(item)

    def wallets(self, player_id: str) -> list[Wallet]:
        model = wallets_of(player_id).wallet
        found = model.query(
            _player_key(player_id), model.sk.startswith("WALLET#"), consistent_read=True
        )
        return [_wallet(item) for item in found]

    def bet(self, round_id: str, player_id: str, bet_id: str) -> Bet | None:
        try:
            item = BetItem.get(
                round_key(round_id), f"BET#{player_id}#{bet_id}", consistent_read=True
            )
        except BetItem.DoesNotExist:
            return None
        return _bet(item)

    def bets(self, round_id: str) -> list[Bet]:
        return self._bets(round_id, "BET#")

    def bets_of(self, round_id: str, player_id: str) -> list[Bet]:
        return self._bets(round_id, f"BET#{player_id}#")

    def _bets(self, round_id: str, prefix: str) -> list[Bet]:
        found = BetItem.query(
            round_key(round_id), BetItem.sk.startswith(prefix), consistent_read=True
        )
        return [_bet(item) for item in found]

    def open_wallet(self, wallet: Wallet) -> bool:
        try:
            _wallet_item(wallet).save(condition=WalletItem.pk.does_not_exist())
        except PutError as error:
            if error.cause_response_code == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def place(self, before: Wallet, after: Wallet, bets: Sequence[Bet]) -> bool:
        try:
            self._write(before, after, [if_absent(_bet_item(bet)) for bet in bets])
        except Cancelled as error:
            if _FAILED in error.codes[1:]:
                return False
            raise _race(error) from error
        return True

    def cancel(self, before: Wallet, after: Wallet, bet: Bet, now_ms: int) -> bool:
        try:
            self._write(before, after, [_close_bet(bet), check_round_open(bet.round_id, now_ms)])
        except Cancelled as error:
            if error.codes[2] == _FAILED:
                return False
            raise _race(error) from error
        return True

    def close(self, before: Wallet, after: Wallet, bets: Sequence[Bet]) -> None:
        try:
            self._write(before, after, [_close_bet(bet) for bet in bets])
        except Cancelled as error:
            raise _race(error) from error

    def payment(self, payment_id: str) -> Payment | None:
        player_id = player_of(payment_id)
        model = wallets_of(player_id).payment
        try:
            item = model.get(_player_key(player_id), f"PAYMENT#{payment_id}", consistent_read=True)
        except model.DoesNotExist:
            return None
        return _payment(item)

    def payments_of(self, player_id: str) -> list[Payment]:
        model = wallets_of(player_id).payment
        found = model.query(
            _player_key(player_id), model.sk.startswith("PAYMENT#"), consistent_read=True
        )
        return [_payment(item) for item in found]

    def open_payment(
        self, payment: Payment, before: Wallet | None = None, after: Wallet | None = None
    ) -> Payment | None:
        operations = [if_absent(_payment_item(payment), return_old=True)]
        if before is not None and after is not None:
            operations.append(on_version(_wallet_item(after), before.version))
        try:
            execute(self._client, operations)
        except Cancelled as error:
            old = error.old_items[0]
            if error.codes[0] == _FAILED and old:
                item = PaymentItem()
                item.deserialize(dict(old))
                return _payment(item)
            raise _race(error) from error
        return None

    def move_payment(
        self,
        payment_before: Payment,
        payment: Payment,
        before: Wallet | None = None,
        after: Wallet | None = None,
        adjustment: Adjustment | None = None,
    ) -> None:
        operations = [on_version(_payment_item(payment), payment_before.version)]
        if before is not None and after is not None:
            operations.append(on_version(_wallet_item(after), before.version))
        if adjustment is not None:
            operations.append(if_absent(_adjustment_item(adjustment)))
        try:
            execute(self._client, operations)
        except Cancelled as error:
            raise _race(error) from error

    def send_payment(self, payment_before: Payment, payment: Payment) -> bool:
        wallet = wallets_of(payment.player_id).wallet(
            _player_key(payment.player_id), f"WALLET#{payment.currency}"
        )
        works = Operation(
            wallet, "attribute_exists(pk) AND attribute_not_exists(stopped)", check_only=True
        )
        moves = on_version(_payment_item(payment), payment_before.version)
        try:
            execute(self._client, [moves, works])
        except Cancelled as error:
            if error.codes == ["None", _FAILED]:
                return False
            raise _race(error) from error
        return True

    def stops_of(self, player_id: str) -> list[Stop]:
        model = wallets_of(player_id).stop
        found = model.query(
            _player_key(player_id), model.sk.startswith("STOP#"), consistent_read=True
        )
        return [_stop(item) for item in found]

    def stop(self, before: Wallet, after: Wallet, stop: Stop) -> None:
        try:
            self._write(before, after, [if_absent(_stop_item(stop))])
        except Cancelled as error:
            raise _race(error) from error

    def adjust(self, before: Wallet, after: Wallet, adjustment: Adjustment) -> Adjustment | None:
        try:
            self._write(before, after, [if_absent(_adjustment_item(adjustment), return_old=True)])
        except Cancelled as error:
            old = error.old_items[1]
            if error.codes[1] == _FAILED and old:
                item = AdjustmentItem()
                item.deserialize(dict(old))
                return _adjustment(item)
            raise _race(error) from error
        return None

    def _write(self, before: Wallet, after: Wallet, rest: Sequence[Operation]) -> None:
        execute(self._client, [on_version(_wallet_item(after), before.version), *rest])


class DynamoLedgerScan:
    """Reads the whole ledger, for the reconciler and for tests; never in a player's path. All reads
    are consistent.
    """

    def wallets(self) -> list[Wallet]:
        return [
            _wallet(item)
            for models in all_wallets()
            for item in models.wallet.scan(
                models.wallet.sk.startswith("WALLET#"), consistent_read=True
            )
        ]

    def all_bets(self) -> list[Bet]:
        found = BetItem.scan(BetItem.sk.startswith("BET#"), consistent_read=True)
        return [_bet(item) for item in found]

    def payments(self) -> list[Payment]:
        return [
            _payment(item)
            for models in all_wallets()
            for item in models.payment.scan(
                models.payment.sk.startswith("PAYMENT#"), consistent_read=True
            )
        ]

    def adjustments(self) -> list[Adjustment]:
        return [
            _adjustment(item)
            for models in all_wallets()
            for item in models.adjustment.scan(
                models.adjustment.sk.startswith("ADJUSTMENT#"), consistent_read=True
            )
        ]

    def stops(self) -> list[Stop]:
        return [
            _stop(item)
            for models in all_wallets()
            for item in models.stop.scan(models.stop.sk.startswith("STOP#"), consistent_read=True)
        ]

    def items_of(self, player_id: str, currency: str) -> Items:
        """Bets lie by round: those of one player are found by a scan of the ledger."""
        models, key = wallets_of(player_id), _player_key(player_id)
        wallets = [
            _wallet(item)
            for item in models.wallet.query(
                key, models.wallet.sk == f"WALLET#{currency}", consistent_read=True
            )
        ]
        bets = BetItem.scan(
            BetItem.sk.startswith(f"BET#{player_id}#") & (BetItem.currency == currency),
            consistent_read=True,
        )
        payments = models.payment.query(
            key, models.payment.sk.startswith("PAYMENT#"), consistent_read=True
        )
        adjustments = models.adjustment.query(
            key, models.adjustment.sk.startswith("ADJUSTMENT#"), consistent_read=True
        )
        stops = models.stop.query(
            key, models.stop.sk.startswith(f"STOP#{currency}#"), consistent_read=True
        )
        return Items(
            wallets,
            [_bet(item) for item in bets],
            [_payment(item) for item in payments if item.currency == currency],
            [_adjustment(item) for item in adjustments if item.currency == currency],
            [_stop(item) for item in stops],
        )

    def postings(self) -> list[HousePosting]:
        found: Iterable[PostingItem] = PostingItem.scan(
            PostingItem.pk.startswith("HOUSE#"), consistent_read=True
        )
        return [
            HousePosting(
                table_id=item.pk.removeprefix("HOUSE#"),
                round_id=item.sk.removeprefix("ROUND#").partition("#")[0],
                currency=item.currency,
                staked_minor=int(item.staked_minor),
                paid_minor=int(item.paid_minor),
                correction_no=int(item.sk.split("#")[2]) if item.sk.count("#") == 2 else None,
            )
            for item in found
        ]


def _adjustment_item(adjustment: Adjustment) -> AdjustmentItem:
    return wallets_of(adjustment.player_id).adjustment(
        _player_key(adjustment.player_id),
        f"ADJUSTMENT#{adjustment.adjustment_id}",
        kind=adjustment.kind.value,
        amount_minor=adjustment.amount_minor,
        wanted_minor=adjustment.wanted_minor,
        currency=adjustment.currency,
        at_ms=adjustment.at_ms,
        wallet_version=adjustment.wallet_version,
    )


def _adjustment(item: AdjustmentItem) -> Adjustment:
    return Adjustment(
        player_id=item.pk.removeprefix("PLAYER#"),
        adjustment_id=item.sk.removeprefix("ADJUSTMENT#"),
        kind=MovementKind(item.kind),
        amount_minor=int(item.amount_minor),
        wanted_minor=int(item.wanted_minor),
        currency=item.currency,
        at_ms=int(item.at_ms),
        wallet_version=int(item.wallet_version),
    )


def _stop_item(stop: Stop) -> StopItem:
    return wallets_of(stop.player_id).stop(
        _player_key(stop.player_id),
        f"STOP#{stop.currency}#{stop.wallet_version:012d}",
        kind=stop.kind.value,
        reason=stop.reason,
        by=stop.by,
        at_ms=stop.at_ms,
    )


def _stop(item: StopItem) -> Stop:
    _, currency, version = item.sk.split("#")
    return Stop(
        player_id=item.pk.removeprefix("PLAYER#"),
        currency=currency,
        kind=MovementKind(item.kind),
        reason=item.reason,
        by=item.by,
        at_ms=int(item.at_ms),
        wallet_version=int(version),
    )


def _payment_item(payment: Payment) -> PaymentItem:
    return wallets_of(payment.player_id).payment(
        _player_key(payment.player_id),
        f"PAYMENT#{payment.payment_id}",
        currency=payment.currency,
        kind=payment.kind.value,
        method=payment.method,
        amount_minor=payment.amount_minor,
        state=payment.state.value,
        version=payment.version,
        created_at_ms=payment.created_at_ms,
        updated_at_ms=payment.updated_at_ms,
        fingerprint=payment.fingerprint,
        destination=payment.destination,
        provider_reference=payment.provider_reference,
        opened_version=payment.opened_version,
        opened_at_ms=payment.opened_at_ms,
        closed_version=payment.closed_version,
        closed_at_ms=payment.closed_at_ms,
        approvals_needed=payment.approvals_needed,
        reasons=list(payment.reasons),
        decisions=[
            [d.by, d.verdict.value, d.reason.value, d.at_ms, d.key] for d in payment.decisions
        ],
        flags=list(payment.flags),
        task_token=payment.task_token,
    )


def _payment(item: PaymentItem) -> Payment:
    return Payment(
        payment_id=item.sk.removeprefix("PAYMENT#"),
        player_id=item.pk.removeprefix("PLAYER#"),
        currency=item.currency,
        kind=PaymentKind(item.kind),
        method=item.method,
        amount_minor=int(item.amount_minor),
        state=PaymentState(item.state),
        version=int(item.version),
        created_at_ms=int(item.created_at_ms),
        updated_at_ms=int(item.updated_at_ms),
        fingerprint=item.fingerprint,
        destination=item.destination,
        provider_reference=item.provider_reference,
        opened_version=_integer(item.opened_version),
        opened_at_ms=_integer(item.opened_at_ms),
        closed_version=_integer(item.closed_version),
        closed_at_ms=_integer(item.closed_at_ms),
        approvals_needed=int(item.approvals_needed),
        reasons=tuple(item.reasons),
        decisions=tuple(
            Decision(by, Verdict(verdict), DecisionReason(reason), at_ms, key)
            for by, verdict, reason, at_ms, key in item.decisions
        ),
        flags=tuple(item.flags),
        task_token=item.task_token,
    )


def _integer(value: float | None) -> int | None:
    return None if value is None else int(value)


def _race(error: Cancelled) -> Contention | Cancelled:
    return Contention("the wallet or a bet moved meanwhile") if error.is_race else error


def _close_bet(bet: Bet) -> Operation:
    return Operation(
        _bet_item(bet),
        "#state = :placed",
        {":placed": text(BetState.PLACED.value)},
        {"#state": "state"},
    )


def _player_key(player_id: str) -> str:
    return f"PLAYER#{player_id}"


def wallet_from_image(image: Mapping[str, Any]) -> Wallet:
    """Return the wallet of a stream record's image (DynamoDB's typed JSON)."""
    item = WalletItem()
    item.deserialize(dict(image))
    return _wallet(item)


def bet_from_image(image: Mapping[str, Any]) -> Bet:
    """Return the bet of a stream record's image."""
    item = BetItem()
    item.deserialize(dict(image))
    return _bet(item)


def payment_from_image(image: Mapping[str, Any]) -> Payment:
    """Return the payment of a stream record's image."""
    item = PaymentItem()
    item.deserialize(dict(image))
    return _payment(item)


def _wallet_item(wallet: Wallet) -> WalletItem:
    last = wallet.last
    return wallets_of(wallet.player_id).wallet(
        _player_key(wallet.player_id),
        f"WALLET#{wallet.currency}",
        currency=wallet.currency,
        available_minor=wallet.available_minor,
        held_minor=wallet.held_minor,
        version=wallet.version,
        stopped=wallet.stopped,
        last=last
        and [last.kind.value, last.amount_minor, last.held_minor, last.at_ms, last.reference],
        exposure={
            table_id: [
                e.round_no,
                e.closes_at_ms,
                e.bets,
                {spot.value: sum_ for spot, sum_ in e.staked.items()},
                e.side_bet_percent,
            ]
            for table_id, e in wallet.exposure.items()
        },
    )


def _wallet(item: WalletItem) -> Wallet:
    return Wallet(
        player_id=item.pk.removeprefix("PLAYER#"),
        currency=item.currency,
        available_minor=int(item.available_minor),
        held_minor=int(item.held_minor),
        version=int(item.version),
        stopped=item.stopped,
        last=_movement(int(item.version), item.last),
        exposure={
            table_id: Exposure(
                round_no,
                closes_at_ms,
                bets,
                {Spot(spot): sum_ for spot, sum_ in staked.items()},
                percent,
            )
            for table_id, (round_no, closes_at_ms, bets, staked, percent) in item.exposure.items()
        },
    )


def _movement(version: int, last: list[Any] | None) -> Movement | None:
    if last is None:
        return None
    kind, amount_minor, held_minor, at_ms, reference = last
    return Movement(version, MovementKind(kind), amount_minor, held_minor, at_ms, reference)


def _bet_item(bet: Bet) -> BetItem:
    return BetItem(
        round_key(bet.round_id),
        f"BET#{bet.player_id}#{bet.bet_id}",
        player_id=bet.player_id,
        bet_id=bet.bet_id,
        table_id=bet.table_id,
        round_no=bet.round_no,
        spot=bet.spot.value,
        stake_minor=bet.stake_minor,
        currency=bet.currency,
        paytable=bet.paytable_version,
        state=bet.state.value,
        placed_at_ms=bet.placed_at_ms,
        placed_version=bet.placed_version,
        balance_after_minor=bet.balance_after_minor,
        payout_minor=bet.payout_minor,
        closed_at_ms=bet.closed_at_ms,
        closed_version=bet.closed_version,
        reason=bet.reason.value if bet.reason else None,
    )


def _bet(item: BetItem) -> Bet:
    return Bet(
        player_id=item.player_id,
        bet_id=item.bet_id,
        table_id=item.table_id,
        round_id=item.pk.removeprefix("ROUND#"),
        round_no=int(item.round_no),
        spot=Spot(item.spot),
        stake_minor=int(item.stake_minor),
        currency=item.currency,
        paytable_version=item.paytable,
        state=BetState(item.state),
        placed_at_ms=int(item.placed_at_ms),
        placed_version=int(item.placed_version),
        balance_after_minor=int(item.balance_after_minor),
        payout_minor=int(item.payout_minor),
        closed_at_ms=_integer(item.closed_at_ms),
        closed_version=_integer(item.closed_version),
        reason=RefundReason(item.reason) if item.reason else None,
    )
