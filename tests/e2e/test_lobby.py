"""A person's way from the lobby: matched, seated, betting on two tables at once, looking back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from baccarat.domain.roles import PLAYER
from sandbox.configuration import TABLE_ID, Run, User
from sandbox.headless import new_id
from sandbox.seeding import PASSWORD, add_user
from tests.e2e.browser import (
    DESKTOP,
    E2E_TABLES,
    PHONE,
    ROUNDS,
    SECONDS,
    TooLateError,
    balance_minor,
    bets_are_taken,
    press,
    recall_round,
    sign_in,
    wait_for_phase,
)

pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.browser,
]


def new_page(browser: Browser, run: Run, size: dict[str, int], place: str) -> Page:
    """A new player with 1,000.00 EUR at a place of the page."""
    user = User(f"web-{new_id()[:10].lower()}", PLAYER, PASSWORD, 100_000)
    add_user(user, run.outputs)
    page = browser.new_page(viewport=size, reduced_motion="reduce")  # type: ignore[arg-type]
    sign_in(page, run, user.name, user.password, place)
    return page


def short_table(page: Page, table_id: str) -> Locator:
    return page.locator(f'[data-testid="short-table"][data-table="{table_id}"]')


def find_a_table(page: Page) -> None:
    """Ask the matchmaker; who starts cold on a busy machine may be too late for the page."""
    for _ in range(4):
        page.get_by_test_id("match").click()
        answer = page.locator('[data-testid="proposals"]:visible, [data-testid="notice"]').first
        expect(answer).to_be_visible(timeout=40 * SECONDS)
        if page.get_by_test_id("proposals").is_visible():
            return
        expect(page.get_by_test_id("notice")).to_have_count(0, timeout=20 * SECONDS)
    raise AssertionError("the matchmaker does not answer")


def bet_500_on_player(page: Page, table_id: str) -> str:
    """Bet in a round; where it closes under way, in another. Return the round's id."""
    table = short_table(page, table_id)
    for _ in range(ROUNDS):
        wait_for_phase(table, "open")
        try:
            press(table, "chip-500")
            press(table, "spot-PLAYER")
            bets_are_taken(
                page, {"PLAYER": 500}, f'[data-testid="short-table"][data-table="{table_id}"]'
            )
        except TooLateError:
            continue
        # The page forgets a stake with the next round: this one is still the newest.
        events = page.evaluate("id => window.baccarat.events(id)", table_id)
        return next(str(e["roundId"]) for e in reversed(events) if e["type"] == "ROUND_OPENED")
    raise AssertionError(f"{ROUNDS} rounds of {table_id} closed too early")


