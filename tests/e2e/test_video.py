"""A filmed table in Chromium: the picture comes soon, knows its round, and holds nothing back."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import dropwhile, pairwise
from pathlib import Path
from statistics import quantiles
from typing import Any

import pytest
import urllib3
from playwright.sync_api import Page, Route, expect

from baccarat.adapters import cli, clients
from baccarat.adapters.recordings import S3Recordings
from baccarat.domain.video.recording import Hole, HoleReason, SignedManifest, broken_link
from sandbox.configuration import TABLE_ID, Options, Run
from sandbox.seeding import PASSWORD
from tests.e2e.browser import (
    DESKTOP,
    SECONDS,
    chromium,
    sign_in,
    wait_for_fresh_round,
    wait_for_phase,
)

pytestmark = [
    pytest.mark.filmed,
    pytest.mark.browser,
    pytest.mark.timeout(400),
]

IS_TOKEN = re.compile("/video/tokens$")
HALF_A_FRAME_MS = 20
FRAMES = 250
"""Ten seconds of them."""


@pytest.fixture
def filmed(filmed_sandbox: Run) -> Run:
    return filmed_sandbox


def options_of(run: Run) -> Options:
    return Options(
        int(run.endpoint.rpartition(":")[2]), int(run.page_url.rpartition(":")[2]), 6, 250
    )


@pytest.fixture
def page(filmed: Run) -> Iterator[Page]:
    with chromium() as browser:
        page = browser.new_page(viewport=DESKTOP)  # type: ignore[arg-type]
        sign_in(page, filmed, "anna", PASSWORD, "")
        yield page


def state(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate("window.baccarat.video()")
    return found


def say(line: str) -> None:
    """Print a figure past pytest, which keeps what a test that passes prints."""
    assert sys.__stdout__ is not None
    sys.__stdout__.write(f"\n{line}\n")
    sys.__stdout__.flush()


def open_table(page: Page, run: Run, *, query: str = "") -> None:
    """Go to the table from the lobby, as a press does."""
    if query:
        page.goto(f"{run.page_url}/?{query}")
    expect(page.get_by_test_id("lobby-table").first).to_be_visible(timeout=60 * SECONDS)
    page.get_by_test_id("lobby-join").first.click()


def wait_for_picture(page: Page, transport: str = "webrtc") -> None:
    bar = page.get_by_test_id("video-state")
    expect(bar).to_have_attribute("data-transport", transport, timeout=60 * SECONDS)


def warmed(page: Page, run: Run) -> None:
    """See a picture once: the first token waits for its function's process."""
    open_table(page, run)
    wait_for_picture(page)
    page.get_by_test_id("lobby-open").click()


def strip_agrees(strip: dict[str, Any] | None, drawn: dict[str, Any] | None) -> bool:
    """Whether a strip says what the SEI message of its own frame does."""
    if strip is None or drawn is None or abs(drawn["atMs"] - strip["atMs"]) > HALF_A_FRAME_MS:
        return False
    round_no = int(drawn["roundId"].rpartition(".")[2] or 0)
    said = strip["roundNo"], strip["logEpoch"], strip["logSeq"]
    return said == (round_no, drawn["logEpoch"], drawn["logSeq"])


def test_every_frame_names_its_round_in_three_ways(page: Page, filmed: Run) -> None:
    open_table(page, filmed, query="verify")
    wait_for_picture(page)
    page.wait_for_function(
        "count => window.baccarat.frames().filter(f => f.isSettled && f.mark).length >= count",
        arg=FRAMES,
        timeout=120 * SECONDS,
    )
    settled = [f for f in page.evaluate("window.baccarat.frames()") if f["isSettled"]]
    # The channel opens a little after the first frame.
    frames = list(dropwhile(lambda frame: frame["mark"] is None, settled))
    events = {(e["epoch"], e["seq"]): e for e in page.evaluate("window.baccarat.events()")}
    agree = dict.fromkeys(("sei", "strip", "log"), 0)
    disagree = []
    for frame in frames:
        mark, sei = frame["mark"], frame["sei"]
        place = mark["logEpoch"], mark["logSeq"]
        # Between rounds a picture names the round that has ended, or none.
        event = events[place]
        ended = event["type"] in ("ROUND_SETTLED", "ROUND_VOIDED") and mark["roundId"] == ""
        found = {
            "sei": bool(sei)
            and (sei["roundId"], sei["logEpoch"], sei["logSeq"]) == (mark["roundId"], *place),
            "strip": strip_agrees(frame["strip"], frame["drawn"]),
            "log": ended or event["roundId"] in ("", mark["roundId"]),
        }
        for way, does in found.items():
            agree[way] += does
        if not all(found.values()):
            disagree.append((found, frame, event["type"], event["roundId"]))
    lags = [frame["nowMs"] - frame["mark"]["atMs"] for frame in frames]
    cuts = quantiles(lags, n=100)
    say(f"{len(frames)} frames; agree: {agree}; lag p50 {cuts[49]:.0f}, p95 {cuts[94]:.0f} ms")
    assert disagree == [], f"{len(disagree)} of {len(frames)}; the first: {disagree[:3]}"


