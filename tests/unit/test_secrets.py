"""What becomes of a secret that cannot be fetched."""

from __future__ import annotations

from typing import Any

import pytest
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError
from botocore.exceptions import ClientError, ReadTimeoutError

from baccarat.adapters.secrets import Secrets
from baccarat.domain.errors import Contention, IntegrityError


class Answering:
    """Stands for Secrets Manager's client: raises, or has the text."""

    def __init__(self, answer: str | Exception) -> None:
        self._answer = answer

    def get_secret_value(self, **_: Any) -> dict[str, str]:
        if isinstance(self._answer, Exception):
            raise self._answer
        return {"SecretString": self._answer}


def secrets(answer: str | Exception) -> Secrets:
    return Secrets(Answering(answer), "webhook")  # type: ignore[arg-type]


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "GetSecretValue")


@pytest.mark.parametrize(
    "error",
    [
        refused("ThrottlingException"),
        refused("InternalServiceError"),
        ReadTimeoutError(endpoint_url="https://secrets.invalid"),
    ],
)
def test_what_is_busy_is_worth_a_repeat(error: Exception) -> None:
    with pytest.raises(Contention, match="webhook"):
        secrets(error).all()


def test_what_is_forbidden_stays_forbidden() -> None:
    with pytest.raises(GetParameterError):
        secrets(refused("AccessDeniedException")).all()


def test_the_newest_comes_first_and_anything_else_is_no_secret() -> None:
    assert secrets('["new", "old"]').newest() == "new"
    for text in ("{}", "[]", "no json"):
        with pytest.raises(IntegrityError) as error:
            secrets(text).all()
        assert text not in str(error.value)