def test_from_the_lobby_to_two_tables_and_a_recalled_round(sandbox: Run, browser: Browser) -> None:
    page = new_page(browser, sandbox, DESKTOP, "lobby")
    expect(page.get_by_test_id("lobby-table")).to_have_count(len(E2E_TABLES), timeout=40 * SECONDS)
    page.get_by_test_id("filter-variant").select_option("commission")
    page.get_by_test_id("filter-stake").select_option("1")
    expect(page.get_by_test_id("lobby-table")).to_have_count(1)
    find_a_table(page)
    expect(page.get_by_test_id("proposal")).to_have_count(1)
    page.get_by_test_id("proposal").click()

    expect(page).to_have_url(re.compile(f"#table={TABLE_ID}$"))
    expect(page.get_by_test_id("connection")).to_have_attribute(
        "data-state", "online", timeout=60 * SECONDS
    )
    assert balance_minor(page) == 100_000
    page.get_by_test_id("past-rounds-open").click()
    expect(page.get_by_test_id("past-row").first).to_be_visible(timeout=40 * SECONDS)
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("past-rounds")).to_be_hidden()
    page.get_by_test_id("seat-2").click()
    expect(page.get_by_test_id("seat-2")).to_have_attribute(
        "data-taken", "you", timeout=40 * SECONDS
    )
    other = new_page(browser, sandbox, DESKTOP, f"table={TABLE_ID}")
    expect(other.get_by_test_id("seat-2")).to_have_attribute(
        "data-taken", "other", timeout=40 * SECONDS
    )
    expect(other.get_by_test_id("seat-2")).to_contain_text(re.compile(r"Player [0-9A-F]{4}"))

    page.get_by_test_id("table-add").click()
    page.locator('[data-table="bac-3"]').get_by_test_id("lobby-join").click()
    expect(page.get_by_test_id("short-table")).to_have_count(2)
    expect(page.get_by_test_id("connection")).to_have_attribute(
        "data-state", "online", timeout=60 * SECONDS
    )
    round_id = bet_500_on_player(page, TABLE_ID)
    bet_500_on_player(page, "bac-3")
    # Seats outlive the change of the screen.
    expect(short_table(page, TABLE_ID).get_by_test_id("seat-2")).to_have_attribute(
        "data-taken", "you"
    )

    short_table(page, TABLE_ID).get_by_test_id("table-only").click()
    expect(page.get_by_test_id("short-table")).to_have_count(0)
    page.wait_for_function(
        "id => window.baccarat.events().some(e => e.roundId === id && e.type === 'ROUND_SETTLED')",
        arg=round_id,
        timeout=60 * SECONDS,
    )
    recall_round(page, round_id)
    expect(page.get_by_test_id("past-bet")).to_have_count(1, timeout=40 * SECONDS)
    expect(page.get_by_test_id("past-sum")).to_contain_text("€5.00")
    assert page.get_by_test_id("past-card").count() >= 4
    page.get_by_test_id("past-verify").click()
    expect(page.locator('[data-check="record-seal"]')).to_have_attribute(
        "data-ok", "true", timeout=60 * SECONDS
    )

    # Standing up is seen by the others at once.
    page.get_by_test_id("fairness-close").click()
    page.get_by_test_id("past-close").click()
    page.get_by_test_id("seat-2").click()
    expect(other.get_by_test_id("seat-2")).to_have_attribute(
        "data-taken", "free", timeout=40 * SECONDS
    )


def test_a_seat_is_kept_over_a_lost_connection_and_freed_by_leaving(
    sandbox: Run, browser: Browser
) -> None:
    page = new_page(browser, sandbox, DESKTOP, "table=bac-3")
    other = new_page(browser, sandbox, DESKTOP, "table=bac-3")
    page.get_by_test_id("seat-5").click()
    taken = other.get_by_test_id("seat-5")
    expect(taken).to_have_attribute("data-taken", "other", timeout=40 * SECONDS)
    page.evaluate("window.baccarat.dropConnection()")
    expect(page.get_by_test_id("connection")).not_to_have_attribute("data-state", "online")
    expect(page.get_by_test_id("connection")).to_have_attribute(
        "data-state", "online", timeout=60 * SECONDS
    )
    expect(page.get_by_test_id("seat-5")).to_have_attribute(
        "data-taken", "you", timeout=40 * SECONDS
    )
    expect(taken).to_have_attribute("data-taken", "other", timeout=40 * SECONDS)
    page.get_by_test_id("lobby-open").click()
    expect(taken).to_have_attribute("data-taken", "free", timeout=40 * SECONDS)


@pytest.mark.parametrize(("place", "count"), [("lobby", len(E2E_TABLES)), ("table=bac-1,bac-3", 2)])
def test_lobby_and_several_tables_fit_a_phone_and_nothing_breaks_their_policy(
    sandbox: Run, browser: Browser, place: str, count: int
) -> None:
    complaints: list[str] = []
    page = browser.new_page(viewport=PHONE, reduced_motion="reduce")  # type: ignore[arg-type]
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    sign_in(page, sandbox, "bert", PASSWORD, place)
    shown = "lobby-table" if place == "lobby" else "short-table"
    expect(page.get_by_test_id(shown)).to_have_count(count, timeout=40 * SECONDS)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert complaints == []
