"""A short simulation: the same seed is the same run, nothing breaks, and what is broken is seen."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import pytest

from tests.simulation.crash_points import by_name, enumerate_points, run
from tests.simulation.mutations import MUTATIONS, Mutation, run_scenario
from tests.simulation.play import Plan, play
from tests.simulation.world import Violation, harness


@pytest.fixture(autouse=True)
def _harness() -> Iterator[None]:
    with harness():
        yield


@pytest.mark.parametrize("seed", range(1, 5))
def test_no_seed_breaks_anything(seed: int) -> None:
    report = play(Plan(seed, rounds=12))
    assert report.violation is None
    assert report.rounds >= 12
    assert report.verified > 0
    assert report.ambiguities_left == 0


def test_the_same_seed_is_the_same_run() -> None:
    first, second = (play(Plan(5, rounds=8)) for _ in range(2))
    assert first.faults
    assert first.payments > 0
    assert (first.digest, first.faults) == (second.digest, second.faults)
    assert play(Plan(6, rounds=8)).digest != first.digest


@pytest.mark.parametrize(
    "name", ["cancel a bet", "settle a page", "finish a round", "send a withdrawal"]
)
def test_a_command_that_dies_after_any_call_is_resumed(name: str) -> None:
    points = enumerate_points(by_name(name), most_pairs=8)
    assert points.failures == []
    assert points.singles == points.singles_passed > 0


@pytest.mark.parametrize(
    "name",
    [
        "cancel without the check of the round",
        "winners paid whatever became of the bet",
        "the book stored after its seal",
        "a payout without a key at the provider",
        "the same person approves twice",
    ],
)
def test_a_planted_bug_is_seen(name: str) -> None:
    [mutation] = [mutation for mutation in MUTATIONS if mutation.name == name]
    with mutation.planted():
        found = any(play(Plan(seed)).violation is not None for seed in range(1, 5))
    assert found


@pytest.mark.parametrize("mutation", [one for one in MUTATIONS if one.scenario])
def test_a_planted_bug_is_seen_in_its_scenario(mutation: Mutation) -> None:
    assert run(by_name(mutation.scenario)).violation is None
    assert run_scenario(mutation).violation is not None


def test_what_broke_comes_back_from_another_process() -> None:
    sent = Violation("money is not conserved", "EUR: 1")
    found = pickle.loads(pickle.dumps(sent))  # noqa: S301  just made here
    assert (str(found), found.rule, found.detail) == (str(sent), sent.rule, sent.detail)
