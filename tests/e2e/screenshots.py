"""``make screenshots``: the pictures of docs/screenshots, taken from a running sandbox."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from baccarat.domain.roles import PLAYER
from sandbox.configuration import ROOT, Options, Run, User
from sandbox.headless import new_id
from sandbox.seeding import PASSWORD, add_user, bind_tables
from tests.e2e.browser import (
    DESKTOP,
    PHONE,
    SECONDS,
    chromium,
    sign_in,
    wait_for_fresh_round,
    wait_for_phase,
)

FOLDER = ROOT / "docs" / "screenshots"


def take(page: Page, name: str) -> None:
    page.evaluate("window.scrollTo(0, 0)")
    page.screenshot(path=FOLDER / f"{name}.jpg", type="jpeg", quality=82)
    sys.stdout.write(f"{Path('docs/screenshots') / name}.jpg\n")


def one_size(browser: Browser, run: Run, size: dict[str, int], name: str) -> None:
    """Sign-in, bets, dealing, result and the fairness panel at one size of window."""
    user = User(f"photo-{new_id()[:8].lower()}", PLAYER, PASSWORD, 1_000_00)
    add_user(user, run.outputs)
    page = browser.new_page(viewport=size)  # type: ignore[arg-type]
    page.goto(run.page_url)
    expect(page.get_by_test_id("signin-submit")).to_be_visible()
    take(page, f"{name}-sign-in")
    sign_in(page, run, user.name, user.password)
    round_id = wait_for_fresh_round(page)
    expect(page.get_by_test_id("result")).to_be_hidden(timeout=20 * SECONDS)
    for chip, spot in (("chip-2500", "PLAYER"), ("chip-500", "TIE"), ("chip-10000", "BANKER")):
        page.get_by_test_id(chip).click()
        page.get_by_test_id(f"spot-{spot}").click()
    expect(page.get_by_test_id("balance")).to_have_attribute(
        "data-minor", "87000", timeout=20 * SECONDS
    )
    take(page, f"{name}-before")
    wait_for_phase(page, "dealing")
    expect(page.get_by_test_id("card")).to_have_count(3, timeout=30 * SECONDS)
    page.wait_for_timeout(SECONDS / 2)
    take(page, f"{name}-during")
    expect(page.get_by_test_id("result")).to_be_visible(timeout=60 * SECONDS)
    page.wait_for_timeout(SECONDS)
    take(page, f"{name}-after")
    page.get_by_test_id("fairness-open").click()
    page.locator(f'[data-testid="fairness-round"][data-round="{round_id}"]').click()
    expect(page.get_by_test_id("fairness-pending")).to_have_count(0, timeout=30 * SECONDS)
    page.get_by_test_id("check-bets").click()
    page.locator('[data-check="record-seal"]').wait_for(timeout=30 * SECONDS)
    take(page, f"{name}-fairness")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=4566, help="of the running AWS emulator")
    place = Options(parser.parse_args().port, 0, 0, 0)
    run = Run.load(place.folder)
    os.environ.update(place.environment())
    bind_tables(run.outputs)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        one_size(browser, run, DESKTOP, "desktop")
        one_size(browser, run, PHONE, "phone")


if __name__ == "__main__":
    main()
