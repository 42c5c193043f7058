"""The real CDK app, deployed into the emulator, and what the stacks say of themselves."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import boto3

from sandbox.configuration import REGION, ROOT, Options
from sandbox.processes import run_logged

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_RETENTION_DAYS = 1


def deploy(options: Options, provider_url: str) -> dict[str, str]:
    """Deploy every stack; return the outputs of all of them by name, and where the payment provider
    listens.

    Raises:
        SandboxError: the deployment failed.
    """
    cdk = str(ROOT / "node_modules" / ".bin" / "cdk")
    log = options.folder / "deploy.log"
    log.unlink(missing_ok=True)
    app = f"{sys.executable} app.py"
    common = [
        "--app",
        app,
        "--output",
        str(options.folder / "cdk.out"),
        "-c",
        "stage=sandbox",
        "-c",
        f"gatewayPort={options.port}",
        "-c",
        f"allowedOrigins={' '.join(options.origins)}",
        "-c",
        f"providerUrl={provider_url}",
        "-c",
        f"videoTables={' '.join(options.video_tables)}",
        "-c",
        f"videoUrl={options.video_url}",
    ]
    account = f"aws://000000000000/{REGION}"
    run_logged([cdk, "bootstrap", account, *common], options, log, "cdk bootstrap")
    run_logged(
        [cdk, "deploy", "--all", "--require-approval", "never", "--concurrency", "2", *common],
        options,
        log,
        "cdk deploy",
    )
    outputs = {**_outputs(), "ProviderUrl": provider_url}
    _lock_records(outputs["RecordsBucket"])
    _allow_origins(outputs["ApiUrl"].split("/")[-2], options.folder / "cdk.out")
    return outputs


def _outputs() -> dict[str, str]:
    cloudformation = boto3.client("cloudformation")
    return {
        output["OutputKey"]: output["OutputValue"]
        for stack in cloudformation.describe_stacks()["Stacks"]
        for output in stack.get("Outputs", [])
        if not output["OutputKey"].startswith("ExportsOutput")
    }


def _lock_records(bucket: str) -> None:
    """Give the bucket its default retention: the emulator leaves that out of CloudFormation."""
    s3: S3Client = boto3.client("s3")
    s3.put_object_lock_configuration(
        Bucket=bucket,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": _RETENTION_DAYS}},
        },
    )


def _allow_origins(api_id: str, assembly: Path) -> None:
    """Give the HTTP API the CORS configuration of its template: the emulator loses it there."""
    for template in assembly.glob("*.template.json"):
        for resource in json.loads(template.read_text())["Resources"].values():
            cors = resource.get("Properties", {}).get("CorsConfiguration")
            if resource["Type"] == "AWS::ApiGatewayV2::Api" and cors:
                boto3.client("apigatewayv2").update_api(ApiId=api_id, CorsConfiguration=cors)
