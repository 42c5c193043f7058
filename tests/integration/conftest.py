from collections.abc import Iterator

import pytest

from tests.support.cloud import Cloud, moto_cloud


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """The platform in moto, without its state machine running."""
    with moto_cloud() as found:
        yield found


@pytest.fixture
def driven() -> Iterator[Cloud]:
    """The platform in moto, with the real state machine driving rounds."""
    with moto_cloud(execute_state_machine=True) as found:
        yield found
