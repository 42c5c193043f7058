"""The static pages behind CloudFront."""

from __future__ import annotations

from typing import Any, Final

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk.aws_certificatemanager import Certificate
from aws_cdk.aws_cloudfront import (
    BehaviorOptions,
    Distribution,
    HeadersFrameOption,
    HeadersReferrerPolicy,
    HttpVersion,
    ResponseHeadersContentSecurityPolicy,
    ResponseHeadersContentTypeOptions,
    ResponseHeadersFrameOptions,
    ResponseHeadersPolicy,
    ResponseHeadersReferrerPolicy,
    ResponseHeadersStrictTransportSecurity,
    ResponseSecurityHeadersBehavior,
    SecurityPolicyProtocol,
    ViewerProtocolPolicy,
)
from aws_cdk.aws_cloudfront_origins import S3BucketOrigin
from aws_cdk.aws_logs import LogGroup
from aws_cdk.aws_s3 import (
    BlockPublicAccess,
    Bucket,
    BucketEncryption,
    ObjectOwnership,
)
from aws_cdk.aws_s3_deployment import BucketDeployment, Source
from constructs import Construct

from infra.bundling import ROOT
from infra.config import StageConfig
from infra.nag import acknowledge, acknowledge_wildcards
from infra.stacks.api import ApiStack
from infra.stacks.stateful import StatefulStack

_HSTS_DAYS: Final = 730
_HLS: Final = ROOT / "node_modules" / "hls.js" / "dist" / "hls.light.min.mjs"
"""Copied to the pages as it is; docs/decisions/0019-the-page-and-its-picture.md."""
_LOG_DAYS: Final = 90


