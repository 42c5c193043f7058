"""The payment provider as a child of the one-machine run."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from typing import Any, Final

import boto3
import urllib3

from sandbox.configuration import ROOT, Options, SandboxError

_STOP_SECONDS: Final = 10


class ProviderProcess:
    """Started before the deployment, which is told its address; ``connect`` tells it of the house
    and the house of it.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self._key, self._secret = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        self.log = options.folder / "provider.log"
        self.url = ""

    def start(self) -> None:
        """Start it and wait for its address.

        Raises:
            SandboxError: it ended at once.
        """
        environment = {
            **self._options.environment(),
            "SANDBOX_PROVIDER_KEY": self._key,
            "SANDBOX_PROVIDER_SECRET": self._secret,
        }
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "sandbox.provider"],
                env=environment,
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().decode().strip()
        if not self.url:
            raise SandboxError(f"the payment provider ended at once; its log is {self.log}")

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
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(_STOP_SECONDS)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None
