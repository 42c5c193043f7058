"""What differs from stage to stage; everything else is the same in all of them."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Mapping
from typing import Any, Literal

from aws_cdk import Aws, RemovalPolicy
from aws_cdk.aws_logs import RetentionDays
from pydantic import BaseModel, ConfigDict, Field

StageName = Literal["dev", "prod", "sandbox"]
DEFAULT_GATEWAY_PORT = 4566
WEBSOCKET_STAGE = "live"
"""Stage of the websocket API; part of the address that clients connect to."""


_LIMITS = json.dumps(
    {
        "EUR": {
            "min_deposit_minor": 10_00,
            "max_deposit_minor": 50_000_00,
            "min_withdrawal_minor": 10_00,
            "max_withdrawal_minor": 100_000_00,
            "automatic_below_minor": 1_000_00,
            "two_people_from_minor": 10_000_00,
        }
    }
)


class StageConfig(BaseModel):
    """One stage. Values that only a deployment knows come from the CDK context, see ``load``."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    name: StageName
    cell: str = Field(default="main", pattern=r"^[a-z][a-z0-9]{0,11}$")
    """A cell is a table group with a deployment of its own."""
    allowed_origins: tuple[str, ...] = Field(min_length=1)
    """Origins of the house's own pages: tickets and CORS answers are for these only."""
    removal: RemovalPolicy = RemovalPolicy.RETAIN
    protected: bool = True
    """Deletion protection of tables and user pool."""
    log_retention: RetentionDays = RetentionDays.ONE_MONTH
    object_lock_days: int = Field(ge=1)
    """How long nobody, the account's owner included, can delete books and transcripts."""
    signing_key_version: int = Field(default=1, ge=1)
    retired_keys: str = '{"keys":[]}'
    """Public keys that signed the log before, as a JWK set: old transcripts verify for ever."""
    """Number of the signing key in the house's rotation."""
    architecture: Literal["arm64", "x86_64"] = "arm64"
    python_version: str = Field(default="3.13", pattern=r"^3\.\d+$")
    on_aws: bool = True
    """False on one machine: libraries are those of the tools' own interpreter, and what only
    AWS has (SnapStart, X-Ray, the account's log role, the content network) is left out."""
    alarms: bool = True
    provider_url: str = "https://payments.provider.example"
    """Where the payment provider takes deposits and payouts on."""
    payment_limits: str = _LIMITS
    """By currency, in minor units: smallest and largest payments, below what a withdrawal goes
    without a person, and from what it takes two."""
    gateway: str | None = None
    """Host and port of the emulator's gateway; None on AWS, where APIs have addresses."""
    video_tables: tuple[str, ...] = ()
    """Tables with a camera. Each has alarms of its own."""
    video_domain: str = "video.baccarat.example"
    """Where browsers find the video servers; the house's DNS points it to their load balancer."""
    video_url: str | None = None
    """The same on one machine, where the video server is a process."""
    video_image_tag: str = Field(default="0.1.0", pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$")
    """Of the image in the repository ``MediaSfuRepository``: the version of ``media_sfu``."""
    film_key_version: int = Field(default=1, ge=1)
    """Number of the key that signs films in the house's rotation."""
    retired_film_keys: str = '{"keys":[]}'
    """Public keys that signed films before, as a JWK set."""
    film_days: int = Field(default=90, ge=1)
    """How long recordings are kept, and nobody can delete them."""
    web_domain: str | None = None
    web_certificate_arn: str | None = None
    """Domain and certificate (in us-east-1) of the pages; without, CloudFront's own are used."""

    @property
    def prefix(self) -> str:
        """First part of the stacks' names."""
        return f"Baccarat-{self.name}-{self.cell}"

    @property
    def video_address(self) -> str:
        """Base of the video servers' own HTTP addresses."""
        return self.video_url or f"https://{self.video_domain}"

    def websocket_url(self, api_id: str) -> str:
        """Where clients connect to."""
        if self.gateway:
            return f"ws://{self.gateway}/_aws/execute-api/{api_id}/{WEBSOCKET_STAGE}"
        return f"wss://{_host(api_id)}/{WEBSOCKET_STAGE}"

    def callback_url(self, api_id: str) -> str:
        """Where functions post messages for connections to."""
        if self.gateway:
            return f"http://{self.gateway}/_aws/execute-api/{api_id}/{WEBSOCKET_STAGE}"
        return f"https://{_host(api_id)}/{WEBSOCKET_STAGE}"

    def api_url(self, api_id: str) -> str:
        """Base of the HTTP API."""
        if self.gateway:
            return f"http://{self.gateway}/_aws/execute-api/{api_id}/$default"
        return f"https://{_host(api_id)}"


def _host(api_id: str) -> str:
    return f"{api_id}.execute-api.{Aws.REGION}.{Aws.URL_SUFFIX}"


def load(context: Mapping[str, Any]) -> StageConfig:
    """Return the stage that the CDK context names.

    Context: ``stage`` (default ``dev``), ``cell``, ``allowedOrigins`` (separated by spaces),
    ``webDomain``, ``webCertificateArn``, ``providerUrl``, ``videoTables`` (separated by spaces),
    ``videoDomain``, ``videoImageTag``; ``videoUrl`` and ``gatewayPort`` (sandbox only).

    Raises:
        ValueError: there is no such stage, or a value is not valid.
    """
    name = context.get("stage") or "dev"
    values: dict[str, Any] = {
        "cell": context.get("cell"),
        "allowed_origins": tuple(str(context.get("allowedOrigins") or "").split()) or None,
        "web_domain": context.get("webDomain"),
        "web_certificate_arn": context.get("webCertificateArn"),
        "provider_url": context.get("providerUrl"),
        "video_tables": tuple(str(context.get("videoTables") or "").split()) or None,
        "video_domain": context.get("videoDomain"),
        "video_image_tag": context.get("videoImageTag"),
        "video_url": context.get("videoUrl"),
    }
    given = {key: value for key, value in values.items() if value}
    if name == "sandbox":
        port = int(context.get("gatewayPort") or DEFAULT_GATEWAY_PORT)
        return StageConfig.model_validate({**_sandbox(port), **given})
    if name not in _STAGES:
        raise ValueError(f"there is no stage {name!r}; there are: {', '.join(_STAGES)}, sandbox")
    return StageConfig.model_validate({**_STAGES[name], **given, "name": name})


_STAGES: dict[str, dict[str, Any]] = {
    "dev": {
        "allowed_origins": ("https://dev.baccarat.example",),
        "video_domain": "video.dev.baccarat.example",
        "video_tables": ("bac-1",),
        "film_days": 7,
        "object_lock_days": 1,
    },
    "prod": {
        "allowed_origins": ("https://play.baccarat.example",),
        "video_tables": ("bac-1",),
        "object_lock_days": 1827,  # five years, one of them a leap year
        "log_retention": RetentionDays.ONE_YEAR,
    },
}


def _sandbox(port: int) -> dict[str, Any]:
    machine = platform.machine().lower()
    return {
        "name": "sandbox",
        "allowed_origins": ("http://127.0.0.1:8080", "http://localhost:8080"),
        "removal": RemovalPolicy.DESTROY,
        "protected": False,
        "log_retention": RetentionDays.ONE_DAY,
        "object_lock_days": 1,
        "film_days": 1,
        "architecture": "arm64" if machine in ("arm64", "aarch64") else "x86_64",
        "python_version": f"{sys.version_info.major}.{sys.version_info.minor}",
        "on_aws": False,
        "alarms": False,
        "gateway": f"127.0.0.1:{port}",
    }
