"""What a video server says of itself, and how it learns where it is."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from baccarat.adapters.settings import ConfigurationError
from baccarat.domain.video.marks import FrameMark
from media_sfu.fargate import public_address, with_task_address
from media_sfu.frames import Frame
from media_sfu.reporting import SAMPLES, LagTap, Reporter
from media_sfu.settings import SfuSettings

NOW_MS = 1_700_000_000_000


def frame(age_ms: int | None) -> Frame:
    mark = None
    if age_ms is not None:
        mark = FrameMark("bac-1", "bac-1.000000001", 1, 1, "dora", NOW_MS - age_ms)
    return Frame(1, 0, NOW_MS, keyframe=False, nals=(b"\x41",), mark=mark)


@pytest.fixture(autouse=True)
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("media_sfu.reporting.time.time_ns", lambda: NOW_MS * 1_000_000)


def test_frames_are_as_old_as_their_marks_say_and_those_without_say_nothing() -> None:
    tap = LagTap()
    for age_ms in (40, None, 80):
        tap.frame(frame(age_ms))
    assert tap.take() == [40, 80]
    assert tap.take() == []


def test_a_busy_minute_is_sampled_from_all_of_its_frames() -> None:
    tap = LagTap()
    for age_ms in range(20 * SAMPLES):
        tap.frame(frame(age_ms))
    taken = tap.take()
    assert len(taken) == SAMPLES
    assert max(taken) > 10 * SAMPLES


def test_lines_of_metrics_go_where_the_logs_go(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = Reporter("edge", lambda: 7)
    assert reporter.tap("bac-1") is reporter.tap("bac-1")
    reporter.tap("bac-1").frame(frame(40))
    reporter.tap("bac-2").frame(frame(None))
    reporter.report()
    out, err = capsys.readouterr()
    assert out == ""
    lag, viewers = (json.loads(line) for line in err.splitlines())
    assert (lag["tableId"], lag["SentLagMs"]) == ("bac-1", [40])
    assert (viewers["role"], viewers["Viewers"]) == ("edge", [7])


def test_a_full_line_is_written_once_and_without_a_warning(
    capsys: pytest.CaptureFixture[str],
) -> None:
    reporter = Reporter("edge", lambda: 7)
    for _ in range(SAMPLES):
        reporter.tap("bac-1").frame(frame(40))
    reporter.report()
    lag, _ = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert lag["SentLagMs"] == [40] * SAMPLES


class Interfaces:
    """EC2's answer: one interface with a public address, by its hardware address."""

    def describe_network_interfaces(self, **asked: Any) -> dict[str, Any]:
        [wanted] = asked["Filters"]
        found = {"02:aa": {"Association": {"PublicIp": "203.0.113.7"}}, "02:bb": {}}
        return {"NetworkInterfaces": [found[mac] for mac in wanted["Values"]]}


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The task's metadata, as its address serves them."""
    said: dict[str, Any] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(said).encode())

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        where = f"http://127.0.0.1:{server.server_port}/v4"
        monkeypatch.setenv("ECS_CONTAINER_METADATA_URI_V4", where)
        yield said
        server.shutdown()


def test_a_task_finds_its_public_address(metadata: dict[str, Any]) -> None:
    metadata["Networks"] = [{"MACAddress": "02:aa"}]
    assert public_address(Interfaces()) == "203.0.113.7"


@pytest.mark.parametrize("networks", [[], [{}], [{"MACAddress": "02:bb"}]])
def test_a_task_without_one_says_what_would_be_right(
    metadata: dict[str, Any], networks: list[Any]
) -> None:
    metadata["Networks"] = networks
    with pytest.raises(ConfigurationError, match="assignPublicIp"):
        public_address(Interfaces())


def test_only_a_task_looks_for_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ECS_CONTAINER_METADATA_URI_V4", raising=False)
    given = SfuSettings(public_address="203.0.113.9")
    assert with_task_address(given) is given
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with pytest.raises(ConfigurationError, match="names no task"):
        with_task_address(SfuSettings(public_address="task"))
