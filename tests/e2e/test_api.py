"""A short run of ``make fuzz-api`` against the deployed app."""

from __future__ import annotations

import pytest

from sandbox.configuration import Options, Run
from tests.fuzz.callers import fuzz

pytestmark = [pytest.mark.sandbox, pytest.mark.xdist_group("sandbox")]


def test_every_answer_is_as_the_document_says(sandbox: Run) -> None:
    options = Options(int(sandbox.endpoint.rpartition(":")[2]), 0, 0, 0)
    found = fuzz(sandbox, options, "player", examples=2, seed=1, phases="fuzzing")
    assert found.failures == 0, found.report
    assert found.findings == ()
    assert found.operations == 14
    assert found.requests >= 2 * found.operations
