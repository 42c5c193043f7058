"""The page's own views in Chromium, without a table behind them."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.browser import DESKTOP, page_of_files

pytestmark = pytest.mark.browser

PAGE = (
    '<!doctype html><link rel="stylesheet" href="/web/table.css">'
    '<script type="module" src="/tests/web/views.mjs"></script>'
)
THREE_CARD_SEVEN = [
    *(["PLAYER", "5H"], ["BANKER", "TD"], ["PLAYER", "8D"], ["BANKER", "2D"]),
    *(["PLAYER", "7C"], ["BANKER", "5D"]),
]


@pytest.fixture
def page(browser: Browser) -> Page:
    found = page_of_files(browser, PAGE, DESKTOP)
    found.wait_for_function("() => Boolean(window.draw)")
    return found


def draw(page: Page, *, shown: int, **options: Any) -> None:
    """Draw the round of the three-card seven when ``shown`` cards lie there."""
    default = {"version": "ez-8/1", "presentation": "standard", "cards": THREE_CARD_SEVEN}
    page.evaluate("options => window.draw(options)", {**default, "shown": shown, **options})


def drag(page: Page, card: Locator, share: float) -> None:
    """Draw the card's lower edge upwards by ``share`` of its height."""
    box = card.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.97
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y - box["height"] * share, steps=3)


def test_the_layout_shows_how_every_bet_ended(page: Page) -> None:
    stakes = {"BANKER": 500, "DRAGON_7": 100, "SMALL": 100}
    draw(page, shown=5, stakes=stakes)
    expect(page.get_by_test_id("spot-BANKER")).not_to_have_attribute("data-result", "pushed")
    draw(page, shown=7, stakes=stakes)
    results = page.locator(".spot").evaluate_all(
        "all => Object.fromEntries(all.map(e => [e.dataset.testid.slice(5), e.dataset.result]))"
    )
    assert {spot for spot, result in results.items() if result == "pushed"} == {"BANKER"}
    won = {spot for spot, result in results.items() if result == "won"}
    assert won == {"DRAGON_7", "BANKER_BONUS", "BIG"}
    assert len(results) == 13
    assert page.locator(".spot-ending:not(:empty)").all_inner_texts() == ["Push", "Won"]
    expect(page.get_by_test_id("spot-DRAGON_7")).to_have_accessible_name(
        "Dragon 7, pays 40 to 1, your stake €1, won"
    )


def test_a_table_of_main_bets_shows_no_others(page: Page) -> None:
    draw(page, shown=1, version="commission-8/1")
    names = page.locator(".spot").evaluate_all("all => all.map(e => e.dataset.testid)")
    assert names == ["spot-PLAYER", "spot-TIE", "spot-BANKER"]


def test_side_bets_are_doubled_and_placed_again_with_the_others(page: Page) -> None:
    stakes = {"BANKER": 500, "TIE": 200, "DRAGON_7": 100, "BIG": 40_000}
    draw(page, shown=-3, stakes=stakes)
    expect(page.get_by_test_id("double")).to_be_disabled()  # BIG holds no more
    del stakes["BIG"]
    draw(page, shown=-3, stakes=stakes)
    for button in ("double", "rebet"):
        page.get_by_test_id(button).click()
        placed = {bet["spot"]: bet["minor"] for bet in page.evaluate("window.placed")}
        assert placed == stakes
        draw(page, shown=-3, roundNo=2)


def test_a_card_is_peeled_open(page: Page) -> None:
    draw(page, shown=4, presentation="squeeze")
    closed = page.locator(".card-squeezable")
    expect(closed).to_have_count(1)
    expect(page.get_by_test_id("total-BANKER")).to_have_text("0")  # without the closed two
    drag(page, closed, 0.4)
    expect(page.locator(".card-peeled")).to_have_count(1)
    page.mouse.up()
    expect(page.locator(".card-peeled")).to_have_count(0)
    expect(closed).to_have_count(1)
    drag(page, closed, 0.8)
    page.mouse.up()
    expect(closed).to_have_count(0)
    draw(page, shown=4, presentation="squeeze")
    expect(page.get_by_test_id("total-BANKER")).to_have_text("2")


def test_a_sideways_card_is_peeled_where_the_pointer_is(page: Page) -> None:
    draw(page, shown=5, presentation="squeeze")
    drag(page, page.locator(".card-squeezable"), 0.8)
    expect(page.locator(".card-peeled")).to_have_count(1)
    page.mouse.up()
    expect(page.locator(".card-squeezable")).to_have_count(0)


@pytest.mark.parametrize("key", ["Enter", " "])
def test_a_key_turns_a_card(page: Page, key: str) -> None:
    draw(page, shown=4, presentation="squeeze")
    closed = page.get_by_role("button", name="a card face down")
    closed.press(key)
    expect(closed).to_have_count(0)
    expect(page.get_by_role("img", name="2 of diamonds")).to_be_focused()


def test_a_card_turns_by_itself_when_the_next_is_due_or_the_round_is_over(page: Page) -> None:
    draw(page, shown=5, presentation="squeeze")
    expect(page.get_by_role("img", name="2 of diamonds")).to_be_visible()
    expect(page.locator(".card-squeezable")).to_have_attribute("data-card", "7C")
    draw(page, shown=6, presentation="squeeze")
    expect(page.locator(".card-squeezable")).to_have_attribute("data-card", "5D")
    draw(page, shown=7, presentation="squeeze")
    expect(page.locator(".card-squeezable")).to_have_count(0)
    expect(page.locator(".card-open")).to_have_count(6)


@pytest.mark.parametrize("presentation", ["standard", "speed"])
def test_other_tables_turn_the_cards_themselves(page: Page, presentation: str) -> None:
    draw(page, shown=4, presentation=presentation)
    expect(page.locator(".card-squeezable")).to_have_count(0)
    draw(page, shown=5, presentation=presentation)
    expect(page.get_by_role("img", name="7 of clubs")).to_be_attached()
