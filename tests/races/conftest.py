from collections.abc import Iterator

import pytest

from sandbox.configuration import Options
from tests.support.cloud import Cloud
from tests.support.ministack import emulated_cloud
from tests.support.rounds import ManualRound


@pytest.fixture
def cloud(running_emulator: Options) -> Iterator[Cloud]:
    """A fresh platform in MiniStack."""
    with emulated_cloud(running_emulator) as found:
        yield found


@pytest.fixture
def opened(cloud: Cloud) -> ManualRound:
    round_ = ManualRound(cloud)
    round_.start_table()
    round_.open()
    return round_
