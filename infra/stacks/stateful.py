"""What must outlive every deployment: tables, keys, records and users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk.aws_cognito import (
    AccountRecovery,
    AuthFlow,
    CfnUserPoolGroup,
    Mfa,
    MfaSecondFactor,
    PasswordPolicy,
    SignInAliases,
    StringAttribute,
    UserPool,
    UserPoolClient,
)
from aws_cdk.aws_dynamodb import (
    Attribute,
    AttributeType,
    PointInTimeRecoverySpecification,
    StreamViewType,
    TableV2,
)
from aws_cdk.aws_ecr import LifecycleRule as ImageLifecycleRule
from aws_cdk.aws_ecr import Repository, TagMutability, TagStatus
from aws_cdk.aws_iam import PolicyStatement
from aws_cdk.aws_kms import Key, KeySpec, KeyUsage
from aws_cdk.aws_s3 import (
    BlockPublicAccess,
    Bucket,
    BucketEncryption,
    LifecycleRule,
    ObjectLockRetention,
    ObjectOwnership,
)
from constructs import Construct

from baccarat.adapters.dynamodb.models import HASH_KEY, OPEN_KEY, RANGE_KEY, TTL_ATTRIBUTE
from baccarat.domain.roles import ROLES
from baccarat.domain.tiers import ACCOUNT_ATTRIBUTE, TIERS
from infra.config import StageConfig
from infra.constructs.access import Access, table_access
from infra.constructs.secret_keys import SeedKey, ShoeKey, administration
from infra.nag import acknowledge

_ACCESS_LOG_DAYS: Final = 365


class StatefulStack(Stack):
    """Tables, keys, the records bucket and the user pool.

    The methods give a function the access it names, with the variables that go with it.
    """

    def __init__(self, scope: Construct, id_: str, *, config: StageConfig, **kwargs: Any) -> None:
        super().__init__(scope, id_, termination_protection=config.protected, **kwargs)
        self._config = config
        self.floor_table = self._table("Floor")
        self.log_table = self._table("Log", stream=StreamViewType.NEW_IMAGE, numbered=True)
        self.ledger_table = self._table("Ledger", stream=StreamViewType.NEW_AND_OLD_IMAGES)
        self.wallet_tables = {
            tier: self._table(
                f"{tier.capitalize()}Wallets", stream=StreamViewType.NEW_AND_OLD_IMAGES
            )
            for tier in TIERS
        }
        self.journal_table = self._table("Journal")
        self.sessions_table = self._table("Sessions", expires=True)
        self.video_table = self._table("Video", expires=True)
        self.signing_key = self._signing_key("Signing", "the event log and transcripts")
        # Keys of their own: whoever signs films or tokens must not be able to sign the log.
        self.video_key = self._signing_key("VideoTokenKey", "tokens for the video")
        self.film_key = self._signing_key("FilmKey", "what is said of recorded frames")
        self.seed_key = SeedKey(self, "Seeds", config=config)
        self.shoe_key = ShoeKey(self, "Shoes", config=config)
        self._access_logs = self._access_logs_bucket()
        self.records = self._kept("Records", config.object_lock_days)
        self.films = self._films()
        if config.on_aws:
            self.media_sfu = self._image_repository()
        self.user_pool = self._user_pool()
        self.user_pool_client = self._user_pool_client()
        for name, value in (
            ("FloorTable", self.floor_table.table_name),
            ("LogTable", self.log_table.table_name),
            ("LedgerTable", self.ledger_table.table_name),
            ("WalletTables", self._wallet_table_names()),
            ("JournalTable", self.journal_table.table_name),
            ("SessionsTable", self.sessions_table.table_name),
            ("VideoTable", self.video_table.table_name),
            ("RecordsBucket", self.records.bucket_name),
            ("FilmsBucket", self.films.bucket_name),
            ("SigningKeyId", self.signing_key.key_id),
            ("FilmKeyId", self.film_key.key_id),
            ("UserPoolId", self.user_pool.user_pool_id),
            ("UserPoolClientId", self.user_pool_client.user_pool_client_id),
        ):
            CfnOutput(self, name, value=value)

    @property
    def tables(self) -> dict[str, TableV2]:
        return {
            "Floor": self.floor_table,
            "Log": self.log_table,
            "Ledger": self.ledger_table,
            **{f"{tier.capitalize()}Wallets": table for tier, table in self.wallet_tables.items()},
            "Journal": self.journal_table,
            "Sessions": self.sessions_table,
            "Video": self.video_table,
        }

    def floor(self, *operations: str) -> Access:
        return table_access("FLOOR_TABLE", self.floor_table, *operations)

    def log(self, *operations: str) -> Access:
        return table_access("LOG_TABLE", self.log_table, *operations)

    def ledger(self, *operations: str) -> Access:
        return table_access("LEDGER_TABLE", self.ledger_table, *operations)

    def wallets(self, *operations: str) -> Access:
        """The right to do ``operations`` on the wallets of every tier."""
        accesses = [
            table_access("WALLET_TABLES", table, *operations)
            for table in self.wallet_tables.values()
        ]
        return Access(
            {"WALLET_TABLES": self._wallet_table_names()},
            [statement for access in accesses for statement in access.statements],
        )

    def _wallet_table_names(self) -> str:
        return " ".join(f"{tier}={table.table_name}" for tier, table in self.wallet_tables.items())

    def journal(self, *operations: str) -> Access:
        return table_access("JOURNAL_TABLE", self.journal_table, *operations)

    def open_payments(self, *operations: str) -> Access:
        """The right to do ``operations`` on the list of open payments, and on nothing else of the
        journal's table.
        """
        return Access(
            {"JOURNAL_TABLE": self.journal_table.table_name},
            [
                PolicyStatement(
                    actions=[f"dynamodb:{operation}" for operation in operations],
                    resources=[self.journal_table.table_arn],
                    conditions={"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [OPEN_KEY]}},
                )
            ],
        )

    def sessions(self, *operations: str) -> Access:
        return table_access("SESSIONS_TABLE", self.sessions_table, *operations)

    def video(self, *operations: str) -> Access:
        return table_access("VIDEO_TABLE", self.video_table, *operations)

    def public_key(self) -> Access:
        """The right to read the public half of the signing key."""
        return Access(
            {
                "SIGNING_KEY_ID": self.signing_key.key_id,
                "SIGNING_KEY_VERSION": str(self._config.signing_key_version),
            },
            [_reads_public_half(self.signing_key)],
        )

    def signing(self) -> Access:
        """The right to sign log events, in the one way the log is signed."""
        key = self.public_key()
        return Access(key.environment, [*key.statements, _signs(self.signing_key)])

    def video_signing(self) -> Access:
        """The right to sign tokens for the video."""
        return Access(
            {"VIDEO_KEY_ID": self.video_key.key_id},
            [_reads_public_half(self.video_key), _signs(self.video_key)],
        )

    def film_key_read(self) -> Access:
        """The right to read the public half of the key that signs films."""
        return Access({"FILM_KEY_ID": self.film_key.key_id}, [_reads_public_half(self.film_key)])

    def film_signing(self) -> Access:
        """The right to sign what is said of recorded frames."""
        return Access(
            {
                "FILM_KEY_ID": self.film_key.key_id,
                "FILM_KEY_VERSION": str(self._config.film_key_version),
            },
            [_reads_public_half(self.film_key), _signs(self.film_key)],
        )

    def film_files(self, operation: str) -> Access:
        """The right to write (or read) the recordings themselves."""
        return self._films_access({"files": [operation]})

    def film_manifests(self) -> Access:
        """The right to number and keep manifests, and to note the rounds that they show."""
        access = self._films_access(
            {"manifests": ["GetObject", "PutObject"], "rounds": ["PutObject"]}
        )
        # Without it nobody can find the next free number, nor tell "not there" from "not allowed".
        listing = PolicyStatement(actions=["s3:ListBucket"], resources=[self.films.bucket_arn])
        return Access(access.environment, [*access.statements, listing], access.wildcards)

    def _films_access(self, rights: Mapping[str, Sequence[str]]) -> Access:
        # Exported by name: cdk-nag writes that name in its finding.
        bucket_arn = self.export_value(self.films.bucket_arn)
        statements: list[PolicyStatement] = []
        wildcards: dict[str, str] = {}
        for prefix, operations in rights.items():
            objects = f"{bucket_arn}/{prefix}/*"
            actions = [f"s3:{operation}" for operation in operations]
            statements.append(PolicyStatement(actions=actions, resources=[objects]))
            wildcards[objects] = f"every segment writes its own objects under {prefix}/"
        return Access({"FILMS_BUCKET": self.films.bucket_name}, statements, wildcards)

    def shoes(self) -> Access:
        """The address of the shoe key. Who may use it says the key's own policy alone."""
        return Access({"SHOE_KEY_ID": self.shoe_key.key.key_id})

    def seeds(self) -> Access:
        """The address of the seed key. Who may use it says the key's own policy alone."""
        return Access({"SEED_KEY_ID": self.seed_key.key.key_id})

    def archive(self, *, reads: Sequence[str] = (), writes: str | None = None) -> Access:
        """The right to read from some prefixes of the records and to write to one."""
        # Exported by name: cdk-nag writes that name in its finding.
        bucket_arn = self.export_value(self.records.bucket_arn)
        statements: list[PolicyStatement] = []
        wildcards: dict[str, str] = {}
        rights = [(prefix, "s3:GetObject") for prefix in reads]
        if writes:
            rights.append((writes, "s3:PutObject"))
        for prefix, action in rights:
            objects = f"{bucket_arn}/{prefix}/*"
            statements.append(PolicyStatement(actions=[action], resources=[objects]))
            wildcards[objects] = f"every round writes its own object under {prefix}/"
        if reads:
            # Without it S3 answers 403 for a key that is not there, and the archive could not tell
            # "not written yet" from "not allowed".
            statements.append(PolicyStatement(actions=["s3:ListBucket"], resources=[bucket_arn]))
        return Access({"RECORDS_BUCKET": self.records.bucket_name}, statements, wildcards)

    def _table(
        self,
        name: str,
        *,
        stream: StreamViewType | None = None,
        numbered: bool = False,
        expires: bool = False,
    ) -> TableV2:
        return TableV2(
            self,
            name,
            partition_key=Attribute(name=HASH_KEY, type=AttributeType.STRING),
            sort_key=Attribute(
                name=RANGE_KEY, type=AttributeType.NUMBER if numbered else AttributeType.STRING
            ),
            dynamo_stream=stream,
            time_to_live_attribute=TTL_ATTRIBUTE if expires else None,
            point_in_time_recovery_specification=PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=self._config.protected,
            removal_policy=self._config.removal,
        )

    def _signing_key(self, name: str, what: str) -> Key:
        """Functions get their rights to it from their own roles."""
        return Key(
            self,
            name,
            description=f"Signs {what} (ECDSA P-256)",
            key_spec=KeySpec.ECC_NIST_P256,
            key_usage=KeyUsage.SIGN_VERIFY,
            policy=administration("kms:Sign", "kms:GetPublicKey", "kms:Verify"),
            removal_policy=self._config.removal,
        )

    def _access_logs_bucket(self) -> Bucket:
        access_logs = Bucket(
            self,
            "RecordsAccessLogs",
            block_public_access=BlockPublicAccess.BLOCK_ALL,
            encryption=BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            object_ownership=ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[LifecycleRule(expiration=Duration.days(_ACCESS_LOG_DAYS))],
            removal_policy=self._config.removal,
        )
        acknowledge(access_logs, {"S1": "this bucket takes the access logs of the other ones"})
        return access_logs

    def _films(self) -> Bucket:
        """Recordings of the tables: evidence while they can be asked for, then gone."""
        days = self._config.film_days
        films = self._kept("Films", days, logs_prefix="films/")
        films.add_lifecycle_rule(
            expiration=Duration.days(days),
            noncurrent_version_expiration=Duration.days(1),
            abort_incomplete_multipart_upload_after=Duration.days(1),
        )
        return films

    def _kept(self, name: str, days: int, logs_prefix: str | None = None) -> Bucket:
        """Return a bucket whose objects are written once and locked for ``days``."""
        return Bucket(
            self,
            name,
            versioned=True,
            object_lock_enabled=True,
            object_lock_default_retention=ObjectLockRetention.compliance(Duration.days(days)),
            block_public_access=BlockPublicAccess.BLOCK_ALL,
            encryption=BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            object_ownership=ObjectOwnership.BUCKET_OWNER_ENFORCED,
            server_access_logs_bucket=self._access_logs,
            server_access_logs_prefix=logs_prefix,
            removal_policy=self._config.removal,
        )

    def _image_repository(self) -> Repository:
        """Where the image of the video servers is pushed to; a tag is one image for ever."""
        repository = Repository(
            self,
            "MediaSfu",
            image_tag_mutability=TagMutability.IMMUTABLE,
            image_scan_on_push=True,
            lifecycle_rules=[
                ImageLifecycleRule(tag_status=TagStatus.UNTAGGED, max_image_age=Duration.days(7))
            ],
            removal_policy=self._config.removal,
        )
        CfnOutput(self, "MediaSfuRepository", value=repository.repository_uri)
        return repository

    def _user_pool(self) -> UserPool:
        pool = UserPool(
            self,
            "Users",
            self_sign_up_enabled=False,
            sign_in_aliases=SignInAliases(username=True, email=True),
            sign_in_case_sensitive=False,
            custom_attributes={ACCOUNT_ATTRIBUTE: StringAttribute(mutable=False, max_len=64)},
            password_policy=PasswordPolicy(
                min_length=12,
                require_lowercase=True,
                require_uppercase=True,
                require_digits=True,
                require_symbols=True,
                temp_password_validity=Duration.days(3),
            ),
            account_recovery=AccountRecovery.EMAIL_ONLY,
            mfa=Mfa.OPTIONAL,
            mfa_second_factor=MfaSecondFactor(otp=True, sms=False),
            deletion_protection=self._config.protected,
            removal_policy=self._config.removal,
        )
        acknowledge(
            pool,
            {
                "COG2": "players may sign in with a password alone; staff accounts get TOTP when "
                "the house creates them",
                "COG3": "threat protection needs the Plus plan, priced by user; accounts are made "
                "by the house only and sign-ins are throttled by Cognito",
                "COG8": "the Plus plan, see COG3",
            },
        )
        # A group's name is what a token carries as role: a value of the protocol, not a handle.
        for role in sorted(ROLES):
            CfnUserPoolGroup(
                self,
                f"Group{role.capitalize()}",
                user_pool_id=pool.user_pool_id,
                group_name=role,
            )
        return pool

    def _user_pool_client(self) -> UserPoolClient:
        return self.user_pool.add_client(
            "Web",
            generate_secret=False,
            auth_flows=AuthFlow(user_password=True),
            disable_o_auth=True,
            prevent_user_existence_errors=True,
            enable_token_revocation=True,
            access_token_validity=Duration.hours(1),
            id_token_validity=Duration.hours(1),
            refresh_token_validity=Duration.hours(12),
        )


def _reads_public_half(key: Key) -> PolicyStatement:
    return PolicyStatement(actions=["kms:GetPublicKey"], resources=[key.key_arn])


def _signs(key: Key) -> PolicyStatement:
    """Allow the one way in which the house signs."""
    return PolicyStatement(
        actions=["kms:Sign"],
        resources=[key.key_arn],
        conditions={
            "StringEquals": {
                "kms:SigningAlgorithm": "ECDSA_SHA_256",
                "kms:MessageType": "RAW",
            }
        },
    )