def test_the_first_frame_comes_soon_after_the_press(page: Page, filmed: Run) -> None:
    warmed(page, filmed)
    join = page.get_by_test_id("lobby-join").first
    expect(join).to_be_visible(timeout=60 * SECONDS)
    # Leave to watch is asked for while the pointer rests, and once.
    with page.expect_response(IS_TOKEN):
        join.hover()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    join.click()
    wait_for_picture(page)
    first_frame_ms = state(page)["firstFrameMs"]
    say(f"first frame {first_frame_ms:.0f} ms after the press")
    assert first_frame_ms > 0
    assert [url for url in asked if IS_TOKEN.search(url)] == []


def test_results_come_with_the_picture_and_not_before(page: Page, filmed: Run) -> None:
    open_table(page, filmed, query="verify")
    wait_for_picture(page)
    wait_for_phase(page, "open")
    wait_for_phase(page, "settled")
    shown = page.evaluate(
        """() => {
          const events = window.baccarat.events();
          const { epoch, seq } = events.findLast(({ type }) => type === "ROUND_RESOLVED");
          const seen = window.baccarat.frames().some(({ mark }) => mark
            && (mark.logEpoch > epoch || (mark.logEpoch === epoch && mark.logSeq >= seq)));
          return { seen, picture: window.baccarat.video() };
        }"""
    )
    assert shown["seen"], shown["picture"]


def test_where_webrtc_does_not_get_through_the_picture_comes_by_hls(
    page: Page, filmed: Run
) -> None:
    def refuse(route: Route) -> None:
        route.fulfill(status=503, headers={"Access-Control-Allow-Origin": "*"})

    page.route("**/whep/**", refuse)
    open_table(page, filmed)
    wait_for_picture(page, "hls")


def test_without_any_picture_the_table_is_drawn_and_says_so(page: Page, filmed: Run) -> None:
    for path in ("**/whep/**", "**/hls/**"):
        page.route(path, lambda route: route.abort())
    open_table(page, filmed)
    expect(page.get_by_test_id("video-gone")).to_be_visible(timeout=60 * SECONDS)
    wait_for_phase(page, "open")
    expect(page.get_by_test_id("spot-PLAYER")).to_be_enabled()


def test_a_table_is_left_and_its_picture_with_it(page: Page, filmed: Run) -> None:
    open_table(page, filmed)
    wait_for_picture(page)
    page.get_by_test_id("lobby-open").click()
    expect(page.get_by_test_id("video")).to_have_count(0)


SEEN = """() => window.baccarat.frames().filter((frame) => frame.mark || !frame.isSettled)
  .map(({ nowMs, videoEpoch }) => [nowMs, videoEpoch])"""


def longest_pause_ms(page: Page, since_ms: float) -> float:
    """Return the longest time between two new frames since then."""
    seen = [at_ms for at_ms, _ in page.evaluate(SEEN)]
    return max(later - earlier for earlier, later in pairwise(seen) if later > since_ms)


