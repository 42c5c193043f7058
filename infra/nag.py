"""Findings of cdk-nag and cfn-lint that stand, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_cdk import Acknowledgment, Stack, Validations
from constructs import IConstruct


def acknowledge(construct: IConstruct, findings: Mapping[str, str]) -> None:
    """Let ``findings`` (rule, or rule and ``[finding]``, to reason) stand on ``construct``.

    The narrowest construct that has the finding is the right one: all below it are covered too.
    """
    Validations.of(construct).acknowledge(
        *(
            Acknowledgment(id=f"AwsSolutions-{rule}", reason=reason)
            for rule, reason in findings.items()
        )
    )


def acknowledge_warning(construct: IConstruct, warning: str, reason: str) -> None:
    """Let a warning of CDK itself stand on ``construct``."""
    Validations.of(construct).acknowledge(
        Acknowledgment(id=f"Annotation::{warning}", reason=reason)
    )


def acknowledge_wildcards(construct: IConstruct, reasons: Mapping[str, str]) -> None:
    """Let policies on ``construct`` name resources that end in ``*``: resource to reason."""
    stack = Stack.of(construct)
    acknowledge(
        construct,
        {
            f"IAM5[Resource::{_flat(stack.resolve(resource))}]": reason
            for resource, reason in reasons.items()
        },
    )


def accept_lints(stack: Stack) -> None:
    """Let cfn-lint pass over what CDK itself writes.

    W3005: CDK names a role among a function's dependencies although its ARN says so already; a
    policy of that role, which is why it does, is found there too.
    """
    stack.add_metadata("cfn-lint", {"config": {"ignore_checks": ["W3005"]}})


def _flat(value: Any) -> str:
    """Return a resolved value the way cdk-nag writes it in the name of a finding."""
    match value:
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(_flat(part) for part in parts)
        case {"Fn::GetAtt": [logical_id, attribute]}:
            return f"<{logical_id}.{attribute}>"
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::ImportValue": name}:
            return str(name)
        case _:
            return str(value)
