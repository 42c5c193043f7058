"""HTTP ``GET /tables/{tableId}/rounds``: ended rounds, with the caller's own stakes in them."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict, Field

from baccarat.adapters import clients
from baccarat.adapters.dynamodb.floor import DynamoFloor
from baccarat.adapters.dynamodb.ledger import DynamoLedger
from baccarat.adapters.dynamodb.models import FLOOR_MODELS, LEDGER_MODELS, bind
from baccarat.adapters.http import identity_of, query_of, resolver
from baccarat.adapters.messages import TableId
from baccarat.adapters.observability import LambdaHandler, observed
from baccarat.application.past_rounds import MAX_ROUNDS, PastRound, list_rounds
from baccarat.domain.correction import coup_of
from baccarat.domain.round import RoundState
from functions.list_rounds.settings import Settings


class Query(BaseModel):
    """``before`` is a round's number: older ones are wanted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    table_id: TableId
    before: Annotated[int, Field(ge=1, lt=10**9)] | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_ROUNDS)] = 20


@cache
def build() -> LambdaHandler:
    settings = Settings.load()
    bind(FLOOR_MODELS, settings.floor_table, settings.aws_region)
    bind(LEDGER_MODELS, settings.ledger_table, settings.aws_region)
    dynamodb = clients.dynamodb()
    floor = DynamoFloor(dynamodb)
    ledger = DynamoLedger(dynamodb)
    app = resolver()

    @app.get("/tables/<table_id>/rounds")
    def get_rounds(table_id: str) -> dict[str, Any]:
        player_id, role = identity_of(app.current_event)
        query = query_of(app.current_event, Query, table_id=table_id)
        found = list_rounds(
            query.table_id,
            player_id,
            role,
            before=query.before,
            limit=query.limit,
            floor=floor,
            ledger=ledger,
        )
        return {"rounds": [_view(past) for past in found.rounds], "before": found.before}

    def run(event: dict[str, Any]) -> dict[str, Any]:
        return app.resolve(event, LambdaContext())

    return observed("list_rounds", run)


def _view(past: PastRound) -> dict[str, Any]:
    round_, correction = past.round, past.correction
    phase, cards = round_.state, round_.cards
    coup = round_.coup if round_.outcome else None
    if correction is not None:
        phase, coup = (RoundState.VOIDED, None)
        if correction.cards is not None:
            phase = RoundState.SETTLED
            coup, cards = coup_of(correction.cards)
    return {
        "roundId": round_.round_id,
        "round_no": round_.round_no,
        "shoeId": round_.shoe.unseen.shoe_id,
        "opened_at_ms": round_.opened_at_ms,
        "phase": phase.value,
        "corrected": correction is not None,
        "outcome": coup.outcome.value if coup else None,
        "player_total": coup.player_total if coup else None,
        "banker_total": coup.banker_total if coup else None,
        "cards": [{"to": hand.value, "card": card} for hand, card in cards],
        "currency": round_.currency,
        "stake_minor": past.staked_minor,
        "payout_minor": past.returned_minor,
    }


def handler(event: dict[str, Any], context: Any) -> Any:
    return build()(event, context)
