"""The video, read from the templates themselves: apart from the game, with no right too many."""

from __future__ import annotations

import json
from typing import Any

import pytest

from baccarat.adapters import observability
from baccarat.domain.video.sync import SyncReport
from infra.stacks.observability import LATEST_PICTURE_MS, METRICS_NAMESPACE
from media_sfu.settings import SfuSettings
from tests.infra.templates import ROOT, Templates

pytestmark = pytest.mark.xdist_group("infra")

TASK = "AWS::ECS::TaskDefinition"
ROLES = ("Origin", "Edge")


def container(templates: Templates, role: str) -> dict[str, Any]:
    [found] = templates.one(TASK, f"Servers{role}").properties["ContainerDefinitions"]
    return dict(found)


def rights(templates: Templates, role: str) -> set[tuple[str, str]]:
    """Return what a task's own role may do, as actions on resources."""
    policy = templates.one("AWS::IAM::Policy", f"Servers{role}Policy")
    return {
        (action, resource.partition(".Arn/")[2] or resource.rpartition("/")[2])
        for statement in templates.statements(policy.stack, policy.properties["PolicyDocument"])
        for action in statement.actions
        for resource in statement.resources
    }


def test_nothing_of_the_game_needs_the_video(stages: tuple[Templates, ...]) -> None:
    for templates in stages:
        exported = {
            output["Export"]["Name"]
            for name, template in templates.stacks.items()
            if name.endswith("-Video")
            for output in template.get("Outputs", {}).values()
            if "Export" in output
        }
        for name, template in templates.stacks.items():
            if not name.endswith(("-Video", "-Observability")):
                text = json.dumps(template)
                assert not [export for export in exported if export in text], name


def test_one_machine_has_the_functions_and_no_servers(sandbox: Templates) -> None:
    for kind in (TASK, "AWS::ECS::Service", "AWS::EC2::VPC", "AWS::ECR::Repository"):
        assert not list(sandbox.resources(kind)), kind
    assert {n for n, f in sandbox.functions().items() if f.stack.endswith("-Video")} == {
        *("issue_video_token", "take_video_report", "watch_cameras", "keep_segment"),
    }
    assert sandbox.one("AWS::S3::Bucket", "Films")
    assert sandbox.one("AWS::KMS::Key", "VideoTokenKey")


def test_who_signs_tokens_signs_nothing_else(dev: Templates) -> None:
    keys = {n: dev.one("AWS::KMS::Key", n).logical_id for n in ("VideoTokenKey", "FilmKey")}
    assert dev.holders("kms:Sign", keys["VideoTokenKey"]) == {"issue_video_token"}
    assert dev.holders("kms:Sign", keys["FilmKey"]) == {"keep_segment"}
    for role in ROLES:
        assert not [a for a, _ in rights(dev, role) if a.startswith("kms:")]


def test_a_task_may_do_what_it_is_for(dev: Templates) -> None:
    table = dev.one("AWS::DynamoDB::GlobalTable", "Video").logical_id
    keeper = dev.functions()["keep_segment"].logical_id
    edge = {("ec2:DescribeNetworkInterfaces", "*"), ("dynamodb:PutItem", f"{table}.Arn")}
    assert rights(dev, "Edge") == edge
    assert rights(dev, "Origin") == edge | {
        ("s3:PutObject", "files/*"),
        ("lambda:InvokeFunction", f"{keeper}.Arn"),
    }


