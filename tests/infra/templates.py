"""Synthesised templates as plain data, with references followed across stacks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aws_cdk import App

from app import compose

ROOT = Path(__file__).resolve().parents[2]


def make_app(stage: str, outdir: Path) -> App:
    """Return an app with the flags of cdk.json, which only the command line reads by itself."""
    flags = json.loads((ROOT / "cdk.json").read_text())["context"]
    # Bundling is for deployments; the templates are the same without.
    return App(context={**flags, "stage": stage, "aws:cdk:bundling-stacks": []}, outdir=str(outdir))


def synthesise(stage: str, outdir: Path) -> Templates:
    """Synthesise one stage; an unexplained finding of cdk-nag raises."""
    app = make_app(stage, outdir)
    compose(app)
    app.synth()
    templates = {
        path.name.removesuffix(".template.json"): json.loads(path.read_text())
        for path in sorted(outdir.glob("*.template.json"))
    }
    return Templates(stage, outdir, templates)


@dataclass(frozen=True)
class Resource:
    stack: str
    logical_id: str
    body: dict[str, Any]

    @property
    def type(self) -> str:
        return str(self.body["Type"])

    @property
    def properties(self) -> dict[str, Any]:
        return dict(self.body.get("Properties", {}))


@dataclass(frozen=True)
class Statement:
    effect: str
    actions: frozenset[str]
    resources: frozenset[str]
    conditions: dict[str, Any]


@dataclass(frozen=True)
class Templates:
    stage: str
    outdir: Path
    stacks: dict[str, dict[str, Any]]

    def resources(self, *types: str) -> Iterator[Resource]:
        for stack, template in self.stacks.items():
            for logical_id, body in template["Resources"].items():
                if not types or body["Type"] in types:
                    yield Resource(stack, logical_id, body)

    def one(self, type_: str, prefix: str) -> Resource:
        """Return the only resource of a type whose logical id starts with ``prefix``."""
        [found] = [r for r in self.resources(type_) if r.logical_id.startswith(prefix)]
        return found

    def functions(self) -> dict[str, Resource]:
        """Return our own functions by the name of their folder."""
        found: dict[str, Resource] = {}
        for resource in self.resources("AWS::Lambda::Function"):
            package, _, rest = resource.properties["Handler"].partition(".")
            if package == "functions":
                found[rest.removesuffix(".handler.handler")] = resource
        return found

    def text(self, stack: str, value: Any) -> str:
        """Return a value with references written as ``stack/logical id``, imports followed."""
        match value:
            case {"Fn::ImportValue": name}:
                owner, exported = self._exports()[name]
                return self.text(owner, exported)
            case {"Fn::GetAtt": [logical_id, attribute]}:
                return f"{stack}/{logical_id}.{attribute}"
            case {"Ref": name} if name.startswith("AWS::"):
                return f"<{name}>"
            case {"Ref": name}:
                return f"{stack}/{name}"
            case {"Fn::Join": [separator, parts]}:
                return str(separator).join(self.text(stack, part) for part in parts)
            case _:
                return str(value)

    def _exports(self) -> dict[str, tuple[str, Any]]:
        return {
            output["Export"]["Name"]: (stack, output["Value"])
            for stack, template in self.stacks.items()
            for output in template.get("Outputs", {}).values()
            if "Export" in output
        }

    def role_of(self, function: Resource) -> str:
        return self.text(function.stack, function.properties["Role"]).removesuffix(".Arn")

    def statements_of(self, name: str) -> list[Statement]:
        """Return what the role of one of our functions may do."""
        role = self.role_of(self.functions()[name])
        return [
            statement
            for policy in self.resources("AWS::IAM::Policy")
            if role in {self.text(policy.stack, r) for r in policy.properties["Roles"]}
            for statement in self.statements(policy.stack, policy.properties["PolicyDocument"])
        ]

    def statements(self, stack: str, document: dict[str, Any]) -> list[Statement]:
        return [
            Statement(
                raw["Effect"],
                frozenset(_listed(raw["Action"])),
                frozenset(self.text(stack, r) for r in _listed(raw.get("Resource", []))),
                raw.get("Condition", {}),
            )
            for raw in document["Statement"]
        ]

    def holders(self, action: str, resource: str = "") -> set[str]:
        """Return the functions that may do ``action`` on a resource whose name has ``resource``."""
        return {
            name
            for name in self.functions()
            for statement in self.statements_of(name)
            if action in statement.actions and any(resource in r for r in statement.resources)
        }


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
