"""The video servers: an origin that cameras send to, and edges that viewers come to.

Media goes straight to a task's own public address, by UDP: a load balancer would need a port for
every viewer. Only the signalling, which is HTTP, goes through one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from aws_cdk import Duration, Stack
from aws_cdk.aws_certificatemanager import Certificate, CertificateValidation
from aws_cdk.aws_cloudwatch import Metric
from aws_cdk.aws_ec2 import (
    FlowLogDestination,
    FlowLogOptions,
    ISecurityGroup,
    Peer,
    Port,
    SecurityGroup,
    SubnetConfiguration,
    SubnetSelection,
    SubnetType,
    Vpc,
)
from aws_cdk.aws_ecr import Repository
from aws_cdk.aws_ecs import (
    CloudMapNamespaceOptions,
    CloudMapOptions,
    Cluster,
    ContainerImage,
    ContainerInsights,
    CpuArchitecture,
    DeploymentCircuitBreaker,
    FargatePlatformVersion,
    FargateService,
    FargateTaskDefinition,
    HealthCheck,
    LogDrivers,
    MountPoint,
    OperatingSystemFamily,
    PortMapping,
    RuntimePlatform,
    Secret,
    Ulimit,
    UlimitName,
)
from aws_cdk.aws_elasticloadbalancingv2 import (
    ApplicationListener,
    ApplicationLoadBalancer,
    ApplicationProtocol,
    ApplicationTargetGroup,
    ListenerAction,
    ListenerCondition,
    SslPolicy,
)
from aws_cdk.aws_elasticloadbalancingv2 import HealthCheck as TargetHealthCheck
from aws_cdk.aws_iam import Policy, PolicyStatement, Role, ServicePrincipal
from aws_cdk.aws_lambda import IFunction
from aws_cdk.aws_logs import LogGroup
from aws_cdk.aws_s3 import BlockPublicAccess, Bucket, BucketEncryption, LifecycleRule
from aws_cdk.aws_secretsmanager import ISecret
from aws_cdk.aws_servicediscovery import DnsRecordType
from constructs import Construct

from infra.config import StageConfig
from infra.constructs.access import Access
from infra.nag import acknowledge, acknowledge_wildcards

HTTP_PORT: Final = 8080
_MEDIA_PORTS: Final = Port.udp_range(32768, 60999)
"""The kernel's own range: a port for every connection, taken as they come."""
_CPU: Final = 2048
_MEMORY_MIB: Final = 4096
_WORKERS: Final = _CPU // 1024
VIEWERS_PER_TASK: Final = 200 * _WORKERS
"""Where another task is started: two thirds of the 300 that a process carries."""
_MOST_EDGES: Final = 20
_DRAIN_SECONDS: Final = 120
"""Fargate's longest time between SIGTERM and SIGKILL."""
_LEAVE_SECONDS: Final = 10
"""Of these, for ending what is left."""
_RESTARTS_AT_MOST_EVERY: Final = Duration.minutes(1)
"""One that ends sooner takes its task with it, which ECS replaces."""
_NO_FILES: Final = 65_536
_LOG_DAYS: Final = 90
_ROLE_ORIGIN: Final = "origin"
_ROLE_EDGE: Final = "edge"
_HEALTHY: Final = (
    "import urllib.request;"
    f"urllib.request.urlopen('http://127.0.0.1:{HTTP_PORT}/health', timeout=2)"
)


