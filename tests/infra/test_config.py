"""Stages and what the context may change in them."""

from __future__ import annotations

import pytest
from aws_cdk import RemovalPolicy

from infra.config import load


def test_dev_is_the_default() -> None:
    assert load({}).name == "dev"
    assert load({"stage": None}).removal is RemovalPolicy.RETAIN


def test_an_unknown_stage_is_named() -> None:
    with pytest.raises(ValueError, match="no stage 'staging'"):
        load({"stage": "staging"})


def test_origins_and_port_come_from_the_context() -> None:
    config = load(
        {
            "stage": "sandbox",
            "gatewayPort": "4700",
            "allowedOrigins": "http://a.example http://b.example",
        }
    )
    assert config.allowed_origins == ("http://a.example", "http://b.example")
    assert config.websocket_url("abc") == "ws://127.0.0.1:4700/_aws/execute-api/abc/live"
    assert config.callback_url("abc") == "http://127.0.0.1:4700/_aws/execute-api/abc/live"
    assert config.api_url("abc") == "http://127.0.0.1:4700/_aws/execute-api/abc/$default"


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_addresses_on_aws(stage: str) -> None:
    config = load({"stage": stage})
    assert config.websocket_url("abc").startswith("wss://abc.execute-api.")
    assert config.callback_url("abc").startswith("https://abc.execute-api.")
    assert config.api_url("abc").startswith("https://abc.execute-api.")
