"""Two filmed tables in one page: each has a picture, a round and a session of its own."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from sandbox.configuration import Run
from sandbox.seeding import PASSWORD
from tests.e2e.browser import DESKTOP, FILMED_TABLES, SECONDS, sign_in

pytestmark = [
    pytest.mark.filmed,
    pytest.mark.browser,
    pytest.mark.timeout(300),
]

FRAMES = 50
_SEEN = """([tableId, count]) => {
  const marked = window.baccarat.frames(tableId).filter(({ mark }) => mark);
  return marked.length >= count && marked.map(({ mark }) => mark);
}"""
_GOES_ON = "([id, count]) => window.baccarat.frames(id).length > count"


def marks_of(page: Page, table_id: str) -> list[dict[str, Any]]:
    """Wait for two seconds of a table's frames; return their marks."""
    marks = page.wait_for_function(_SEEN, arg=[table_id, FRAMES], timeout=60 * SECONDS)
    found: list[dict[str, Any]] = marks.json_value()
    return found


def frames_go_on(page: Page, table_id: str) -> None:
    count = page.evaluate("id => window.baccarat.frames(id).length", table_id)
    page.wait_for_function(_GOES_ON, arg=[table_id, count + FRAMES], timeout=30 * SECONDS)


def test_each_table_has_its_own_picture_and_leaving_one_keeps_the_other(
    browser: Browser, filmed_sandbox: Run
) -> None:
    first, second = FILMED_TABLES
    page = browser.new_page(viewport=DESKTOP)  # type: ignore[arg-type]
    sessions: list[tuple[str, str]] = []

    def note(request: Request) -> None:
        _, found, path = request.url.partition("/whep/")
        if found and request.method in ("POST", "DELETE"):
            sessions.append((request.method, path.partition("/")[0]))

    page.on("request", note)
    sign_in(page, filmed_sandbox, "bert", PASSWORD, "")
    page.goto(f"{filmed_sandbox.page_url}/?verify#table={first},{second}")
    for table_id in FILMED_TABLES:
        table = page.locator(f'[data-testid="short-table"][data-table="{table_id}"]')
        bar = table.get_by_test_id("video-state")
        expect(bar).to_have_attribute("data-transport", "webrtc", timeout=60 * SECONDS)
        expect(table.locator("video.picture-on")).to_have_count(1)
        for mark in marks_of(page, table_id):
            assert mark["tableId"] == table_id
            assert mark["roundId"] in ("", *rounds_of(page, table_id)), mark
    assert {table_id for _, table_id in sessions} == set(FILMED_TABLES)

    sessions.clear()
    left = page.locator(f'[data-testid="short-table"][data-table="{second}"]')
    left.get_by_test_id("table-leave").click()
    expect(page.get_by_test_id("video")).to_have_count(1)
    frames_go_on(page, first)
    # On a busy machine the other one may be made anew, as any picture that stands still.
    assert [method for method, table_id in sessions if table_id == second] == ["DELETE"]
    assert page.evaluate("id => window.baccarat.video(id).state", first) == "on"


def rounds_of(page: Page, table_id: str) -> set[str]:
    events = page.evaluate("id => window.baccarat.events(id)", table_id)
    return {event["roundId"] for event in events}
