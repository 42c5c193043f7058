"""Which core does what: a server has one to itself."""

import os
from typing import Final

_CORES: Final = sorted(os.sched_getaffinity(0))
SERVER_CORE: Final = _CORES[0]
LOAD_CORE: Final = _CORES[-1]
