"""The payment provider as a child of the one-machine run."""

from __future__ import annotations

import json
import secrets
from typing import Any

import boto3
import urllib3

from sandbox.configuration import Options, SandboxError
from sandbox.processes import Child


class ProviderProcess:
    """Started before the deployment, which is told its address; ``connect`` tells it of the house
    and the house of it.
    """

    def __init__(self, options: Options) -> None:
        self._key, self._secret = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        environment = {
            **options.environment(),
            "SANDBOX_PROVIDER_KEY": self._key,
            "SANDBOX_PROVIDER_SECRET": self._secret,
        }
        self._child = Child(
            ["-m", "sandbox.provider"], environment, options.folder / "provider.log"
        )
        self.url = ""

    def start(self) -> None:
        """Start it and wait for its address.

        Raises:
            SandboxError: it did not start.
        """
        self._child.start()
        self.url = self._child.first_line("the payment provider")

    def connect(self, outputs: dict[str, str]) -> None:
        """Share the secrets with the house, and say where it takes webhooks."""
        store = boto3.client("secretsmanager")
        for output, secret in (("ProviderKeySecret", self._key), ("WebhookSecret", self._secret)):
            store.put_secret_value(SecretId=outputs[output], SecretString=json.dumps([secret]))
        self.tell(webhook_url=f"{outputs['ApiUrl']}/webhooks/payments")

    def tell(self, **what: Any) -> None:
        """Tell the provider something over its control address.

        Raises:
            SandboxError: it does not understand.
        """
        answer = urllib3.request(
            "POST",
            f"{self.url}/control",
            body=json.dumps(what),
            headers={"Authorization": f"Bearer {self._key}"},
            timeout=5,
        )
        if answer.status != 200:
            raise SandboxError(f"the payment provider answers {answer.status}: {answer.data!r}")

    def stop(self) -> None:
        self._child.stop()
