"""Wallets and bets in DynamoDB."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from pynamodb.exceptions import PutError

from baccarat.adapters.dynamodb.floor import check_round_open, round_key
from baccarat.adapters.dynamodb.models import (
    AdjustmentItem,
    BetItem,
    DepositItem,
    PostingItem,
    WalletItem,
)
from baccarat.adapters.dynamodb.transact import (
    Cancelled,
    Operation,
    execute,
    if_absent,
    on_version,
    text,
)
from baccarat.domain.errors import Contention
from baccarat.domain.paytable import Spot
from baccarat.domain.wallet import (
    Adjustment,
    Bet,
    BetState,
    Deposit,
    Exposure,
    HousePosting,
    RefundReason,
    Wallet,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_WALLET: Final = "WALLET"
_FAILED: Final = "ConditionalCheckFailed"


class DynamoLedger:
    """Implements ``ports.Ledger``. All reads are consistent."""

    def __init__(self, client: DynamoDBClient) -> None:
        self._client = client

    def wallet(self, player_id: str) -> Wallet | None:
        try:
            return _wallet(WalletItem.get(_player_key(player_id), _WALLET, consistent_read=True))
        except WalletItem.DoesNotExist:
            return None

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

    def deposit(self, before: Wallet, after: Wallet, deposit: Deposit) -> Deposit | None:
        try:
            self._write(before, after, [if_absent(_deposit_item(deposit), return_old=True)])
        except Cancelled as error:
            old = error.old_items[1]
            if error.codes[1] == _FAILED and old:
                return _deposit_from_image(old)
            raise _race(error) from error
        return None

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
    """Reads the whole ledger, for the reconciler and for tests; never in a player's path."""

    def wallets(self) -> list[Wallet]:
        return [_wallet(item) for item in WalletItem.scan(WalletItem.sk == _WALLET)]

    def all_bets(self) -> list[Bet]:
        return [_bet(item) for item in BetItem.scan(BetItem.sk.startswith("BET#"))]

    def deposits(self) -> list[Deposit]:
        return [_deposit(item) for item in DepositItem.scan(DepositItem.sk.startswith("DEPOSIT#"))]

    def adjustments(self) -> list[Adjustment]:
        found = AdjustmentItem.scan(AdjustmentItem.sk.startswith("ADJUSTMENT#"))
        return [_adjustment(item) for item in found]

    def postings(self) -> list[HousePosting]:
        found: Iterable[PostingItem] = PostingItem.scan(PostingItem.pk.startswith("HOUSE#"))
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
    return AdjustmentItem(
        _player_key(adjustment.player_id),
        f"ADJUSTMENT#{adjustment.correction_id}",
        amount_minor=adjustment.amount_minor,
        currency=adjustment.currency,
        at_ms=adjustment.at_ms,
        wallet_version=adjustment.wallet_version,
    )


def _adjustment(item: AdjustmentItem) -> Adjustment:
    return Adjustment(
        player_id=item.pk.removeprefix("PLAYER#"),
        correction_id=item.sk.removeprefix("ADJUSTMENT#"),
        amount_minor=int(item.amount_minor),
        currency=item.currency,
        at_ms=int(item.at_ms),
        wallet_version=int(item.wallet_version),
    )


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


def _deposit_from_image(image: Mapping[str, Any]) -> Deposit:
    item = DepositItem()
    item.deserialize(dict(image))
    return _deposit(item)


def _wallet_item(wallet: Wallet) -> WalletItem:
    return WalletItem(
        _player_key(wallet.player_id),
        _WALLET,
        currency=wallet.currency,
        available_minor=wallet.available_minor,
        version=wallet.version,
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
        version=int(item.version),
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
        closed_at_ms=int(item.closed_at_ms) if item.closed_at_ms is not None else None,
        closed_version=int(item.closed_version) if item.closed_version is not None else None,
        reason=RefundReason(item.reason) if item.reason else None,
    )


def _deposit_item(deposit: Deposit) -> DepositItem:
    return DepositItem(
        _player_key(deposit.player_id),
        f"DEPOSIT#{deposit.deposit_id}",
        amount_minor=deposit.amount_minor,
        currency=deposit.currency,
        at_ms=deposit.at_ms,
        wallet_version=deposit.wallet_version,
    )


def _deposit(item: DepositItem) -> Deposit:
    return Deposit(
        player_id=item.pk.removeprefix("PLAYER#"),
        deposit_id=item.sk.removeprefix("DEPOSIT#"),
        amount_minor=int(item.amount_minor),
        currency=item.currency,
        at_ms=int(item.at_ms),
        wallet_version=int(item.wallet_version),
    )
