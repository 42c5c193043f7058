"""The verifier: what holds passes, every tampering fails by the rule that should catch it."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from itertools import pairwise

import pytest

from baccarat.adapters.cli import read_document
from baccarat.domain.book import BookEntry
from baccarat.domain.log import EventType
from baccarat.domain.paytable import COMMISSION_8_DECKS, PAYTABLES
from baccarat.domain.round import RoundState
from baccarat.domain.shoe_change import burned_with
from baccarat.domain.table_config import DealingMode, ShoeProcedure, StakeLimit, TableConfig
from baccarat.domain.transcript import (
    MAX_EVENTS,
    VerificationFailed,
    Verified,
    seal_hash,
    verify,
    verify_link,
)
from tests.builders import CONFIG, KEY, KEYS, Floor, bet, by_hand, lying_house, many_bets, reread
from tests.vectors.make_transcript import ROOT, VECTORS, files
from tests.vectors.tampering import (
    BROKEN_LINKS,
    TAMPERINGS,
    BrokenLink,
    Tampering,
    data,
    rounds,
    tables,
    valid,
)

SETTLED_CHECKS = (
    "structure",
    "chain",
    "signatures",
    "shoe",
    "transitions",
    "book",
    "commitment",
    "cards",
    "outcome",
    "payouts",
    "seal",
)
BY_HAND_CHECKS = tuple(check for check in SETTLED_CHECKS if check != "commitment")
VOID_CHECKS = ("structure", "chain", "signatures", "shoe", "transitions", "book", "seal")
CHECK = KEYS.check


@pytest.mark.parametrize("name", sorted(valid()))
def test_what_holds_passes_every_check(name: str) -> None:
    found = verify(valid()[name], CHECK)
    void = "void" in name
    settled = BY_HAND_CHECKS if found.round.mode.is_physical else SETTLED_CHECKS
    assert found.checks == (VOID_CHECKS if void else settled)
    assert found.round.state is (RoundState.VOIDED if void else RoundState.SETTLED)


def test_the_scenarios_are_what_they_are_called() -> None:
    count = {name: len(r.book.entries) if r.book else None for name, r in tables()["bac-1"].items()}
    assert count == {
        "no-bets": 0,
        "one-bet": 1,
        "six-bets": 6,
        "thirty-bets": 30,
        "void-before-seal": None,
        "void-closed": None,
        "void-after-seal": 5,
        "void-after-cards": 5,
        "taken-over": 9,
    }
    epochs = [signed.event.epoch for signed in rounds()["taken-over"].events]
    assert len(set(epochs)) == 2
    assert epochs[0] != epochs[-1]
    by_name = rounds()
    for name in ("rng", "shoe", "shuffler"):
        cut, last, fresh = (by_name[f"{name}-{part}"] for part in ("cut-card", "last", "next-shoe"))
        assert (cut.round.cut_card_out, last.round.shoe.hands_left) == (True, 1)
        assert fresh.shoe.event.data["shoeId"] != last.shoe.event.data["shoeId"]
        assert cut.round.mode.value == name
    for name in ("shoe", "shuffler"):
        void = by_name[f"{name}-void-with-cards"].round
        assert (len(void.cards), len(void.taken_back)) == (2, 1)
        assert len(by_name[f"{name}-middle"].round.burned) == 1
        types = {signed.event.type.value for signed in by_name[f"{name}-middle"].events}
        assert types >= {
            "SCAN_UNDONE",
            "CARDS_RETRACTED",
            "CARD_BURNED",
            "DEALING_PAUSED",
            "DEALING_RESUMED",
            "DEALER_SEATED",
            "VIDEO_ANCHORED",
        }
    assert {s for r in rounds().values() if r.book for s in r.book.stakes()} == set(
        COMMISSION_8_DECKS.odds
    )


def test_a_player_sees_his_own_bets_and_nobody_elses() -> None:
    text = json.dumps(valid()["player-with-bets"])
    assert text.count('"anna"') == 3 + 2  # three bets, of which two won
    assert "bruno" not in text
    assert "chloe" not in text
    assert [item["index"] for item in valid()["player-with-bets"]["book"]] == [0, 1, 2]


def test_verify_returns_the_payouts_by_the_book() -> None:
    # Anna staked 101 and 102 on Banker: 0.95 · 203 = 192.85, rounded once to 192.
    found = verify(valid()["player-with-bets"], CHECK)
    assert [payout.payout_minor for payout in found.payouts] == [196, 199]
    assert sum(payout.payout_minor for payout in found.payouts) == 203 + 192


@pytest.mark.parametrize("tampering", TAMPERINGS, ids=lambda t: t.name)
def test_tampering_is_caught_by_the_rule_that_forbids_it(tampering: Tampering) -> None:
    with pytest.raises(VerificationFailed) as failure:
        verify(read_document(tampering.content()), CHECK)
    assert (failure.value.check, failure.value.code) == (tampering.check, "VERIFICATION_FAILED")
    assert tampering.words in failure.value.message
    assert failure.value.message.strip()


def test_names_of_tamperings_are_unique() -> None:
    names = [tampering.name for tampering in TAMPERINGS]
    assert len(names) == len(set(names))


def test_a_tampering_changes_the_document() -> None:
    for tampering in TAMPERINGS:
        assert (
            tampering.content()
            != json.dumps(
                valid()[tampering.base], ensure_ascii=False, separators=(",", ":")
            ).encode()
        ), tampering.name


def test_a_truth_signed_again_still_holds() -> None:
    """The lying house's tool itself changes nothing that holds: its lies fail for what they say."""
    for name in valid():
        assert verify(lying_house(valid()[name]), CHECK).round.round_id == valid()[name]["roundId"]


