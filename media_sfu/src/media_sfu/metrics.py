"""Prometheus metrics out of what each process counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

GAUGES: Final = frozenset(
    {"viewers", "hls_viewers", "publishers", "tables", "loop_lag_seconds", "draining"}
)
HELP: Final[Mapping[str, str]] = {
    "viewers": "Sessions of viewers and edges.",
    "hls_viewers": "Addresses of HLS that are in use.",
    "publishers": "Tables that are being published.",
    "tables": "Tables that this process knows.",
    "joins": "New sessions that were let in to negotiate.",
    "joins_refused": "New sessions refused: draining, full, or too many at once.",
    "frames": "Pictures that arrived whole.",
    "frames_without_mark": "Pictures that nobody said anything about.",
    "marks_refused": "Messages about marks that were malformed or too many.",
    "marks_not_sent": "Marks that a viewer's channel did not take.",
    "packets_sent": "Packets that left to viewers.",
    "packets_dropped": "Packets that a viewer's socket did not take.",
    "packets_resent": "Packets sent again because a viewer asked.",
    "quality_switches": "Viewers that got another quality.",
    "payloads_too_long": "Pictures left out because a packet was too long to send on.",
    "packets_missed": "Packets of publishers that did not come in order.",
    "packets_recovered": "Of these, those that came in time.",
    "packets_lost": "Packets of publishers that were given up.",
    "keyframes_wanted": "Wishes for a keyframe, of viewers and our own.",
    "keyframes_requested": "Requests for a keyframe that publishers got.",
    "datagrams_malformed": "Datagrams that no parser took.",
    "datagrams_oversized": "Datagrams that were empty or longer than any of ours.",
    "datagrams_unexpected": "Packets of a source that was not announced.",
    "datagrams_not_queued": "Datagrams dropped because a connection's queue was full.",
    "loop_lag_seconds": "How late the event loop was at its last tick.",
    "draining": "1 while the SFU takes no new sessions because it is about to leave.",
}


class StatsCollector(Collector):
    """Each process's numbers under one name, labelled by process."""

    def __init__(self, stats: Callable[[], Mapping[str, Mapping[str, float]]]) -> None:
        """``stats`` returns, by process, what ``Sfu.stats`` does."""
        self._stats = stats

    def collect(self) -> Iterable[Metric]:
        processes = self._stats()
        for name, text in HELP.items():
            family = (GaugeMetricFamily if name in GAUGES else CounterMetricFamily)(
                f"sfu_{name}", text, labels=["process"]
            )
            for process, stats in processes.items():
                if name in stats:
                    family.add_metric([process], float(stats[name]))
            yield family


def registry(stats: Callable[[], Mapping[str, Mapping[str, float]]]) -> CollectorRegistry:
    made = CollectorRegistry()
    made.register(StatsCollector(stats))
    return made
