"""Settings of a function: a frozen model whose fields are environment variables in upper case."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from baccarat.domain.errors import BaccaratError
from baccarat.domain.payment import PaymentLimits


class ConfigurationError(BaccaratError):
    code = "CONFIGURATION"


class Settings(BaseModel):
    """Base of each function's settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    aws_region: str

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read the environment (of the process, unless another is given).

        Raises:
            ConfigurationError: naming each variable that is missing or wrong.
        """
        source = os.environ if environment is None else environment
        present = {
            name: source[name.upper()] for name in cls.model_fields if name.upper() in source
        }
        try:
            return cls.model_validate(present)
        except ValidationError as error:
            wrong = ", ".join(
                f"{str(problem['loc'][0]).upper()} ({problem['msg']})" for problem in error.errors()
            )
            raise ConfigurationError(f"environment of the function: {wrong}") from error


class BooksSettings(Settings):
    """Where the books lie, for the reconciler and for ``baccarat reconcile``."""

    ledger_table: str
    wallet_tables: str
    journal_table: str


class RecordingsSettings(Settings):
    """Where the recordings lie, for ``baccarat video``."""

    films_bucket: str


def payment_limits(text: str) -> dict[str, PaymentLimits]:
    """Return the limits of payments by currency; ``text`` is a JSON object of them.

    Raises:
        ConfigurationError: naming what is wrong.
    """
    try:
        return TypeAdapter(dict[str, PaymentLimits]).validate_json(text, strict=True)
    except ValidationError as error:
        raise ConfigurationError(f"PAYMENT_LIMITS: {error}") from error