def test_committed_vectors_are_what_the_code_makes() -> None:
    made = files()
    stored = {path: path.read_bytes() for path in made}
    assert stored == made, "run python -m tests.vectors.make_transcript and read the difference"
    assert set(VECTORS.rglob("*.json")) <= set(made)
    assert ROOT / "docs/formats/example/transcript.json" in made


def test_a_thousand_events_are_too_many() -> None:
    document = copy.deepcopy(valid()["no-bets"])
    document["events"] *= MAX_EVENTS
    with pytest.raises(VerificationFailed, match="1 to 1000") as failure:
        verify(document, CHECK)
    assert failure.value.check == "structure"


def test_the_seal_covers_every_member_but_itself() -> None:
    document = valid()["six-bets"]
    whole = seal_hash(document)
    assert whole == document["seal"]["hash"]
    for name in document:
        changed = {**document, name: "other"}
        assert (seal_hash(changed) == whole) is (name == "seal")


# --- links ----------------------------------------------------------------------------------------


def _verified() -> list[Verified]:
    return [verify(reread(played.house), CHECK) for played in tables()["bac-1"].values()]


def _refused(earlier: Verified, later: Verified) -> VerificationFailed:
    with pytest.raises(VerificationFailed) as failure:
        verify_link(earlier, later)
    return failure.value


@pytest.mark.parametrize("table", sorted(tables()))
def test_rounds_of_one_table_link(table: str) -> None:
    found = [verify(reread(played.house), CHECK) for played in tables()[table].values()]
    for earlier, later in pairwise(found):
        verify_link(earlier, later)


@pytest.mark.parametrize("broken", BROKEN_LINKS, ids=lambda broken: broken.name)
def test_a_lie_between_two_rounds_is_caught(broken: BrokenLink) -> None:
    earlier = verify(valid()[broken.earlier], CHECK)
    failure = _refused(earlier, verify(broken.later, CHECK))
    assert failure.check == broken.check
    assert broken.words in failure.message
    verify_link(earlier, verify(valid()[broken.base], CHECK))


def test_a_round_that_is_left_out_is_missed() -> None:
    found = _verified()
    assert "is not the next round" in _refused(found[0], found[2]).message
    assert "is not the next round" in _refused(found[1], found[0]).message
    other = Floor("bac-2")
    other.play()
    foreign = verify(reread(other.play().house), CHECK)
    assert "is not the next round" in _refused(found[0], foreign).message


def test_two_histories_do_not_link() -> None:
    floor = Floor()
    floor.play([bet("anna", 1)], seed=bytes(32))
    other = verify(reread(floor.play().house), CHECK)
    failure = _refused(_verified()[0], other)
    assert failure.check == "chain"
    assert "the last hash was" in failure.message


def test_takeovers_between_rounds_are_in_the_transcript_and_none_can_be_left_out() -> None:
    floor = Floor()
    first = verify(reread(floor.play().house), CHECK)
    floor.take_over_between_rounds()
    floor.take_over_between_rounds()
    document = reread(floor.play().house)
    assert [event["type"] for event in document["events"][:3]] == [
        "EPOCH_STARTED",
        "EPOCH_STARTED",
        "ROUND_OPENED",
    ]
    verify_link(first, verify(document, CHECK))
    del document["events"][0]
    assert _refused(first, verify(lying_house(document), CHECK)).check == "chain"


