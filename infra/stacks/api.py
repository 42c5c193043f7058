"""What players reach: the websocket and HTTP APIs, and the delivery of events to them."""

from __future__ import annotations

import json
from typing import Any, Final

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk.aws_apigateway import CfnAccount
from aws_cdk.aws_apigatewayv2 import (
    CfnStage,
    CorsHttpMethod,
    CorsPreflightOptions,
    HttpApi,
    HttpMethod,
    HttpNoneAuthorizer,
    HttpRoute,
    HttpStage,
    IHttpRouteAuthorizer,
    ThrottleSettings,
    WebSocketApi,
    WebSocketStage,
)
from aws_cdk.aws_apigatewayv2_authorizers import HttpJwtAuthorizer, WebSocketLambdaAuthorizer
from aws_cdk.aws_apigatewayv2_integrations import (
    HttpLambdaIntegration,
    WebSocketLambdaIntegration,
)
from aws_cdk.aws_iam import IRole, ManagedPolicy, PolicyStatement, Role, ServicePrincipal
from aws_cdk.aws_logs import LogGroup
from constructs import Construct

from infra.config import WEBSOCKET_STAGE, StageConfig
from infra.constructs.access import Access, stream_access
from infra.constructs.python_function import Layers, PythonFunction, pascal
from infra.constructs.stream_consumer import StreamConsumer
from infra.nag import acknowledge
from infra.stacks.rounds import RoundsStack
from infra.stacks.stateful import StatefulStack

# Ten messages a second from each of 500 connections; the account's own limit is above it.
_WEBSOCKET_THROTTLE: Final = ThrottleSettings(rate_limit=5000, burst_limit=2500)
_HTTP_THROTTLE: Final = ThrottleSettings(rate_limit=500, burst_limit=500)
_DELIVERY_RETRIES: Final = 10
"""News: a client repairs a gap by itself, so that old events need not hold up new ones for long."""
_BETS: Final = {"dynamodb": {"Keys": {"sk": {"S": [{"prefix": "BET#"}]}}}}
_WALLETS: Final = {"dynamodb": {"Keys": {"sk": {"S": [{"prefix": "WALLET#"}]}}}}
_FORGET_CONNECTION: Final = ("Query", "BatchWriteItem", "GetItem", "DeleteItem")
"""Ending subscriptions, and freeing the seat of a player who is gone."""
_WALLET_PATHS: Final = (
    "/wallets",
    *(f"/wallets/{{currency}}/{what}" for what in ("history", "balance", "export")),
)
_RESUME_PATH: Final = "/players/{playerId}/wallets/{currency}/resume"
_MESSAGES: Final = {
    "lobby": "list_lobby",
    "match": "propose_tables",
    "sit": "take_seat",
    "stand": "leave_seat",
    "join": "join_table",
    "leave": "leave_table",
    "bet": "place_bets",
    "cancel": "cancel_bet",
    "ping": "answer_ping",
    "desk": "work_desk",
    "pit": "run_pit",
    "$default": "reject_message",
}


