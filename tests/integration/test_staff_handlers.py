"""The handlers of desk and pit, driven by the events that API Gateway sends them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, get_args
from unittest import mock

import pytest

from baccarat.adapters.desk_messages import DeskCommand, PitCommand
from baccarat.adapters.dynamodb.floor import DynamoFloor
from baccarat.adapters.stepfunctions import StepFunctionsDriver, StepFunctionsTasks
from baccarat.application.await_cards import await_cards
from baccarat.domain.cards import Card
from baccarat.domain.log import EventType
from baccarat.domain.paytable import Spot
from baccarat.domain.roles import ROLES
from baccarat.domain.round import RoundState
from baccarat.domain.shoe import Shoe
from baccarat.domain.shoe_change import burned_with
from baccarat.domain.table import round_id
from baccarat.domain.table_config import DealingMode, ShoeProcedure
from tests.support.cloud import TABLE_ID, Cloud, Context, load_handler
from tests.support.dealer import SHUFFLE
from tests.support.posts import Posts
from tests.support.rounds import ManualRound

FIRST = round_id(TABLE_ID, 1)
SHOE = f"{TABLE_ID}.s1"
ROUTES = {"desk": ("work_desk", "dora", "dealer"), "pit": ("run_pit", "petra", "pit")}
TOKEN = "a-token-of-the-state-machine"
NOTE = "the video shows it"
PLAYER_WINS, BANKER_WINS = "9C2DTCTD", "2C9DTCTD"


@dataclass
class Staff:
    """Dealer and pit boss at one table, through their handlers.

    ``cards`` are the physical shoe, first out first; ``face_down`` were burned unseen.
    """

    cloud: Cloud
    posts: Posts
    started: list[str]
    tasks: list[tuple[str, ...]]
    cards: list[Card]
    face_down: list[Card] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)

    def invoke(self, route: str, body: str, by: str | None = None, role: str | None = None) -> Any:
        """Send a message; return the only answer, which went to who sent it and to nobody else."""
        function, name, own_role = ROUTES[route]
        authorizer = {"playerId": by or name, "role": role or own_role}
        event = {"requestContext": {"connectionId": f"c-{name}", "authorizer": authorizer}}
        self.posts.sent.clear()
        answer = load_handler(function).build()({**event, "body": body}, Context(function))
        assert answer == {"statusCode": 200}
        [(connection_id, message)] = self.posts.sent
        assert connection_id == f"c-{name}"
        return message

    def send(self, route: str, kind: str, *, by: str | None = None, **members: Any) -> Any:
        """Send a command of this table; return the whole answer."""
        self.kinds.add(kind)
        command = {"kind": kind, **members}
        message = {"action": route, "id": f"{route}-{kind}", "tableId": TABLE_ID}
        answer = self.invoke(route, json.dumps({**message, "command": command}), by)
        assert answer["id"] == message["id"]
        return answer

    def view(self, route: str, kind: str, *, by: str | None = None, **members: Any) -> Any:
        """Send a command that is carried out; return the view of the table after it."""
        answer = self.send(route, kind, by=by, **members)
        assert answer["type"] == route, answer
        assert answer["server_ms"] > 0
        assert answer["desk"]["tableId"] == TABLE_ID
        return answer["desk"]

    def refused(self, route: str, kind: str, *, by: str | None = None, **members: Any) -> str:
        """Send a command that is refused; return the code."""
        answer = self.send(route, kind, by=by, **members)
        assert answer["type"] == "error", answer
        return str(answer["code"])

    def take_place(self) -> Any:
        """Seat the dealer with a shoe shuffled by hand, its first cards burned."""
        self.view("desk", "take_desk")
        burn_card = self.cards.pop(0)
        self.face_down = [self.cards.pop(0) for _ in range(burned_with(burn_card))]
        return self.view("desk", "enter_shoe", shoeId=SHOE, burn_card=burn_card, shuffle=SHUFFLE)

    def draw(self) -> Any:
        """Scan and confirm the next card of the first round."""
        place = len(self.events(EventType.CARDS_DEALT)) + 1
        self.view("desk", "scan", roundId=FIRST, place=place, card=self.cards[0])
        view = self.view("desk", "confirm", roundId=FIRST, place=place)
        self.cards.pop(0)
        return view

    def events(self, *types: EventType) -> list[EventType]:
        """Return the types of all events in the log, or of those of ``types``."""
        found = self.cloud.floor.events(TABLE_ID, after=(0, 0), until_epoch=9, limit=100)
        return [s.event.type for s in found if not types or s.event.type in types]


@pytest.fixture
def staff(request: pytest.FixtureRequest, cloud: Cloud, posts: Posts) -> Iterator[Staff]:
    """A table without dealer and shoe, its cards shuffled by hand if no parameter says otherwise.
    The state machine is not run: what would be started and answered is listed.
    """
    cards = Shoe.full("", 8).pool()
    random.Random(7).shuffle(cards)
    found = Staff(cloud, posts, [], [], cards)

    def start(_: object, *, name: str, **__: object) -> bool:
        found.started.append(name)
        return True

    cloud.open_table(
        mode=getattr(request, "param", DealingMode.SHOE),
        procedure=ShoeProcedure(cut_cards=14, burn=True),
        bet_window_ms=60_000,
    )
    tasks = {
        name: mock.Mock(side_effect=lambda *told, name=name: found.tasks.append((name, *told)))
        for name in ("succeed", "fail", "beat")
    }
    with (
        mock.patch.dict("os.environ", {"STATE_MACHINE_ARN": "arn:aws:states:::round"}),
        mock.patch.object(StepFunctionsDriver, "start", start),
        mock.patch.multiple(StepFunctionsTasks, **tasks),
    ):
        yield found


@pytest.fixture
def in_hand(staff: Staff) -> ManualRound:
    """The first round: anna and bert have bet, the book is sealed, the dealer is waited for."""
    staff.take_place()
    round_ = ManualRound(staff.cloud)
    round_.open()
    for player, spot in (("anna", Spot.PLAYER), ("bert", Spot.BANKER)):
        staff.cloud.fund(player)
        staff.cloud.bet(player, FIRST, spot, 1_000, f"bet-{player}")
    round_.close()
    tasks = StepFunctionsTasks(mock.Mock())
    await_cards(round_.step, TOKEN, floor=staff.cloud.floor, tasks=tasks, clock=round_.clock)
    return round_


def settle(round_: ManualRound) -> None:
    for page in round_.resolve():
        round_.settle(page)
    round_.finish()


def kinds_of(commands: Any) -> set[str]:
    """Return every ``kind`` of a closed union of commands."""
    models = get_args(get_args(commands)[0])
    return {get_args(model.model_fields["kind"].annotation)[0] for model in models}


def message(route: str, command: object, **more: object) -> str:
    return json.dumps(
        {"action": route, "id": "m1", "tableId": TABLE_ID, "command": command, **more}
    )


# ── what the commands do ──


def test_a_dealer_brings_a_shoe_deals_a_hand_and_ends_the_shoe(staff: Staff) -> None:
    assert staff.view("desk", "take_desk")["dealerId"] == "dora"
    beaten = staff.view("desk", "beat")
    assert beaten["heard_at_ms"] > 0
    assert (beaten["missing"], beaten["shoe"], staff.started) == ("SHOE", None, [])
    opened = staff.take_place()
    burned = 1 + len(staff.face_down)
    assert opened["missing"] is None
    assert opened["shoe"] == {
        "shoeId": f"{TABLE_ID}.s1",
        "cards_left": 416 - burned,
        "unseen": 415,
        "drawn": burned,
        "hands_left": None,
    }
    assert staff.started == [f"{FIRST}.e1"]
    round_ = ManualRound(staff.cloud)
    round_.open()
    round_.close()
    tasks = StepFunctionsTasks(mock.Mock())
    await_cards(round_.step, TOKEN, floor=staff.cloud.floor, tasks=tasks, clock=round_.clock)
    card = staff.cards[0]
    scanned = staff.view("desk", "scan", roundId=FIRST, place=1, card=card)["hand"]
    assert (scanned["pending"], scanned["cards"], scanned["place"]) == (card, [], 1)
    undone = staff.view("desk", "undo", roundId=FIRST, place=1)["hand"]
    assert (undone["pending"], undone["cards"], undone["place"]) == (None, [], 1)
    hand = staff.draw()["hand"]
    assert (hand["state"], hand["cards"]) == ("DEALING", [{"to": "PLAYER", "card": card}])
    assert (hand["next"], hand["place"], hand["pending"]) == ("BANKER", 2, None)
    assert staff.view("desk", "cut_card", roundId=FIRST)["hand"]["cut_card_out"] is True
    staff.view("desk", "beat")
    assert staff.tasks == [("beat", TOKEN)]
    while hand["next"] is not None:
        assert len(staff.tasks) == 1
        hand = staff.draw()["hand"]
    assert staff.tasks[1:] == [("succeed", TOKEN)]
    dealt = [card for _, card in round_.record.round.cards]
    assert [item["card"] for item in hand["cards"]] == dealt
    settle(round_)
    staff.view("pit", "set_status", status="PAUSED", note="a new shoe is due")
    left = "".join([*staff.face_down, *staff.cards])
    ended = staff.view("desk", "end_shoe", shoeId=SHOE, left=left)
    assert ended["shoe"] is None
    # Nothing is said of cards that do not add up: they do.
    assert staff.events()[-2:] == [EventType.TABLE_PAUSED, EventType.SHOE_CLOSED]
    assert staff.view("desk", "leave_desk")["dealerId"] is None
    assert kinds_of(DeskCommand) <= staff.kinds


def test_a_pit_boss_puts_a_hand_right_and_corrects_the_round(
    staff: Staff, in_hand: ManualRound
) -> None:
    pit = staff.view
    assert pit("pit", "look")["hand"]["state"] == "CLOSED"
    first = staff.cards[0]
    staff.draw()
    staff.draw()
    paused = pit("pit", "pause_dealing", roundId=FIRST, note="a card fell")["hand"]
    assert paused["paused"] == "PIT_DECISION"
    again = pit("pit", "rescan", roundId=FIRST, place=2, note="covered by a chip")["hand"]
    assert again["cards"] == [{"to": "PLAYER", "card": first}]
    assert pit("pit", "resume_dealing", roundId=FIRST)["hand"]["paused"] is None
    drawn = pit("pit", "look")["shoe"]["drawn"]
    burned = staff.cards.pop(0)
    burn = {"number": 1, "card": burned, "note": "drawn twice"}
    assert pit("pit", "burn_card", roundId=FIRST, **burn)["hand"]["burned"] == [burned]
    assert in_hand.record.round.burned == (burned,)
    assert pit("pit", "relieve_dealer")["dealerId"] is None
    hand = again
    while hand["next"] is not None:
        assert staff.tasks == []
        card, place = staff.cards.pop(0), hand["place"]
        hand = pit("pit", "enter_card", roundId=FIRST, place=place, card=card)["hand"]
        assert hand["cards"][-1]["card"] == card
    assert staff.tasks == [("succeed", TOKEN)]
    settle(in_hand)
    closed = pit("pit", "set_status", status="CLOSED", note="end of the shift")
    assert (closed["status"], closed["hand"]["state"]) == ("CLOSED", "SETTLED")
    cards = PLAYER_WINS if in_hand.record.round.outcome == "BANKER" else BANKER_WINS
    for by, kind, members, state in (
        (
            "petra",
            "propose_correction",
            {"roundId": FIRST, "cards": cards, "note": NOTE},
            "PROPOSED",
        ),
        (
            "paul",
            "reject_correction",
            {"correctionId": f"{FIRST}.c1", "note": "it is not so"},
            "REJECTED",
        ),
        ("petra", "propose_correction", {"roundId": FIRST, "note": NOTE}, "PROPOSED"),
        ("paul", "approve_correction", {"correctionId": f"{FIRST}.c2"}, "APPLIED"),
    ):
        answer = staff.send("pit", kind, by=by, **members)
        assert answer["type"] == "pit", answer
        assert answer["corrections"][0]["state"] == state
    newest, rejected = answer["corrections"]
    assert (newest["correctionId"], newest["cards"]) == (f"{FIRST}.c2", None)
    assert (newest["proposed_by"], newest["decided_by"]) == ("petra", "paul")
    assert (rejected["correctionId"], rejected["cards"]) == (f"{FIRST}.c1", cards)
    for player in ("anna", "bert"):
        wallet = staff.cloud.ledger.wallet(player, "EUR")
        assert wallet is not None
        assert wallet.available_minor == 100_000
    # What was taken back is none of the shoe's cards any more that nobody has seen.
    assert pit("pit", "look")["shoe"]["drawn"] == drawn + 1 + len(hand["cards"])
    left = "".join([*staff.face_down, *staff.cards])
    assert pit("pit", "end_shoe", shoeId=SHOE, left=left)["shoe"] is None
    assert kinds_of(PitCommand) - {"void"} <= staff.kinds
    assert staff.cloud.balances().findings == ()


def test_a_pit_boss_voids_the_hand_and_every_stake_comes_back(
    staff: Staff, in_hand: ManualRound
) -> None:
    staff.draw()
    voided = staff.view("pit", "void", roundId=FIRST, note="the shoe fell")
    assert voided["hand"]["state"] == "VOIDED"
    assert staff.tasks == [("fail", TOKEN, "RoundVoided")]
    assert in_hand.record.round.state is RoundState.VOIDED
    balances = staff.cloud.balances()
    assert (balances.findings, balances.of("EUR").open_stakes_minor) == ((), 0)
    # The table goes on with its next round, under a new driver.
    assert staff.started[1:] == [f"{round_id(TABLE_ID, 2)}.e2"]


@pytest.mark.parametrize("staff", [DealingMode.SHUFFLER], indirect=True)
def test_a_machine_brings_the_order_of_its_shoe(staff: Staff) -> None:
    staff.view("desk", "take_desk")
    order = "".join(staff.cards)
    code = staff.refused("desk", "enter_shoe", shoeId=SHOE, burn_card=staff.cards[1], order=order)
    assert code == "WRONG_CARD"
    view = staff.view("desk", "enter_shoe", shoeId=SHOE, burn_card=staff.cards[0], order=order)
    assert (view["mode"], view["missing"]) == ("shuffler", None)
    assert view["shoe"]["cards_left"] == 416 - 1 - burned_with(staff.cards[0])
    assert staff.started == [f"{FIRST}.e1"]


# ── repeated commands ──


@pytest.mark.usefixtures("in_hand")
def test_a_repeated_command_changes_nothing_and_gets_the_same_view(staff: Staff) -> None:
    card = staff.cards[0]
    one = {"roundId": FIRST, "place": 1}
    for route, kind, members in (
        ("desk", "take_desk", {}),
        ("desk", "scan", {**one, "card": card}),
        ("desk", "undo", one),
        ("desk", "scan", {**one, "card": card}),
        ("desk", "confirm", one),
        ("desk", "cut_card", {"roundId": FIRST}),
        ("pit", "enter_card", {"roundId": FIRST, "place": 2, "card": staff.cards[1]}),
        ("pit", "set_status", {"status": "PAUSED", "note": NOTE}),
        ("pit", "relieve_dealer", {}),
    ):
        view = staff.view(route, kind, **members)
        log = staff.events()
        again = staff.view(route, kind, **members)
        assert {**again, "heard_at_ms": 0} == {**view, "heard_at_ms": 0}, kind
        assert staff.events() == log, kind


def test_a_repeated_approval_is_answered_alike_and_moves_nothing(
    staff: Staff, in_hand: ManualRound
) -> None:
    while (hand := staff.draw()["hand"])["next"] is not None:
        pass
    assert hand["place"] is None
    settle(in_hand)
    staff.view("pit", "propose_correction", roundId=FIRST, note=NOTE)
    assert staff.refused("pit", "propose_correction", roundId=FIRST, note=NOTE) == "NO_SUCH_STEP"
    named = {"correctionId": f"{FIRST}.c1"}
    assert staff.refused("pit", "approve_correction", **named) == "NEEDS_ANOTHER_PERSON"
    unknown = {"correctionId": f"{FIRST}.c2"}
    assert staff.refused("pit", "approve_correction", **unknown) == "NOT_FOUND"
    answers = [staff.send("pit", "approve_correction", by="paul", **named) for _ in range(2)]
    assert answers[0]["corrections"] == answers[1]["corrections"]
    assert answers[0]["corrections"][0]["state"] == "APPLIED"
    assert len(staff.events(EventType.CORRECTION_APPLIED)) == 1
    assert [adjusted.amount_minor for adjusted in staff.cloud.scan.adjustments()]
    assert staff.cloud.balances().findings == ()


# ── who and what is refused ──


def test_other_roles_are_refused(staff: Staff) -> None:
    for route, (_, _, own_role) in ROUTES.items():
        kind = "take_desk" if route == "desk" else "look"
        for role in ROLES - {own_role}:
            answer = staff.invoke(route, message(route, {"kind": kind}), "mallory", role)
            assert (answer["type"], answer["id"], answer["code"]) == ("error", "m1", "FORBIDDEN")
            assert answer["message"] == f"a {role} may not send {route}"
    assert staff.events() == []


@pytest.mark.usefixtures("staff")
@pytest.mark.parametrize("route", ROUTES)
def test_a_connection_without_an_identity_is_refused(posts: Posts, route: str) -> None:
    function = ROUTES[route][0]
    body = {"action": route, "id": "m1", "tableId": TABLE_ID, "command": {"kind": "look"}}
    event = {"requestContext": {"connectionId": "c1"}, "body": json.dumps(body)}
    load_handler(function).build()(event, Context(function))
    [(connection_id, answer)] = posts.sent
    assert (connection_id, answer["code"], answer["id"]) == ("c1", "FORBIDDEN", "m1")


STATUS = {"kind": "set_status", "status": "PAUSED", "note": NOTE}
MALFORMED = {
    "no JSON": ("desk", "{take the desk}", "MALFORMED_JSON"),
    "nothing": ("desk", "", "MALFORMED_JSON"),
    "a member twice": ("pit", message("pit", STATUS)[:-1] + ', "id": "m2"}', "MALFORMED_JSON"),
    "a list": ("pit", "[]", "INVALID_REQUEST"),
    "no command": ("desk", '{"action": "desk", "id": "m1"}', "INVALID_REQUEST"),
    "an unknown kind": ("desk", message("desk", {"kind": "peek"}), "INVALID_REQUEST"),
    "a kind of the pit": ("desk", message("desk", STATUS), "INVALID_REQUEST"),
    "a kind of the desk": ("pit", message("pit", {"kind": "take_desk"}), "INVALID_REQUEST"),
    "no kind": ("pit", message("pit", {"status": "PAUSED"}), "INVALID_REQUEST"),
    "more than there is": ("pit", message("pit", STATUS, force=True), "INVALID_REQUEST"),
    "no status": ("pit", message("pit", {**STATUS, "status": "BURNT"}), "INVALID_REQUEST"),
    "too short a note": ("pit", message("pit", {**STATUS, "note": "x"}), "INVALID_REQUEST"),
    "no card": (
        "desk",
        message("desk", {"kind": "scan", "roundId": FIRST, "place": 1, "card": "1X"}),
        "INVALID_REQUEST",
    ),
    "a place in words": (
        "desk",
        message("desk", {"kind": "confirm", "roundId": FIRST, "place": "1"}),
        "INVALID_REQUEST",
    ),
    "half a hand": (
        "pit",
        message(
            "pit", {"kind": "propose_correction", "roundId": FIRST, "cards": "9C", "note": NOTE}
        ),
        "INVALID_REQUEST",
    ),
    "too large": ("desk", message("desk", {"kind": "beat"}, pad="x" * 4_096), "MESSAGE_TOO_LARGE"),
    "another table": (
        "desk",
        message("desk", {"kind": "take_desk"}).replace(TABLE_ID, "bac-9"),
        "TABLE_NOT_FOUND",
    ),
}


def test_a_message_that_cannot_be_is_named_and_changes_nothing(staff: Staff) -> None:
    # One platform for all of them, because not one of them changes it.
    for name, (route, body, code) in MALFORMED.items():
        answer = staff.invoke(route, body)
        assert (answer["type"], answer["code"]) == ("error", code), name
        readable = code not in ("MALFORMED_JSON", "MESSAGE_TOO_LARGE") and name != "a list"
        assert answer["id"] == ("m1" if readable else None), name
        assert answer["message"], name
    assert (staff.events(), staff.started) == ([], [])


def test_the_largest_message_that_is_taken(staff: Staff) -> None:
    body = message("desk", {"kind": "take_desk"})
    assert staff.invoke("desk", body.ljust(4_096))["type"] == "desk"
    too_large = staff.invoke("desk", body.ljust(4_097))
    assert (too_large["code"], too_large["details"]) == ("MESSAGE_TOO_LARGE", {"max_bytes": 4_096})


def test_what_fails_on_our_side_is_told_without_its_reason_and_raised(
    staff: Staff, posts: Posts
) -> None:
    posts.sent.clear()
    broken = mock.patch.object(DynamoFloor, "table", side_effect=RuntimeError("secret of ours"))
    with broken, pytest.raises(RuntimeError):
        staff.send("desk", "take_desk")
    [(_, answer)] = posts.sent
    assert (answer["code"], answer["id"]) == ("INTERNAL", "desk-take_desk")
    assert "secret" not in json.dumps(answer)
