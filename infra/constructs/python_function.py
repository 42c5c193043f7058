"""One Lambda function with a role, a policy and a log group of its own."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Duration, RemovalPolicy
from aws_cdk.aws_iam import IRole, Policy, PolicyStatement, Role, ServicePrincipal
from aws_cdk.aws_lambda import (
    Architecture,
    Function,
    IFunction,
    ILayerVersion,
    LayerVersion,
    Runtime,
    RuntimeFamily,
    SnapStartConf,
    Tracing,
)
from aws_cdk.aws_logs import LogGroup
from constructs import Construct

from infra.bundling import function_code, package_code, runtime_code
from infra.config import StageConfig
from infra.constructs.access import Access
from infra.nag import acknowledge, acknowledge_warning, acknowledge_wildcards

MEMORY_MB = 1024
THREADED_MEMORY_MB = 1769
"""From here a function has a whole processor."""


class Layers(Construct):
    """The two layers of every function.

    Each stack has its own: an exported layer version could never be replaced while another stack
    imports it.
    """

    def __init__(self, scope: Construct, id_: str, *, config: StageConfig) -> None:
        super().__init__(scope, id_)
        runtime, architecture = _runtime(config), _architecture(config)
        self.versions: list[ILayerVersion] = [
            LayerVersion(
                self,
                name,
                code=code,
                compatible_runtimes=[runtime],
                compatible_architectures=[architecture],
                removal_policy=RemovalPolicy.DESTROY,
            )
            for name, code in (("Baccarat", package_code()), ("Runtime", runtime_code(config)))
        ]


class PythonFunction(Construct):
    """The function of one folder under ``functions/``.

    ``target`` is what others invoke: the function itself, or with ``snap_start`` the alias of its
    newest version (only published versions start from a snapshot).
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        config: StageConfig,
        layers: Layers,
        access: Sequence[Access],
        role: IRole | None = None,
        timeout_seconds: int = 10,
        memory_mb: int = MEMORY_MB,
        snap_start: bool = False,
    ) -> None:
        super().__init__(scope, pascal(name))
        self.name = name
        log_group = LogGroup(
            self, "Logs", retention=config.log_retention, removal_policy=config.removal
        )
        self.role = role or function_role(self, "Role")
        # A policy beside the role, not the role's own: a role that lives with a key (see
        # `SeedKey`) would otherwise make its stack refer to this one.
        policy = Policy(
            self,
            "Policy",
            roles=[self.role],
            statements=[
                PolicyStatement(
                    actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                    resources=[log_group.log_group_arn],
                ),
                *(statement for given in access for statement in given.statements),
            ],
        )
        environment = {key: value for given in access for key, value in given.environment.items()}
        if not config.on_aws:
            environment["POWERTOOLS_TRACE_DISABLED"] = "true"
        use_snapshots = snap_start and config.on_aws
        self.function = Function(
            self,
            "Function",
            code=function_code(name),
            handler=f"functions.{name}.handler.handler",
            runtime=_runtime(config),
            architecture=_architecture(config),
            layers=layers.versions,
            role=self.role,
            environment=environment,
            log_group=log_group,
            timeout=Duration.seconds(timeout_seconds),
            memory_size=memory_mb,
            tracing=Tracing.ACTIVE if config.on_aws else Tracing.DISABLED,
            snap_start=SnapStartConf.ON_PUBLISHED_VERSIONS if use_snapshots else None,
        )
        self.function.node.add_dependency(policy)
        self.target: IFunction = self.function.add_alias("live") if use_snapshots else self.function
        for given in access:
            acknowledge_wildcards(policy, given.wildcards)
        acknowledge(
            self.function,
            {
                "L1": "the version that the layer's wheels are made and measured for; a newer one "
                "comes with a change of the stage's configuration"
                if config.on_aws
                else "one machine has one Python, that of its tools"
            },
        )
        if use_snapshots:
            acknowledge_warning(
                self.function,
                "@aws-cdk/aws-lambda:snapStartRequirePublish",
                "the alias points to a published version",
            )


def function_role(scope: Construct, id_: str) -> Role:
    """Return a role for exactly one function, without any rights yet."""
    role = Role(scope, id_, assumed_by=ServicePrincipal("lambda.amazonaws.com"))
    acknowledge(
        role,
        {
            "IAM5[Resource::*]": (
                "xray:PutTraceSegments and xray:PutTelemetryRecords know no resources"
            )
        },
    )
    return role


def pascal(name: str) -> str:
    """Return ``place_bets`` as ``PlaceBets``."""
    return "".join(part.capitalize() for part in name.split("_"))


def _runtime(config: StageConfig) -> Runtime:
    return Runtime(
        f"python{config.python_version}", RuntimeFamily.PYTHON, supports_snap_start=config.on_aws
    )


def _architecture(config: StageConfig) -> Architecture:
    return Architecture.ARM_64 if config.architecture == "arm64" else Architecture.X86_64
