"""A short run of ``make fuzz-api`` against the deployed app."""

from __future__ import annotations

import json

import pytest

from sandbox.configuration import Options, Run
from tests.fuzz.callers import fuzz
from tests.support.cloud import ROOT

pytestmark = pytest.mark.sandbox


def test_every_answer_is_as_the_document_says(sandbox: Run) -> None:
    options = Options(int(sandbox.endpoint.rpartition(":")[2]), 0, 0, 0)
    found = fuzz(sandbox, options, "player", examples=2, seed=1, phases="fuzzing")
    assert found.failures == 0, found.report
    assert found.findings == ()
    assert found.operations == _documented()
    assert found.requests >= 2 * found.operations


def _documented() -> int:
    """Return how many operations the document has."""
    document = json.loads((ROOT / "docs/formats/openapi.json").read_text())
    return sum(
        name in {"get", "put", "post", "delete", "patch"}
        for path in document["paths"].values()
        for name in path
    )
