"""A small run of the packet fuzzer; ``make fuzz-sfu`` makes the large one."""

import asyncio

import pytest

from tests.fuzz.sfu import run

WITHOUT_GUARDS = """
from media_sfu import compat
from media_sfu.__main__ import main
compat._MALFORMED = (OverflowError,)
raise SystemExit(main())
"""
"""The SFU as it would be if it took what breaks a parser."""


def test_malformed_packets_hurt_nobody() -> None:
    figures = asyncio.run(run(packets=2000, seed=7, progress=False))
    assert figures["packets"] >= 2000
    for kind in ("RTP", "RTCP", "SCTP", "from strangers"):
        assert figures[f"of these {kind}"] > 100
    assert figures["malformed"] > 100
    assert figures["unknown source"] > 100
    assert figures["dropped by the kernel"] == 0


def test_the_fuzzer_finds_what_the_guards_hold_back() -> None:
    with pytest.raises(Exception):  # noqa: B017, PT011  # whichever parser meets its packet first
        asyncio.run(run(packets=600, seed=7, progress=False, server=("-c", WITHOUT_GUARDS)))
