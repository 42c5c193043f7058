"""What is shown of a broken run is the smallest one that breaks the same rule."""

from __future__ import annotations

from tests.simulation.mutations import MUTATIONS, caught
from tests.simulation.play import play
from tests.simulation.shrink import shortest
from tests.simulation.world import harness

BUG = "cancel without the check of the round"


def test_a_run_shrinks_to_what_the_same_rule_needs() -> None:
    [mutation] = [mutation for mutation in MUTATIONS if mutation.name == BUG]
    with harness():
        broken = caught(mutation, range(1, 9))
        assert broken is not None
        assert broken.violation is not None
        with mutation.planted():
            least = shortest(broken)
            again = play(least.plan, least.faults)
        unharmed = play(least.plan, least.faults)
    assert least.violation is not None
    assert least.violation.rule == broken.violation.rule
    assert len(least.faults) <= 2 < len(broken.faults)
    assert least.plan.rounds < broken.plan.rounds
    assert least.plan.seed == broken.plan.seed
    assert any("***" in line for line in least.trace)
    assert str(again.violation) == str(least.violation)
    assert unharmed.violation is None