class VideoServers(Construct):
    """A network, a cluster and the two services. Nothing of the game knows of them."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        config: StageConfig,
        repository: Repository,
        user: ISecret,
        common: Mapping[str, str],
        once: Access,
        filming: Access,
        keeper: IFunction,
    ) -> None:
        super().__init__(scope, id_)
        self._config = config
        self._image = ContainerImage.from_ecr_repository(repository, config.video_image_tag)
        self._user = user
        self._common = common
        self.vpc = self._network()
        self._cluster = self._make_cluster()
        media = SecurityGroup(
            self, "Media", vpc=self.vpc, description="Video servers", allow_all_outbound=True
        )
        media.add_ingress_rule(Peer.any_ipv4(), _MEDIA_PORTS, "media of viewers and cameras")
        acknowledge(media, {"EC23": "viewers and cameras come from everywhere, by UDP"})
        self.balancer = self._load_balancer()
        media.connections.allow_from(self.balancer, Port.tcp(HTTP_PORT), "signalling")
        media.add_ingress_rule(media, Port.tcp(HTTP_PORT), "edges ask the origin")
        keeping = Access(
            {"KEEP_SEGMENT_FUNCTION": keeper.function_name},
            [PolicyStatement(actions=["lambda:InvokeFunction"], resources=[keeper.function_arn])],
        )
        self.origin = self._service(_ROLE_ORIGIN, media, [once, filming, keeping], {})
        name = f"{_ROLE_ORIGIN}.{self._cluster.default_cloud_map_namespace.namespace_name}"  # type: ignore[union-attr]  # made just now
        self.edge = self._service(
            _ROLE_EDGE, media, [once], {"UPSTREAM_URL": f"http://{name}:{HTTP_PORT}"}
        )
        self.listener = self._listener()
        self.targets = {
            # HLS as well: a viewer's addresses are known to one server alone, and there is one.
            _ROLE_ORIGIN: self._target(_ROLE_ORIGIN, self.origin, ["/whip/*", "/hls/*"], 10),
            _ROLE_EDGE: self._target(_ROLE_EDGE, self.edge, ["/whep/*"], 20),
        }
        self._scale()

    def _network(self) -> Vpc:
        return Vpc(
            self,
            "Network",
            max_azs=2,
            nat_gateways=0,
            subnet_configuration=[
                SubnetConfiguration(name="Public", subnet_type=SubnetType.PUBLIC, cidr_mask=22)
            ],
            # The group that everything without one is in; nothing here is.
            restrict_default_security_group=False,
            flow_logs={
                "All": FlowLogOptions(
                    destination=FlowLogDestination.to_cloud_watch_logs(
                        LogGroup(
                            self,
                            "FlowLogs",
                            retention=self._config.log_retention,
                            removal_policy=self._config.removal,
                        )
                    )
                )
            },
        )

    def _make_cluster(self) -> Cluster:
        return Cluster(
            self,
            "Cluster",
            vpc=self.vpc,
            container_insights_v2=ContainerInsights.ENABLED,
            default_cloud_map_namespace=CloudMapNamespaceOptions(name="video.internal"),
        )

    def _load_balancer(self) -> ApplicationLoadBalancer:
        balancer = ApplicationLoadBalancer(
            self,
            "Balancer",
            vpc=self.vpc,
            internet_facing=True,
            vpc_subnets=SubnetSelection(subnet_type=SubnetType.PUBLIC),
            deletion_protection=self._config.protected,
            drop_invalid_header_fields=True,
            # A blocking playlist of HLS waits for up to a few seconds, nothing waits longer.
            idle_timeout=Duration.seconds(30),
        )
        logs = Bucket(
            self,
            "BalancerLogs",
            block_public_access=BlockPublicAccess.BLOCK_ALL,
            encryption=BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            lifecycle_rules=[LifecycleRule(expiration=Duration.days(_LOG_DAYS))],
            removal_policy=self._config.removal,
        )
        acknowledge(logs, {"S1": "this bucket takes the access logs"})
        stack = Stack.of(self)
        logs.add_to_resource_policy(
            PolicyStatement(
                principals=[ServicePrincipal("logdelivery.elasticloadbalancing.amazonaws.com")],
                actions=["s3:PutObject"],
                resources=[f"{logs.bucket_arn}/AWSLogs/{stack.account}/*"],
                conditions={"StringEquals": {"aws:SourceAccount": stack.account}},
            )
        )
        # Not `log_access_logs`: that wants to know the region while the template is made.
        balancer.set_attribute("access_logs.s3.enabled", "true")
        balancer.set_attribute("access_logs.s3.bucket", logs.bucket_name)
        if logs.policy:
            balancer.node.add_dependency(logs.policy)
        return balancer

    def _listener(self) -> ApplicationListener:
        certificate = Certificate(
            self,
            "Certificate",
            domain_name=self._config.video_domain,
            # The house's DNS is not ours: it sets the record that the deployment waits for.
            validation=CertificateValidation.from_dns(),
        )
        listener = self.balancer.add_listener(
            "Https",
            port=443,
            protocol=ApplicationProtocol.HTTPS,
            certificates=[certificate],
            ssl_policy=SslPolicy.RECOMMENDED_TLS,
            open=True,
            default_action=ListenerAction.fixed_response(
                404,
                content_type="application/json",
                message_body='{"error":{"code":"NOT_FOUND","message":"there is nothing here"}}',
            ),
        )
        acknowledge(
            self.balancer, {"EC23": "signalling is for everybody; a token is asked for behind it"}
        )
        return listener

    def _target(
        self, role: str, service: FargateService, paths: Sequence[str], priority: int
    ) -> ApplicationTargetGroup:
        return self.listener.add_targets(
            role.capitalize(),
            priority=priority,
            conditions=[ListenerCondition.path_patterns(list(paths))],
            port=HTTP_PORT,
            protocol=ApplicationProtocol.HTTP,
            targets=[service],
            # A draining task still serves what it has begun. A viewer's DELETE may come to another
            # edge than its session is on: that one sees the connection close, a little later.
            deregistration_delay=Duration.seconds(_DRAIN_SECONDS),
            health_check=TargetHealthCheck(
                path="/health",
                healthy_http_codes="200",
                interval=Duration.seconds(10),
                timeout=Duration.seconds(5),
                healthy_threshold_count=2,
                unhealthy_threshold_count=3,
            ),
        )

    def _service(
        self,
        role: str,
        media: ISecurityGroup,
        accesses: Sequence[Access],
        environment: Mapping[str, str],
    ) -> FargateService:
        return FargateService(
            self,
            f"{role.capitalize()}Service",
            cluster=self._cluster,
            task_definition=self._task(role, accesses, environment),
            platform_version=FargatePlatformVersion.VERSION1_4,
            # Cameras of all tables send to one origin; a restart moves them.
            desired_count=1 if role == _ROLE_ORIGIN else 2,
            min_healthy_percent=100,
            max_healthy_percent=200,
            assign_public_ip=True,
            vpc_subnets=SubnetSelection(subnet_type=SubnetType.PUBLIC),
            security_groups=[media],
            circuit_breaker=DeploymentCircuitBreaker(enable=True, rollback=True),
            health_check_grace_period=Duration.seconds(30),
            cloud_map_options=CloudMapOptions(
                name=role, dns_record_type=DnsRecordType.A, dns_ttl=Duration.seconds(5)
            ),
        )

    def _task(
        self, role: str, accesses: Sequence[Access], environment: Mapping[str, str]
    ) -> FargateTaskDefinition:
        name = role.capitalize()
        tasks = ServicePrincipal("ecs-tasks.amazonaws.com")
        task_role = Role(self, f"{name}Role", assumed_by=tasks)
        policy = Policy(
            self,
            f"{name}Policy",
            roles=[task_role],
            statements=[
                PolicyStatement(actions=["ec2:DescribeNetworkInterfaces"], resources=["*"]),
                *(statement for access in accesses for statement in access.statements),
            ],
        )
        acknowledge(
            policy,
            {
                "IAM5[Resource::*]": "describing network interfaces, of which one has the task's "
                "public address, knows no resources"
            },
        )
        for access in accesses:
            acknowledge_wildcards(policy, access.wildcards)
        definition = FargateTaskDefinition(
            self,
            f"{name}Task",
            cpu=_CPU,
            memory_limit_mib=_MEMORY_MIB,
            task_role=task_role,
            execution_role=Role(self, f"{name}ExecutionRole", assumed_by=tasks),
            runtime_platform=RuntimePlatform(
                cpu_architecture=CpuArchitecture.ARM64
                if self._config.architecture == "arm64"
                else CpuArchitecture.X86_64,
                operating_system_family=OperatingSystemFamily.LINUX,
            ),
        )
        given = {key: value for access in accesses for key, value in access.environment.items()}
        # What is being recorded lies there for seconds; the rest of the file system stays as it is.
        definition.add_volume(name="tmp")
        container = definition.add_container(
            "Sfu",
            image=self._image,
            environment={
                **self._common,
                **given,
                **environment,
                "LISTEN_HOST": "0.0.0.0",  # noqa: S104  its security group says who gets here
                "LISTEN_PORT": str(HTTP_PORT),
                "PUBLIC_ADDRESS": "task",
                "WORKERS": str(_WORKERS),
                "DRAIN_SECONDS": str(_DRAIN_SECONDS - _LEAVE_SECONDS),
                "AWS_REGION": Stack.of(self).region,
            },
            command=[role],
            # In place, in seconds; a new task would take a minute.
            enable_restart_policy=True,
            restart_attempt_period=_RESTARTS_AT_MOST_EVERY,
            secrets={
                "SERVICE_USER": Secret.from_secrets_manager(self._user, "username"),
                "SERVICE_PASSWORD": Secret.from_secrets_manager(self._user, "password"),
            },
            port_mappings=[PortMapping(container_port=HTTP_PORT)],
            ulimits=[Ulimit(name=UlimitName.NOFILE, soft_limit=_NO_FILES, hard_limit=_NO_FILES)],
            readonly_root_filesystem=True,
            stop_timeout=Duration.seconds(_DRAIN_SECONDS),
            health_check=HealthCheck(
                command=["CMD", "python", "-c", _HEALTHY],
                interval=Duration.seconds(10),
                timeout=Duration.seconds(5),
                retries=3,
                start_period=Duration.seconds(30),
            ),
            logging=LogDrivers.aws_logs(
                stream_prefix=role,
                log_group=LogGroup(
                    self,
                    f"{name}Logs",
                    retention=self._config.log_retention,
                    removal_policy=self._config.removal,
                ),
            ),
        )
        container.add_mount_points(
            MountPoint(container_path="/tmp", source_volume="tmp", read_only=False)  # noqa: S108
        )
        acknowledge(
            definition,
            {"ECS2": "names and addresses alone; the service user's password is a secret"},
        )
        execution = definition.obtain_execution_role().node.scope
        assert execution is not None
        acknowledge(
            execution,
            {
                "IAM5[Resource::*]": "ecr:GetAuthorizationToken, which pulls our own image, knows "
                "no resources"
            },
        )
        return definition

    def _scale(self) -> None:
        scaling = self.edge.auto_scale_task_count(min_capacity=2, max_capacity=_MOST_EDGES)
        scaling.scale_to_track_custom_metric(
            "Viewers",
            metric=viewers_of_a_task(),
            target_value=VIEWERS_PER_TASK,
            scale_out_cooldown=Duration.minutes(1),
            # A task that leaves moves its viewers: not for every dip.
            scale_in_cooldown=Duration.minutes(15),
        )


def viewers_of_a_task() -> Metric:
    """What each edge counts of itself, so that the average is what a task carries."""
    return Metric(
        namespace="LiveBaccarat",
        metric_name="Viewers",
        dimensions_map={"service": "video", "role": _ROLE_EDGE},
        statistic="Average",
        period=Duration.minutes(1),
    )
