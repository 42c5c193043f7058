"""Over HLS a frame has the mark that it carries itself, and what was seen is reported as such."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, Request, Route, expect

from sandbox.configuration import Run
from sandbox.seeding import PASSWORD
from tests.e2e.browser import DESKTOP, FILMED_TABLES, SECONDS, sign_in

pytestmark = [
    pytest.mark.filmed,
    pytest.mark.browser,
    pytest.mark.timeout(400),
]

HALF_A_FRAME_MS = 20
FRAMES = 100
_SEEN = """count => {
  const seen = window.baccarat.frames().filter(({ mark, strip }) => mark && strip);
  return seen.length >= count && seen.map(({ transport, mark, strip }) => ({ transport, mark, strip }));
}"""  # noqa: E501


def refuse(route: Route) -> None:
    route.fulfill(status=503, headers={"Access-Control-Allow-Origin": "*"})


def is_report(request: Request) -> bool:
    return request.method == "POST" and request.url.endswith("/video/reports")


def watch_over_hls(page: Page, run: Run) -> None:
    page.route("**/whep/**", refuse)
    sign_in(page, run, "bert", PASSWORD, "")
    page.goto(f"{run.page_url}/?verify#table={FILMED_TABLES[0]}")
    bar = page.get_by_test_id("video-state")
    expect(bar).to_have_attribute("data-transport", "hls", timeout=60 * SECONDS)


def test_frames_over_hls_carry_their_marks_and_are_reported(
    browser: Browser, filmed_sandbox: Run
) -> None:
    page = browser.new_page(viewport=DESKTOP)  # type: ignore[arg-type]
    watch_over_hls(page, filmed_sandbox)
    frames = page.wait_for_function(_SEEN, arg=FRAMES, timeout=60 * SECONDS).json_value()
    assert {frame["transport"] for frame in frames} == {"hls"}
    # A busy page draws many frames later than it is called for them, and has the next strip.
    same = [
        (frame["mark"], frame["strip"])
        for frame in frames
        if abs(frame["mark"]["atMs"] - frame["strip"]["atMs"]) <= HALF_A_FRAME_MS
    ]
    assert len(same) > FRAMES / 10
    for mark, strip in same:
        assert (mark["logEpoch"], mark["logSeq"]) == (strip["logEpoch"], strip["logSeq"])

    # One a round; the page does not wait long for the function of the first. All is cold where this
    # is the first test.
    with page.expect_event("requestfinished", is_report, timeout=240 * SECONDS) as asked:
        pass
    report = asked.value.post_data_json
    answer = asked.value.response()
    assert answer is not None
    assert answer.status == 200, answer.text()
    assert report["transport"] == "hls"
    assert (report["matched"] > 0, report["mismatched"]) == (True, 0), report
    assert report["lagsMs"], report