@pytest.mark.parametrize("mode", list(DealingMode))
def test_a_shoe_is_played_to_its_end_and_everything_verifies(mode: DealingMode) -> None:
    burn = mode.is_physical
    procedure = ShoeProcedure(cut_cards=20, hands_after_cut=2, burn=burn)
    floor = Floor(config=by_hand(mode, procedure))
    before = verify(reread(floor.play([bet("anna", 1)]).house), CHECK)
    hands: list[int | None] = []
    while floor.table.shoe_no == 1:
        hands.append(before.round.shoe.hands_left)
        found = verify(reread(floor.play([bet("anna", 1)]).house), CHECK)
        verify_link(before, found)
        before = found
    assert 55 <= len(hands) <= 100
    assert hands[-3:] == [None, 2, 1]
    closed, opened = (signed.event for signed in before.events[:2])
    assert (closed.type, opened.type) == (EventType.SHOE_CLOSED, EventType.SHOE_OPENED)
    assert closed.data["reconciled"] is True
    assert (closed.data["opened"] is None) is (mode is DealingMode.RNG)
    assert before.round.shoe.drawn == (0 if not burn else 1 + burned_with(floor.order.order[0]))


def test_a_shoe_that_was_never_played_is_checked_too() -> None:
    floor = Floor(config=by_hand(DealingMode.SHUFFLER))
    first = verify(reread(floor.play().house), CHECK)
    for _ in range(2):
        floor.close_shoe()
        floor.open_shoe()
    document = reread(floor.play().house)
    verify_link(first, verify(document, CHECK))
    closed = [event for event in document["events"] if event["type"] == "SHOE_CLOSED"]
    closed[1]["data"]["opened"]["salt_key"] = "ab" * 32
    failure = _refused(first, verify(lying_house(document), CHECK))
    assert (failure.check, "not what was committed to" in failure.message) == ("shoe", True)


def test_a_shoe_that_does_not_reconcile_is_said_and_still_links() -> None:
    floor = Floor(config=by_hand(DealingMode.SHOE))
    first = verify(reread(floor.play().house), CHECK)
    assert floor.table.shoe is not None
    assert not floor.close_shoe(floor.table.shoe.unseen.pool()[1:])
    verify_link(first, verify(reread(floor.play().house), CHECK))


def test_lying_about_the_stakes_needs_the_book() -> None:
    """A player's view cannot show the stakes of others; the house's can and is checked."""
    document = copy.deepcopy(valid()["player-with-bets"])
    data(document, "BOOK_SEALED")["stakes_minor"]["BANKER"] += 1
    assert verify(lying_house(document), CHECK).checks == SETTLED_CHECKS


def test_many_bets_cover_players_and_spots() -> None:
    entries = many_bets()
    assert len({entry.player_id for entry in entries}) == 7
    assert {entry.spot for entry in entries} == set(COMMISSION_8_DECKS.odds)
    assert KEY.jwk["ver"] == 1


def every_spot(version: str) -> tuple[TableConfig, list[BookEntry]]:
    spots = PAYTABLES[version].odds
    limits = dict.fromkeys(spots, StakeLimit(1, 100_000))
    bets = [
        bet(player, number, spot.value, 101 + number)
        for player in ("anna", "bruno")
        for number, spot in enumerate([*spots, *spots])
    ]
    return replace(CONFIG, paytable_version=version, limits=limits), bets


@pytest.mark.parametrize("version", PAYTABLES)
def test_rounds_of_every_paytable_verify_with_bets_on_every_spot(version: str) -> None:
    config, bets = every_spot(version)
    floor = Floor(config=config)
    for number in range(5):
        played = floor.play(bets, seed=bytes([number]) * 32)
        for document in (played.house, played.player("anna")):
            found = verify(reread(document), CHECK)
            assert found.round.paytable_version == version
            assert set(found.round.limits) == set(PAYTABLES[version].odds)


def test_a_bet_on_a_spot_that_is_not_offered_is_no_entry_of_the_book() -> None:
    bets = [bet("anna", 1, "BANKER"), bet("anna", 2, "DRAGON_7")]
    played = Floor().play(bets, void_in=RoundState.CLOSED)
    for document in (played.house, played.player("anna")):
        with pytest.raises(
            VerificationFailed, match=r"DRAGON_7, which .* does not offer"
        ) as failed:
            verify(reread(document), CHECK)
        assert failed.value.check == "book"


def test_a_shoe_that_is_not_the_paytables_is_refused() -> None:
    document = copy.deepcopy(valid()["no-bets"])
    data(document, "SHOE_OPENED")["decks"] = data(document, "ROUND_OPENED")["decks"] = 9
    data(document, "ROUND_OPENED")["remaining"] = "9" * 52
    with pytest.raises(VerificationFailed, match="is for 8 decks, the shoe has 9") as failed:
        verify(lying_house(document), CHECK)
    assert failed.value.check == "transitions"


def test_limits_for_a_spot_that_is_not_offered_are_refused() -> None:
    document = copy.deepcopy(valid()["no-bets"])
    data(document, "ROUND_OPENED")["limits"]["BIG"] = {"min_minor": 1, "max_minor": 2}
    with pytest.raises(VerificationFailed, match="does not offer") as failed:
        verify(lying_house(document), CHECK)
    assert failed.value.check == "transitions"