class WebStack(Stack):
    """A private bucket, a distribution, the pages of ``web/`` and their ``config.json``."""

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
        self._sign_in = f"https://cognito-idp.{self.region}.{self.url_suffix}"
        logs = self._bucket("AccessLogs", ObjectOwnership.BUCKET_OWNER_PREFERRED)
        logs.add_lifecycle_rule(expiration=Duration.days(_LOG_DAYS))
        acknowledge(logs, {"S1": "this bucket takes the access logs"})
        pages = self._bucket("Pages", ObjectOwnership.BUCKET_OWNER_ENFORCED, logs=logs)
        distribution = self._distribution(pages, logs, api)
        self._deployment(pages, distribution, stateful, api)
        CfnOutput(self, "WebUrl", value=f"https://{distribution.distribution_domain_name}")

    def _bucket(self, name: str, ownership: ObjectOwnership, logs: Bucket | None = None) -> Bucket:
        return Bucket(
            self,
            name,
            block_public_access=BlockPublicAccess.BLOCK_ALL,
            encryption=BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            object_ownership=ownership,
            server_access_logs_bucket=logs,
            server_access_logs_prefix="s3/" if logs else None,
            removal_policy=self._config.removal,
        )

    def _distribution(self, pages: Bucket, logs: Bucket, api: ApiStack) -> Distribution:
        config = self._config
        domain, certificate_arn = config.web_domain, config.web_certificate_arn
        own_domain = bool(domain and certificate_arn)
        distribution = Distribution(
            self,
            "Distribution",
            default_behavior=BehaviorOptions(
                origin=S3BucketOrigin.with_origin_access_control(pages),
                viewer_protocol_policy=ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
                response_headers_policy=self._headers(api),
                compress=True,
            ),
            default_root_object="index.html",
            http_version=HttpVersion.HTTP2_AND_3,
            minimum_protocol_version=SecurityPolicyProtocol.TLS_V1_2_2021 if own_domain else None,
            enable_logging=True,
            log_bucket=logs,
            log_file_prefix="cloudfront/",
            domain_names=[domain] if own_domain and domain else None,
            certificate=Certificate.from_certificate_arn(self, "Certificate", certificate_arn)
            if own_domain and certificate_arn
            else None,
        )
        findings = {
            "CFR1": "where the house may offer play is decided by its licence and KYC, not by "
            "the address of static pages",
            "CFR2": "static pages from a private bucket: nothing behind them for a WAF to guard",
        }
        if not own_domain:
            findings["CFR4"] = "CloudFront's own domain fixes its TLS policy; with web_domain and "
            findings["CFR4"] += "web_certificate_arn TLS 1.2 is the least"
        acknowledge(distribution, findings)
        return distribution

    def _headers(self, api: ApiStack) -> ResponseHeadersPolicy:
        websocket_origin = api.websocket_url.rsplit("/", 1)[0]
        connections = (
            *("'self'", api.api_url, websocket_origin, self._sign_in),
            self._config.video_address,
        )
        content_security = "; ".join(
            (
                "default-src 'none'",
                "script-src 'self'",
                "style-src 'self'",
                "img-src 'self' data: blob:",
                "media-src 'self' blob:",
                "font-src 'self'",
                "worker-src 'self'",
                f"connect-src {' '.join(connections)}",
                "base-uri 'none'",
                "form-action 'none'",
                "frame-ancestors 'none'",
            )
        )
        return ResponseHeadersPolicy(
            self,
            "Headers",
            security_headers_behavior=ResponseSecurityHeadersBehavior(
                content_security_policy=ResponseHeadersContentSecurityPolicy(
                    content_security_policy=content_security, override=True
                ),
                strict_transport_security=ResponseHeadersStrictTransportSecurity(
                    access_control_max_age=Duration.days(_HSTS_DAYS),
                    include_subdomains=True,
                    override=True,
                ),
                content_type_options=ResponseHeadersContentTypeOptions(override=True),
                frame_options=ResponseHeadersFrameOptions(
                    frame_option=HeadersFrameOption.DENY, override=True
                ),
                referrer_policy=ResponseHeadersReferrerPolicy(
                    referrer_policy=HeadersReferrerPolicy.NO_REFERRER, override=True
                ),
            ),
        )

    def _deployment(
        self, pages: Bucket, distribution: Distribution, stateful: StatefulStack, api: ApiStack
    ) -> None:
        settings = {
            "cognitoEndpoint": self._sign_in,
            "userPoolClientId": stateful.user_pool_client.user_pool_client_id,
            "apiUrl": api.api_url,
            "filmed": list(self._config.video_tables),
        }
        upload = BucketDeployment(
            self,
            "Upload",
            sources=[
                Source.asset(str(ROOT / "web"), exclude=["**/.*", "**/node_modules"]),
                Source.data("vendor/hls.mjs", _HLS.read_text()),
                Source.json_data("config.json", settings),
            ],
            destination_bucket=pages,
            distribution=distribution,
            distribution_paths=["/*"],
            log_group=LogGroup(
                self,
                "UploadLogs",
                retention=self._config.log_retention,
                removal_policy=self._config.removal,
            ),
        )
        uploader = upload.handler_role.node.scope
        assert uploader is not None
        by_cdk = "CDK's own uploader, which runs while deploying and never for players"
        acknowledge(
            uploader,
            {
                "L1": f"{by_cdk}; its runtime comes with the library",
                "IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
                "AWSLambdaBasicExecutionRole]": by_cdk,
                **{
                    f"IAM5[Action::s3:{action}*]": f"{by_cdk}; on the assets and pages buckets only"
                    for action in ("Abort", "DeleteObject", "GetBucket", "GetObject", "List")
                },
                "IAM5[Resource::*]": f"{by_cdk}; it may invalidate what CloudFront holds",
            },
        )
        assets = self.synthesizer
        acknowledge_wildcards(
            uploader,
            {
                f"{pages.bucket_arn}/*": f"{by_cdk}; the pages are what it writes",
                self.format_arn(
                    service="s3",
                    region="",
                    account="",
                    resource=f"cdk-{assets.bootstrap_qualifier}-assets-{self.account}-{self.region}",
                    resource_name="*",
                ): f"{by_cdk}; the pages are among the assets",
            },
        )
