"""The keys that seal what is opened later, and the roles that may use them."""

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
            _bound_to("roundId", self.open_round_role, "kms:Encrypt"),
            _bound_to("roundId", self.deal_cards_role, "kms:Decrypt"),
        )
        self.key = Key(
            self,
            "Key",
            description="Seals the seeds of rounds until they are dealt",
            enable_key_rotation=True,
            policy=policy,
            removal_policy=config.removal,
        )


class ShoeKey(Construct):
    """Seals what a shoe was committed to: a machine's order, or the record of a shuffle by hand.

    Built like ``SeedKey``. The desk's function seals it and opens it for the card that is scanned;
    the pit's opens it when a shoe is closed or a card is entered by hand.
    """

    def __init__(self, scope: Construct, id_: str, *, config: StageConfig) -> None:
        super().__init__(scope, id_)
        self.work_desk_role: IRole = function_role(self, "WorkDeskRole")
        self.run_pit_role: IRole = function_role(self, "RunPitRole")
        policy = administration()
        policy.add_statements(
            _bound_to("shoeId", self.work_desk_role, "kms:Encrypt", "kms:Decrypt"),
            _bound_to("shoeId", self.run_pit_role, "kms:Decrypt"),
        )
        self.key = Key(
            self,
            "Key",
            description="Seals what shoes were committed to until they are closed",
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


def _bound_to(owner: str, role: IRole, *actions: str) -> PolicyStatement:
    """Allow ``actions`` with ``owner`` as the one and only encryption context."""
    conditions: dict[str, Any] = {
        "Null": {f"kms:EncryptionContext:{owner}": "false"},
        "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": [owner]},
    }
    return PolicyStatement(
        principals=[role], actions=list(actions), resources=["*"], conditions=conditions
    )
