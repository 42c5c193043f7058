"""The video: tokens, reports of how it keeps up, and on AWS the video servers themselves."""

from __future__ import annotations

from typing import Any, Final

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk.aws_apigatewayv2 import (
    HttpMethod,
    HttpNoneAuthorizer,
    HttpRoute,
    HttpRouteKey,
    IHttpRouteAuthorizer,
)
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from aws_cdk.aws_events import Rule, Schedule
from aws_cdk.aws_events_targets import LambdaFunction
from aws_cdk.aws_lambda_destinations import SqsDestination
from aws_cdk.aws_secretsmanager import Secret, SecretStringGenerator
from constructs import Construct

from infra.config import StageConfig
from infra.constructs.access import Access
from infra.constructs.python_function import Layers, PythonFunction, pascal
from infra.constructs.queues import last_queue
from infra.constructs.video_servers import VideoServers
from infra.nag import acknowledge
from infra.stacks.api import ApiStack
from infra.stacks.stateful import StatefulStack

SERVICE_USER: Final = "sfu"


class VideoStack(Stack):
    """Deployed, scaled and observed apart from the game, which needs nothing of it.

    On one machine the video server is a process of that machine, so that there are the functions
    alone.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        config: StageConfig,
        stateful: StatefulStack,
        api: ApiStack,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id_, **kwargs)
        self._config = config
        self._stateful = stateful
        self._layers = Layers(self, "Layers", config=config)
        self.tables = config.video_tables
        self.functions: dict[str, PythonFunction] = {}
        self.dead_letters = last_queue(
            self,
            "DeadLetters",
            "takes what could not be delivered; there is an alarm",
            config=config,
        )
        filmed = Access({"VIDEO_TABLES": " ".join(config.video_tables)})
        self._viewers_functions(filmed)
        self._recording()
        self._watch(filmed)
        self._routes(api)
        self.servers = self._servers(api) if config.on_aws else None
        for name, function in self.functions.items():
            CfnOutput(self, f"{pascal(name)}Function", value=function.function.function_name)

    def _function(
        self, name: str, *access: Access, snap_start: bool = False, timeout_seconds: int = 10
    ) -> PythonFunction:
        function = PythonFunction(
            self,
            name,
            config=self._config,
            layers=self._layers,
            access=access,
            snap_start=snap_start,
            timeout_seconds=timeout_seconds,
        )
        self.functions[name] = function
        return function

    def _viewers_functions(self, filmed: Access) -> None:
        to, config = self._stateful, self._config
        # The first picture waits for it.
        self._function(
            "issue_video_token",
            to.floor("GetItem"),
            to.video_signing(),
            to.film_key_read(),
            filmed,
            Access(
                {"VIDEO_URL": config.video_address, "RETIRED_FILM_KEYS": config.retired_film_keys}
            ),
            snap_start=True,
        )
        self._function("take_video_report", to.floor("GetItem"), to.video("PutItem"))

    def _recording(self) -> None:
        """Signs what a video server has recorded; none of these may sign anything itself."""
        to = self._stateful
        self._function(
            "keep_segment",
            to.floor("GetItem", "PutItem"),
            to.log("Query", "PutItem"),
            to.signing(),
            to.film_signing(),
            to.film_manifests(),
            timeout_seconds=20,
        )

    def _watch(self, filmed: Access) -> None:
        watch = self._function("watch_cameras", self._stateful.floor("GetItem"), filmed)
        # No second try: the next minute is one.
        watch.function.configure_async_invoke(
            retry_attempts=0,
            max_event_age=Duration.minutes(1),
            on_failure=SqsDestination(self.dead_letters),
        )
        Rule(
            self,
            "EveryMinute",
            schedule=Schedule.rate(Duration.minutes(1)),
            enabled=bool(self.tables),
            targets=[
                LambdaFunction(
                    watch.function,
                    dead_letter_queue=self.dead_letters,
                    retry_attempts=0,
                    max_event_age=Duration.minutes(1),
                )
            ],
        )

    def _routes(self, api: ApiStack) -> None:
        everybody = HttpNoneAuthorizer()
        self._route(api, HttpMethod.POST, "/video/tokens", "issue_video_token", api.signed_in)
        self._route(api, HttpMethod.POST, "/video/reports", "take_video_report", api.signed_in)
        for path in ("/video/keys", "/films/keys"):
            route = self._route(api, HttpMethod.GET, path, "issue_video_token", everybody)
            acknowledge(route, {"APIG4": "public keys are for everybody who verifies with them"})

    def _route(
        self,
        api: ApiStack,
        method: HttpMethod,
        path: str,
        name: str,
        authorizer: IHttpRouteAuthorizer,
    ) -> HttpRoute:
        return HttpRoute(
            self,
            f"{method.value.capitalize()}{path}",
            http_api=api.http,
            route_key=HttpRouteKey.with_(path, method),
            integration=HttpLambdaIntegration(pascal(name), self.functions[name].target),
            authorizer=authorizer,
        )

    def _servers(self, api: ApiStack) -> VideoServers:
        config, to = self._config, self._stateful
        user = Secret(
            self,
            "ServiceUser",
            description="Sign-in of the video servers: a user of the group edge",
            generate_secret_string=SecretStringGenerator(
                secret_string_template=f'{{"username":"{SERVICE_USER}"}}',
                generate_string_key="password",
                password_length=32,
                require_each_included_type=True,
            ),
            removal_policy=config.removal,
        )
        acknowledge(
            user,
            {"SMG4": "changed together with the user's password in Cognito: runbook"},
        )
        servers = VideoServers(
            self,
            "Servers",
            config=config,
            repository=to.media_sfu,
            user=user,
            common={
                "PAGE_URL": config.allowed_origins[0],
                "PAGE_ORIGINS": " ".join(config.allowed_origins),
                "VIDEO_KEYS": f"{api.api_url}/video/keys",
                "USED_TOKENS_TABLE": to.video_table.table_name,
            },
            once=Access(statements=to.video("PutItem").statements),
            filming=to.film_files("PutObject"),
            keeper=self.functions["keep_segment"].function,
        )
        for name, value in (
            ("VideoAddress", config.video_address),
            ("VideoBalancerName", servers.balancer.load_balancer_dns_name),
            ("ServiceUserSecret", user.secret_arn),
        ):
            CfnOutput(self, name, value=value)
        return servers
