from collections.abc import Iterator

import pytest

from tests.support.cloud import Cloud, moto_cloud
from tests.support.posts import Posts, recorded_posts


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


@pytest.fixture
def impatient() -> Iterator[Cloud]:
    """As ``driven``, with a state machine that misses a silent desk after two seconds."""
    with moto_cloud(execute_state_machine=True, heartbeat_seconds=2) as found:
        yield found


@pytest.fixture
def posts() -> Iterator[Posts]:
    """What handlers post; the connection ``gone`` is."""
    with recorded_posts("gone") as found:
        yield found
