"""Whole screens of the player's page, by their boxes, in every state: Chromium without a house."""

from __future__ import annotations

from itertools import cycle, islice
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from baccarat.domain.coup import Hand
from sandbox.studio import cards, felt
from tests.e2e.browser import DESKTOP, PHONE, page_of_files

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
FULL_HD = {"width": 1920, "height": 1080}
BETTING = ".spot, .chip, .actions button"
MAIN_AND_CHIPS = ".spots-main .spot, .chip"


@pytest.fixture(scope="module")
def screen(running_browser: Browser) -> Page:
    """One page for all: it takes seconds to load, and what is shown replaces all that was."""
    found = page_of_files(running_browser, PAGE, DESKTOP)
    found.wait_for_function("() => Boolean(window.show && window.faults)")
    return found


@pytest.fixture
def page(screen: Page, size: dict[str, int]) -> Page:
    screen.set_viewport_size(size)  # type: ignore[arg-type]
    return screen


def stakes_on(paytable: str) -> dict[str, int]:
    side = {} if paytable == "commission-8/1" else {"PLAYER_PAIR": 2_500, "BIG": 50_000}
    return {"PLAYER": 1_000_000, "TIE": 500, "BANKER": 12_500, **side}


def show(
    page: Page,
    paytables: tuple[str, ...],
    moment: str,
    picture: str | None = None,
    **options: Any,
) -> None:
    tables = [
        {"version": paytable, "name": LONG_NAME, "picture": picture} for paytable in paytables
    ]
    page.evaluate(
        "options => window.show(options)", {"tables": tables, "moment": moment, **options}
    )


def faults(page: Page, on_screen: str) -> list[str]:
    options = {"onScreen": on_screen, "film": film_areas()}
    found: list[str] = page.evaluate("options => window.faults(options)", options)
    return found


def film_areas() -> dict[str, list[float]]:
    """Where a film shows what nothing of the page may cover, in parts of its width and height."""
    boxes: dict[str, felt.Box] = {
        "title": (14, 8, 244, 40),
        "dealer": felt.PLATE,
        "shoe": (536, 0, felt.WIDTH, 60),
    }
    for hand, places in ((Hand.PLAYER, (2, 1)), (Hand.BANKER, (0, 2))):
        (first, y), (last, _) = (felt.place_of(hand, place) for place in places)
        half = cards.HEIGHT // 2
        outer = [half if place == 2 else cards.WIDTH // 2 for place in places]
        boxes[f"{hand.value} cards"] = (first - outer[0], y - half, last + outer[1], y + half)
    size = (felt.WIDTH, felt.HEIGHT) * 2
    return {
        name: [at / whole for at, whole in zip(box, size, strict=True)]
        for name, box in boxes.items()
    }


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
    FULL_HD,
)
@pytest.mark.parametrize("paytable", PAYTABLES)
def test_a_table_fits_a_desktop_without_scrolling(page: Page, paytable: str) -> None:
    stakes = stakes_on(paytable)
    for moment in MOMENTS:
        show(page, (paytable,), moment, stakes=stakes, notices=TOLD)
        assert faults(page, f"{BETTING}, .foot") == [], moment
        high = page.evaluate("document.documentElement.scrollHeight - innerHeight")
        assert high <= 0, moment


@sized(PHONE, SMALL_PHONE, SHORT_PHONE, DESKTOP, {"width": 1280, "height": 720}, FULL_HD)
def test_a_picture_is_seen_whole_and_nothing_to_press_moves_when_it_comes(
    page: Page, size: dict[str, int]
) -> None:
    on_screen = MAIN_AND_CHIPS if size == SHORT_PHONE else BETTING
    stakes = stakes_on("commission-8/2")
    places = []
    for moment in MOMENTS:
        for picture in ("waiting", "on"):
            show(page, ("commission-8/2",), moment, picture, stakes=stakes)
            assert faults(page, on_screen) == [], (moment, picture)
            places.append(page.evaluate("window.placesOfBets()"))
    show(page, ("commission-8/2",), "result", "on")  # without winnings
    assert faults(page, on_screen) == []
    assert all(found == places[0] for found in places)


@sized(DESKTOP, {"width": 1440, "height": 900})
@pytest.mark.parametrize("count", [2, 3, 4])
def test_filmed_tables_side_by_side_are_seen_whole(page: Page, count: int) -> None:
    paytables = tuple(islice(cycle(PAYTABLES), count))
    for moment in MOMENTS:
        show(page, paytables, moment, "on", stakes=stakes_on("commission-8/1"))
        assert faults(page, BETTING) == [], moment


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
