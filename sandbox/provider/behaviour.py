"""How the sandbox provider is told to misbehave, for one payment or for all."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Outcome = Literal["PAID", "FAILED"]


class Behaviour(BaseModel):
    """What is not set is done well: every webhook once, at once, true and rightly signed."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    create: Literal["accept", "refuse", "unavailable"] = "accept"
    """What becomes of a new deposit or payout."""
    answer_late_ms: Annotated[int, Field(ge=0, le=30_000)] = 0
    """The answer to a new deposit or payout comes late, though it is done at once."""
    payout: Outcome | Literal["SILENT"] = "PAID"
    """How payouts end; SILENT: not by themselves."""
    then: Outcome | None = None
    """What is reported after the end: a contradiction, where it is another."""
    delay_ms: Annotated[int, Field(ge=0, le=60_000)] = 0
    repeat: Annotated[int, Field(ge=1, le=20)] = 1
    hold: Annotated[int, Field(ge=0, le=50)] = 0
    """Webhooks wait until so many do, and leave in reverse order."""
    lose: bool = False
    amount_minor: Annotated[int, Field(ge=0)] | None = None
    """A lie in the webhooks; asked, the provider says the truth."""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    sign: Literal["right", "wrong", "none", "stale"] = "right"
