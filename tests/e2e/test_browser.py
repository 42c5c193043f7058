"""A person's way through the deployed app: Chromium, the page, real websockets."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from baccarat.adapters.cli import main as baccarat
from baccarat.domain.roles import PLAYER
from sandbox.configuration import Run, User
from sandbox.headless import new_id
from sandbox.seeding import PASSWORD, add_user
from sandbox.transcripts import download
from tests.e2e.browser import (
    DESKTOP,
    PHONE,
    ROUNDS,
    SECONDS,
    TooLateError,
    balance_minor,
    bets_are_taken,
    check_record,
    press,
    sign_in,
    wait_for_fresh_round,
)

pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.browser,
]


@pytest.fixture
def page(sandbox: Run, browser: Browser) -> Page:
    """A new player at the table, with 1,000.00 EUR."""
    found = browser.new_page(viewport=DESKTOP)  # type: ignore[arg-type]
    come_anew(found, sandbox)
    return found


def come_anew(page: Page, sandbox: Run) -> None:
    """Sign in as another new player, whose balance no earlier bet has touched."""
    user = User(f"web-{new_id()[:10].lower()}", PLAYER, PASSWORD, 100_000)
    add_user(user, sandbox.outputs)
    if page.url != "about:blank":
        page.get_by_test_id("sign-out").click()
    sign_in(page, sandbox, user.name, user.password)


def in_one_round(page: Page, sandbox: Run, steps: Callable[[], None]) -> str:
    """Take steps that belong in one bet window; return the round's id.

    Where the window closes under way another new player begins again, in another round.
    """
    for _ in range(ROUNDS):
        round_id = wait_for_fresh_round(page)
        try:
            steps()
        except TooLateError:
            come_anew(page, sandbox)
        else:
            return round_id
    raise AssertionError(f"{ROUNDS} rounds closed too early")


def due(result: str) -> int:
    """What 25.00 on Player and 5.00 on Tie leave of 1,000.00 EUR."""
    if "PLAYER" in result:
        return 100_000 + 2_500 - 500
    if "BANKER" in result:
        return 100_000 - 2_500 - 500
    assert "TIE" in result
    return 100_000 + 8 * 500


def place_bets(page: Page, sandbox: Run) -> str:
    """Bet 25.00 on Player and 5.00 on Tie in one round; return its id."""

    def steps() -> None:
        press(page, "chip-2500")
        press(page, "spot-PLAYER")
        press(page, "chip-500")
        press(page, "spot-TIE")
        bets_are_taken(page, {"PLAYER": 2_500, "TIE": 500})

    round_id = in_one_round(page, sandbox, steps)
    expect(page.get_by_test_id("balance")).to_have_attribute(
        "data-minor", "97000", timeout=20 * SECONDS
    )
    page.evaluate(WATCH)
    return round_id


WATCH = """() => {
  const at = (name) => document.querySelector(`[data-testid="${name}"]`);
  window.seen = [];
  const look = () => {
    const { phase } = at("status").dataset;
    const moment = `${phase}${at("result").hidden ? "" : " with a result"}`;
    if (window.seen.at(-1) !== moment) window.seen.push(moment);
    requestAnimationFrame(look);
  };
  look();
}"""
"""Notes every moment that a player can see: none is too short for it."""


def check_settled(page: Page, round_id: str) -> None:
    row = page.locator(f'[data-testid="history-row"][data-round="{round_id}"]')
    expect(row).to_be_visible(timeout=60 * SECONDS)
    expected = due(row.inner_text().upper())
    expect(page.get_by_test_id("balance")).to_have_attribute(
        "data-minor", str(expected), timeout=20 * SECONDS
    )
    assert "dealing with a result" not in page.evaluate("window.seen")
    events = page.evaluate("window.baccarat.events()")
    places = [(event["epoch"], event["seq"]) for event in events]
    assert all(b == (a[0], a[1] + 1) for a, b in pairwise(places)), places
    page.wait_for_function(
        "id => window.baccarat.events().some(e => e.roundId === id && e.type === 'ROUND_SETTLED')",
        arg=round_id,
        timeout=30 * SECONDS,
    )
    types = [
        event["type"]
        for event in page.evaluate("window.baccarat.events()")
        if event["roundId"] == round_id
    ]
    assert types == [
        "ROUND_OPENED",
        "BETS_CLOSED",
        "BOOK_SEALED",
        "DEALING_STARTED",
        "CARDS_DEALT",
        "ROUND_RESOLVED",
        "ROUND_SETTLED",
    ]


def test_a_round_from_sign_in_to_a_changed_balance_that_the_browser_verifies(
    sandbox: Run, page: Page
) -> None:
    assert balance_minor(page) == 100_000
    round_id = place_bets(page, sandbox)
    check_settled(page, round_id)
    assert "dealing" in page.evaluate("window.seen")
    assert balance_minor(page) != 100_000
    cells = page.get_by_test_id("road-big_road").get_attribute("data-cells")
    results = page.get_by_test_id("bead").evaluate_all("all => all.map(e => e.dataset.outcome)")
    assert int(cells or 0) == len([result for result in results if result != "T"]) > 0

    # The round and the player's own bets, checked by the page.
    page.get_by_test_id("fairness-open").click()
    page.locator(f'[data-testid="fairness-round"][data-round="{round_id}"]').click()
    checks = page.get_by_test_id("fairness-check")
    expect(checks).to_have_count(8, timeout=30 * SECONDS)
    expect(page.get_by_test_id("fairness-pending")).to_have_count(0)
    assert set(checks.evaluate_all("all => all.map(e => e.dataset.ok)")) == {"true"}
    check_record(page)
    assert set(checks.evaluate_all("all => all.map(e => e.dataset.ok)")) == {"true"}


def test_a_connection_killed_in_mid_round_misses_nothing(sandbox: Run, page: Page) -> None:
    round_id = place_bets(page, sandbox)
    # No new ticket can be had for a while, so that the page stays cut off over the close.
    page.route("**/tickets", lambda route: route.abort())
    page.evaluate("window.baccarat.dropConnection()")
    expect(page.get_by_test_id("connection")).not_to_have_attribute("data-state", "online")
    seen = page.evaluate("window.baccarat.position()")
    page.wait_for_timeout(4 * SECONDS)  # the outage itself
    assert page.evaluate("window.baccarat.position()") == seen
    page.unroute("**/tickets")
    expect(page.get_by_test_id("connection")).to_have_attribute(
        "data-state", "online", timeout=60 * SECONDS
    )
    check_settled(page, round_id)


def test_chips_come_back_with_undo(sandbox: Run, page: Page) -> None:
    def steps() -> None:
        press(page, "chip-500")
        press(page, "spot-BANKER")
        bets_are_taken(page, {"BANKER": 500})
        expect(page.get_by_test_id("balance")).to_have_attribute(
            "data-minor", "99500", timeout=20 * SECONDS
        )
        press(page, "undo")
        bets_are_taken(page, {"BANKER": 0})

    in_one_round(page, sandbox, steps)
    expect(page.get_by_test_id("balance")).to_have_attribute(
        "data-minor", "100000", timeout=20 * SECONDS
    )
    expect(page.get_by_test_id("spot-BANKER")).to_have_attribute("data-staked-minor", "0")


def test_a_wrong_password_is_told_and_lets_nobody_in(sandbox: Run, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(sandbox.page_url)
    page.get_by_test_id("signin-username").fill("anna")
    page.get_by_test_id("signin-password").fill("wrong")
    page.get_by_test_id("signin-submit").click()
    expect(page.get_by_test_id("signin-error")).to_contain_text("password", timeout=20 * SECONDS)
    expect(page.get_by_test_id("balance")).to_have_count(0)


def test_the_table_fits_a_phone_and_nothing_breaks_its_policy(
    sandbox: Run, browser: Browser
) -> None:
    page = browser.new_page(viewport=PHONE)  # type: ignore[arg-type]
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    sign_in(page, sandbox, "bert", PASSWORD)
    wait_for_fresh_round(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    for name in ("spot-PLAYER", "spot-TIE", "spot-BANKER", "chip-100", "undo"):
        box = page.get_by_test_id(name).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= PHONE["height"], name
    assert complaints == []


def tampered(document: dict[str, Any]) -> dict[str, tuple[dict[str, Any], str]]:
    """Every change that a dispute may be about, made to a real transcript, and what it breaks."""

    def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        copied = copy.deepcopy(document)
        change(copied)
        return copied

    def data(found: dict[str, Any], kind: str) -> dict[str, Any]:
        return next(e["data"] for e in found["events"] if e["type"] == kind)  # type: ignore[no-any-return]

    bet = {"playerId": "zoe", "betId": "late-bet-00000001", "spot": "TIE", "stake_minor": 100}
    payout = {"playerId": "zoe", "betId": "late-bet-00000001", "payout_minor": 900}
    return {
        "a changed card": (
            changed(lambda d: data(d, "CARDS_DEALT")["cards"][0].update(card="AS", to="BANKER")),
            "chain",
        ),
        "a changed payout": (changed(lambda d: d["payouts"].append(payout)), "payouts"),
        "a removed event": (changed(lambda d: d["events"].pop(3)), "chain"),
        "two events swapped": (
            changed(lambda d: d["events"].insert(2, d["events"].pop(3))),
            "chain",
        ),
        "another seed": (
            changed(lambda d: data(d, "ROUND_SETTLED").update(seed="00" * 32)),
            "chain",
        ),
        "a bet added after the close": (changed(lambda d: d["book"].append(bet)), "book"),
    }


def test_transcripts_of_the_run_verify_and_tampered_ones_are_named(
    sandbox: Run, page: Page, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    round_id = place_bets(page, sandbox)
    check_settled(page, round_id)
    files = download(sandbox, tmp_path)
    assert baccarat(["verify", *map(str, files)]) == 0
    assert capsys.readouterr().out.count("VERIFIED") >= len(files)
    [file] = [file for file in files if round_id in file.name]
    document = json.loads(file.read_text())
    for name, (forged, check) in tampered(document).items():
        file.write_text(json.dumps(forged))
        capsys.readouterr()
        assert baccarat(["verify", str(file)]) == 1, name
        assert f"FAILED {check}: " in capsys.readouterr().out, name
    file.write_text(json.dumps(document))
    other = Path(__file__).parents[1] / "vectors" / "transcripts" / "keys.json"
    assert baccarat(["verify", str(file), "--keys", str(other)]) == 1
    assert "FAILED signature: " in capsys.readouterr().out
    assert baccarat(["verify", str(file)]) == 0