@pytest.mark.parametrize("role", ROLES)
def test_a_task_can_carry_viewers_and_leave_in_peace(dev: Templates, role: str) -> None:
    found = container(dev, role)
    assert found["Ulimits"] == [{"Name": "nofile", "SoftLimit": 65536, "HardLimit": 65536}]
    assert found["StopTimeout"] == 120
    assert found["Command"] == [role.lower()]
    assert "/health" in found["HealthCheck"]["Command"][-1]
    assert found["ReadonlyRootFilesystem"] is True
    assert found["RestartPolicy"] == {"Enabled": True, "RestartAttemptPeriod": 60}
    secrets = {secret["Name"] for secret in found["Secrets"]}
    assert secrets == {"SERVICE_USER", "SERVICE_PASSWORD"}
    given = {pair["Name"]: pair["Value"] for pair in found["Environment"]}
    # Whatever else a server is told it would not hear.
    assert {name.lower() for name in given.keys() | secrets} <= SfuSettings.model_fields.keys()
    assert int(given["DRAIN_SECONDS"]) < found["StopTimeout"]
    assert ("UPSTREAM_URL" in given) == (role == "Edge")
    assert ("FILMS_BUCKET" in given) == (role == "Origin")
    assert "PASSWORD" not in json.dumps(sorted(given))
    service = dev.one("AWS::ECS::Service", f"Servers{role}Service").properties
    network = service["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert network["AssignPublicIp"] == "ENABLED"


def test_media_comes_straight_and_signalling_through_https(dev: Templates) -> None:
    group = dev.one("AWS::EC2::SecurityGroup", "ServersMedia").properties
    [media] = [rule for rule in group["SecurityGroupIngress"] if rule["IpProtocol"] == "udp"]
    assert (media["FromPort"], media["ToPort"]) == (32768, 60999)
    assert not [r for r in group["SecurityGroupIngress"] if r["IpProtocol"] == "tcp"]
    [listener] = dev.resources("AWS::ElasticLoadBalancingV2::Listener")
    assert listener.properties["Protocol"] == "HTTPS"
    paths = {
        tuple(rule.properties["Conditions"][0]["PathPatternConfig"]["Values"])
        for rule in dev.resources("AWS::ElasticLoadBalancingV2::ListenerRule")
    }
    assert paths == {("/whip/*", "/hls/*"), ("/whep/*",)}


def test_edges_follow_their_viewers(dev: Templates) -> None:
    policy = dev.one("AWS::ApplicationAutoScaling::ScalingPolicy", "ServersEdge").properties
    tracked = policy["TargetTrackingScalingPolicyConfiguration"]
    metric = tracked["CustomizedMetricSpecification"]
    assert (metric["Namespace"], metric["MetricName"]) == (METRICS_NAMESPACE, "Viewers")
    assert metric["Statistic"] == "Average"
    assert tracked["TargetValue"] == 400
    target = dev.one("AWS::ApplicationAutoScaling::ScalableTarget", "ServersEdge").properties
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 20)


def alarm_of(templates: Templates) -> dict[str, Any]:
    return templates.one("AWS::CloudWatch::Alarm", "Bac1PicturesLate").properties


def test_late_pictures_raise_an_alarm_after_three_of_five_minutes(dev: Templates) -> None:
    alarm = alarm_of(dev)
    assert (alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (5, 3)
    assert alarm["Threshold"] == LATEST_PICTURE_MS == 1_200
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    [expression] = [m["Expression"] for m in alarm["Metrics"] if "Expression" in m]
    assert expression == "IF(FILL(due, 0) > 0, MAX([FILL(seen, 0), FILL(sent, 999999)]), 0)"


def test_the_alarm_reads_what_functions_and_servers_write(
    dev: Templates, capsys: pytest.CaptureFixture[str]
) -> None:
    observability.table_open("bac-1", is_open=True)
    observability.pictures_seen(SyncReport("bac-1", "bac-1.000000001", (5,), 1, 0, 0, "webrtc"))
    observability.pictures_sent("bac-1", [5])
    written = set()
    for line in capsys.readouterr().out.splitlines():
        found = json.loads(line)
        [described] = found["_aws"]["CloudWatchMetrics"]
        [names] = described["Dimensions"]
        dimensions = tuple(sorted((name, found[name]) for name in names))
        written |= {(described["Namespace"], m["Name"], dimensions) for m in described["Metrics"]}
    read = {
        (
            stat["Namespace"],
            stat["MetricName"],
            tuple(sorted((d["Name"], d["Value"]) for d in stat["Dimensions"])),
        )
        for metric in alarm_of(dev)["Metrics"]
        if "MetricStat" in metric
        for stat in [metric["MetricStat"]["Metric"]]
    }
    assert len(read) == 3
    assert read <= written


def test_pictures_over_hls_are_late_by_nature_and_raise_no_alarm(
    dev: Templates, capsys: pytest.CaptureFixture[str]
) -> None:
    observability.pictures_seen(SyncReport("bac-1", "bac-1.000000001", (2_500,), 0, 0, 0, "hls"))
    found = json.loads(capsys.readouterr().out)
    assert (found["DelayedLagMs"], found["Rounds"]) == ([2_500], [0])
    assert "LagMs" not in found
    assert "DelayedLagMs" not in json.dumps(alarm_of(dev)["Metrics"])
    assert "DelayedLagMs" in json.dumps(dev.one("AWS::CloudWatch::Dashboard", "").properties)


def test_the_runbook_of_the_alarms_is_there(dev: Templates) -> None:
    for name in (
        *("Bac1PicturesLate", "VideoOriginUnhealthy", "VideoEdgeUnhealthy"),
        *("RecordingHoles", "AnchorsFailed"),
    ):
        description = dev.one("AWS::CloudWatch::Alarm", name).properties["AlarmDescription"]
        page = description.rpartition("See ")[2].rstrip(".")
        assert (ROOT / page).exists(), page
