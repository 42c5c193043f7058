"""What several suites share."""

from __future__ import annotations

from collections.abc import Iterator

# Before any session of botocore: moto answers for those alone that are made after its import.
import moto  # noqa: F401
import pytest

from sandbox.configuration import Options
from tests.support.ministack import emulator


@pytest.fixture(scope="session")
def running_emulator() -> Iterator[Options]:
    """One MiniStack for all that need no more than fresh tables, keys and a bucket in it."""
    with emulator() as options:
        yield options
