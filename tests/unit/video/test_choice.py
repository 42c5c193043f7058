"""Which quality fits: down soon, up with patience, and ever more of it after a failure."""

from media_sfu.forwarding.choice import UP_AFTER_SECONDS, QualityChoice

RATES = (800_000.0, 300_000.0, 100_000.0)


def run(choice: QualityChoice, current: int, *, since: int, until: int, estimate: float) -> int:
    """Let the estimate stand, told twice a second."""
    for half in range(2 * since, 2 * until):
        wanted = choice.better_or_worse(
            half / 2,
            current=current,
            bits_per_second=RATES,
            estimate=estimate,
            fraction_lost=0,
        )
        if wanted != current:
            return wanted
    return current


def test_an_estimate_below_the_rate_goes_down_to_what_fits() -> None:
    assert run(QualityChoice(0), 0, since=0, until=20, estimate=350_000) == 1
    assert run(QualityChoice(0), 0, since=0, until=20, estimate=150_000) == 2
    assert run(QualityChoice(0), 0, since=0, until=20, estimate=50_000) == 2


def test_nothing_moves_while_it_settles_or_when_all_is_well() -> None:
    assert run(QualityChoice(0), 0, since=0, until=3, estimate=100_000) == 0
    assert run(QualityChoice(0), 0, since=0, until=60, estimate=810_000) == 0
    assert run(QualityChoice(0), 2, since=0, until=60, estimate=110_000) == 2


def test_one_low_estimate_is_no_reason() -> None:
    choice = QualityChoice(0)
    assert run(choice, 0, since=4, until=5, estimate=100_000) == 0
    assert run(choice, 0, since=5, until=6, estimate=900_000) == 0
    assert run(choice, 0, since=6, until=7, estimate=100_000) == 0


def test_heavy_loss_goes_down_whatever_the_estimate() -> None:
    choice = QualityChoice(0)
    wanted = [
        choice.better_or_worse(
            now, current=0, bits_per_second=RATES, estimate=1e9, fraction_lost=0.3
        )
        for now in (4.0, 5.0)
    ]
    assert wanted == [0, 1]


def test_up_is_one_step_after_a_while_and_later_when_it_failed() -> None:
    choice = QualityChoice(0)
    assert run(choice, 2, since=0, until=60, estimate=150_000) == 1
    waits = []
    now = 0
    for _ in range(3):
        choice = choice if waits else QualityChoice(0)
        start = now
        while run(choice, 1, since=now, until=now + 1, estimate=450_000) == 1:
            now += 1
        waits.append(now - start)
        now += 1
        while run(choice, 0, since=now, until=now + 1, estimate=200_000) == 0:
            now += 1
        now += 1
    assert waits[0] < waits[1] < waits[2]
    assert waits[1] >= 2 * UP_AFTER_SECONDS


def test_a_quality_that_is_not_there_is_not_chosen() -> None:
    choice = QualityChoice(0)
    for now in range(4, 20):
        wanted = choice.better_or_worse(
            float(now),
            current=0,
            bits_per_second=(800_000.0, 0.0, 0.0),
            estimate=1,
            fraction_lost=0,
        )
        assert wanted == 0


def tried() -> tuple[QualityChoice, int]:
    """A choice that has just gone up, and when."""
    choice = QualityChoice(0)
    now = 0
    while run(choice, 1, since=now, until=now + 1, estimate=450_000) == 1:
        now += 1
    return choice, now + 1


def test_an_estimate_that_has_yet_to_follow_ends_no_trial() -> None:
    choice, now = tried()
    assert run(choice, 0, since=now, until=now + 10, estimate=450_000) == 0
    assert run(choice, 0, since=now + 10, until=now + 40, estimate=750_000) == 0


def test_a_trial_ends_at_the_first_loss() -> None:
    choice, now = tried()
    wanted = [
        choice.better_or_worse(
            now + half / 2, current=0, bits_per_second=RATES, estimate=450_000, fraction_lost=0.1
        )
        for half in range(3)
    ]
    assert wanted == [0, 0, 1]
