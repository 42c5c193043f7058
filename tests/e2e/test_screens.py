"""Whole screens of the player's page, by their boxes, in every state: Chromium without a house."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.browser import DESKTOP, PHONE, chromium, page_of_files

pytestmark = pytest.mark.browser

PAGE = (
    '<!doctype html><meta name="viewport" content="width=device-width, initial-scale=1">'
    '<link rel="stylesheet" href="/web/table.css">'
    '<div id="screen" class="table-screen" hidden></div>'
    '<script type="module" src="/tests/web/screens.mjs"></script>'
    '<script type="module" src="/tests/web/fit.mjs"></script>'
)
MAIN_BETS = ("PLAYER", "TIE", "BANKER")
PAYTABLES = ("commission-8/2", "no-commission-8/1", "ez-8/1", "commission-8/1")
"""The three variants with every side bet that they have, and a table of main bets alone."""

MOMENTS = ("open", "closed", "dealing", "result", "afterglow", "resting", "voided", "paused")
LONG_NAME = "Salón Privé Dorado de la Reina Isabel"
TOLD = [
    "Bets not taken: the most that this table takes on Tie is €500, and €100 is placed there.",
    "Not taken back: no more bets.",
]
SMALL_PHONE = {"width": 360, "height": 740}
SHORT_PHONE = {"width": 375, "height": 667}
BETTING = ".spot, .chip, .actions button"
MAIN_AND_CHIPS = ".spots-main .spot, .chip"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def page(browser: Browser, size: dict[str, int]) -> Iterator[Page]:
    found = page_of_files(browser, PAGE, size)
    found.wait_for_function("() => Boolean(window.show && window.faults)")
    yield found
    found.close()


def stakes_on(paytable: str) -> dict[str, int]:
    side = {} if paytable == "commission-8/1" else {"PLAYER_PAIR": 2_500, "BIG": 50_000}
    return {"PLAYER": 1_000_000, "TIE": 500, "BANKER": 12_500, **side}


def show(page: Page, paytables: tuple[str, ...], moment: str, **options: Any) -> None:
    tables = [{"version": paytable, "name": LONG_NAME} for paytable in paytables]
    page.evaluate(
        "options => window.show(options)", {"tables": tables, "moment": moment, **options}
    )


def faults(page: Page, on_screen: str) -> list[str]:
    found: list[str] = page.evaluate("options => window.faults(options)", {"onScreen": on_screen})
    return found


def sized(*sizes: dict[str, int]) -> Any:
    return pytest.mark.parametrize(
        "size", sizes, ids=lambda size: f"{size['width']}x{size['height']}"
    )


@sized(PHONE, SMALL_PHONE, SHORT_PHONE)
@pytest.mark.parametrize("paytable", PAYTABLES)
def test_a_table_fits_a_phone_and_nothing_to_press_moves(
    page: Page, size: dict[str, int], paytable: str
) -> None:
    on_screen = MAIN_AND_CHIPS if size == SHORT_PHONE else BETTING
    stakes = stakes_on(paytable)
    places = []
    for moment in MOMENTS:
        show(page, (paytable,), moment, stakes=stakes)
        assert faults(page, on_screen) == [], moment
        places.append(page.evaluate("window.placesOfBets()"))
    more: list[dict[str, Any]] = [
        {"pending": ["TIE", "PLAYER"]},
        {"notices": TOLD},
        {"away": True},
        {"stakes": {}},
    ]
    for options in more:
        show(page, (paytable,), "open", **{"stakes": stakes, **options})
        assert faults(page, on_screen) == [], options
        places.append(page.evaluate("window.placesOfBets()"))
    assert all(found == places[0] for found in places)


@sized(
    DESKTOP,
    {"width": 1024, "height": 768},
    {"width": 1280, "height": 720},
    {"width": 1920, "height": 1080},
)
@pytest.mark.parametrize("paytable", PAYTABLES)
def test_a_table_fits_a_desktop_without_scrolling(page: Page, paytable: str) -> None:
    stakes = stakes_on(paytable)
    for moment in MOMENTS:
        show(page, (paytable,), moment, stakes=stakes, notices=TOLD)
        assert faults(page, f"{BETTING}, .foot") == [], moment
        high = page.evaluate("document.documentElement.scrollHeight - innerHeight")
        assert high <= 0, moment


@sized(DESKTOP, {"width": 1440, "height": 900})
@pytest.mark.parametrize("count", [2, 3, 4])
def test_tables_side_by_side_are_seen_whole(page: Page, count: int) -> None:
    for first, moment in zip(range(len(PAYTABLES) * 2), MOMENTS, strict=True):
        paytables = tuple(islice(cycle(PAYTABLES), first, first + count))
        stakes = stakes_on("commission-8/1" if "commission-8/1" in paytables else paytables[0])
        show(page, paytables, moment, stakes=stakes, notices=TOLD)
        assert faults(page, BETTING) == [], moment


@sized({"width": 1024, "height": 768}, {"width": 768, "height": 1024}, PHONE, SMALL_PHONE)
@pytest.mark.parametrize("count", [2, 4])
def test_tables_side_by_side_spill_nowhere(page: Page, count: int) -> None:
    for moment in ("open", "result"):
        for first in range(len(PAYTABLES)):
            paytables = tuple(islice(cycle(PAYTABLES), first, first + count))
            show(page, paytables, moment, stakes=dict.fromkeys(MAIN_BETS, 2500))
            assert faults(page, ".head") == [], (moment, paytables)


@sized(DESKTOP, PHONE, SMALL_PHONE, SHORT_PHONE)
def test_the_lobby_fits(page: Page) -> None:
    tables = [
        {"version": paytable, "name": LONG_NAME, "presentation": presentation}
        for paytable, presentation in zip(PAYTABLES, cycle(["squeeze", "standard"]), strict=False)
    ]
    for taken in ([], [1]):
        page.evaluate("options => window.showLobby(options)", {"tables": tables, "taken": taken})
        assert page.get_by_test_id("lobby-table").count() == len(tables)
        assert faults(page, ".head, .lobby-tools") == []
