"""Chromium on the player's page."""

from __future__ import annotations

import mimetypes
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Locator, Page, Route, expect, sync_playwright
from playwright.sync_api import TimeoutError as TookTooLong

from sandbox.configuration import ROOT, TABLE_ID, Run

DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
E2E_TABLES = ("bac-1", "bac-3", "bac-5")
"""Few: every table that a server deals keeps the machine busy."""

FILMED_TABLES = ("bac-1", "bac-3")
HEARTBEAT_SECONDS = 10
SECONDS = 1000

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def chromium(*flags: str) -> Iterator[Browser]:
    """Yield a headless Chromium of this machine; ``flags`` are added to the usual ones."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    assert path is not None, "Chromium is missing; `make browser` installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*_FLAGS, *flags])
        yield browser
        browser.close()


def page_of_files(browser: Browser, html: str, size: dict[str, int]) -> Page:
    """Open ``html`` with this repository's files beside it, without a house."""

    def serve(route: Route) -> None:
        path = route.request.url.removeprefix("http://page.test/")
        kind = "text/javascript" if path.endswith("js") else mimetypes.guess_type(path)[0]
        route.fulfill(
            body=(ROOT / path).read_bytes() if path else html.encode(),
            content_type=kind or "text/html",
            headers={"Content-Security-Policy": "script-src 'self'; style-src 'self'"},
        )

    page = browser.new_page(viewport=size, reduced_motion="reduce")  # type: ignore[arg-type]
    page.route("http://page.test/**", serve)
    page.goto("http://page.test/")
    return page


def sign_in(
    page: Page, run: Run, name: str, password: str, place: str = f"table={TABLE_ID}"
) -> None:
    """Sign in and go straight to a table, or to another ``place`` of the page's address."""
    page.goto(f"{run.page_url}/#{place}")
    page.get_by_test_id("signin-username").fill(name)
    page.get_by_test_id("signin-password").fill(password)
    page.get_by_test_id("signin-submit").click()
    expect(page.get_by_test_id("connection")).to_have_attribute(
        "data-state", "online", timeout=60 * SECONDS
    )


def wait_for_phase(page: Page | Locator, phase: str) -> None:
    expect(page.get_by_test_id("status")).to_have_attribute(
        "data-phase", phase, timeout=60 * SECONDS
    )


def wait_for_fresh_round(page: Page) -> str:
    """Wait for a round that opens from now on; return its id."""
    before = page.get_by_test_id("round-id").inner_text()
    expect(page.get_by_test_id("round-id")).not_to_have_text(before, timeout=60 * SECONDS)
    wait_for_phase(page, "open")
    return page.get_by_test_id("round-id").inner_text()


class TooLateError(Exception):
    """The round closed before everything that belongs in it was done: once more in another."""


ROUNDS = 4
"""How many rounds a busy machine may need for what fits into one."""

_BETS = """([stakes, root]) => {
  const at = (name) => (root === null ? document : document.querySelector(root))
    .querySelector(`[data-testid="${name}"]`);
  const spots = Object.entries(stakes).map(([spot, minor]) => [at(`spot-${spot}`).dataset, minor]);
  if (spots.every(([spot, minor]) => Number(spot.stakedMinor) === minor)) return "taken";
  if (at("status").dataset.phase === "open") return null;
  return spots.every(([spot]) => Number(spot.pendingMinor) === 0) ? "late" : null;
}"""


def press(table: Page | Locator, name: str) -> None:
    """Press what can only be pressed in an open round. Raises: TooLateError."""
    for _ in range(10):
        try:
            return table.get_by_test_id(name).click(timeout=2 * SECONDS)
        except TookTooLong:
            if table.get_by_test_id("status").get_attribute("data-phase") != "open":
                raise TooLateError(name) from None
    raise AssertionError(f"{name} cannot be pressed in an open round")


def bets_are_taken(page: Page, stakes: dict[str, int], root: str | None = None) -> None:
    """Wait until these stakes stand, at the table in ``root``. Raises: TooLateError."""
    answer = page.wait_for_function(_BETS, arg=[stakes, root], timeout=60 * SECONDS).json_value()
    if answer == "late":
        raise TooLateError(str(stakes))


def recall_round(page: Page, round_id: str) -> None:
    """Open a round in the drawer of past rounds, whose records follow the table a little later."""
    row = page.locator(f'[data-testid="past-row"][data-round="{round_id}"]')
    for _ in range(10):
        page.get_by_test_id("past-rounds-open").click()
        try:
            return row.click(timeout=5 * SECONDS)
        except TookTooLong:
            page.get_by_test_id("past-close").click()
    raise AssertionError(f"{round_id} is not among the past rounds")


def check_record(page: Page) -> None:
    """Check the shown round by its signed record, which follows the table a little later."""
    seal = page.locator('[data-check="record-seal"]')
    for _ in range(10):
        page.get_by_test_id("check-bets").click()
        try:
            return seal.wait_for(timeout=5 * SECONDS)
        except TookTooLong:
            continue
    raise AssertionError("there is no record of the round")


def balance_minor(page: Page) -> int:
    value = page.get_by_test_id("balance").get_attribute("data-minor")
    assert value is not None
    return int(value)
