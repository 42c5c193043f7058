"""What every deployment must hold, read from the templates themselves."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from aws_cdk.aws_sqs import Queue

from app import compose
from baccarat.adapters import observability
from infra.stacks.observability import METRICS_NAMESPACE
from tests.infra.templates import ROOT, Templates, make_app

pytestmark = pytest.mark.xdist_group("infra")

FOLDERS = {path.parent.name for path in (ROOT / "functions").glob("*/handler.py")}
TABLES = "AWS::DynamoDB::GlobalTable"

LOG_WRITERS = {
    "open_round",
    "close_bets",
    "deal_cards",
    "resolve_round",
    "finish_round",
    "void_round",
    "watch_tables",
    "pause_dealing",
    "work_desk",
    "run_pit",
    "keep_segment",
}
LEDGER_WRITERS = {
    "place_bets",
    "cancel_bet",
    "close_bets",
    "settle_bets",
    "finish_round",
    "void_round",
    "watch_tables",
    "follow_bets",
    "run_pit",
}
PAYMENTS = {
    *("request_payments", "receive_webhook", "review_withdrawals", "watch_payments"),
    *("assess_withdrawal", "await_review", "queue_withdrawal", "send_withdrawal"),
}
SIGNERS = LOG_WRITERS | {"get_transcript"}


# ── functions ──


def test_every_function_folder_is_deployed(stages: tuple[Templates, ...]) -> None:
    for templates in stages:
        assert set(templates.functions()) == FOLDERS


def test_environment_is_what_the_settings_ask_for(stages: tuple[Templates, ...]) -> None:
    for templates in stages:
        for name, function in templates.functions().items():
            settings = importlib.import_module(f"functions.{name}.settings").Settings
            wanted = {field.upper() for field in settings.model_fields} - {"AWS_REGION"}
            given = set(function.properties.get("Environment", {}).get("Variables", {}))
            assert given - {"POWERTOOLS_TRACE_DISABLED"} == wanted, name


def test_every_function_has_its_own_role_and_log_group(dev: Templates) -> None:
    functions = dev.functions()
    roles = Counter(dev.role_of(function) for function in functions.values())
    groups = Counter(
        dev.text(f.stack, f.properties["LoggingConfig"]["LogGroup"]) for f in functions.values()
    )
    assert set(roles.values()) == {1}
    assert set(groups.values()) == {1}


def test_every_log_group_has_a_retention(stages: tuple[Templates, ...]) -> None:
    for templates in stages:
        for group in templates.resources("AWS::Logs::LogGroup"):
            assert group.properties["RetentionInDays"] <= 365, group.logical_id


def test_functions_of_one_target(dev: Templates) -> None:
    for name, function in dev.functions().items():
        assert function.properties["Runtime"] == "python3.13", name
        assert function.properties["Architectures"] == ["arm64"], name
        assert function.properties["TracingConfig"] == {"Mode": "Active"}, name


def test_the_bet_starts_from_a_snapshot_and_is_reached_through_its_alias(dev: Templates) -> None:
    bet = dev.functions()["place_bets"]
    assert bet.properties["SnapStart"] == {"ApplyOn": "PublishedVersions"}
    alias = dev.one("AWS::Lambda::Alias", "PlaceBets")
    integration = dev.one("AWS::ApiGatewayV2::Integration", "Websocketbet")
    assert alias.logical_id in json.dumps(integration.properties["IntegrationUri"])


# ── rights ──


def test_no_right_has_a_wildcard_action(stages: tuple[Templates, ...]) -> None:
    for templates in stages:
        for name in templates.functions():
            for statement in templates.statements_of(name):
                assert not [a for a in statement.actions if "*" in a], name


def test_any_resource_is_for_traces_alone(dev: Templates, sandbox: Templates) -> None:
    traces = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
    for templates in (dev, sandbox):
        for name in templates.functions():
            for statement in templates.statements_of(name):
                if "*" in statement.resources:
                    assert statement.actions == traces, name


def test_wildcards_inside_resources_are_the_known_ones(dev: Templates) -> None:
    known = re.compile(
        r"/(books|transcripts|manifests|rounds|stream|live/POST/@connections)/\*$|:execution:.*\.Name:\*$"
    )
    for name in dev.functions():
        for statement in dev.statements_of(name):
            for resource in statement.resources - {"*"}:
                assert "*" not in resource or known.search(resource), (name, resource)


def test_only_the_steps_write_the_log(dev: Templates) -> None:
    log = dev.one(TABLES, "Log").logical_id
    assert dev.holders("dynamodb:PutItem", log) == LOG_WRITERS


def test_only_the_commands_of_money_write_the_ledger(dev: Templates) -> None:
    ledger = dev.one(TABLES, "Ledger").logical_id
    assert dev.holders("dynamodb:PutItem", ledger) == LEDGER_WRITERS


def test_what_follows_the_bets_refunds_and_tallies_and_may_do_nothing_else(dev: Templates) -> None:
    names = ("Floor", "Ledger", "StandardWallets", "VipWallets")
    tables = {dev.one(TABLES, name).logical_id: name for name in names}
    rights = {
        (action.removeprefix("dynamodb:"), name)
        for statement in dev.statements_of("follow_bets")
        for action in statement.actions
        if action.startswith("dynamodb:")
        for resource in statement.resources
        for id_, name in tables.items()
        if id_ in resource
    }
    assert rights == {
        *(("GetItem", "Floor"), ("PutItem", "Floor")),
        *(("PutItem", "Ledger"), ("Query", "Ledger")),
        *(("GetItem", "StandardWallets"), ("PutItem", "StandardWallets")),
        *(("GetItem", "VipWallets"), ("PutItem", "VipWallets")),
        *(("DescribeStream", "Ledger"), ("GetRecords", "Ledger")),
        *(("GetShardIterator", "Ledger"), ("ListStreams", "Ledger")),
    }
    objects = {
        (action, resource.rpartition(".Arn")[2])
        for statement in dev.statements_of("follow_bets")
        for action in statement.actions
        if action.startswith("s3:")
        for resource in statement.resources
    }
    assert objects == {("s3:GetObject", "/books/*"), ("s3:ListBucket", "")}
    assert "place_bets" not in dev.holders("dynamodb:PutItem", dev.one(TABLES, "Floor").logical_id)


def test_the_wallets_of_every_tier_are_written_by_the_same_functions(dev: Templates) -> None:
    writers = LEDGER_WRITERS - {"finish_round"} | PAYMENTS | {"reconcile_wallets", "resume_wallet"}
    for tier in ("Standard", "Vip"):
        table = dev.one(TABLES, f"{tier}Wallets").logical_id
        assert dev.holders("dynamodb:PutItem", table) == writers


def test_the_journal_is_written_by_its_projector_and_the_watchdog_of_payments(
    dev: Templates,
) -> None:
    journal, ledger = (dev.one(TABLES, name).logical_id for name in ("Journal", "Ledger"))
    for action in ("PutItem", "DeleteItem"):
        writers = dev.holders(f"dynamodb:{action}", journal)
        assert writers == {"project_wallets", "watch_payments"}
    # Reading everything is for those who make and check the books.
    scanners = {"project_wallets", "reconcile_wallets"}
    assert dev.holders("dynamodb:Scan", ledger) == scanners
    assert dev.holders("dynamodb:Scan") == scanners


def test_a_stopped_wallet_raises_an_alarm(dev: Templates) -> None:
    for name in ("WalletsStopped", "BooksDiffer"):
        alarm = dev.one("AWS::CloudWatch::Alarm", name).properties
        assert (alarm["Namespace"], alarm["MetricName"]) == (METRICS_NAMESPACE, name)
        assert alarm["Dimensions"] == [{"Name": "service", "Value": observability.LEDGER}]
        assert alarm["Threshold"] == 1


def test_nobody_updates_or_deletes_in_log_and_ledger(stages: tuple[Templates, ...]) -> None:
    for templates in stages:
        for table in ("Log", "Ledger", "Floor", "StandardWallets", "VipWallets"):
            table_id = templates.one(TABLES, table).logical_id
            for action in ("UpdateItem", "DeleteItem", "BatchWriteItem", "PartiQLUpdate"):
                assert not templates.holders(f"dynamodb:{action}", table_id), (table, action)


def test_of_the_journal_only_open_payments_are_deleted(dev: Templates) -> None:
    journal = dev.one(TABLES, "Journal").logical_id
    open_only = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["PAYMENTS#OPEN"]}}
    holders = dev.holders("dynamodb:DeleteItem", journal)
    assert "watch_payments" in holders
    for name in holders:
        for statement in dev.statements_of(name):
            if "dynamodb:DeleteItem" in statement.actions:
                assert statement.conditions == open_only, name


def test_a_cancel_checks_the_round_and_reads_nothing_of_the_floor(dev: Templates) -> None:
    floor = dev.one(TABLES, "Floor").logical_id
    assert dev.holders("dynamodb:ConditionCheckItem", floor) == {"cancel_bet"}
    assert "cancel_bet" not in dev.holders("dynamodb:GetItem", floor)


def test_the_lobby_reads_tables_and_attendance_and_nothing_else(dev: Templates) -> None:
    floor, sessions = (dev.one(TABLES, name).logical_id for name in ("Floor", "Sessions"))
    for name in ("list_lobby", "propose_tables"):
        rights = {
            (action, table)
            for statement in dev.statements_of(name)
            for action in statement.actions
            for table in (floor, sessions)
            if any(table in resource for resource in statement.resources)
        }
        assert rights == {
            ("dynamodb:Query", floor),
            ("dynamodb:BatchGetItem", floor),
            ("dynamodb:Query", sessions),
        }
        tables = {a for s in dev.statements_of(name) for a in s.actions if "dynamodb" in a}
        assert tables == {"dynamodb:Query", "dynamodb:BatchGetItem"}


def test_past_rounds_are_read_from_floor_and_ledger_alone(dev: Templates) -> None:
    tables = {
        a for s in dev.statements_of("list_rounds") for a in s.actions if a.startswith("dynamodb")
    }
    assert tables == {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"}
    ledger = dev.one(TABLES, "Ledger").logical_id
    assert "list_rounds" not in dev.holders("dynamodb:GetItem", ledger)
    assert "list_rounds" in dev.holders("dynamodb:Query", ledger)


def test_seats_are_taken_by_one_function_and_freed_by_those_who_see_players_go(
    dev: Templates,
) -> None:
    sessions = dev.one(TABLES, "Sessions").logical_id
    assert dev.holders("dynamodb:PutItem", sessions) == {
        *("issue_ticket", "track_connection", "join_table", "take_seat"),
    }
    assert dev.holders("dynamodb:DeleteItem", sessions) == {
        *("authorize_connection", "leave_seat", "leave_table", "track_connection"),
        *("fan_out_events", "notify_players"),
    }


def test_only_the_steps_sign(dev: Templates) -> None:
    log_key = dev.one("AWS::KMS::Key", "Signing").logical_id
    assert dev.holders("kms:Sign", log_key) == SIGNERS
    assert dev.holders("kms:Sign") == SIGNERS | {"issue_video_token"}
    assert dev.holders("kms:GetPublicKey", log_key) == SIGNERS | {"get_keys"}
    for name in SIGNERS | {"issue_video_token"}:
        [signing] = [s for s in dev.statements_of(name) if "kms:Sign" in s.actions]
        assert signing.conditions["StringEquals"]["kms:SigningAlgorithm"] == "ECDSA_SHA_256"


def test_seeds_are_opened_by_the_dealing_function_alone(stages: tuple[Templates, ...]) -> None:
    for templates in stages:
        # No role's policy gives it: the key's own names the two roles, and no one can delegate.
        for action in ("Decrypt", "Encrypt", "CreateGrant", "ReEncryptFrom", "GenerateDataKey"):
            assert not templates.holders(f"kms:{action}"), action
        key = templates.one("AWS::KMS::Key", "Seeds")
        document = key.properties["KeyPolicy"]["Statement"]
        users = {
            (action, templates.text(key.stack, statement["Principal"]["AWS"]).removesuffix(".Arn"))
            for statement in document
            for action in [statement["Action"]]
            if isinstance(action, str)
        }
        functions = templates.functions()
        assert users == {
            ("kms:Encrypt", templates.role_of(functions["open_round"])),
            ("kms:Decrypt", templates.role_of(functions["deal_cards"])),
        }
        [administration] = [s for s in document if not isinstance(s["Action"], str)]
        delegated = {"kms:Encrypt", "kms:Decrypt", "kms:CreateGrant", "kms:*"}
        assert not delegated & set(administration["Action"])


def test_seeds_are_bound_to_their_round(dev: Templates) -> None:
    key = dev.one("AWS::KMS::Key", "Seeds")
    for statement in key.properties["KeyPolicy"]["Statement"]:
        if isinstance(statement["Action"], str):
            assert statement["Condition"] == {
                "Null": {"kms:EncryptionContext:roundId": "false"},
                "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["roundId"]},
            }


def test_what_a_shoe_was_committed_to_is_for_desk_and_pit_alone(
    stages: tuple[Templates, ...],
) -> None:
    for templates in stages:
        key = templates.one("AWS::KMS::Key", "Shoes")
        functions = templates.functions()
        rights = {}
        for statement in key.properties["KeyPolicy"]["Statement"]:
            role = templates.text(key.stack, statement["Principal"]["AWS"]).removesuffix(".Arn")
            if "Condition" in statement:
                assert statement["Condition"] == {
                    "Null": {"kms:EncryptionContext:shoeId": "false"},
                    "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["shoeId"]},
                }
                rights[role] = statement["Action"]
            else:
                assert not {"kms:Encrypt", "kms:Decrypt", "kms:*"} & set(statement["Action"])
        assert rights == {
            templates.role_of(functions["work_desk"]): ["kms:Decrypt", "kms:Encrypt"],
            templates.role_of(functions["run_pit"]): "kms:Decrypt",
        }


def test_who_starts_rounds_and_who_answers_what_they_wait_for(dev: Templates) -> None:
    machine = dev.one("AWS::StepFunctions::StateMachine", "Round").logical_id
    staff = {"work_desk", "run_pit"}
    assert dev.holders("states:StartExecution", machine) == {
        "finish_round",
        "void_round",
        "watch_tables",
        *staff,
    }
    for answer in ("Success", "Failure", "Heartbeat"):
        holders = dev.holders(f"states:SendTask{answer}", machine)
        assert holders == {"await_cards", "pause_dealing", *staff}


# ── rounds ──


def test_every_substitution_of_the_state_machine_is_made(stages: tuple[Templates, ...]) -> None:
    text = (ROOT / "functions" / "state_machines" / "round.asl.json").read_text()
    for templates in stages:
        machine = templates.one("AWS::StepFunctions::StateMachine", "Round")
        substitutions = machine.properties["DefinitionSubstitutions"]
        assert machine.properties["DefinitionString"] == text
        assert set(substitutions) == set(re.findall(r"\$\{(\w+)\}", text))
        functions = templates.functions()
        for name, arn in substitutions.items():
            expected = f"{functions[name].stack}/{functions[name].logical_id}.Arn"
            assert templates.text(machine.stack, arn) == expected


def test_the_state_machine_is_standard_and_logs_errors_without_data(dev: Templates) -> None:
    machine = dev.one("AWS::StepFunctions::StateMachine", "Round").properties
    assert machine["StateMachineType"] == "STANDARD"
    assert machine["LoggingConfiguration"]["Level"] == "ERROR"
    assert machine["LoggingConfiguration"]["IncludeExecutionData"] is False
    assert machine["TracingConfiguration"] == {"Enabled": True}


def test_a_step_ends_before_its_state_gives_up(dev: Templates) -> None:
    asl = (ROOT / "functions" / "state_machines" / "round.asl.json").read_text()
    pattern = re.compile(r'"\$\{(\w+)\}".*?"TimeoutSeconds": (\d+)', re.DOTALL)
    limits = dict(pattern.findall(asl))
    assert len(limits) == 9
    for name, limit in limits.items():
        assert dev.functions()[name].properties["Timeout"] < int(limit), name


def test_watchdogs_look_every_minute_and_the_reconciler_every_quarter_of_an_hour(
    stages: tuple[Templates, ...],
) -> None:
    for templates in stages:
        names = {f.logical_id: name for name, f in templates.functions().items()}
        rules = {}
        for rule in templates.resources("AWS::Events::Rule"):
            [target] = rule.properties["Targets"]
            # Of the version that is in service, where there is one.
            arn = templates.text(rule.stack, target["Arn"])
            [called] = [name for id_, name in names.items() if id_ in arn]
            rules[called] = (rule.properties["ScheduleExpression"], rule.properties["State"])
        assert rules == {
            "watch_tables": ("rate(1 minute)", "ENABLED"),
            "watch_payments": ("rate(1 minute)", "ENABLED"),
            "reconcile_wallets": ("rate(15 minutes)", "ENABLED"),
            # Where there are no cameras there is nothing to say.
            "watch_cameras": (
                "rate(1 minute)",
                "DISABLED" if templates.stage == "sandbox" else "ENABLED",
            ),
        }


def test_streams_are_read_from_the_start_with_bounded_retries(
    stages: tuple[Templates, ...],
) -> None:
    for templates in stages:
        mappings = [
            mapping
            for mapping in templates.resources("AWS::Lambda::EventSourceMapping")
            if "StartingPosition" in mapping.properties
        ]
        sources = [templates.text(m.stack, m.properties["EventSourceArn"]) for m in mappings]
        # AWS advises two for each shard at most; docs/decisions/0014 says how a third is attached.
        readers = {
            name: sum(templates.one(TABLES, name).logical_id in source for source in sources)
            for name in ("Ledger", "Log", "StandardWallets", "VipWallets")
        }
        assert readers == {"Ledger": 2, "Log": 1, "StandardWallets": 2, "VipWallets": 2}
        assert len(sources) == 7
        for mapping in mappings:
            properties = mapping.properties
            assert properties["StartingPosition"] == "TRIM_HORIZON"
            assert properties["BisectBatchOnFunctionError"] is True
            assert 0 < properties["MaximumRetryAttempts"] <= 100
            destination = properties["DestinationConfig"]["OnFailure"]["Destination"]
            assert "DeadLetters" in templates.text(mapping.stack, destination)


def test_new_bets_and_changed_stakes_are_followed_alone(dev: Templates) -> None:
    [mapping] = [
        m.properties
        for m in dev.resources("AWS::Lambda::EventSourceMapping")
        if "ChangedStakes" in m.logical_id
    ]
    new, changed = (json.loads(f["Pattern"]) for f in mapping["FilterCriteria"]["Filters"])
    keys = {"sk": {"S": [{"prefix": "BET#"}]}}
    assert new == {"eventName": ["INSERT"], "dynamodb": {"Keys": keys}}
    states = {"state": {"S": ["PLACED", "CANCELLED"]}}
    assert changed == {"dynamodb": {"Keys": keys, "NewImage": states}}


# ── data ──


def test_data_outlives_its_stack_on_aws(dev: Templates, prod: Templates) -> None:
    kinds = (TABLES, "AWS::KMS::Key", "AWS::S3::Bucket", "AWS::Cognito::UserPool")
    for templates in (dev, prod):
        for resource in templates.resources(*kinds):
            assert resource.body["DeletionPolicy"] == "Retain", resource.logical_id
            assert resource.body["UpdateReplacePolicy"] == "Retain", resource.logical_id
        for table in templates.resources(TABLES):
            [replica] = table.properties["Replicas"]
            assert replica["DeletionProtectionEnabled"] is True
            assert replica["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
        pool = templates.one("AWS::Cognito::UserPool", "Users")
        assert pool.properties["DeletionProtection"] == "ACTIVE"


def test_nothing_is_kept_on_one_machine(sandbox: Templates) -> None:
    for resource in sandbox.resources(TABLES, "AWS::KMS::Key", "AWS::S3::Bucket"):
        assert resource.body["DeletionPolicy"] == "Delete", resource.logical_id


def test_streams_and_expiry_of_tables(dev: Templates) -> None:
    images = "NEW_AND_OLD_IMAGES"
    streams = {"Floor": None, "Log": "NEW_IMAGE", "Ledger": images, "Sessions": None}
    streams |= {"StandardWallets": images, "VipWallets": images, "Journal": None}
    for name, view in streams.items():
        table = dev.one(TABLES, name).properties
        assert table.get("StreamSpecification", {}).get("StreamViewType") == view
        assert ("TimeToLiveSpecification" in table) == (name == "Sessions")
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        types = {a["AttributeName"]: a["AttributeType"] for a in table["AttributeDefinitions"]}
        assert types == {"pk": "S", "sk": "N" if name == "Log" else "S"}


@pytest.mark.parametrize(("stage", "days"), [("dev", 1), ("prod", 1827)])
def test_records_are_locked(request: pytest.FixtureRequest, stage: str, days: int) -> None:
    templates: Templates = request.getfixturevalue(stage)
    buckets = {
        b.logical_id[:-8]: b.properties  # without CDK's hash
        for b in templates.resources("AWS::S3::Bucket")
        if b.properties.get("ObjectLockEnabled")
    }
    film_days = 7 if stage == "dev" else 90
    for name, kept in {"Records": days, "Films": film_days}.items():
        bucket = buckets.pop(name)
        rule = bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
        assert rule == {"Mode": "COMPLIANCE", "Days": kept}
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert buckets == {}


def test_every_bucket_is_private(stages: tuple[Templates, ...]) -> None:
    for templates in stages:
        for bucket in templates.resources("AWS::S3::Bucket"):
            blocked = bucket.properties["PublicAccessBlockConfiguration"]
            assert set(blocked.values()) == {True}
            assert len(blocked) == 4


def test_nobody_signs_up_by_himself(dev: Templates) -> None:
    pool = dev.one("AWS::Cognito::UserPool", "Users").properties
    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    # Which account a sign-in stands for is said when it is made, and never again.
    [account] = pool["Schema"]
    assert (account["Name"], account["Mutable"]) == ("account", False)
    groups = {g.properties["GroupName"] for g in dev.resources("AWS::Cognito::UserPoolGroup")}
    assert groups == {
        *("player", "dealer", "pit", "ops", "cashier", "auditor", "studio", "edge"),
    }


# ── APIs ──


def test_websocket_routes(dev: Templates) -> None:
    routes = {
        r.properties["RouteKey"]: r.properties
        for r in dev.resources("AWS::ApiGatewayV2::Route")
        if "Websocket" in r.logical_id
    }
    assert set(routes) == {
        *("$connect", "$disconnect", "$default"),
        *("lobby", "match", "join", "leave", "sit", "stand", "bet", "cancel", "ping"),
        *("desk", "pit"),
    }
    assert routes["$connect"]["AuthorizationType"] == "CUSTOM"
    authorizer = dev.one("AWS::ApiGatewayV2::Authorizer", "Websocket").properties
    assert authorizer["IdentitySource"] == ["route.request.querystring.ticket"]


def test_only_keys_are_public(dev: Templates) -> None:
    routes = {
        r.properties["RouteKey"]: r.properties["AuthorizationType"]
        for r in dev.resources("AWS::ApiGatewayV2::Route")
        if r.logical_id.startswith("Http")
    }
    assert routes == {
        "POST /tickets": "JWT",
        "GET /rounds/{roundId}/transcript": "JWT",
        "GET /tables/{tableId}/rounds": "JWT",
        "GET /wallets": "JWT",
        "GET /wallets/{currency}/history": "JWT",
        "GET /wallets/{currency}/balance": "JWT",
        "GET /wallets/{currency}/export": "JWT",
        "POST /players/{playerId}/wallets/{currency}/resume": "JWT",
        "GET /keys": "NONE",
    }


def test_access_logs_hold_no_ticket_or_token(dev: Templates) -> None:
    for stage in dev.resources("AWS::ApiGatewayV2::Stage"):
        written = stage.properties["AccessLogSettings"]["Format"]
        assert "querystring" not in written.lower()
        assert "header" not in written.lower()
        assert stage.properties["DefaultRouteSettings"]["ThrottlingRateLimit"] > 0


def test_browsers_of_other_origins_are_refused(prod: Templates) -> None:
    cors = prod.one("AWS::ApiGatewayV2::Api", "Http").properties["CorsConfiguration"]
    assert cors["AllowOrigins"] == ["https://play.baccarat.example"]
    assert cors["AllowHeaders"] == ["authorization", "content-type", "idempotency-key"]
    assert not cors.get("AllowCredentials")


def test_sandbox_addresses_are_those_of_the_emulator(sandbox: Templates) -> None:
    [api] = [name for name in sandbox.stacks if name.endswith("-Api")]
    outputs = {
        name: sandbox.text(api, output["Value"])
        for name, output in sandbox.stacks[api]["Outputs"].items()
    }
    assert outputs["WebSocketUrl"].startswith("ws://127.0.0.1:4566/_aws/execute-api/")
    assert outputs["CallbackUrl"].startswith("http://127.0.0.1:4566/_aws/execute-api/")
    assert outputs["ApiUrl"].endswith("/$default")


# ── operation ──


def test_alarms(dev: Templates) -> None:
    alarms = list(dev.resources("AWS::CloudWatch::Alarm"))
    ids = {alarm.logical_id[:-8] for alarm in alarms}  # without CDK's hash
    named = {name: "".join(part.capitalize() for part in name.split("_")) for name in FOLDERS}
    assert {f"{n}Errors" for n in named.values()} <= ids
    assert {f"{n}Throttles" for n in named.values()} <= ids
    assert ids >= {
        *("RoundsFailed", "RoundsTimedOut", "RoundsVoided", "TalliesFailed"),
        *("DeadLettersWaiting", "LedgerDeadLettersWaiting", "ParkedWaiting"),
        *("FanOutEventsLate", "NotifyPlayersLate", "FollowBetsLate", "ProjectWalletsLate"),
        *(f"{table}TableThrottles" for table in ("Floor", "Log", "Ledger", "Sessions")),
    }
    for alarm in alarms:
        assert alarm.properties["AlarmActions"], alarm.logical_id
        assert alarm.properties["TreatMissingData"] == "notBreaching"


@pytest.mark.parametrize(
    ("name", "service"),
    [
        ("RoundsVoided", observability.ROUNDS),
        ("TalliesFailed", observability.ROUNDS),
        ("RecordingHoles", observability.VIDEO),
        ("AnchorsFailed", observability.VIDEO),
    ],
)
def test_an_alarm_reads_the_metric_that_the_functions_write(
    dev: Templates, capsys: pytest.CaptureFixture[str], name: str, service: str
) -> None:
    alarm = dev.one("AWS::CloudWatch::Alarm", name).properties
    assert alarm["Namespace"] == METRICS_NAMESPACE == observability.NAMESPACE
    observability.count(name, 1, service)
    written = json.loads(capsys.readouterr().out)
    assert alarm["Dimensions"] == [{"Name": "service", "Value": written["service"]}]
    [metric] = written["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    assert alarm["MetricName"] == metric["Name"] == name


def test_an_unexplained_finding_stops_the_synthesis(tmp_path: Path) -> None:
    app = make_app("sandbox", tmp_path)
    compose(app)
    Queue(app.node.find_child("Baccarat-sandbox-main-Rounds"), "NobodyExplainedMe")
    with pytest.raises(RuntimeError, match="SQS"):
        app.synth()


def test_cfn_lint_finds_nothing(stages: tuple[Templates, ...]) -> None:
    paths = [str(path) for t in stages for path in t.outdir.glob("*.template.json")]
    tool = Path(sys.executable).with_name("cfn-lint")
    done = subprocess.run([tool, "--", *paths], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
