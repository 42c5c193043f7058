"""The CDK app: reads the stage from the context and composes its stacks."""

from __future__ import annotations

from aws_cdk import App, Stack, Tags, Validations
from cdk_nag import AwsSolutionsChecks

from infra.config import load
from infra.nag import accept_lints
from infra.stacks.api import ApiStack
from infra.stacks.ledger import LedgerStack
from infra.stacks.observability import ObservabilityStack
from infra.stacks.payments import PaymentsStack
from infra.stacks.rounds import RoundsStack
from infra.stacks.stateful import StatefulStack
from infra.stacks.video import VideoStack
from infra.stacks.web import WebStack


def compose(app: App) -> None:
    """Add the stacks of the stage that the context of ``app`` names, and the checks on them."""
    names = (
        *("stage", "cell", "allowedOrigins", "webDomain", "webCertificateArn", "providerUrl"),
        *("videoTables", "videoDomain", "videoImageTag", "videoUrl", "gatewayPort"),
    )
    config = load({name: app.node.try_get_context(name) for name in names})
    prefix = config.prefix
    stateful = StatefulStack(app, f"{prefix}-Stateful", config=config)
    rounds = RoundsStack(app, f"{prefix}-Rounds", config=config, stateful=stateful)
    ledger = LedgerStack(app, f"{prefix}-Ledger", config=config, stateful=stateful, rounds=rounds)
    api = ApiStack(app, f"{prefix}-Api", config=config, stateful=stateful, rounds=rounds)
    payments = PaymentsStack(app, f"{prefix}-Payments", config=config, stateful=stateful, api=api)
    video = VideoStack(app, f"{prefix}-Video", config=config, stateful=stateful, api=api)
    if config.alarms:
        ObservabilityStack(
            app,
            f"{prefix}-Observability",
            stateful=stateful,
            rounds=rounds,
            ledger=ledger,
            api=api,
            payments=payments,
            video=video,
        )
    if config.on_aws:
        WebStack(app, f"{prefix}-Web", config=config, stateful=stateful, api=api)
    for stack in app.node.children:
        if isinstance(stack, Stack):
            accept_lints(stack)
    Tags.of(app).add("project", "live-baccarat")
    Tags.of(app).add("stage", config.name)
    Tags.of(app).add("cell", config.cell)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))


if __name__ == "__main__":
    main = App()
    compose(main)
    main.synth()