def test_a_killed_server_comes_back_while_the_round_goes_on_and_the_recording_tells(
    page: Page, filmed: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    open_table(page, filmed, query="verify")
    wait_for_picture(page)
    round_id = wait_for_fresh_round(page)
    [_, epoch] = page.evaluate(SEEN)[-1]
    number = options_of(filmed).folder / "video.pid"
    killed, killed_ms = int(number.read_text()), time.time() * 1000
    os.kill(killed, signal.SIGKILL)
    page.wait_for_function(
        """epoch => window.baccarat.frames()
          .some(({ videoEpoch, mark }) => videoEpoch > epoch && mark !== null)""",
        arg=epoch,
        timeout=60 * SECONDS,
    )
    say(f"SFU killed: {longest_pause_ms(page, killed_ms):.0f} ms without a new frame")
    page.wait_for_function(
        "id => window.baccarat.events().some(e => e.roundId === id && e.type === 'ROUND_SETTLED')",
        arg=round_id,
        timeout=60 * SECONDS,
    )
    events = page.evaluate("window.baccarat.events()")
    at_ms = {one["type"]: one["atMs"] for one in events if one["roundId"] == round_id}
    opened, closed, settled = (
        at_ms[name] for name in ("ROUND_OPENED", "BETS_CLOSED", "ROUND_SETTLED")
    )
    say(f"its round took bets for {closed - opened} ms and was settled {settled - closed} ms later")
    assert int(number.read_text()) != killed

    for name, value in options_of(filmed).environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("FILMS_BUCKET", filmed.outputs["FilmsBucket"])
    recordings = S3Recordings(clients.s3(), filmed.outputs["FilmsBucket"])
    before, first, shown = what_was_recorded_after(recordings, epoch)
    assert first.segment.holes[0] == Hole(0, HoleReason.NEW_EPOCH)
    assert broken_link(before, first) is None
    keys = urllib3.request("GET", f"{filmed.outputs['ApiUrl']}/films/keys")
    (tmp_path / "keys.json").write_bytes(keys.data)
    assert cli.main(["video", "--round", shown, "--out", str(tmp_path)]) == 0
    capsys.readouterr()
    assert cli.main(["verify-video", str(tmp_path / f"{shown}.json")]) == 0
    say(capsys.readouterr().out)


def what_was_recorded_after(
    recordings: S3Recordings, epoch: int
) -> tuple[SignedManifest, SignedManifest, str]:
    """Wait until a round of a later epoch is recorded; return the first manifest after this epoch,
    the one before it, and the round.
    """
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        newest = recordings.newest(TABLE_ID, 0)
        every = [recordings.manifest(TABLE_ID, at) for at in range(max(1, newest - 19), newest + 1)]
        kept = [one for one in every if one is not None]
        later = [one for one in kept if one.segment.video_epoch > epoch]
        rounds = [run.round_id for one in later for run in one.segment.shown if run.round_id]
        if rounds:
            return kept[kept.index(later[0]) - 1], later[0], rounds[0]
        time.sleep(1)
    raise AssertionError(f"no round after epoch {epoch} was recorded")


@contextmanager
def edge(run: Run, folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """An edge of the sandbox's video server, which gets its tokens as the house's service user."""
    environment = {
        **options_of(run).environment(),
        "LISTEN_PORT": "0",
        "MEDIA_ADDRESSES": "127.0.0.1",
        "PAGE_ORIGINS": run.page_url,
        "VIDEO_KEYS": f"{run.outputs['ApiUrl']}/video/keys",
        "PAGE_URL": run.page_url,
        "SERVICE_USER": "sfu",
        "SERVICE_PASSWORD": PASSWORD,
        "UPSTREAM_URL": run.video_url,
        "WORKERS": "1",
        "DRAIN_SECONDS": "20",
    }
    with (folder / "edge.log").open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "media_sfu", "edge"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert process.stdout is not None
    try:
        port = json.loads(process.stdout.readline())["listening"]
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate(timeout=60)


def test_an_edge_that_leaves_moves_its_viewers_before_it_goes(
    page: Page, filmed: Run, tmp_path: Path
) -> None:
    with edge(filmed, tmp_path) as (leaving, leaving_url), edge(filmed, tmp_path) as (_, other_url):
        # As a balancer does: new sessions go where nobody drains.
        taken = [leaving_url]

        def balance(route: Route) -> None:
            path = route.request.url.removeprefix(filmed.video_url)
            made = route.request.method == "POST"
            route.continue_(url=(taken[-1] if made else leaving_url) + path)

        page.route("**/whep/**", balance)
        open_table(page, filmed, query="verify")
        wait_for_picture(page)
        page.wait_for_function("() => window.baccarat.frames().length > 100")
        assert state(page)["transport"] == "webrtc"
        taken.append(other_url)
        asked_ms = time.time() * 1000
        leaving.terminate()
        deadline = time.monotonic() + 60
        while leaving.poll() is None and time.monotonic() < deadline:
            page.wait_for_timeout(50)  # the page's requests pass through this thread
        assert leaving.returncode == 0
        shown = page.evaluate("() => window.baccarat.frames().length")
        page.wait_for_function("shown => window.baccarat.frames().length > shown + 50", arg=shown)
        say(f"edge drained: {longest_pause_ms(page, asked_ms):.0f} ms without a new frame")
        assert state(page)["transport"] == "webrtc"
        # A session knows its epoch with its first mark.
        epochs = {epoch for _, epoch in page.evaluate(SEEN) if epoch}
        assert len(epochs) == 1
        page.close()  # so that no edge waits for it