class ApiStack(Stack):
    """Both APIs with their functions, and the consumers that send events to connections."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        config: StageConfig,
        stateful: StatefulStack,
        rounds: RoundsStack,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id_, **kwargs)
        self._config = config
        self._stateful = stateful
        self._layers = Layers(self, "Layers", config=config)
        self.functions: dict[str, PythonFunction] = {}
        self.websocket = WebSocketApi(
            self, "Websocket", route_selection_expression="$request.body.action"
        )
        self.websocket_url = config.websocket_url(self.websocket.api_id)
        self._callback_url = config.callback_url(self.websocket.api_id)
        self._message_functions()
        self._staff_functions(rounds)
        self._websocket_routes()
        self._websocket_stage()
        self.http = self._http_api()
        self.api_url = config.api_url(self.http.api_id)
        self._delivery(rounds)
        for name, value in (
            ("ApiUrl", self.api_url),
            ("WebSocketUrl", self.websocket_url),
            ("CallbackUrl", self._callback_url),
        ):
            CfnOutput(self, name, value=value)
        for name, function in self.functions.items():
            CfnOutput(self, f"{pascal(name)}Function", value=function.function.function_name)

    def _function(
        self,
        name: str,
        *access: Access,
        role: IRole | None = None,
        timeout_seconds: int = 10,
        snap_start: bool = False,
    ) -> PythonFunction:
        function = PythonFunction(
            self,
            name,
            config=self._config,
            layers=self._layers,
            access=access,
            role=role,
            timeout_seconds=timeout_seconds,
            snap_start=snap_start,
        )
        self.functions[name] = function
        return function

    def _posting(self) -> Access:
        """The right to post to the connections of this API's stage, and to do nothing else."""
        connections = self.format_arn(
            service="execute-api",
            resource=self.websocket.api_id,
            resource_name=f"{WEBSOCKET_STAGE}/POST/@connections/*",
        )
        return Access(
            {"CALLBACK_URL": self._callback_url},
            [PolicyStatement(actions=["execute-api:ManageConnections"], resources=[connections])],
            {connections: "connections come and go; posting is limited to those of this stage"},
        )

    def _message_functions(self) -> None:
        to, function, posting = self._stateful, self._function, self._posting
        function("authorize_connection", to.sessions("GetItem", "DeleteItem"), snap_start=True)
        for name in ("list_lobby", "propose_tables"):
            function(name, to.floor("Query", "BatchGetItem"), to.sessions("Query"), posting())
        function("take_seat", to.sessions("Query", "PutItem"), posting())
        function("leave_seat", to.sessions("Query", "GetItem", "DeleteItem"), posting())
        function(
            "track_connection",
            to.sessions("PutItem", *_FORGET_CONNECTION),
            posting(),
        )
        function(
            "join_table",
            to.floor("GetItem"),
            to.log("Query"),
            to.ledger("Query"),
            to.wallets("GetItem"),
            to.sessions("Query", "PutItem"),
            posting(),
            snap_start=True,
        )
        function("leave_table", to.sessions(*_FORGET_CONNECTION), posting())
        function(
            "place_bets",
            to.floor("GetItem"),
            to.ledger("PutItem", "Query"),
            to.wallets("GetItem", "PutItem"),
            posting(),
            snap_start=True,
        )
        function(
            "cancel_bet",
            to.floor("ConditionCheckItem"),
            to.ledger("GetItem", "PutItem"),
            to.wallets("GetItem", "Query", "PutItem"),
            posting(),
            snap_start=True,
        )
        function("answer_ping", posting())
        function("reject_message", posting())

    def _staff_functions(self, rounds: RoundsStack) -> None:
        to = self._stateful
        moves = [to.log("Query", "PutItem"), to.signing(), to.shoes(), rounds.driving]
        self._function(
            "work_desk",
            to.floor("GetItem", "PutItem"),
            *moves,
            self._posting(),
            role=to.shoe_key.work_desk_role,
            timeout_seconds=20,
        )
        self._function(
            "run_pit",
            to.floor("GetItem", "PutItem", "Query"),
            *moves,
            to.ledger("PutItem", "Query"),
            to.wallets("GetItem", "PutItem"),
            to.archive(reads=["books"], writes="transcripts"),
            self._posting(),
            role=to.shoe_key.run_pit_role,
            timeout_seconds=28,
        )

    def _websocket_routes(self) -> None:
        functions, api = self.functions, self.websocket
        track = functions["track_connection"].target
        authorizer = WebSocketLambdaAuthorizer(
            "Ticket",
            functions["authorize_connection"].target,
            identity_source=["route.request.querystring.ticket"],
        )
        api.add_route(
            "$connect",
            integration=WebSocketLambdaIntegration("Connect", track),
            authorizer=authorizer,
        )
        routes = [
            api.add_route(
                "$disconnect", integration=WebSocketLambdaIntegration("Disconnect", track)
            )
        ]
        for route_key, name in _MESSAGES.items():
            integration = WebSocketLambdaIntegration(pascal(name), functions[name].target)
            routes.append(api.add_route(route_key, integration=integration))
        for route in routes:
            acknowledge(
                route,
                {"APIG4": "a websocket is authorised once, on $connect; its identity comes along"},
            )

    def _websocket_stage(self) -> None:
        stage = WebSocketStage(
            self,
            "WebsocketStage",
            web_socket_api=self.websocket,
            stage_name=WEBSOCKET_STAGE,
            auto_deploy=True,
            throttle=_WEBSOCKET_THROTTLE,
            detailed_metrics_enabled=True,
        )
        element = self._log_accesses(
            stage,
            "WebsocketAccessLogs",
            connectionId="$context.connectionId",
            eventType="$context.eventType",
            routeKey="$context.routeKey",
            status="$context.status",
            error="$context.error.messageString",
            integrationError="$context.integrationErrorMessage",
        )
        if self._config.on_aws:
            element.node.add_dependency(self._log_account())

    def _log_account(self) -> CfnAccount:
        """Let API Gateway write logs: websocket APIs need the role of the account and region."""
        role = Role(
            self,
            "GatewayLogs",
            assumed_by=ServicePrincipal("apigateway.amazonaws.com"),
            managed_policies=[
                ManagedPolicy.from_aws_managed_policy_name(
                    "service-role/AmazonAPIGatewayPushToCloudWatchLogs"
                )
            ],
        )
        # The setting belongs to the account, and other APIs may come to need it.
        role.apply_removal_policy(RemovalPolicy.RETAIN)
        acknowledge(
            role,
            {
                "IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
                "AmazonAPIGatewayPushToCloudWatchLogs]": (
                    "API Gateway checks the role of an account against the rights of this policy"
                )
            },
        )
        account = CfnAccount(self, "GatewayAccount", cloud_watch_role_arn=role.role_arn)
        account.apply_removal_policy(RemovalPolicy.RETAIN)
        account.node.add_dependency(role)
        return account

    def _http_api(self) -> HttpApi:
        to, function, config = self._stateful, self._function, self._config
        function(
            "issue_ticket",
            to.sessions("PutItem"),
            Access(
                {
                    "WEBSOCKET_URL": self.websocket_url,
                    "ALLOWED_ORIGINS": " ".join(config.allowed_origins),
                }
            ),
            snap_start=True,
        )
        function("get_transcript", to.archive(reads=["transcripts"]), to.signing())
        function("list_rounds", to.floor("GetItem", "BatchGetItem", "Query"), to.ledger("Query"))
        function("show_wallets", to.wallets("Query"), to.journal("GetItem", "Query"))
        function("resume_wallet", to.wallets("GetItem", "Query", "PutItem"))
        function("get_keys", to.public_key(), Access({"RETIRED_KEYS": config.retired_keys}))
        api = HttpApi(
            self,
            "Http",
            create_default_stage=False,
            cors_preflight=CorsPreflightOptions(
                allow_origins=list(config.allowed_origins),
                allow_headers=["authorization", "content-type", "idempotency-key"],
                allow_methods=[CorsHttpMethod.GET, CorsHttpMethod.POST],
                max_age=Duration.hours(1),
            ),
        )
        self.signed_in = signed_in = HttpJwtAuthorizer(
            "Users",
            f"https://cognito-idp.{self.region}.{self.url_suffix}/{to.user_pool.user_pool_id}",
            jwt_audience=[to.user_pool_client.user_pool_client_id],
        )
        everybody = HttpNoneAuthorizer()
        self._http_route(api, HttpMethod.POST, "/tickets", "issue_ticket", signed_in)
        self._http_route(
            api, HttpMethod.GET, "/rounds/{roundId}/transcript", "get_transcript", signed_in
        )
        self._http_route(api, HttpMethod.GET, "/tables/{tableId}/rounds", "list_rounds", signed_in)
        for path in _WALLET_PATHS:
            self._http_route(api, HttpMethod.GET, path, "show_wallets", signed_in)
        self._http_route(api, HttpMethod.POST, _RESUME_PATH, "resume_wallet", signed_in)
        keys = self._http_route(api, HttpMethod.GET, "/keys", "get_keys", everybody)
        acknowledge(keys, {"APIG4": "public keys are for everybody who verifies a transcript"})
        stage = HttpStage(
            self,
            "HttpStage",
            http_api=api,
            auto_deploy=True,
            throttle=_HTTP_THROTTLE,
            detailed_metrics_enabled=True,
        )
        self._log_accesses(
            stage,
            "HttpAccessLogs",
            routeKey="$context.routeKey",
            status="$context.status",
            error="$context.error.message",
            authorizerError="$context.authorizer.error",
            integrationError="$context.integrationErrorMessage",
        )
        return api

    def _http_route(
        self,
        api: HttpApi,
        method: HttpMethod,
        path: str,
        name: str,
        authorizer: IHttpRouteAuthorizer,
    ) -> HttpRoute:
        [route] = api.add_routes(
            path=path,
            methods=[method],
            integration=HttpLambdaIntegration(pascal(name), self.functions[name].target),
            authorizer=authorizer,
        )
        return route

    def _log_accesses(self, stage: WebSocketStage | HttpStage, id_: str, **fields: str) -> CfnStage:
        """Log each request. Neither query strings nor headers: they hold tickets and tokens."""
        log_group = LogGroup(
            self,
            id_,
            retention=self._config.log_retention,
            removal_policy=self._config.removal,
        )
        element = stage.node.default_child
        assert isinstance(element, CfnStage)
        line = {
            "requestId": "$context.requestId",
            "requestTime": "$context.requestTime",
            "sourceIp": "$context.identity.sourceIp",
            **fields,
        }
        element.access_log_settings = CfnStage.AccessLogSettingsProperty(
            destination_arn=log_group.log_group_arn, format=json.dumps(line)
        )
        return element

    def _delivery(self, rounds: RoundsStack) -> None:
        to = self._stateful
        connections = to.sessions(*_FORGET_CONNECTION)
        events = self._function(
            "fan_out_events",
            connections,
            self._posting(),
            rounds.parking_access,
            stream_access(to.log_table),
            timeout_seconds=60,
        )
        StreamConsumer(
            self,
            "Events",
            table=to.log_table,
            function=events,
            dead_letters=rounds.dead_letters,
            retries=_DELIVERY_RETRIES,
        )
        private = self._function(
            "notify_players",
            connections,
            self._posting(),
            rounds.parking_access,
            stream_access(to.ledger_table),
            *(stream_access(table) for table in to.wallet_tables.values()),
            timeout_seconds=60,
        )
        StreamConsumer(
            self,
            "Private",
            table=to.ledger_table,
            function=private,
            dead_letters=rounds.dead_letters,
            retries=_DELIVERY_RETRIES,
            only=[_BETS],
        )
        for tier, table in to.wallet_tables.items():
            StreamConsumer(
                self,
                f"{tier.capitalize()}Wallets",
                table=table,
                function=private,
                dead_letters=rounds.dead_letters,
                retries=_DELIVERY_RETRIES,
                only=[_WALLETS],
            )
