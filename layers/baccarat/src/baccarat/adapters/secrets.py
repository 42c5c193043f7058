"""Secrets from Secrets Manager, fetched when they are first needed and again after a while."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_lambda_powertools.utilities.parameters import SecretsProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError
from botocore.exceptions import BotoCoreError, ClientError

from baccarat.adapters.strict_json import loads
from baccarat.domain.errors import Contention, IntegrityError, MalformedJson

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

MAX_AGE_SECONDS: Final = 300
"""How long a value may be old: so long before a new secret counts everywhere."""
_BUSY: Final = frozenset({"ThrottlingException", "InternalServiceError"})


class Secrets:
    """A list of secrets under one name: the text of it is a JSON list, the newest first."""

    def __init__(self, client: SecretsManagerClient, name: str) -> None:
        self._provider = SecretsProvider(boto3_client=client)
        self._name = name

    def all(self) -> tuple[str, ...]:
        """Return every secret that counts now.

        Raises:
            IntegrityError: what is stored is no list of texts.
            Contention: Secrets Manager is busy or does not answer.
        """
        try:
            text = self._provider.get(self._name, max_age=MAX_AGE_SECONDS)
        except GetParameterError as error:
            # Powertools raises it in place of whatever boto3 raised.
            if _is_busy(error.__context__):
                raise Contention(f"secret {self._name} cannot be fetched: {error}") from error
            raise
        try:
            found = loads(str(text))
        except MalformedJson:
            found = None
        if not isinstance(found, list) or not found:
            # Neither the text nor what is wrong in it: both would be in the log.
            raise IntegrityError(f"secret {self._name} is no JSON list of texts")
        return tuple(str(secret) for secret in found)

    def newest(self) -> str:
        return self.all()[0]


def _is_busy(error: BaseException | None) -> bool:
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"] in _BUSY
    return isinstance(error, BotoCoreError)
