"""A whole hand of physical cards, dealt in one browser and watched in another."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Browser, Page, expect

from baccarat.adapters.keys import KeySet
from baccarat.domain.roles import PLAYER
from baccarat.domain.transcript import verify
from sandbox.configuration import Run, User
from sandbox.headless import call_api, new_id
from sandbox.headless import sign_in as token_of
from sandbox.seeding import PASSWORD, add_user
from tests.e2e.browser import (
    DESKTOP,
    HEARTBEAT_SECONDS,
    ROUNDS,
    SECONDS,
    TooLateError,
    balance_minor,
    bets_are_taken,
    press,
    sign_in,
    wait_for_phase,
)

pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.browser,
]
TABLE = "bac-5"
CARDS = ("2C", "KD", "3H", "4S", "9D")
"""Player draws a nine to five and has four; on a nine Banker stands with four: a tie."""


def staff_page(browser: Browser, run: Run, page_name: str, name: str) -> Page:
    page = browser.new_page(viewport=DESKTOP)  # type: ignore[arg-type]
    page.goto(f"{run.page_url}/{page_name}.html#table={TABLE}")
    page.get_by_test_id("signin-username").fill(name)
    page.get_by_test_id("signin-password").fill(PASSWORD)
    page.get_by_test_id("signin-submit").click()
    return page


def desk_says(desk: Page, *states: str, seconds: int = 60) -> None:
    expect(desk.get_by_test_id("desk-state")).to_have_attribute(
        "data-state", re.compile(f"^({'|'.join(states)})$"), timeout=seconds * SECONDS
    )


def next_card(desk: Page, place: int) -> None:
    """Wait until the engine asks for the ``place``-th card of the hand."""
    expect(desk.get_by_test_id("desk-next")).to_have_attribute(
        "data-place", str(place), timeout=60 * SECONDS
    )


def scan(desk: Page, code: str) -> None:
    """Type as a scanner does: quickly, and Enter at the end."""
    desk.keyboard.type(code)
    desk.keyboard.press("Enter")


def deal(desk: Page, player: Page, code: str, count: int) -> None:
    """Scan and confirm a card; wait until the player sees that there are ``count``."""
    scan(desk, code)
    expect(desk.get_by_test_id("desk-pending")).to_have_attribute(
        "data-card", code, timeout=30 * SECONDS
    )
    desk.keyboard.press("Enter")
    expect(player.locator("[data-testid=card]")).to_have_count(count, timeout=30 * SECONDS)


def bet_on_tie(player: Page, desk: Page) -> str:
    """Bet 5.00; a hand that closed under way is dealt out, and the next one tried."""
    for _ in range(ROUNDS):
        wait_for_phase(player, "open")
        round_id = player.get_by_test_id("round-id").inner_text()
        try:
            press(player, "chip-500")
            press(player, "spot-TIE")
            bets_are_taken(player, {"TIE": 500})
        except TooLateError:
            for count, code in enumerate(CARDS, start=1):
                next_card(desk, count)
                deal(desk, player, code, count)
        else:
            return round_id
    raise AssertionError(f"{ROUNDS} hands closed too early")


def test_a_hand_from_the_desk_to_the_players_balance(sandbox: Run, browser: Browser) -> None:
    user = User(f"web-{new_id()[:10].lower()}", PLAYER, PASSWORD, 100_000)
    add_user(user, sandbox.outputs)
    player = browser.new_page(viewport=DESKTOP, reduced_motion="reduce")  # type: ignore[arg-type]
    sign_in(player, sandbox, user.name, user.password, f"table={TABLE}")
    pit = staff_page(browser, sandbox, "pit", "pit")
    desk = staff_page(browser, sandbox, "desk", "dealer")

    # The shoe comes with the record of its shuffle and its first card.
    expect(desk.get_by_test_id("shoe-dialog")).to_be_visible(timeout=60 * SECONDS)
    desk.get_by_test_id("shoe-shuffled-by").fill("dora")
    desk.get_by_test_id("shoe-cut-by").fill("petra")
    desk.get_by_test_id("shoe-seals").fill("batch 7")
    desk.get_by_test_id("shoe-burn").click()
    scan(desk, "7H")
    desk.get_by_test_id("shoe-send").click()
    desk_says(desk, "BETTING")
    # Players know the dealer by the name that the house shows, not by the sign-in.
    expect(player.get_by_test_id("dealer")).to_contain_text("Dealer Dora", timeout=30 * SECONDS)

    round_id = bet_on_tie(player, desk)

    # A smudged label and a card from the wrong place, both caught before anybody sees them.
    next_card(desk, 1)
    scan(desk, "Z7")
    expect(desk.get_by_test_id("desk-alarm")).to_be_visible()
    scan(desk, "QS")
    expect(desk.get_by_test_id("desk-pending")).to_have_attribute(
        "data-card", "QS", timeout=30 * SECONDS
    )
    desk.keyboard.press("Backspace")
    expect(desk.get_by_test_id("desk-pending")).not_to_have_attribute(
        "data-card", "QS", timeout=30 * SECONDS
    )
    expect(player.locator("[data-testid=card]")).to_have_count(0)

    for count, code in enumerate(CARDS[:3], start=1):
        deal(desk, player, code, count)

    # The dealer is gone: the hand waits for the pit.
    desk.close()
    expect(pit.get_by_test_id("pit-paused")).to_be_visible(
        timeout=(HEARTBEAT_SECONDS + 60) * SECONDS
    )
    expect(player.get_by_test_id("status")).to_contain_text(
        re.compile("paus", re.IGNORECASE), timeout=30 * SECONDS
    )
    desk = staff_page(browser, sandbox, "desk", "dealer")
    desk_says(desk, "PAUSED")
    pit.get_by_test_id("pit-resume").click()
    pit.get_by_test_id("pit-send").click()
    next_card(desk, 4)
    for count, code in enumerate(CARDS[3:], start=4):
        deal(desk, player, code, count)

    returned = 500 + 8 * 500
    player.wait_for_function(
        "id => window.baccarat.events().some(e => e.roundId === id && e.type === 'ROUND_SETTLED')",
        arg=round_id,
        timeout=60 * SECONDS,
    )
    player.wait_for_function(
        "minor => Number(document.querySelector('[data-testid=balance]').dataset.minor) === minor",
        arg=100_000 - 500 + returned,
        timeout=60 * SECONDS,
    )
    assert balance_minor(player) == 99_500 + returned

    token = token_of(sandbox, user.name, user.password)
    answer = call_api(sandbox, "GET", f"/rounds/{round_id}/transcript", token)
    keys = KeySet.from_jwks(json.dumps(call_api(sandbox, "GET", "/keys")))
    verified = verify(answer, keys.check)
    types = [signed.event.type.value for signed in (verified.shoe, *verified.events)]
    assert {"SHOE_OPENED", "SCAN_UNDONE", "DEALING_PAUSED", "DEALING_RESUMED"} <= set(types)
    assert types.count("CARDS_DEALT") == len(CARDS)
    assert verified.round.dealer_id == "dealer"
