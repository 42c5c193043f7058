"""When pictures begin to show what: marks dated ahead, in order, repeated."""

from hypothesis import given
from hypothesis import strategies as st

from media_sfu.marking import AHEAD_MS, REPEAT_MS, Marker
from media_sfu.marks import newer
from media_sfu.steady import PictureClock
from media_sfu.table_log import TableState


class Bench:
    def __init__(self, *, answers: bool = True) -> None:
        self.now_ms = 1_000_000
        self.told: list[tuple[int, int]] = []
        self.answers = answers
        self.marker = Marker("bac-1", lambda: self.now_ms)
        self.marker.begin(self._send)

    def _send(self, at_ms: int, state: TableState) -> bool:
        self.told.append((at_ms, state.log_seq))
        return self.answers


def state(seq: int) -> TableState:
    return TableState("bac-1", log_epoch=1, log_seq=seq)


def test_a_change_is_told_at_once_and_shown_a_little_later() -> None:
    bench = Bench()
    bench.marker.change(state(5))
    at_ms = bench.now_ms + AHEAD_MS
    assert bench.told == [(at_ms, 5)]
    assert bench.marker.state_at(at_ms - 1).log_seq == 0
    assert bench.marker.state_at(at_ms).log_seq == 5
    assert bench.marker.state_at(at_ms + 40).log_seq == 5


@given(st.lists(st.integers(0, 30), min_size=1, max_size=30))
def test_marks_are_dated_one_after_the_other_and_every_picture_shows_the_newest(
    pauses: list[int],
) -> None:
    bench = Bench()
    for seq, pause in enumerate(pauses, start=1):
        bench.now_ms += pause
        bench.marker.change(state(seq))
        bench.marker.repeat()
    dates = [at_ms for at_ms, _ in bench.told]
    assert dates == sorted(set(dates))
    for at_ms in range(dates[0], dates[-1] + 1, 7):
        newest = max((date, seq) for date, seq in bench.told if date <= at_ms)
        assert bench.marker.state_at(at_ms).log_seq == newest[1]


def test_the_newest_is_repeated_when_nothing_was_told_for_a_second() -> None:
    bench = Bench()
    bench.marker.change(state(5))
    bench.now_ms += REPEAT_MS - 1
    bench.marker.repeat()
    assert len(bench.told) == 1
    bench.now_ms += 1
    bench.marker.repeat()
    assert bench.told[1] == (bench.now_ms + AHEAD_MS, 5)


def test_what_could_not_be_told_is_told_at_the_next_chance() -> None:
    bench = Bench(answers=False)
    bench.marker.change(state(5))
    bench.answers = True
    bench.marker.repeat()
    assert [seq for _, seq in bench.told] == [5, 5]
    bench.marker.repeat()
    assert len(bench.told) == 2


def test_a_new_session_is_told_the_newest_at_once() -> None:
    bench = Bench()
    bench.marker.change(state(5))
    told: list[int] = []
    bench.marker.begin(lambda _at_ms, shown: told.append(shown.log_seq) is None)
    bench.marker.repeat()
    assert told == [5]


def test_the_clock_of_pictures_counts_ninety_ticks_a_millisecond_over_the_wrap() -> None:
    clock = PictureClock()
    now_ms = clock.now_ms()
    assert clock.now_ms() >= now_ms
    assert (clock.rtp(now_ms + 40) - clock.rtp(now_ms)) % 2**32 == 3_600
    later = now_ms + 2**32 // 90
    assert 0 <= clock.rtp(later) < 2**32
    assert newer(clock.rtp(later + 40), clock.rtp(later))
