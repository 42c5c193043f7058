"""``make screenshots``: the pictures of docs/screenshots, taken from a running sandbox.

Name scenes to take only theirs: ``python -m tests.e2e.screenshots --port 4566 staff``.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Locator, Page, expect
from playwright.sync_api import TimeoutError as TookTooLong

from baccarat.domain.roles import PLAYER
from baccarat.domain.shoe import Shoe
from sandbox.configuration import ROOT, TABLE_ID, Options, Run, SandboxError, User
from sandbox.headless import HeadlessPlayer, new_id
from sandbox.headless import sign_in as token_of
from sandbox.seeding import PASSWORD, add_user, bind_tables
from tests.e2e.browser import (
    DESKTOP,
    PHONE,
    SECONDS,
    check_record,
    chromium,
    recall_round,
    sign_in,
    wait_for_phase,
)

FOLDER: Final = ROOT / "docs" / "screenshots"
SQUEEZE_TABLE: Final = "bac-4"
DESK_TABLE: Final = "bac-6"
"""Its machine knows the order, so that a wrong card is seen at once."""

BURNED: Final = ("2H", "8C", "JS")
"""A two, and so two more face down."""

HAND: Final = ("2C", "KD", "3H", "4S", "9D")
"""Player draws a nine to five and has four; on a nine Banker stands with four: a tie."""

REALLY_DEALT: Final = (*HAND[:4], "8D")
"""What the correction says: with an eight Player has three, and Banker wins."""

WRONG: Final = "9S"
_ATTEMPTS: Final = 4
BETS: Final = (
    ("chip-2500", "PLAYER"),
    ("chip-500", "TIE"),
    ("chip-10000", "BANKER"),
    ("chip-500", "PLAYER_PAIR"),
    ("chip-500", "BANKER_BONUS"),
    ("chip-2500", "BIG"),
)


def take(page: Page, name: str) -> None:
    page.evaluate("window.scrollTo(0, 0)")
    page.screenshot(path=FOLDER / f"{name}.jpg", type="jpeg", quality=82)
    sys.stdout.write(f"{Path('docs/screenshots') / name}.jpg\n")
    sys.stdout.flush()


def new_page(browser: Browser, size: dict[str, int]) -> Page:
    return browser.new_page(viewport=size)  # type: ignore[arg-type]


def wait_for_pictures(page: Page) -> None:
    """Wait until the picture of every filmed table has come, or is given up."""
    page.wait_for_function(
        """() => window.baccarat.tables().every(
          id => window.baccarat.video(id)?.state !== 'waiting')""",
        timeout=60 * SECONDS,
    )


def new_player(run: Run) -> str:
    user = User(f"photo-{new_id()[:8].lower()}", PLAYER, PASSWORD, 1_000_00)
    add_user(user, run.outputs)
    return user.name


def player_page(browser: Browser, run: Run, place: str, size: dict[str, int] = DESKTOP) -> Page:
    page = new_page(browser, size)
    sign_in(page, run, new_player(run), PASSWORD, place)
    return page


def place_bets(table: Page | Locator, bets: tuple[tuple[str, str], ...]) -> None:
    """Place bets in a round that has just opened, and wait until the house has taken them all.

    A machine that is busy may need too long for a short round; then the next one is tried.
    """
    chips = [(table.get_by_test_id(chip), table.get_by_test_id(f"spot-{s}")) for chip, s in bets]
    for attempt in range(_ATTEMPTS):
        # How long "settled" is shown may be less than the time between two looks at it.
        expect(table.get_by_test_id("status")).not_to_have_attribute(
            "data-phase", "open", timeout=60 * SECONDS
        )
        wait_for_phase(table, "open")
        try:
            for chip, spot in chips:
                chip.click(timeout=2 * SECONDS)
                spot.click(timeout=2 * SECONDS)
            for (name, _), (_, spot) in zip(bets, chips, strict=True):
                expect(spot).to_have_attribute(
                    "data-staked-minor", name.removeprefix("chip-"), timeout=4 * SECONDS
                )
        except (AssertionError, TookTooLong):
            if attempt + 1 == _ATTEMPTS:
                raise
        else:
            return


def round_of(browser: Browser, run: Run, size: dict[str, int], name: str) -> None:
    """Sign-in, bets, dealing, result, the fairness panel and the recalled round."""
    user = new_player(run)
    page = new_page(browser, size)
    page.goto(run.page_url)
    expect(page.get_by_test_id("signin-submit")).to_be_visible()
    take(page, f"{name}-sign-in")
    sign_in(page, run, user, PASSWORD)
    wait_for_pictures(page)
    place_bets(page, BETS)
    round_id = page.get_by_test_id("round-id").inner_text()
    expect(page.get_by_test_id("result")).to_be_hidden(timeout=20 * SECONDS)
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
    check_record(page)
    take(page, f"{name}-fairness")
    page.get_by_test_id("fairness-close").click()
    recall_round(page, round_id)
    expect(page.get_by_test_id("past-bet").first).to_be_visible(timeout=30 * SECONDS)
    page.wait_for_timeout(SECONDS / 2)
    take(page, f"{name}-recall")
    page.close()


def desktop(browser: Browser, run: Run) -> None:
    round_of(browser, run, DESKTOP, "desktop")


def phone(browser: Browser, run: Run) -> None:
    round_of(browser, run, PHONE, "phone")


def lobby(browser: Browser, run: Run) -> None:
    for size, name in ((DESKTOP, "desktop"), (PHONE, "phone")):
        page = player_page(browser, run, "lobby", size)
        expect(page.get_by_test_id("lobby-table").first).to_be_visible(timeout=40 * SECONDS)
        page.wait_for_timeout(SECONDS)
        take(page, f"{name}-lobby")
        page.close()


def squeeze(browser: Browser, run: Run) -> None:
    """A card half peeled: the last that lies face down, held by the mouse."""
    page = player_page(browser, run, f"table={SQUEEZE_TABLE}")
    place_bets(page, (("chip-2500", "PLAYER"), ("chip-500", "PLAYER_PAIR")))
    closed = page.locator(".card-squeezable")
    expect(page.get_by_test_id("card")).to_have_count(3, timeout=90 * SECONDS)
    expect(closed).to_have_count(1, timeout=30 * SECONDS)
    box = closed.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] * 0.8, box["y"] + box["height"] * 0.97
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - box["width"] * 0.15, y - box["height"] * 0.45, steps=5)
    expect(page.locator(".card-peeled")).to_have_count(1)
    take(page, "squeeze")
    page.close()


def side_by_side(browser: Browser, run: Run) -> None:
    tables = (TABLE_ID, "bac-3")
    page = player_page(browser, run, f"table={','.join(tables)}")
    wait_for_pictures(page)
    for table_id, spot in zip(tables, ("BANKER", "PLAYER"), strict=True):
        table = page.locator(f'[data-testid="short-table"][data-table="{table_id}"]')
        place_bets(table, (("chip-500", spot),))
    take(page, "two-tables")
    page.close()


async def _as_pit(run: Run, table_id: str, work: Callable[[Any], Any]) -> None:
    token = await asyncio.to_thread(token_of, run, "pit", PASSWORD)
    async with HeadlessPlayer(run, token) as person:

        async def give(kind: str, **members: Any) -> dict[str, Any]:
            answer = await person.ask(
                {
                    "action": "pit",
                    "id": new_id(),
                    "tableId": table_id,
                    "command": {"kind": kind, **members},
                }
            )
            if answer["type"] != "pit":
                raise SandboxError(f"{table_id}: {answer['code']}: {answer['message']}")
            desk: dict[str, Any] = answer["desk"]
            return desk

        await work(give)


def clear_desk(run: Run, table_id: str) -> None:
    """Leave the table open and waiting for a shoe, whatever it was at."""
    note = "cleared for pictures"

    async def work(give: Callable[..., Any]) -> None:
        desk = await give("look")
        if desk["shoe"] is not None:
            await give("set_status", status="PAUSED", note=note)
            desk = await give("look")
            hand = desk["hand"]
            if hand is not None and hand["state"] in ("OPEN", "CLOSED", "DEALING"):
                await give("void", roundId=hand["roundId"], note=note)
            while hand is not None and hand["state"] not in ("SETTLED", "VOIDED"):
                await asyncio.sleep(0.5)
                hand = (await give("look"))["hand"]
            await give("end_shoe", shoeId=desk["shoe"]["shoeId"])
        await give("set_status", status="OPEN", note=note)

    # Playwright has a loop of its own in this thread.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(_as_pit(run, table_id, work))).result()


def staff_page(browser: Browser, run: Run, page_name: str, name: str) -> Page:
    page = new_page(browser, DESKTOP)
    page.goto(f"{run.page_url}/{page_name}.html#table={DESK_TABLE}")
    page.get_by_test_id("signin-username").fill(name)
    page.get_by_test_id("signin-password").fill(PASSWORD)
    page.get_by_test_id("signin-submit").click()
    return page


def desk_says(desk: Page, state: str) -> None:
    expect(desk.get_by_test_id("desk-state")).to_have_attribute(
        "data-state", state, timeout=60 * SECONDS
    )


def scan(desk: Page, code: str) -> None:
    """Type as a scanner does: quickly, and Enter at the end."""
    desk.keyboard.type(code)
    desk.keyboard.press("Enter")


def next_card(desk: Page, place: int) -> None:
    expect(desk.get_by_test_id("desk-next")).to_have_attribute(
        "data-place", str(place), timeout=60 * SECONDS
    )


def scan_and_wait(desk: Page, place: int) -> None:
    next_card(desk, place)
    scan(desk, HAND[place - 1])
    expect(desk.get_by_test_id("desk-pending")).to_have_attribute(
        "data-card", HAND[place - 1], timeout=30 * SECONDS
    )


def machine_order() -> str:
    """A whole shuffled shoe that begins with the cards of the pictures."""
    cards = [str(card) for card in Shoe.full("", 8).pool()]
    random.Random(8).shuffle(cards)
    front = [*BURNED, *HAND]
    for card in front:
        cards.remove(card)
    return "".join([*front, *cards])


def staff(browser: Browser, run: Run) -> None:
    """A hand at the desk with a wrong card, the pit that lets it go on, and a correction of it."""
    clear_desk(run, DESK_TABLE)
    player = player_page(browser, run, f"table={DESK_TABLE}")
    pit = staff_page(browser, run, "pit", "pit")
    desk = staff_page(browser, run, "desk", "dealer")
    try:
        round_id = deal_hand(desk, pit, player)
        correct_round(browser, run, pit, round_id)
    finally:
        for page in (desk, pit, player):
            page.close()
        clear_desk(run, DESK_TABLE)


def deal_hand(desk: Page, pit: Page, player: Page) -> str:
    expect(desk.get_by_test_id("shoe-dialog")).to_be_visible(timeout=60 * SECONDS)
    desk.get_by_test_id("shoe-order").fill(machine_order())
    desk.get_by_test_id("shoe-burn").click()
    scan(desk, BURNED[0])
    expect(desk.get_by_test_id("shoe-send")).to_be_enabled()
    take(desk, "desk-shoe")
    desk.get_by_test_id("shoe-send").click()

    desk_says(desk, "BETTING")
    wait_for_phase(player, "open")
    for chip, spot in (("chip-2500", "PLAYER"), ("chip-500", "TIE")):
        player.get_by_test_id(chip).click()
        player.get_by_test_id(f"spot-{spot}").click()
    round_id = str(player.evaluate("window.baccarat.events().at(-1).roundId"))
    take(desk, "desk-betting")
    for place in (1, 2, 3):
        scan_and_wait(desk, place)
        desk.keyboard.press("Enter")

    next_card(desk, 4)
    scan(desk, WRONG)
    expect(desk.get_by_test_id("desk-alarm")).to_be_visible(timeout=30 * SECONDS)
    desk_says(desk, "PAUSED")
    take(desk, "desk-alarm")
    expect(pit.get_by_test_id("pit-paused")).to_be_visible(timeout=30 * SECONDS)
    pit.wait_for_timeout(SECONDS)
    take(pit, "pit-paused")
    pit.get_by_test_id("pit-resume").click()
    pit.get_by_test_id("pit-send").click()
    desk_says(desk, "DEAL")
    desk.keyboard.press("Escape")

    scan_and_wait(desk, 4)
    take(desk, "desk-card")
    desk.keyboard.press("Enter")
    scan_and_wait(desk, 5)
    desk.keyboard.press("Enter")
    player.wait_for_function(
        "id => window.baccarat.events().some(e => e.roundId === id && e.type === 'ROUND_SETTLED')",
        arg=round_id,
        timeout=60 * SECONDS,
    )
    return round_id


def correct_round(browser: Browser, run: Run, pit: Page, round_id: str) -> None:
    pit.get_by_test_id("pit-correction-propose").click()
    pit.get_by_test_id("pit-correction-round").fill(round_id)
    for code in REALLY_DEALT:
        pit.locator(f'[data-testid="pit-card"][data-card="{code}"]').click()
    pit.get_by_test_id("pit-note").fill("The camera shows 8♦ as the fifth card, not 9♦.")
    take(pit, "pit-propose")
    pit.get_by_test_id("pit-send").click()
    other = staff_page(browser, run, "pit", "petra")
    correction = other.locator(f'[data-testid="pit-correction"][data-round="{round_id}"]')
    expect(correction.get_by_test_id("pit-correction-approve")).to_be_enabled(timeout=60 * SECONDS)
    take(other, "pit-correction")
    correction.get_by_test_id("pit-correction-approve").click()
    other.get_by_test_id("pit-send").click()
    expect(correction).to_have_attribute(
        "data-state", re.compile("^APPLIED$"), timeout=60 * SECONDS
    )
    take(other, "pit-applied")
    other.close()


SCENES: Final = {
    "lobby": lobby,
    "desktop": desktop,
    "phone": phone,
    "squeeze": squeeze,
    "tables": side_by_side,
    "staff": staff,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=4566, help="of the running AWS emulator")
    parser.add_argument("scenes", nargs="*", help=f"of {', '.join(SCENES)}; all by default")
    arguments = parser.parse_args()
    place = Options(arguments.port, 0, 0, 0)
    run = Run.load(place.folder)
    os.environ.update(place.environment())
    bind_tables(run.outputs)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for scene in arguments.scenes or SCENES:
            SCENES[scene](browser, run)


if __name__ == "__main__":
    main()
