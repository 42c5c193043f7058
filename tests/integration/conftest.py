from collections.abc import Iterator

import pytest

from tests.support.cloud import Cloud
from tests.support.posts import Posts, recorded_posts
from tests.support.stored import stored_cloud


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """The platform in moto and the strict store, without its state machine running."""
    with stored_cloud() as found:
        yield found


@pytest.fixture
def driven() -> Iterator[Cloud]:
    """As ``cloud``, with the real state machine driving rounds."""
    with stored_cloud(execute_state_machine=True) as found:
        yield found


@pytest.fixture
def impatient() -> Iterator[Cloud]:
    """As ``driven``, with a state machine that misses a silent desk after two seconds."""
    with stored_cloud(execute_state_machine=True, heartbeat_seconds=2) as found:
        yield found


@pytest.fixture
def posts() -> Iterator[Posts]:
    """What handlers post; the connection ``gone`` is."""
    with recorded_posts("gone") as found:
        yield found
