"""The key that seals the seeds of rounds, and the two roles that may use it."""

from __future__ import annotations

from typing import Any, Final

from aws_cdk.aws_iam import (
    AccountRootPrincipal,
    IPrincipal,
    IRole,
    PolicyDocument,
    PolicyStatement,
)
from aws_cdk.aws_kms import Key
from constructs import Construct

from infra.config import StageConfig
from infra.constructs.python_function import function_role

_ADMINISTRATION: Final = (
    "kms:CancelKeyDeletion",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateKeyDescription",
)


class SeedKey(Construct):
    """Seals the seeds of rounds.

    The key's policy is the only way to it: it names the opening function's role for Encrypt and
    the dealing function's for Decrypt, both with the round id as the one and only encryption
    context. The account keeps administration without use, and nobody may make grants, so that a
    policy on some other role can never open a seed. The two roles live beside the key, because a
    key policy that named roles of the functions' stack would tie the two stacks into a cycle.
    """

    def __init__(self, scope: Construct, id_: str, *, config: StageConfig) -> None:
        super().__init__(scope, id_)
        self.open_round_role: IRole = function_role(self, "OpenRoundRole")
        self.deal_cards_role: IRole = function_role(self, "DealCardsRole")
        policy = administration()
        policy.add_statements(
            _for_a_round("kms:Encrypt", self.open_round_role),
            _for_a_round("kms:Decrypt", self.deal_cards_role),
        )
        self.key = Key(
            self,
            "Key",
            description="Seals the seeds of rounds until they are dealt",
            enable_key_rotation=True,
            policy=policy,
            removal_policy=config.removal,
        )


def administration(*delegated: str) -> PolicyDocument:
    """Return a key policy that leaves administration to the account.

    ``delegated`` actions can be given to roles by their own policies; others cannot.
    """
    account: IPrincipal = AccountRootPrincipal()
    return PolicyDocument(
        statements=[
            PolicyStatement(
                sid="Administration",
                principals=[account],
                actions=[*_ADMINISTRATION, *delegated],
                resources=["*"],  # in a key's policy: this key
            )
        ]
    )


def _for_a_round(action: str, role: IRole) -> PolicyStatement:
    conditions: dict[str, Any] = {
        "Null": {"kms:EncryptionContext:roundId": "false"},
        "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["roundId"]},
    }
    return PolicyStatement(
        principals=[role], actions=[action], resources=["*"], conditions=conditions
    )
